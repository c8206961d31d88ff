import { CoreError } from '@sealkit/core'
import { decodeBase64 } from '@sealkit/core/manifest'
import { label } from '@sealkit/core/sealed'
import { type ScalarText, type SealedItem, type SealedObject, scalarText } from './objects.ts'

/** What an object's items are sealed for. */
export interface Identity {
  readonly name: string
  readonly namespace: string
}

/** How messages name an object: `SealedSecret shop/database`. */
export function objectText({ metadata: { name, namespace } }: SealedObject): string {
  return `SealedSecret ${[namespace, name].map(shownText).join('/')}`
}

function shownText(text: ScalarText | undefined): string {
  return text === undefined || text.value === '' ? '?' : printable(text.value)
}

/** A text without the characters that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}

/**
 * Name and namespace that an object is sealed for, as far as its scope asks for them.
 *
 * @throws INVALID_MANIFEST where the scope needs one that is not there
 */
export function identityOf({ metadata }: SealedObject, namespace: string | undefined): Identity {
  const identity = { name: metadata.name?.value ?? '', namespace: metadata.namespace?.value || (namespace ?? '') }
  if (metadata.scope === 'strict' && identity.name === '') {
    throw new CoreError('INVALID_MANIFEST', 'metadata.name is missing', { hint: 'set it' })
  }
  if (metadata.scope !== 'cluster-wide' && identity.namespace === '') {
    throw new CoreError('INVALID_MANIFEST', 'metadata.namespace is missing', {
      hint: 'set it, or pass --namespace',
    })
  }
  return identity
}

/**
 * The label of an object's items.
 *
 * @throws INVALID_MANIFEST like {@link identityOf}
 */
export function labelOf(object: SealedObject, namespace: string | undefined): Uint8Array {
  const identity = identityOf(object, namespace)
  return label(object.metadata.scope, identity.namespace, identity.name)
}

/**
 * The bytes of a sealed item.
 *
 * @throws INVALID_BASE64, INVALID_MANIFEST
 */
export function sealedBytes({ value }: SealedItem): Uint8Array {
  const text = scalarText(value)
  const empty = text === undefined || (text.isText && text.value === '')
  if (empty) throw new CoreError('INVALID_MANIFEST', 'the item is empty')
  if (!text.isText) throw new CoreError('INVALID_MANIFEST', 'the item is no text', { hint: 'quote it' })
  return decodeBase64(text.value)
}
