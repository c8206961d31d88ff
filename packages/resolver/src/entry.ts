import { convertKeys, type Values, validKeys } from './convert.ts'
import { checkNullBytes, decode } from './decode.ts'
import { prefixed, ResolverError } from './error.ts'
import type { DataEntry, DataFrom, Find, RemoteRef } from './externalsecret.ts'
import type { RemoteSecret } from './provider.ts'
import type { ReadResult } from './reads.ts'
import { rewrite } from './rewrite.ts'
import type { Render } from './template.ts'

/**
 * What one entry adds to the data. The steps of `extract` and `find` are: fetch, rewrite, convert (only without
 * rewrite), check keys, decode, check null bytes; generators are neither converted nor decoded; `data[]` is decoded and
 * checked for null bytes.
 *
 * @throws {ResolverError} `SECRET_NOT_FOUND` where the provider says "Secret does not exist"
 */
export async function evaluate(
  entry: DataFrom | DataEntry,
  result: ReadResult,
  render: Render | undefined,
): Promise<Values> {
  if (!('use' in entry)) return dataEntry(entry, await result.secret())
  if (entry.use === 'generator') return validated(await rewritten(entry, await result.values(), render))
  if (entry.use === 'extract') {
    const { extract } = entry
    return mapped(entry, {
      ref: extract,
      values: found(present(await result.secret()).entries(extract.property)),
      render,
    })
  }
  const { find } = entry
  return mapped(entry, { ref: find, values: await findValues(result), render })
}

function present(secret: RemoteSecret | null): RemoteSecret {
  return found(secret)
}

function found<Value>(value: Value | null): Value {
  if (value === null) throw new ResolverError('SECRET_NOT_FOUND', 'Secret does not exist')
  return value
}

function dataEntry({ secretKey, remoteRef }: DataEntry, secret: RemoteSecret | null): Values {
  const value = decoded(remoteRef, () =>
    decode(remoteRef.decodingStrategy, found(found(secret).value(remoteRef.property))),
  )
  checkNullBytes(remoteRef.nullBytePolicy, value, secretKey)
  return new Map([[secretKey, value]])
}

async function findValues(result: ReadResult): Promise<Values> {
  try {
    return found(await result.values())
  } catch (error) {
    throw prefixed('error getting all secrets: ', error)
  }
}

interface Mapped {
  readonly ref: RemoteRef | Find
  readonly values: Values
  readonly render: Render | undefined
}

async function mapped(entry: DataFrom, { ref, values, render }: Mapped): Promise<Values> {
  const named = entry.rewrite.length > 0 ? await rewritten(entry, values, render) : converted(ref, values)
  const bytes = new Map<string, Uint8Array>()
  for (const [key, value] of validated(named))
    bytes.set(
      key,
      decoded(ref, () => decodeAt(ref, key, value)),
    )
  for (const [key, value] of bytes) checkNullBytes(ref.nullBytePolicy, value, key)
  return bytes
}

async function rewritten(entry: DataFrom, values: Values | null, render: Render | undefined): Promise<Values> {
  try {
    return await rewrite(entry.rewrite, found(values), render)
  } catch (error) {
    throw prefixed('error applying rewrite to keys: ', error, 'REWRITE_FAILED')
  }
}

function converted(ref: RemoteRef | Find, values: Values): Values {
  try {
    return convertKeys(ref.conversionStrategy, values)
  } catch (error) {
    throw prefixed(`error applying conversion strategy ${ref.conversionStrategy} to keys: `, error)
  }
}

function validated(values: Values): Values {
  try {
    return validKeys(values)
  } catch (error) {
    throw prefixed('invalid secret keys (TIP: use rewrite or conversionStrategy to change keys): ', error)
  }
}

function decoded(ref: RemoteRef | Find, decodeValue: () => Uint8Array): Uint8Array {
  try {
    return decodeValue()
  } catch (error) {
    if (!(error instanceof ResolverError) || error.code !== 'DECODE_FAILED') throw error
    throw prefixed(`error applying decoding strategy ${ref.decodingStrategy} to data: `, error)
  }
}

function decodeAt(ref: RemoteRef | Find, key: string, value: Uint8Array): Uint8Array {
  try {
    return decode(ref.decodingStrategy, value)
  } catch (error) {
    throw prefixed(`failure decoding key ${key}: `, error)
  }
}
