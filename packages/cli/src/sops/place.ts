import { parseTreePath, type TreePath } from './treepath.ts'

/**
 * A place of the command line: `["data"]["list"][0]` as sops writes it, anything else is one key of the top level.
 *
 * @throws `USAGE`
 */
export function parsePlace(text: string): TreePath {
  if (!text.startsWith('[')) return [text]
  return parseTreePath(text)
}
