import { basename } from 'node:path'
import {
  checkDataKey,
  checkName,
  checkNamespace,
  encodeBase64,
  isJson,
  type Manifest,
  readManifests,
  sealedSecretObject,
  secretType,
} from '@sealkit/core/manifest'
import { isScope, type Scope, sealSecret } from '@sealkit/core/sealed'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { readInput, readInputs, writeResult } from '../sealing/files.ts'
import { type Format, outputFormat, printManifests } from '../sealing/print.ts'
import { sealingKeyFor } from '../sealing/source.ts'

/** One line for the list of commands. */
export const summary = 'Seal Secrets into SealedSecrets, which are safe in git'

/** The command line as data. */
export const options = [
  {
    name: 'file',
    short: 'f',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'read Secrets from FILE (standard input)',
  },
  {
    name: 'cert',
    type: 'string',
    value: 'FILE|URL',
    description: 'seal with this certificate (that of the controller in the cluster)',
  },
  {
    name: 'scope',
    type: 'string',
    value: 'SCOPE',
    description: 'strict, namespace-wide or cluster-wide (what the annotations of the Secret say, else strict)',
  },
  { name: 'name', type: 'string', value: 'NAME', description: 'name of the Secret' },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    value: 'NAMESPACE',
    description: 'namespace of Secrets that declare none',
  },
  {
    name: 'from-literal',
    type: 'string',
    multiple: true,
    value: 'KEY=VALUE',
    description: 'make the Secret of this value instead of reading one',
  },
  {
    name: 'from-file',
    type: 'string',
    multiple: true,
    value: '[KEY=]FILE',
    description: 'make the Secret of this file instead of reading one',
  },
  { name: 'type', type: 'string', value: 'TYPE', description: 'type of the Secret that is made' },
  { name: 'output', short: 'o', type: 'string', value: 'json|yaml', description: 'format (that of the input)' },
  { name: 'write', short: 'w', type: 'string', value: 'FILE', description: 'write to FILE (standard output)' },
  { name: 'allow-empty-data', type: 'boolean', description: 'also seal Secrets without data' },
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
  ['sealkit seal --cert cert.pem -f secret.yaml -w sealed.yaml', 'a file'],
  ['sealkit seal --cert cert.pem --name db -n shop --from-file password=pw.txt', 'a value, without a Secret file'],
]

type SealValues = Values<typeof options>

/** Seals everything, then prints everything: one Secret that fails leaves the output as it was. */
export async function run(values: SealValues, _: readonly string[], io: Io): Promise<number> {
  const scope = scopeFrom(values.scope)
  const { secrets, format } = await readSecrets(values, io)
  const publicKey = await sealingKeyFor(values, io)
  const sealed: Manifest[] = []
  for (const secret of secrets) {
    checkSecret(secret, values)
    // Also in cluster-wide scope, where sealing itself asks for no namespace.
    const namespace = secret.metadata?.namespace || values.namespace
    if (namespace !== undefined) secret.metadata = { ...secret.metadata, namespace }
    sealed.push(
      await sealSecret(secret, {
        publicKey,
        ...(scope !== undefined && { scope }),
        ...(values.name !== undefined && { name: values.name }),
        allowEmptyData: values['allow-empty-data'] ?? false,
      }),
    )
  }
  const output = outputFormat(values.output, values.write, format)
  writeResult(await printManifests(sealedSecretObject, sealed, output), values.write, io)
  return exitCode.done
}

function scopeFrom(text: string | undefined): Scope | undefined {
  if (text === undefined || isScope(text)) return text
  throw new CliError('USAGE', `unknown scope: ${text}`, { hint: 'give strict, namespace-wide or cluster-wide' })
}

interface Input {
  readonly secrets: Manifest[]
  readonly format: Format
}

async function readSecrets(values: SealValues, io: Io): Promise<Input> {
  const made = madeSecret(values, io)
  if (made !== undefined) return { secrets: [made], format: 'yaml' }
  const inputs = await readInputs(values.file, io)
  const secrets: Manifest[] = []
  for (const input of inputs) secrets.push(...(await readManifests(secretType, input, { strict: true })))
  if (secrets.length === 0) {
    throw new CliError('USAGE', 'no Secret found in the input', { hint: 'give a Secret in YAML or JSON' })
  }
  const json = inputs.every((input) => isJson(Buffer.from(input).toString('latin1')))
  return { secrets, format: json ? 'json' : 'yaml' }
}

/** The Secret of `--from-literal` and `--from-file`, read as kubectl reads them. */
function madeSecret(values: SealValues, io: Io): Manifest | undefined {
  const literals = values['from-literal'] ?? []
  const files = values['from-file'] ?? []
  if (literals.length + files.length === 0) return undefined
  if (values.file !== undefined) {
    throw new CliError('USAGE', '--file cannot be used with --from-literal or --from-file', {
      hint: 'give one of them',
    })
  }
  const items = [...literals.map(literal), ...files.map((text) => fromFile(text, io))]
  const keys = items.map(([key]) => key)
  const twice = keys.find((key, at) => keys.indexOf(key) !== at)
  if (twice !== undefined)
    throw new CliError('USAGE', `the key ${twice} is given twice`, { hint: 'give each key once' })
  const data = Object.fromEntries(items.map(([key, value]) => [key, encodeBase64(value)]))
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {},
    ...(values.type !== undefined && { type: values.type }),
    data,
  }
}

function literal(text: string): [string, Uint8Array] {
  const at = text.indexOf('=')
  // The text may be the secret itself, so it is not shown.
  if (at < 1)
    throw new CliError('USAGE', 'a value of --from-literal is not of the form KEY=VALUE', { hint: 'give KEY=VALUE' })
  return [text.slice(0, at), Buffer.from(text.slice(at + 1))]
}

function fromFile(text: string, io: Io): [string, Uint8Array] {
  const at = text.indexOf('=')
  const path = text.slice(at + 1)
  return [at < 0 ? basename(path) : text.slice(0, at), readInput(path, io)]
}

/** What a cluster would refuse later, or what is no Secret at all. */
function checkSecret(secret: Manifest, values: SealValues): void {
  const { kind = 'Secret', apiVersion = 'v1', metadata = {} } = secret
  if (kind !== 'Secret' || apiVersion !== 'v1') {
    throw new CliError('USAGE', `the input holds a ${kind} of ${apiVersion}, not a Secret of v1`, {
      hint: 'seal Secrets only; keep other objects in files of their own',
    })
  }
  const name = values.name ?? metadata.name
  if (name !== undefined) checkName(name)
  const namespace = metadata.namespace ?? values.namespace
  if (namespace !== undefined && namespace !== '') checkNamespace(namespace)
  if (metadata.namespace && values.namespace !== undefined && metadata.namespace !== values.namespace) {
    throw new CliError('USAGE', `the Secret is in namespace ${metadata.namespace}, not ${values.namespace}`, {
      hint: 'leave out --namespace, or correct metadata.namespace',
    })
  }
  const keys = [secret['data'], secret['stringData']].flatMap((map) => Object.keys(map ?? {}))
  for (const key of keys) checkDataKey(key)
}
