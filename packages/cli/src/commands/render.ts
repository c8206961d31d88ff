import {
  type Manifest,
  manifestJson,
  manifestYaml,
  secretManifest,
  secretType,
  withoutUnknownOwners,
} from '@sealkit/core/manifest'
import type { Policy } from '@sealkit/resolver'
import { desired, type ManifestDocument, type Outcome } from 'sealkit'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { readManifestFiles, readText } from '../manifests.ts'
import { closedPolicy, readPolicy } from '../policy.ts'
import { openSources } from '../sources.ts'

/** One line for the list of commands. */
export const summary = 'Print the Secrets that manifests of all three kinds stand for'

/** The positional arguments. */
export const positionals = '[FILE|DIRECTORY...]'

/** The command line as data. */
export const options = [
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'private sealing keys, PEM or Secret manifests, for SealedSecrets',
  },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    value: 'NAME',
    description: 'namespace of manifests that name none',
  },
  {
    name: 'policy',
    type: 'string',
    value: 'FILE',
    description: 'what the stores among the manifests may reach; without it, nothing but the fake provider',
  },
  {
    name: 'trust-stores',
    type: 'boolean',
    description: 'the stores are your own: let them reach whatever they name',
  },
  { name: 'output', short: 'o', type: 'string', value: 'json|yaml', description: 'format of the Secrets (yaml)' },
] as const

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit render --key sealing-key.yaml manifests/', 'all Secrets of a directory'],
  ['kustomize build . | sealkit render -', 'the Secrets of a stream'],
]

/** Renders everything, then prints everything: one manifest that fails leaves stdout empty. */
export async function run(values: Values<typeof options>, paths: readonly string[], io: Io): Promise<number> {
  const format = values.output ?? 'yaml'
  if (format !== 'json' && format !== 'yaml') {
    throw new CliError('USAGE', `unsupported output format: ${format}`, { hint: 'give json or yaml' })
  }
  const read = await readManifestFiles(paths.length === 0 ? ['-'] : paths, io)
  const documents = read.map((document) => withNamespace(document, values.namespace ?? 'default'))
  const sources = await openSources({ documents, keys: values.key ?? [], ...policy(values, io), io })
  try {
    const secrets = succeeded(await desired(documents, sources.context), io)
    io.stdout.write(await print(secrets, format))
    return exitCode.done
  } finally {
    await sources.close()
  }
}

function policy(values: Values<typeof options>, io: Io): { policy?: Policy } {
  if (values['trust-stores'] === true) return {}
  const file = values.policy
  return { policy: file === undefined ? closedPolicy : readPolicy(readText(file, io.cwd), file) }
}

function withNamespace(document: ManifestDocument, namespace: string): ManifestDocument {
  const { metadata } = document.object
  if (metadata === undefined || metadata.namespace !== undefined) return document
  return { ...document, object: { ...document.object, metadata: { ...metadata, namespace } } }
}

function succeeded(outcomes: readonly Outcome[], io: Io): Manifest[] {
  const failures = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome] : []))
  const last = failures.pop()
  for (const failure of failures) io.stderr.write(`sealkit: error: ${failureText(failure)}\n`)
  if (last !== undefined) throw renderFailed(last)
  return outcomes.flatMap((outcome) =>
    'secret' in outcome && outcome.secret !== null ? [secretManifest(withoutUnknownOwners(outcome.secret))] : [],
  )
}

type Failure = Extract<Outcome, { readonly error: unknown }>

function renderFailed(failure: Failure): CliError {
  const { error } = failure
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? { hint: error.hint } : {}
  return new CliError('RENDER_FAILED', failureText(failure), { cause: error, ...hint })
}

function failureText({ document: { object, place }, error }: Failure): string {
  const { namespace, name } = object.metadata ?? {}
  return `${place ?? 'input'}: ${object.kind} ${namespace}/${name}: ${error instanceof Error ? error.message : 'failed'}`
}

async function print(secrets: readonly Manifest[], format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return secrets.map((secret) => `${manifestJson(secretType, secret)}\n`).join('')
  return (await Promise.all(secrets.map((secret) => manifestYaml(secretType, secret)))).join('')
}
