import { CoreError } from '../error.ts'
import { childPath, commentPath } from './path.ts'
import type { Selector } from './rules.ts'
import {
  type Branch,
  branch,
  type Comment,
  comment,
  type Foreign,
  goType,
  type Item,
  isBranch,
  isComment,
  isForeign,
  isList,
  type Leaf,
  type Value,
} from './tree.ts'

/** What a walk tells about a leaf. */
export interface Place {
  /** Associated data of the leaf. */
  readonly aad: string
  /** Whether the file's rule says that the leaf is encrypted. */
  readonly selected: boolean
}

/** Gives what takes the leaf's place. */
export type Visit = (leaf: Leaf, place: Place) => Value

/**
 * Rebuilds a document with every leaf replaced by what `visit` gives for it, in the file's order, depth first.
 * Nulls stay and are not visited. Rules are judged once a key, not once a value and key, so the cost is linear.
 *
 * @throws `UNSUPPORTED_VALUE` for keys that are no strings and values that SOPS cannot hold.
 */
export function walk(document: Branch, rule: Selector, visit: Visit): Branch {
  return new Walk(rule, visit).branch(document, { path: '', matched: false })
}

/** Where a walk is: the path so far, and whether something above already matches the rule. */
interface Position {
  readonly path: string
  readonly matched: boolean
}

/** Comments of one level since its last entry, for the comment rules. */
class Level {
  readonly #rule: Selector
  readonly above: boolean
  #matched = false
  #beforeLast = false

  constructor(rule: Selector, above: boolean) {
    this.#rule = rule
    this.above = above
  }

  add(text: string): void {
    if (this.#rule.on !== 'comment') return
    this.#beforeLast = this.#matched
    this.#matched ||= this.#rule.matches(text)
  }

  clear(): void {
    this.#matched = false
    this.#beforeLast = false
  }

  /** Whether a value here matches. */
  get matched(): boolean {
    return this.above || this.#matched
  }

  /** Whether the last comment itself matches: a comment does not select itself for encryption. */
  get commentMatched(): boolean {
    return this.above || (this.#rule.encryptsMatches ? this.#beforeLast : this.#matched)
  }
}

class Walk {
  readonly #rule: Selector
  readonly #visit: Visit

  constructor(rule: Selector, visit: Visit) {
    this.#rule = rule
    this.#visit = visit
  }

  branch(from: Branch, at: Position): Branch {
    const level = new Level(this.#rule, at.matched)
    const items: Item[] = []
    for (const item of from.items) {
      if (isComment(item.key)) {
        level.add(item.key.text)
        items.push({ key: this.#comment(item.key, at.path, level), value: item.value })
        continue
      }
      if (typeof item.key !== 'string') throw foreignKey(item.key)
      const matched = level.matched || (this.#rule.on === 'key' && this.#rule.matches(item.key))
      const value = this.#value(item.value, { path: childPath(at.path, item.key), matched })
      if (isComment(value)) throw misplacedComment()
      items.push({ key: item.key, value })
      level.clear()
    }
    return branch(items)
  }

  #list(from: readonly Value[], at: Position): Value[] {
    const level = new Level(this.#rule, at.matched)
    return from.map((value) => {
      if (isComment(value)) {
        level.add(value.text)
        return this.#leaf(value, commentPath(at.path), level.commentMatched)
      }
      const replaced = this.#value(value, { path: at.path, matched: level.matched })
      level.clear()
      return replaced
    })
  }

  #value(value: Value, at: Position): Value {
    if (value === null) return null
    if (isBranch(value)) return this.branch(value, at)
    if (isList(value)) return this.#list(value, at)
    if (isForeign(value)) throw foreignValue(value)
    return this.#leaf(value, at.path, at.matched)
  }

  #comment(from: Comment, path: string, level: Level): Comment {
    const replaced = this.#leaf(from, commentPath(path), level.commentMatched)
    if (isComment(replaced)) return replaced
    if (typeof replaced === 'string') return comment(replaced, from.inline)
    throw new CoreError('UNSUPPORTED_VALUE', 'an encrypted comment holds a value that is no text', {
      upstream: `walkValue of Comment should be either Comment or string, was ${goType(replaced)}`,
    })
  }

  #leaf(leaf: Leaf, aad: string, matched: boolean): Value {
    return this.#visit(leaf, { aad, selected: matched === this.#rule.encryptsMatches })
  }
}

/** A comment is not covered by the MAC, so one that took the place of a value would go unnoticed. */
function misplacedComment(): CoreError {
  return new CoreError('INVALID_FORMAT', 'an encrypted comment stands in the place of a value', {
    hint: 'the file was changed: restore it from version control',
  })
}

function foreignKey(key: Foreign): CoreError {
  return new CoreError('UNSUPPORTED_VALUE', `the file has a key of type ${key.type}; SOPS takes strings only`, {
    hint: 'quote the key',
    upstream: `Tree contains a non-string key (type ${key.type}): ${printed(key)}. Only string keys are supported`,
  })
}

function foreignValue(value: Foreign): CoreError {
  return new CoreError('UNSUPPORTED_VALUE', `the file has a value of type ${value.type}, which SOPS cannot hold`, {
    hint: 'quote the value',
    upstream: `Cannot walk value, unknown type: ${value.type}`,
  })
}

/** What Go prints with `%s` for a key that is no string. */
function printed(key: Foreign): string {
  if (key.type === '<nil>') return '%!s(<nil>)'
  return key.type === 'time.Time' ? timeText(key.text) : `%!s(${key.type}=${key.text})`
}

/** Go's `String` of a time: `2024-01-01 00:00:00 +0000 UTC`. */
function timeText(text: string): string {
  const [, date, time, zone = 'Z'] = /^(.*)T(.*?)(Z|[+-]\d\d:\d\d)$/.exec(text) ?? []
  const offset = zone.replace(':', '')
  return `${date} ${time} ${zone === 'Z' ? '+0000 UTC' : `${offset} ${offset}`}`
}
