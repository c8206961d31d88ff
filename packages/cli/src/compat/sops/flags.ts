/** How a flag's text is read: `on` is a boolean that is true unless it is switched off. */
export type FlagKind = 'bool' | 'on' | 'string' | 'int' | 'strings'

/** One flag of sops. */
export interface Flag {
  readonly names: readonly [name: string, short?: string]
  readonly kind: FlagKind
  /** The environment variable that gives its default. */
  readonly env?: string
}

function flag(kind: FlagKind, name: string, options: { short?: string; env?: string } = {}): Flag {
  const names = options.short === undefined ? ([name] as const) : ([name, options.short] as const)
  return options.env === undefined ? { names, kind } : { names, kind, env: options.env }
}

function strings(...names: readonly string[]): Flag[] {
  return names.map((name) => flag('string', name))
}

function lists(...names: readonly string[]): Flag[] {
  return names.map((name) => flag('strings', name))
}

const service: readonly Flag[] = [
  flag('on', 'enable-local-keyservice', { env: 'SOPS_ENABLE_LOCAL_KEYSERVICE' }),
  flag('strings', 'keyservice', { env: 'SOPS_KEYSERVICE' }),
]
const order = flag('string', 'decryption-order', { env: 'SOPS_DECRYPTION_ORDER' })
const inPlace = flag('bool', 'in-place', { short: 'i' })
const types = strings('input-type', 'output-type')
const threshold = flag('int', 'shamir-secret-sharing-threshold')
const ignoreMac = flag('bool', 'ignore-mac')
const idempotent = flag('bool', 'idempotent')
const keys: readonly Flag[] = [
  flag('string', 'kms', { short: 'k', env: 'SOPS_KMS_ARN' }),
  flag('string', 'aws-profile'),
  flag('string', 'gcp-kms', { env: 'SOPS_GCP_KMS_IDS' }),
  flag('string', 'hckms', { env: 'SOPS_HUAWEICLOUD_KMS_IDS' }),
  flag('string', 'azure-kv', { env: 'SOPS_AZURE_KEYVAULT_URLS' }),
  flag('string', 'hc-vault-transit', { env: 'SOPS_VAULT_URIS' }),
  flag('string', 'pgp', { short: 'p', env: 'SOPS_PGP_FP' }),
  flag('string', 'age', { short: 'a', env: 'SOPS_AGE_RECIPIENTS' }),
]
const rules = strings('unencrypted-suffix', 'encrypted-suffix', 'unencrypted-regex', 'encrypted-regex')
const changes = ['gcp-kms', 'hckms', 'azure-kv', 'kms', 'hc-vault-transit', 'age', 'pgp'].flatMap((kind) =>
  strings(`add-${kind}`, `rm-${kind}`),
)

/** The sub-commands; those of two words belong to a group. */
export type CommandName =
  | 'updatekeys'
  | 'decrypt'
  | 'encrypt'
  | 'rotate'
  | 'edit'
  | 'set'
  | 'unset'
  | 'filestatus'
  | 'exec-env'
  | 'exec-file'
  | 'groups add'
  | 'groups delete'
  | 'keyservice'
  | 'publish'
  | 'completion bash'
  | 'completion zsh'

/** Flags of each sub-command, in the order of sops' help. */
export const commandFlags: Readonly<Record<CommandName, readonly Flag[]>> = {
  decrypt: [
    inPlace,
    ...strings('extract', 'output'),
    ...types,
    ignoreMac,
    ...strings('filename-override'),
    order,
    ...service,
  ],
  encrypt: [
    ...[inPlace, ...strings('output'), ...keys, ...types, ...rules],
    ...[...strings('encryption-context'), threshold, ...strings('filename-override'), ...service],
  ],
  rotate: [
    ...[inPlace, ...strings('output'), ...types, ...strings('encryption-context'), ...changes],
    ...[...strings('filename-override'), order, ...service],
  ],
  set: [
    ...types,
    flag('bool', 'value-file'),
    flag('bool', 'value-stdin'),
    threshold,
    ignoreMac,
    order,
    idempotent,
    ...service,
  ],
  unset: [...types, threshold, ignoreMac, order, idempotent, ...service],
  edit: [
    ...[...keys, ...types, ...rules, ...strings('encryption-context'), threshold],
    ...[flag('bool', 'show-master-keys', { short: 's' }), ignoreMac, order, ...service],
  ],
  updatekeys: [flag('bool', 'yes', { short: 'y' }), ...strings('input-type'), ...service],
  filestatus: strings('input-type'),
  'groups add': [
    flag('string', 'file', { short: 'f' }),
    ...lists('pgp', 'kms'),
    ...strings('aws-profile'),
    ...lists('gcp-kms', 'hckms', 'azure-kv', 'hc-vault-transit', 'age'),
    ...[inPlace, threshold, ...strings('encryption-context'), ...service],
  ],
  keyservice: [
    flag('string', 'network', { short: 'net' }),
    flag('string', 'address', { short: 'addr' }),
    flag('bool', 'prompt'),
    flag('bool', 'verbose'),
  ],
  'groups delete': [flag('string', 'file', { short: 'f' }), inPlace, threshold, ...service],
  'exec-file': [
    ...[flag('bool', 'background'), flag('bool', 'no-fifo'), ...strings('user'), ...types, ...strings('filename')],
    ...[order, ...service],
  ],
  'exec-env': [
    ...[flag('bool', 'background'), flag('bool', 'pristine'), ...strings('user'), flag('bool', 'same-process')],
    ...[order, ...service],
  ],
  publish: [
    ...[flag('bool', 'yes', { short: 'y' }), flag('bool', 'omit-extensions'), flag('bool', 'recursive')],
    ...[flag('bool', 'verbose'), order, ...service],
  ],
  'completion bash': [],
  'completion zsh': [],
}

/** Flags of the program itself, which are also those of its old form without a sub-command. */
export const rootFlags: readonly Flag[] = [
  flag('bool', 'decrypt', { short: 'd' }),
  flag('bool', 'encrypt', { short: 'e' }),
  flag('bool', 'rotate', { short: 'r' }),
  flag('bool', 'disable-version-check', { env: 'SOPS_DISABLE_VERSION_CHECK' }),
  flag('bool', 'check-for-updates'),
  ...[...keys, inPlace, ...strings('extract'), ...types, flag('bool', 'show-master-keys', { short: 's' }), ...changes],
  ...[ignoreMac, flag('bool', 'mac-only-encrypted'), ...rules],
  ...strings('unencrypted-comment-regex', 'encrypted-comment-regex'),
  flag('string', 'config', { env: 'SOPS_CONFIG' }),
  ...[...strings('encryption-context', 'set'), threshold, flag('int', 'indent'), flag('bool', 'verbose')],
  ...[...strings('output', 'filename-override'), order, ...service],
]
