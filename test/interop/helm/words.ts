import assert from 'node:assert/strict'
import { execute, notes, Refused, render } from './chart.ts'

/** Values with what helm says of them. */
export type Told = readonly (readonly [what: string, values: object, words: RegExp])[]

/** A chart, and what it says. */
export interface ChartWords {
  readonly helm: string
  readonly folder: string
  /** Values that its schema or a template refuses. */
  readonly refused: Told
  /** What whoever installs it is told. */
  readonly told: Told
}

/** Checks what helm says of a chart; `check` runs one check by its name. */
export function checkWords(
  check: (name: string, body: () => Promise<void>) => void,
  { helm, folder, refused, told }: ChartWords,
): void {
  for (const [what, values, message] of refused) {
    check(`refused: ${what}`, async () => {
      await assert.rejects(render(helm, folder, { values }), (error) => {
        assert.ok(error instanceof Refused)
        assert.match(error.message, message)
        return true
      })
    })
  }
  for (const [what, values, message] of told) {
    check(`helm tells ${what}`, async () => assert.match(await notes(helm, folder, { values }), message))
  }
  check('helm tells nothing alarming about the defaults', async () =>
    assert.doesNotMatch(await notes(helm, folder, {}), /NOTICE/),
  )
  check('helm lint finds nothing', async () => {
    await execute(helm, ['lint', '--strict', '--quiet', folder])
  })
}
