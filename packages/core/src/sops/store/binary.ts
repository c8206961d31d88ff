import { CoreError } from '../../error.ts'
import { type Branch, branch } from '../tree.ts'
import { hasBlock } from './block.ts'
import { jsonStore } from './json.ts'
import type { Store } from './store.ts'

const dataKey = 'data'

/** Any bytes: encrypted as one value, in a JSON file. */
export function binaryStore(indent: number): Store {
  const json = jsonStore(indent)
  return {
    format: 'binary',
    load: (bytes) => [branch([{ key: dataKey, value: bytes }])],
    emit,
    loadEncrypted: json.loadEncrypted,
    emitEncrypted: json.emitEncrypted,
    emitValue: () => {
      throw notBinary('Binary files are not structured and extracting a single value is not possible')
    },
    isReserved: hasBlock,
  }
}

function emit(documents: readonly Branch[]): Uint8Array {
  if (documents.length !== 1) throw notBinary('error emitting binary store: there must be exactly one tree branch')
  const item = documents[0]?.items.find(({ key }) => key === dataKey)
  if (item === undefined) throw notBinary('error emitting binary store: no binary data found in tree')
  if (typeof item.value === 'string') return Buffer.from(item.value)
  if (item.value instanceof Uint8Array) return item.value
  throw notBinary("error emitting binary store: 'data' key in tree does not have a string value")
}

function notBinary(upstream: string): CoreError {
  return new CoreError('UNSUPPORTED_VALUE', upstream.replace('error emitting binary store: ', 'not a binary file: '), {
    hint: 'this is likely not an encrypted binary file; choose another output type',
    upstream,
  })
}
