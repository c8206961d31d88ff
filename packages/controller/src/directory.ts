import { machineIo } from '@sealkit/keyservice/node'
import { directoryCluster } from '@sealkit/kubernetes'
import { admission } from './crds/admit.ts'
import { providerEnvironment } from './environment.ts'
import { ControllerError } from './error.ts'
import type { Flag, FlagValues } from './flags.ts'
import type { ControllerIo } from './io.ts'
import { errorFields, type Log } from './log.ts'
import { runController } from './run.ts'
import { keySelector } from './sealing-key/keys.ts'
import type { Settings } from './settings.ts'
import { settling } from './settle.ts'
import { folderKeys } from './sops-keys/folder.ts'

/** Flags of directory mode, which `--in` turns on. */
export const directoryFlags: readonly Flag[] = [
  { name: 'in', type: 'text', default: '', usage: 'directory mode: folder of manifests, only read' },
  { name: 'out', type: 'text', default: '', usage: 'directory mode: folder that the Secrets are written to' },
  {
    name: 'keys',
    type: 'text',
    default: '',
    usage: 'directory mode: folder of sealing keys, keys for SOPS (*.txt, *.agekey, *.asc) and store credentials',
  },
  { name: 'state', type: 'text', default: '', usage: 'directory mode: folder of statuses, events and identities' },
  { name: 'files', type: 'flag', default: 'false', usage: 'directory mode: write each Secret also as one file a key' },
  {
    name: 'sops-servers',
    type: 'flag',
    default: 'false',
    usage:
      'directory mode: have SOPS files decrypted by the KMS or Vault that they name, and by gpg, with the credentials of this process',
  },
  {
    name: 'once',
    type: 'flag',
    default: 'false',
    usage: 'directory mode: end when every object is done; exit 1 when one failed',
  },
]

/** What directory mode runs with. */
export interface DirectoryRunOptions {
  readonly io: ControllerIo
  readonly values: FlagValues
  readonly settings: Settings
  readonly log: Log
}

/**
 * Runs the same controllers over folders instead of a cluster, and one more for Secrets that SOPS encrypted.
 *
 * @returns the exit code: with `--once` 1 when an object failed or a file could not be read
 * @throws {ControllerError} `CONTROLLER_USAGE`
 */
export async function runDirectory({ io, values, settings, log }: DirectoryRunOptions): Promise<number> {
  const folders = foldersOf(values)
  const machine = values.flag('sops-servers') ? machineIo({ env: io.env, cwd: io.cwd, network: true }) : null
  const sops = await folderKeys(folders.keys, { env: io.env, machine })
  let unreadable = 0
  const cluster = await directoryCluster({
    ...folders,
    files: values.flag('files'),
    keySelector,
    admit: admission({ rules: true }),
    onError(error) {
      unreadable += 1
      log.error('not read', errorFields(error))
    },
  })
  const stop = new AbortController()
  const settled = values.flag('once') ? settling(() => stop.abort()) : null
  try {
    await runController({
      cluster,
      log,
      settings,
      signal: AbortSignal.any([io.signal, stop.signal]),
      environment: providerEnvironment(io),
      onKeyRequest: io.onKeyRequest,
      sops,
      ...(settled !== null && { prepare: settled.prepare }),
      onReady: () => {
        log.info('ready', { ...folders })
        settled?.begin()
      },
    })
  } finally {
    await Promise.all([cluster.close(), sops.close()])
  }
  if (settled === null) return 0
  const failed = settled.failures()
  log.info('settled', { reconciled: settled.reconciled(), failed: failed.length, unreadable })
  return failed.length + unreadable === 0 ? 0 : 1
}

function foldersOf(values: FlagValues): { in: string; out: string; state: string; keys?: string } {
  const [out, state, keys] = [values.text('out'), values.text('state'), values.text('keys')]
  if (out === '' || state === '') {
    throw new ControllerError('CONTROLLER_USAGE', 'directory mode needs --out and --state beside --in', {
      hint: 'controller --in=manifests --keys=keys --out=secrets --state=state',
    })
  }
  return { in: values.text('in'), out, state, ...(keys !== '' && { keys }) }
}
