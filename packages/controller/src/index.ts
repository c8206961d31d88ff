export { createLimiter, type Limiter, type LimitOptions, type Permission } from './api/limit.ts'
export { type Listening, type ListenOptions, listen } from './api/listen.ts'
export {
  type SealedSecretsApiOptions,
  type SealedSecretsHandlers,
  serveSealedSecretsApi,
} from './api/sealed-secrets.ts'
export { discovery } from './connect.ts'
export { type Admit, type AdmitOptions, admission } from './crds/admit.ts'
export { type CrdFamily, crdFamilies, crds } from './crds/index.ts'
export { ruleBounds, withRules } from './crds/rules.ts'
export { ControllerError, type ControllerErrorCode } from './error.ts'
export type { ObjectEvent, RecordEvent } from './event.ts'
export { type Flag, type FlagSources, type FlagValues, flagUsage, parseFlags } from './flags.ts'
export type { ControllerIo } from './io.ts'
export {
  createLog,
  errorFields,
  errorMessage,
  type Fields,
  type Log,
  type LogFormat,
  type LogLevel,
  type LogOptions,
} from './log.ts'
export { type Controller, type ManagerOptions, runControllers } from './manager.ts'
export {
  createMetrics,
  type ExternalSecretMetrics,
  exposition,
  type Metrics,
  type QueueMetrics,
  type SealedSecretMetrics,
  type SopsSecretMetrics,
  serveMetrics,
} from './metrics.ts'
export { type Reconcile, type Result, TerminalError } from './reconcile.ts'
export { type Ports, type RunOptions, runController } from './run.ts'
export { parallelDecrypt } from './sealing-key/decrypt.ts'
export {
  checkKeyPrefix,
  keySelector,
  type SealingKeys,
  type SealingKeysOptions,
  sealingKeys,
} from './sealing-key/keys.ts'
export {
  type ExternalSecretSettings,
  type Kind,
  kinds,
  type SealedSecretSettings,
  type Settings,
  type SopsSecretSettings,
} from './settings.ts'
