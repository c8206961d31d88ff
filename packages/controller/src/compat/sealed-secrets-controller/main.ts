import { connectCluster, ownNamespace } from '../../connect.ts'
import { flagUsage, parseFlags } from '../../flags.ts'
import { type ControllerIo, logOf } from '../../io.ts'
import { runController } from '../../run.ts'
import { flags, sealedSecretSettings } from './flags.ts'

/** The version of Sealed Secrets whose controller this stands for. */
const version = 'v0.38.4'

/**
 * The command line of Sealed Secrets' controller: its flags, variables, ports and paths.
 *
 * @returns the exit code
 * @throws {ControllerError} `CONTROLLER_USAGE` and what else starting throws
 */
export async function run(io: ControllerIo): Promise<number> {
  if (io.argv.includes('--help') || io.argv.includes('-h')) {
    io.err(`Usage of sealed-secrets-controller:\n${flagUsage(flags)}`)
    return 0
  }
  const values = parseFlags(flags, { args: io.argv, env: io.env, envPrefix: 'SEALED_SECRETS' })
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
  const cluster = await connectCluster(io, { kubeconfig: values.text('kubeconfig'), context: values.text('context') })
  try {
    await runController({
      cluster,
      log,
      signal: io.signal,
      onKeyRequest: io.onKeyRequest,
      settings: {
        version,
        namespace,
        sealedSecrets,
        externalSecrets: null,
        metricsAddress: values.text('listen-metrics-addr'),
        leaderElection: false,
        identity: io.env['HOSTNAME'] ?? '',
        takeover: values.flag('takeover'),
      },
    })
  } finally {
    cluster.close()
  }
  return 0
}
