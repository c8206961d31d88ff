import { CoreError } from '../error.ts'
import type { KeyFailure, Unwrap } from './datakey.ts'
import { type KeyEntry, type KeyGroup, keyTable } from './keygroup.ts'

/** How master keys are asked for the parts of a data key. */
export interface Attempts {
  /** Milliseconds after which a key on a server counts as failed; keys that may ask a person have no limit. */
  readonly timeoutMs?: number
  /** Milliseconds after which the other sort of keys joins in: those on servers, or those of this machine. */
  readonly joinAfterMs?: number
  /** Waits; rejects when the signal says so. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** What came of all groups: a part, or why each of its keys failed; null for a group that was no longer needed. */
export type GroupResult = Uint8Array | readonly KeyFailure[] | null

const defaults = { timeoutMs: 30_000, joinAfterMs: 25 }

/**
 * Asks for the parts of all groups at once, until `needed` of them are there; then the rest is cancelled.
 *
 * In each group, keys on servers are asked all together, and keys of this machine, which may ask a person, one after
 * another. The sort of key that comes first in the group starts; the other joins when it fails or takes its time.
 */
export async function askTogether(
  groups: readonly KeyGroup[],
  unwrap: Unwrap,
  { needed, ...attempts }: Attempts & { readonly needed: number },
): Promise<GroupResult[]> {
  const stop = new AbortController()
  const results: GroupResult[] = groups.map(() => null)
  const asker = new Asker(unwrap, { sleep, ...defaults, ...attempts }, stop.signal)
  try {
    await new Promise<void>((done) => {
      let open = groups.length
      let recovered = 0
      for (const [index, group] of groups.entries()) {
        asker.group(group).then((result) => {
          results[index] = result
          if (result instanceof Uint8Array) recovered++
          open--
          if (recovered >= needed || open === 0) done()
        })
      }
      if (open === 0) done()
    })
  } finally {
    stop.abort(new Error('the data key is there already'))
  }
  return results
}

class Asker {
  readonly #unwrap: Unwrap
  readonly #attempts: Required<Attempts>
  readonly #signal: AbortSignal
  /** The end of the attempt that a person may be busy with. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(unwrap: Unwrap, attempts: Required<Attempts>, signal: AbortSignal) {
    this.#unwrap = unwrap
    this.#attempts = attempts
    this.#signal = signal
  }

  /** The part of a group; never rejects. */
  async group(group: KeyGroup): Promise<Uint8Array | readonly KeyFailure[]> {
    const failures: (KeyFailure | undefined)[] = group.map(() => undefined)
    const keys = group.map((key, index) => ({ key, index }))
    const lane = (remote: boolean): (() => Promise<Uint8Array>) => {
      const own = keys.filter(({ key }) => isRemote(key) === remote)
      const note = (index: number, key: KeyEntry) => (error: unknown) => {
        failures[index] = { key, error }
        throw error
      }
      const ask = ({ key, index }: { key: KeyEntry; index: number }): Promise<Uint8Array> =>
        (remote ? this.#timed(key) : this.#inTurn(key)).catch(note(index, key))
      return remote ? () => Promise.any(own.map(ask)) : () => oneByOne(own, ask)
    }
    const [first] = group
    const startsRemote = first !== undefined && isRemote(first)
    try {
      return await this.#both(lane(startsRemote), lane(!startsRemote))
    } catch {
      return failures.filter((failure) => failure !== undefined)
    }
  }

  /** Runs the first lane, and beside it the second from when it is due. */
  async #both(first: () => Promise<Uint8Array>, second: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const started = first()
    const failed = started.then(
      () => new Promise<never>(() => undefined),
      () => undefined,
    )
    const due = this.#attempts.sleep(this.#attempts.joinAfterMs, this.#signal)
    const joined = Promise.race([due, failed]).then(second)
    return Promise.any([started, joined])
  }

  async #timed(key: KeyEntry): Promise<Uint8Array> {
    const { timeoutMs, sleep: wait } = this.#attempts
    const stop = new AbortController()
    const signal = AbortSignal.any([this.#signal, stop.signal])
    try {
      return await Promise.race([this.#unwrap(key, { signal }), wait(timeoutMs, signal).then(() => late(timeoutMs))])
    } finally {
      stop.abort()
    }
  }

  #inTurn(key: KeyEntry): Promise<Uint8Array> {
    const mine = this.#turn.then(() => {
      this.#signal.throwIfAborted()
      return this.#unwrap(key, { signal: this.#signal })
    })
    this.#turn = mine.catch(() => undefined)
    return mine
  }
}

async function oneByOne<T>(items: readonly T[], ask: (item: T) => Promise<Uint8Array>): Promise<Uint8Array> {
  let last: unknown = new Error('no keys')
  for (const item of items) {
    try {
      return await ask(item)
    } catch (error) {
      last = error
    }
  }
  throw last
}

function isRemote({ kind }: KeyEntry): boolean {
  return keyTable[kind].remote === true
}

function late(ms: number): never {
  throw new CoreError('KEY_TIMEOUT', `a master key did not answer within ${ms / 1000} seconds`, {
    hint: 'see that its server can be reached from here',
  })
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, ms)
    const stop = (): void => {
      clearTimeout(timer)
      fail(signal.reason)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
