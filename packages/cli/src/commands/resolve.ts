import { parseReference, resolveExternalSecret, resolveReference } from '@sealkit/resolver'
import type { ManifestDocument } from 'sealkit'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { lentEnvironment } from '../lent.ts'
import { inNamespace, readManifestFiles } from '../manifests.ts'
import { openSources } from '../sources.ts'

/** One line for the list of commands. */
export const summary = 'Print one value of a secret store'

/** The positional arguments. */
export const positionals = '[REFERENCE]'

/** The command line as data. */
export const options = [
  {
    name: 'filename',
    short: 'f',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'manifests with an ExternalSecret, its store and the credentials',
  },
  {
    name: 'external-secret',
    type: 'string',
    value: '[NAMESPACE/]NAME',
    description: 'the ExternalSecret among the manifests; may be left out when there is one',
  },
  { name: 'key', type: 'string', value: 'KEY', description: 'the key of the Secret that it stands for' },
  {
    name: 'sealing-key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'private sealing keys, for credentials that are sealed',
  },
] as const

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ["sealkit resolve 'ref+vault://secret/db#/password'", 'one key of a Vault secret (VAULT_ADDR, VAULT_TOKEN)'],
  ["sealkit resolve 'ref+awssecrets://prod/db?region=eu-west-1#/password'", 'one key of an AWS secret'],
  ["sealkit resolve '<path:secret/data/db#password>'", "argocd-vault-plugin's form"],
  ['sealkit resolve -f manifests/ --external-secret db --key password', 'what a manifest would put into the cluster'],
]

/** Prints the bytes of one value, and nothing else: no newline is added. */
export async function run(values: Values<typeof options>, references: readonly string[], io: Io): Promise<number> {
  const files = values.filename ?? []
  const [reference, ...more] = references
  if (more.length > 0 || (reference === undefined) === (files.length === 0)) {
    throw new CliError('USAGE', 'give one reference, or manifests with -f', {
      hint: "sealkit resolve 'ref+vault://secret/db#/password'",
    })
  }
  const value = reference === undefined ? await fromManifests(values, files, io) : await fromReference(reference, io)
  io.stdout.write(value)
  return exitCode.done
}

function fromReference(text: string, io: Io): Promise<Uint8Array> {
  return resolveReference(parseReference(text), { environment: lentEnvironment(io) })
}

async function fromManifests(values: Values<typeof options>, files: readonly string[], io: Io): Promise<Uint8Array> {
  const { key } = values
  if (key === undefined) throw new CliError('USAGE', 'which key?', { hint: 'give --key KEY' })
  const documents = (await readManifestFiles(files, io)).map((document) => inNamespace(document))
  const { object } = externalSecret(documents, values['external-secret'])
  const sources = await openSources({
    documents,
    keys: values['sealing-key'] ?? [],
    environment: lentEnvironment(io),
    io,
  })
  try {
    const { external } = sources.context
    if (external === undefined) throw new CliError('NOT_SUPPORTED', 'there is no source for ExternalSecrets')
    const { secret } = await resolveExternalSecret(object, external)
    const value = secret?.data.get(key)
    if (value !== undefined) return value
    const keys = [...(secret?.data.keys() ?? [])].join(', ')
    throw new CliError('NO_SUCH_KEY', `the Secret has no key "${key}"`, { hint: `its keys are: ${keys || 'none'}` })
  } finally {
    await sources.close()
  }
}

function externalSecret(documents: readonly ManifestDocument[], wanted: string | undefined): ManifestDocument {
  const all = documents.filter(({ object }) => object.kind === 'ExternalSecret')
  const matching = all.filter(({ object: { metadata } }) => {
    return wanted === undefined || wanted === metadata?.name || wanted === `${metadata?.namespace}/${metadata?.name}`
  })
  const [first, ...more] = matching
  if (first !== undefined && more.length === 0) return first
  const names = all.map(({ object: { metadata } }) => `${metadata?.namespace}/${metadata?.name}`).join(', ')
  throw new CliError('USAGE', first === undefined ? 'there is no such ExternalSecret' : 'which ExternalSecret?', {
    hint: names === '' ? 'give files that hold one with -f' : `give --external-secret with one of: ${names}`,
  })
}
