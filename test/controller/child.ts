import { join } from 'node:path'
import { eventually } from '../eventually.ts'
import { root } from '../layout/sources.ts'
import type { ControlPlane } from '../servers/controlplane.ts'
import { answers, freePort, type Server, startServer } from '../servers/process.ts'
import { certificateAt } from './cluster.ts'

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
export function pemOf({ url }: Pick<Child, 'url'>): Promise<string> {
  return certificateAt(url)
}

/** Resolves when the process has looked at so many SealedSecrets. */
export async function looked({ metricsUrl }: Pick<Child, 'metricsUrl'>, count: number): Promise<void> {
  const line = /^sealed_secrets_controller_unseal_requests_total (\d+)$/m
  await eventually(
    async () => Number(line.exec(await (await fetch(metricsUrl)).text())?.[1]),
    (seen) => seen >= count,
  )
}
