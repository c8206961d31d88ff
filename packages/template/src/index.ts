export { TemplateError, type TemplateErrorCode } from './error.ts'
export type { Budget, MissingKey } from './execute/state.ts'
export type { Context, Cost, FunctionRow, FunctionTable } from './functions/row.ts'
export { functionTable, type Personality } from './functions/table.ts'
export {
  type Data,
  DEFAULT_BUDGET,
  type ExecuteOptions,
  execute,
  type ParseOptions,
  parse,
  type Template,
} from './template.ts'
export { Dict } from './value.ts'
