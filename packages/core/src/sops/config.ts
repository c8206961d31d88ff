import { CoreError } from '../error.ts'
import { type KeyEntry, type KeyGroup, type KeyKind, keyName } from './keygroup.ts'
import { entry, type KeyTextOptions, parseKeys } from './keytext.ts'
import { compilePattern, type Rule, ruleNames } from './rules.ts'
import { type Indents, openStore } from './store/index.ts'
import { goType, isList, type Value } from './tree.ts'
import { Decoder, type Fields } from './weak.ts'

/** One creation rule of `.sops.yaml`. */
export interface CreationRule {
  readonly keyGroups: readonly KeyGroup[]
  readonly shamirThreshold: number
  /** The selection rules that it states; more than one is an error once the rule is used. */
  readonly rules: readonly Rule[]
  readonly macOnlyEncrypted: boolean
}

/** A rule of which only the path is known: what it says is read once the path matches. */
export interface UnreadRule {
  /** Regular expression over the path of the file to encrypt; empty matches every file. */
  readonly pathRegex: string
  read(): CreationRule
}

/** What `.sops.yaml` says. */
export interface Config {
  /** Null where the file has no creation rules: it then counts as absent. */
  readonly creationRules: readonly UnreadRule[] | null
  readonly indents: Indents
}

interface RuleReader {
  readonly decoder: Decoder
  readonly options: KeyTextOptions
}

/**
 * Reads the text of `.sops.yaml`. Unknown keys are ignored; a rule is read when it is used, so a broken one harms no
 * file that another rule is for.
 *
 * @param options the encryption context that flat AWS KMS keys get from the command line
 * @throws `YAML_SYNTAX`, `METADATA_INVALID`
 */
export async function readConfig(text: string, options: KeyTextOptions = {}): Promise<Config> {
  const store = await openStore('yaml')
  const [document] = store.load(Buffer.from(text))
  const decoder = new Decoder()
  const fields = document === undefined ? { at: '', values: new Map<string, Value>() } : decoder.fields(document, '')
  const rules = fields.values.get('creation_rules')
  const creationRules = decoder
    .list(fields, 'creation_rules')
    .map((rule) => ({ pathRegex: decoder.text(rule, 'path_regex'), read: () => readRule(rule, options) }))
  const indents = readIndents(decoder, fields)
  decoder.check()
  return { creationRules: rules === undefined || rules === null ? null : creationRules, indents }
}

function readIndents(decoder: Decoder, fields: Fields): Indents {
  const [stores] = decoder.list(fields, 'stores')
  if (stores === undefined) return {}
  const indents: Record<string, number> = {}
  for (const name of ['yaml', 'json', 'json_binary']) {
    const [store] = decoder.list(stores, name)
    if (store?.values.has('indent')) indents[name] = decoder.count(store, 'indent')
  }
  return indents
}

/** Reads one creation rule. @throws `METADATA_INVALID` */
export function readRule(fields: Fields, options: KeyTextOptions): CreationRule {
  const decoder = new Decoder()
  const awsProfile = decoder.text(fields, 'aws_profile')
  const groups = decoder.list(fields, 'key_groups')
  const reader = { decoder, options: { ...options, awsProfile } }
  const rule = {
    shamirThreshold: decoder.count(fields, 'shamir_threshold'),
    macOnlyEncrypted: decoder.yamlFlag(fields, 'mac_only_encrypted'),
    rules: ruleNames
      .map((name) => ({ name, pattern: decoder.text(fields, name) }))
      .filter(({ pattern }) => pattern !== ''),
    keyGroups: groups.length > 0 ? groups.map((group) => readGroup(group, reader)) : [flatGroup(fields, reader)],
  }
  decoder.check()
  return rule
}

/** Kinds by the names of the flat keys, in the order in which sops adds them. */
const flatKeys: readonly (readonly [name: string, kind: KeyKind])[] = [
  ['age', 'age'],
  ['pgp', 'pgp'],
  ['kms', 'kms'],
  ['gcp_kms', 'gcp_kms'],
  ['hckms', 'hckms'],
  ['azure_keyvault', 'azure_kv'],
  ['hc_vault_transit_uri', 'hc_vault'],
]

function flatGroup(fields: Fields, { options }: RuleReader): KeyGroup {
  return flatKeys.flatMap(([name, kind]) => parseKeys(kind, keyText(fields.values.get(name), name), options))
}

/** A comma-separated text, or a list of keys. */
function keyText(value: Value | undefined, name: string): string {
  if (value === undefined || value === null) return ''
  const keys = isList(value) ? value : typeof value === 'string' ? value.split(',').map((key) => key.trim()) : null
  if (keys === null) throw badKeys(name, `expected string, []string, or nil, got ${goType(value)}`)
  const texts = keys.map((key) => {
    if (typeof key === 'string') return key
    throw badKeys(name, `expected string in list, got ${goType(key)}`)
  })
  return (isList(value) ? texts : texts.filter((key) => key !== '')).join(',')
}

function badKeys(name: string, problem: string): CoreError {
  const shown = name === 'gcp_kms' ? 'gcpkms' : name === 'hc_vault_transit_uri' ? 'vault' : name
  return new CoreError('METADATA_INVALID', `the ${name} of a creation rule is no text and no list of texts`, {
    hint: 'write keys as one text with commas, or as a list',
    upstream: `invalid ${shown} key configuration: invalid ${name} key configuration: ${problem}`,
  })
}

function readGroup(group: Fields, reader: RuleReader): KeyGroup {
  const { decoder, options } = reader
  const list = (name: string): Fields[] => decoder.list(group, name)
  const keys: KeyEntry[] = [
    ...list('merge').flatMap((merged) => readGroup(merged, reader)),
    ...texts(group, 'age').flatMap((text) => parseKeys('age', text)),
    ...texts(group, 'pgp').map((text) => entry('pgp', { fp: text.replaceAll(' ', '') })),
    ...list('kms').map((key) => kmsEntry(key, decoder)),
    ...list('gcp_kms').map((key) => entry('gcp_kms', { resource_id: decoder.text(key, 'resource_id') })),
    ...list('hckms').flatMap((key) => parseKeys('hckms', decoder.text(key, 'key_id'))),
    ...list('azure_keyvault').map((key) =>
      entry('azure_kv', {
        name: decoder.text(key, 'key'),
        vault_url: decoder.text(key, 'vaultUrl'),
        version: decoder.text(key, 'version'),
      }),
    ),
    ...texts(group, 'hc_vault').flatMap((text) => parseKeys('hc_vault', text, options)),
  ]
  return unique(keys)
}

function kmsEntry(key: Fields, decoder: Decoder): KeyEntry {
  const made = entry('kms', {
    arn: decoder.text(key, 'arn'),
    aws_profile: decoder.text(key, 'aws_profile'),
    role: decoder.text(key, 'role'),
  })
  const context = decoder.map(key, 'context')
  return context === undefined ? made : { ...made, context }
}

function texts(fields: Fields, name: string): string[] {
  const value = fields.values.get(name)
  if (value === undefined || value === null) return []
  return (isList(value) ? value : [value]).filter((text) => typeof text === 'string')
}

function unique(keys: readonly KeyEntry[]): KeyEntry[] {
  const seen = new Map(keys.map((key) => [`${key.kind}/${keyName(key)}`, key]))
  return keys.filter((key) => {
    const name = `${key.kind}/${keyName(key)}`
    return seen.get(name) !== undefined && seen.delete(name)
  })
}

/**
 * The first creation rule whose path expression matches; null where the file has no rules at all.
 *
 * @param path the file's path below the folder of `.sops.yaml`, or its absolute path where it is not below
 * @throws `NO_CREATION_RULE` where none matches, `INVALID_REGEXP`, `METADATA_INVALID`
 */
export async function matchRule(config: Config, path: string): Promise<CreationRule | null> {
  if (config.creationRules === null) return null
  for (const { pathRegex, read } of config.creationRules) {
    if (pathRegex !== '' && !(await matchesPath(pathRegex, path))) continue
    const rule = read()
    checkOneRule(rule)
    return rule
  }
  throw new CoreError('NO_CREATION_RULE', 'no creation rule of .sops.yaml is for this file', {
    hint: 'add a rule whose path_regex matches the path, or one without path_regex at the end',
    upstream: 'error loading config: no matching creation rules found',
  })
}

/** What one creation rule says about a path. */
export interface RuleVerdict {
  readonly rule: UnreadRule
  /** `not reached`: an earlier rule matched, or is broken, and the first one counts. */
  readonly verdict: 'matches' | 'does not match' | 'is no regular expression' | 'not reached'
}

/** What every creation rule says about a path, in the order in which they are asked. */
export async function explainRules(config: Config, path: string): Promise<RuleVerdict[]> {
  const verdicts: RuleVerdict[] = []
  let open = true
  for (const rule of config.creationRules ?? []) {
    const verdict: RuleVerdict['verdict'] = open ? await verdictOf(rule, path) : 'not reached'
    open &&= verdict === 'does not match'
    verdicts.push({ rule, verdict })
  }
  return verdicts
}

async function verdictOf({ pathRegex }: UnreadRule, path: string): Promise<RuleVerdict['verdict']> {
  try {
    return pathRegex === '' || (await matchesPath(pathRegex, path)) ? 'matches' : 'does not match'
  } catch {
    return 'is no regular expression'
  }
}

async function matchesPath(pattern: string, path: string): Promise<boolean> {
  const matches = await compilePattern(pattern, {
    message: 'a path_regex of .sops.yaml is not a valid regular expression',
    prefix: 'can not compile regexp: ',
  })
  return matches(path)
}

/** @throws `METADATA_INVALID` where a rule selects values in more than one way */
export function checkOneRule({ rules }: CreationRule): void {
  if (rules.length > 1) throw tooManyRules(rules)
}

function tooManyRules(rules: readonly Rule[]): CoreError {
  const names = rules.map(({ name }) => name).join(', ')
  return new CoreError('METADATA_INVALID', `a creation rule states more than one of ${names}`, {
    hint: 'keep one of them',
    upstream:
      'error loading config: cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex for the same rule',
  })
}
