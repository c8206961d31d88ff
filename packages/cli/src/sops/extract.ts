import { type Branch, type Format, isBranch, openStore } from '@sealkit/core/sops'
import { CliError } from '../exit.ts'
import { parseTreePath, truncate } from './treepath.ts'

/**
 * One value of the first document: a text as it is, everything else in a format.
 *
 * @param place as sops writes it: `["a"]["b"][0]`
 * @throws `NO_SUCH_KEY`
 */
export async function extracted(documents: readonly Branch[], place: string, format: Format): Promise<Uint8Array> {
  const [first] = documents
  if (first === undefined) throw new CliError('NO_SUCH_KEY', 'the file has no documents')
  const value = truncate(first, parseTreePath(place))
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  const store = await openStore(format)
  return isBranch(value) ? store.emit([value]) : store.emitValue(value)
}
