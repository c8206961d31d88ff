import { networkInterfaces } from 'node:os'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'

/** An address of this machine that is not loopback: the API server's proxy refuses those. */
export function hostAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flat()
  return addresses.find((address) => address?.family === 'IPv4' && !address.internal)?.address
}

/** A control plane whose Services `names` in kube-system lead to a port of this machine, through the service proxy. */
export async function startProxied(address: string, services: Readonly<Record<string, Target>>): Promise<ControlPlane> {
  const plane = await startControlPlane()
  for (const [name, target] of Object.entries(services)) await publish(plane, { address, name, ...target })
  return plane
}

/** Where a Service leads to. */
export interface Target {
  readonly port: number
  /** Name of the Service's port; absent as in upstream's manifests. */
  readonly portName?: string
}

async function publish(
  plane: ControlPlane,
  target: Target & { readonly address: string; readonly name: string },
): Promise<void> {
  const { address, name, port, portName } = target
  const core = '/api/v1/namespaces/kube-system'
  const metadata = { name, namespace: 'kube-system' }
  const ports = [{ port, ...(portName !== undefined && { name: portName }) }]
  // The proxy only follows endpoints of a Pod that has the address, which no kubelet says here.
  const spec = { containers: [{ name: 'c', image: 'none' }], automountServiceAccountToken: false }
  await created(plane, `${core}/serviceaccounts`, { metadata: { name: 'default', namespace: 'kube-system' } }, true)
  await created(plane, `${core}/pods`, { metadata, spec })
  const status = { podIP: address, podIPs: [{ ip: address }], phase: 'Running' }
  await plane.request('PATCH', `${core}/pods/${name}/status`, { status }, 'application/merge-patch+json')
  await created(plane, `${core}/services`, {
    metadata,
    spec: { ports: ports.map((row) => ({ ...row, targetPort: port })) },
  })
  const targetRef = { kind: 'Pod', ...metadata }
  await created(plane, `${core}/endpoints`, { metadata, subsets: [{ addresses: [{ ip: address, targetRef }], ports }] })
  await created(plane, '/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices', {
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: ports.map((row) => ({ name: '', ...row })),
    endpoints: [{ addresses: [address], conditions: { ready: true }, targetRef }],
  })
}

async function created(plane: ControlPlane, path: string, body: object, mayExist = false): Promise<void> {
  const { status, body: answer } = await plane.request('POST', path, body)
  if (status >= 300 && !(mayExist && status === 409)) throw new Error(`${path}: ${status} ${JSON.stringify(answer)}`)
}
