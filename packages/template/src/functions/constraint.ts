import type { Regexp } from '@sealkit/core/go/regexp'
import { FunctionFailure, failure } from '../error.ts'
import { toBytes } from '../utf8.ts'
import { patternOf } from './regex.ts'
import { type Context, type FunctionRow, rows } from './row.ts'
import { comparePrereleases, compareVersions, parseVersion, type Version } from './semver.ts'

/** sprig's functions on semantic versions. */
export function semverFunctions(): FunctionRow[] {
  return rows('Semantic versions', [
    [
      'semver(string) *semver.Version',
      ([text]) => parseVersion(text as string),
      'A semantic version, with fields such as `.Major`.',
      'semver "1.2.3"',
      'heavy',
    ],
    [
      'semverCompare(string, string) bool',
      ([constraint, text], context) => satisfies(constraint as string, text as string, context),
      'Whether a version meets a constraint.',
      'semverCompare "^1.2.0" "1.3.0"',
      'heavy',
    ],
  ])
}

// The patterns are Masterminds' own, oddities such as `|` inside a class among them, and so is their engine, RE2.
const NUMBERS = 'v?([0-9|x|X|\\*]+)(\\.[0-9|x|X|\\*]+)?(\\.[0-9|x|X|\\*]+)?'
const TAIL = '(-([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?(\\+([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?'
const VERSION = NUMBERS + TAIL
const OPERATORS = '=||!=|>|<|>=|=>|<=|=<|~|~>|\\^'
const ONE = `^\\s*(${OPERATORS})\\s*(${VERSION})\\s*$`
const RANGE = `\\s*(${VERSION})\\s+-\\s+(${VERSION})\\s*`
const EACH = `(${OPERATORS})\\s*(${VERSION})`
const VALID = `^(\\s*(${OPERATORS})\\s*(${VERSION})\\s*)((?:\\s+|,\\s*)(${OPERATORS})\\s*(${VERSION})\\s*)*$`

interface Constraint {
  readonly operator: string
  readonly version: Version
  /** Which parts were left out or wild: all from the minor one, all from the patch one, any. */
  readonly minorWild: boolean
  readonly patchWild: boolean
  readonly wild: boolean
}

function satisfies(constraint: string, text: string, context: Context): boolean {
  const regexp = (pattern: string): Regexp => patternOf(pattern, constraint, context)
  const alternatives = rewriteRanges(constraint, regexp(RANGE))
    .split('||')
    .map((each) => parseConstraints(each, regexp))
  const version = parseVersion(text)
  return alternatives.some((constraints) => {
    const prereleases = constraints.some((each) => each.version.prerelease !== '')
    return constraints.every((each) => (version.prerelease === '' || prereleases) && meets(version, each))
  })
}

/** `1.2 - 1.4` is `>= 1.2, <= 1.4 `. */
function rewriteRanges(text: string, range: Regexp): string {
  let out = text
  for (const match of range.findAll(toBytes(text))) {
    const group = (n: number): string => text.slice(match[2 * n] ?? 0, match[2 * n + 1] ?? 0)
    const at = out.indexOf(group(0))
    if (at >= 0) out = `${out.slice(0, at)}>= ${group(1)}, <= ${group(11)} ${out.slice(at + group(0).length)}`
  }
  return out
}

function parseConstraints(text: string, regexp: (pattern: string) => Regexp): Constraint[] {
  if (!regexp(VALID).test(toBytes(text))) failure(`improper constraint: ${text}`)
  const found = regexp(EACH).findAll(toBytes(text))
  const parts = found.length === 0 ? [text] : found.map(([start, end]) => text.slice(start, end))
  return parts.map((part) => parseConstraint(part, regexp(ONE)))
}

function parseConstraint(text: string, one: Regexp): Constraint {
  const match = one.find(toBytes(text))
  if (match === null) return failure(`improper constraint: ${text}`)
  const [, operator = '', , major = '', minor = '', patch = '', tail = ''] = match
  const isWild = (part: string): boolean => /^\.?[xX*]?$/.test(part)
  const all = isWild(major)
  const minorWild = !all && isWild(minor)
  const patchWild = !all && !minorWild && isWild(patch)
  const rest = all ? '0.0.0' : minorWild ? `${major}.0.0` : patchWild ? `${major}${minor}.0` : null
  const whole = rest === null ? (match[2] ?? '') : rest + tail
  return { operator, version: constraintVersion(whole), minorWild, patchWild, wild: all || minorWild || patchWild }
}

function constraintVersion(text: string): Version {
  try {
    return parseVersion(text)
  } catch (error) {
    if (error instanceof FunctionFailure) return failure('constraint parser error', true)
    throw error
  }
}

type Meets = (version: Version, constraint: Constraint) => boolean

const tilde: Meets = (version, { version: least, minorWild, patchWild }) => {
  if (compareVersions(version, least) < 0) return false
  const isZero = least.major === 0n && least.minor === 0n && least.patch === 0n
  if (isZero && !minorWild && !patchWild) return true
  return version.major === least.major && (version.minor === least.minor || minorWild)
}

const equal: Meets = (version, constraint) =>
  constraint.wild ? tilde(version, constraint) : compareVersions(version, constraint.version) === 0

const differs: Meets = (version, { version: other, wild, minorWild, patchWild }) => {
  if (wild) {
    if (other.major !== version.major) return true
    if (other.minor !== version.minor && !minorWild) return true
    if (minorWild) return false
    if (other.patch !== version.patch && !patchWild) return true
    if (patchWild) {
      const either = version.prerelease !== '' || other.prerelease !== ''
      return either && comparePrereleases(version.prerelease, other.prerelease) !== 0
    }
  }
  return compareVersions(version, other) !== 0
}

const greater: Meets = (version, { version: other, wild, minorWild, patchWild }) => {
  if (!wild) return compareVersions(version, other) === 1
  if (version.major !== other.major) return version.major > other.major
  if (minorWild) return false
  return patchWild ? version.minor > other.minor : compareVersions(version, other) === 1
}

const atMost: Meets = (version, { version: other, wild, minorWild }) => {
  if (!wild) return compareVersions(version, other) <= 0
  if (version.major > other.major) return false
  return !(version.major === other.major && version.minor > other.minor && !minorWild)
}

const caret: Meets = (version, { version: least, minorWild, patchWild }) => {
  if (compareVersions(version, least) < 0) return false
  if (least.major > 0n || minorWild) return version.major === least.major
  if (version.major > 0n) return false
  if (least.minor > 0n || patchWild) return version.minor === least.minor
  return version.minor === 0n && version.patch === least.patch
}

const atLeast: Meets = (version, { version: other }) => compareVersions(version, other) >= 0

const OPERATIONS: Readonly<Record<string, Meets>> = {
  '': equal,
  '=': equal,
  '!=': differs,
  '>': greater,
  '<': (version, { version: other }) => compareVersions(version, other) < 0,
  '>=': atLeast,
  '=>': atLeast,
  '<=': atMost,
  '=<': atMost,
  '~': tilde,
  '~>': tilde,
  '^': caret,
}

function meets(version: Version, constraint: Constraint): boolean {
  return OPERATIONS[constraint.operator]?.(version, constraint) ?? false
}
