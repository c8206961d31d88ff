import type { RateLimit } from '@sealkit/kubernetes'
import { ControllerError } from '../../error.ts'
import type { Flag, FlagValues } from '../../flags.ts'
import { checkKeyPrefix } from '../../sealing-key/keys.ts'
import type { SealedSecretSettings } from '../../settings.ts'

/** The flags of Sealed Secrets' controller 0.38, in its order and with its defaults and words. */
export const upstreamFlags: readonly Flag[] = [
  { name: 'accept-deprecated-v1-data', type: 'flag', default: 'true', usage: 'Accept deprecated V1 data field.' },
  {
    name: 'additional-namespaces',
    type: 'text',
    default: '',
    usage: 'Comma-separated list of additional namespaces to be scanned.',
  },
  {
    name: 'all-namespaces',
    type: 'flag',
    default: 'true',
    usage: 'Scan all namespaces or only the current namespace (default=true).',
  },
  {
    name: 'key-cutoff-time',
    type: 'text',
    default: '',
    usage:
      'Create a new key if latest one is older than this cutoff time. RFC1123 format with numeric timezone expected.',
  },
  {
    name: 'key-order-priority',
    type: 'text',
    default: 'CertNotBefore',
    usage: 'Ordering of keys based on NotBefore certificate attribute or secret creation timestamp.',
  },
  { name: 'key-prefix', type: 'text', default: 'sealed-secrets-key', usage: 'Prefix used to name keys.' },
  {
    name: 'key-renew-period',
    type: 'duration',
    default: '720h0m0s',
    usage: 'New key generation period (automatic rotation deactivated if 0)',
  },
  { name: 'key-size', type: 'integer', default: '4096', usage: 'Size of encryption key.' },
  { name: 'key-ttl', type: 'duration', default: '87600h0m0s', usage: 'Duration that certificate is valid for.' },
  {
    name: 'kubeclient-burst',
    type: 'integer',
    default: '10',
    usage: 'Kubeclient Burst',
  },
  {
    name: 'kubeclient-qps',
    type: 'number',
    default: '5',
    usage: 'Kubeclient QPS (negative value disables ratelimiting)',
  },
  {
    name: 'label-selector',
    type: 'text',
    default: '',
    usage: 'Label selector which can be used to filter sealed secrets.',
  },
  { name: 'listen-addr', type: 'text', default: ':8080', usage: 'HTTP serving address.' },
  { name: 'listen-metrics-addr', type: 'text', default: ':8081', usage: 'HTTP metrics serving address.' },
  { name: 'log-format', type: 'text', default: 'text', usage: 'Log format (text|json).' },
  {
    name: 'log-info-stdout',
    type: 'flag',
    default: 'true',
    usage: 'if true the controller will log info to stdout and error/warn to stderr.',
  },
  { name: 'log-level', type: 'text', default: 'INFO', usage: 'Log level (INFO|ERROR).' },
  {
    name: 'max-unseal-retries',
    type: 'integer',
    default: '5',
    usage: 'Max unseal retries.',
  },
  {
    name: 'my-cn',
    type: 'text',
    default: '',
    usage: 'Common name to be used as issuer/subject DN in generated certificate.',
  },
  {
    name: 'old-gc-behavior',
    type: 'flag',
    default: 'false',
    usage: 'Revert to old GC behavior where the controller deletes secrets instead of delegating that to k8s itself.',
  },
  {
    name: 'privatekey-annotations',
    type: 'text',
    default: '',
    usage: 'Comma-separated list of additional annotations to be put on renewed sealing keys.',
  },
  {
    name: 'privatekey-labels',
    type: 'text',
    default: '',
    usage: 'Comma-separated list of additional labels to be put on renewed sealing keys.',
  },
  {
    name: 'rate-limit',
    type: 'integer',
    default: '2',
    usage: 'Number of allowed sustained request per second for verify endpoint',
  },
  {
    name: 'rate-limit-burst',
    type: 'integer',
    default: '2',
    usage: 'Number of requests allowed to exceed the rate limit per second for verify endpoint',
  },
  { name: 'read-timeout', type: 'duration', default: '2m0s', usage: 'HTTP request timeout.' },
  {
    name: 'rotate-period',
    type: 'duration',
    default: '720h0m0s',
    usage: '',
    hidden: true,
    aliasOf: 'key-renew-period',
    deprecated: 'please use key-renew-period instead',
  },
  {
    name: 'skip-recreate',
    type: 'flag',
    default: 'false',
    usage:
      'if true the controller will skip listening for managed secret changes to recreate them. This helps on limited permission environments.',
  },
  {
    name: 'update-status',
    type: 'flag',
    default: 'true',
    usage: 'beta: if true, the controller will update the status sub-resource whenever it processes a sealed secret',
  },
  { name: 'version', type: 'flag', default: 'false', usage: 'Print version information and exit' },
  {
    name: 'watch-for-secrets',
    type: 'flag',
    default: 'false',
    usage:
      'beta: If this is true, the controller will watch for key secrets. This is useful if you create the key secrets externally.',
  },
  { name: 'write-timeout', type: 'duration', default: '2m0s', usage: 'HTTP response timeout.' },
]

/** Flags that upstream's controller does not have. */
export const sealkitFlags: readonly Flag[] = [
  { name: 'context', type: 'text', default: '', usage: 'Context of the kubeconfig.' },
  { name: 'kubeconfig', type: 'text', default: '', usage: 'Path of a kubeconfig, outside a cluster.' },
  { name: 'leader-elect', type: 'flag', default: 'false', usage: 'Only one of several replicas writes at a time.' },
  {
    name: 'metrics-omit-secret-labels',
    type: 'flag',
    default: 'false',
    usage: 'Leave out condition_info, whose labels name every SealedSecret (Sealed Secrets 0.39).',
  },
  {
    name: 'takeover',
    type: 'flag',
    default: 'false',
    usage: 'Start even where another Sealed Secrets controller runs.',
  },
  { name: 'workers', type: 'integer', default: '4', usage: 'SealedSecrets that are worked on at once.' },
]

/** Every flag of this command line. */
export const flags: readonly Flag[] = [...upstreamFlags, ...sealkitFlags]

/**
 * The settings that the flags of Sealed Secrets' controller mean.
 *
 * @throws {ControllerError} `CONTROLLER_USAGE`
 */
export function sealedSecretSettings(values: FlagValues, namespace: string): SealedSecretSettings {
  checkKeyPrefix(values.text('key-prefix'))
  const additional = values.list('additional-namespaces')
  const all = values.flag('all-namespaces') && additional.length === 0
  const order = values.text('key-order-priority')
  return {
    keyPrefix: values.text('key-prefix'),
    keySize: between(values, 'key-size', 1024, 16_384),
    keyTtl: values.milliseconds('key-ttl'),
    commonName: values.text('my-cn'),
    keyRenewPeriod: values.milliseconds('key-renew-period'),
    keyOrder: order === 'SecretCreationTimestamp' ? order : 'CertNotBefore',
    keyCutoff: cutoff(values.text('key-cutoff-time')),
    keyLabels: pairs(values, 'privatekey-labels'),
    keyAnnotations: pairs(values, 'privatekey-annotations'),
    watchKeys: values.flag('watch-for-secrets'),
    acceptV1Data: values.flag('accept-deprecated-v1-data'),
    namespaces: all ? null : [...new Set([namespace, ...additional])],
    labelSelector: values.text('label-selector'),
    rateLimit: between(values, 'rate-limit', 1),
    rateLimitBurst: between(values, 'rate-limit-burst', 0),
    oldGcBehavior: values.flag('old-gc-behavior'),
    updateStatus: values.flag('update-status'),
    conditionMetric: !values.flag('metrics-omit-secret-labels'),
    watchSecrets: !values.flag('skip-recreate'),
    workers: between(values, 'workers', 1),
    maxRetries: values.given('max-unseal-retries') ? Math.max(0, values.number('max-unseal-retries')) : null,
    address: values.text('listen-addr'),
    readTimeout: values.milliseconds('read-timeout'),
    writeTimeout: values.milliseconds('write-timeout'),
  }
}

/**
 * The limit on requests that the flags ask for, with client-go's rules: 0 means its default, a negative rate none.
 * Unlike upstream there is none unless `--kubeclient-qps` was given: the API server keeps order by itself.
 */
export function requestLimit(values: FlagValues): RateLimit | undefined {
  if (!values.given('kubeclient-qps')) return undefined
  const qps = values.number('kubeclient-qps') || 5
  if (qps < 0) return undefined
  return { qps, burst: between(values, 'kubeclient-burst', 0) || 10 }
}

function between(values: FlagValues, name: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = values.number(name)
  if (value >= least && value <= most) return value
  const bound = value < least ? `at least ${least}` : `at most ${most}`
  throw new ControllerError('CONTROLLER_USAGE', `--${name} must be ${bound}`)
}

/** Go's RFC1123Z: `Mon, 02 Jan 2006 15:04:05 -0700`. */
function cutoff(text: string): Date | null {
  if (text === '') return null
  const form = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}$/
  const time = new Date(text)
  if (form.test(text) && !Number.isNaN(time.getTime())) return time
  throw new ControllerError('CONTROLLER_USAGE', 'key-cutoff-time is no time', {
    hint: 'write it as `date -R` prints it',
  })
}

function pairs(values: FlagValues, name: string): Record<string, string> {
  return Object.fromEntries(
    values.list(name).map((entry) => {
      const [key = '', value] = entry.split('=', 2)
      if (key !== '' && value !== undefined) return [key, value] as const
      throw new ControllerError('CONTROLLER_USAGE', `--${name} needs key=value pairs`)
    }),
  )
}
