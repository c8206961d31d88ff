import { compareUtf8, decodeUtf8, encodeUtf8, marshalJson } from '@sealkit/core/go'
import type { Values } from '../convert.ts'
import { prefixed, ResolverError } from '../error.ts'
import type { Provider, PushedSecret } from '../provider.ts'
import type { ResolveContext } from '../resolve.ts'
import type { StoreKind } from '../store.ts'
import { usableStore } from '../stores.ts'
import { type PushStore, placeOf, pushEntries, reversed } from './entries.ts'
import type { PushEntry, PushSecret } from './spec.ts'

/** What was pushed to which store, as `status.syncedPushSecrets` holds it: by `Kind/name`, then by place. */
export type PushedState = Readonly<Record<string, Readonly<Record<string, PushedEntry>>>>

/** One pushed entry as the status holds it. */
export interface PushedEntry {
  readonly match: {
    readonly secretKey?: string
    readonly remoteRef: { readonly remoteKey: string; readonly property?: string }
  }
  readonly metadata?: unknown
  readonly conversionStrategy?: string
}

/** How far a push or a deletion came. */
export interface PushOutcome {
  readonly state: PushedState
  /** Absent = it went to its end. */
  readonly error?: unknown
}

/** What is pushed where. */
export interface PushJob {
  readonly pushSecret: PushSecret
  readonly stores: readonly PushStore[]
  readonly source: PushedSecret
}

/** What pushing works with. */
export type PushContext = Omit<ResolveContext, 'signal'> & { readonly signal: AbortSignal }

/**
 * Writes the entries of a PushSecret to its stores, one after the other, and stops at the first that fails.
 *
 * Never throws: what was written until then is in `state`, so that a later deletion finds it.
 */
export async function pushData({ pushSecret, stores, source }: PushJob, context: PushContext): Promise<PushOutcome> {
  const state: Record<string, Record<string, PushedEntry>> = {}
  try {
    for (const store of stores) {
      const written: Record<string, PushedEntry> = {}
      state[`${store.kind}/${store.name}`] = written
      await withProvider(store, pushSecret.namespace, context, async (provider) => {
        for (const entry of await pushEntries(pushSecret, store, source.data, context.render)) {
          await pushEntry({ provider, store, source, policy: pushSecret.updatePolicy, signal: context.signal }, entry)
          written[placeOf(entry)] = pushedEntry(entry)
        }
      })
    }
    return { state }
  } catch (error) {
    return { state, error }
  }
}

interface EntryJob {
  readonly provider: Provider
  readonly store: PushStore
  readonly source: PushedSecret
  readonly policy: PushSecret['updatePolicy']
  readonly signal: AbortSignal
}

async function pushEntry({ provider, store, source, policy, signal }: EntryJob, entry: PushEntry): Promise<void> {
  const { secretKey, remoteKey: key, property, metadata } = entry
  const value = pushedValue(entry, source.data)
  if (policy === 'IfNotExists' && (await exists(provider, entry, signal))) return
  try {
    await provider.push({ key, property, secretKey, value, metadata, source: chosen(source, entry) }, signal)
  } catch (error) {
    throw prefixed(`could not write remote ref ${secretKey} to target secretstore ${store.name}: `, error)
  }
}

async function exists(
  provider: Provider,
  { remoteKey: key, property, metadata }: PushEntry,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await provider.exists({ key, property, metadata }, signal)
  } catch (error) {
    throw prefixed('could not verify if secret exists in store: ', error)
  }
}

function pushedValue({ secretKey, conversion, keys }: PushEntry, data: Values): Uint8Array {
  const converted = reversed(conversion, data)
  if (secretKey === '') return wholeValue(converted, keys)
  const value = converted.get(secretKey)
  if (value !== undefined) return value
  throw new ResolverError('SECRET_KEY_NOT_FOUND', `secret key ${secretKey} does not exist`, {
    hint: 'push a key that the Secret has',
  })
}

/** The source as an entry sees it: with its keys converted, and of those only the ones that it is about. */
function chosen(source: PushedSecret, { conversion, keys }: PushEntry): PushedSecret {
  const data = reversed(conversion, source.data)
  return { ...source, data: keys === null ? data : new Map([...data].filter(([key]) => keys.has(key))) }
}

function wholeValue(data: Values, keys: ReadonlySet<string> | null): Uint8Array {
  const chosen = [...data].filter(([key]) => keys === null || keys.has(key)).sort(([a], [b]) => compareUtf8(a, b))
  const members = new Map(chosen.map(([key, value]) => [key, decodeUtf8(value)]))
  return encodeUtf8(marshalJson(members, { escapeHtml: false }))
}

function pushedEntry({ secretKey, remoteKey, property, metadata, conversion }: PushEntry): PushedEntry {
  return {
    match: {
      ...(secretKey === '' ? {} : { secretKey }),
      remoteRef: { remoteKey, ...(property === '' ? {} : { property }) },
    },
    ...(metadata === undefined || metadata === null ? {} : { metadata }),
    conversionStrategy: conversion,
  }
}

/** What deleting works with: what was pushed before, and what is to stay. */
export interface DeleteJob {
  readonly namespace: string
  readonly before: PushedState
  readonly wanted: PushedState
  /** Told of a store that is gone: what was pushed there stays, for nobody can reach it any more. */
  readonly onStoreGone?: (store: string) => void
}

/**
 * Deletes what was pushed before and is not wanted any more, and stops at the first that fails. Never throws; `state`
 * is what is left at the providers.
 */
export async function deletePushed(job: DeleteJob, context: PushContext): Promise<PushOutcome> {
  const state: Record<string, Record<string, PushedEntry>> = {}
  for (const name of new Set([...Object.keys(job.before), ...Object.keys(job.wanted)])) {
    state[name] = { ...job.before[name], ...job.wanted[name] }
  }
  try {
    for (const [name, entries] of Object.entries(job.before)) {
      const gone = Object.entries(entries).filter(([place]) => job.wanted[name]?.[place] === undefined)
      if (gone.length > 0) await deleteFrom({ ...job, name, gone, left: state[name] ?? {} }, context)
      if (job.wanted[name] === undefined) delete state[name]
    }
    return { state }
  } catch (error) {
    return { state, error }
  }
}

interface StoreDeletion extends DeleteJob {
  readonly name: string
  readonly gone: readonly (readonly [string, PushedEntry])[]
  readonly left: Record<string, PushedEntry>
}

async function deleteFrom(
  { namespace, name, gone, left, onStoreGone }: StoreDeletion,
  context: PushContext,
): Promise<void> {
  const slash = name.indexOf('/')
  const store = { kind: name.slice(0, slash), name: name.slice(slash + 1), labels: {} }
  try {
    await withProvider(store, namespace, context, async (provider) => {
      for (const [place, { match, metadata }] of gone) {
        const { remoteKey: key, property = '' } = match.remoteRef
        await provider.delete({ key, property, metadata }, context.signal)
        delete left[place]
      }
    })
  } catch (error) {
    if (!(error instanceof ResolverError) || error.code !== 'STORE_NOT_FOUND' || onStoreGone === undefined) throw error
    onStoreGone(name)
    for (const [place] of gone) delete left[place]
  }
}

async function withProvider(
  { kind, name }: PushStore,
  namespace: string,
  context: PushContext,
  work: (provider: Provider) => Promise<void>,
): Promise<void> {
  const session = await openStore({ kind: kind as StoreKind, name }, namespace, context)
  try {
    await work(session.provider)
  } finally {
    session.release()
  }
}

async function openStore(ref: { kind: StoreKind; name: string }, namespace: string, context: PushContext) {
  try {
    const store = await usableStore(ref, namespace, context)
    return await context.sessions.open(store, namespace, context.cluster)
  } catch (error) {
    throw prefixed(`could not get secrets client for store ${ref.name}: `, error)
  }
}
