import type { JsonNode } from '@sealkit/core/go'
import type { Answer } from '../providers/vault/api.ts'
import type { Connection } from '../providers/vault/connection.ts'
import type { Lease } from './lease.ts'

/** Milliseconds that ending a lease may take. */
const patience = 5_000

/**
 * The lease of an answer of Vault; null where it has none. It is good for as long as its token is, so both are renewed,
 * and a token of our own is ended with it.
 */
export function vaultLease(vault: Connection, answer: Answer, now: () => number): Lease | null {
  const id = answer?.get('lease_id')
  if (id?.kind !== 'string' || id.value === '') return null
  const leaseId = id.value
  const within = (duration: number): number => Math.min(duration, vault.until() - now())
  return {
    duration: within(milliseconds(answer?.get('lease_duration'))),
    renewable: isTrue(answer?.get('renewable')),
    async renew(signal): Promise<number | null> {
      try {
        await vault.renew(signal)
        const body = { lease_id: leaseId }
        const renewed = await vault.call((api) => api.write('sys/leases/renew', body, signal), signal)
        const left = within(milliseconds(renewed?.get('lease_duration')))
        return left > 0 ? left : null
      } catch {
        signal.throwIfAborted()
        return null
      }
    },
    async revoke(): Promise<void> {
      if (!vault.ours()) {
        const signal = AbortSignal.timeout(patience)
        const body = { lease_id: leaseId }
        await vault.call((api) => api.write('sys/leases/revoke', body, signal), signal).catch(() => undefined)
      }
      // Leases end with their token, which no policy has to allow.
      await vault.close()
    },
    release: () => vault.close({ revoke: false }),
  }
}

function milliseconds(node: JsonNode | undefined): number {
  return node?.kind === 'number' ? Number(node.text) * 1000 : 0
}

function isTrue(node: JsonNode | undefined): boolean {
  return node?.kind === 'bool' && node.value
}
