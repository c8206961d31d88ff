import { type Clock, type Key, keyText } from '@sealkit/kubernetes'
import type { Lease, LeaseSink } from '@sealkit/resolver'

/** The leases of generated credentials that Secrets hold: renewed while they are there, and ended after them. */
export interface Leases {
  /** Takes the leases of one sync of an ExternalSecret. */
  begin(key: Key): LeaseRound
  /** The ExternalSecret goes: its credentials are ended, or left to a Secret that stays. */
  end(key: Key, how: 'revoke' | 'release'): Promise<void>
  /** Leaves all credentials to the Secrets that hold them. */
  close(): Promise<void>
}

/** The leases of one sync. One of the two calls ends it. */
export interface LeaseRound extends LeaseSink {
  /** The Secret holds the new credentials: the old ones end when their users had time to change. */
  commit(): void
  /** No Secret holds the new credentials: they end at once. */
  rollback(): void
}

/** What leases are looked after with. */
export interface LeasesOptions {
  readonly clock: Clock
  /** Told of an ExternalSecret whose credentials will end and cannot be renewed. */
  readonly onEnding: (key: Key) => void
  /** Milliseconds for which replaced credentials stay good; two minutes, as upstream's generators, unless given. */
  readonly grace?: number
}

/** The share of a lease's time after which it is renewed, and of one that cannot be, after which it is replaced. */
const renewAfter = 2 / 3
const replaceAfter = 0.9
/** A renewed lease that has less than this share of its first time is at the end of what it may get. */
const least = 1 / 3

interface Held {
  readonly lease: Lease
  cancel: () => void
}

/** {@link Leases} with none. */
export function createLeases(options: LeasesOptions): Leases {
  return new Keeper(options)
}

class Keeper implements Leases {
  readonly #clock: Clock
  readonly #onEnding: (key: Key) => void
  readonly #grace: number
  readonly #current = new Map<string, readonly Held[]>()
  readonly #replaced = new Set<Held>()
  readonly #stop = new AbortController()

  constructor({ clock, onEnding, grace = 120_000 }: LeasesOptions) {
    this.#clock = clock
    this.#onEnding = onEnding
    this.#grace = grace
  }

  begin(key: Key): LeaseRound {
    const taken: Lease[] = []
    return {
      add: (lease) => void taken.push(lease),
      commit: () => this.#commit(key, taken.splice(0)),
      rollback: () => {
        for (const lease of taken.splice(0)) void lease.revoke()
      },
    }
  }

  async end(key: Key, how: 'revoke' | 'release'): Promise<void> {
    const held = this.#current.get(keyText(key)) ?? []
    this.#current.delete(keyText(key))
    for (const { cancel } of held) cancel()
    await Promise.all(held.map(({ lease }) => (how === 'revoke' ? lease.revoke() : lease.release())))
  }

  async close(): Promise<void> {
    this.#stop.abort()
    const held = [...this.#current.values()].flat()
    for (const { cancel } of [...held, ...this.#replaced]) cancel()
    const replaced = [...this.#replaced].map(({ lease }) => lease.revoke())
    await Promise.all([...held.map(({ lease }) => lease.release()), ...replaced])
  }

  #commit(key: Key, leases: readonly Lease[]): void {
    const id = keyText(key)
    for (const held of this.#current.get(id) ?? []) this.#replace(held)
    if (leases.length === 0) this.#current.delete(id)
    else
      this.#current.set(
        id,
        leases.map((lease) => this.#watch(key, lease)),
      )
  }

  #replace(held: Held): void {
    held.cancel()
    this.#replaced.add(held)
    held.cancel = this.#clock.timer(this.#grace, () => {
      this.#replaced.delete(held)
      void held.lease.revoke()
    })
  }

  #watch(key: Key, lease: Lease): Held {
    const held: Held = { lease, cancel: () => undefined }
    const { duration, renewable } = lease
    if (duration <= 0) return held
    const wait = duration * (renewable ? renewAfter : replaceAfter)
    const look = async (): Promise<void> => {
      const left = renewable ? await lease.renew(this.#stop.signal).catch(() => null) : null
      // What was replaced meanwhile has another timer.
      if (this.#stop.signal.aborted || this.#current.get(keyText(key))?.includes(held) !== true) return
      if (left === null || left < duration * least) this.#onEnding(key)
      else held.cancel = this.#clock.timer(left * renewAfter, () => void look())
    }
    held.cancel = this.#clock.timer(wait, () => void look())
    return held
  }
}
