import { spawnSync } from 'node:child_process'

/** One whole program run: what is started, and what it reads. */
export interface ProgramRun {
  readonly file: string
  readonly args: readonly string[]
  readonly input?: string | Uint8Array
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Medians of a paired comparison, in milliseconds; `ratio` is ours / theirs. */
export interface Pair {
  readonly ours: number
  readonly theirs: number
  readonly ratio: number
}

/**
 * Times two programs in turn (A B A B ...), so that a drift of the machine's speed meets both, after one warm-up each.
 *
 * A certificate bundle in `NODE_EXTRA_CA_CERTS` is left out: Node 20 reads it at every start, which would be measured.
 */
export function pair(ours: ProgramRun, theirs: ProgramRun, runs = 25): Pair {
  const times = { ours: [] as number[], theirs: [] as number[] }
  for (let run = -1; run < runs; run++) {
    const a = wall(ours)
    const b = wall(theirs)
    if (run >= 0) {
      times.ours.push(a)
      times.theirs.push(b)
    }
  }
  const medians = { ours: median(times.ours), theirs: median(times.theirs) }
  return { ...medians, ratio: medians.ours / medians.theirs }
}

/** Prints one row: what was measured, both medians, the ratio, and the goal where there is one. */
export function row(name: string, { ours, theirs, ratio }: Pair, goal?: number): void {
  const figures = `ours ${ours.toFixed(1)} ms, real ${theirs.toFixed(1)} ms, ratio ${ratio.toFixed(2)}`
  console.log(`${name.padEnd(48)} ${figures}${goal === undefined ? '' : ` (goal <= ${goal.toFixed(2)})`}`)
}

/** The middle value of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function wall({ file, args, input, cwd, env }: ProgramRun): number {
  const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env
  const start = performance.now()
  const run = spawnSync(file, [...args], {
    input: input ?? '',
    cwd,
    env: { ...inherited, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 30,
  })
  const time = performance.now() - start
  if (run.status !== 0) throw new Error(`${file} ${args.join(' ')} exited with ${run.status}: ${run.stderr}`)
  return time
}
