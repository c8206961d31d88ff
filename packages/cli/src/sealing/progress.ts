import type { Io } from '../io.ts'

/** A line on the terminal that says how far long work is. */
export interface Progress {
  /** One more part begins. */
  step(): void
  /** Takes the line away, before anything else is written. */
  clear(): void
}

/** Progress over `total` parts; silent unless stderr is a terminal and there is more than one part. */
export function progress(what: string, total: number, { stderr }: Io): Progress {
  const shown = stderr.isTTY === true && total > 1
  let done = 0
  return {
    step() {
      done++
      if (shown) stderr.write(`\r${what} ${done}/${total}`)
    },
    clear() {
      if (shown) stderr.write('\r\u001b[K')
    },
  }
}
