import { formatFloat } from '../../go/float.ts'
import { marshalJson } from '../../go/json.ts'
import { utf8Length } from '../../go/utf8.ts'
import { type Analysis, analyzeScalar } from '../analysis.ts'
import { isBase60, isOldBool, resolveScalar } from '../resolve.ts'
import { Writer } from '../writer.ts'
import { decodeFirst } from './decoder.ts'
import { prefixed } from './json.ts'
import { sortNaturally } from './order.ts'
import { GoMap, type GoValue } from './value.ts'

/** Bytes up to which a key is written without `?`. */
const MAX_KEY_LENGTH = 128

/**
 * Writes a JSON-like value as `Marshal` of sigs.k8s.io/yaml does: keys in natural order, lists at their key's column,
 * lines folded from column 80 on. As in Go the value goes through JSON and YAML once, so that texts with characters that
 * YAML refuses are refused, and keys longer than 1024 characters too.
 *
 * @throws CoreError UNSUPPORTED_VALUE for what JSON cannot hold, YAML_SYNTAX for what YAML cannot.
 */
export function marshalYaml(value: unknown): string {
  const json = toJson(value)
  return writeYaml((isTame(json) ? tameValue(JSON.parse(json)) : undefined) ?? decodeFirst(json))
}

/** JSON that YAML reads as JSON does: printable ASCII, the plainest escapes, and no merge key. */
function isTame(json: string): boolean {
  return !/[^\x20-\x7e]|\\[^"\\nt]|"<<"/.test(json)
}

/** A value without numbers, whose types YAML decides, and without what YAML refuses: endless keys, deep nesting. */
function tameValue(value: unknown, depth = 0): GoValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value !== 'object' || depth > 100) return undefined
  const map = new GoMap()
  const items: GoValue[] = []
  for (const [key, child] of Object.entries(value)) {
    const item = tameValue(child, depth + 1)
    if (item === undefined || key.length > 500) return undefined
    if (Array.isArray(value)) items.push(item)
    else map.set(key, item)
  }
  return Array.isArray(value) ? items : map
}

function toJson(value: unknown): string {
  try {
    return marshalJson(value)
  } catch (error) {
    throw prefixed('error marshaling into JSON', error)
  }
}

function writeYaml(value: GoValue): string {
  const emitter = new ValueEmitter()
  emitter.document(value)
  return emitter.text
}

/** go-yaml v2's encoder, for values without anchors and tags. */
class ValueEmitter extends Writer {
  private readonly indents: number[] = []

  constructor() {
    super('v2', 2)
  }

  document(value: GoValue): void {
    this.value(value, false)
    this.writeIndent()
  }

  /** Writes a value; `inMapping` = behind a key, where a list needs no indentation of its own. */
  private value(value: GoValue, inMapping: boolean): void {
    if (value instanceof GoMap) this.mapping(value)
    else if (Array.isArray(value)) this.sequence(value, inMapping)
    else this.scalar(value)
  }

  private mapping(map: GoMap): void {
    const entries = sortNaturally(map.values())
    if (entries.length === 0) this.writeIndicator('{}')
    else
      this.indented(false, () => {
        for (const [key, value] of entries) {
          this.writeIndent()
          this.key(String(key))
          this.value(value, true)
        }
      })
  }

  private key(key: string): void {
    const simple = utf8Length(key) <= MAX_KEY_LENGTH && !analyzeScalar(key, 'v2').multiline
    if (!simple) this.writeIndicator('?', true)
    this.string(key, simple)
    if (simple) this.appendIndicator(':')
    else {
      this.writeIndent()
      this.writeIndicator(':', true)
    }
  }

  private sequence(items: readonly GoValue[], inMapping: boolean): void {
    if (items.length === 0) this.writeIndicator('[]')
    else
      this.indented(inMapping && !this.indention, () => {
        for (const item of items) {
          this.writeIndent()
          this.writeIndicator('-', true)
          this.value(item, false)
        }
      })
  }

  /** Runs one level deeper, unless `level`. */
  private indented(level: boolean, run: () => void): void {
    this.indents.push(this.indent)
    if (this.indent < 0) this.indent = 0
    else if (!level) this.indent += this.step
    run()
    this.indent = this.indents.pop() ?? -1
  }

  private scalar(value: null | boolean | bigint | number | string): void {
    if (typeof value === 'string') this.string(value, false)
    else if (typeof value === 'number') this.writePlain(formatFloat(value, 'g'), false)
    else this.writePlain(String(value), false)
  }

  private string(text: string, isKey: boolean): void {
    this.indents.push(this.indent)
    this.indent = this.indent < 0 ? this.step : this.indent + this.step
    const analysis = analyzeScalar(text, 'v2')
    if (text.includes('\n') && analysis.block && !isKey) {
      this.writeBlockHeader('|', text)
      this.putBreak()
      this.writeLiteralLines(text)
    } else if (text.includes('\n') || !canBePlain(text)) this.writeDoubleQuoted(text, !isKey)
    else this.flowString(text, isKey, analysis)
    this.indent = this.indents.pop() ?? -1
  }

  private flowString(text: string, isKey: boolean, analysis: Analysis): void {
    if (isKey && analysis.multiline) this.writeDoubleQuoted(text, false)
    else if (analysis.plainInBlock) this.writePlain(text, !isKey)
    else if (analysis.singleQuoted) this.writeSingleQuoted(text, !isKey)
    else this.writeDoubleQuoted(text, !isKey)
  }
}

function canBePlain(text: string): boolean {
  return !isOldBool(text) && !isBase60(text) && resolveScalar('', text, 'v2').kind === 'string'
}
