import type { KeyKind, Unwrap, Wrap } from '@sealkit/core/sops'
import { KeyserviceError } from './error.ts'
import type { KeyContext, MasterKey } from './kind.ts'

/** Every kind that is supported; a kind's module is loaded when a key of it is used. */
const kinds: Readonly<Partial<Record<KeyKind, (context: KeyContext) => Promise<MasterKey>>>> = {
  age: async (context) => (await import('./age.ts')).ageKey(context),
  gcp_kms: async (context) => (await import('./gcp-kms.ts')).gcpKmsKey(context),
  azure_kv: async (context) => (await import('./azure-key-vault.ts')).azureKeyVaultKey(context),
  kms: async (context) => (await import('./aws-kms.ts')).awsKmsKey(context),
  hc_vault: async (context) => (await import('./vault-transit.ts')).vaultTransitKey(context),
  pgp: async (context) => (await import('./pgp.ts')).pgpKey(context),
}

/** The two functions that {@link wrapDataKey} and {@link unwrapDataKey} of `@sealkit/core/sops` take. */
export interface MasterKeys {
  readonly wrap: Wrap
  readonly unwrap: Unwrap
}

/** Master keys over one context; what a kind loads (identities, clients) is loaded once. */
export function masterKeys(context: KeyContext): MasterKeys {
  const opened = new Map<KeyKind, Promise<MasterKey>>()
  const open = (kind: KeyKind): Promise<MasterKey> => {
    const known = opened.get(kind) ?? load(kind, context)
    opened.set(kind, known)
    return known
  }
  return {
    wrap: async (part, entry, options) => (await open(entry.kind)).wrap(part, entry, options),
    unwrap: async (entry, options) => {
      const part = await (await open(entry.kind)).unwrap(entry, options)
      if (part !== null) return part
      throw new KeyserviceError('IDENTITY_MISSING', `nothing at hand decrypts for the ${entry.kind} key of the file`)
    },
  }
}

async function load(kind: KeyKind, context: KeyContext): Promise<MasterKey> {
  const kindOf = kinds[kind]
  if (kindOf !== undefined) return kindOf(context)
  throw new KeyserviceError('MASTER_KEY_UNSUPPORTED', `master keys of the kind ${kind} are not supported yet`, {
    hint: `supported are ${Object.keys(kinds).join(', ')}`,
  })
}
