import { type Manifest, secretType } from '@sealkit/core/manifest'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { readInputs, writeResult } from '../sealing/files.ts'
import { readKeyRing } from '../sealing/keys.ts'
import { outputFormat, printManifests } from '../sealing/print.ts'
import { unsealManifests } from '../sealing/unseal.ts'

/** One line for the list of commands. */
export const summary = 'Decrypt SealedSecrets with private keys and print the Secrets'

/** The command line as data. */
export const options = [
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'private sealing keys: PEM, or Secrets of the controller',
  },
  {
    name: 'file',
    short: 'f',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'read SealedSecrets from FILE (standard input)',
  },
  { name: 'output', short: 'o', type: 'string', value: 'json|yaml', description: 'format of the Secrets (yaml)' },
  { name: 'write', short: 'w', type: 'string', value: 'FILE', description: 'write to FILE, readable by you alone' },
] as const

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit unseal --key sealing-key.yaml -f sealed.yaml', 'a file, with a backup of the controller\u2019s key'],
]

/** Unseals everything, then prints everything: one object that fails leaves the output as it was. */
export async function run(values: Values<typeof options>, _: readonly string[], io: Io): Promise<number> {
  if (values.key === undefined) {
    throw new CliError('NO_KEY', 'no private key was given', {
      hint: 'pass --key with a PEM file or a backup of the controller\u2019s key Secrets',
    })
  }
  const keyRing = await readKeyRing(values.key, io)
  const secrets: Manifest[] = []
  for (const input of await readInputs(values.file, io)) secrets.push(...(await unsealManifests(input, keyRing)))
  if (secrets.length === 0) {
    throw new CliError('USAGE', 'no SealedSecret found in the input', { hint: 'give a SealedSecret in YAML or JSON' })
  }
  const format = outputFormat(values.output, values.write, 'yaml')
  writeResult(await printManifests(secretType, secrets, format), values.write, io, 0o600)
  return exitCode.done
}
