import { spawn } from 'node:child_process'
import { KubernetesError } from '../error.ts'
import type { ExecConfig, KubeconfigCluster } from './kubeconfig.ts'

/** What a credential plugin printed. */
export interface ExecCredential {
  readonly token?: string
  /** PEM */
  readonly clientCertificate?: string
  /** PEM */
  readonly clientKey?: string
  /** Milliseconds since 1970; absent = for this process's life. */
  readonly expires?: number
}

const group = 'client.authentication.k8s.io'
const missingHelp = `

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins`

/**
 * Runs a credential plugin as client-go does: `KUBERNETES_EXEC_INFO` tells it what is asked, its stderr is the user's,
 * its stdin too where the mode and the terminal allow, its stdout is an ExecCredential.
 *
 * @throws CREDENTIALS_FAILED
 */
export async function runExecPlugin(
  exec: ExecConfig,
  cluster: KubeconfigCluster,
  env: NodeJS.ProcessEnv,
): Promise<ExecCredential> {
  const versions = [`${group}/v1`, `${group}/v1beta1`]
  if (!versions.includes(exec.apiVersion)) {
    throw failed(`exec plugin: invalid apiVersion ${JSON.stringify(exec.apiVersion)}`)
  }
  const terminal = process.stdin.isTTY === true
  if (exec.interactiveMode === 'Always' && !terminal) {
    throw failed('exec plugin cannot support interactive mode: standard input is not a terminal')
  }
  const interactive = terminal && exec.interactiveMode !== 'Never'
  const info = { kind: 'ExecCredential', apiVersion: exec.apiVersion, spec: { interactive } }
  const spec = exec.provideClusterInfo ? { ...info.spec, cluster: clusterInfo(cluster) } : info.spec
  const stdout = await run(exec, interactive, {
    ...env,
    ...Object.fromEntries(exec.env.map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: JSON.stringify({ ...info, spec }),
  })
  return readCredential(stdout, exec.apiVersion)
}

function clusterInfo(cluster: KubeconfigCluster): Record<string, unknown> {
  return {
    ...(cluster.server && { server: cluster.server }),
    ...(cluster.tlsServerName && { 'tls-server-name': cluster.tlsServerName }),
    ...(cluster.insecureSkipTlsVerify && { 'insecure-skip-tls-verify': true }),
    ...(cluster.certificateAuthorityData && { 'certificate-authority-data': cluster.certificateAuthorityData }),
    ...(cluster.proxyUrl && { 'proxy-url': cluster.proxyUrl }),
    config: cluster.execConfig ?? null,
  }
}

function run(exec: ExecConfig, interactive: boolean, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(exec.command, exec.args, {
      env,
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT' || error.code === 'EACCES'
      const text = `exec: executable ${exec.command} not found`
      const hint = exec.installHint === '' ? '' : `\n\n${exec.installHint}`
      reject(missing ? failed(text, `${text}${missingHelp}${hint}`) : failed('exec: the command cannot be started'))
    })
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'))
      else reject(failed(`exec: executable ${exec.command} failed with exit code ${code ?? -1}`))
    })
  })
}

function readCredential(stdout: string, version: string): ExecCredential {
  let credential: { apiVersion?: unknown; status?: Record<string, unknown> | null }
  try {
    credential = JSON.parse(stdout)
  } catch {
    throw failed('decoding stdout: the plugin printed no JSON')
  }
  if (credential?.apiVersion !== version) {
    const returned = String(credential?.apiVersion ?? `${group}/__internal`)
    throw failed(`exec plugin is configured to use API version ${version}, plugin returned version ${returned}`)
  }
  const { status } = credential
  if (!status) throw failed("exec plugin didn't return a status field")
  const [token, cert, key] = [status['token'], status['clientCertificateData'], status['clientKeyData']]
  if (!token && !cert && !key) throw failed("exec plugin didn't return a token or cert/key pair")
  if (!cert !== !key) throw failed('exec plugin returned only certificate or key, not both')
  const expires = Date.parse(String(status['expirationTimestamp'] ?? ''))
  return {
    ...(typeof token === 'string' && { token }),
    ...(typeof cert === 'string' && { clientCertificate: cert }),
    ...(typeof key === 'string' && { clientKey: key }),
    ...(!Number.isNaN(expires) && { expires }),
  }
}

function failed(message: string, upstream: string = message): KubernetesError {
  return new KubernetesError('CREDENTIALS_FAILED', message, {
    upstream: `getting credentials: ${upstream}`,
    hint: 'run the credential plugin of your kubeconfig by hand and see what it prints',
  })
}
