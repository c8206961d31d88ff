import type { Manifest } from '@sealkit/core/manifest'
import type { Values } from '../convert.ts'
import { generate, secureRandom } from '../generators/index.ts'
import { renderTarget } from '../template.ts'
import { object } from '../view.ts'
import type { PushContext } from './push.ts'
import type { PushSecret } from './spec.ts'

/** The values of a source Secret, decoded. */
export function secretValues(secret: Manifest): Values {
  const data = Object.entries(object(secret['data']))
  return new Map(data.map(([key, value]) => [key, Buffer.from(typeof value === 'string' ? value : '', 'base64')]))
}

/** New values of the generator that a PushSecret names. @throws as the generator does */
export function generatedValues(pushSecret: PushSecret, context: PushContext): Promise<Values> | null {
  const { source, namespace } = pushSecret
  if (source.use !== 'generator') return null
  const { cluster, sessions, policy, random = secureRandom, signal } = context
  const { environment } = sessions
  return generate(source.generator, { namespace, cluster, environment, policy, random, signal })
}

/**
 * The values that are pushed: those of the source, or what the template makes of them.
 *
 * @throws {ResolverError} `TEMPLATE_FAILED`, `INVALID_EXTERNAL_SECRET`
 */
export async function templatedValues(pushSecret: PushSecret, values: Values, context: PushContext): Promise<Values> {
  const { template, namespace } = pushSecret
  if (template === null) return values
  const { cluster, render } = context
  const like = { namespace, labels: {}, annotations: {}, target: { template } }
  return (await renderTarget(like, values, { cluster, render })).data
}
