import { parseYaml } from '@sealkit/core/yaml'
import { type LabelSelector, readSelector, selects } from '@sealkit/resolver'
import { ControllerError } from '../error.ts'

/** A Secret that holds keys. */
export interface KeySecretRef {
  /** Null = the namespace of the object that is decrypted. */
  readonly namespace: string | null
  readonly name: string
}

/** Which keys decrypt for which namespaces. */
export interface KeyRule {
  /** Names of namespaces; `*` stands for any characters. */
  readonly namespaces: readonly string[]
  readonly namespaceSelector: LabelSelector | null
  /** Use the labelled Secrets of the object's own namespace. */
  readonly own: boolean
  readonly secrets: readonly KeySecretRef[]
  /** Addresses of Vaults to which the tokens of `secrets` may be sent; null where the rule does not say. */
  readonly vaults: readonly string[] | null
  /** Keys, by their ARN or address, that this process may use with its own credentials; `*` stands for any characters. */
  readonly identity: readonly string[]
}

/** Rules in their order: the first that chooses a namespace counts. */
export type KeyRules = readonly KeyRule[]

/** Without a file each namespace has the labelled Secrets of its own, and nothing else. */
export const defaultRules: KeyRules = [
  { namespaces: ['*'], namespaceSelector: null, own: true, secrets: [], vaults: null, identity: [] },
]

/**
 * Reads the operator's file of rules: YAML with a list `rules`.
 *
 * @throws {ControllerError} `KEY_RULES_INVALID` naming the field
 */
export function readRules(text: string): KeyRules {
  const file = fields(parsed(text), 'the file', ['rules'])
  if (!Array.isArray(file['rules'])) throw invalid('the file has no list rules')
  return file['rules'].map((rule, index) => readRule(rule, `rules[${index}]`))
}

function parsed(text: string): unknown {
  try {
    return parseYaml(text)
  } catch (cause) {
    throw invalid('the file is no YAML', cause)
  }
}

function readRule(value: unknown, place: string): KeyRule {
  const names = ['namespaces', 'namespaceSelector', 'own', 'secrets', 'vaults', 'identity']
  const rule = fields(value, place, names)
  const namespaces = texts(rule['namespaces'], `${place}.namespaces`)
  const selector = rule['namespaceSelector']
  if (namespaces.length === 0 && selector === undefined) throw invalid(`${place} chooses no namespaces`)
  const { own = false } = rule
  if (typeof own !== 'boolean') throw invalid(`${place}.own is neither true nor false`)
  return {
    namespaces,
    namespaceSelector: selector === undefined ? null : readNamespaceSelector(selector, place),
    own,
    secrets: list(rule['secrets'], `${place}.secrets`).map((secret, index) =>
      readRef(secret, `${place}.secrets[${index}]`),
    ),
    vaults: rule['vaults'] === undefined ? null : texts(rule['vaults'], `${place}.vaults`),
    identity: texts(rule['identity'], `${place}.identity`),
  }
}

function readNamespaceSelector(value: unknown, place: string): LabelSelector {
  const selector = fields(value, `${place}.namespaceSelector`, ['matchLabels', 'matchExpressions'])
  // An empty selector chooses everything: nobody means that by leaving it empty.
  if (Object.keys(selector).length === 0) throw invalid(`${place}.namespaceSelector is empty`)
  // Reading drops what is no text, such as an unquoted y: the rule would choose others than it seems to.
  if (!holdsTexts(selector)) throw invalid(`${place}.namespaceSelector holds something that is no text`)
  const read = readSelector(selector)
  const wrong = read.matchExpressions.find(({ operator }) => !operators.includes(operator))
  if (wrong !== undefined)
    throw invalid(`${place}.namespaceSelector has an operator that is none of ${operators.join(', ')}`)
  return read
}

function holdsTexts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'string'
  return Object.values(value).every(holdsTexts)
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist']

function readRef(value: unknown, place: string): KeySecretRef {
  const { namespace = null, name } = fields(value, place, ['namespace', 'name'])
  if (typeof name !== 'string' || name === '') throw invalid(`${place}.name is no name`)
  if (namespace !== null && typeof namespace !== 'string') throw invalid(`${place}.namespace is no name`)
  return { namespace, name }
}

function fields(value: unknown, place: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${place} is no object`)
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  // A field that is written wrongly must not make a rule wider.
  if (unknown !== undefined) throw invalid(`${place} has the unknown field ${JSON.stringify(unknown)}`)
  return value as Record<string, unknown>
}

function list(value: unknown, place: string): readonly unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  throw invalid(`${place} is no list`)
}

function texts(value: unknown, place: string): readonly string[] {
  return list(value, place).map((entry) => {
    if (typeof entry === 'string' && entry !== '') return entry
    throw invalid(`${place} holds something that is no text`)
  })
}

function invalid(message: string, cause?: unknown): ControllerError {
  return new ControllerError('KEY_RULES_INVALID', `the rules of --sops-keys: ${message}`, {
    hint: 'see "Which keys decrypt for whom" in the guide of the controller',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** The first rule that chooses a namespace; null where none does. */
export function ruleFor(rules: KeyRules, namespace: string, labels: Readonly<Record<string, string>>): KeyRule | null {
  const chooses = ({ namespaces, namespaceSelector }: KeyRule): boolean =>
    namespaces.some((pattern) => matches(pattern, namespace)) ||
    (namespaceSelector !== null && selects(namespaceSelector, labels))
  return rules.find(chooses) ?? null
}

/** Whether a text is as a pattern says, in which `*` stands for any characters. */
export function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  const last = rest.pop() ?? ''
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > text.length - last.length) return false
    at = found + part.length
  }
  return at <= text.length - last.length
}
