import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '@sealkit/resolver'
import type { Io } from './io.ts'

/** The person at the terminal lends the variables of the shell, and the token that `vault login` left. */
export function lentEnvironment({ env, now }: Io): Environment {
  const token = env['VAULT_TOKEN'] ?? savedToken(env['HOME'])
  return {
    now: () => now().getTime(),
    ambient: { ...env, ...(token === undefined ? {} : { VAULT_TOKEN: token }) },
    endpoints: endpoints(env),
  }
}

function savedToken(home: string | undefined): string | undefined {
  if (home === undefined) return undefined
  try {
    return readFileSync(join(home, '.vault-token'), 'utf8').trim()
  } catch {
    return undefined
  }
}

/** AWS' variables for addresses, by the service's name there. */
const endpointVariables: Readonly<Record<string, string>> = {
  secretsmanager: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
  ssm: 'AWS_ENDPOINT_URL_SSM',
  sts: 'AWS_ENDPOINT_URL_STS',
}

function endpoints(env: Io['env']): Record<string, string> {
  const all = Object.entries(endpointVariables).flatMap(([service, variable]) => {
    const url = env[variable] ?? env['AWS_ENDPOINT_URL']
    return url === undefined || url === '' ? [] : [[service, url] as const]
  })
  return Object.fromEntries(all)
}
