// `npm run up`: a Kubernetes control plane of one's own to try things on, with Sealkit's kinds in it.
import { once } from 'node:events'
import { crds } from '@sealkit/controller'
import { startControlPlane } from './controlplane.ts'

process.stderr.write('starting etcd and kube-apiserver (the first time builds them, which takes some minutes)\n')
const plane = await startControlPlane({
  crds: crds(),
  controllerManager: process.argv.includes('--controller-manager'),
})
process.stderr.write(`ready at ${plane.url}; stop it with Ctrl-C. In another terminal:\n`)
process.stdout.write(`export KUBECONFIG=${plane.kubeconfig}\n`)
// The handlers that end the servers with the process would end it before its folder is gone.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(signal)
const alive = setInterval(() => {}, 60_000)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
clearInterval(alive)
await plane.stop()
