import { ControllerError } from '../../error.ts'
import type { Flag, FlagValues } from '../../flags.ts'
import type { NoticeAddress } from '../../notices/server.ts'
import type { ExternalSecretSettings } from '../../settings.ts'

const unused = 'Accepted for compatibility.'

/** The flags of External Secrets' controller that a chart sets; those without a use here are accepted. */
export const flags: readonly Flag[] = [
  { name: 'client-burst', type: 'integer', default: '100', usage: unused },
  { name: 'client-qps', type: 'number', default: '50', usage: unused },
  { name: 'concurrent', type: 'integer', default: '1', usage: 'The number of concurrent reconciles.' },
  {
    name: 'controller-class',
    type: 'text',
    default: 'default',
    usage: 'The controller is instantiated with a specific controller name and filters ES based on this property',
  },
  {
    name: 'enable-cluster-external-secret-reconciler',
    type: 'flag',
    default: 'true',
    usage: 'Enable cluster external secret reconciler.',
  },
  { name: 'enable-cluster-push-secret-reconciler', type: 'flag', default: 'true', usage: unused },
  { name: 'enable-cluster-store-reconciler', type: 'flag', default: 'true', usage: 'Enable cluster store reconciler.' },
  { name: 'enable-configmaps-caching', type: 'flag', default: 'false', usage: unused },
  { name: 'enable-extended-metric-labels', type: 'flag', default: 'false', usage: unused },
  {
    name: 'enable-flood-gate',
    type: 'flag',
    default: 'true',
    usage:
      'Enable flood gate. External secret will be reconciled only if the ClusterStore or Store have an healthy or unknown state.',
  },
  { name: 'enable-generator-state', type: 'flag', default: 'true', usage: unused },
  { name: 'enable-http2', type: 'flag', default: 'false', usage: unused },
  {
    name: 'enable-leader-election',
    type: 'flag',
    default: 'false',
    usage:
      'Enable leader election for controller manager. Enabling this will ensure there is only one active controller manager.',
  },
  { name: 'enable-managed-secrets-caching', type: 'flag', default: 'true', usage: unused },
  { name: 'enable-push-secret-reconciler', type: 'flag', default: 'true', usage: 'Enable push secret reconciler.' },
  { name: 'enable-secret-store-reconciler', type: 'flag', default: 'true', usage: unused },
  { name: 'enable-secrets-caching', type: 'flag', default: 'false', usage: unused },
  {
    name: 'enable-vault-token-cache',
    type: 'flag',
    default: 'false',
    usage: 'Accepted for compatibility; tokens live for their lifetime.',
  },
  { name: 'experimental-enable-vault-token-cache', type: 'flag', default: 'false', usage: unused, hidden: true },
  { name: 'live-addr', type: 'text', default: ':8082', usage: 'The address the live endpoint binds to.' },
  { name: 'loglevel', type: 'text', default: 'info', usage: 'loglevel to use, one of: debug, info, warn, error' },
  { name: 'metrics-addr', type: 'text', default: ':8080', usage: 'The address the metric endpoint binds to.' },
  {
    name: 'namespace',
    type: 'text',
    default: '',
    usage:
      "watch external secrets scoped in the provided namespace only. ClusterSecretStore can be used but only work if it doesn't reference resources from other namespaces",
  },
  {
    name: 'store-requeue-interval',
    type: 'duration',
    default: '5m0s',
    usage: 'Default Time duration between reconciling (Cluster)SecretStores',
  },
  { name: 'template-left-delimiter', type: 'text', default: '{{', usage: 'templating left delimiter' },
  { name: 'template-right-delimiter', type: 'text', default: '}}', usage: 'templating right delimiter' },
  {
    name: 'unsafe-allow-generic-targets',
    type: 'flag',
    default: 'false',
    usage: 'Allow ExternalSecrets to write other kinds than Secret, which are not encrypted at rest.',
  },
  {
    name: 'generic-target-kinds',
    type: 'text',
    default: '',
    usage:
      'Kinds (Kind or Kind.group, comma-separated) that generic targets may be; empty = any that gives no rights (Sealkit).',
  },
  { name: 'zap-time-encoding', type: 'text', default: 'epoch', usage: unused },
  {
    name: 'refresh-listener-addr',
    type: 'text',
    default: '',
    usage: 'Address that takes reports of changed secrets, over TLS; empty = none (Sealkit).',
  },
  { name: 'refresh-listener-cert', type: 'text', default: '', usage: 'Its certificate, a PEM file (Sealkit).' },
  { name: 'refresh-listener-key', type: 'text', default: '', usage: "Its certificate's key, a PEM file (Sealkit)." },
  {
    name: 'takeover',
    type: 'flag',
    default: 'false',
    usage: 'Start even where another External Secrets controller runs (Sealkit).',
  },
  { name: 'kubeconfig', type: 'text', default: '', usage: 'Path of a kubeconfig, outside a cluster (Sealkit).' },
  { name: 'context', type: 'text', default: '', usage: 'Context of the kubeconfig (Sealkit).' },
  { name: 'version', type: 'flag', default: 'false', usage: 'Print version information and exit (Sealkit).' },
]

/** The settings that the flags of External Secrets' controller mean. */
export function externalSecretSettings(values: FlagValues): ExternalSecretSettings {
  const named = values.list('namespace')
  const everywhere = named.length === 0
  return {
    namespaces: everywhere ? null : named,
    controllerClass: values.text('controller-class'),
    // One at a time is upstream's default, and the reason for its slowness; here reads of many are shared.
    workers: Math.max(4, values.number('concurrent')),
    storeRequeueInterval: values.milliseconds('store-requeue-interval'),
    floodGate: values.flag('enable-flood-gate'),
    clusterStores: values.flag('enable-cluster-store-reconciler') && everywhere,
    clusterExternalSecrets: values.flag('enable-cluster-external-secret-reconciler') && everywhere,
    pushSecrets: values.flag('enable-push-secret-reconciler'),
    genericTargets: values.flag('unsafe-allow-generic-targets') ? values.list('generic-target-kinds') : null,
    leftDelimiter: values.text('template-left-delimiter'),
    rightDelimiter: values.text('template-right-delimiter'),
    healthAddress: values.text('live-addr'),
    notices: noticeAddress(values),
  }
}

function noticeAddress(values: FlagValues): NoticeAddress | null {
  const address = values.text('refresh-listener-addr')
  if (address === '') return null
  const [certificateFile, keyFile] = [values.text('refresh-listener-cert'), values.text('refresh-listener-key')]
  if (certificateFile !== '' && keyFile !== '') return { address, certificateFile, keyFile }
  throw new ControllerError('CONTROLLER_USAGE', '--refresh-listener-addr needs a certificate: it speaks TLS only', {
    hint: 'give --refresh-listener-cert and --refresh-listener-key',
  })
}
