import { decodeUtf8 } from '@sealkit/core/go'
import { type DataMap, execute, functionTable, parse } from '@sealkit/template'
import { prefixed } from '../../error.ts'
import type { Environment } from '../../provider.ts'

/** Renders a text of a store; `what` names it in errors. @throws {ResolverError} `TEMPLATE_FAILED` */
export type RenderText = (what: string, text: string, data: DataMap) => Promise<string>

/**
 * Renders texts of a store with External Secrets' functions: by the environment's renderer, else in this thread, and then
 * without those that take seconds, as a store comes from a namespace's user.
 */
export function textRenderer({ renderText, now }: Environment): RenderText {
  const render = renderText ?? (async (text, data) => renderHere(text, data, BigInt(now()) * 1_000_000n))
  return async (what, text, data) => {
    if (text === '') return ''
    try {
      return decodeUtf8(await render(text, data))
    } catch (error) {
      throw prefixed(`failed to parse ${what}: `, error, 'TEMPLATE_FAILED')
    }
  }
}

function renderHere(text: string, data: DataMap, now: bigint): Uint8Array {
  const cheap = new Map([...functionTable('external-secrets')].filter(([, { cost }]) => cost !== 'slow'))
  return execute(parse(text, { name: 'webhooktemplate', functions: cheap }), data, { now: () => now })
}

/** Go's `url.QueryEscape`: nothing that could end a segment, a query or a host stays. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
