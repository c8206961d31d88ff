import { encodeUtf8 } from '@sealkit/core/go'
import type { Values } from '../convert.ts'
import { type Json, textMap } from '../view.ts'

/** The Fake generator: `spec.data` as it is. */
export function generate(spec: Json): Values {
  return new Map(Object.entries(textMap(spec['data'])).map(([key, value]) => [key, encodeUtf8(value)]))
}
