import { compareUtf8, decodeUtf8, encodeUtf8, marshalJson, parseJson } from '@sealkit/core/go'
import { compile, type Regexp } from '@sealkit/core/go/regexp'
import type { Values } from './convert.ts'
import { patternError, prefixed, ResolverError } from './error.ts'
import type { Rewrite, RewriteMerge } from './externalsecret.ts'
import type { Render } from './template.ts'
import { byteValue } from './value.ts'

/**
 * Applies the rewrite rules of a `dataFrom` entry, in order.
 *
 * Where External Secrets lets the iteration order of a Go map decide which of two values keeps a key, this refuses.
 *
 * @throws {ResolverError} `REWRITE_FAILED` naming the rule; `KEY_COLLISION` when two different values get one key
 */
export async function rewrite(rules: readonly Rewrite[], values: Values, render?: Render): Promise<Values> {
  let current = values
  for (const [index, rule] of rules.entries()) {
    try {
      current = await apply(rule, current, render)
    } catch (error) {
      throw prefixed(`failed rewrite operation[${index}]: `, error, 'REWRITE_FAILED')
    }
  }
  return current
}

async function apply(rule: Rewrite, values: Values, render: Render | undefined): Promise<Values> {
  if (rule.use === 'merge') return merge(rule, values)
  if (rule.use === 'regexp') return regexp(rule.source, rule.target, values)
  return transform(rule.template, values, render)
}

function regexp(source: string, target: string, values: Values): Values {
  const pattern = compilePattern(source)
  return renamed([...values].map(([key, value]) => [pattern.replaceAll(key, target), value]))
}

function compilePattern(source: string): Regexp {
  try {
    return compile(source)
  } catch (error) {
    throw patternError('regexp failed with failed to compile: ', error, 'REWRITE_FAILED')
  }
}

async function transform(template: string, values: Values, render: Render | undefined): Promise<Values> {
  if (render === undefined) throw new ResolverError('TEMPLATE_FAILED', 'transform needs a template renderer')
  const entries: [string, Uint8Array][] = []
  for (const [key, value] of values) {
    const data = new Map([['value', encodeUtf8(key)]])
    entries.push([decodeUtf8(await renderKey(render, template, data, key)), value])
  }
  return renamed(entries)
}

async function renderKey(
  render: Render,
  template: string,
  data: ReadonlyMap<string, Uint8Array>,
  key: string,
): Promise<Uint8Array> {
  try {
    return await render(template, data, { name: 'transform', missingKey: 'default' })
  } catch (error) {
    const parsing = error instanceof Error && 'code' in error && error.code === 'TEMPLATE_SYNTAX'
    const failed = parsing ? 'failed to parse template: ' : `failed to execute template for key "${key}": `
    throw prefixed(`transform failed with ${failed}`, error, 'TEMPLATE_FAILED')
  }
}

function renamed(entries: readonly (readonly [string, Uint8Array])[]): Values {
  const values = new Map<string, Uint8Array>()
  for (const [key, value] of entries) {
    const before = values.get(key)
    if (before !== undefined && Buffer.compare(before, value) !== 0) {
      throw new ResolverError('KEY_COLLISION', `two keys become "${key}"`, {
        hint: 'make the rule keep them apart, or select only one of them',
      })
    }
    values.set(key, value)
  }
  return values
}

function merge(rule: RewriteMerge, values: Values): Values {
  const merged = new Map<string, unknown>()
  const conflicts: string[] = []
  for (const key of mergeOrder(rule, values)) {
    const value = values.get(key)
    if (value === undefined) {
      if (rule.priorityPolicy === 'IgnoreNotFound') continue
      throw new ResolverError('REWRITE_FAILED', `merge failed with key "${key}" not found in input map`)
    }
    for (const [name, member] of members(key, value)) {
      if (merged.has(name)) conflicts.push(name)
      merged.set(name, member)
    }
  }
  if (rule.conflictPolicy === 'Error' && conflicts.length > 0) {
    throw new ResolverError('REWRITE_FAILED', `merge failed with conflicts: ${conflicts.join(', ')}`, {
      hint: 'set conflictPolicy to Ignore to let the later key win',
    })
  }
  return mergeResult(rule, values, merged)
}

/** Keys that `priority` does not list, sorted, then `priority` in its order: the later overrides. */
function mergeOrder(rule: RewriteMerge, values: Values): readonly string[] {
  const others = [...values.keys()].filter((key) => !rule.priority.includes(key)).sort(compareUtf8)
  return [...others, ...rule.priority]
}

function members(key: string, value: Uint8Array): [string, unknown][] {
  let parsed: unknown
  try {
    parsed = parseJson(decodeUtf8(value))
  } catch (cause) {
    const upstream = cause instanceof Error && 'upstream' in cause ? String(cause.upstream) : ''
    throw new ResolverError('REWRITE_FAILED', `merge failed with failed to unmarshal JSON: key "${key}" is not JSON`, {
      cause,
      upstream: `merge failed with failed to unmarshal JSON: ${upstream}`,
    })
  }
  if (parsed === null) return []
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new ResolverError('REWRITE_FAILED', `merge failed with failed to unmarshal JSON: key "${key}" is no object`)
  }
  return Object.entries(parsed)
}

function mergeResult(rule: RewriteMerge, values: Values, merged: ReadonlyMap<string, unknown>): Values {
  if (rule.strategy === 'Extract') return new Map([...merged].map(([key, value]) => [key, byteValue(value)]))
  if (rule.into === '') throw new ResolverError('REWRITE_FAILED', "merge failed with missing 'into' field")
  return new Map(values).set(rule.into, encodeUtf8(marshalJson(merged, { escapeHtml: false })))
}
