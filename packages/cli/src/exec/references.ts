import { parseReference, resolveReference } from '@sealkit/resolver'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import { lentEnvironment } from '../lent.ts'
import type { Variables } from './kinds.ts'

/**
 * The values of references: those given as `NAME=REFERENCE`, and with `ofEnvironment` those that variables of this
 * environment hold as their whole text. A value that was resolved is never looked at again.
 *
 * @throws USAGE, and what resolving throws, with the variable's name
 */
export async function referredValues(given: readonly string[], ofEnvironment: boolean, io: Io): Promise<Variables> {
  const named = given.map((text): readonly [string, string] => {
    const at = text.indexOf('=')
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
    throw new CliError('USAGE', `--env ${text}: not of the form NAME=REFERENCE`)
  })
  const standing = ofEnvironment ? Object.entries(io.env).filter(isReference) : []
  const environment = lentEnvironment(io)
  const values = await Promise.all(
    [...standing, ...named].map(async ([name, text = '']) => {
      try {
        return [name, await resolveReference(parseReference(text), { environment })] as const
      } catch (error) {
        throw withName(name, error)
      }
    }),
  )
  return new Map(values)
}

function isReference(entry: readonly [string, string | undefined]): entry is readonly [string, string] {
  return /^(?:(?:secret)?ref\+[a-z0-9]+:\/\/|<path:)/.test(entry[1] ?? '')
}

function withName(name: string, error: unknown): CliError {
  const message = error instanceof Error ? error.message : 'cannot be resolved'
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? { hint: error.hint } : {}
  return new CliError('EXEC_FAILED', `${name}: ${message}`, { cause: error, ...hint })
}
