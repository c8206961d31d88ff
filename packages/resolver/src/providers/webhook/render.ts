import { decodeUtf8 } from '@sealkit/core/go'
import { Dict, execute, functionTable, parse } from '@sealkit/template'
import { prefixed } from '../../error.ts'

/** What templates of a store see: `.remoteRef.key`, `.<secret>.<key>`. */
export type TemplateData = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * Renders a text of a store with External Secrets' functions, without those that take seconds: a store comes from a
 * namespace's user and is rendered in this thread.
 *
 * @throws {ResolverError} `TEMPLATE_FAILED`
 */
export function renderText(what: string, text: string, data: TemplateData): string {
  if (text === '') return ''
  const cheap = new Map([...functionTable('external-secrets')].filter(([, { cost }]) => cost !== 'slow'))
  try {
    const template = parse(text, { name: 'webhooktemplate', functions: cheap })
    const root = new Dict(
      'map[string]string',
      new Map([...data].map(([key, values]) => [key, new Dict('string', new Map(values))])),
    )
    return decodeUtf8(execute(template, root))
  } catch (error) {
    throw prefixed(`failed to parse ${what}: `, error, 'TEMPLATE_FAILED')
  }
}

/** Go's `url.QueryEscape`: nothing that could end a segment, a query or a host stays. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
