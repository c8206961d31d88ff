import { hasValue, isEncrypted, type SopsFile } from '@sealkit/core/sops'
import { CliError } from '../exit.ts'

/**
 * Refuses a rule that selects nothing: it leaves secrets in a file that looks encrypted.
 *
 * @throws `USAGE`
 */
export function checkSelected(encrypted: SopsFile, plain: SopsFile): void {
  // An empty text is never encrypted.
  if (!hasValue(plain.documents, (leaf) => leaf !== '')) return
  if (hasValue(encrypted.documents, (leaf) => typeof leaf === 'string' && isEncrypted(leaf))) return
  throw new CliError('USAGE', 'the rule selects no value, so the file would stay in plain text', {
    hint: `correct ${plain.metadata.rule?.name ?? 'the rule'}, or the format of the file`,
  })
}
