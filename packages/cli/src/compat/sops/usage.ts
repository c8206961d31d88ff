import type { Io } from '../../io.ts'
import { type CommandName, commandFlags, type Flag, missingCommands, rootFlags } from './flags.ts'

/** What a command is for, and its arguments. */
const about: Readonly<Record<CommandName, readonly [purpose: string, args: string]>> = {
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
  updatekeys: ['update the keys of SOPS files using the config file', 'file'],
  set: ['set a specific key or branch in the input document', 'file index [ value ]'],
  unset: ['unset a specific key or branch in the input document.', 'file index'],
  filestatus: ['check the status of the file, returning encryption status', 'file'],
  'groups add': ['add a new group to a SOPS file', ''],
  'groups delete': ['delete a key group from a SOPS file', '[index]'],
  keyservice: ['start a SOPS key service server', '[arguments...]'],
  'exec-file': [
    'execute a command with the decrypted contents as a temporary file',
    '[file to decrypt] [command to run]',
  ],
  'exec-env': [
    'execute a command with decrypted values inserted into the environment',
    '[file to decrypt] [command to run]',
  ],
}

const order = 'comma separated list of decryption key types'
const inputTypes = 'currently json, yaml, dotenv, ini and binary are supported. If not set, sops will use the'

/** What each flag does; where a command differs, under `command flag`. */
const purposes: Readonly<Record<string, string>> = {
  'in-place': 'write output back to the same file instead of stdout',
  extract: `extract a specific key or branch from the input document. Example: --extract '["somekey"][0]'`,
  output: 'Save the output after encryption or decryption to the file specified',
  'decrypt output': 'Save the output after decryption to the file specified',
  'encrypt output': 'Save the output after encryption to the file specified',
  'rotate output': 'Save the output after decryption to the file specified',
  'input-type': `${inputTypes} file's extension to determine the type`,
  'output-type': `${inputTypes} input file's extension to determine the output format`,
  'ignore-mac': 'ignore Message Authentication Code during decryption',
  'filename-override':
    'Use this filename instead of the provided argument for loading configuration, and for determining input type and output type',
  'decrypt filename-override':
    'Use this filename instead of the provided argument for loading configuration, and for determining input type and output type. Should be provided when reading from stdin.',
  'encrypt filename-override':
    'Use this filename instead of the provided argument for loading configuration, and for determining input type and output type. Required when reading from stdin.',
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
  'unencrypted-suffix': 'override the unencrypted key suffix.',
  'encrypted-suffix':
    'override the encrypted key suffix. When empty, all keys will be encrypted, unless otherwise marked with unencrypted-suffix.',
  'unencrypted-regex':
    'set the unencrypted key regex. When specified, only keys matching the regex will be left unencrypted.',
  'encrypted-regex': 'set the encrypted key regex. When specified, only keys matching the regex will be encrypted.',
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
  file: 'the file to change the groups of',
  'no-fifo': 'use a regular file instead of a fifo to temporarily hold the decrypted contents',
  filename: 'filename for the temporary file (default: tmp-file)',
  pristine: 'insert only the decrypted values into the environment without forwarding existing environment variables',
  user: 'the user to run the command as',
  'same-process': 'run command in the current process instead of in a child process',
  decrypt: 'decrypt a file and output the result to stdout',
  encrypt: 'encrypt a file and output the result to stdout',
  rotate: 'generate a new data encryption key and reencrypt all values with the new key',
  set: `set a specific key or branch in the input document: --set '["somekey"][0] {"somevalue":true}'`,
  config: 'path to sops config file. If not set, sops will search for .sops.yaml in this directory and above',
  indent: 'the number of spaces to indent YAML or JSON encoded file',
  'mac-only-encrypted': 'compute MAC only over values which end up encrypted',
  'unencrypted-comment-regex': 'set the unencrypted comment suffix',
  'encrypted-comment-regex': 'set the encrypted comment suffix',
  'show-master-keys': 'display master encryption keys in the file during editing',
  'disable-version-check': 'do not check whether the current version is latest during --version',
  'check-for-updates': 'do check whether the current version is latest during --version',
  verbose: 'Enable verbose logging output',
}

/** Prints help for a command, or for the program. */
export function help(io: Io, command: string | null): number {
  io.stdout.write(command !== null && isCommand(command) ? commandHelp(command) : programHelp())
  return 0
}

/** Prints what is wrong with a command line, and the help. */
export async function wrongUsage(io: Io, command: CommandName | null, problem: string): Promise<void> {
  const mark = command === null ? '.' : ':'
  io.stdout.write(`Incorrect Usage${mark} ${problem}\n\n${command === null ? programHelp() : commandHelp(command)}`)
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commandFlags, name)
}

function commandHelp(command: CommandName): string {
  const [purpose, args] = about[command]
  return `NAME:
   sops ${command} - ${purpose}

USAGE:
   sops ${command} [command options] ${args}

OPTIONS:
${options(commandFlags[command], command)}   
`
}

function programHelp(): string {
  const commands = Object.entries(about).map(([name, [purpose]]) => [name, purpose] as const)
  return `NAME:
   sops - encrypted file editor, on Sealkit

USAGE:
   sops [global options] command [command options] [arguments...]
   sops [global options] file

COMMANDS:
${aligned(commands)}
   Not supported yet: ${missingCommands.join(', ')}

GLOBAL OPTIONS:
${options(rootFlags, '')}`
}

function options(flags: readonly Flag[], command: string): string {
  return aligned(flags.map((flag) => [names(flag), purposeOf(flag, command)] as const))
}

function names({ names: [name, short], kind }: Flag): string {
  const value = kind === 'bool' || kind === 'on' ? '' : ' value'
  return `--${name}${value}${short === undefined ? '' : `, ${short.length === 1 ? '-' : '--'}${short}${value}`}`
}

function purposeOf({ names: [name], env, kind }: Flag, command: string): string {
  const text = purposes[`${command} ${name}`] ?? purposes[name] ?? ''
  const initial = kind === 'int' ? ' (default: 0)' : ''
  return `${text}${initial}${env === undefined ? '' : ` [$${env}]`}`
}

function aligned(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `   ${left.padEnd(width)}  ${right}\n`).join('')
}
