import type { ByteString } from './bytes.ts'
import { matchPattern } from './match.ts'
import type { Query } from './path.ts'
import { exists, MISSING, numberOf, type Value } from './value.ts'

const TRUE: Value = { type: 'True', raw: '', str: '' }
const FALSE: Value = { type: 'False', raw: '', str: '' }

/** What `~name` on the right side asks of the value; the value then is the answer, and the right side `true`. */
const ISH: Readonly<Record<string, (value: Value) => boolean>> = {
  '*': exists,
  null: (value) => value.type === 'Null',
  true: trueish,
  false: falseish,
}

function trueish(value: Value): boolean {
  if (value.type === 'String') return /^(?:1|t|true)$/i.test(value.str)
  if (value.type === 'Number') return numberOf(value.raw) !== 0
  return value.type === 'True'
}

function falseish(value: Value): boolean {
  if (value.type === 'String') return /^(?:0|f|false)$/i.test(value.str)
  if (value.type === 'Number') return numberOf(value.raw) === 0
  return value.type === 'Null' || value.type === 'False'
}

/** Whether a value fits the right side of a query; without an operator, whether it is there. */
export function queryMatches(query: Query, given: Value): boolean {
  let value = given
  let wanted = query.value
  if (wanted.startsWith('~')) {
    const ish = Object.hasOwn(ISH, wanted.slice(1)) ? ISH[wanted.slice(1)] : undefined
    value = ish === undefined ? MISSING : ish(given) ? TRUE : FALSE
    wanted = ish === undefined ? '' : 'true'
  }
  if (!exists(value)) return false
  if (query.op === '') return true
  switch (value.type) {
    case 'String':
      return stringMatches(query.op, value.str, wanted)
    case 'Number':
      return compares(query.op, numberOf(value.raw), numberOf(wanted))
    case 'True':
      return booleanMatches(query.op, wanted, { equal: 'true', beyond: 'false', strict: '>' })
    case 'False':
      return booleanMatches(query.op, wanted, { equal: 'false', beyond: 'true', strict: '<' })
    default:
      return false
  }
}

function stringMatches(op: string, text: ByteString, wanted: ByteString): boolean {
  if (op === '%') return matchPattern(text, wanted)
  if (op === '!%') return !matchPattern(text, wanted)
  return compares(op, text, wanted)
}

function compares<Kind extends string | number>(op: string, left: Kind, right: Kind): boolean {
  switch (op) {
    case '=':
      return left === right
    case '!=':
      return left !== right
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
    default:
      return false
  }
}

/** True is greater than false; "at least" and "at most" hold on one side whatever stands on the other. */
function booleanMatches(
  op: string,
  wanted: ByteString,
  rule: { readonly equal: string; readonly beyond: string; readonly strict: string },
): boolean {
  if (op === '=') return wanted === rule.equal
  if (op === '!=') return wanted !== rule.equal
  if (op === rule.strict) return wanted === rule.beyond
  return op === `${rule.strict}=`
}
