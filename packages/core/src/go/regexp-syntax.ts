/** Where a pattern was changed for re2js. */
interface Change {
  readonly at: number
  readonly from: string
  readonly changedAt: number
  readonly to: string
}

/** A pattern in re2js' dialect, with what is needed to speak of it in Go's. */
export interface Translation {
  readonly pattern: string
  readonly changes: readonly Change[]
  /** Group names that re2js has under another name, because Go allows the same name twice. */
  readonly names: ReadonlyMap<string, string>
}

// Go 1.26 looks classes up by a canonical name (first letter upper case, rest lower, no separators). A script whose
// own name is not canonical, such as Old_Italic, can therefore not be named at all.
const CLASSES: ReadonlySet<string> = new Set(
  (
    'Any Assigned Ascii Lc C Cc Cf Cn Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So ' +
    'Z Zl Zp Zs Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bhaiksuki Bopomofo Brahmi Braille ' +
    'Buginese Buhid Carian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari ' +
    'Dogra Duployan Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul ' +
    'Hanunoo Hatran Hebrew Hiragana Inherited Javanese Kaithi Kannada Katakana Kawi Kharoshthi Khmer Khojki Khudawadi ' +
    'Lao Latin Lepcha Limbu Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Medefaidrin Miao ' +
    'Modi Mongolian Mro Multani Myanmar Nabataean Nandinagari Newa Nko Nushu Ogham Oriya Osage Osmanya Palmyrene ' +
    'Phoenician Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham Sinhala Sogdian Soyombo Sundanese Syriac ' +
    'Tagalog Tagbanwa Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi ' +
    'Wancho Yezidi Yi'
  ).split(' '),
)

/** Go's `unicode.CategoryAliases` by canonical name. */
const ALIASES: Readonly<Record<string, string>> = {
  Casedletter: 'Lc',
  Closepunctuation: 'Pe',
  Cntrl: 'Cc',
  Combiningmark: 'M',
  Connectorpunctuation: 'Pc',
  Control: 'Cc',
  Currencysymbol: 'Sc',
  Dashpunctuation: 'Pd',
  Decimalnumber: 'Nd',
  Digit: 'Nd',
  Enclosingmark: 'Me',
  Finalpunctuation: 'Pf',
  Format: 'Cf',
  Initialpunctuation: 'Pi',
  Letter: 'L',
  Letternumber: 'Nl',
  Lineseparator: 'Zl',
  Lowercaseletter: 'Ll',
  Mark: 'M',
  Mathsymbol: 'Sm',
  Modifierletter: 'Lm',
  Modifiersymbol: 'Sk',
  Nonspacingmark: 'Mn',
  Number: 'N',
  Openpunctuation: 'Ps',
  Other: 'C',
  Otherletter: 'Lo',
  Othernumber: 'No',
  Otherpunctuation: 'Po',
  Othersymbol: 'So',
  Paragraphseparator: 'Zp',
  Privateuse: 'Co',
  Punct: 'P',
  Punctuation: 'P',
  Separator: 'Z',
  Spaceseparator: 'Zs',
  Spacingmark: 'Mc',
  Surrogate: 'Cs',
  Symbol: 'S',
  Titlecaseletter: 'Lt',
  Unassigned: 'Cn',
  Uppercaseletter: 'Lu',
}

// Everything in which "(?P<", "\p" or a bracket may stand without its meaning comes before them; inside a class the
// quotation \Q...\E does not exist. A "\p{" that is not closed takes the rest of the pattern with it.
const OUTSIDE = /\\Q[\s\S]*?(?:\\E|$)|\\[pP](?:\{[^}]*(?:\}|$)|[^{])|\\[\s\S]|\(\?P?<(\w+)>|\[\^?\]?/gu
const INSIDE = /\[:[\s\S]*?:\]|\[(?=:\])|\\[pP](?:\{[^}]*(?:\}|$)|[^{])|\\[\s\S]|\]/gu

/** Rewrites what re2js reads otherwise than Go: names of Unicode classes, and group names that occur twice. */
export function translate(pattern: string): Translation {
  const changes: Change[] = []
  const names = new Map<string, string>()
  const taken = new Set<string>()
  let out = ''
  let at = 0
  let scanner = OUTSIDE
  for (;;) {
    scanner.lastIndex = at
    const match = scanner.exec(pattern)
    if (match === null) break
    const [token, group] = match
    out += pattern.slice(at, match.index)
    at = match.index + token.length
    const inside = scanner === INSIDE
    if (token.startsWith('[') && !inside) scanner = INSIDE
    else if (token === ']') scanner = OUTSIDE
    const to = replacement(token, group, { taken, names, changes, inside })
    if (to !== token) changes.push({ at: match.index, from: token, changedAt: out.length, to })
    out += to
  }
  return { pattern: out + pattern.slice(at), changes, names }
}

interface State {
  readonly taken: Set<string>
  readonly names: Map<string, string>
  readonly changes: readonly Change[]
  /** In a class, between brackets. */
  readonly inside: boolean
}

function replacement(token: string, group: string | undefined, state: State): string {
  if (/^\\[pP](?:\{.*\}|[^{])$/su.test(token)) return unicodeClass(token, state.changes.length)
  // re2js takes "[:]" for the name of a class; for Go the name begins after the colon.
  if (state.inside && token === '[') return '\\['
  if (state.inside && token.startsWith('[:]')) return `[:?${state.changes.length}:]`
  if (group === undefined) return token
  let name = group
  while (state.taken.has(name)) name += '_'
  state.taken.add(name)
  if (name === group) return token
  state.names.set(name, group)
  return token.replace(group, name)
}

function unicodeClass(token: string, index: number): string {
  const [, letter = '', braced, negation = '', name = ''] = /^\\([pP])(\{)?(\^?)([\s\S]*?)\}?$/u.exec(token) ?? []
  const canonical = canonicalName(name)
  const known = CLASSES.has(canonical) ? canonical : ALIASES[canonical]
  // No class is called "?0": re2js refuses it where Go refuses the name that it stands for.
  const text = known === undefined ? `?${index}` : known
  return braced === undefined && known !== undefined ? `\\${letter}${text}` : `\\${letter}{${negation}${text}}`
}

function canonicalName(name: string): string {
  const letters = name.replace(/[_\- ]/g, '')
  return letters.slice(0, 1).replace(/[a-z]/, upper) + letters.slice(1).replace(/[A-Z]+/g, lower)
}

function upper(text: string): string {
  return text.toUpperCase()
}

function lower(text: string): string {
  return text.toLowerCase()
}

/** The stretch of the original pattern that an error of re2js quotes from the translated one. */
export function originalText(original: string, { pattern, changes }: Translation, quoted: string): string {
  const exact = changes.find(({ to }) => to === quoted)
  if (exact !== undefined) return exact.from
  if (changes.length === 0 || !pattern.endsWith(quoted)) return quoted
  const start = pattern.length - quoted.length
  let shift = 0
  for (const { at, from, changedAt, to } of changes) {
    if (changedAt < start) shift = at + from.length - (changedAt + to.length)
  }
  return original.slice(start + shift)
}
