import { isJson, type Manifest, secretType } from '@sealkit/core/manifest'
import type { KeyRing } from '@sealkit/core/sealed'
import { openStore } from '@sealkit/core/sops'
import { CliError } from '../exit.ts'
import { extracted } from '../sops/extract.ts'
import { type Format, outputFormat, printManifests } from './print.ts'
import { unsealManifests } from './unseal.ts'

/** What a command line asks of the plain text. */
export interface UnsealedOptions {
  readonly 'output-type'?: string
  readonly extract?: string
}

/**
 * The Secrets of a file of SealedSecrets, in the format that is asked for, else in that of the file; or one value of
 * the first one.
 *
 * @throws NO_KEY without keys, NO_SUCH_KEY, and what unsealing throws
 */
export async function unsealedContent(
  { path, bytes }: { readonly path: string; readonly bytes: Uint8Array },
  options: UnsealedOptions,
  keyRing: KeyRing | undefined,
): Promise<Uint8Array> {
  if (keyRing === undefined) {
    throw new CliError('NO_KEY', 'a SealedSecret opens with a private key, and none was given', {
      hint: 'pass --key with a PEM file or a backup of the controller\u2019s key Secrets',
    })
  }
  const secrets = await unsealManifests(bytes, keyRing)
  const fallback = isJson(Buffer.from(bytes).toString()) ? 'json' : 'yaml'
  const format = outputFormat(options['output-type'], path, fallback)
  if (options.extract !== undefined) return extractedValue(secrets, options.extract, format)
  return Buffer.from(await printManifests(secretType, secrets, format))
}

async function extractedValue(secrets: readonly Manifest[], place: string, format: Format): Promise<Uint8Array> {
  const printed = await printManifests(secretType, secrets.slice(0, 1), 'json')
  return extracted((await openStore('json')).load(Buffer.from(printed)), place, format)
}
