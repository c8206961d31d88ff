/** What a command line does with a cluster, for running as it is and compiled: reads, watches, writes, reports. */
import { connect, KubernetesError, resources } from '@sealkit/kubernetes'

async function run(kubeconfig: string | undefined, name: string | undefined): Promise<object> {
  const cluster = await connect({ ...(kubeconfig && { kubeconfig }) })
  try {
    const review = await cluster.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      headers: { 'content-type': 'application/json' },
      body: '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}',
    })
    const { username } = JSON.parse(review.body.toString('utf8')).status.userInfo
    if (name === undefined) return { username }
    const { resourceVersion } = await cluster.list(resources.configMap, { namespace: 'default' })
    const signal = new AbortController().signal
    await cluster.create(resources.configMap, {
      metadata: { namespace: 'default', name },
      data: { text: 'ä'.repeat(70_000) },
    })
    for await (const event of cluster.watch(resources.configMap, { namespace: 'default', resourceVersion, signal })) {
      if (event.type === 'bookmark') continue
      await cluster.delete(resources.configMap, { namespace: 'default', name })
      return {
        username,
        watched: event.object.metadata.name,
        length: (event.object['data'] as { text: string }).text.length,
      }
    }
    return { username, watched: null }
  } finally {
    cluster.close()
  }
}

const [kubeconfig, name] = process.argv.slice(2)
try {
  process.stdout.write(JSON.stringify(await run(kubeconfig, name)))
} catch (error) {
  const { code, upstream } = error as KubernetesError
  process.stdout.write(JSON.stringify(error instanceof KubernetesError ? { code, upstream } : { error: String(error) }))
}
