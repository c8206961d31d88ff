import { builtinFunctions } from './builtin.ts'
import { CAST_1_7, CAST_1_10, type Cast } from './cast.ts'
import { certificateFunctions } from './certificates.ts'
import { semverFunctions } from './constraint.ts'
import { cryptoFunctions, hashedHtpasswdFunctions, htpasswdFunctions } from './crypto.ts'
import { dateFunctions } from './dates.ts'
import { defaultFunctions } from './defaults.ts'
import { dictFunctions } from './dicts.ts'
import { encodingFunctions, hexFunctions } from './encoding.ts'
import { externalSecretsFunctions } from './external-secrets.ts'
import { jsonFunctions } from './json.ts'
import { listFunctions } from './lists.ts'
import { mathFunctions } from './math.ts'
import { pathFunctions } from './paths.ts'
import { randomFunctions } from './random.ts'
import { regexFunctions } from './regex.ts'
import type { FunctionRow, FunctionTable } from './row.ts'
import { stringFunctions } from './strings.ts'
import { urlFunctions } from './url.ts'
import { yamlFunctions } from './yaml.ts'

/** Whose functions a template has: those of Sealed Secrets' controller, or of External Secrets'. */
export type Personality = 'sealed-secrets' | 'external-secrets'

/**
 * The functions that a controller gives its templates: Go's own, sprig's without those that read the machine (`env`,
 * `expandenv`, `getHostByName`), and for External Secrets its own.
 */
export function functionTable(personality: Personality): FunctionTable {
  if (personality === 'sealed-secrets')
    return byName([...builtinFunctions(), ...sprigFunctions(CAST_1_7), ...htpasswdFunctions()])
  return byName([
    ...builtinFunctions(),
    ...sprigFunctions(CAST_1_10),
    ...hexFunctions(),
    ...hashedHtpasswdFunctions(),
    ...externalSecretsFunctions(),
    ...yamlFunctions(),
  ])
}

function sprigFunctions(cast: Cast): FunctionRow[] {
  return [
    ...stringFunctions(),
    ...listFunctions(cast),
    ...dictFunctions(),
    ...defaultFunctions(),
    ...mathFunctions(cast),
    ...randomFunctions(),
    ...dateFunctions(),
    ...jsonFunctions(),
    ...encodingFunctions(),
    ...pathFunctions(),
    ...regexFunctions(),
    ...semverFunctions(),
    ...urlFunctions(),
    ...cryptoFunctions(),
    ...certificateFunctions(),
  ]
}

/** Later rows replace earlier ones: sprig's `slice` is not Go's. */
function byName(rows: readonly FunctionRow[]): FunctionTable {
  return new Map(rows.map((row) => [row.name, row]))
}
