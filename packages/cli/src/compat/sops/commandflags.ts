import {
  type CommandName,
  changes,
  type Flag,
  flag,
  ignoreMac,
  inPlace,
  keys,
  order,
  rules,
  service,
  strings,
  threshold,
  types,
} from './flags.ts'

function lists(...names: readonly string[]): Flag[] {
  return names.map((name) => flag('strings', name))
}

const idempotent = flag('bool', 'idempotent')

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
