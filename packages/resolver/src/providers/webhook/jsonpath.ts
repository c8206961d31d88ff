import { ResolverError } from '../../error.ts'
import { type Comparison, isObject, parseFilter } from './filter.ts'
import { Scanner } from './scanner.ts'

/** One step of a path. Steps that may give several values make the whole path give a list. */
type Step =
  | { readonly use: 'member'; readonly name: string }
  | { readonly use: 'index'; readonly index: number }
  | { readonly use: 'all' }
  | { readonly use: 'descend' }
  | { readonly use: 'union'; readonly members: readonly (string | number)[] }
  | { readonly use: 'slice'; readonly from: number | null; readonly to: number | null; readonly by: number }
  | { readonly use: 'filter'; readonly matches: Comparison }

/**
 * The value at a JSONPath, as the Go package `PaesslerAG/jsonpath` gives it: one value for a path of names and indexes,
 * a list for one with `*`, `..`, unions, slices or filters.
 *
 * @throws {ResolverError} `INVALID_STORE` for what is no path, `PROPERTY_NOT_FOUND` for a name or an index that is not
 * there
 */
export function jsonPath(path: string, value: unknown): unknown {
  const steps = parsePath(path)
  const single = steps.every(({ use }) => use === 'member' || use === 'index')
  if (single) return steps.reduce(strictChild, value)
  return steps.reduce<readonly unknown[]>((values, step) => values.flatMap((one) => children(one, step)), [value])
}

function parsePath(path: string): Step[] {
  const scanner = new Scanner(path)
  scanner.expect('$')
  const steps: Step[] = []
  while (!scanner.atEnd()) {
    if (scanner.take('..')) {
      steps.push({ use: 'descend' })
      if (!scanner.sees('[')) steps.push(memberStep(scanner))
    } else if (scanner.take('.')) steps.push(memberStep(scanner))
    else steps.push(bracketStep(scanner))
  }
  return steps
}

function memberStep(scanner: Scanner): Step {
  return scanner.take('*') ? { use: 'all' } : { use: 'member', name: scanner.name() }
}

function bracketStep(scanner: Scanner): Step {
  scanner.expect('[')
  const step = scanner.take('*')
    ? ({ use: 'all' } as const)
    : scanner.take('?')
      ? ({ use: 'filter', matches: parseFilter(scanner) } as const)
      : selection(scanner)
  scanner.expect(']')
  return step
}

function selection(scanner: Scanner): Step {
  const first = scanner.sees(':') ? null : scanner.key()
  if (scanner.take(':')) return slice(scanner, first)
  const members = [first ?? '']
  while (scanner.take(',')) members.push(scanner.key())
  const [only] = members
  if (members.length > 1 || only === undefined) return { use: 'union', members }
  return typeof only === 'number' ? { use: 'index', index: only } : { use: 'member', name: only }
}

function slice(scanner: Scanner, first: string | number | null): Step {
  const to = scanner.sees(':') || scanner.sees(']') ? null : scanner.key()
  const by = scanner.take(':') && !scanner.sees(']') ? scanner.key() : 1
  if (typeof first === 'string' || typeof to === 'string' || typeof by === 'string' || by <= 0) throw scanner.wrong()
  return { use: 'slice', from: first, to, by }
}

function strictChild(value: unknown, step: Step): unknown {
  if (step.use === 'member') {
    if (isObject(value) && Object.hasOwn(value, step.name)) return value[step.name]
    throw new ResolverError('PROPERTY_NOT_FOUND', `unknown key ${step.name}`)
  }
  const index = step.use === 'index' ? step.index : 0
  if (Array.isArray(value) && value.at(index) !== undefined) return value.at(index)
  throw new ResolverError('PROPERTY_NOT_FOUND', `index ${index} is not there`)
}

function children(value: unknown, step: Step): readonly unknown[] {
  switch (step.use) {
    case 'member':
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []
    case 'index':
      return Array.isArray(value) && value.at(step.index) !== undefined ? [value.at(step.index)] : []
    case 'all':
      return members(value)
    case 'descend':
      return descendants(value)
    case 'union':
      return step.members.flatMap((key) =>
        children(value, typeof key === 'number' ? { use: 'index', index: key } : { use: 'member', name: key }),
      )
    case 'slice':
      return Array.isArray(value)
        ? value.slice(step.from ?? 0, step.to ?? undefined).filter((_, at) => at % step.by === 0)
        : []
    case 'filter':
      return members(value).filter(step.matches)
  }
}

/** The members of a list, or of an object by the order of its keys. */
function members(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return isObject(value)
    ? Object.keys(value)
        .sort()
        .map((key) => value[key])
    : []
}

function descendants(value: unknown): readonly unknown[] {
  return [value, ...members(value).flatMap(descendants)]
}
