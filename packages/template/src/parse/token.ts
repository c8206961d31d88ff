import { quote } from '../quote.ts'
import { runeWidth } from '../utf8.ts'

/** The kinds of token, after `text/template/parse`. */
export type TokenKind =
  | 'error'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'complex'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'leftDelim'
  | 'leftParen'
  | 'number'
  | 'pipe'
  | 'rawString'
  | 'rightDelim'
  | 'rightParen'
  | 'space'
  | 'string'
  | 'text'
  | 'variable'
  | Keyword

/** The words (and the dot) that are no identifiers. */
export type Keyword =
  | 'block'
  | 'break'
  | 'continue'
  | 'dot'
  | 'define'
  | 'else'
  | 'end'
  | 'if'
  | 'nil'
  | 'range'
  | 'template'
  | 'with'

/** The words of {@link Keyword}. */
export const KEYWORDS: ReadonlySet<string> = new Set<Keyword>([
  'block',
  'break',
  'continue',
  'dot',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
])

/** One token: its kind, the byte where it starts, its text and its line (from 1). */
export interface Token {
  readonly kind: TokenKind
  readonly at: number
  readonly text: string
  readonly line: number
}

/** A token as Go's parser names it in an error. */
export function describeToken(token: Token): string {
  if (token.kind === 'eof') return 'EOF'
  if (token.kind === 'error') return token.text
  if (KEYWORDS.has(token.kind)) return `<${token.text}>`
  if (token.text.length > 10) return `${quote(firstRunes(token.text, 10))}...`
  return quote(token.text)
}

function firstRunes(text: string, count: number): string {
  let at = 0
  for (let n = 0; n < count && at < text.length; n++) at += runeWidth(text, at)
  return text.slice(0, at)
}
