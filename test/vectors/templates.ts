import { type Data, execute, functionTable, type MissingKey, parse, TemplateError } from '@sealkit/template'
import { compare, type Difference, type Vector } from './vector.ts'

const TABLES = {
  'sealed-secrets': { functions: functionTable('sealed-secrets'), missingKey: 'default' as MissingKey },
  eso: { functions: functionTable('external-secrets'), missingKey: 'error' as MissingKey },
}

/** One line of `templates.jsonl`. */
interface TemplateVector extends Vector {
  readonly mode: keyof typeof TABLES
  readonly name?: string
  readonly template: string
  readonly data?: Readonly<Record<string, string>>
  readonly dataB64?: Readonly<Record<string, string>>
  readonly leftDelim?: string
  readonly rightDelim?: string
}

/** Renders one vector: null when the bytes, or the phase and exact text of the error, are as Go's. */
export function evaluate(vector: Vector): Difference | null {
  const answer = render(vector as TemplateVector)
  const { outputPattern, outputB64, output, error, phase } = vector
  if (typeof outputPattern === 'string') {
    const text = answer.output?.toString('utf8')
    const flags = outputPattern.startsWith('(?s)') ? 's' : ''
    const matches = text !== undefined && new RegExp(outputPattern.replace(/^\(\?s\)/, ''), flags).test(text)
    return matches ? null : { field: 'outputPattern', expected: outputPattern, actual: text ?? answer.error }
  }
  if (typeof error === 'string') return compare({ error, phase }, { ...answer, output: undefined })
  const encoding = typeof outputB64 === 'string' ? 'base64' : 'utf8'
  const actual = { output: answer.output?.toString(encoding), error: answer.error }
  return compare({ output: outputB64 ?? output, error: undefined }, actual)
}

const clock = (): bigint => BigInt(Date.now()) * 1_000_000n

interface Answer {
  readonly output?: Buffer
  readonly error?: string | undefined
  readonly phase?: 'parse' | 'exec'
}

function render(vector: TemplateVector): Answer {
  try {
    const template = parse(vector.template, {
      ...TABLES[vector.mode],
      name: vector.name ?? 't',
      leftDelim: vector.leftDelim ?? '',
      rightDelim: vector.rightDelim ?? '',
    })
    return { output: Buffer.from(execute(template, dataOf(vector), { now: clock })) }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const text = error.upstream === undefined ? error.message : Buffer.from(error.upstream, 'latin1').toString('utf8')
    return { error: text, phase: error.code === 'TEMPLATE_SYNTAX' ? 'parse' : 'exec' }
  }
}

function dataOf(vector: TemplateVector): Data {
  const data = new Map<string, string | Uint8Array>(Object.entries(vector.data ?? {}))
  for (const [key, value] of Object.entries(vector.dataB64 ?? {})) data.set(key, Buffer.from(value, 'base64'))
  return data
}
