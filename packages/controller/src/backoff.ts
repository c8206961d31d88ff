import type { Backoff } from '@sealkit/kubernetes'

/** How long External Secrets waits between tries of one object: from 1 s to 7 min. */
export const externalSecretsBackoff: Backoff = { initial: 1_000, maximum: 420_000, jitter: 0.2 }
