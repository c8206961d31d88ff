import type { KeyIo } from '@sealkit/keyservice'

const timeout = 60_000

/** Makes one request over HTTP or HTTPS; redirects are not followed, so that a token goes nowhere else. */
export const request: NonNullable<KeyIo['request']> = async (url, { method, headers, body, ca, insecure }) => {
  const secure = url.startsWith('https:')
  const { request: send } = secure ? await import('node:https') : await import('node:http')
  return new Promise((done, fail) => {
    const trust = { ...(ca === undefined ? {} : { ca }), ...(insecure === true ? { rejectUnauthorized: false } : {}) }
    const outgoing = send(url, { method, headers, timeout, ...(secure ? trust : {}) }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', fail)
      answer.on('end', () => done({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeout / 1000} seconds`)))
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}
