import { decodeRune, encodeRune, isLetter, isSpace, RUNE_ERROR, runes, runeWidth } from '../utf8.ts'
import { isNumber, isPunctuation, isUpper, lowerRune, upperRune } from './case.ts'

function isConnector(rune: number): boolean {
  return rune === 0x2d || rune === 0x5f || isSpace(rune)
}

/** xstrings.ToPascalCase: `some_words` becomes `SomeWords`. */
export function toPascalCase(text: string): string {
  const all = runes(text)
  let at = 0
  let out = ''
  let wasUpper = false
  let pending = 0
  // Connectors in front stay.
  while (at < all.length) {
    pending = all[at++] ?? 0
    if (!isConnector(pending)) {
      wasUpper = isUpper(pending)
      pending = upperRune(pending)
      break
    }
    out += encodeRune(pending)
  }
  if (at === all.length) return all.length === 0 ? out : out + encodeRune(pending)
  for (; at < all.length; at++) {
    const previous = pending
    pending = all[at] ?? 0
    if (isConnector(pending) && isConnector(previous)) {
      out += encodeRune(previous)
      continue
    }
    if (isConnector(previous)) {
      wasUpper = isUpper(pending)
      pending = upperRune(pending)
      continue
    }
    if (wasUpper) {
      if (isUpper(pending)) pending = lowerRune(pending)
      else wasUpper = false
    }
    out += encodeRune(previous)
  }
  return out + encodeRune(pending)
}

type WordKind = 'invalid' | 'number' | 'upper' | 'alphabet' | 'connector' | 'punctuation' | 'other'

interface Word {
  readonly kind: WordKind
  readonly text: string
  readonly rest: string
}

/** The character at the start of a text, past bytes that are no UTF-8. */
function nextRune(text: string, previous: number): { rune: number; size: number } {
  let size = 0
  while (size < text.length) {
    const rune = decodeRune(text, size)
    size += runeWidth(text, size)
    if (rune !== RUNE_ERROR) return { rune, size }
  }
  return { rune: previous, size }
}

/** How far a run goes on while `inside` holds, from byte `start`. */
function runEnd(text: string, start: number, first: number, inside: (rune: number) => boolean): number {
  let end = start
  let previous = first
  while (end < text.length) {
    const { rune, size } = nextRune(text.slice(end), previous)
    if (size === 0 || !inside(rune)) break
    previous = rune
    end += size
  }
  return end
}

// Chinese characters, which xstrings takes for no alphabet: its own ranges, not Unicode's.
const CJK = [
  [0x3400, 0x4d85],
  [0x4e00, 0x9fcc],
  [0x20000, 0x2b81d],
] as const

/** xstrings' isAlphabet: a letter that is no Chinese character. */
function isAlphabet(rune: number): boolean {
  return isLetter(rune) && !CJK.some(([first, last]) => rune >= first && rune <= last)
}

function nextWord(text: string): Word {
  if (text === '') return { kind: 'invalid', text: '', rest: '' }
  const { rune, size } = nextRune(text, RUNE_ERROR)
  const word = (kind: WordKind, end: number): Word => ({ kind, text: text.slice(0, end), rest: text.slice(end) })
  if (rune === RUNE_ERROR) return word('invalid', size)
  if (isConnector(rune)) return word('connector', runEnd(text, size, rune, isConnector))
  if (isPunctuation(rune)) return word('punctuation', runEnd(text, size, rune, isPunctuation))
  if (isUpper(rune)) return word('upper', upperEnd(text, size, rune))
  if (isAlphabet(rune))
    return word(
      'alphabet',
      runEnd(text, size, rune, (next) => isAlphabet(next) && !isUpper(next)),
    )
  if (isNumber(rune)) return word('number', runEnd(text, size, rune, isNumber))
  const isOther = (next: number): boolean =>
    !isConnector(next) && !isAlphabet(next) && !isNumber(next) && !isPunctuation(next)
  return word('other', runEnd(text, size, rune, isOther))
}

/** The end of a word that begins with a capital: `Word`, or `HTTP` of `HTTPServer`. */
function upperEnd(text: string, start: number, first: number): number {
  if (start === text.length) return start
  const { rune, size } = nextRune(text.slice(start), first)
  if (isUpper(rune)) {
    let end = start + size
    let last = size
    let previous = rune
    while (end < text.length) {
      const next = nextRune(text.slice(end), previous)
      previous = next.rune
      if (!isUpper(next.rune)) return isAlphabet(next.rune) ? end - last : end
      last = next.size
      end += next.size
    }
    return end
  }
  return isAlphabet(rune) ? runEnd(text, start + size, rune, (next) => isAlphabet(next) && !isUpper(next)) : start
}

function lower(word: Word, connector: string): string {
  if (word.kind !== 'upper' && word.kind !== 'connector') return word.text
  return runes(word.text)
    .map((rune) => (isConnector(rune) ? connector : encodeRune(isUpper(rune) ? lowerRune(rune) : rune)))
    .join('')
}

const JOINED: ReadonlySet<WordKind> = new Set<WordKind>(['connector', 'punctuation'])

/** xstrings.ToSnakeCase and ToKebabCase: `SomeWords` becomes `some_words`. */
export function toLowerWords(text: string, connector: '_' | '-'): string {
  if (text === '') return ''
  let out = ''
  let word = nextWord(text)
  const absorb = (): void => {
    while (word.kind === 'alphabet' || word.kind === 'number') {
      out += lower(word, connector)
      word = nextWord(word.rest)
    }
    if (word.kind !== 'invalid' && !JOINED.has(word.kind)) out += connector
  }
  while (word.rest !== '') {
    const last = word
    if (last.kind !== 'connector') out += lower(last, connector)
    word = nextWord(last.rest)
    if (last.kind === 'number') absorb()
    else if (last.kind === 'connector') out += lower(last, connector)
    else if (last.kind !== 'punctuation') {
      if (word.kind !== 'number') {
        if (!JOINED.has(word.kind)) out += connector
      } else if (word.rest !== '') {
        const number = word
        word = nextWord(number.rest)
        if (word.kind !== 'alphabet') {
          out += lower(number, connector)
          if (!JOINED.has(word.kind)) out += connector
        } else {
          out += connector + lower(number, connector)
          absorb()
        }
      }
    }
  }
  return out + lower(word, connector)
}
