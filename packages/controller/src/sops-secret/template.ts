import { checkDataKey, checkName, type DesiredSecret, decodeBase64 } from '@sealkit/core/manifest'
import { ControllerError } from '../error.ts'

/** The Secrets that a decrypted SopsSecret stands for. */
export interface SecretTemplates {
  readonly secrets: readonly DesiredSecret[]
  /** Take over Secrets that are not its own; null = as the controller is set. */
  readonly enforceOwnership: boolean | null
}

/**
 * Reads the templates of a decrypted SopsSecret. `data` is base64 and wins over `stringData`, as upstream. Numbers and
 * flags that SOPS has typed stand for their text; upstream cannot read them.
 *
 * @throws {ControllerError} `SECRET_TEMPLATE_INVALID` naming the field, never with a value
 */
export function readTemplates(spec: Readonly<Record<string, unknown>>, namespace: string): SecretTemplates {
  const { secretTemplates, enforceOwnership } = spec
  if (!Array.isArray(secretTemplates)) throw invalid('spec.secretTemplates', 'is no list')
  const secrets = secretTemplates.map((template, index) =>
    readTemplate(object(template, `spec.secretTemplates[${index}]`), namespace, `spec.secretTemplates[${index}]`),
  )
  const names = secrets.map(({ name }) => name)
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index)
  if (twice >= 0) throw invalid(`spec.secretTemplates[${twice}].name`, 'is the name of another template, too')
  return { secrets, enforceOwnership: typeof enforceOwnership === 'boolean' ? enforceOwnership : null }
}

function readTemplate(template: Readonly<Record<string, unknown>>, namespace: string, place: string): DesiredSecret {
  const { name, type } = template
  if (typeof name !== 'string' || !passes(() => checkName(name))) throw invalid(`${place}.name`, 'is no valid name')
  if (type !== undefined && type !== null && typeof type !== 'string') throw invalid(`${place}.type`, 'is no text')
  const stringData = texts(template['stringData'], `${place}.stringData`)
  const data = texts(template['data'], `${place}.data`)
  return {
    namespace,
    name,
    type: type || 'Opaque',
    labels: Object.fromEntries(texts(template['labels'], `${place}.labels`)),
    annotations: Object.fromEntries(texts(template['annotations'], `${place}.annotations`)),
    data: new Map([
      ...stringData.map(([key, text]) => [checked(key, `${place}.stringData`), Buffer.from(text)] as const),
      ...data.map(([key, text]) => [checked(key, `${place}.data`), decoded(text, `${place}.data.${key}`)] as const),
    ]),
  }
}

function texts(value: unknown, place: string): [string, string][] {
  if (value === undefined || value === null) return []
  return Object.entries(object(value, place)).map(([key, entry]) => [key, textOf(entry, `${place}.${key}`)])
}

function textOf(value: unknown, place: string): string {
  if (typeof value === 'string') return value
  if (['number', 'bigint', 'boolean'].includes(typeof value)) return String(value)
  throw invalid(place, 'is no text')
}

function decoded(text: string, place: string): Uint8Array {
  try {
    return decodeBase64(text)
  } catch {
    throw invalid(place, 'is no base64; plain text belongs into stringData')
  }
}

function checked(key: string, place: string): string {
  if (passes(() => checkDataKey(key))) return key
  throw invalid(place, 'has a key that no Secret can have')
}

function passes(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

function object(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalid(place, 'is no object')
}

function invalid(place: string, what: string): ControllerError {
  return new ControllerError('SECRET_TEMPLATE_INVALID', `${place} ${what}`, {
    hint: 'correct the file with sops and apply it again',
  })
}
