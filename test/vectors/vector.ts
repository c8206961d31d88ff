import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'

/** One line of a vector file; what else it holds depends on the file. */
export interface Vector {
  readonly id: string
  readonly group: string
  readonly [field: string]: unknown
}

/** The first field in which our answer differs from the recorded one. */
export interface Difference {
  readonly field: string
  readonly expected: unknown
  readonly actual: unknown
}

/** Answers one vector: null when every field is as recorded. */
export type Evaluate = (vector: Vector) => Difference | null

/** Reads a file of vectors, one JSON object a line. */
export function readVectors(file: string | URL): Vector[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Vector)
}

/** Compares field by field; a field absent on both sides is equal. */
export function compare(
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): Difference | null {
  for (const field of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (isDeepStrictEqual(expected[field], actual[field])) continue
    return { field, expected: expected[field], actual: actual[field] }
  }
  return null
}

/** The bytes of a field that is text, or base64 under its name with `B64` where it is no UTF-8. */
export function fieldBytes(vector: Vector, field: string): Uint8Array | undefined {
  const text = vector[field]
  if (typeof text === 'string') return Buffer.from(text)
  const encoded = vector[`${field}B64`]
  return typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : undefined
}
