export { type EmitOptions, emitDocuments } from './emit.ts'
export type { YamlKind, YamlNode, YamlStyle } from './node.ts'
export { parseDocuments, readDocuments } from './parse.ts'
export { decodeScalar, resolveScalar, type YamlScalar } from './resolve.ts'
