import { failure } from '../error.ts'
import { isTrue, kindOf, typeOf } from '../value.ts'
import { deepEqual } from './equal.ts'
import { type FunctionRow, rows } from './row.ts'

/** sprig's functions on defaults, flow and types. */
export function defaultFunctions(): FunctionRow[] {
  return rows('Defaults, flow and types', [
    [
      'default(any, ...any) any',
      ([otherwise, value]) => (isTrue(value) ? value : otherwise),
      'The second argument, or the first when it is empty.',
      '.user | default "admin"',
    ],
    [
      'empty(any) bool',
      ([value]) => !isTrue(value),
      'Whether the value is empty: zero, false, nil, or without length.',
      'empty .user',
    ],
    [
      'coalesce(...any) any',
      (args) => args.find(isTrue) ?? null,
      'The first argument that is not empty.',
      'coalesce .name .alias "nobody"',
    ],
    ['all(...any) bool', (args) => args.every(isTrue), 'Whether no argument is empty.', 'all .user .password'],
    ['any(...any) bool', (args) => args.some(isTrue), 'Whether some argument is not empty.', 'any .user .token'],
    [
      'ternary(any, any, bool) any',
      ([yes, no, condition]) => (condition === true ? yes : no),
      'The first argument when the last is true, else the second.',
      'ternary "yes" "no" true',
    ],
    [
      'fail(string) string',
      ([text]) => failure(text as string),
      'Ends the render with an error.',
      'fail "no password"',
    ],
    ['typeOf(any) string', ([value]) => typeOf(value), 'The Go type of a value.', 'typeOf 42'],
    [
      'typeIs(string, any) bool',
      ([type, value]) => type === typeOf(value),
      'Whether a value has a Go type.',
      'typeIs "int" 42',
    ],
    [
      'typeIsLike(string, any) bool',
      ([type, value]) => type === typeOf(value) || `*${type as string}` === typeOf(value),
      'Whether a value has a Go type or points to it.',
      'typeIsLike "int" 42',
    ],
    ['kindOf(any) string', ([value]) => kindOf(value), 'The Go kind of a value.', 'kindOf (list)'],
    [
      'kindIs(string, any) bool',
      ([kind, value]) => kind === kindOf(value),
      'Whether a value has a Go kind.',
      'kindIs "slice" (list)',
    ],
    [
      'deepEqual(any, any) bool',
      ([a, b]) => deepEqual(a, b),
      'Whether two values are the same all the way down.',
      'deepEqual (list 1) (list 1)',
    ],
  ])
}
