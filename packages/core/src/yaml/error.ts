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

/** What to do about the problems that people meet most. */
const HINTS: Readonly<Record<string, string>> = {
  'block sequence entries are not allowed in this context': 'put the list on lines of its own, below its key',
  "could not find expected ':'": 'write `key: value`, or indent the line so that it continues the one before',
  'did not find expected alphabetic or numeric character': 'quote a value that begins with `*` or `&`',
  'did not find expected key': 'give all keys of a mapping the same indentation',
  "did not find expected '-' indicator": 'give all entries of a list the same indentation',
  'found a tab character that violates indentation': 'indent with spaces',
  'found a tab character where an indentation space is expected': 'indent with spaces',
  'found character that cannot start any token':
    'indent with spaces, and quote a value that begins with `@`, `%` or a backquote',
  'found unexpected end of stream': 'close the quotes',
  'found unknown escape character': 'use single quotes, in which a backslash is only a backslash',
  'mapping values are not allowed in this context':
    'quote a value that contains `: `, and give keys of a mapping the same indentation',
  'control characters are not allowed': 'write control characters as escapes in double quotes',
}

/** The error for a text that is not YAML: the position in `message`, Go's text in `upstream`. */
export function syntaxError(dialect: Dialect, failure: Failure): CoreError {
  const line = printedLine(dialect, failure)
  const where = failure.at ? `line ${failure.at.line + 1}, column ${failure.at.column + 1}: ` : ''
  return new CoreError('YAML_SYNTAX', `${where}${failure.problem}`, {
    ...(HINTS[failure.problem] && { hint: HINTS[failure.problem] }),
    upstream: `yaml: ${line === 0 ? '' : `line ${line}: `}${failure.problem}`,
  })
}

/** The error for a text that parses but cannot be read as asked: `message` redacted, Go's text in `upstream`. */
export function valueError(message: string, upstream: string): CoreError {
  return new CoreError('YAML_SYNTAX', message, { upstream: `yaml: ${upstream}` })
}
