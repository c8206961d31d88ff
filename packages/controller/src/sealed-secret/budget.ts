import { setImmediate } from 'node:timers/promises'
import type { Render } from '@sealkit/core/sealed'
import { TemplateError } from '@sealkit/template'

/** Milliseconds that the templates of one object may take of this thread. */
const whole = 5_000
/** So long at most a template runs in this thread; what takes longer waits for a worker, which costs nobody anything. */
const longest = 25
/** Milliseconds after which others have their turn. */
const turn = 10

/**
 * Renders the templates of one object, of which a hostile one may hold tens of thousands: others have their turn between
 * them, their time together is bounded, and the first that goes over a limit is the last that is tried.
 */
export function renderBudget(render: Render): Render {
  let spent = 0
  let sinceTurn = 0
  let exceeded: TemplateError | undefined
  return async (name, template, data) => {
    if (exceeded !== undefined) throw exceeded
    if (sinceTurn >= turn) {
      sinceTurn = 0
      await setImmediate()
    }
    const started = performance.now()
    try {
      return await render(name, template, data)
    } catch (error) {
      if (error instanceof TemplateError && error.code === 'TEMPLATE_LIMIT') exceeded = error
      throw error
    } finally {
      const taken = Math.min(performance.now() - started, longest)
      spent += taken
      sinceTurn += taken
      if (spent > whole) exceeded ??= tooMuch()
    }
  }
}

function tooMuch(): TemplateError {
  return new TemplateError('TEMPLATE_LIMIT', `the templates of one object took more than ${whole / 1000} s`, {
    hint: 'use fewer or cheaper templates',
  })
}
