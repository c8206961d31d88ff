import { CoreError } from '../error.ts'

/** Which of Go's two libraries is spoken: `go.yaml.in/yaml/v3` (SOPS) or `go.yaml.in/yaml/v2` (sigs.k8s.io/yaml). */
export type Dialect = 'v2' | 'v3'

/** A position; line and column from 0. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** What libyaml's reader, scanner or parser could not accept. */
export interface Failure {
  readonly part: 'reader' | 'scanner' | 'parser'
  readonly problem: string
  /** Where the problem is; absent for the reader, which knows no lines. */
  readonly at?: Position
  /** Where the construct that holds the problem began. */
  readonly context?: Position | undefined
}

/**
 * The line that Go prints, 0 for none. Both libraries take 0-based lines for unknown ones, add 1 only to the scanner's,
 * and v3 prefers the line of the enclosing construct.
 */
function printedLine(dialect: Dialect, { part, at, context }: Failure): number {
  const step = part === 'scanner' ? 1 : 0
  const problemLine = at?.line ? at.line + step : 0
  const contextLine = context?.line ? context.line + (dialect === 'v3' ? step : 0) : 0
  return dialect === 'v3' ? contextLine || problemLine : problemLine || contextLine
}

/** The error for a text that is not YAML: the position in `message`, Go's text in `upstream`. */
export function syntaxError(dialect: Dialect, failure: Failure): CoreError {
  const line = printedLine(dialect, failure)
  const where = failure.at ? `line ${failure.at.line + 1}, column ${failure.at.column + 1}: ` : ''
  return new CoreError('YAML_SYNTAX', `${where}${failure.problem}`, {
    upstream: `yaml: ${line === 0 ? '' : `line ${line}: `}${failure.problem}`,
  })
}

/** The error for a text that parses but cannot be read as asked: `message` redacted, Go's text in `upstream`. */
export function valueError(message: string, upstream: string): CoreError {
  return new CoreError('YAML_SYNTAX', message, { upstream: `yaml: ${upstream}` })
}
