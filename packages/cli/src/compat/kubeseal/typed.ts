import { CoreError } from '@sealkit/core'
import { readJson } from '@sealkit/core/go'
import { isJson, type Manifest, readManifests, sealedSecretObject } from '@sealkit/core/manifest'
import { sealedSecretType } from '@sealkit/core/sealed'
import { failure } from './failure.ts'

/**
 * SealedSecrets as kubeseal's typed decoder reads them, for `--recovery-unseal` and `--merge-into`: no scalar becomes a
 * text, field names count in their case, and errors have the decoder's words. Upstream reads the first document only.
 *
 * @throws INVALID_MANIFEST
 */
export async function readTyped(input: Uint8Array): Promise<Manifest[]> {
  try {
    return await readManifests(sealedSecretObject, input, { strict: true })
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    const { code, message, hint, upstream = message } = error
    const text = upstream.startsWith('no secrets found')
      ? firstFault(new TextDecoder().decode(input), error)
      : upstream.replace('error unmarshaling JSON: while decoding JSON: ', '')
    throw new CoreError(code, message, { upstream: text, cause: error, ...(hint !== undefined && { hint }) })
  }
}

const kindless = "couldn't get version/kind; json parse error: "
const typeMeta = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`

/** What is wrong with a text of which nothing could be read. */
function firstFault(text: string, { cause, message }: CoreError): string {
  if (isJson(text)) return `${kindless}${jsonFault(text)}`
  if (!(cause instanceof CoreError)) return message
  const { upstream = cause.message } = cause
  const value = /^json: cannot unmarshal (\w+) into Go value of type /.exec(upstream)
  return value === null ? upstream : `${kindless}json: cannot unmarshal ${value[1]} into Go value of type ${typeMeta}`
}

function jsonFault(text: string): string {
  try {
    readJson(text)
    return 'unexpected end of JSON input'
  } catch (error) {
    return error instanceof CoreError ? (error.upstream ?? error.message) : ''
  }
}

/**
 * Refuses what is no SealedSecret; nothing said about the kind is as good as the right one.
 *
 * @throws with the texts of kubeseal's scheme: kinds that Kubernetes has are known, but cannot be converted
 */
export function checkKind({ kind = '', apiVersion = '' }: Manifest): void {
  if (kind === '' || apiVersion === '') {
    if (kind === '' || kind === sealedSecretType.kind) return
  }
  if (kind === sealedSecretType.kind && apiVersion === sealedSecretType.apiVersion) return
  const [group = '', version = group] = apiVersion.split('/')
  const known = group === version || !group.includes('.') || group.endsWith('.k8s.io')
  if (known && kind !== sealedSecretType.kind) {
    throw failure(`converting (${version}.${kind}) to (v1alpha1.SealedSecret): unknown conversion`)
  }
  throw failure(`no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`)
}
