export { TemplateError, type TemplateErrorCode } from './error.ts'
export type { Budget, MissingKey } from './execute/state.ts'
export type { Context, Cost, FunctionRow, FunctionTable } from './functions/row.ts'
export { functionTable, type Personality } from './functions/table.ts'
export { parseUrl, type UrlParts } from './functions/url-parts.ts'
export { seededRandom } from './random.ts'
export { Renderer, type RendererOptions, type RenderRequest } from './renderer.ts'
export {
  type Data,
  type DataMap,
  DEFAULT_BUDGET,
  type ExecuteOptions,
  execute,
  type ParseOptions,
  parse,
  type Template,
} from './template.ts'
export { Dict } from './value.ts'
export type { KeyKind } from './x509/key.ts'
