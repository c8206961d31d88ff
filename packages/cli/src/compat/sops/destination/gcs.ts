import { googleSigner, requestReason } from '@sealkit/keyservice/credentials'
import { SopsExit } from '../exit.ts'
import type { Sending } from './sending.ts'

/**
 * Puts a file into a bucket of Google Cloud Storage, by one request of its JSON API (`objects.insert`). As in Google's
 * clients, `STORAGE_EMULATOR_HOST` names a server that wants no sign-in.
 *
 * @throws SopsExit 1 where the file is not there afterwards, of which sops says nothing
 */
export async function sendToGcs(
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  content: Uint8Array,
  { io, name }: Sending,
): Promise<void> {
  const { request } = io
  if (request === undefined) throw new SopsExit('nothing may be sent from here', 1)
  const emulator = io.env['STORAGE_EMULATOR_HOST']
  const origin = emulator ? withScheme(emulator) : 'https://storage.googleapis.com'
  const query = new URLSearchParams({ name: `${prefix}${name}`, uploadType: 'media' })
  const url = `${origin}/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?${query}`
  const signed = emulator ? {} : await googleSigner()(io, url)
  const headers = { ...signed, 'content-type': 'text/plain; charset=utf-8', 'content-length': String(content.length) }
  let answer: Awaited<ReturnType<typeof request>>
  try {
    answer = await request(url, { method: 'POST', headers, body: content })
  } catch (error) {
    throw new SopsExit(requestReason({ method: 'POST', url }, error), 1, error)
  }
  if (answer.status < 300) return
  throw new SopsExit(`googleapi: Error ${answer.status}: the file was not stored in gcs://${bucket}`, 1)
}

function withScheme(host: string): string {
  return (host.includes('://') ? host : `http://${host}`).replace(/\/+$/, '')
}
