import {
  defaultRule,
  type Format,
  type KeyEntry,
  type KeyGroup,
  type Metadata,
  newMetadata,
  parseKeys,
  parseRecipients,
  type Rule,
  ruleNames,
} from '@sealkit/core/sops'
import { CliError } from '../exit.ts'
import type { Configs } from './creation.ts'

/** What a command line says about master keys. */
export interface KeyValues {
  readonly age?: readonly string[]
  readonly recipient?: readonly string[]
}

/** What a command line says about a new file. */
export interface MetadataValues extends KeyValues {
  readonly config?: string
  readonly 'mac-only-encrypted'?: boolean
  readonly 'encrypted-regex'?: string
  readonly 'unencrypted-regex'?: string
  readonly 'encrypted-suffix'?: string
  readonly 'unencrypted-suffix'?: string
}

/** The master keys that the command line names. */
export function recipientsOf(values: KeyValues): KeyEntry[] {
  const age = (values.age ?? []).flatMap((recipients) => parseKeys('age', recipients))
  return [...age, ...(values.recipient ?? []).flatMap((text) => parseRecipients(text))]
}

/**
 * The metadata that a new file gets: keys and rule of the command line first, then those of its creation rule.
 *
 * @param name absolute path that the rule is chosen by
 * @throws `NO_KEY`, `USAGE`, `NO_CREATION_RULE`, `INVALID_KEY`
 */
export async function fileMetadata(
  name: string,
  format: Format,
  { values, configs }: { readonly values: MetadataValues; readonly configs: Configs },
): Promise<Metadata> {
  const recipients = recipientsOf(values)
  // Keys of the command line need no rule; a rule for the file still says what is encrypted.
  const needed = recipients.length === 0 || values.config !== undefined
  const rule = needed ? await configs.rule(name) : await configs.ruleOrNull(name)
  const keyGroups: readonly KeyGroup[] = recipients.length > 0 ? [recipients] : (rule?.keyGroups ?? [])
  if (keyGroups.length === 0) {
    throw new CliError('NO_KEY', 'no master key is named and no .sops.yaml has one', {
      hint: 'pass --age age1..., or add a creation rule to .sops.yaml',
    })
  }
  const stated = statedRules(values)
  if (stated.length > 1)
    throw new CliError('USAGE', 'more than one selection of values', { hint: 'keep one of the flags' })
  return newMetadata({
    keyGroups,
    rule: format === 'binary' ? null : (stated[0] ?? rule?.rules[0] ?? defaultRule),
    macOnlyEncrypted: format !== 'binary' && (values['mac-only-encrypted'] === true || rule?.macOnlyEncrypted === true),
    shamirThreshold: recipients.length > 0 ? 0 : (rule?.shamirThreshold ?? 0),
  })
}

function statedRules(values: MetadataValues): Rule[] {
  return ruleNames.flatMap((name) => {
    const flag = name.replaceAll('_', '-')
    const pattern = flag in values ? values[flag as keyof MetadataValues] : undefined
    return typeof pattern === 'string' ? [{ name, pattern }] : []
  })
}
