import { compile } from '@sealkit/core/go/regexp'
import { parseYaml } from '@sealkit/core/yaml'
import { type Policy, type PolicyRule, ruleFields } from '@sealkit/resolver'
import { CliError } from './exit.ts'

/** What stores may reach when nobody said more: a provider that reaches nothing. */
export const closedPolicy: Policy = { rules: [{ provider: 'fake', hosts: [] }] }

/**
 * Reads an operator's policy: `rules`, each with a `provider`, its `hosts`, and optionally RE2 patterns for `paths` and
 * for what else the provider's stores say.
 *
 * @throws `POLICY_INVALID` where it is anything else, unknown fields included: a misspelt one must not open a door
 */
export function readPolicy(text: string, file: string): Policy {
  const policy = parsed(text, file)
  if (!isRecord(policy)) throw invalid(file, 'must hold a list named rules')
  const { rules, ...others } = policy
  const [other] = Object.keys(others)
  if (other !== undefined || !Array.isArray(rules))
    throw invalid(file, 'must hold a list named rules, and nothing else')
  return {
    rules: [...closedPolicy.rules, ...rules.map((rule: unknown, index) => readRule(rule, `${file}: rules[${index}]`))],
  }
}

function parsed(text: string, file: string): unknown {
  try {
    return parseYaml(text)
  } catch (cause) {
    throw invalid(file, 'is no YAML', cause)
  }
}

function readRule(rule: unknown, place: string): PolicyRule {
  if (!isRecord(rule)) throw invalid(place, 'must be a map')
  const { provider, hosts = [], ...bounds } = rule
  if (typeof provider !== 'string' || !Object.hasOwn(ruleFields, provider)) {
    throw invalid(place, `must have a provider: ${Object.keys(ruleFields).join(', ')}`)
  }
  const fields = ['paths', ...(ruleFields[provider] ?? [])]
  const unknown = Object.keys(bounds).find((field) => !fields.includes(field))
  if (unknown !== undefined) {
    throw invalid(place, `has ${unknown}; a rule for ${provider} has provider, hosts, ${fields.join(', ')}`)
  }
  if (!isTexts(hosts)) throw invalid(place, 'must have hosts as a list of texts')
  for (const [field, patterns] of Object.entries(bounds)) checkPatterns(patterns, field, place)
  if ('namespaces' in bounds && fields.includes('mounts') && !('mounts' in bounds)) {
    throw invalid(place, 'has namespaces without mounts: a mount may begin with a namespace')
  }
  return { provider, hosts, ...bounds }
}

function checkPatterns(patterns: unknown, field: string, place: string): void {
  if (!isTexts(patterns)) throw invalid(place, `must have ${field} as a list of texts`)
  for (const [index, pattern] of patterns.entries()) {
    try {
      compile(pattern)
    } catch (cause) {
      throw invalid(`${place}.${field}[${index}]`, 'is no RE2 pattern', cause)
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function invalid(place: string, wrong: string, cause?: unknown): CliError {
  return new CliError('POLICY_INVALID', `${place} ${wrong}`, {
    cause,
    hint: 'rules: [{ provider: vault, hosts: ["vault.example.com:8200"], mounts: ["secret"], paths: ["team-a/.*"] }]',
  })
}
