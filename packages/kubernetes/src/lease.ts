import { type Clock, sleep, systemClock } from './clock.ts'
import type { Cluster, ClusterObject, Key } from './cluster.ts'
import { isKubernetesError, KubernetesError } from './error.ts'
import { resources } from './resources.ts'

/** Who stands for election, where, and how patiently. */
export interface LeaseOptions {
  readonly cluster: Cluster
  /** Namespace and name of the Lease. */
  readonly key: Key
  /** Unlike every other candidate's: the pod's name and something random. */
  readonly identity: string
  /** Others may take over so long after the last renewal that they saw, in milliseconds; 15 s unless given. */
  readonly duration?: number
  /** A leader that could not renew for so long stops; less than `duration`; 10 s unless given. */
  readonly renewDeadline?: number
  /** Between tries; 2 s unless given. */
  readonly retryPeriod?: number
  readonly onError?: (error: unknown) => void
  readonly clock?: Clock
  readonly random?: () => number
  readonly signal: AbortSignal
}

/** What a leader may ask about its office. */
export interface Leadership {
  /** Aborts when the office is lost or the process stops. */
  readonly signal: AbortSignal
  /**
   * Throws LEASE_LOST once another may lead. Timers of a process that was suspended come late, so ask before a write
   * that two must not make.
   */
  assertLeading(): void
}

/**
 * Waits until this candidate leads, then does `work` for as long as it does. Resolves when `signal` aborted and the work
 * is done; the Lease is then given up, so that the next leader need not wait.
 *
 * Fenced by the renew deadline: the leader stops `duration - renewDeadline` before anyone else may start.
 *
 * @throws LEASE_LOST when the Lease could not be renewed in time, after `work` has ended
 */
export async function lead(options: LeaseOptions, work: (leadership: Leadership) => Promise<void>): Promise<void> {
  const candidate = new Candidate(options)
  if (!(await candidate.acquire())) return
  const office = new AbortController()
  const leadership: Leadership = {
    signal: AbortSignal.any([office.signal, options.signal]),
    assertLeading: () => {
      if (candidate.expired()) throw lost(options.key)
    },
  }
  const worked = work(leadership).finally(() => office.abort())
  // Its failure is reported below, when the renewals have ended too.
  worked.catch(() => undefined)
  const kept = await candidate.keep(leadership.signal)
  if (!kept) {
    candidate.resign()
    office.abort(lost(options.key))
  }
  try {
    await worked
  } finally {
    if (kept) await candidate.release()
  }
  if (!kept) throw lost(options.key)
}

function lost(key: Key): KubernetesError {
  return new KubernetesError('LEASE_LOST', `the lease ${key.namespace}/${key.name} could not be renewed in time`, {
    hint: 'the API server was out of reach or another replica took over; start again',
  })
}

interface LeaseSpec {
  holderIdentity?: string
  leaseDurationSeconds?: number
  acquireTime?: string
  renewTime?: string
  leaseTransitions?: number
}

class Candidate {
  readonly #options: LeaseOptions
  readonly #clock: Clock
  readonly #duration: number
  readonly #renewDeadline: number
  readonly #retryPeriod: number
  /** The Lease as last seen, and when that version was first seen: clocks of two machines are never compared. */
  #seen: { readonly lease: ClusterObject; readonly record: string; readonly at: number } | undefined
  #renewed = Number.NEGATIVE_INFINITY
  #resigned = false

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#duration = options.duration ?? 15_000
    this.#renewDeadline = options.renewDeadline ?? 10_000
    this.#retryPeriod = options.retryPeriod ?? 2_000
    if (this.#renewDeadline >= this.#duration) throw new RangeError('the renew deadline must be less than the duration')
  }

  expired(): boolean {
    return this.#resigned || this.#clock.now() - this.#renewed >= this.#renewDeadline
  }

  /** From here on this candidate does not lead, even if a renewal under way still succeeds. */
  resign(): void {
    this.#resigned = true
  }

  /** True once this candidate holds the Lease, false when it was stopped before. */
  async acquire(): Promise<boolean> {
    const { signal, random = Math.random } = this.#options
    while (!signal.aborted) {
      if (await this.#try()) return true
      // A lease that lapses sooner is tried for at that moment: nobody waits out the rest of a period.
      await sleep(this.#clock, Math.min(this.#retryPeriod * (1 + 0.2 * random()), this.#untilLapse()), signal)
    }
    return false
  }

  /** Renews until `signal` aborts (true) or the deadline passes (false), however long a request may hang. */
  async keep(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      await sleep(this.#clock, this.#retryPeriod, signal)
      if (signal.aborted) return true
      const left = this.#renewed + this.#renewDeadline - this.#clock.now()
      if (left <= 0) return false
      const waited = new AbortController()
      const renewal = this.#try().finally(() => waited.abort())
      await sleep(this.#clock, left, AbortSignal.any([signal, waited.signal]))
      if (signal.aborted) return true
      if (waited.signal.aborted) await renewal
      if (this.expired()) return false
      if (this.#holder() !== this.#options.identity) return false
    }
    return true
  }

  async release(): Promise<void> {
    const spec = this.#spec()
    if (this.#seen === undefined || spec.holderIdentity !== this.#options.identity) return
    const now = microTime(this.#clock.date())
    const { holderIdentity: _, ...rest } = spec
    try {
      await this.#write({ ...rest, leaseDurationSeconds: 1, renewTime: now, acquireTime: now })
    } catch (error) {
      this.#options.onError?.(error)
    }
  }

  /** One try to take or renew the Lease. */
  async #try(): Promise<boolean> {
    const { cluster, key, identity } = this.#options
    const started = this.#clock.now()
    try {
      const lease = await cluster.get(resources.lease, key)
      if (lease === null) {
        await this.#create()
      } else {
        this.#observe(lease)
        if (this.#holder() !== '' && this.#holder() !== identity && !this.#lapsed()) return false
        await this.#write(this.#claim())
      }
      // Counted from before the request: the server's write is not later than that by our clock.
      this.#renewed = started
      return true
    } catch (error) {
      // Another candidate was faster, which is no fault.
      if (!isKubernetesError(error, 'CONFLICT', 'ALREADY_EXISTS')) this.#options.onError?.(error)
      return false
    }
  }

  #claim(): LeaseSpec {
    const spec = this.#spec()
    const now = microTime(this.#clock.date())
    const mine = spec.holderIdentity === this.#options.identity
    return {
      ...spec,
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#duration / 1000),
      renewTime: now,
      ...(!mine && { acquireTime: now, leaseTransitions: (spec.leaseTransitions ?? 0) + 1 }),
    }
  }

  async #create(): Promise<void> {
    const { cluster, key, identity } = this.#options
    const now = microTime(this.#clock.date())
    const spec: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#duration / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    }
    const metadata = { namespace: key.namespace, name: key.name }
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
    this.#observe(await cluster.create(resources.lease, body))
  }

  async #write(spec: LeaseSpec): Promise<void> {
    if (this.#seen === undefined) return
    this.#observe(await this.#options.cluster.update(resources.lease, { ...this.#seen.lease, spec }))
  }

  #observe(lease: ClusterObject): void {
    const record = JSON.stringify(lease['spec'] ?? {})
    const at = this.#seen?.record === record ? this.#seen.at : this.#clock.now()
    this.#seen = { lease, record, at }
  }

  #spec(): LeaseSpec {
    return (this.#seen?.lease['spec'] ?? {}) as LeaseSpec
  }

  #holder(): string {
    return this.#spec().holderIdentity ?? ''
  }

  /** True when the holder's own duration has passed since its last renewal was seen here. */
  #lapsed(): boolean {
    return this.#heldFor() <= 0
  }

  #heldFor(): number {
    const held = (this.#spec().leaseDurationSeconds ?? 0) * 1000 || this.#duration
    return (this.#seen?.at ?? 0) + held - this.#clock.now()
  }

  /** Milliseconds until another's lease lapses, if it is not renewed; no bound where it is nobody's or lapsed. */
  #untilLapse(): number {
    const left = this.#holder() === '' ? 0 : this.#heldFor()
    return left > 0 ? left : Number.POSITIVE_INFINITY
  }
}

/** `metav1.MicroTime`: six digits after the second. */
function microTime(date: Date): string {
  return date.toISOString().replace(/\.(\d{3})Z$/, '.$1000Z')
}
