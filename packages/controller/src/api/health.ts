import { type Listening, type ListenOptions, listen, pathOf } from './listen.ts'

/** Serves `/healthz` (the process answers) and `/readyz` (it has seen every object once), as External Secrets' live endpoint. */
export function serveHealth(isReady: () => boolean, options: ListenOptions): Promise<Listening> {
  const plain = { 'content-type': 'text/plain; charset=utf-8' }
  return listen(options, (request, response) => {
    const path = pathOf(request)
    if (path === '/healthz' || (path === '/readyz' && isReady())) response.writeHead(200, plain).end('ok\n')
    else if (path === '/readyz') response.writeHead(503, plain).end('not ready\n')
    else response.writeHead(404, plain).end('404 page not found\n')
  })
}
