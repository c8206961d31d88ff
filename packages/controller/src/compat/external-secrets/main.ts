import { connectCluster, discovery, ownNamespace, tokens } from '../../connect.ts'
import { providerEnvironment } from '../../environment.ts'
import { flagUsage, parseFlags } from '../../flags.ts'
import { type ControllerIo, logOf } from '../../io.ts'
import { runController } from '../../run.ts'
import { externalSecretSettings, flags } from './flags.ts'

/** The version of External Secrets whose controller this stands for. */
const version = 'v2.9.0'

/**
 * The command line of External Secrets' controller: its flags and ports.
 *
 * @returns the exit code
 * @throws {ControllerError} `CONTROLLER_USAGE` and what else starting throws
 */
export async function run(io: ControllerIo): Promise<number> {
  if (io.argv.includes('--help') || io.argv.includes('-h')) {
    io.out(`Usage:\n  external-secrets [flags]\n\nFlags:\n${flagUsage(flags)}`)
    return 0
  }
  const values = parseFlags(flags, { args: io.argv })
  if (values.flag('version')) {
    io.out(`external-secrets version: ${version}\n`)
    return 0
  }
  const log = logOf(io, { level: values.text('loglevel'), format: 'json', infoToOut: false })
  const cluster = await connectCluster(io, { kubeconfig: values.text('kubeconfig'), context: values.text('context') })
  try {
    await runController({
      cluster,
      log,
      signal: io.signal,
      environment: providerEnvironment(io),
      mintToken: tokens(cluster),
      discover: discovery(cluster),
      reviewToken: cluster.reviewToken,
      settings: {
        version,
        namespace: await ownNamespace(io),
        sealedSecrets: null,
        externalSecrets: externalSecretSettings(values),
        sopsSecrets: null,
        metricsAddress: values.text('metrics-addr'),
        leaderElection: values.flag('enable-leader-election'),
        identity: io.env['HOSTNAME'] ?? '',
        takeover: values.flag('takeover'),
      },
    })
  } finally {
    cluster.close()
  }
  return 0
}
