import type { Manifest } from '@sealkit/core/manifest'
import { generate, secureRandom } from '../generators/index.ts'
import type { PushedSecret } from '../provider.ts'
import { renderTarget } from '../template.ts'
import { object, text, textMap } from '../view.ts'
import type { PushContext } from './push.ts'
import type { PushSecret } from './spec.ts'

/** A Secret of a cluster as it is pushed: its values decoded. */
export function pushedSecret(secret: Manifest): PushedSecret {
  const data = Object.entries(textMap(secret['data']))
  return {
    type: text(secret['type']),
    labels: textMap(object(secret.metadata)['labels']),
    annotations: textMap(object(secret.metadata)['annotations']),
    data: new Map(data.map(([key, value]) => [key, Buffer.from(value, 'base64')])),
  }
}

/** New values of the generator that a PushSecret names; null where it names none. @throws as the generator does */
export async function generatedSecret(pushSecret: PushSecret, context: PushContext): Promise<PushedSecret | null> {
  const { source, namespace } = pushSecret
  if (source.use !== 'generator') return null
  const { cluster, sessions, policy, random = secureRandom, signal } = context
  const { environment } = sessions
  const data = await generate(source.generator, { namespace, cluster, environment, policy, random, signal })
  return { type: '', labels: {}, annotations: {}, data }
}

/**
 * What is pushed: the source, or what the template makes of it.
 *
 * @throws {ResolverError} `TEMPLATE_FAILED`, `INVALID_EXTERNAL_SECRET`
 */
export async function templatedSecret(
  pushSecret: PushSecret,
  source: PushedSecret,
  context: PushContext,
): Promise<PushedSecret> {
  const { template, namespace } = pushSecret
  if (template === null) return source
  const { cluster, render } = context
  const like = { namespace, labels: {}, annotations: {}, target: { template } }
  const rendered = await renderTarget(like, source.data, { cluster, render })
  return {
    type: rendered.type === '' ? source.type : rendered.type,
    labels: { ...source.labels, ...rendered.labels },
    annotations: { ...source.annotations, ...rendered.annotations },
    data: rendered.data,
  }
}
