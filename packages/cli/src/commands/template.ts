import {
  type Manifest,
  manifestYaml,
  desiredSecret as ofSecret,
  secretManifest,
  secretType,
  withoutUnknownOwners,
} from '@sealkit/core/manifest'
import { previewSecret } from '@sealkit/core/sealed'
import { parseYaml } from '@sealkit/core/yaml'
import { createRenderer, desiredSecret, readExternalSecret } from '@sealkit/resolver'
import { type ExecuteOptions, execute, functionTable, parse, seededRandom } from '@sealkit/template'
import { documentAccess, sealedSecretRender } from 'sealkit'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { documentsOf, inNamespace, type ManifestFile, readManifestTexts, readText } from '../manifests.ts'

/** One line for the list of commands. */
export const summary = 'Render a template, or the templates of manifests, with values of your own'

/** The positional arguments. */
export const positionals = '[FILE|DIRECTORY...]'

/** The command line as data. */
export const options = [
  {
    name: 'data',
    short: 'd',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'values: a mapping of texts or a Secret, in YAML or JSON; a later file wins',
  },
  {
    name: 'literal',
    type: 'string',
    multiple: true,
    value: 'KEY=VALUE',
    description: 'one value; it wins over files',
  },
  {
    name: 'functions',
    type: 'string',
    value: 'external-secrets|sealed-secrets',
    description: 'whose functions a plain template has (external-secrets); a manifest has those of its kind',
  },
  {
    name: 'now',
    type: 'string',
    value: 'TIME',
    description: 'the time that the template sees, as 2026-01-02T03:04:05Z',
  },
  {
    name: 'seed',
    type: 'string',
    value: 'TEXT',
    description: 'makes random functions repeat themselves; for previews, not for passwords',
  },
] as const

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit template --literal user=app config.tmpl', 'a Go template with sprig'],
  ['sealkit template --data values.yaml external-secret.yaml configmap.yaml', 'what spec.target.template makes'],
  ['sealkit template --data values.yaml --now 2026-01-02T03:04:05Z --seed test sealed.yaml', 'the same each time'],
]

type TemplateValues = Values<typeof options>
type Data = ReadonlyMap<string, Uint8Array>

/** Renders everything, then prints everything. Nothing is decrypted, and nobody is asked. */
export async function run(values: TemplateValues, paths: readonly string[], io: Io): Promise<number> {
  const data = readData(values, io)
  const context = executeOptions(values, io)
  const files = await readManifestTexts(paths.length === 0 ? ['-'] : paths, io)
  const text = files.some(({ text }) => hasTemplates(text))
    ? await renderManifests(files, data, context)
    : renderTexts(files, data, context, values.functions)
  io.stdout.write(text)
  return exitCode.done
}

function hasTemplates(text: string): boolean {
  return /^\s*["']?kind["']?\s*:\s*["']?(?:ExternalSecret|SealedSecret)\b/m.test(text)
}

function renderTexts(
  files: readonly ManifestFile[],
  data: Data,
  context: ExecuteOptions,
  personality: string = 'external-secrets',
): Uint8Array {
  if (personality !== 'external-secrets' && personality !== 'sealed-secrets') {
    throw new CliError('USAGE', `unknown functions: ${personality}`, {
      hint: 'give external-secrets or sealed-secrets',
    })
  }
  const functions = functionTable(personality)
  const missingKey = personality === 'external-secrets' ? 'error' : 'default'
  return Buffer.concat(
    files.map(({ text, place }) => execute(parse(text, { name: place, functions, missingKey }), data, context)),
  )
}

async function renderManifests(files: readonly ManifestFile[], data: Data, context: ExecuteOptions): Promise<string> {
  const documents = (await documentsOf(files)).map((document) => inNamespace(document))
  const cluster = documentAccess(documents, {})
  const secrets = await Promise.all(
    documents.map(async ({ object }) => {
      if (object.kind === 'SealedSecret') return previewSecret(object, data, { render: sealedSecretRender(context) })
      if (object.kind !== 'ExternalSecret') return null
      return desiredSecret(readExternalSecret(object), data, { cluster, render: createRenderer(context) })
    }),
  )
  const printed = secrets.map(async (secret) => {
    return secret === null ? '' : manifestYaml(secretType, secretManifest(withoutUnknownOwners(secret)))
  })
  return (await Promise.all(printed)).join('')
}

function readData(values: TemplateValues, io: Io): Data {
  const data = new Map<string, Uint8Array>()
  for (const file of values.data ?? []) {
    for (const [key, value] of dataOf(readText(file, io.cwd), file)) data.set(key, value)
  }
  for (const text of values.literal ?? []) {
    const at = text.indexOf('=')
    // The text may be the secret itself, so it is not shown.
    if (at < 1) throw new CliError('USAGE', 'a value of --literal is not of the form KEY=VALUE')
    data.set(text.slice(0, at), Buffer.from(text.slice(at + 1)))
  }
  return data
}

function dataOf(text: string, file: string): Data {
  const value = parseYaml(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notData(file)
  if ('kind' in value && value.kind === 'Secret') return ofSecret(value as Manifest).data
  return new Map(
    Object.entries(value).map(([key, item]) => {
      if (typeof item !== 'string') throw notData(`${file}: ${key}`)
      return [key, Buffer.from(item)]
    }),
  )
}

function notData(place: string): CliError {
  return new CliError('USAGE', `${place} is no text`, {
    hint: 'give a mapping of quoted texts, or a Secret',
  })
}

function executeOptions({ now, seed }: TemplateValues, io: Io): ExecuteOptions {
  const random = seed === undefined ? {} : { random: seededRandom(Buffer.from(seed)) }
  if (now === undefined) return { ...random, now: () => BigInt(io.now().getTime()) * 1_000_000n }
  const time = Date.parse(now)
  if (Number.isNaN(time)) {
    throw new CliError('USAGE', `${now} is no time`, { hint: 'give one such as 2026-01-02T03:04:05Z' })
  }
  return { ...random, now: () => BigInt(time) * 1_000_000n }
}
