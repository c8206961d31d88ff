import { beginSearch, endSearch, type Scan } from './block.ts'
import { fromBytes, toBytes } from './bytes.ts'
import { find } from './search.ts'
import { exists, MISSING, stringOf, type Value, type ValueType } from './value.ts'

/** What a path finds in a document. */
export interface Result {
  /** Whether there is anything at the path; `null` is something. */
  readonly exists: boolean
  readonly type: ValueType
  /** The text of the document as it stands there, number digits and white space included; empty when missing. */
  readonly raw: string
  /** The value as text: strings unescaped, whole numbers with all digits, null and what is missing empty. */
  readonly string: () => string
}

/**
 * Finds what a path of gjson 1.18 names in a JSON text.
 *
 * Like gjson it never checks that the text is JSON, answers something for every garbage, and never throws. Bytes need
 * not be UTF-8; results hold such bytes as `decodeUtf8` of `@sealkit/core/go` writes them. Paths that descend deeper
 * than 1000 levels find nothing.
 *
 * @param scan how long documents are read, see {@link Scan}
 */
export function get(json: string | Uint8Array, path: string, scan: Scan = 'auto'): Result {
  const value = search(json, path, scan)
  return {
    exists: exists(value),
    type: value.type,
    get raw(): string {
      return fromBytes(value.raw)
    },
    string: () => fromBytes(stringOf(value)),
  }
}

function search(json: string | Uint8Array, path: string, scan: Scan): Value {
  try {
    return find(beginSearch(json, scan), toBytes(path))
  } catch (error) {
    // A caller that is itself deep in its stack leaves less of it than the limit of levels counts on.
    if (error instanceof RangeError) return MISSING
    throw error
  } finally {
    endSearch()
  }
}
