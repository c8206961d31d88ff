import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster, type Informer, informer, resources } from '@sealkit/kubernetes'
import type { RecordEvent } from '../event.ts'
import { errorFields, type Log } from '../log.ts'
import type { Controller } from '../manager.ts'
import type { SopsSecretMetrics } from '../metrics.ts'
import type { SopsSecretSettings } from '../settings.ts'
import { type SopsKeys, sopsKeys } from '../sops-keys/keys.ts'
import type { KeySet } from '../sops-keys/keyset.ts'
import { defaultRules, type KeyRules, readRules } from '../sops-keys/rules.ts'
import { type SopsSecretController, sopsSecretController } from './controller.ts'
import { decryption } from './decrypt.ts'
import { statusWriter } from './status.ts'

/** What the service of SopsSecrets works with. */
export interface SopsSecretServiceOptions {
  readonly cluster: Cluster
  readonly settings: SopsSecretSettings
  /** Keys for every namespace, where there is no cluster. */
  readonly common?: KeySet
  readonly env: Readonly<Record<string, string | undefined>>
  readonly metrics: SopsSecretMetrics
  readonly recordEvent: RecordEvent
  readonly log: Log
  readonly now: () => Date
}

/** Everything about SopsSecrets in one process. */
export interface SopsSecretService {
  readonly controller: Controller
  /** Removes key rings. */
  close(): Promise<void>
}

/** Milliseconds between looks at the file of rules: a mounted ConfigMap changes under it. */
const rulesEvery = 2_000

/**
 * Puts the controller of SopsSecrets and their keys together. Nothing runs yet.
 *
 * @throws {ControllerError} `KEY_RULES_INVALID`, and what reading the file of rules throws
 */
export async function sopsSecretService(options: SopsSecretServiceOptions): Promise<SopsSecretService> {
  const { cluster, settings, log, now, env, common } = options
  const { rulesFile } = settings
  const file = rulesFile === '' ? null : { text: await readFile(rulesFile, 'utf8') }
  let rules = file === null ? defaultRules : readRules(file.text)
  const onWatchError = (error: unknown): void => log.warn('watch failed, trying again', errorFields(error))
  let controller: SopsSecretController | null = null
  // Rules may come to ask for labels later.
  const onChange = (): void => controller?.retryFailed()
  const namespaces = file === null ? null : namespaceInformer(cluster, { onWatchError, onChange })
  const keys: SopsKeys = sopsKeys({
    cluster,
    rules: () => rules,
    labelled: (namespace) => controller?.labelled(namespace) ?? [],
    namespaceLabels: (name) => namespaces?.get({ namespace: '', name })?.metadata.labels ?? {},
    env,
    log,
    ...(common === undefined ? {} : { common }),
  })
  controller = sopsSecretController({
    ...options,
    ...settings,
    decrypt: decryption({ keys, policy: () => settings.mac, fromFiles: common !== undefined }),
    status: statusWriter(cluster, now),
    fieldManager: 'sealkit',
    isKeySecret: (key) => rules.some((rule) => rule.secrets.some((ref) => ref.name === key.name)),
    onWatchError,
  })
  const { retryFailed } = controller
  const background = async (signal: AbortSignal): Promise<void> => {
    if (file === null) return
    for await (const next of changedRules(rulesFile, file.text, { signal, log })) {
      rules = next
      retryFailed()
    }
  }
  return {
    controller: {
      ...controller,
      informers: [...controller.informers, ...(namespaces === null ? [] : [namespaces])],
      background,
    },
    close: () => keys.close(),
  }
}

function namespaceInformer(
  cluster: Cluster,
  { onWatchError, onChange }: { onWatchError: (error: unknown) => void; onChange: () => void },
): Informer {
  return informer({
    cluster,
    resource: resources.namespace,
    list: { metadataOnly: true },
    onError: onWatchError,
    handlers: { updated: onChange },
  })
}

/** The rules, whenever their file has changed; what cannot be read is said, and the rules stay as they were. */
async function* changedRules(
  path: string,
  text: string,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): AsyncGenerator<KeyRules> {
  let last = text
  while (!signal.aborted) {
    await delay(rulesEvery, undefined, { signal, ref: false }).catch(() => undefined)
    try {
      const next = signal.aborted ? last : await readFile(path, 'utf8')
      if (next === last) continue
      last = next
      yield readRules(next)
      log.info('the rules of keys have changed', { path })
    } catch (error) {
      log.error('the rules of keys stay as they were', { path, ...errorFields(error) })
    }
  }
}
