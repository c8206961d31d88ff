import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { encodeBase64 } from '@sealkit/core/manifest'
import type { PublicKey } from '@sealkit/core/platform'
import { label, type Scope, sealItem } from '@sealkit/core/sealed'
import { readAll } from '../../io.ts'
import type { Call } from './call.ts'
import { failure, fileFailure } from './failure.ts'

/** Seals one value and prints it in base64, without a line break. */
export async function sealRaw(call: Call, publicKey: PublicKey): Promise<void> {
  const scope = call.values.text('scope') as Scope
  const name = call.values.text('name')
  const namespace = scope === 'cluster-wide' ? '' : await namespaceOf(call)
  if (scope === 'strict' && name === '') {
    throw failure('must provide the --name flag with --raw and --scope strict', 'USAGE')
  }
  const plaintext = await readValue(call)
  call.output.write(encodeBase64(await sealItem({ publicKey, plaintext, label: label(scope, namespace, name) })))
}

async function namespaceOf({ values, io }: Call): Promise<string> {
  const asked = values.text('namespace')
  return asked === '' ? (await import('./cluster.ts')).contextNamespace(values, io) : asked
}

async function readValue({ values, io }: Call): Promise<Uint8Array> {
  const [file, ...more] = values.list('from-file')
  if (more.length > 0) {
    throw failure('must provide only one --from-file when encrypting a single item with --raw', 'USAGE')
  }
  if (file === undefined) {
    if (io.stdin.isTTY === true) io.stderr.write('(tty detected: expecting a secret to encrypt in stdin)\n')
    return readAll(io.stdin)
  }
  // As in kubectl, `key=path` names the item; here the name has no use.
  const path = file.slice(file.indexOf('=') + 1)
  try {
    // An empty path names no file; resolved it would name the folder.
    return readFileSync(path && resolve(io.cwd, path))
  } catch (error) {
    throw fileFailure(error, 'open', path)
  }
}
