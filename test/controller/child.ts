import { join } from 'node:path'
import { root } from '../layout/sources.ts'
import type { ControlPlane } from '../servers/controlplane.ts'
import { answers, freePort, type Server, startServer } from '../servers/process.ts'

/** The built command line of Sealed Secrets' controller, running as a process of its own. */
export interface Child {
  readonly server: Server
  /** Of the HTTP API. */
  readonly url: string
  readonly metricsUrl: string
}

/** Starts the built controller on small keys and free ports, and waits until it has listed everything. */
export async function startChild(
  plane: ControlPlane,
  flags: readonly string[] = [],
  { cwd }: { readonly cwd?: string } = {},
): Promise<Child> {
  const [api, metrics] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${api}`
  const server = await startServer({
    name: 'sealed-secrets-controller',
    command: join(root, 'dist/sealed-secrets-controller'),
    args: [
      `--kubeconfig=${plane.kubeconfig}`,
      `--listen-addr=127.0.0.1:${api}`,
      `--listen-metrics-addr=127.0.0.1:${metrics}`,
      '--key-size=2048',
      ...flags,
    ],
    ...(cwd === undefined ? {} : { cwd }),
    env: { POD_NAMESPACE: 'kube-system', HOSTNAME: `pod-${api}` },
    ready: () => answers(`${url}/readyz`),
  })
  return { server, url, metricsUrl: `http://127.0.0.1:${metrics}/metrics` }
}

/** The certificate that the process gives out, once there is one. */
export async function pemOf({ url }: Pick<Child, 'url'>): Promise<string> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const response = await fetch(`${url}/v1/cert.pem`)
    const text = await response.text()
    if (response.ok) return text
  }
  throw new Error('the controller made no key')
}

/** Resolves when the process has looked at so many SealedSecrets. */
export async function looked({ metricsUrl }: Pick<Child, 'metricsUrl'>, count: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const text = await (await fetch(metricsUrl)).text()
    const seen = Number(/^sealed_secrets_controller_unseal_requests_total (\d+)$/m.exec(text)?.[1])
    if (seen >= count) return
  }
  throw new Error(`the controller did not look at ${count} SealedSecrets`)
}
