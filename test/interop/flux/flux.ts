import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ControlPlane, CustomResource } from '../../servers/controlplane.ts'
import { answers, freePort, type Server, startServer } from '../../servers/process.ts'

/** The definition of a kind of Flux, as far as its controller needs one. */
function definition(group: string, kind: string, plural: string): CustomResource {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      versions: [{ name: 'v1', served: true, storage: true, schema, subresources: { status: {} } }],
    },
  }
}

/** The kinds that kustomize-controller watches. */
export const fluxCrds: readonly CustomResource[] = [
  definition('kustomize.toolkit.fluxcd.io', 'Kustomization', 'kustomizations'),
  definition('source.toolkit.fluxcd.io', 'GitRepository', 'gitrepositories'),
  definition('source.toolkit.fluxcd.io', 'OCIRepository', 'ocirepositories'),
  definition('source.toolkit.fluxcd.io', 'Bucket', 'buckets'),
  definition('source.toolkit.fluxcd.io', 'ExternalArtifact', 'externalartifacts'),
]

/** The real kustomize-controller, over a cluster of the test's own. */
export async function startKustomizeController(command: string, plane: ControlPlane): Promise<Server> {
  const health = await freePort()
  return startServer({
    name: 'kustomize-controller',
    command,
    args: [
      ...['--metrics-addr=127.0.0.1:0', `--health-addr=127.0.0.1:${health}`, '--events-addr='],
      ...['--enable-leader-election=false', '--log-level=debug', '--watch-all-namespaces=true'],
    ],
    env: { KUBECONFIG: plane.kubeconfig, RUNTIME_NAMESPACE: 'default', PATH: process.env['PATH'] ?? '' },
    ready: () => answers(`http://127.0.0.1:${health}/readyz`),
  })
}

/** Serves folders as the artifacts that source-controller would make of a repository. */
export interface Artifacts {
  /** Serves a folder; gives what belongs in `status.artifact` of its source. */
  add(folder: string): object
  close(): Promise<void>
}

/** Starts a server of artifacts on a free port. */
export async function serveArtifacts(): Promise<Artifacts> {
  const archives = new Map<string, Buffer>()
  const server = createServer(({ url = '' }, response) => {
    const archive = archives.get(url)
    if (archive === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': 'application/gzip' }).end(archive)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    add(folder) {
      const archive = execFileSync('tar', ['-czf', '-', '-C', folder, '.'])
      const digest = createHash('sha256').update(archive).digest('hex')
      const path = `${digest}.tar.gz`
      archives.set(`/${path}`, archive)
      return {
        path,
        url: `http://127.0.0.1:${port}/${path}`,
        revision: `main@sha1:${digest.slice(0, 40)}`,
        digest: `sha256:${digest}`,
        size: archive.length,
        lastUpdateTime: '2026-01-02T03:04:05Z',
      }
    },
    close: () => new Promise((closed) => server.close(() => closed())),
  }
}
