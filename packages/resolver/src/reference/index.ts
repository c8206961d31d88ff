import { createHash } from 'node:crypto'
import { encodeUtf8 } from '@sealkit/core/go'
import { decode } from '../decode.ts'
import { ResolverError } from '../error.ts'
import { resolveParameterStore, resolveSecretsManager } from './aws.ts'
import { type Modifier, parseReference, type Reference } from './parse.ts'
import type { ReferenceContext } from './store.ts'
import { resolveVault } from './vault.ts'

export { type Modifier, parseReference, type Reference, type ReferenceContext }

type Resolve = (reference: Reference, context: ReferenceContext) => Promise<Uint8Array>

/**
 * Backends of references. Those that run programs or read this machine (`exec`, `file`, `envsubst`, ...) are left out
 * on purpose.
 */
const backends: Readonly<Record<string, Resolve>> = {
  awssecrets: resolveSecretsManager,
  awsssm: resolveParameterStore,
  openbao: resolveVault,
  vault: resolveVault,
}

const modifiers: Readonly<Record<Modifier, (value: Uint8Array) => Uint8Array>> = {
  base64decode: (value) => decode('Base64', value),
  base64encode: (value) => encodeUtf8(Buffer.from(value).toString('base64')),
  sha256sum: (value) => encodeUtf8(createHash('sha256').update(value).digest('hex')),
}

/**
 * The one value that a reference stands for. It is never looked at again: a value that looks like a reference is a
 * value.
 *
 * @throws {ResolverError} `NOT_SUPPORTED` for another backend, and what its provider throws
 */
export async function resolveReference(reference: Reference, context: ReferenceContext): Promise<Uint8Array> {
  const resolve = Object.hasOwn(backends, reference.backend) ? backends[reference.backend] : undefined
  if (resolve === undefined) {
    throw new ResolverError('NOT_SUPPORTED', `references to ${reference.backend} are not supported`, {
      hint: `the backends are ${Object.keys(backends).join(', ')}`,
    })
  }
  let value = await resolve(reference, context)
  for (const modifier of reference.modifiers) value = modifiers[modifier](value)
  return value
}
