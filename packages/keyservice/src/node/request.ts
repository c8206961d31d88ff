import type { KeyIo } from '../io.ts'

const timeout = 60_000

/** Makes one request over HTTP or HTTPS; redirects are not followed, so that a token goes nowhere else. */
export const request: NonNullable<KeyIo['request']> = async (url, { method, headers, body, signal, ...tls }) => {
  const secure = url.startsWith('https:')
  const { request: send } = secure ? await import('node:https') : await import('node:http')
  return new Promise((done, fail) => {
    const options = { method, headers, timeout, ...(signal && { signal }), ...(secure && trust(tls)) }
    const outgoing = send(url, options, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', fail)
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        done({ status: answer.statusCode ?? 0, headers: answer.headers, text })
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeout / 1000} seconds`)))
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}

type Tls = Pick<Parameters<NonNullable<KeyIo['request']>>[1], 'ca' | 'client' | 'serverName' | 'insecure'>

function trust({ ca, client, serverName, insecure }: Tls): Record<string, unknown> {
  return {
    ...(ca !== undefined && { ca }),
    ...(client !== undefined && { cert: client.certificate, key: client.key }),
    ...(serverName !== undefined && { servername: serverName }),
    ...(insecure === true && { rejectUnauthorized: false }),
  }
}
