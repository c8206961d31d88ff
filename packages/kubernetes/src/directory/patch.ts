import type { ClusterObject, Patch } from '../cluster.ts'
import { KubernetesError } from '../error.ts'

/**
 * An object with a patch applied; the object itself stays as it is.
 *
 * @throws UNSUPPORTED_VERB for server-side apply, whose field ownership a folder does not keep; INVALID
 */
export function patched(object: ClusterObject, patch: Patch): ClusterObject {
  if (patch.type === 'merge') return merge(object, patch.body) as ClusterObject
  if (patch.type === 'json') return patch.body.reduce<unknown>(applyOperation, structuredClone(object)) as ClusterObject
  throw new KubernetesError('UNSUPPORTED_VERB', 'a directory does not do server-side apply', {
    hint: 'use a merge patch or an update',
  })
}

/** JSON merge patch, RFC 7396. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return structuredClone(patch)
  const result: Record<string, unknown> = isMap(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else define(result, key, merge(result[key], value))
  }
  return result
}

interface Operation {
  readonly op?: unknown
  readonly path?: unknown
  readonly value?: unknown
}

/** JSON patch, RFC 6902: add, remove, replace and test. As in the API server, a member need not exist to be replaced. */
function applyOperation(document: unknown, operation: unknown): unknown {
  const { op, path, value } = operation as Operation
  if (typeof path !== 'string' || !path.startsWith('/')) throw invalid(`the path of ${String(op)} is no JSON pointer`)
  const steps = path
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = steps.pop() ?? ''
  const parent = steps.reduce<unknown>((at, step) => child(at, step, path), document)
  if (op === 'test') {
    if (JSON.stringify(child(parent, last, path, true)) !== JSON.stringify(value))
      throw invalid(`test of ${path} failed`)
  } else if (op === 'add' || op === 'replace') put(parent, last, { op, path, value: structuredClone(value) })
  else if (op === 'remove') {
    child(parent, last, path)
    if (Array.isArray(parent)) parent.splice(Number(last), 1)
    else delete (parent as Record<string, unknown>)[last]
  } else throw invalid(`the operation ${String(op)} is not supported`)
  return document
}

function put(parent: unknown, last: string, { op, path, value }: Operation & { readonly path: string }): void {
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last)
    const end = op === 'replace' ? parent.length - 1 : parent.length
    if (!Number.isInteger(index) || index < 0 || index > end) throw invalid(`${path} is not there`)
    parent.splice(index, op === 'replace' ? 1 : 0, value)
  } else if (isMap(parent)) define(parent, last, value)
  else throw invalid(`${path} is not there`)
}

function child(parent: unknown, step: string, path: string, optional = false): unknown {
  if (isMap(parent) || Array.isArray(parent)) {
    if (Object.hasOwn(parent, step)) return (parent as Record<string, unknown>)[step]
    if (optional) return undefined
  }
  throw invalid(`${path} is not there`)
}

/** Own properties only, so that a key such as `__proto__` is data like any other. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(message: string): KubernetesError {
  return new KubernetesError('INVALID', `the patch cannot be applied: ${message}`)
}
