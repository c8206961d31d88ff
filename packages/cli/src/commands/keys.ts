import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseDuration } from '@sealkit/core/go'
import { encodeBase64, type Manifest, readManifests, secretType } from '@sealkit/core/manifest'
import { defaultKeySize, type GeneratedKey, generateSealingKey, names } from '@sealkit/core/sealed'
import type { Values } from '../command.ts'
import { count } from '../count.ts'
import { CliError, exitCode } from '../exit.ts'
import { clusterFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { readInputs, writeResult } from '../sealing/files.ts'
import { type FoundKey, readFoundKeys } from '../sealing/keys.ts'
import { printable } from '../sealing/place.ts'
import { outputFormat, printManifests } from '../sealing/print.ts'
import { connectionOf, controllerCertificate, serviceOf } from '../sealing/source.ts'
import { sourcesOf } from '../sealing/sources.ts'

/** One line for the list of commands. */
export const summary = 'Generate, list, back up and restore sealing keys, and say which file uses which'

/** The positional arguments. */
export const positionals = 'generate|fetch|list|backup|restore|usage [FILE|DIRECTORY...]'

const own = [
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'list, usage: private keys (list: those in the cluster)',
  },
  { name: 'age', type: 'boolean', description: 'generate: an age identity instead of a sealing key' },
  { name: 'out-cert', type: 'string', value: 'FILE', description: 'generate: write the certificate to FILE' },
  { name: 'out-key', type: 'string', value: 'FILE', description: 'generate: write the private key to FILE' },
  { name: 'name', type: 'string', value: 'NAME', description: 'generate: name of the key Secret (sealed-secrets-key)' },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    value: 'NAMESPACE',
    description: 'generate, restore: namespace of the key Secrets (kube-system; that of the backup)',
  },
  { name: 'key-size', type: 'string', value: 'BITS', description: 'generate: size of the RSA key (4096)' },
  { name: 'ttl', type: 'string', value: 'DURATION', description: 'generate: validity of the certificate (87600h)' },
  { name: 'cn', type: 'string', value: 'NAME', description: 'generate: common name of the certificate (none)' },
  {
    name: 'output',
    short: 'o',
    type: 'string',
    value: 'json|yaml',
    description: 'generate, backup: format of the Secrets (yaml)',
  },
  { name: 'write', short: 'w', type: 'string', value: 'FILE', description: 'write to FILE (standard output)' },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof clusterFlags] = [...own, ...clusterFlags]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit keys fetch -w cert.pem', 'the certificate to seal with'],
  ['sealkit keys generate --out-cert cert.pem --out-key key.pem', 'a key pair in files'],
  [
    'sealkit keys generate --out-cert cert.pem | kubectl apply -f -',
    'a key that the controller loads, and its certificate',
  ],
  ['sealkit keys backup -w sealing-keys.yaml', 'every private key of the cluster\u2019s controller, for a safe place'],
  ['sealkit keys usage --key sealing-keys.yaml clusters/', 'which file uses which key, and which key is used no more'],
  ['sealkit keys generate --age --out-key keys.txt', 'an age identity for sops'],
]

type KeyValues = Values<typeof options>

/** Runs the action that the first argument names. */
export async function run(values: KeyValues, [action = '', ...paths]: readonly string[], io: Io): Promise<number> {
  const row = Object.hasOwn(actions, action) ? actions[action] : undefined
  if (row === undefined) {
    throw new CliError('USAGE', 'keys needs an action', { hint: `give ${Object.keys(actions).join(', ')}` })
  }
  if (paths.length > 0 && !row.takesFiles) {
    throw new CliError('USAGE', `keys ${action} takes no files`, { hint: 'see sealkit keys --help' })
  }
  await row.work(values, io, paths)
  return exitCode.done
}

/** What can be done with keys, and whether it is done with files. */
interface Action {
  readonly takesFiles?: true
  work(values: KeyValues, io: Io, paths: readonly string[]): Promise<void>
}

const actions: Readonly<Record<string, Action>> = {
  generate: { work: generate },
  fetch: { work: fetch },
  list: { work: list },
  backup: { work: backup },
  restore: { takesFiles: true, work: restore },
  usage: { takesFiles: true, work: usage },
}

async function fetch(values: KeyValues, io: Io): Promise<void> {
  writeResult(await controllerCertificate(values, io), values.write, io)
}

/** Fingerprint, size, validity and place of each key, newest first. */
async function list(values: KeyValues, io: Io): Promise<void> {
  const keys = await foundKeys(values, io)
  const sorted = keys.toSorted((a, b) => b.key.orderedAt.getTime() - a.key.orderedAt.getTime())
  const day = (date: Date | undefined): string => date?.toISOString().slice(0, 10) ?? '-'
  const rows = sorted.map(({ key, place }) => {
    const { fingerprint, privateKey, certificate } = key
    const expired = certificate !== undefined && certificate.notAfter < io.now() ? ' (expired)' : ''
    return [
      fingerprint,
      String(privateKey.modulusBits),
      day(certificate?.notBefore),
      `${day(certificate?.notAfter)}${expired}`,
      printable(place),
    ]
  })
  writeResult(table([['FINGERPRINT', 'BITS', 'FROM', 'UNTIL', 'PLACE'], ...rows]), values.write, io)
}

async function foundKeys(values: KeyValues, io: Io): Promise<FoundKey[]> {
  if (values.key !== undefined) return readFoundKeys(values.key, io)
  const { clusterKeys } = await import('../sealing/keystore.ts')
  return clusterKeys(connectionOf(values, io), serviceOf(values).namespace)
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map(
      (row) =>
        `${row
          .map((text, column) => text.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

async function backup(values: KeyValues, io: Io): Promise<void> {
  if (values.write === undefined && io.stdout.isTTY === true) {
    throw new CliError('USAGE', 'private keys are not shown on a terminal', { hint: 'name a file with --write' })
  }
  refuseToReplace(values.write, io)
  const { keptSecret, keySecrets } = await import('../sealing/keystore.ts')
  const { namespace } = serviceOf(values)
  const secrets = await keySecrets(connectionOf(values, io), namespace)
  if (secrets.length === 0) {
    throw new CliError('NO_KEY', `there are no sealing keys in namespace ${namespace}`, {
      hint: 'name the controller\u2019s namespace with --controller-namespace',
    })
  }
  const format = outputFormat(values.output, values.write, 'yaml')
  writeResult(await printManifests(secretType, secrets.map(keptSecret), format), values.write, io, 0o600)
  io.stderr.write(`${count(secrets.length, 'key')} backed up\n`)
}

async function restore(values: KeyValues, io: Io, paths: readonly string[]): Promise<void> {
  const { holdsKey } = await import('../sealing/keys.ts')
  const secrets: Manifest[] = []
  for (const input of await readInputs(paths.length === 0 ? undefined : paths, io)) {
    secrets.push(...(await readManifests(secretType, input)).filter(holdsKey))
  }
  if (secrets.length === 0) {
    throw new CliError('NO_KEY', 'the input holds no Secret with a sealing key', { hint: 'give a backup' })
  }
  const { restoreKeys } = await import('../sealing/keystore.ts')
  const restored = await restoreKeys(connectionOf(values, io), secrets, values.namespace)
  for (const { place, outcome } of restored) io.stderr.write(`${printable(place)}: ${outcome}\n`)
  if (restored.some(({ outcome }) => outcome === 'restored')) {
    io.stderr.write('a controller of Bitnami loads keys when it starts: restart it\n')
  }
}

/** A row for each key and object; what no key opens has none, and a key that opens nothing is told on stderr. */
async function usage(values: KeyValues, io: Io, paths: readonly string[]): Promise<void> {
  const { usagesOf } = await import('../sealing/usage.ts')
  const keys = await foundKeys(values, io)
  const rows: string[][] = []
  const used = new Set<FoundKey>()
  for (const source of sourcesOf(paths, io)) {
    const text = await source.read()
    if (!source.named && !text.includes('SealedSecret')) continue
    for (const { key, object, items } of await usagesOf(text, keys, values.namespace)) {
      if (key !== undefined) used.add(key)
      const what = key === undefined ? `${object}: ${items.join(', ')}` : object
      rows.push([key?.key.fingerprint ?? 'no key', String(items.length), printable(source.path), what])
    }
  }
  writeResult(table([['KEY', 'ITEMS', 'FILE', 'OBJECT'], ...rows]), values.write, io)
  for (const key of keys.filter((one) => !used.has(one))) {
    io.stderr.write(`${key.key.fingerprint} (${printable(key.place)}) opens nothing here\n`)
  }
}

async function generate(values: KeyValues, io: Io): Promise<void> {
  if (values.age) return generateAge(values, io)
  const { 'out-cert': certificate, 'out-key': privateKey } = values
  if (privateKey !== undefined && certificate === undefined) {
    throw new CliError('USAGE', '--out-key needs --out-cert', {
      hint: 'a private key without its certificate seals nothing',
    })
  }
  refuseToReplace(privateKey ?? values.write, io)
  const key = await generateSealingKey({
    notBefore: io.now(),
    keySize: keySize(values['key-size']),
    ...(values.ttl !== undefined && { validFor: Number(parseDuration(values.ttl) / 1_000_000n) }),
    ...(values.cn !== undefined && { commonName: values.cn }),
  })
  if (privateKey === undefined) await printSecret(key, values, io)
  else writeResult(key.privateKeyPem, privateKey, io, 0o600)
  if (certificate !== undefined) writeResult(key.certificatePem, certificate, io)
}

/** A lost private key is lost for good. */
function refuseToReplace(path: string | undefined, io: Io): void {
  if (path === undefined || !existsSync(resolve(io.cwd, path))) return
  throw new CliError('FILE_EXISTS', `${path} is there already`, { hint: 'name another file, or remove it' })
}

function keySize(text: string | undefined): number {
  if (text === undefined) return defaultKeySize
  const bits = Number(text)
  if (Number.isInteger(bits) && bits >= 1024 && bits <= 16384) return bits
  throw new CliError('USAGE', `${text} is no key size`, { hint: 'give a number of bits from 1024 to 16384' })
}

async function printSecret(key: GeneratedKey, values: KeyValues, io: Io): Promise<void> {
  const secret: Manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: values.name ?? 'sealed-secrets-key',
      namespace: values.namespace ?? 'kube-system',
      labels: { [names.sealingKey]: 'active' },
    },
    type: 'kubernetes.io/tls',
    data: {
      'tls.crt': encodeBase64(Buffer.from(key.certificatePem)),
      'tls.key': encodeBase64(Buffer.from(key.privateKeyPem)),
    },
  }
  const format = outputFormat(values.output, values.write, 'yaml')
  refuseToReplace(values.write, io)
  writeResult(await printManifests(secretType, [secret], format), values.write, io, 0o600)
}

/** The file that age-keygen writes; the public key is also shown when the file does not go to the terminal. */
async function generateAge(values: KeyValues, io: Io): Promise<void> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption')
  const path = values['out-key'] ?? values.write
  refuseToReplace(path, io)
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  const created = `${io.now().toISOString().slice(0, 19)}Z`
  writeResult(`# created: ${created}\n# public key: ${recipient}\n${identity}\n`, path, io, 0o600)
  if (path !== undefined) io.stderr.write(`Public key: ${recipient}\n`)
}
