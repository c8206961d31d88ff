import { encodeUtf8 } from '@sealkit/core/go'
import type { Values } from '../convert.ts'
import type { Json } from '../view.ts'
import type { GenerateContext } from './index.ts'

/** The UUID generator: a random UUID (RFC 9562, version 4) under the key `uuid`. */
export function generate(_spec: Json, { random }: Pick<GenerateContext, 'random'>): Values {
  const bytes = Uint8Array.from(random(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
  return new Map([['uuid', encodeUtf8(parts.join('-'))]])
}
