import { marshalYaml } from '@sealkit/core/yaml'
import { flags as externalFlags, externalSecretSettings } from './compat/external-secrets/flags.ts'
import { flags as sealedFlags, sealedSecretSettings } from './compat/sealed-secrets-controller/flags.ts'
import { connectCluster, discovery, ownNamespace, tokens } from './connect.ts'
import { type CrdFamily, crdFamilies, crds } from './crds/index.ts'
import { withRules } from './crds/rules.ts'
import { directoryFlags, runDirectory } from './directory.ts'
import { providerEnvironment } from './environment.ts'
import { ControllerError } from './error.ts'
import { type Flag, type FlagValues, flagUsage, parseFlags } from './flags.ts'
import { type ControllerIo, logOf } from './io.ts'
import { runController } from './run.ts'
import { type Kind, kinds, type Settings } from './settings.ts'
import { flags as sopsFlags, sopsSecretSettings } from './sops-secret/flags.ts'
import { version } from './version.ts'

/** Flags of the controller itself; the others are those of the two upstream controllers, under their names. */
const ownFlags: readonly Flag[] = [
  {
    name: 'controllers',
    type: 'text',
    default: '',
    usage: `kinds to take care of, comma-separated: ${kinds.join(', ')}`,
  },
  { name: 'namespaces', type: 'text', default: '', usage: 'namespaces to look at, comma-separated; empty = all' },
  { name: 'kubeconfig', type: 'text', default: '', usage: 'path of a kubeconfig, outside a cluster' },
  { name: 'context', type: 'text', default: '', usage: 'context of the kubeconfig' },
  {
    name: 'takeover',
    type: 'flag',
    default: 'false',
    usage: 'start even where the upstream controller of a kind runs',
  },
  { name: 'leader-elect', type: 'flag', default: 'false', usage: 'only one of several replicas writes at a time' },
  { name: 'workers', type: 'integer', default: '8', usage: 'objects of a kind that are worked on at once' },
  { name: 'listen-addr', type: 'text', default: ':8080', usage: 'address of the Sealed Secrets API' },
  { name: 'metrics-addr', type: 'text', default: ':8081', usage: 'address of /metrics; empty = none' },
  { name: 'health-addr', type: 'text', default: ':8082', usage: 'address of /healthz and /readyz; empty = none' },
  { name: 'watch-for-secrets', type: 'flag', default: 'true', usage: 'load sealing keys as they are created' },
  { name: 'log-level', type: 'text', default: 'info', usage: 'debug, info, warn or error' },
  { name: 'log-format', type: 'text', default: 'text', usage: 'text or json' },
  { name: 'version', type: 'flag', default: 'false', usage: 'print the version and exit' },
]

/** Flags of the upstream controllers that mean the same here. */
const shared: readonly string[] = [
  'accept-deprecated-v1-data',
  'key-cutoff-time',
  'key-order-priority',
  'key-prefix',
  'key-renew-period',
  'key-size',
  'key-ttl',
  'label-selector',
  'max-unseal-retries',
  'metrics-omit-secret-labels',
  'my-cn',
  'old-gc-behavior',
  'privatekey-annotations',
  'privatekey-labels',
  'rate-limit',
  'rate-limit-burst',
  'skip-recreate',
  'update-status',
  'controller-class',
  'enable-flood-gate',
  'refresh-listener-addr',
  'refresh-listener-cert',
  'refresh-listener-key',
  'store-requeue-interval',
  'template-left-delimiter',
  'template-right-delimiter',
  'unsafe-allow-generic-targets',
  'generic-target-kinds',
]

const own = new Set([...ownFlags, ...directoryFlags].map(({ name }) => name))
const upstreamFlags = [...sealedFlags, ...externalFlags].filter(({ name }) => !own.has(name))

/** Every flag, those of upstream's controllers that have a use here included. */
const flags: readonly Flag[] = [
  ...ownFlags,
  ...directoryFlags,
  ...sopsFlags,
  ...upstreamFlags.filter(({ name }) => shared.includes(name)),
]

const help = `sealkit's controller: turns SealedSecrets, ExternalSecrets and SopsSecrets into Secrets.

Usage:
  controller --controllers=KIND[,KIND] [flags]     run in a cluster
  controller --in=DIR --out=DIR --state=DIR [flags]   run over folders, with no cluster
  controller crds [KIND...] [--rules]              print the kinds' definitions, for kubectl apply -f -

Flags:
`

/**
 * The controller's command line.
 *
 * @returns the exit code
 * @throws {ControllerError} `CONTROLLER_USAGE` and what else starting throws
 */
export async function run(io: ControllerIo): Promise<number> {
  const [command] = io.argv
  if (command === 'crds') return printCrds(io)
  const values = parseFlags(flags, { args: io.argv })
  if (values.help) {
    io.out(`${help}${flagUsage(flags)}`)
    return 0
  }
  if (values.flag('version')) {
    io.out(`controller version: ${version}\n`)
    return 0
  }
  const log = logOf(io, { level: values.text('log-level'), format: values.text('log-format'), infoToOut: false })
  if (values.text('in') !== '') {
    return runDirectory({ io, values, log, settings: directorySettings(values, io) })
  }
  const settings = settingsOf(values, { io, wanted: wantedKinds(values), namespace: await ownNamespace(io) })
  log.info('starting', { version, controllers: values.text('controllers') })
  const cluster = await connectCluster(io, { kubeconfig: values.text('kubeconfig'), context: values.text('context') })
  try {
    await runController({
      cluster,
      log,
      settings,
      signal: io.signal,
      environment: providerEnvironment(io),
      mintToken: tokens(cluster),
      discover: discovery(cluster),
      reviewToken: cluster.reviewToken,
      onKeyRequest: io.onKeyRequest,
      onReady: (ports) => log.info('ready', { ...ports }),
    })
  } finally {
    cluster.close()
  }
  return 0
}

function printCrds(io: ControllerIo): number {
  const words = io.argv.slice(1)
  const families = words.filter((word) => word !== '--rules').map(familyOf)
  const printed = words.includes('--rules') ? crds(...families).map(withRules) : crds(...families)
  io.out(printed.map((crd) => `---\n${marshalYaml(crd)}`).join(''))
  return 0
}

function familyOf(word: string): CrdFamily {
  const family = crdFamilies.find((each) => each === word)
  if (family !== undefined) return family
  throw new ControllerError('CONTROLLER_USAGE', `${word} is no kind that has definitions here`, {
    hint: `the kinds are ${crdFamilies.join(', ')}; --rules adds the rules of External Secrets' webhook`,
  })
}

function wantedKinds(values: FlagValues): Kind[] {
  const wanted = values.list('controllers').map(kindOf)
  if (wanted.length > 0) return wanted
  throw new ControllerError('CONTROLLER_USAGE', '--controllers names no kind', {
    hint: `pass --controllers=${kinds.join(',')}, or one of them`,
  })
}

/** Every kind, and nothing that listens unless it was asked for: a directory has no other controller and no probes. */
function directorySettings(values: FlagValues, io: ControllerIo): Settings {
  const namespace = io.env['POD_NAMESPACE'] || 'kube-system'
  const wanted = values.list('controllers').map(kindOf)
  const settings = settingsOf(values, { io, namespace, wanted: wanted.length === 0 ? kinds : wanted })
  const address = (name: string): string => {
    const text = values.text(name)
    return text === ownFlags.find((flag) => flag.name === name)?.default ? '' : text
  }
  return {
    ...settings,
    sealedSecrets: settings.sealedSecrets && { ...settings.sealedSecrets, address: address('listen-addr') },
    externalSecrets: settings.externalSecrets && { ...settings.externalSecrets, healthAddress: address('health-addr') },
    sopsSecrets: settings.sopsSecrets && { ...settings.sopsSecrets, healthAddress: address('health-addr') },
    metricsAddress: address('metrics-addr'),
    leaderElection: false,
    takeover: true,
  }
}

function settingsOf(
  values: FlagValues,
  {
    io,
    wanted,
    namespace,
  }: { readonly io: ControllerIo; readonly wanted: readonly Kind[]; readonly namespace: string },
): Settings {
  const named = values.list('namespaces')
  const namespaces = named.length === 0 ? null : named
  const workers = values.number('workers')
  const sealed = upstreamValues(values, sealedFlags)
  const external = upstreamValues(values, externalFlags)
  return {
    version,
    namespace,
    sealedSecrets: wanted.includes('sealed-secrets')
      ? { ...sealedSecretSettings(sealed, namespace), namespaces, workers }
      : null,
    externalSecrets: wanted.includes('external-secrets')
      ? {
          ...externalSecretSettings(external),
          namespaces,
          workers,
          clusterStores: namespaces === null,
          clusterExternalSecrets: namespaces === null,
          pushSecrets: true,
          healthAddress: values.text('health-addr'),
        }
      : null,
    sopsSecrets: wanted.includes('sops-secrets')
      ? { ...sopsSecretSettings(values), namespaces, workers, healthAddress: values.text('health-addr') }
      : null,
    metricsAddress: values.text('metrics-addr'),
    leaderElection: values.flag('leader-elect'),
    identity: io.env['HOSTNAME'] ?? '',
    takeover: values.flag('takeover'),
  }
}

/** The values of an upstream's table of flags: those given here, and its own defaults. */
function upstreamValues(values: FlagValues, table: readonly Flag[]): FlagValues {
  const known = new Set(flags.map(({ name }) => name))
  const args = table.flatMap(({ name, hidden }) =>
    known.has(name) && hidden !== true && (values.given(name) || own.has(name))
      ? [`--${name}=${values.text(name)}`]
      : [],
  )
  return parseFlags(table, { args })
}

function kindOf(word: string): Kind {
  const kind = kinds.find((each) => each === word)
  if (kind !== undefined) return kind
  throw new ControllerError('CONTROLLER_USAGE', `${word} is no kind that this controller takes care of`, {
    hint: `the kinds are ${kinds.join(', ')}`,
  })
}
