import type { Manifest } from '@sealkit/core/manifest'
import { names } from '@sealkit/core/sealed'
import { equal } from '../equal.ts'
import { managedFields } from './kept.ts'
import { statusOf, syncedCondition } from './status.ts'
import { isAnnotated, isControlledBy } from './target.ts'

/**
 * Whether the Secret is known to hold what the SealedSecret says without decrypting anything and without its data.
 *
 * True only when all of it holds:
 * - the status is of this generation and Synced is True, and nothing but the status was written to the SealedSecret since;
 * - the Secret is controlled by it, and neither merged into nor handed over;
 * - labels and annotations are the template's;
 * - the keys of its data are exactly the SealedSecret's, every one was last written by this controller or upstream's, and
 *   not later than the status.
 *
 * The API server keeps the last writer of each field, so a change by anybody else, even back and forth, is seen.
 *
 * @param managers field managers whose writes count as ours
 */
export function isCurrent(sealedSecret: Manifest, secret: Manifest, managers: ReadonlySet<string>): boolean {
  const condition = syncedCondition(sealedSecret)
  const synced = condition?.lastUpdateTime
  if (condition?.status !== 'True' || synced === undefined) return false
  if (statusOf(sealedSecret).observedGeneration !== sealedSecret.metadata?.generation) return false
  if (lastWrite(sealedSecret) > synced) return false
  if (!isControlledBy(secret, sealedSecret) || isAnnotated(secret, names.patch)) return false
  if (secret.metadata?.deletionTimestamp !== undefined) return false
  return metadataIsCurrent(sealedSecret, secret) && dataIsCurrent(sealedSecret, secret, { managers, synced })
}

function metadataIsCurrent(sealedSecret: Manifest, secret: Manifest): boolean {
  const wanted = record(record(record(sealedSecret['spec'])['template'])['metadata'])
  const { labels = {}, annotations = {} } = secret.metadata ?? {}
  return equal(labels, record(wanted['labels'])) && equal(annotations, record(wanted['annotations']))
}

function dataIsCurrent(
  sealedSecret: Manifest,
  secret: Manifest,
  { managers, synced }: { readonly managers: ReadonlySet<string>; readonly synced: string },
): boolean {
  const spec = record(sealedSecret['spec'])
  // The format before 0.7 does not name its keys.
  if (spec['data'] !== undefined) return false
  const templates = record(record(spec['template'])['data'])
  const wanted = new Set([...Object.keys(record(spec['encryptedData'])), ...Object.keys(templates)])
  const held = new Set<string>()
  for (const entry of managedFields(secret)) {
    const keys = Object.keys(record(entry.fieldsV1?.['f:data'])).filter((field) => field.startsWith('f:'))
    if (keys.length === 0) continue
    if (!managers.has(entry.manager ?? '') || (entry.time ?? '') > synced) return false
    for (const key of keys) held.add(key.slice(2))
  }
  return held.size === wanted.size && [...wanted].every((key) => held.has(key))
}

/** When anything but the status was last written; times of one form sort as texts. */
function lastWrite(object: Manifest): string {
  const times = managedFields(object).flatMap(({ subresource, time }) =>
    subresource === 'status' ? [] : [time ?? '9'],
  )
  return times.sort().at(-1) ?? '9'
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
