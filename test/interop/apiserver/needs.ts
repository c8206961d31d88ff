import { after, before, test } from 'node:test'
import { available, type ProgramName } from '../../servers/programs.ts'

type Registry = Pick<typeof import('node:test'), 'after' | 'before' | 'test'>

/** node:test's functions for tests that need real programs; where one cannot be had, one test that says so is skipped. */
export async function needs(...names: readonly ProgramName[]): Promise<Registry> {
  const skipped: string[] = []
  const programs = await available({ skip: (reason) => void skipped.push(reason ?? '') }, ...names)
  if (programs !== null) return { after, before, test }
  test(names.join(', '), (t) => t.skip(skipped.join(', ')))
  const nothing = (() => undefined) as unknown
  return { after: nothing as typeof after, before: nothing as typeof before, test: nothing as typeof test }
}
