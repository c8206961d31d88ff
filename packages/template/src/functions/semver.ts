import { type NumberError, parseUint64 } from '@sealkit/core/go'
import { failure } from '../error.ts'
import { type Method, type Opaque, Sized, type Value } from '../value.ts'

/** What follows the numbers of a version, and the text that it was read from. */
interface VersionTail {
  readonly prerelease: string
  readonly metadata: string
  readonly original: string
}

/** A semantic version, as Masterminds' `*semver.Version` is to templates. */
export class Version implements Opaque {
  readonly type: '*semver.Version' | 'semver.Version'
  readonly kind: 'ptr' | 'struct'
  readonly major: bigint
  readonly minor: bigint
  readonly patch: bigint
  readonly prerelease: string
  readonly metadata: string
  readonly original: string

  constructor(
    numbers: readonly [bigint, bigint, bigint],
    tail: VersionTail,
    type: Version['type'] = '*semver.Version',
  ) {
    this.type = type
    this.kind = type === 'semver.Version' ? 'struct' : 'ptr'
    ;[this.major, this.minor, this.patch] = numbers
    this.prerelease = tail.prerelease
    this.metadata = tail.metadata
    this.original = tail.original
  }

  readonly text = (): string => {
    const tail =
      (this.prerelease === '' ? '' : `-${this.prerelease}`) + (this.metadata === '' ? '' : `+${this.metadata}`)
    return `${this.major}.${this.minor}.${this.patch}${tail}`
  }

  readonly json = (): string => `"${this.text()}"`

  readonly equals = (other: Opaque): boolean => {
    return other instanceof Version && other.text() === this.text() && other.original === this.original
  }

  /** The version of which nothing is set. */
  zero(): Version {
    return new Version([0n, 0n, 0n], { prerelease: '', metadata: '', original: '' }, this.type)
  }

  /** What the Inc methods give: a struct, where `semver` gives a pointer. */
  #next(numbers: readonly [bigint, bigint, bigint]): Version {
    const wrapped = numbers.map((each) => BigInt.asUintN(64, each)) as [bigint, bigint, bigint]
    const prefix = this.original.startsWith('v') ? 'v' : ''
    const original = prefix + wrapped.join('.')
    return new Version(wrapped, { prerelease: '', metadata: '', original }, 'semver.Version')
  }

  get hidden(): ReadonlyMap<string, Value> {
    return new Map<string, Value>([
      ['major', new Sized('uint64', this.major)],
      ['minor', new Sized('uint64', this.minor)],
      ['patch', new Sized('uint64', this.patch)],
      ['pre', this.prerelease],
      ['metadata', this.metadata],
      ['original', this.original],
    ])
  }

  get methods(): ReadonlyMap<string, Method> {
    const uint = (value: bigint): Method => ({ parameters: [], run: () => new Sized('uint64', value) })
    const text = (value: string): Method => ({ parameters: [], run: () => value })
    const compared = (run: (order: number) => Value): Method => ({
      parameters: ['*semver.Version'],
      run: ([other]) => run(compareVersions(this, other as Version)),
    })
    const methods = new Map<string, Method>([
      ['Major', uint(this.major)],
      ['Minor', uint(this.minor)],
      ['Patch', uint(this.patch)],
      ['Prerelease', text(this.prerelease)],
      ['Metadata', text(this.metadata)],
      ['String', text(this.text())],
      ['IncMajor', { parameters: [], run: () => this.#next([this.major + 1n, 0n, 0n]) }],
      ['IncMinor', { parameters: [], run: () => this.#next([this.major, this.minor + 1n, 0n]) }],
      [
        'IncPatch',
        {
          parameters: [],
          run: () => this.#next([this.major, this.minor, this.prerelease === '' ? this.patch + 1n : this.patch]),
        },
      ],
    ])
    if (this.kind === 'struct') return methods
    // These have a pointer as receiver.
    return new Map<string, Method>([
      ...methods,
      ['Original', text(this.original)],
      ['Compare', compared((order) => BigInt(order))],
      ['Equal', compared((order) => order === 0)],
      ['LessThan', compared((order) => order < 0)],
      ['LessThanEqual', compared((order) => order <= 0)],
      ['GreaterThan', compared((order) => order > 0)],
      ['GreaterThanEqual', compared((order) => order >= 0)],
    ])
  }
}

const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const VERSION = new RegExp(`^v?([0-9]+)(?:\\.([0-9]+))?(?:\\.([0-9]+))?(?:-(${IDENTIFIERS}))?(?:\\+(${IDENTIFIERS}))?$`)

/** Masterminds' NewVersion, which completes `1.2`. @throws FunctionFailure with its text */
export function parseVersion(text: string): Version {
  const match = VERSION.exec(text)
  if (match === null) return failure('invalid semantic version', true)
  const [, major, minor = '0', patch = '0', prerelease = '', metadata = ''] = match
  const numbers = [segment(major ?? ''), segment(minor), segment(patch)] as const
  if (prerelease.split('.').some((part) => /^0[0-9]+$/.test(part))) failure('version segment starts with 0', true)
  return new Version(numbers, { prerelease, metadata, original: text })
}

function segment(text: string): bigint {
  try {
    return parseUint64(text)
  } catch (error) {
    return failure(`error parsing version segment: ${(error as NumberError).upstream ?? ''}`)
  }
}

/** -1, 0 or 1 by precedence; metadata does not count. */
export function compareVersions(a: Version, b: Version): number {
  for (const [left, right] of [
    [a.major, b.major],
    [a.minor, b.minor],
    [a.patch, b.patch],
  ] as const) {
    if (left !== right) return left < right ? -1 : 1
  }
  if (a.prerelease === b.prerelease) return 0
  if (a.prerelease === '') return 1
  return b.prerelease === '' ? -1 : comparePrereleases(a.prerelease, b.prerelease)
}

/** Orders prereleases part by part: numbers by value and before words. */
export function comparePrereleases(a: string, b: string): number {
  const left = a.split('.')
  const right = b.split('.')
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = comparePart(left[i] ?? '', right[i] ?? '')
    if (order !== 0) return order
  }
  return 0
}

function comparePart(a: string, b: string): number {
  if (a === b) return 0
  if (a === '') return -1
  if (b === '') return 1
  const left = numeric(a)
  const right = numeric(b)
  if (left === null && right === null) return a > b ? 1 : -1
  if (left === null) return 1
  if (right === null) return -1
  return left > right ? 1 : -1
}

function numeric(text: string): bigint | null {
  const value = /^[0-9]+$/.test(text) ? BigInt(text) : null
  return value !== null && value < 2n ** 64n ? value : null
}
