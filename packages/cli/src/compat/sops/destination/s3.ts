import { awsSettings } from '@sealkit/keyservice/credentials'
import { SopsExit } from '../exit.ts'
import type { Sending } from './sending.ts'

/**
 * Puts a file into a bucket of S3.
 *
 * @throws SopsExit 1 with what Go's SDK prints
 */
export async function sendToS3(
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  content: Uint8Array,
  { io, name }: Sending,
): Promise<void> {
  const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3')
  const region = io.env['AWS_REGION'] || io.env['AWS_DEFAULT_REGION']
  const settings = awsSettings(io, 'S3')
  if (!region) throw new SopsExit(`operation error S3: PutObject, ${noRegion(settings.endpoint)}`, 1)
  const client = new S3Client({ ...settings, region })
  const input = {
    Bucket: bucket,
    Key: `${prefix}${name}`,
    Body: content,
    ContentType: 'application/octet-stream',
  }
  try {
    await client.send(new PutObjectCommand(input))
  } catch (error) {
    throw new SopsExit(`operation error S3: PutObject, ${reason(error)}`, 1, error)
  } finally {
    client.destroy()
  }
}

/** What Go's SDK says where no region is known, which depends on whose server it is. */
function noRegion(endpoint: string | undefined): string {
  return endpoint === undefined
    ? 'failed to resolve service endpoint, endpoint rule error, A region must be set when sending requests to S3.'
    : 'resolve auth scheme: resolve endpoint: endpoint rule error, Invalid region: region was not a valid DNS name.'
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { httpStatusCode, requestId, extendedRequestId } = ('$metadata' in error ? error.$metadata : {}) as Metadata
  if (httpStatusCode === undefined) return error.message
  const text = `api error ${error.name}: ${error.message}`
  return `https response error StatusCode: ${httpStatusCode}, RequestID: ${requestId ?? ''}, HostID: ${extendedRequestId ?? ''}, ${text}`
}

interface Metadata {
  readonly httpStatusCode?: number
  readonly requestId?: string
  readonly extendedRequestId?: string
}
