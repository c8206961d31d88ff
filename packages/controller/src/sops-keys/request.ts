import type { KeyIo } from '@sealkit/keyservice'

const timeout = 30_000

/** Makes one request over HTTP or HTTPS; redirects are not followed, so that a token goes nowhere else. */
export const request: NonNullable<KeyIo['request']> = async (url, { method, headers, body, signal }) => {
  const signals = [AbortSignal.timeout(timeout), ...(signal === undefined ? [] : [signal])]
  const answer = await fetch(url, { method, headers, body, redirect: 'manual', signal: AbortSignal.any(signals) })
  const { status } = answer
  return { status, headers: Object.fromEntries(answer.headers), text: await answer.text() }
}
