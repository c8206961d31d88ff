import {
  type Manifest,
  manifestJson,
  manifestYaml,
  type ObjectType,
  sealedSecretObject,
  secretManifest,
  secretType,
  withoutUnknownOwners,
} from '@sealkit/core/manifest'
import { sealSecret } from '@sealkit/core/sealed'
import type { Policy } from '@sealkit/resolver'
import { desired, isSource, type Outcome } from 'sealkit'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { documentsOf, inNamespace, readManifestTexts, readText } from '../manifests.ts'
import { closedPolicy, readPolicy } from '../policy.ts'
import { isResourceList, type Replaced, replaceSources } from '../rendering/stream.ts'
import { sealingKeyFor } from '../sealing/source.ts'
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
  {
    name: 'all',
    type: 'boolean',
    description: 'print every manifest, with Secrets in place of what stands for them (a ResourceList always is)',
  },
  {
    name: 'cert',
    type: 'string',
    value: 'FILE|URL',
    description: 'seal the Secrets with this certificate, so that nothing in plain text leaves',
  },
  { name: 'plan', type: 'boolean', description: 'print what would be read, and read nothing' },
  { name: 'output', short: 'o', type: 'string', value: 'json|yaml', description: 'format of the Secrets (yaml)' },
] as const

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit render --key sealing-key.yaml manifests/', 'all Secrets of a directory'],
  ['kustomize build . | sealkit render --all -', 'a stream with its Secrets in place'],
  ['sealkit render --policy policy.yaml --cert cert.pem manifests/', 'sealed again, for a cluster'],
  ['sealkit render --plan manifests/', 'what would be read, and from where'],
]

/** Renders everything, then prints everything: one manifest that fails leaves stdout empty. */
export async function run(values: Values<typeof options>, paths: readonly string[], io: Io): Promise<number> {
  const format = outputFormat(values.output)
  const files = await readManifestTexts(paths.length === 0 ? ['-'] : paths, io)
  const documents = (await documentsOf(files)).map((document) => inNamespace(document, values.namespace))
  if (values.plan === true) {
    io.stdout.write((await import('../rendering/plan.ts')).plansText(documents))
    return exitCode.done
  }
  const texts = files.map(({ text }) => text)
  const all = values.all === true || texts.some(isResourceList)
  if (all && format === 'json') throw new CliError('USAGE', '--all prints YAML', { hint: 'leave out --output json' })
  const sources = await openSources({ documents, keys: values.key ?? [], ...policy(values, io), io })
  try {
    const replaced = await sealedIfAsked(succeeded(await desired(documents, sources.context), io), values.cert, io)
    io.stdout.write(all ? replaceSources(texts, replaced) : await printSecrets(replaced, format))
    return exitCode.done
  } finally {
    await sources.close()
  }
}

function outputFormat(format: string = 'yaml'): 'json' | 'yaml' {
  if (format === 'json' || format === 'yaml') return format
  throw new CliError('USAGE', `unsupported output format: ${format}`, { hint: 'give json or yaml' })
}

function policy(values: Values<typeof options>, io: Io): { policy?: Policy } {
  if (values['trust-stores'] === true) return {}
  const file = values.policy
  return { policy: file === undefined ? closedPolicy : readPolicy(readText(file, io.cwd), file) }
}

/** Every document with what it becomes; throws for the last one that failed, after a line for each of the others. */
function succeeded(outcomes: readonly Outcome[], io: Io): Replaced[] {
  const failures = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome] : []))
  const last = failures.pop()
  for (const failure of failures) io.stderr.write(`sealkit: error: ${failureText(failure)}\n`)
  if (last !== undefined) throw renderFailed(last)
  return outcomes.map((outcome) => {
    const { document } = outcome
    if (!isSource(document)) return { document, by: 'itself' }
    const secret = 'secret' in outcome ? outcome.secret : null
    return { document, by: secret === null ? null : secretManifest(withoutUnknownOwners(secret)) }
  })
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

/** With `--cert`, plain Secrets that would be printed are sealed too: what leaves is sealed as a whole. */
async function sealedIfAsked(outcomes: Replaced[], cert: string | undefined, io: Io): Promise<Replaced[]> {
  if (cert === undefined) return outcomes
  const publicKey = await sealingKeyFor({ cert }, io)
  return Promise.all(
    outcomes.map(async ({ document, by }) => {
      const { kind, apiVersion } = document.object
      const secret = by === 'itself' && kind === 'Secret' && apiVersion === 'v1' ? document.object : by
      if (secret === null || secret === 'itself') return { document, by }
      return { document, by: await sealSecret(secret, { publicKey, allowEmptyData: true }) }
    }),
  )
}

async function printSecrets(replaced: readonly Replaced[], format: 'json' | 'yaml'): Promise<string> {
  const made = replaced.flatMap(({ document, by }) =>
    by === null || by === 'itself' || !isSource(document) ? [] : [by],
  )
  if (format === 'json') return made.map((object) => `${manifestJson(typeOf(object), object)}\n`).join('')
  return (await Promise.all(made.map((object) => manifestYaml(typeOf(object), object)))).join('')
}

function typeOf({ kind }: Manifest): ObjectType {
  return kind === 'SealedSecret' ? sealedSecretObject : secretType
}
