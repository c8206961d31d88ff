import { CliError } from '../exit.ts'

/**
 * The text that keeps a file's layout, or the error that it cannot be kept.
 *
 * @throws `NOT_EDITABLE`
 */
export function keptLayout(text: string | null): Uint8Array {
  if (text !== null) return Buffer.from(text)
  throw new CliError('NOT_EDITABLE', 'the layout of the text cannot be kept with these values', {
    hint: 'write aliases of encrypted values out and keep one document a file, or leave --keep-layout out',
  })
}
