import { quote } from '@sealkit/core/go'
import { type Manifest, readManifests, sealedSecretObject, secretType } from '@sealkit/core/manifest'
import type { PublicKey } from '@sealkit/core/platform'
import { type Scope, sealSecrets } from '@sealkit/core/sealed'
import type { Io } from '../../io.ts'
import type { Call } from './call.ts'
import { failure } from './failure.ts'
import type { FlagValues } from './flags.ts'
import { print } from './print.ts'

/** Seals every Secret of the input. */
export async function seal(call: Call, publicKey: PublicKey): Promise<void> {
  const { values, output } = call
  for await (const sealedSecret of sealAll(call, publicKey, { name: values.text('name') })) {
    output.write(await print(sealedSecretObject, sealedSecret, output.format))
  }
}

/** Name, namespace and scope that the input's own give way to. */
export interface Override {
  readonly name: string
  readonly namespace?: string
  /** Wins over the flag and the annotations. */
  readonly scope?: Scope
}

/** The SealedSecrets of the input's Secrets, one after the other. */
export async function* sealAll(call: Call, publicKey: PublicKey, override: Override): AsyncGenerator<Manifest> {
  const { values, io } = call
  const secrets = await readManifests(secretType, await call.input())
  if (secrets.length === 0) throw failure('no secrets found. Ensure the input is valid and UTF-8 encoded')
  // Upstream's default scope cannot be told from no scope: both leave the annotations as they are.
  const asked = values.text('scope') as Scope
  const scope = override.scope ?? (asked === 'strict' ? undefined : asked)
  for (const secret of secrets) {
    if (override.namespace) secret.metadata = { ...secret.metadata, namespace: override.namespace }
  }
  yield* sealSecrets(secrets, {
    publicKey,
    ...(scope !== undefined && { scope }),
    name: override.name,
    allowEmptyData: values.bool('allow-empty-data'),
    namespace: (declared) => namespaceFor(declared, values, io),
  })
}

async function namespaceFor(declared: string, values: FlagValues, io: Io): Promise<string> {
  const asked = values.text('namespace')
  if (declared !== '' && (asked === '' || asked === declared)) return declared
  // Without a usable configuration there is no namespace, and the Secret must declare one.
  const chosen = await chosenNamespace(values, io)
  if (declared !== '' && chosen !== '' && chosen !== declared) {
    throw failure(
      `namespace mismatch: input secret is in namespace ${quote(declared)} but ${quote(chosen)} was specified`,
    )
  }
  return declared || chosen
}

/**
 * The namespace of the flag, the context or the pod. A kubeconfig that was named and cannot be read makes even the flag
 * count for nothing; that of the home folder is not read for it.
 */
async function chosenNamespace(values: FlagValues, io: Io): Promise<string> {
  const asked = values.text('namespace')
  const named = values.text('kubeconfig') !== '' || (io.env['KUBECONFIG'] ?? '') !== ''
  if (asked !== '' && !named) return asked
  const { contextNamespace } = await import('./cluster.ts')
  return contextNamespace(values, io).catch(() => '')
}
