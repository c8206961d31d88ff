import { type ByteString, runeAt, runeBefore } from './bytes.ts'

/** gjson's own limit: ten thousand tries for each byte of the text. */
const TRIES_A_BYTE = 10_000
/** Ours, for texts so long that gjson's limit would not end within a minute. */
const MOST_TRIES = 20_000_000
/** How many stars may wait for the rest of a pattern at once. */
const MOST_STARS = 1_000

const STAR = 0x2a
const QUESTION = 0x3f
const BACKSLASH = 0x5c

/**
 * Matches a text against a pattern with `*` (any characters), `?` (one character) and `\` (the next character as it
 * is), as tidwall/match 1.2 does for gjson. Gives up, as no match, where the tries get too many.
 */
export function matchPattern(text: ByteString, pattern: ByteString): boolean {
  if (pattern === '*') return true
  const limit = Math.min(text.length * TRIES_A_BYTE, MOST_TRIES)
  const search: Search = { text, pattern, tries: 0, limit }
  return matchFrom(search, { at: 0, end: text.length, patternAt: 0, patternEnd: pattern.length, stars: 0 }) === 'match'
}

interface Search {
  readonly text: ByteString
  readonly pattern: ByteString
  readonly limit: number
  tries: number
}

/** What is left of the text and of the pattern. */
interface Rest {
  at: number
  end: number
  patternAt: number
  patternEnd: number
  readonly stars: number
}

type Outcome = 'match' | 'none' | 'stop'

function matchFrom(search: Search, rest: Rest): Outcome {
  if (search.tries > search.limit || rest.stars > MOST_STARS) return 'stop'
  search.tries += 1
  const { text, pattern } = search
  while (rest.patternAt < rest.patternEnd) {
    const wanted = runeAt(pattern, rest.patternAt, rest.patternEnd)
    const found = runeAt(text, rest.at, rest.end)
    if (wanted.code === STAR) {
      const outcome = matchStar(search, rest)
      if (outcome !== undefined) return outcome
      // The star takes one character more; the pattern stays at it.
      rest.at += runeAt(text, rest.at, rest.end).size
      continue
    }
    if (found.size === 0) return 'none'
    let size = wanted.size
    if (wanted.code !== QUESTION) {
      let { code } = wanted
      if (code === BACKSLASH) {
        rest.patternAt += size
        const escaped = runeAt(pattern, rest.patternAt, rest.patternEnd)
        if (escaped.size === 0) return 'none'
        code = escaped.code
        size = escaped.size
      }
      if (found.code !== code) return 'none'
    }
    rest.at += found.size
    rest.patternAt += size
  }
  return rest.at === rest.end ? 'match' : 'none'
}

/** Tries a star as nothing; undefined when it has to take one character more. */
function matchStar(search: Search, rest: Rest): Outcome | undefined {
  const { pattern } = search
  while (rest.patternEnd - rest.patternAt > 1 && pattern.charCodeAt(rest.patternAt + 1) === STAR) rest.patternAt += 1
  if (rest.patternEnd - rest.patternAt === 1) return 'match'
  if (!trimSuffix(search, rest)) return 'none'
  if (rest.patternEnd - rest.patternAt === 1) return 'match'
  const outcome = matchFrom(search, { ...rest, patternAt: rest.patternAt + 1, stars: rest.stars + 1 })
  if (outcome !== 'none') return outcome
  return rest.at === rest.end ? 'none' : undefined
}

/** Takes what stands after the last star off both ends; false when it does not fit. */
function trimSuffix({ text, pattern }: Search, rest: Rest): boolean {
  while (rest.end > rest.at && rest.patternEnd - rest.patternAt > 1) {
    const wanted = runeBefore(pattern, rest.patternAt, rest.patternEnd)
    let { size } = wanted
    let backslashes = 0
    while (pattern.charCodeAt(rest.patternEnd - size - backslashes - 1) === BACKSLASH) backslashes += 1
    const escaped = backslashes % 2 === 1
    if (escaped) size += 1
    if (wanted.code === STAR && !escaped) return true
    const found = runeBefore(text, rest.at, rest.end)
    if (!(wanted.code === QUESTION && !escaped) && wanted.code !== found.code) return false
    rest.end -= found.size
    rest.patternEnd -= size
  }
  return true
}
