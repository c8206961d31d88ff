import { CoreError } from '@sealkit/core'
import { checkDataKey, checkName, checkNamespace } from '@sealkit/core/manifest'
import { scopes, sealedSecretType, splitItem } from '@sealkit/core/sealed'
import type { CheckContext, Checker, Finding } from '../checker.ts'
import { diagnose } from './diagnose.ts'
import { type ScalarText, type SealedItem, type SealedObject, sealedObjects, segmentsOf } from './objects.ts'
import { identityOf, objectText, sealedBytes } from './place.ts'

/** Checks SealedSecrets: what a controller would refuse, found before it is asked. */
export const sealedSecretChecker: Checker = {
  kind: sealedSecretType.kind,
  mentions: (text) => text.includes(sealedSecretType.kind),
  async check(text, context) {
    const objects = sealedObjects(segmentsOf(text))
    const findings: Finding[] = []
    for (const object of objects) {
      const place = objectText(object)
      const texts = objectChecks.flatMap((check) => check(object, context))
      findings.push(...texts.map((one): Finding => ({ place: [place], text: one })))
      for (const item of object.items) {
        const found = await itemTexts(item, object, objects, context)
        findings.push(...found.map((one): Finding => ({ place: [place, item.key], text: one })))
      }
    }
    return { objects: objects.length, findings }
  },
}

type ObjectCheck = (object: SealedObject, context: CheckContext) => readonly string[]

/** What can be wrong with an object as a whole. */
const objectChecks: readonly ObjectCheck[] = [
  ({ apiVersion }) =>
    apiVersion === sealedSecretType.apiVersion ? [] : [`apiVersion is not ${sealedSecretType.apiVersion}`],
  ({ metadata }) => nameTexts('metadata.name', metadata.name, checkName, true),
  ({ metadata }, { namespace }) =>
    nameTexts(
      'metadata.namespace',
      metadata.namespace,
      checkNamespace,
      metadata.scope !== 'cluster-wide' && namespace === undefined,
    ),
  scopeTexts,
  ({ encryptedData, items }) =>
    encryptedData === undefined && items.length === 0 ? ['spec.encryptedData is missing, or no mapping'] : [],
  ({ items }) =>
    items.some(({ key }) => key === 'spec.data')
      ? ['spec.data is the format before 0.7: unseal it and seal the Secret again']
      : [],
]

function nameTexts(
  field: string,
  text: ScalarText | undefined,
  check: (name: string) => void,
  needed: boolean,
): readonly string[] {
  if (text === undefined || (text.value === '' && text.isText)) return needed ? [`${field} is missing`] : []
  if (!text.isText) return [`${field} is no text: quote it`]
  return messageOf(() => check(text.value))
}

function scopeTexts({ metadata: { annotations } }: SealedObject): readonly string[] {
  const found = scopes.flatMap(({ annotation }) => {
    const text = annotation === null ? undefined : annotations.get(annotation)
    return annotation === null || text === undefined ? [] : [{ annotation, text }]
  })
  return [
    ...found.flatMap(({ annotation, text: { value, isText } }) => {
      if (!isText) return [`the annotation ${annotation} is no text: quote it`]
      return value === 'true' ? [] : [`the annotation ${annotation} has no effect: only "true" has`]
    }),
    ...(found.length > 1 ? ['both scopes are annotated: keep the one that is meant'] : []),
  ]
}

async function itemTexts(
  item: SealedItem,
  object: SealedObject,
  objects: readonly SealedObject[],
  context: CheckContext,
): Promise<readonly string[]> {
  const old = item.key === 'spec.data'
  const named = old ? [] : messageOf(() => checkDataKey(item.key))
  const twice = object.items.some((other) => other.key === item.key && other !== item)
  const key = [...named, ...(twice ? ['the key stands there several times'] : [])]
  try {
    const sealed = sealedBytes(item)
    const form = formText(sealed, context)
    if (form !== null) return [...key, form]
    const why = await openText(sealed, object, objects, context)
    return why === null ? key : [...key, why]
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    return [...key, error.message]
  }
}

/** Length of the tag that AES-GCM puts behind a ciphertext. */
const tagBytes = 16

/** Bytes of the shortest RSA key that seals: 1024 bits. */
const minimumKeyBytes = 128

/** What is wrong with an item's bytes, before any key is tried. */
function formText(sealed: Uint8Array, { publicKeys }: CheckContext): string | null {
  const parts = splitItem(sealed)
  if (parts === null) return `too short: ${sealed.length} bytes do not hold the RSA part that they announce`
  const { wrapped, encrypted } = parts
  if (wrapped.length < minimumKeyBytes) return `no sealed item: an RSA part of ${wrapped.length} bytes is too short`
  if (encrypted.length < tagBytes) return `too short: ${encrypted.length} bytes behind the RSA part`
  const sizes = publicKeys.map(({ modulusBits }) => modulusBits)
  if (sizes.length === 0 || sizes.some((bits) => Math.ceil(bits / 8) === wrapped.length)) return null
  return `sealed for a key of ${wrapped.length * 8} bits, where the certificate has ${sizes.join(' or ')}`
}

/** Why no private key opens an item; null when one does, or when none is at hand. */
async function openText(
  sealed: Uint8Array,
  object: SealedObject,
  objects: readonly SealedObject[],
  { keyRing, namespace }: CheckContext,
): Promise<string | null> {
  if (keyRing === undefined) return null
  const near = [object, ...objects].flatMap(({ metadata }) => [metadata, metadata.template])
  const texts = (field: 'name' | 'namespace'): string[] => near.flatMap((one) => one[field]?.value || [])
  try {
    const target = { ...identityOf(object, namespace), scope: object.metadata.scope }
    const namespaces = ['default', ...(namespace === undefined ? [] : [namespace]), ...texts('namespace')]
    return await diagnose({ sealed, target, names: texts('name'), namespaces }, keyRing)
  } catch (error) {
    // A missing name is a finding of the object already.
    if (error instanceof CoreError && error.code === 'INVALID_MANIFEST') return null
    throw error
  }
}

function messageOf(check: () => void): readonly string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    return [error.message]
  }
}
