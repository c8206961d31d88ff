import { compile } from '@sealkit/core/go/regexp'
import { patternError } from './error.ts'

/**
 * Whether a name matches `find.name.regexp` anywhere.
 *
 * @throws {ResolverError} `INVALID_EXTERNAL_SECRET` for a pattern that is not RE2
 */
export function nameMatcher(pattern: string): (name: string) => boolean {
  try {
    const regexp = compile(pattern)
    return (name) => regexp.test(name)
  } catch (error) {
    throw patternError(`could not compile find.name.regexp [${pattern}]: `, error, 'INVALID_EXTERNAL_SECRET')
  }
}
