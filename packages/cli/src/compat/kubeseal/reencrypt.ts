import { type Manifest, manifestCompactJson, readManifests, sealedSecretObject } from '@sealkit/core/manifest'
import { isKubernetesError } from '@sealkit/kubernetes'
import { type Controller, withController } from '../../sealing/controller.ts'
import type { Call } from './call.ts'
import { connection, service } from './cluster.ts'
import { failure, upstreamText } from './failure.ts'
import { print } from './print.ts'

/** Has the controller seal each SealedSecret of the input again, with its newest key. */
export async function reEncrypt({ values, io, input, output }: Call): Promise<void> {
  await withController(connection(values, io), service(values), async (controller) => {
    const sealedSecrets = await readManifests(sealedSecretObject, await input())
    // Upstream would empty the file.
    if (sealedSecrets.length === 0) throw failure('no sealed secrets found in the input')
    for (const sealedSecret of sealedSecrets) {
      const rotated = await rotate(controller, sealedSecret)
      output.write(await print(sealedSecretObject, restored(sealedSecret, rotated), output.format))
    }
  })
}

async function rotate(controller: Controller, sealedSecret: Manifest): Promise<Manifest> {
  try {
    const body = await controller.post('/v1/rotate', manifestCompactJson(sealedSecretObject, sealedSecret))
    const [rotated] = await readManifests(sealedSecretObject, body)
    if (rotated !== undefined) return rotated
  } catch (error) {
    if (isKubernetesError(error) && error.status === 409) throw failure('unable to rotate secret')
    throw failure(`cannot re-encrypt secret: ${upstreamText(error)}`)
  }
  throw failure('cannot re-encrypt secret: the controller answered with an empty object')
}

interface Spec {
  readonly template?: unknown
  readonly encryptedData?: Readonly<Record<string, string>>
}

/**
 * The input with the new ciphertexts. The controller's answer lacks the template's labels, annotations and data, and
 * may hold rendered templates beside the items, so only what was an item before is taken from it. An object of the
 * format before 0.7 has no items: there the whole answer counts.
 */
function restored(sealedSecret: Manifest, rotated: Manifest): Manifest {
  const spec = (sealedSecret['spec'] ?? {}) as Spec
  const answer = (rotated['spec'] ?? {}) as Spec
  const items = Object.keys(spec.encryptedData ?? {})
  const fresh = answer.encryptedData ?? {}
  const missing = items.find((key) => !Object.hasOwn(fresh, key))
  if (missing !== undefined) throw failure(`cannot re-encrypt secret: the controller left out ${missing}`)
  const encryptedData = items.length === 0 ? fresh : Object.fromEntries(items.map((key) => [key, fresh[key]]))
  const template = spec.template ?? answer.template
  return {
    kind: 'SealedSecret',
    apiVersion: 'bitnami.com/v1alpha1',
    metadata: without(sealedSecret.metadata ?? {}, ['creationTimestamp', 'deletionTimestamp', 'generation']),
    spec: { ...(template !== undefined && { template }), encryptedData },
  }
}

function without<T extends object>(object: T, fields: readonly string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field))) as T
}
