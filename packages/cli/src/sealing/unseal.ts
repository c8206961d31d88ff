import {
  type Manifest,
  readManifests,
  sealedSecretObject,
  secretManifest,
  withoutUnknownOwners,
} from '@sealkit/core/manifest'
import { type KeyRing, unsealSecret } from '@sealkit/core/sealed'
import { CliError } from '../exit.ts'
import { lazyRender } from './render.ts'

/**
 * The Secrets of a text of SealedSecrets. Where an item does not open, the error says why as far as the keys can tell.
 *
 * @throws DECRYPTION_FAILED, INVALID_BASE64, TEMPLATE_FAILED, INVALID_MANIFEST, YAML_SYNTAX
 * @throws USAGE where there is something else in the text
 */
export async function unsealManifests(input: Uint8Array, keyRing: KeyRing): Promise<Manifest[]> {
  const secrets: Manifest[] = []
  try {
    for (const sealed of await readManifests(sealedSecretObject, input)) secrets.push(await unsealed(sealed, keyRing))
  } catch (error) {
    throw await (await import('./diagnose.ts')).diagnosed(error, input, keyRing)
  }
  return secrets
}

async function unsealed(sealed: Manifest, keyRing: KeyRing): Promise<Manifest> {
  const { kind = 'SealedSecret' } = sealed
  if (kind !== 'SealedSecret') {
    throw new CliError('USAGE', `the input holds a ${kind}, not a SealedSecret`, { hint: 'give SealedSecrets only' })
  }
  const secret = await unsealSecret(sealed, keyRing, { render: lazyRender })
  // A list where the items should be is read as none, as upstream's decoder does.
  if (secret.data.size === 0 && !isEmptyMapping(sealed)) {
    throw new CliError('USAGE', 'the SealedSecret has no items', { hint: 'write spec.encryptedData as a mapping' })
  }
  return secretManifest(withoutUnknownOwners(secret))
}

/** A Secret without data may be meant: then the mapping is there, and empty. */
function isEmptyMapping({ spec }: Manifest): boolean {
  if (typeof spec !== 'object' || spec === null) return false
  if (Reflect.get(spec, 'data') !== undefined) return true
  const items: unknown = Reflect.get(spec, 'encryptedData')
  return typeof items === 'object' && items !== null
}
