import { CoreError } from '../../error.ts'
import { formatFloat } from '../../go/float.ts'
import { quote } from '../../go/quote.ts'
import { compareUtf8 } from '../../go/utf8.ts'
import type { YamlNode } from '../../yaml/node.ts'
import { decodeScalar } from '../../yaml/resolve.ts'

/** The error of a list or mapping as a key, which Go's maps cannot hold. */
export function invalidKey(key: YamlNode): CoreError {
  return new CoreError('YAML_SYNTAX', `the key at line ${key.line} is a list or a mapping`, {
    hint: 'SOPS takes texts as keys',
    upstream: `yaml: invalid map key: ${goSyntax(key, false)}`,
  })
}

/** True where a key stands for a list or a mapping. */
export function isComplexKey(key: YamlNode): boolean {
  const { kind } = key.kind === 'alias' && key.alias !== undefined ? key.alias : key
  return kind === 'mapping' || kind === 'sequence'
}

/** A value in Go syntax (`%#v`) as yaml.v3 decodes it. */
function goSyntax(node: YamlNode, nested: boolean): string {
  if (node.kind === 'alias' && node.alias !== undefined) return goSyntax(node.alias, nested)
  if (node.kind === 'sequence') return `[]interface {}{${node.content.map((item) => goSyntax(item, true)).join(', ')}}`
  return node.kind === 'mapping' ? mapSyntax(node) : scalarSyntax(node, nested)
}

function mapSyntax({ content }: YamlNode): string {
  const keys = content.filter((_, index) => index % 2 === 0)
  const ofTexts = keys.every((key) => key.tag === '!!str')
  const members = keys.map((key, index): [string, string] => {
    const value = content[index * 2 + 1]
    return [goSyntax(key, true), value === undefined ? '' : goSyntax(value, true)]
  })
  const sorted = members.sort(([a], [b]) => compareUtf8(a, b)).map(([key, value]) => `${key}:${value}`)
  return `map[${ofTexts ? 'string' : 'interface {}'}]interface {}{${sorted.join(', ')}}`
}

function scalarSyntax(node: YamlNode, nested: boolean): string {
  const scalar = decodeScalar(node)
  if (scalar.kind === 'null') return nested ? 'interface {}(nil)' : '<nil>'
  if (scalar.kind === 'uint') return `0x${scalar.value.toString(16)}`
  if (scalar.kind === 'time') return timeSyntax(scalar.value)
  if (scalar.kind === 'bytes') return quote(Buffer.from(scalar.value).toString())
  if (typeof scalar.value === 'number') return formatFloat(scalar.value, 'g')
  return typeof scalar.value === 'string' ? quote(scalar.value) : String(scalar.value)
}

const months: readonly string[] = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
]

/** `time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)`; the zone is UTC where the time does not say another. */
function timeSyntax(text: string): string {
  const [, year, month, day, hour, minute, second, fraction = ''] =
    /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?/.exec(text) ?? []
  const numbers = [day, hour, minute, second, fraction.padEnd(9, '0')].map(Number)
  return `time.Date(${Number(year)}, time.${months[Number(month) - 1]}, ${numbers.join(', ')}, time.UTC)`
}
