import { CoreError } from '../error.ts'

/** The six ways of saying which values are encrypted; a file uses one of them at most. */
export type RuleName =
  | 'unencrypted_suffix'
  | 'encrypted_suffix'
  | 'unencrypted_regex'
  | 'encrypted_regex'
  | 'unencrypted_comment_regex'
  | 'encrypted_comment_regex'

/** One rule as the file's metadata or `.sops.yaml` states it. */
export interface Rule {
  readonly name: RuleName
  readonly pattern: string
}

/** A rule ready to be asked. */
export interface Selector {
  /** What the rule looks at: every key of a value's path, or the comments above it. */
  readonly on: 'key' | 'comment'
  /** Whether a match means encrypted. */
  readonly encryptsMatches: boolean
  matches(text: string): boolean
}

/** The rule of a file that names none. */
export const defaultRule: Rule = { name: 'unencrypted_suffix', pattern: '_unencrypted' }

/** Encrypts everything: what a binary file has. */
const everything: Selector = { on: 'key', encryptsMatches: false, matches: () => false }

interface Row {
  readonly on: Selector['on']
  readonly encryptsMatches: boolean
  readonly regex: boolean
}

/** The rules in the order in which sops lists them. */
const ruleTable: Readonly<Record<RuleName, Row>> = {
  encrypted_suffix: { on: 'key', encryptsMatches: true, regex: false },
  unencrypted_suffix: { on: 'key', encryptsMatches: false, regex: false },
  encrypted_regex: { on: 'key', encryptsMatches: true, regex: true },
  unencrypted_regex: { on: 'key', encryptsMatches: false, regex: true },
  encrypted_comment_regex: { on: 'comment', encryptsMatches: true, regex: true },
  unencrypted_comment_regex: { on: 'comment', encryptsMatches: false, regex: true },
}

/** Names of all rules. */
export const ruleNames: readonly RuleName[] = Object.keys(ruleTable) as RuleName[]

/**
 * Makes a rule ready; `null` encrypts everything. Go's regular expressions are loaded only for a rule that has one.
 *
 * Upstream ignores a pattern that does not compile and then leaves every value in plain text (or encrypts every one);
 * here it is refused.
 *
 * @throws `INVALID_REGEXP`
 */
export async function selector(rule: Rule | null): Promise<Selector> {
  if (rule === null) return everything
  const { on, encryptsMatches, regex } = ruleTable[rule.name]
  if (!regex) return { on, encryptsMatches, matches: (key) => key.endsWith(rule.pattern) }
  return { on, encryptsMatches, matches: await matcher(rule) }
}

function matcher(rule: Rule): Promise<(text: string) => boolean> {
  return compilePattern(rule.pattern, {
    message: `${rule.name} is not a valid regular expression, so nothing was done`,
    prefix: `${rule.name} is not a valid regular expression, so nothing was done: `,
  })
}

/**
 * Compiles a pattern in Go's syntax.
 *
 * @param texts of the error: ours, and what stands before Go's
 * @throws `INVALID_REGEXP`
 */
export async function compilePattern(
  pattern: string,
  texts: { message: string; prefix: string },
): Promise<(text: string) => boolean> {
  const { compile } = await import('../go/regexp.ts')
  try {
    return compile(pattern).test
  } catch (error) {
    const upstream = error instanceof CoreError ? (error.upstream ?? error.message) : String(error)
    throw new CoreError('INVALID_REGEXP', texts.message, {
      cause: error,
      hint: 'write it in RE2 syntax: look-around and back-references do not exist there',
      upstream: texts.prefix + upstream,
    })
  }
}
