/** A process that stands for election and says when it leads, for a test to kill. */
import { connect, lead } from '@sealkit/kubernetes'

const [kubeconfig = '', namespace = '', name = '', duration = '15000'] = process.argv.slice(2)
const cluster = await connect({ kubeconfig })
const times = { duration: Number(duration), renewDeadline: Number(duration) * 0.6, retryPeriod: Number(duration) * 0.1 }
await lead(
  {
    cluster,
    key: { namespace, name },
    identity: `process-${process.pid}`,
    ...times,
    signal: new AbortController().signal,
  },
  async ({ signal }) => {
    process.stdout.write('leads\n')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  },
)
