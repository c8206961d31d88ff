import type { ClusterObject } from './cluster.ts'
import { KubernetesError } from './error.ts'

/** Says whether an object is selected. */
export type Predicate = (object: ClusterObject) => boolean

type Requirement = (labels: Readonly<Record<string, string>>) => boolean

/**
 * A label selector in the API's own grammar: `a=b,c!=d,e in (f, g),h notin (i),j,!k,l>1`.
 *
 * @throws BAD_REQUEST
 */
export function labelPredicate(selector: string): Predicate {
  const requirements = new Parser(tokens(selector)).selector()
  return ({ metadata: { labels = {} } }) => requirements.every((holds) => holds(labels))
}

const symbols = new Set(['(', ')', ',', '!', '=', '==', '!=', '<', '>'])

/** Words and symbols; of symbols that follow each other the longest that is one. */
function tokens(selector: string): string[] {
  const found: string[] = []
  for (const [part] of selector.matchAll(/[=!(),<>]+|[^=!(),<>\s]+/g)) {
    if (!/^[=!(),<>]/.test(part)) found.push(part)
    else {
      for (let at = 0; at < part.length; ) {
        const two = part.slice(at, at + 2)
        const symbol = two.length === 2 && symbols.has(two) ? two : part.slice(at, at + 1)
        found.push(symbol)
        at += symbol.length
      }
    }
  }
  return found
}

/** `k8s.io/apimachinery/pkg/labels`: its grammar, by recursive descent. The end of the text is an empty token. */
class Parser {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(found: readonly string[]) {
    this.#tokens = found
  }

  selector(): Requirement[] {
    const requirements: Requirement[] = []
    while (this.#peek() !== '') {
      requirements.push(this.#requirement())
      const next = this.#take()
      if (next === '') break
      if (next !== ',') throw unexpected(next)
      if (this.#peek() === '') throw unexpected('')
    }
    return requirements
  }

  #requirement(): Requirement {
    const absent = this.#peek() === '!'
    if (absent) this.#take()
    const key = this.#take()
    if (!isLabelKey(key)) throw unexpected(key)
    if (absent) return (labels) => lookup(labels, key) === undefined
    if (this.#peek() === '' || this.#peek() === ',') return (labels) => lookup(labels, key) !== undefined
    const operator = this.#take()
    if (operator === '=' || operator === '==') return member(key, [this.#value()], true)
    if (operator === '!=') return member(key, [this.#value()], false)
    if (operator === 'in' || operator === 'notin') return member(key, this.#values(), operator === 'in')
    if (operator === '<' || operator === '>') return comparison(key, this.#value(), operator)
    throw unexpected(operator)
  }

  /** One value, which may be empty. */
  #value(): string {
    return this.#peek() === '' || this.#peek() === ',' ? '' : checkedValue(this.#take())
  }

  /** A list in parentheses; each of its values may be empty. */
  #values(): string[] {
    if (this.#take() !== '(') throw unexpected('')
    const values: string[] = []
    for (let last = ','; ; ) {
      const token = this.#take()
      const ends = token === ')' || token === ','
      if (ends && last === ',') values.push('')
      if (token === ')') return values
      if (!ends && last !== ',') throw unexpected(token)
      if (!ends) values.push(checkedValue(token))
      last = token
    }
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? ''
  }

  #take(): string {
    const token = this.#peek()
    this.#at += 1
    return token
  }
}

function member(key: string, values: readonly string[], wanted: boolean): Requirement {
  const set = new Set(values)
  return (labels) => {
    const value = lookup(labels, key)
    return value === undefined ? !wanted : set.has(value) === wanted
  }
}

function comparison(key: string, value: string, operator: '<' | '>'): Requirement {
  if (!/^-?\d+$/.test(value)) throw unexpected(value)
  const limit = BigInt(value)
  return (labels) => {
    const text = lookup(labels, key) ?? ''
    if (!/^[+-]?\d+$/.test(text)) return false
    return operator === '<' ? BigInt(text) < limit : BigInt(text) > limit
  }
}

function lookup(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

const word = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const prefix = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** True for the name of a label: `app`, `example.com/app`. */
export function isLabelKey(key: string): boolean {
  const parts = key.split('/')
  const name = parts.pop() ?? ''
  const [domain] = parts
  return parts.length < 2 && word.test(name) && (domain === undefined || (domain.length <= 253 && prefix.test(domain)))
}

/** True for what a label may hold; the empty text too. */
export function isLabelValue(value: string): boolean {
  return value === '' || word.test(value)
}

function checkedValue(value: string): string {
  if (!isLabelValue(value)) throw unexpected(value)
  return value
}

function unexpected(token: string): KubernetesError {
  const what = token === '' ? 'the end' : JSON.stringify(token)
  return new KubernetesError('BAD_REQUEST', `unable to parse the label selector: unexpected ${what}`)
}
