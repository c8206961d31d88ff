import { fieldBytes, readVectors } from '../../../vectors/vector.ts'
import { yamlText } from './tree.ts'

/** A small seeded generator (mulberry32): the same seed gives the same texts everywhere. */
class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed
  }

  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }
}

/** Pieces that mean something to YAML, alone or next to each other. */
const PIECES = [
  ...'-?:,[]{}#&*!|>\'"%@`~ \n\t.<=0',
  '\n',
  '\n  ',
  '\n    ',
  '\n- ',
  '\n  - ',
  '\n# c',
  '\n  # c',
  '\n\n# c\n\n',
  ' # c',
  '#c',
  '- ',
  '? ',
  ': ',
  '- - ',
  '---',
  '---\n',
  '\n---\n',
  '\n...\n',
  '...',
  '%YAML 1.1\n',
  '%TAG ! tag:x,2000:\n',
  '\r\n',
  '\r',
  '\u0085',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\u00e9',
  '\u{1f600}',
  '\u00a0',
  '|-\n',
  '|+\n ',
  '>\n  a\n\n  b\n',
  '|2\n   x',
  '>-\n',
  '"a\\n"',
  '"\\x41"',
  '"\\u00e9"',
  "'it''s'",
  '"a\n  b"',
  "'a\n\n b'",
  '<<',
  '<<: *a',
  '&a ',
  '*a',
  '!!str ',
  '!!int ',
  '!!float ',
  '!!binary ',
  '!!merge ',
  '!x ',
  '! ',
  '!<tag:yaml.org,2002:int> ',
  'a',
  'b: 1',
  'key: value',
  'true',
  'yes',
  'No',
  'on',
  'null',
  '~',
  '1',
  '-1',
  '0777',
  '0o17',
  '0x1F',
  '0b11',
  '1_000',
  '1e3',
  '1.5',
  '.5',
  '.inf',
  '-.INF',
  '.nan',
  '1:20:30',
  '2024-01-02',
  '2024-01-02T03:04:05Z',
  '2024-1-2 3:4:5.60',
  '9223372036854775808',
  '18446744073709551616',
  '08',
  '+1',
  'a b',
  'a  b',
  'a: b: c',
  '{a: 1, b: [x, y]}',
  '[a, b]',
  '{}',
  '[]',
  'x'.repeat(130),
  'word '.repeat(25),
] as const

const MARK = Buffer.from('\ufeff')

/** Texts of the recorded vectors, changed in a few places, and texts of random pieces. */
export class Corpus {
  private readonly random: Random
  private readonly seeds: readonly Uint8Array[]

  constructor(seed: number) {
    this.random = new Random(seed)
    this.seeds = readVectors(new URL('../../../vectors/yaml.jsonl', import.meta.url))
      .map((vector) => fieldBytes(vector, 'input') ?? new Uint8Array())
      .filter((bytes) => bytes.length < 3000)
  }

  next(): Uint8Array {
    let text = this.text()
    // Wherever go-yaml's buffer happens to begin with a byte order mark, it skips the first character of every line.
    while (text.indexOf(MARK, 1) > 0) text = this.text()
    return text
  }

  private text(): Buffer {
    const kind = this.random.below(8)
    if (kind === 0) return Buffer.from(this.pieces(1 + this.random.below(25)))
    if (kind === 1) return Buffer.from(this.mapping(0))
    if (kind === 2 && this.random.below(4) === 0) return this.breakBytes()
    if (kind === 3) return Buffer.from(yamlText(this.random))
    if (kind === 4) return Buffer.from(this.mutate(yamlText(this.random), 1 + this.random.below(2)))
    const text = Buffer.from(this.random.pick(this.seeds)).toString('utf8')
    return Buffer.from(this.mutate(text, 1 + this.random.below(4)))
  }

  /** Some documents, longer than the chunks that go-yaml reads, with a byte that may be no YAML. */
  private breakBytes(): Buffer {
    const documents = Array.from({ length: 1 + this.random.below(12) }, () => Buffer.from(this.random.pick(this.seeds)))
    const bytes = Buffer.concat(documents.flatMap((document) => [document, Buffer.from('\n---\n')]))
    bytes[this.random.below(bytes.length)] = this.random.below(256)
    return bytes
  }

  private pieces(count: number): string {
    return Array.from({ length: count }, () => this.random.pick(PIECES)).join('')
  }

  private mutate(text: string, times: number): string {
    let mutated = text
    for (let i = 0; i < times; i++) {
      const at = this.random.below(mutated.length + 1)
      const to = at + this.random.below(6)
      const kind = this.random.below(5)
      if (kind === 0) mutated = mutated.slice(0, at) + mutated.slice(to)
      else if (kind === 1) mutated = mutated.slice(0, at) + mutated.slice(at, to) + mutated.slice(at)
      else if (kind === 2) mutated = this.mutateLine(mutated)
      else if (kind === 3) mutated = mutated.slice(0, at) + this.random.pick(PIECES) + mutated.slice(to)
      else mutated = mutated.slice(0, at) + this.random.pick(PIECES) + mutated.slice(at)
    }
    return mutated
  }

  private mutateLine(text: string): string {
    const lines = text.split('\n')
    const at = this.random.below(lines.length)
    const line = lines[at] ?? ''
    const indent = ' '.repeat(this.random.below(6))
    const kind = this.random.below(6)
    if (kind === 0) lines.splice(at, 1)
    else if (kind === 1) lines.splice(at, 0, this.random.pick(lines))
    else if (kind === 2) lines[at] = indent + line.trimStart()
    else if (kind === 3) lines.splice(at, 0, `${indent}# ${this.pieces(2).replaceAll('\n', ' ')}`)
    else if (kind === 4) lines.splice(at, 0, '')
    else lines[at] = `${line} # end`
    return lines.join('\n')
  }

  /** A block of keys that parses most of the time, with comments wherever they may stand. */
  private mapping(depth: number): string {
    const indent = '  '.repeat(depth)
    let text = ''
    for (let i = 1 + this.random.below(4); i > 0; i--) {
      text += `${this.comment(indent)}${indent}${this.random.pick(['a', 'b', 'key', '"q"', '1', 'yes', `? c\n${indent}`])}:`
      const kind = this.random.below(depth > 3 ? 3 : 6)
      if (kind < 3) text += ` ${this.scalar()}${this.trailer()}\n`
      else if (kind === 3) text += `${this.trailer()}\n${this.mapping(depth + 1)}`
      else text += `${this.trailer()}\n${this.sequence(depth + this.random.below(2))}`
      text += this.comment(`${indent}${this.random.pick(['', '  '])}`)
    }
    return text
  }

  private sequence(depth: number): string {
    const indent = '  '.repeat(depth)
    let text = ''
    for (let i = 1 + this.random.below(3); i > 0; i--) {
      text += this.comment(indent)
      const kind = this.random.below(depth > 3 ? 2 : 4)
      if (kind < 2) text += `${indent}- ${this.scalar()}${this.trailer()}\n`
      else if (kind === 2) text += `${indent}- ${this.mapping(depth + 1).trimStart()}`
      else text += `${indent}-${this.trailer()}\n${this.mapping(depth + 1)}`
    }
    return text
  }

  private scalar(): string {
    const text = this.random.pick(PIECES).replace(/[\n\r]/g, ' ')
    return this.random.below(3) === 0 ? JSON.stringify(text) : text
  }

  private trailer(): string {
    return this.random.below(4) === 0 ? ' # line' : ''
  }

  private comment(indent: string): string {
    const kind = this.random.below(8)
    if (kind === 0) return `${indent}# head\n`
    if (kind === 1) return `\n${indent}# head\n${indent}# more\n`
    if (kind === 2) return `${indent}# foot\n\n`
    return kind === 3 ? '\n' : ''
  }
}
