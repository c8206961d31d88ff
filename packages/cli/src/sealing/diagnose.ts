import { CoreError } from '@sealkit/core'
import { type KeyRing, label, type Scope, scopes, splitItem } from '@sealkit/core/sealed'
import { type Identity, printable } from './place.ts'

/** What an item may have been sealed for. */
export interface Target extends Identity {
  readonly scope: Scope
}

/** An item that should open, and what it may have been sealed for instead. */
export interface Patient {
  readonly sealed: Uint8Array
  readonly target: Target
  /** Names and namespaces that are seen nearby. */
  readonly names: readonly string[]
  readonly namespaces: readonly string[]
}

/**
 * Why no key opens an item; null when one does. The ciphertext itself says nothing, so other labels are tried: a copied
 * or renamed object is found by them. Only who holds the private key can ask.
 */
export async function diagnose(patient: Patient, keyRing: KeyRing): Promise<string | null> {
  const { sealed, target } = patient
  if (await opens(keyRing, sealed, target)) return null
  const bits = (splitItem(sealed)?.wrapped.length ?? 0) * 8
  if (!keyRing.keys().some(({ privateKey }) => Math.ceil(privateKey.modulusBits / 8) * 8 === bits)) {
    return `sealed for another key, one of ${bits} bits`
  }
  for (const other of others(patient)) {
    if (await opens(keyRing, sealed, other)) return difference(target, other)
  }
  return 'no key opens it: sealed for another key, or for a name or namespace that is not seen here'
}

async function opens(keyRing: KeyRing, sealed: Uint8Array, { scope, namespace, name }: Target): Promise<boolean> {
  try {
    const plaintext = await keyRing.unseal(sealed, label(scope, namespace, name))
    plaintext.fill(0)
    return true
  } catch (error) {
    if (error instanceof CoreError && error.code === 'DECRYPTION_FAILED') return false
    throw error
  }
}

/** Each label costs a decryption for every key, so only so many names and namespaces are tried: the nearest. */
const maxNames = 6

/** Every other label once, the likeliest first: what differs least. */
function others({ target, ...near }: Patient): Target[] {
  const [names, namespaces] = [near.names, near.namespaces].map((texts) => [...new Set(texts)].slice(0, maxNames))
  const targets = [target.scope, ...scopes.map(({ name }) => name)].flatMap((scope) =>
    [target.namespace, ...(namespaces ?? [])].flatMap((namespace) =>
      [target.name, ...(names ?? [])].map((name): Target => ({ scope, namespace, name })),
    ),
  )
  const distance = (other: Target): number =>
    [other.scope !== target.scope, other.namespace !== target.namespace, other.name !== target.name].filter(Boolean)
      .length
  const seen = new Set([labelText(target)])
  return targets
    .sort((a, b) => distance(a) - distance(b))
    .filter((other) => {
      const text = labelText(other)
      return !seen.has(text) && seen.add(text)
    })
}

function labelText({ scope, namespace, name }: Target): string {
  return new TextDecoder().decode(label(scope, namespace, name))
}

function difference(target: Target, other: Target): string {
  const parts = [
    ...(other.scope === target.scope ? [] : [`in scope ${other.scope}, where the annotations say ${target.scope}`]),
    ...(other.name === target.name ? [] : [`for the name ${other.name}`]),
    ...(other.namespace === target.namespace ? [] : [`for the namespace ${other.namespace || 'of no name'}`]),
  ]
  return `sealed ${parts.join(' and ')}`
}

/** What a check says of SealedSecrets with these keys, a line for each finding; nothing where the text cannot be read. */
export async function findingsOf(input: Uint8Array, keyRing: KeyRing): Promise<readonly string[]> {
  const { sealedSecretChecker } = await import('./check.ts')
  const context = { publicKeys: [], keyRing, namespace: undefined }
  try {
    const { findings } = await sealedSecretChecker.check(Buffer.from(input).toString(), context, 'input')
    return findings.map(({ place, text }) => printable([...place, text].join(': ')))
  } catch (error) {
    if (error instanceof CoreError) return []
    throw error
  }
}

/** The error of what did not decrypt, with why; every other error as it is. */
export async function diagnosed(error: unknown, input: Uint8Array, keyRing: KeyRing): Promise<unknown> {
  if (!(error instanceof CoreError) || error.code !== 'DECRYPTION_FAILED') return error
  const findings = await findingsOf(input, keyRing)
  if (findings.length === 0) return error
  return new CoreError(error.code, [error.message, ...findings].join('\n'), {
    cause: error,
    hint: 'put back the name, namespace or scope, give the key that it was sealed for, or seal the Secret again',
  })
}
