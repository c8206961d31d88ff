import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ApiServer, connect, resources } from '@sealkit/kubernetes'
import { createAuthority } from '../../servers/certificates.ts'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { needs } from './needs.ts'

const { after, before, test } = await needs('etcd', 'kube-apiserver')

const run = promisify(execFile)
const script = join(import.meta.dirname, 'script.ts')

let plane: ControlPlane
let cluster: ApiServer
let folder = ''
let executable = ''
let token = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealkit-kubeconfig-'))
  plane = await startControlPlane()
  cluster = await connect({ kubeconfig: plane.kubeconfig })
  const account = { namespace: 'default', name: 'robot' }
  await cluster.create(resources.serviceAccount, { metadata: account })
  await cluster.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      metadata: { name: 'robot' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    }),
  })
  token = (await cluster.createToken(account)).token
  executable = join(folder, 'script')
  const flags = ['--compile', '--bytecode', '--splitting', '--format=esm', '--target=bun', '--conditions=source']
  const bun = join(import.meta.dirname, '../../../node_modules/.bin/bun')
  await run(bun, ['build', script, ...flags, `--outfile=${executable}`], { timeout: 400_000 })
})
after(async () => {
  cluster?.close()
  await plane?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** A kubeconfig for the plane, as its cluster and user are changed. */
async function kubeconfig(user: object, server: object = {}): Promise<string> {
  const path = join(folder, 'config')
  const base64 = Buffer.from(plane.adminConfig.ca).toString('base64')
  await writeFile(
    path,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: plane.url, 'certificate-authority-data': base64, ...server } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  return path
}

/** A credential plugin that prints this status. */
async function plugin(status: object): Promise<object> {
  const apiVersion = 'client.authentication.k8s.io/v1'
  const path = join(folder, 'plugin')
  const credential = JSON.stringify({ apiVersion, kind: 'ExecCredential', status })
  await writeFile(path, `#!/bin/sh\ntest -n "$KUBERNETES_EXEC_INFO" && cat <<'END'\n${credential}\nEND\n`, {
    mode: 0o755,
  })
  return { exec: { command: './plugin', apiVersion, interactiveMode: 'IfAvailable' } }
}

const robot = 'system:serviceaccount:default:robot'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const cases: Readonly<Record<string, readonly [() => Promise<string>, object]>> = {
  'a client certificate': [async () => plane.kubeconfig, { username: 'admin' }],
  'a token': [async () => kubeconfig({ token }), { username: robot }],
  'a token in a file': [
    async () => {
      await writeFile(join(folder, 'token'), `${token}\n`)
      return kubeconfig({ tokenFile: 'token' })
    },
    { username: robot },
  ],
  'a plugin that gives a token': [async () => kubeconfig(await plugin({ token })), { username: robot }],
  'a plugin that gives a certificate': [
    async () => {
      const { cert, key } = plane.adminConfig
      return kubeconfig(await plugin({ clientCertificateData: cert, clientKeyData: key }))
    },
    { username: 'admin' },
  ],
  impersonation: [
    async () => {
      const { cert, key } = plane.adminConfig
      const admin = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) }
      return kubeconfig({ ...admin, as: 'jane', 'as-groups': ['system:masters'] })
    },
    { username: 'jane' },
  ],
  'trust in nothing': [
    async () => kubeconfig({ token }, { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true }),
    { username: robot },
  ],
  'another name in the certificate': [
    async () => kubeconfig({ token }, { 'tls-server-name': 'kubernetes.default' }),
    { username: robot },
  ],
}

const refusals: Readonly<Record<string, readonly [() => Promise<string>, object]>> = {
  'a token that is none': [
    async () => kubeconfig({ token: 'wrong' }),
    { code: 'UNAUTHORIZED', upstream: 'Unauthorized' },
  ],
  'the certificate of another authority': [
    async () => kubeconfig({ token }, { 'certificate-authority-data': base64(createAuthority('other').certificate) }),
    {
      code: 'TLS_FAILED',
      upstream: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    },
  ],
  'a name that the certificate does not have': [
    async () => kubeconfig({ token }, { 'tls-server-name': 'wrong.example' }),
    { code: 'TLS_FAILED' },
  ],
  'a port that nobody listens on': [
    async () => kubeconfig({ token }, { server: 'https://127.0.0.1:1' }),
    { code: 'UNAVAILABLE', upstream: 'dial tcp 127.0.0.1:1: connect: connection refused' },
  ],
  'a name that nobody knows': [
    async () => kubeconfig({ token }, { server: 'https://sealkit-test.invalid' }),
    { code: 'UNAVAILABLE' },
  ],
  'an OpenID Connect token that has expired': [
    async () => {
      const expired = `e30.${Buffer.from('{"exp":1}').toString('base64url')}.e30`
      return kubeconfig({ 'auth-provider': { name: 'oidc', config: { 'id-token': expired } } })
    },
    { code: 'CREDENTIALS_FAILED', upstream: 'No valid id-token, and cannot refresh without refresh-token' },
  ],
  'a plugin that fails': [
    async () =>
      kubeconfig({
        exec: { command: 'false', apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' },
      }),
    { code: 'CREDENTIALS_FAILED', upstream: 'getting credentials: exec: executable false failed with exit code 1' },
  ],
}

const runtimes: Readonly<Record<string, (...args: string[]) => [string, string[]]>> = {
  Node: (...args) => [process.execPath, ['--conditions=source', script, ...args]],
  'a Bun executable': (...args) => [executable, args],
}

async function report(command: [string, string[]]): Promise<{ code?: string; upstream?: string }> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env
  const { stdout } = await run(...command, { timeout: 240_000, env })
  return JSON.parse(stdout)
}

for (const [runtime, command] of Object.entries(runtimes)) {
  for (const [name, [write, expected]] of Object.entries(cases)) {
    test(`${runtime}: ${name} reads, writes and watches`, async () => {
      const object = `made-by-${runtime === 'Node' ? 'node' : 'bun'}`
      const done = await report(command(await write(), object))
      assert.deepEqual(done, { ...expected, watched: object, length: 70_000 })
    })
  }
  for (const [name, [write, expected]] of Object.entries(refusals)) {
    test(`${runtime}: ${name} is refused`, async () => {
      const { code, upstream } = await report(command(await write()))
      const { code: wanted, upstream: ending = '' } = expected as { code: string; upstream?: string }
      assert.deepEqual([code, upstream?.endsWith(ending)], [wanted, true], upstream)
    })
  }
}
