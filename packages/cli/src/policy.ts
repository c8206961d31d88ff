import { parseYaml } from '@sealkit/core/yaml'
import type { Policy, PolicyRule } from '@sealkit/resolver'
import { CliError } from './exit.ts'

/** What stores may reach when nobody said more: a provider that reaches nothing. */
export const closedPolicy: Policy = { rules: [{ provider: 'fake', hosts: [] }] }

/**
 * Reads an operator's policy: `rules`, each with a `provider`, its `hosts` and optionally `paths` (RE2 patterns).
 *
 * @throws `POLICY_INVALID` where it is anything else, unknown fields included: a misspelt one must not open a door
 */
export function readPolicy(text: string, file: string): Policy {
  const policy = parseYaml(text)
  if (!isRecord(policy, ['rules']) || !Array.isArray(policy['rules'])) throw invalid(file, 'a list named rules')
  return {
    rules: [
      ...closedPolicy.rules,
      ...policy['rules'].map((rule: unknown, index) => readRule(rule, `${file}: rules[${index}]`)),
    ],
  }
}

function readRule(rule: unknown, place: string): PolicyRule {
  if (!isRecord(rule, ['provider', 'hosts', 'paths']))
    throw invalid(place, 'provider, hosts and paths, and nothing else')
  const { provider, hosts = [], paths } = rule
  if (typeof provider !== 'string' || provider === '') throw invalid(place, 'a provider')
  if (!isTexts(hosts)) throw invalid(place, 'hosts as a list of texts')
  if (paths === undefined) return { provider, hosts }
  if (!isTexts(paths)) throw invalid(place, 'paths as a list of texts')
  return { provider, hosts, paths }
}

function isRecord(value: unknown, fields: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).every((field) => fields.includes(field))
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function invalid(place: string, wanted: string): CliError {
  return new CliError('POLICY_INVALID', `${place} must hold ${wanted}`, {
    hint: 'rules: [{ provider: vault, hosts: ["vault.example.com:8200"], paths: ["team-a/.*"] }]',
  })
}
