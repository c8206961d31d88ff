import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server as HttpServer } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import { clientOf } from '../../controller/cluster.ts'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { answers, type Server, startServer } from '../../servers/process.ts'
import { objectsOf } from './chart.ts'
import { podOf } from './compare.ts'

const run = promisify(execFile)

/** Helm, against a cluster as its administrator. */
export interface HelmIn {
  run(args: readonly string[], values?: object): Promise<string>
  close(): void
}

/** A control plane, its administrator's client, and helm for it. */
export interface Stage {
  readonly plane: ControlPlane
  readonly admin: ApiServer
  readonly helm: HelmIn['run']
}

/** Starts what a chart is installed in, until the test ends. */
export async function startStage(t: TestContext, helm: string): Promise<Stage> {
  const plane = await startControlPlane()
  t.after(() => plane.stop())
  const admin = await clientOf(plane)
  t.after(() => admin.close())
  const relayed = await helmIn(helm, plane)
  t.after(() => relayed.close())
  return { plane, admin, helm: relayed.run }
}

/**
 * Helm for a control plane of the tests. Between the two stands a relay that tells which Kubernetes this is: an API
 * server that was built from its module does not know, and charts ask.
 */
async function helmIn(helm: string, plane: ControlPlane): Promise<HelmIn> {
  const relay = relayTo(plane)
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const kubeconfig = `${plane.kubeconfig}.relay`
  const server = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`
  await writeFile(kubeconfig, JSON.stringify(configOf({ server }, {})), { mode: 0o600 })
  return {
    async run(args, values) {
      const home = `${plane.kubeconfig}.helm`
      const env = { PATH: process.env['PATH'], HOME: home, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home }
      const more = values === undefined ? [] : ['--values=-']
      const running = run(helm, [...args, ...more, `--kubeconfig=${kubeconfig}`], { env, maxBuffer: 64 << 20 })
      running.child.stdin?.end(values === undefined ? '' : JSON.stringify(values))
      return (await running).stdout
    },
    close() {
      relay.closeAllConnections()
      relay.close()
    },
  }
}

const kubernetesVersion = { major: '1', minor: '36', gitVersion: 'v1.36.3', platform: 'linux/amd64' }

function relayTo({ adminConfig: { server, ca, cert, key } }: ControlPlane): HttpServer {
  const agent = new Agent({ keepAlive: true, ca, cert, key })
  return createServer((request, response) => {
    const path = request.url ?? '/'
    if (path.startsWith('/version')) {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(kubernetesVersion))
      return
    }
    const { host: _, ...headers } = request.headers
    const onward = httpsRequest(new URL(path, server), { method: request.method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
}

/** What was asked of the API: `verb [group/]resource[/subresource]`. */
export interface Recorder {
  readonly url: string
  readonly used: ReadonlySet<string>
  /** Whom the API server takes the asker for: no client sends a token to a relay without TLS. */
  token: string
  /** Awaited before a request is handed on. */
  before: (right: string) => Promise<void>
  close(): void
}

/** A relay to the API server that notes what is asked for. */
export async function recorderOf({ adminConfig: { server, ca } }: ControlPlane): Promise<Recorder> {
  const used = new Set<string>()
  const agent = new Agent({ keepAlive: true, ca })
  const relay = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', server)
    const right = rightOf(request.method ?? '', url)
    used.add(right)
    await recorder.before(right)
    const { host: _, ...others } = request.headers
    const headers = { ...others, authorization: `Bearer ${recorder.token}` }
    const onward = httpsRequest(url, { method: request.method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const recorder: Recorder = {
    url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`,
    used,
    token: '',
    before: async () => undefined,
    close() {
      relay.closeAllConnections()
      relay.close()
      agent.destroy()
    },
  }
  return recorder
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

function rightOf(method: string, { pathname, searchParams }: URL): string {
  const path = /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)(?:\/namespaces\/[^/]+(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/
  const [, group, resource = pathname, name, subresource] = path.exec(pathname) ?? []
  const reading = searchParams.has('watch') ? 'watch' : name === undefined ? 'list' : 'get'
  const what = [group, resource, subresource].filter((part) => part !== undefined).join('/')
  return `${verbs[method] ?? reading} ${what}`
}

/** The rights that roles give, as {@link Recorder} writes them. */
export function grantedBy(objects: readonly Manifest[]): string[] {
  const rules = objects
    .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
    .flatMap(
      ({ rules }) =>
        rules as { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] }[],
    )
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group === '' ? '' : `${group}/`}${resource}`)),
    ),
  )
}

function configOf(cluster: object, user: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ name: 'a', cluster }],
    users: [{ name: 'a', user }],
  }
}

/** The program of a pod of the release, started here as its container says, with the rights of its ServiceAccount. */
export async function startContainer({
  plane,
  admin,
  manifest,
  program,
  readyUrl,
  server,
  files = {},
}: {
  readonly plane: ControlPlane
  readonly admin: ApiServer
  /** The release's manifest, as helm gives it. */
  readonly manifest: string
  readonly program: string
  readonly readyUrl: string
  /** Where it finds the API server, if not where that is. */
  readonly server?: string
  /** Files of this machine by the paths that they have in the container. */
  readonly files?: Readonly<Record<string, string>>
}): Promise<Server> {
  const deployment = (await objectsOf(manifest)).find(({ kind }) => kind === 'Deployment') ?? {}
  const { container, pod } = podOf(deployment)
  const namespace = deployment.metadata?.namespace ?? ''
  const name = (pod['spec'] as { serviceAccountName: string }).serviceAccountName
  const fields: Readonly<Record<string, string>> = { 'metadata.namespace': namespace, 'metadata.name': 'pod-1' }
  const env = (container.env ?? []).map((each) => {
    const { valueFrom } = each as { valueFrom?: { fieldRef: { fieldPath: string } } }
    return [each.name, each.value ?? fields[valueFrom?.fieldRef.fieldPath ?? ''] ?? ''] as const
  })
  const [command] = container.command ?? []
  if (command !== program) throw new Error(`the container starts ${command}`)
  const entry = fileURLToPath(new URL(`../../../packages/controller/src/bin/${program}.ts`, import.meta.url))
  const kubeconfig = await accountConfig(plane, admin, { namespace, name, ...(server !== undefined && { server }) })
  const args = container.args.map((arg) =>
    Object.entries(files).reduce((text, [path, own]) => text.replace(path, own), arg),
  )
  return startServer({
    name: program,
    command: process.execPath,
    args: ['--conditions=source', entry, ...args],
    env: { ...Object.fromEntries(env), KUBECONFIG: kubeconfig },
    ready: () => answers(readyUrl),
  })
}

/** A kubeconfig with a token of a ServiceAccount. */
async function accountConfig(
  plane: ControlPlane,
  admin: ApiServer,
  account: { readonly namespace: string; readonly name: string; readonly server?: string },
): Promise<string> {
  const { token } = await admin.createToken(account)
  const { ca } = plane.adminConfig
  const { server = plane.adminConfig.server } = account
  const path = `${plane.kubeconfig}.${account.namespace}.${account.name}`
  const config = configOf({ server, 'certificate-authority-data': Buffer.from(ca).toString('base64') }, { token })
  await writeFile(path, JSON.stringify(config), { mode: 0o600 })
  return path
}

/** Whether a ServiceAccount may do something: `verb group/resource[/subresource] [namespace[/name]]`. */
export async function may(
  plane: ControlPlane,
  account: { readonly namespace: string; readonly name: string },
  right: string,
): Promise<boolean> {
  const [verb = '', what = '', where = ''] = right.split(' ')
  const [, group = '', resource = '', subresource = ''] = /^(?:([^/]*\.[^/]*)\/)?([^/]+)(?:\/(.+))?$/.exec(what) ?? []
  const [namespace = '', name = ''] = where.split('/')
  const user = `system:serviceaccount:${account.namespace}:${account.name}`
  const { body } = await plane.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, resourceAttributes: { verb, group, resource, subresource, namespace, name } },
  })
  return (body as { status: { allowed: boolean } }).status.allowed
}

/** Why the API server would not take an object, asked strictly and without keeping it; null = it would. */
export async function refusedBy(plane: ControlPlane, object: Manifest): Promise<string | null> {
  const path = `${pathOf(object)}?dryRun=All&fieldManager=test&force=true&fieldValidation=Strict`
  const { status, body } = await plane.request('PATCH', path, object, 'application/apply-patch+yaml')
  return status === 200 || status === 201 ? null : `${object.kind} ${object.metadata?.name}: ${JSON.stringify(body)}`
}

const plurals: Readonly<Record<string, string>> = { Ingress: 'ingresses', NetworkPolicy: 'networkpolicies' }
const clusterKinds = ['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition', 'Namespace']

function pathOf({ apiVersion = '', kind = '', metadata = {} }: Manifest): string {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const scope = clusterKinds.includes(kind) ? '' : `/namespaces/${metadata.namespace}`
  return `${base}${scope}/${plurals[kind] ?? `${kind.toLowerCase()}s`}/${metadata.name}`
}

/** The names of the Secrets that hold sealing keys. */
export async function sealingKeys(admin: ApiServer, namespace: string): Promise<string[]> {
  const labelSelector = 'sealedsecrets.bitnami.com/sealed-secrets-key'
  const { items } = await admin.list(resources.secret, { namespace, labelSelector })
  return items.map(({ metadata }) => metadata.name).sort()
}
