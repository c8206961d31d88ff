import { answers, freePort, startServer } from './process.ts'
import { program } from './programs.ts'

/** moto: AWS' APIs (Secrets Manager, SSM, STS, KMS, S3) with state in memory; any credentials do. */
export interface Moto {
  readonly url: string
  /** Forgets everything. */
  reset(): Promise<void>
  stop(): Promise<void>
}

/** Starts moto on a free port of 127.0.0.1. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    name: 'moto_server',
    command: await program('moto_server'),
    args: ['-H', '127.0.0.1', '-p', String(port)],
    ready: () => answers(`${url}/moto-api/data.json`),
  })
  return {
    url,
    async reset() {
      const response = await fetch(`${url}/moto-api/reset`, { method: 'POST' })
      if (!response.ok) throw new Error(`moto reset: ${response.status}`)
    },
    stop: () => server.stop(),
  }
}
