import { SealkitError } from '@sealkit/core'
import { decodeUtf8 } from '@sealkit/core/go'
import { compile, type Regexp } from '@sealkit/core/go/regexp'
import { compare, type Difference, type Vector } from './vector.ts'

/** What Go's regexp gives for one input. */
interface Result {
  readonly find: readonly (readonly number[])[]
  readonly replace?: string
  readonly replaceB64?: string
  readonly replaceLiteral?: string
  readonly replaceLiteralB64?: string
  readonly split?: readonly string[]
}

/** Answers a vector of `regexp.jsonl`: one pattern, compiled and applied to several inputs. */
export function evaluate(vector: Vector): Difference | null {
  let regexp: Regexp
  try {
    regexp = compile(String(vector['pattern']))
  } catch (error) {
    const upstream = error instanceof SealkitError ? error.upstream : String(error)
    return compare({ compiles: vector['compiles'], error: vector['error'] }, { compiles: false, error: upstream })
  }
  const names = regexp.groupNames.slice(1)
  const shape = compare(
    { compiles: vector['compiles'], numSubexp: vector['numSubexp'], subexpNames: vector['subexpNames'] ?? [] },
    { compiles: true, numSubexp: names.length, subexpNames: names },
  )
  return shape ?? results(vector, regexp)
}

function results(vector: Vector, regexp: Regexp): Difference | null {
  const texts = (vector['inputs'] as string[] | undefined) ?? []
  const encoded = (vector['inputsB64'] as string[] | undefined) ?? []
  const subjects = [...texts, ...encoded.map((text) => decodeUtf8(Buffer.from(text, 'base64')))]
  const template = String(vector['repl'] ?? '')
  for (const [index, subject] of subjects.entries()) {
    const expected = (vector['results'] as Result[])[index] ?? { find: [] }
    const difference = compare(plain(expected), {
      find: regexp.findAll(subject),
      replace: regexp.replaceAll(subject, template),
      replaceLiteral: regexp.replaceAllLiteral(subject, template),
      split: index < texts.length ? regexp.split(subject) : undefined,
    })
    if (difference !== null) return { ...difference, field: `results[${index}].${difference.field}` }
  }
  return null
}

/** A result with its base64 fields as texts. */
function plain(result: Result): Record<string, unknown> {
  const text = (given: string | undefined, encoded: string | undefined): string | undefined =>
    encoded === undefined ? given : decodeUtf8(Buffer.from(encoded, 'base64'))
  return {
    find: result.find,
    replace: text(result.replace, result.replaceB64),
    replaceLiteral: text(result.replaceLiteral, result.replaceLiteralB64),
    split: result.split,
  }
}
