import { decodeUtf8 } from '@sealkit/core/go'
import type { Manifest, ObjectMeta } from '@sealkit/core/manifest'
import { yamlToJson } from '@sealkit/core/yaml'
import type { Values } from './convert.ts'
import { prefixed, ResolverError } from './error.ts'
import type { ExternalSecret, TemplateFrom } from './externalsecret.ts'
import { readPath, setPath } from './objectpath.ts'
import {
  applyMap,
  decodeValue,
  readTemplates,
  renderAt,
  type TemplateContext,
  templateValues,
  type Work,
} from './template.ts'
import { object } from './view.ts'

/**
 * The object of `spec.target.manifest` as it should be. Without a template the values go to `data` of a ConfigMap and to
 * `spec.data` of everything else; with one, each rendered text goes where its `target` says: `Data`, `Labels`,
 * `Annotations`, or a path as `spec.rules[0].host`, where YAML keeps its types.
 *
 * @param base what is there and is merged into; null = the object is made of this alone
 * @throws {ResolverError} `TEMPLATE_FAILED` naming the key or the path
 */
export async function desiredObject(
  externalSecret: ExternalSecret,
  data: Values,
  base: Manifest | null,
  context: TemplateContext,
): Promise<Manifest> {
  const { namespace, target } = externalSecret
  const { apiVersion = '', kind = '' } = target.manifest ?? {}
  const start: Manifest = base === null ? { apiVersion, kind } : structuredClone(base)
  const parts = { data: new Map(), labels: new Map(), annotations: new Map() }
  const work: Work = { parts, data, context }
  let made = start
  if (target.template === null) made = plain(start, data)
  else {
    for (const from of target.template.templateFrom) made = await place(namespace, from, made, work)
    await applyMap(target.template.data ?? {}, 'data', work)
    await applyMap(target.template.labels, 'labels', work)
    await applyMap(target.template.annotations, 'annotations', work)
    if (parts.data.size > 0) made = { ...made, data: { ...object(made['data']), ...texts(parts.data) } }
  }
  const metadata: ObjectMeta = {
    ...made.metadata,
    namespace,
    name: target.name,
    labels: { ...made.metadata?.labels, ...texts(parts.labels) },
    annotations: { ...made.metadata?.annotations, ...texts(parts.annotations) },
  }
  return { ...made, metadata }
}

function plain(start: Manifest, data: Values): Manifest {
  if (start.kind === 'ConfigMap') return { ...start, data: texts(data) }
  return { ...start, spec: { ...object(start['spec']), data: texts(data) } }
}

async function place(namespace: string, from: TemplateFrom, made: Manifest, work: Work): Promise<Manifest> {
  const part = from.target.toLowerCase()
  try {
    if (part === 'data' || part === 'labels' || part === 'annotations') {
      for (const [key, value] of await templateValues(namespace, from, work)) {
        work.parts[part].set(key, decodeValue(from, key, value))
      }
      return made
    }
    const path = readPath(from.target)
    let result = made
    for (const value of await pathValues(namespace, from, work)) result = setPath(result, path, value) as Manifest
    return result
  } catch (error) {
    throw prefixed(`could not apply template at ${from.target}: `, error, 'TEMPLATE_FAILED')
  }
}

/** What goes to a path: YAML as it is, and the items of `Values` as texts by their key. */
async function pathValues(namespace: string, from: TemplateFrom, work: Work): Promise<unknown[]> {
  const { source } = from
  if ('literal' in source) return [await rendered('literal', source.literal, work)]
  const read = await readTemplates(namespace, source, work.context.cluster)
  const values: unknown[] = []
  for (const { key, templateAs } of source.items) {
    if (templateAs === 'KeysAndValues') values.push(await rendered(key, read(key), work))
    else values.push({ [key]: decodeUtf8(decodeValue(from, key, await renderAt(key, key, read(key), work))) })
  }
  return values
}

async function rendered(label: string, text: string, work: Work): Promise<unknown> {
  const yaml = decodeUtf8(await renderAt(label, text, text, work))
  try {
    return JSON.parse(yamlToJson(yaml))
  } catch (cause) {
    throw new ResolverError('TEMPLATE_FAILED', `the text rendered at key ${label} is not valid YAML`, { cause })
  }
}

function texts(values: Values): Record<string, string> {
  return Object.fromEntries([...values].map(([key, value]) => [key, decodeUtf8(value)]))
}
