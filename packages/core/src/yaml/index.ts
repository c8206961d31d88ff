export type { YamlKind, YamlNode, YamlStyle } from './node.ts'
