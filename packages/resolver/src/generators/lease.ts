/** Credentials that end at a time, unless they are renewed. */
export interface Lease {
  /** Milliseconds for which they are good from now on. */
  readonly duration: number
  /** Whether asking for more time is of any use. */
  readonly renewable: boolean
  /** Asks for more time; the milliseconds for which they are good now, or null when they are not. */
  renew(signal: AbortSignal): Promise<number | null>
  /** Ends the credentials. Never throws: what cannot be ended ends by itself. */
  revoke(): Promise<void>
  /** Lets them live, and ends what was held to look after them. */
  release(): Promise<void>
}

/** Takes the leases of one resolution; whoever gives it looks after them from then on. */
export interface LeaseSink {
  add(lease: Lease): void
}
