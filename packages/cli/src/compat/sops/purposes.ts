import type { CommandName } from './flags.ts'

/** What each command is for, and its arguments, in the order of sops' help; groups stand for their commands. */
export const commandTexts: Readonly<Record<CommandName | 'groups' | 'completion', readonly [string, string]>> = {
  completion: ['Generate shell completion scripts', '[arguments...]'],
  'completion bash': [
    'Generate bash completions. To load completions: `$ source <(sops completion bash)`',
    '[arguments...]',
  ],
  'completion zsh': [
    'Generate zsh completions. To load completions: `$ source <(sops completion zsh)`',
    '[arguments...]',
  ],
  'exec-env': [
    'execute a command with decrypted values inserted into the environment',
    '[file to decrypt] [command to run]',
  ],
  'exec-file': [
    'execute a command with the decrypted contents as a temporary file',
    '[file to decrypt] [command to run]',
  ],
  publish: ['Publish sops file or directory to a configured destination', 'file'],
  keyservice: ['start a SOPS key service server', '[arguments...]'],
  filestatus: ['check the status of the file, returning encryption status', 'file'],
  groups: ['modify the groups on a SOPS file', '[arguments...]'],
  'groups add': ['add a new group to a SOPS file', '[arguments...]'],
  'groups delete': ['delete a key group from a SOPS file', '[index]'],
  updatekeys: ['update the keys of SOPS files using the config file', 'file'],
  decrypt: [
    'decrypt a file, and output the results to stdout. If no filename is provided, stdin will be used.',
    '[file]',
  ],
  encrypt: [
    'encrypt a file, and output the results to stdout. If no filename is provided, stdin will be used.',
    '[file]',
  ],
  rotate: ['generate a new data encryption key and reencrypt all values with the new key', 'file'],
  edit: ['edit an encrypted file', 'file'],
  set: [
    `set a specific key or branch in the input document. value must be a JSON encoded string, for example '/path/to/file ["somekey"][0] {"somevalue":true}', or a path if --value-file is used, or omitted if --value-stdin is used`,
    'file index [ value ]',
  ],
  unset: ['unset a specific key or branch in the input document.', 'file index'],
}

const order = 'comma separated list of decryption key types'
const formats = 'currently json, yaml, dotenv, ini and binary are supported. If not set, sops will use the'
const formatsOfOthers = formats.replace('json, yaml, dotenv, ini', 'ini, json, yaml, dotenv')
const inputType = "file's extension to determine the type"
const outputType = "input file's extension to determine the output format"
const more = 'the new group should contain. Can be specified more than once'
const instead =
  'Use this filename instead of the provided argument for loading configuration, and for determining input type and output type'

/** The kinds of key as `rotate` adds and removes them. */
const changes = Object.fromEntries(
  [
    ['gcp-kms', 'GCP KMS key resource IDs', 'GCP KMS key resource IDs'],
    ...[
      [
        'hckms',
        'HuaweiCloud KMS key IDs (format: region:key-uuid)',
        'HuaweiCloud KMS key IDs (format: region:key-uuid)',
      ],
    ],
    ['azure-kv', 'Azure Key Vault key URLs', 'Azure Key Vault key URLs'],
    ['kms', 'KMS ARNs', 'KMS ARNs'],
    ['hc-vault-transit', "Vault's URI key", "Vault's URI key"],
    ['age', 'age recipients fingerprints', 'age recipients'],
    ['pgp', 'PGP fingerprints', 'PGP fingerprints'],
  ].flatMap(([kind = '', added, removed]) => {
    const example = kind === 'hc-vault-transit' ? ' ( eg. https://vault.example.org:8200/v1/transit/keys/dev)' : ''
    const list = `list of master keys on the given file${example}`
    return [
      [`add-${kind}`, `add the provided comma-separated list of ${added} to the ${list}`],
      [`rm-${kind}`, `remove the provided comma-separated list of ${removed} from the ${list}`],
    ]
  }),
)

/** What each flag does; where a command differs, under `command flag`; the program's own under ` flag`. */
export const purposes: Readonly<Record<string, string>> = {
  ...changes,
  'in-place': 'write output back to the same file instead of stdout',
  extract: `extract a specific key or branch from the input document. Example: --extract '["somekey"][0]'`,
  ' extract': `extract a specific key or branch from the input document. Decrypt mode only. Example: --extract '["somekey"][0]'`,
  output: 'Save the output after encryption or decryption to the file specified',
  'decrypt output': 'Save the output after decryption to the file specified',
  'encrypt output': 'Save the output after encryption to the file specified',
  'rotate output': 'Save the output after decryption to the file specified',
  'input-type': `${formats} ${inputType}`,
  'output-type': `${formats} ${outputType}`,
  'updatekeys input-type': `${formatsOfOthers} ${inputType}`,
  'filestatus input-type': `${formatsOfOthers} ${inputType}`,
  'exec-file input-type': `${formatsOfOthers} ${inputType}`,
  'exec-file output-type': `${formatsOfOthers} ${outputType}`,
  'ignore-mac': 'ignore Message Authentication Code during decryption',
  'filename-override': instead,
  'decrypt filename-override': `${instead}. Should be provided when reading from stdin.`,
  'encrypt filename-override': `${instead}. Required when reading from stdin.`,
  'decryption-order': order,
  'enable-local-keyservice': 'use local key service',
  keyservice:
    'Specify the key services to use in addition to the local one. Can be specified more than once. Syntax: protocol://address. Example: tcp://myserver.com:5000',
  kms: 'comma separated list of KMS ARNs',
  'aws-profile': 'The AWS profile to use for requests to AWS',
  'gcp-kms': 'comma separated list of GCP KMS resource IDs',
  hckms: 'comma separated list of HuaweiCloud KMS key IDs (format: region:key-uuid)',
  'azure-kv': 'comma separated list of Azure Key Vault URLs',
  'hc-vault-transit':
    "comma separated list of vault's key URI (e.g. 'https://vault.example.org:8200/v1/transit/keys/dev')",
  pgp: 'comma separated list of PGP fingerprints',
  age: 'comma separated list of age recipients',
  'groups add pgp': `the PGP fingerprints ${more}`,
  'groups add kms': `the KMS ARNs ${more}`,
  'groups add gcp-kms': `the GCP KMS Resource ID ${more}`,
  'groups add hckms': `the HuaweiCloud KMS key ID (format: region:key-uuid) ${more}`,
  'groups add azure-kv': `the Azure Key Vault key URL ${more}`,
  'groups add hc-vault-transit':
    "the full vault path to the key used to encrypt/decrypt. Make you choose and configure a key with encryption/decryption enabled (e.g. 'https://vault.example.org:8200/v1/transit/keys/dev'). Can be specified more than once",
  'groups add age': `the age recipient ${more}`,
  'unencrypted-suffix': 'override the unencrypted key suffix.',
  'encrypted-suffix':
    'override the encrypted key suffix. When empty, all keys will be encrypted, unless otherwise marked with unencrypted-suffix.',
  'unencrypted-regex':
    'set the unencrypted key regex. When specified, only keys matching the regex will be left unencrypted.',
  'encrypted-regex': 'set the encrypted key regex. When specified, only keys matching the regex will be encrypted.',
  'unencrypted-comment-regex':
    'set the unencrypted comment suffix. When specified, only keys that have comment matching the regex will be left unencrypted.',
  'encrypted-comment-regex':
    'set the encrypted comment suffix. When specified, only keys that have comment matching the regex will be encrypted.',
  'encryption-context': 'comma separated list of KMS encryption context key:value pairs',
  'shamir-secret-sharing-threshold': 'the number of master keys required to retrieve the data key with shamir',
  'value-file':
    "treat 'value' as a file to read the actual value from (avoids leaking secrets in process listings). Mutually exclusive with --value-stdin",
  'value-stdin':
    "read the value from stdin; the 'value' argument to 'set' is not needed in this case (avoids leaking secrets in process listings). Mutually exclusive with --value-file",
  'set idempotent': 'do nothing if the given index already has the given value',
  'unset idempotent': 'do nothing if the given index does not exist',
  yes: 'pre-approve all changes and run non-interactively',
  network: "network to listen on, e.g. 'tcp' or 'unix' (default: \"tcp\")",
  address: "address to listen on, e.g. '127.0.0.1:5000' or '/tmp/sops.sock' (default: \"127.0.0.1:5000\")",
  prompt: 'Prompt user to confirm every incoming request',
  background: "background the process and don't wait for it to complete (DEPRECATED)",
  file: 'the file to add the group to',
  'no-fifo': 'use a regular file instead of a fifo to temporarily hold the decrypted contents',
  filename: 'filename for the temporary file (default: tmp-file)',
  pristine: 'insert only the decrypted values into the environment without forwarding existing environment variables',
  user: 'the user to run the command as',
  'same-process': 'run command in the current process instead of in a child process',
  'omit-extensions': 'Omit file extensions in destination path when publishing sops file to configured destinations',
  recursive: 'If the source path is a directory, publish all its content recursively',
  decrypt: 'decrypt a file and output the result to stdout',
  encrypt: 'encrypt a file and output the result to stdout',
  rotate: 'generate a new data encryption key and reencrypt all values with the new key',
  set: `set a specific key or branch in the input document. value must be a json encoded string. (edit mode only). eg. --set '["somekey"][0] {"somevalue":true}'`,
  config: "path to sops' config file. If set, sops will not search for the config file recursively.",
  indent: 'the number of spaces to indent YAML or JSON encoded file',
  'mac-only-encrypted': 'compute MAC only over values which end up encrypted',
  'show-master-keys': 'display master encryption keys in the file during editing',
  'disable-version-check': 'do not check whether the current version is latest during --version',
  'check-for-updates': 'do check whether the current version is latest during --version',
  verbose: 'Enable verbose logging output',
  help: 'show help',
  version: 'print the version',
}
