import { manifestCompactJson, readManifests, sealedSecretObject } from '@sealkit/core/manifest'
import { isKubernetesError } from '@sealkit/kubernetes'
import { withController } from '../../sealing/controller.ts'
import type { Call } from './call.ts'
import { connection, service } from './cluster.ts'
import { failure, upstreamText } from './failure.ts'

/** Asks the controller whether it can decrypt each SealedSecret of the input; silent when it can. */
export async function validate({ values, io, input }: Call): Promise<void> {
  await withController(connection(values, io), service(values), async (controller) => {
    const sealedSecrets = await readManifests(sealedSecretObject, await input()).catch(() => {
      throw failure('unable to decrypt sealed secret')
    })
    // Upstream is content when it could read nothing at all.
    if (sealedSecrets.length === 0) throw failure('no sealed secrets found in the input')
    for (const sealedSecret of sealedSecrets) {
      try {
        await controller.post('/v1/verify', manifestCompactJson(sealedSecretObject, sealedSecret))
      } catch (error) {
        if (isKubernetesError(error) && error.status === 409) {
          throw failure(`unable to decrypt sealed secret: ${sealedSecret.metadata?.name ?? ''}`)
        }
        throw failure(`cannot validate sealed secret: ${upstreamText(error)}`)
      }
    }
  })
}
