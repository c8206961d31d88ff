import { dirname, resolve } from 'node:path'
import { SealkitError } from '@sealkit/core'
import { defaultRule, explainRules, formatOf, keyName, matchRule, thresholdOf } from '@sealkit/core/sops'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { Configs, pathBelow } from '../sops/creation.ts'

/** One line for the list of commands. */
export const summary = 'Say which creation rule of .sops.yaml is for a file, and why'

/** The positional arguments. */
export const positionals = 'FILE...'

/** The command line as data. */
export const options = [
  { name: 'config', type: 'string', value: 'FILE', description: 'take rules from FILE (the nearest .sops.yaml)' },
  {
    name: 'cwd',
    type: 'boolean',
    description: 'look for .sops.yaml from the working directory, as sops does (from the folder of each file)',
  },
  { name: 'json', type: 'boolean', description: 'print one JSON object a file' },
] as const

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit config secrets/db.yaml', 'the file need not exist'],
  ['sealkit config --cwd secrets/db.yaml', 'what would sops take here?'],
]

/** What is known about one file. */
interface Explained {
  readonly file: string
  readonly config: string | null
  /** The path that expressions are asked about. */
  readonly path?: string
  readonly rules: readonly { readonly path_regex: string; readonly verdict: string }[]
  readonly settings?: Readonly<Record<string, unknown>>
  readonly problem?: string
}

/** Prints the explanation; fails where a file has no usable rule. */
export async function run(values: Values<typeof options>, files: readonly string[], io: Io): Promise<number> {
  if (files.length === 0) throw new CliError('USAGE', 'config needs files', { hint: 'they need not exist' })
  const configs = new Configs(io.cwd, values.config, values.cwd === true)
  let failed = false
  for (const file of files) {
    const explained = await explain(file, configs, io)
    failed ||= explained.settings === undefined
    io.stdout.write(values.json === true ? `${JSON.stringify(explained)}\n` : textOf(explained))
  }
  return failed ? exitCode.failed : exitCode.done
}

async function explain(file: string, configs: Configs, io: Io): Promise<Explained> {
  const found = await configs.find(file)
  if (found === null)
    return { file, config: null, rules: [], problem: `no .sops.yaml in ${dirname(resolve(io.cwd, file))} or above` }
  const path = pathBelow(found.path, resolve(io.cwd, file))
  const verdicts = await explainRules(found.config, path)
  const rules = verdicts.map(({ rule, verdict }) => ({ path_regex: rule.pathRegex, verdict }))
  const known = { file, config: found.path, path, rules }
  try {
    const rule = await matchRule(found.config, path)
    if (rule === null) return { ...known, problem: 'the file has no creation rules' }
    const keys = rule.keyGroups.map((group) => group.map((key) => `${key.kind} ${keyName(key)}`))
    const selection = rule.rules[0] ?? defaultRule
    const threshold = thresholdOf(rule)
    const settings = {
      format: formatOf(path),
      ...(keys.length > 1 ? { key_groups: keys, shamir_threshold: threshold } : { recipients: keys[0] ?? [] }),
      [selection.name]: selection.pattern,
      ...(rule.macOnlyEncrypted ? { mac_only_encrypted: true } : {}),
    }
    return { ...known, settings }
  } catch (error) {
    if (error instanceof SealkitError) return { ...known, problem: error.message }
    throw error
  }
}

function textOf({ file, config, path, rules, settings, problem }: Explained): string {
  const lines = [
    file,
    ...(config === null ? [] : [`  config: ${config}`, `  path: ${path}`]),
    ...rules.map(({ path_regex: expression, verdict }, at) => `  rule ${at + 1}: ${ruleText(expression, verdict)}`),
    ...Object.entries(settings ?? {}).map(([name, value]) => `  ${name}: ${valueText(value)}`),
    ...(problem === undefined ? [] : [`  problem: ${problem}`]),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function ruleText(expression: string, verdict: string): string {
  return expression === '' ? `without path_regex ${verdict}` : `path_regex ${expression} ${verdict}`
}

function valueText(value: unknown): string {
  return Array.isArray(value)
    ? value.map((part) => (Array.isArray(part) ? `[${part.join(', ')}]` : String(part))).join(', ')
    : String(value)
}
