export type { AzureCredentials } from './azure-credentials.ts'
export { KeyserviceError, type KeyserviceErrorCode, ServicesError } from './error.ts'
export {
  type AgeIdentity,
  type Identities,
  loadIdentities,
  type ProtectedIdentities,
  parseIdentities,
} from './identities.ts'
export type { Channel, KeyIo, Person, Request, Response, RunOptions, RunResult } from './io.ts'
export type { KeyContext, MasterKey } from './kind.ts'
export { type MasterKeys, masterKeys } from './masterkey.ts'
export { keyServices } from './services.ts'
export { splitWords } from './shlex.ts'
