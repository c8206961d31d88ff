/** How a flag's text is read: `on` is a boolean that is true unless it is switched off. */
export type FlagKind = 'bool' | 'on' | 'string' | 'int' | 'strings'

/** One flag of sops. */
export interface Flag {
  readonly names: readonly [name: string, short?: string]
  readonly kind: FlagKind
  /** The environment variable that gives its default. */
  readonly env?: string
}

/** Makes a flag. */
export function flag(kind: FlagKind, name: string, options: { short?: string; env?: string } = {}): Flag {
  const names = options.short === undefined ? ([name] as const) : ([name, options.short] as const)
  return options.env === undefined ? { names, kind } : { names, kind, env: options.env }
}

/** Makes flags that take a text. */
export function strings(...names: readonly string[]): Flag[] {
  return names.map((name) => flag('string', name))
}

/** Which key services are asked. */
export const service: readonly Flag[] = [
  flag('on', 'enable-local-keyservice', { env: 'SOPS_ENABLE_LOCAL_KEYSERVICE' }),
  flag('strings', 'keyservice', { env: 'SOPS_KEYSERVICE' }),
]
/** In which order kinds of key are tried. */
export const order: Flag = flag('string', 'decryption-order', { env: 'SOPS_DECRYPTION_ORDER' })
/** Whether the file itself is replaced. */
export const inPlace: Flag = flag('bool', 'in-place', { short: 'i' })
/** The formats that are read and written. */
export const types: readonly Flag[] = strings('input-type', 'output-type')
/** How many key groups are needed. */
export const threshold: Flag = flag('int', 'shamir-secret-sharing-threshold')
/** Whether the MAC is left unchecked. */
export const ignoreMac: Flag = flag('bool', 'ignore-mac')
/** The master keys of a new file. */
export const keys: readonly Flag[] = [
  flag('string', 'kms', { short: 'k', env: 'SOPS_KMS_ARN' }),
  flag('string', 'aws-profile'),
  flag('string', 'gcp-kms', { env: 'SOPS_GCP_KMS_IDS' }),
  flag('string', 'hckms', { env: 'SOPS_HUAWEICLOUD_KMS_IDS' }),
  flag('string', 'azure-kv', { env: 'SOPS_AZURE_KEYVAULT_URLS' }),
  flag('string', 'hc-vault-transit', { env: 'SOPS_VAULT_URIS' }),
  flag('string', 'pgp', { short: 'p', env: 'SOPS_PGP_FP' }),
  flag('string', 'age', { short: 'a', env: 'SOPS_AGE_RECIPIENTS' }),
]
/** Which values are encrypted, but for rules on comments. */
export const rules: readonly Flag[] = strings(
  'unencrypted-suffix',
  'encrypted-suffix',
  'unencrypted-regex',
  'encrypted-regex',
)
/** The master keys that join and leave a file. */
export const changes: readonly Flag[] = [
  'gcp-kms',
  'hckms',
  'azure-kv',
  'kms',
  'hc-vault-transit',
  'age',
  'pgp',
].flatMap((kind) => strings(`add-${kind}`, `rm-${kind}`))

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
