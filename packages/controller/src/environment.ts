import { readFile } from 'node:fs/promises'
import type { Environment } from '@sealkit/resolver'
import type { ControllerIo } from './io.ts'

/** Variables by which a provider's address is changed, for emulators and private endpoints. */
const endpoints: Readonly<Record<string, string>> = {
  secretsmanager: 'AWS_SECRETSMANAGER_ENDPOINT',
  ssm: 'AWS_SSM_ENDPOINT',
  sts: 'AWS_STS_ENDPOINT',
}

/** What providers may take of this process: the clock, addresses, and the pod's own credentials. */
export function providerEnvironment({ env }: Pick<ControllerIo, 'env'>): Environment {
  const set = Object.entries(endpoints).flatMap(([service, variable]) => {
    const address = env[variable]
    return address === undefined || address === '' ? [] : [[service, address] as const]
  })
  return {
    now: () => Date.now(),
    endpoints: Object.fromEntries(set),
    ambient: env,
    readFile: (path) => readFile(path, 'utf8'),
  }
}
