import { connectCluster, ownNamespace } from '../../connect.ts'
import { ControllerError } from '../../error.ts'
import { type FlagValues, flagUsage, parseFlags } from '../../flags.ts'
import { type ControllerIo, logOf } from '../../io.ts'
import type { Log } from '../../log.ts'
import { runController } from '../../run.ts'
import type { SealedSecretSettings, Settings } from '../../settings.ts'
import { flags, requestLimit, sealedSecretSettings, sealkitFlags, upstreamFlags } from './flags.ts'

/** The version of Sealed Secrets whose controller this stands for. */
const version = 'v0.38.4'

const usage = `Usage of sealed-secrets-controller:\n${flagUsage(upstreamFlags)}`

/** Exit code of pflag's ExitOnError. */
const wrongUsage = 2

/**
 * The command line of Sealed Secrets' controller: its flags, variables, ports and paths.
 *
 * @returns the exit code
 * @throws {ControllerError} `CONTROLLER_USAGE` and what else starting throws
 */
export async function run(io: ControllerIo): Promise<number> {
  const values = parse(io)
  if (values === null) return wrongUsage
  io.err(values.notices.join(''))
  if (values.help) {
    io.err(`${usage}\nFlags of Sealkit:\n${flagUsage(sealkitFlags)}`)
    return 0
  }
  if (values.flag('version')) {
    io.out(`controller version: ${version}\n`)
    return 0
  }
  const log = logOf(io, {
    level: values.text('log-level'),
    format: values.text('log-format'),
    infoToOut: values.flag('log-info-stdout'),
  })
  const namespace = await ownNamespace(io)
  const sealedSecrets = sealedSecretSettings(values, namespace)
  log.info('Starting sealed-secrets controller', { version })
  report(values, log)
  await control({ io, log, values, settings: settingsOf(values, { io, namespace, sealedSecrets }) })
  return 0
}

/** The values; null when the command line is wrong, which is then said in pflag's way. */
function parse(io: ControllerIo): FlagValues | null {
  try {
    return parseFlags(flags, { args: io.argv, env: io.env, envPrefix: 'SEALED_SECRETS', positional: true })
  } catch (error) {
    if (!(error instanceof ControllerError)) throw error
    io.err(`${usage}${error.message}\n`)
    return null
  }
}

/** Says what of a command line that is accepted has no effect. */
function report(values: FlagValues, log: Log): void {
  for (const argument of values.positional) log.warn('argument has no effect; flags need --name=value', { argument })
  const order = values.text('key-order-priority')
  if (order === 'CertNotBefore' || order === 'SecretCreationTimestamp') return
  log.error('Invalid keyOrderPriority. Use CertNotBefore or SecretCreationTimestamp', { keyOrderPriority: order })
}

function settingsOf(
  values: FlagValues,
  {
    io,
    namespace,
    sealedSecrets,
  }: { readonly io: ControllerIo; readonly namespace: string; readonly sealedSecrets: SealedSecretSettings },
): Settings {
  return {
    version,
    namespace,
    sealedSecrets,
    externalSecrets: null,
    sopsSecrets: null,
    metricsAddress: values.text('listen-metrics-addr'),
    leaderElection: values.flag('leader-elect'),
    identity: io.env['HOSTNAME'] ?? '',
    takeover: values.flag('takeover'),
  }
}

async function control({
  io,
  log,
  values,
  settings,
}: {
  readonly io: ControllerIo
  readonly log: Log
  readonly values: FlagValues
  readonly settings: Settings
}): Promise<void> {
  const rateLimit = requestLimit(values)
  const place = { kubeconfig: values.text('kubeconfig'), context: values.text('context') }
  const cluster = await connectCluster(io, place, rateLimit)
  // Renewals of the lease never wait behind a limited queue of requests.
  const election = rateLimit !== undefined && settings.leaderElection ? await connectCluster(io, place) : cluster
  try {
    await runController({ cluster, election, log, signal: io.signal, onKeyRequest: io.onKeyRequest, settings })
  } finally {
    election.close()
    cluster.close()
  }
}
