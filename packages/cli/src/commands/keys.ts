import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseDuration } from '@sealkit/core/go'
import { encodeBase64, type Manifest, secretType } from '@sealkit/core/manifest'
import { defaultKeySize, type GeneratedKey, generateSealingKey, names } from '@sealkit/core/sealed'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { writeResult } from '../sealing/files.ts'
import { outputFormat, printManifests } from '../sealing/print.ts'
import { controllerCertificate } from '../sealing/source.ts'

/** One line for the list of commands. */
export const summary = 'Generate sealing keys and age identities, fetch the controller\u2019s certificate'

/** The positional arguments. */
export const positionals = 'generate|fetch'

/** The command line as data. */
export const options = [
  { name: 'age', type: 'boolean', description: 'generate: an age identity instead of a sealing key' },
  { name: 'out-cert', type: 'string', value: 'FILE', description: 'generate: write the certificate to FILE' },
  { name: 'out-key', type: 'string', value: 'FILE', description: 'generate: write the private key to FILE' },
  { name: 'name', type: 'string', value: 'NAME', description: 'generate: name of the key Secret (sealed-secrets-key)' },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    value: 'NAMESPACE',
    description: 'generate: namespace of the key Secret (kube-system)',
  },
  { name: 'key-size', type: 'string', value: 'BITS', description: 'generate: size of the RSA key (4096)' },
  { name: 'ttl', type: 'string', value: 'DURATION', description: 'generate: validity of the certificate (87600h)' },
  { name: 'cn', type: 'string', value: 'NAME', description: 'generate: common name of the certificate (none)' },
  {
    name: 'output',
    short: 'o',
    type: 'string',
    value: 'json|yaml',
    description: 'generate: format of the Secret (yaml)',
  },
  { name: 'write', short: 'w', type: 'string', value: 'FILE', description: 'write to FILE (standard output)' },
  {
    name: 'controller-name',
    type: 'string',
    value: 'NAME',
    description: 'Service of the controller (sealed-secrets-controller)',
  },
  {
    name: 'controller-namespace',
    type: 'string',
    value: 'NAMESPACE',
    description: 'namespace of the controller (kube-system)',
  },
  { name: 'kubeconfig', type: 'string', value: 'FILE', description: 'kubeconfig of the cluster' },
  { name: 'context', type: 'string', value: 'NAME', description: 'context of the kubeconfig' },
] as const

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit keys fetch -w cert.pem', 'the certificate to seal with'],
  ['sealkit keys generate --out-cert cert.pem --out-key key.pem', 'a key pair in files'],
  [
    'sealkit keys generate --out-cert cert.pem | kubectl apply -f -',
    'a key that the controller loads, and its certificate',
  ],
  ['sealkit keys generate --age --out-key keys.txt', 'an age identity for sops'],
]

type KeyValues = Values<typeof options>

/** Runs the action that the first argument names. */
export async function run(values: KeyValues, [action = '', ...more]: readonly string[], io: Io): Promise<number> {
  const work = Object.hasOwn(actions, action) && more.length === 0 ? actions[action] : undefined
  if (work === undefined) throw new CliError('USAGE', 'keys needs an action', { hint: 'give generate or fetch' })
  await work(values, io)
  return exitCode.done
}

const actions: Readonly<Record<string, (values: KeyValues, io: Io) => Promise<void>>> = { generate, fetch }

async function fetch(values: KeyValues, io: Io): Promise<void> {
  writeResult(await controllerCertificate(values, io), values.write, io)
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
