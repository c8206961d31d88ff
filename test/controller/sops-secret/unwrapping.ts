// Unwraps data keys by the keys of Secrets, all in one process: cases in JSON on standard input, outcomes on standard output.
import { text } from 'node:stream/consumers'
import { keySet, ownIdentity } from '@sealkit/controller/sops-keys'
import type { KeyEntry } from '@sealkit/core/sops'

/** One key Secret, or one rule that names keys, and one key of a file. */
export interface Case {
  readonly entries?: Readonly<Record<string, string>>
  /** Entries in base64. */
  readonly bytes?: Readonly<Record<string, string>>
  readonly identity?: readonly string[]
  readonly key: KeyEntry
}

/** What was unwrapped, or why not. */
export type Outcome = { readonly plain: string } | { readonly code: string; readonly message: string }

async function outcome({ entries = {}, bytes = {}, identity, key }: Case): Promise<Outcome> {
  const secret = new Map([
    ...Object.entries(entries).map(([name, content]) => [name, Buffer.from(content)] as const),
    ...Object.entries(bytes).map(([name, content]) => [name, Buffer.from(content, 'base64')] as const),
  ])
  try {
    const set =
      identity === undefined
        ? await keySet(secret, { env: process.env, vaults: null })
        : ownIdentity(identity, process.env)
    const plain = Buffer.from(await set.unwrap(key)).toString()
    await set.close()
    return { plain }
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    return { code: code ?? '', message }
  }
}

const outcomes: Outcome[] = []
for (const one of JSON.parse(await text(process.stdin)) as readonly Case[]) outcomes.push(await outcome(one))
console.log(JSON.stringify(outcomes))
