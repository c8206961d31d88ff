import { CoreError } from '@sealkit/core'
import { type Manifest, readManifests, sealedSecretObject } from '@sealkit/core/manifest'
import { type ResealOptions, resealItems } from '@sealkit/core/sealed'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import { type Io, readAll } from '../io.ts'
import { filesOf, readText } from '../manifests.ts'
import { writeResult } from '../sealing/files.ts'
import { readKeyRing } from '../sealing/keys.ts'
import { sealingKeyFor } from '../sealing/source.ts'

/** One line for the list of commands. */
export const summary = 'Seal SealedSecrets again for another key, with the private key and no cluster'

/** The positional arguments. */
export const positionals = '[FILE|DIRECTORY...]'

/** The command line as data. */
export const options = [
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'private keys that open them now: PEM, or Secrets of the controller',
  },
  {
    name: 'cert',
    type: 'string',
    value: 'FILE|URL',
    description: 'seal with this certificate (that of the controller in the cluster)',
  },
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
  ['sealkit reseal --key old-keys/ --cert new-cert.pem manifests/', 'every SealedSecret of a tree, in place'],
  ['sealkit reseal --key old.pem --cert new.pem < a.yaml > b.yaml', 'one stream'],
]

/** Reseals everything, then writes every file: one item that does not open leaves all files as they are. */
export async function run(values: Values<typeof options>, paths: readonly string[], io: Io): Promise<number> {
  if (values.key === undefined) {
    throw new CliError('NO_KEY', 'no private key was given', {
      hint: 'pass --key with the keys that open the files now',
    })
  }
  const keys = { keyRing: await readKeyRing(values.key, io), publicKey: await sealingKeyFor(values, io) }
  if (paths.length === 0) {
    io.stdout.write(await resealed((await readAll(io.stdin)).toString('utf8'), 'the input', keys))
    return exitCode.done
  }
  const files = [...new Set(paths.flatMap((path) => filesOf(path, io.cwd)))]
  const results = new Map<string, string>()
  for (const file of files) {
    const text = readText(file, io.cwd)
    if (text.includes('SealedSecret')) results.set(file, await resealed(text, file, keys))
  }
  if (results.size === 0) {
    throw new CliError('USAGE', 'no SealedSecret found in the files', { hint: 'name files or directories with some' })
  }
  for (const [file, text] of results) writeResult(text, file, io)
  return exitCode.done
}

/** The text with new ciphertexts in the place of the old ones, and not another byte changed. */
async function resealed(text: string, file: string, keys: ResealOptions): Promise<string> {
  let result = text
  for (const sealed of await readManifests(sealedSecretObject, text)) {
    if (sealed.kind !== 'SealedSecret') continue
    const old = itemsOf(sealed)
    for (const [key, item] of Object.entries(await renewed(sealed, file, keys))) {
      const before = old[key] ?? ''
      if (!result.includes(before)) {
        throw new CliError('NOT_SUPPORTED', `${file}: ${key} of ${sealed.metadata?.name} is broken over lines`, {
          hint: 'write the ciphertext on one line',
        })
      }
      result = result.replaceAll(before, item)
    }
  }
  return result
}

async function renewed(sealed: Manifest, file: string, keys: ResealOptions): Promise<Record<string, string>> {
  const { namespace = '', name = '' } = sealed.metadata ?? {}
  const { data } = (sealed['spec'] ?? {}) as { data?: unknown }
  if (data !== undefined) {
    throw new CliError('NOT_SUPPORTED', `${file}: ${namespace}/${name} has the format before 0.7`, {
      hint: 'unseal it and seal the Secret again',
    })
  }
  try {
    return await resealItems(sealed, keys)
  } catch (cause) {
    if (!(cause instanceof CoreError)) throw cause
    const hint = cause.hint === undefined ? {} : { hint: cause.hint }
    throw new CoreError(cause.code, `${file}: ${namespace}/${name}: ${cause.message}`, { cause, ...hint })
  }
}

function itemsOf(sealed: Manifest): Readonly<Record<string, string>> {
  return ((sealed['spec'] ?? {}) as { encryptedData?: Record<string, string> }).encryptedData ?? {}
}
