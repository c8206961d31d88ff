import { appendFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '@sealkit/core/manifest'

/** Events are kept as lines; a file that is larger than this begins anew, and the one before it is kept. */
const largest = 2 ** 20

/** Appends an event to `events.jsonl` of the state folder. */
export async function appendEvent(state: string, event: Manifest): Promise<void> {
  const path = join(state, 'events.jsonl')
  const size = (await stat(path).catch(() => undefined))?.size ?? 0
  if (size > largest) await rename(path, join(state, 'events.1.jsonl'))
  await appendFile(path, `${JSON.stringify(event)}\n`, { mode: 0o600 })
}
