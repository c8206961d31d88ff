/** How an interval is read. */
export interface IntervalOptions {
  /** Milliseconds of a Go duration. */
  readonly duration: (text: string) => number
  /** The milliseconds that count where none are written. */
  readonly otherwise: number
}

/** Milliseconds of an interval in a spec; one that cannot be read, or is none, counts as none written. */
export function intervalOf(written: string | null, { duration, otherwise }: IntervalOptions): number {
  if (written === null) return otherwise
  try {
    const milliseconds = duration(written)
    return milliseconds > 0 ? milliseconds : otherwise
  } catch {
    return otherwise
  }
}
