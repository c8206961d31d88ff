import { compareUtf8, decodeUtf8, encodeUtf8 } from '@sealkit/core/go'
import type { ClusterAccess } from './cluster.ts'
import type { Values } from './convert.ts'
import { decode } from './decode.ts'
import { prefixed, ResolverError } from './error.ts'
import type { ExternalSecret, TargetTemplate, TemplateFrom, TemplateObject } from './externalsecret.ts'
import { object } from './view.ts'
import { yamlStrings } from './yaml.ts'

/** What a render needs besides the text. */
export interface RenderOptions {
  /** Go's name of the template, which its errors print: the key of the Secret. */
  readonly name: string
  /** `error` where External Secrets sets `missingkey=error`, else Go's default. */
  readonly missingKey: 'error' | 'default'
}

/**
 * Go's text/template with External Secrets' functions, as the caller provides it (`@sealkit/template`, in a worker for
 * templates of namespace users). `data` is the dot. It throws a `TemplateError`; code `TEMPLATE_SYNTAX` for what cannot
 * be parsed.
 */
export type Render = (
  text: string,
  data: ReadonlyMap<string, Uint8Array>,
  options: RenderOptions,
) => Uint8Array | Promise<Uint8Array>

/** What the provider's data and the template make of the target. */
export interface Rendered {
  readonly type: string
  readonly data: Values
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly finalizers: readonly string[]
}

/** What templates are read and rendered with. */
export interface TemplateContext {
  readonly cluster: ClusterAccess
  readonly render?: Render | undefined
}

/** What has a template: an ExternalSecret, or whatever else is rendered like one. */
export type Templated = Pick<ExternalSecret, 'namespace' | 'labels' | 'annotations'> & {
  readonly target: Pick<ExternalSecret['target'], 'template'>
}

type Part = 'data' | 'labels' | 'annotations'
type Parts = Readonly<Record<Part, Map<string, Uint8Array>>>

/**
 * The target's content. Precedence: `template.data`, `templateFrom` (a later entry over an earlier one), the provider's
 * data where `mergePolicy` is Merge or no template gives data. Without a template the target copies the
 * ExternalSecret's labels and annotations; with one, even an empty one, it has only the template's.
 *
 * @throws {ResolverError} `TEMPLATE_FAILED` naming the key; `INVALID_EXTERNAL_SECRET` for types that External Secrets
 * refuses
 */
export async function renderTarget(
  externalSecret: Templated,
  data: Values,
  context: TemplateContext,
): Promise<Rendered> {
  const { template } = externalSecret.target
  if (template === null) {
    const { labels, annotations } = externalSecret
    return { type: '', data, labels, annotations, finalizers: [] }
  }
  try {
    checkType(template)
    return await renderTemplate(externalSecret.namespace, template, data, context)
  } catch (error) {
    throw prefixed('could not apply template: ', error, 'TEMPLATE_FAILED')
  }
}

async function renderTemplate(
  namespace: string,
  template: TargetTemplate,
  data: Values,
  context: TemplateContext,
): Promise<Rendered> {
  const parts: Parts = {
    data: new Map(template.mergePolicy === 'Merge' ? data : []),
    labels: new Map(),
    annotations: new Map(),
  }
  for (const from of template.templateFrom) await applyTemplateFrom(namespace, from, { parts, data, context })
  await applyMap(template.data ?? {}, 'data', { parts, data, context })
  await applyMap(template.labels, 'labels', { parts, data, context })
  await applyMap(template.annotations, 'annotations', { parts, data, context })
  const gaveData = Object.keys(template.data ?? {}).length > 0 || template.templateFrom.length > 0
  return {
    type: template.type,
    data: gaveData ? parts.data : data,
    labels: strings(parts.labels),
    annotations: strings(parts.annotations),
    finalizers: template.finalizers,
  }
}

/** Types whose Secrets the API server gives power to; External Secrets refuses them in the controller too. */
function checkType(template: TargetTemplate): void {
  const refuse = (reason: string): never => {
    throw new ResolverError('INVALID_EXTERNAL_SECRET', reason)
  }
  if (template.engineVersion !== 'v2') refuse(`unsupported template engine version: ${template.engineVersion}`)
  if (template.type === 'bootstrap.kubernetes.io/token') refuse(`template.type="${template.type}" is not allowed`)
  if (template.type !== 'kubernetes.io/service-account-token') return
  const annotation = 'kubernetes.io/service-account.name'
  if (Object.hasOwn(template.annotations, annotation)) {
    refuse(`template.type="${template.type}" with annotation "${annotation}" is not allowed`)
  }
  if (template.templateFrom.some(({ target }) => target.toLowerCase() === 'annotations')) {
    refuse(`template.type="${template.type}" with templateFrom target="Annotations" is not allowed`)
  }
}

/** A render under way. */
export interface Work {
  readonly parts: Parts
  readonly data: Values
  readonly context: TemplateContext
}

/** Renders a map of templates into a part. @throws {ResolverError} `TEMPLATE_FAILED` */
export async function applyMap(templates: Readonly<Record<string, string>>, part: Part, work: Work): Promise<void> {
  for (const key of Object.keys(templates).sort(compareUtf8)) {
    try {
      work.parts[part].set(key, await renderAt(key, key, templates[key] ?? '', work))
    } catch (error) {
      throw prefixed('could not execute template: could not execute template: ', error, 'TEMPLATE_FAILED')
    }
  }
}

async function applyTemplateFrom(namespace: string, from: TemplateFrom, work: Work): Promise<void> {
  const part = targetPart(from.target)
  try {
    for (const [key, value] of await templateValues(namespace, from, work)) {
      work.parts[part].set(key, decodeValue(from, key, value))
    }
  } catch (error) {
    throw prefixed('error fetching templateFrom data: ', error, 'TEMPLATE_FAILED')
  }
}

function targetPart(target: string): Part {
  const part = target.toLowerCase()
  if (part === 'data' || part === 'labels' || part === 'annotations') return part
  throw new ResolverError(
    'INVALID_EXTERNAL_SECRET',
    `templateFrom target="${target}" is not allowed when targeting a Secret, must be one of "Data", "Annotations" or "Labels"`,
  )
}

/** Decodes a value as `valuesDecodingStrategy` says. */
export function decodeValue(from: TemplateFrom, key: string, value: Uint8Array): Uint8Array {
  try {
    return decode(from.valuesDecodingStrategy, value)
  } catch (error) {
    throw prefixed(`failed to decode value for key "${key}": `, error, 'DECODE_FAILED')
  }
}

/** The values of one source of templates, by key. @throws {ResolverError} `TEMPLATE_FAILED` */
export async function templateValues(
  namespace: string,
  from: TemplateFrom,
  work: Work,
): Promise<[string, Uint8Array][]> {
  const { source } = from
  if ('literal' in source) return [...(await renderYaml('literal', source.literal, work))]
  const texts = await readTemplates(namespace, source, work.context.cluster)
  const values: [string, Uint8Array][] = []
  for (const { key, templateAs } of source.items) {
    const text = texts(key)
    if (templateAs === 'Values') values.push([key, await renderAt(key, key, text, work)])
    else values.push(...(await renderYaml(key, text, work)))
  }
  return values
}

/** The texts of a ConfigMap or Secret of templates, by key. @throws {ResolverError} `TEMPLATE_FAILED` */
export async function readTemplates(
  namespace: string,
  { kind, name }: TemplateObject,
  cluster: ClusterAccess,
): Promise<(key: string) => string> {
  const found = await cluster.get(kind, { namespace, name })
  const resource = kind === 'ConfigMap' ? 'configmaps' : 'secrets'
  if (found === null) throw new ResolverError('TEMPLATE_FAILED', `${resource} "${name}" not found`)
  const data = object(found['data'])
  return (key) => {
    const value = Object.hasOwn(data, key) ? data[key] : undefined
    if (typeof value !== 'string') {
      throw new ResolverError('TEMPLATE_FAILED', `error in ${kind.toLowerCase()} ${name}: missing key ${key}`)
    }
    return kind === 'ConfigMap' ? value : decodeUtf8(Buffer.from(value, 'base64'))
  }
}

/**
 * Renders a text and reads the result as a YAML map of strings. External Secrets names the template by its whole text.
 */
async function renderYaml(label: string, text: string, work: Work): Promise<Map<string, Uint8Array>> {
  const rendered = decodeUtf8(await renderAt(label, text, text, work))
  return new Map([...yamlStrings(rendered)].map(([key, value]) => [key, encodeUtf8(value)]))
}

/** Renders one text. @throws {ResolverError} `TEMPLATE_FAILED` naming the key */
export async function renderAt(
  label: string,
  name: string,
  text: string,
  { context, data }: Work,
): Promise<Uint8Array> {
  if (context.render === undefined) {
    throw new ResolverError('TEMPLATE_FAILED', `the template at key ${label} needs a renderer`, {
      hint: 'pass a renderer (@sealkit/template)',
    })
  }
  try {
    return await context.render(text, data, { name, missingKey: 'error' })
  } catch (error) {
    const parsing = error instanceof Error && 'code' in error && error.code === 'TEMPLATE_SYNTAX'
    const verb = parsing ? 'parse' : 'execute'
    const inner = prefixed(`unable to ${verb} template at key ${label}: `, error, 'TEMPLATE_FAILED')
    throw prefixed(`unable to execute template at key ${label}: `, inner, 'TEMPLATE_FAILED')
  }
}

function strings(values: Values): Record<string, string> {
  return Object.fromEntries([...values].map(([key, value]) => [key, decodeUtf8(value)]))
}
