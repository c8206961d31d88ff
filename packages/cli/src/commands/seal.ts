import {
  checkDataKey,
  checkName,
  checkNamespace,
  isJson,
  type Manifest,
  readManifests,
  sealedSecretObject,
  secretType,
} from '@sealkit/core/manifest'
import type { PublicKey } from '@sealkit/core/platform'
import { isScope, type Scope, type SealOptions, sealSecrets } from '@sealkit/core/sealed'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import { controllerFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { readInputs, writeResult } from '../sealing/files.ts'
import { type Format, outputFormat, printManifests } from '../sealing/print.ts'
import { sealingKeyFor } from '../sealing/source.ts'

/** One line for the list of commands. */
export const summary = 'Seal Secrets into SealedSecrets, which are safe in git'

const own = [
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
    multiple: true,
    value: '[NAME=]FILE|URL',
    description: 'seal with this certificate (that of the controller in the cluster); several need -w with {name}',
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
  {
    name: 'from-env-file',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'make the Secret of the KEY=VALUE lines of this file instead of reading one',
  },
  { name: 'type', type: 'string', value: 'TYPE', description: 'type of the Secret that is made' },
  { name: 'output', short: 'o', type: 'string', value: 'json|yaml', description: 'format (that of the input)' },
  {
    name: 'write',
    short: 'w',
    type: 'string',
    value: 'FILE',
    description: 'write to FILE (standard output); {name} in it stands for the certificate or context',
  },
  {
    name: 'copy',
    type: 'string',
    multiple: true,
    value: 'KEY',
    description: 'put this label or annotation also on the SealedSecret itself; PREFIX* takes many',
  },
  { name: 'allow-empty-data', type: 'boolean', description: 'also seal Secrets without data' },
  {
    name: 'context',
    type: 'string',
    multiple: true,
    value: 'NAME',
    description: 'context of the kubeconfig; several are as many clusters and need -w with {name}',
  },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof controllerFlags] = [...own, ...controllerFlags]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit seal --cert cert.pem -f secret.yaml -w sealed.yaml', 'a file'],
  ["sealkit seal --context eu --context us -f secret.yaml -w 'clusters/{name}/db.yaml'", 'one file for each cluster'],
  ['sealkit seal --cert cert.pem --name db -n shop --from-file password=pw.txt', 'a value, without a Secret file'],
]

type SealValues = Values<typeof options>

/** Seals everything, then prints everything: one Secret that fails leaves every output as it was. */
export async function run(values: SealValues, _: readonly string[], io: Io): Promise<number> {
  const scope = scopeFrom(values.scope)
  const { secrets, format } = await readSecrets(values, io)
  for (const secret of secrets) {
    checkSecret(secret, values)
    // Also in cluster-wide scope, where sealing itself asks for no namespace.
    const namespace = secret.metadata?.namespace || values.namespace
    if (namespace !== undefined) secret.metadata = { ...secret.metadata, namespace }
  }
  const outputs: { readonly path: string | undefined; readonly text: string }[] = []
  for (const { path, publicKey } of await targetsOf(values, io)) {
    const sealed: Manifest[] = []
    for await (const one of sealSecrets(secrets, sealOptions(values, publicKey, scope))) sealed.push(one)
    const text = await printManifests(sealedSecretObject, sealed, outputFormat(values.output, path, format))
    outputs.push({ path, text })
  }
  for (const { path, text } of outputs) writeResult(text, path, io)
  return exitCode.done
}

function sealOptions(values: SealValues, publicKey: PublicKey, scope: Scope | undefined): SealOptions {
  const { name, copy } = values
  return {
    publicKey,
    ...(scope !== undefined && { scope }),
    ...(name !== undefined && { name }),
    ...(copy !== undefined && { copy: (key: string) => copy.some((pattern) => fits(pattern, key)) }),
    allowEmptyData: values['allow-empty-data'] ?? false,
  }
}

function fits(pattern: string, key: string): boolean {
  return pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern
}

/** What is sealed for: a key, and where the result goes. */
interface Target {
  readonly path: string | undefined
  readonly publicKey: PublicKey
}

async function targetsOf(values: SealValues, io: Io): Promise<readonly Target[]> {
  const { cert = [], context = [], write, ...rest } = values
  const [onlyCert] = cert
  const [onlyContext] = context
  if (cert.length + context.length > 1 || write?.includes('{name}') === true) {
    return (await import('../sealing/targets.ts')).sealTargets(values, io)
  }
  const one = { ...rest, ...(onlyCert && { cert: onlyCert }), ...(onlyContext && { context: onlyContext }) }
  return [{ path: write, publicKey: await sealingKeyFor(one, io) }]
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
  if ((['from-literal', 'from-file', 'from-env-file'] as const).some((source) => values[source] !== undefined)) {
    const { madeSecret } = await import('../sealing/made.ts')
    return { secrets: [madeSecret(values, io)], format: 'yaml' }
  }
  const inputs = await readInputs(values.file, io)
  const secrets: Manifest[] = []
  for (const input of inputs) secrets.push(...(await readManifests(secretType, input, { strict: true })))
  if (secrets.length === 0) {
    throw new CliError('USAGE', 'no Secret found in the input', { hint: 'give a Secret in YAML or JSON' })
  }
  const json = inputs.every((input) => isJson(Buffer.from(input).toString('latin1')))
  return { secrets, format: json ? 'json' : 'yaml' }
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
