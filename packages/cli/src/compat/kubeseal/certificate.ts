import { SealkitError } from '@sealkit/core'
import type { Io } from '../../io.ts'
import { readCertificate } from '../../sealing/certificate.ts'
import { fileFailure } from './failure.ts'
import type { FlagValues } from './flags.ts'

/** The sealing certificate as it comes: from the file or URL of `--cert`, else from the controller. */
export async function openCertificate(values: FlagValues, io: Io): Promise<Uint8Array> {
  const source = values.text('cert')
  if (source === '') {
    const { fetchCertificate } = await import('../../sealing/controller.ts')
    const { connection, service } = await import('./cluster.ts')
    return fetchCertificate(connection(values, io), service(values))
  }
  try {
    return await readCertificate(source, io)
  } catch (error) {
    if (error instanceof SealkitError) throw error
    throw fileFailure(error, 'open', source)
  }
}
