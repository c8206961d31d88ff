import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertSame } from './compare.ts'
import type { Case } from './pair.ts'
import { files } from './world.ts'

const certificate = files['cert.pem'] ?? ''

const answers: RequestListener = (request, response) => {
  const [path = ''] = (request.url ?? '').split('?')
  const known = request.headers.authorization === `Basic ${btoa('me:p w')}`
  const statuses: Readonly<Record<string, number>> = {
    '/none': 404,
    '/empty': 204,
    '/broken': 500,
    '/partial': 206,
    '/teapot': 418,
  }
  if (path === '/moved') response.writeHead(301, { location: '/cert.pem' }).end()
  else if (path === '/found') response.writeHead(302, { location: 'cert.pem?x=1' }).end()
  else if (path === '/see') response.writeHead(303, { location: '//127.0.0.1:1/cert.pem' }).end()
  else if (path === '/temporary') response.writeHead(307, { location: 'ftp://x/cert.pem' }).end()
  else if (path === '/nowhere') response.writeHead(302).end()
  else if (path === '/loop') response.writeHead(302, { location: '/loop' }).end()
  else if (path === '/choices') response.writeHead(300, { location: '/cert.pem' }).end()
  else if (path === '/private') response.writeHead(known ? 200 : 401).end(certificate)
  else if (path === '/html') response.end('<html>')
  else if (path === '/nothing') response.end()
  else if (path === '/hangup') request.socket.destroy()
  else if (statuses[path] !== undefined) response.writeHead(statuses[path]).end()
  else response.end(certificate)
}

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A server certificate for 127.0.0.1, signed by itself. */
function serverCertificate(t: TestContext): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'kubeseal-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const name = ['-subj', '/CN=local', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...name], {
    stdio: 'ignore',
  })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}

const stdin = '{"metadata":{"name":"a","namespace":"b"},"data":{"foo":"YmFy"}}'

test('a certificate by http and https: answers, redirects, credentials, trust and proxies as the real one has them', async (t) => {
  const tls = serverCertificate(t)
  const http = `http://127.0.0.1:${await listen(t, createServer(answers))}`
  const https = `https://127.0.0.1:${await listen(t, createTlsServer(tls, answers))}`
  const lines: Record<string, Case> = {}
  const paths = [
    'cert.pem',
    'cert.pem?x=1#part',
    'none',
    'empty',
    'broken',
    'partial',
    'teapot',
    'moved',
    'found',
    'see',
  ]
  const more = ['temporary', 'nowhere', 'loop', 'choices', 'private', 'html', 'nothing', 'hangup', 'a%20b', '']
  for (const path of [...paths, ...more]) {
    lines[`http, ${path}`] = { args: ['--cert', `${http}/${path}`], stdin }
    lines[`fetch, ${path}`] = { args: ['--fetch-cert', '--cert', `${http}/${path}`] }
  }
  const trust = { files: { 'ca.pem': tls.cert }, env: { SSL_CERT_FILE: 'ca.pem' } }
  const proxy = {
    env: { HTTP_PROXY: http, http_proxy: http, HTTPS_PROXY: 'http://127.0.0.1:1', https_proxy: 'http://127.0.0.1:1' },
  }
  Object.assign(lines, {
    'user and password': { args: ['--cert', http.replace('//', '//me:p%20w@').concat('/private')], stdin },
    'a wrong password': { args: ['--cert', http.replace('//', '//me:x@').concat('/private')], stdin },
    'https, trusted': { args: ['--cert', `${https}/cert.pem`], stdin, ...trust },
    'https, a redirect': { args: ['--cert', `${https}/moved`], stdin, ...trust },
    'https, not trusted': { args: ['--cert', `${https}/cert.pem`], stdin },
    'http to a server of TLS': { args: ['--cert', `${https.replace('https', 'http')}/cert.pem`], stdin },
    'TLS to a server of http': { args: ['--cert', `${http.replace('http', 'https')}/cert.pem`], stdin },
    'capitals in the scheme': { args: ['--cert', `${http.replace('http', 'HTTP')}/cert.pem`], stdin },
    'a proxy': { args: ['--cert', 'http://sealed.example/cert.pem'], stdin, ...proxy },
    'a proxy that says no': { args: ['--cert', 'http://sealed.example/none'], stdin, ...proxy },
    'a proxy that is not there': { args: ['--cert', 'https://sealed.example/cert.pem'], stdin, ...proxy },
    'no proxy for a host': { args: ['--cert', `${http}/cert.pem`], stdin, env: { HTTP_PROXY: 'http://127.0.0.1:1' } },
    'a proxy left out': {
      args: ['--cert', 'http://127.0.0.1:1/cert.pem'],
      stdin,
      env: { HTTP_PROXY: http, NO_PROXY: '127.0.0.1' },
    },
    'no such host': { args: ['--cert', 'http://127.0.0.256/cert.pem'], stdin },
    'no host': { args: ['--cert', 'http:///cert.pem'], stdin },
    'no slashes': { args: ['--cert', 'http:cert.pem'], stdin },
    'a bad port': { args: ['--cert', 'http://127.0.0.1:x/cert.pem'], stdin },
    'a port out of range': { args: ['--cert', 'http://127.0.0.1:99999/cert.pem'], stdin },
    'a bad escape': { args: ['--cert', `${http}/%zz`], stdin },
    'a space in the host': { args: ['--cert', 'http://a b/cert.pem'], stdin },
    'a control character': { args: ['--cert', 'http://127.0.0.1/\u0001'], stdin },
    'a colon first': { args: ['--cert', ':x'], stdin },
    'a colon in the first part': { args: ['--cert', '1:x'], stdin },
    'a percent sign in a file name': { args: ['--cert', '100%.pem'], stdin },
    'a file URL': { args: ['--cert', 'file:///no-such-file'], stdin },
    'a file URL with a host': { args: ['--cert', 'file://host/no-such-file'], stdin },
  })
  await assertSame(t, lines)
  // Bun does not show the names of a certificate that it refused.
  const name = { args: ['--cert', `${https.replace('127.0.0.1', 'localhost')}/cert.pem`], stdin, ...trust }
  await assertSame(t, { 'https, another name': name }, { note: ' in Node', which: ['ours'] })
})
