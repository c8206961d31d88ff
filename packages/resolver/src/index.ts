export {
  type ClusterAccess,
  type ClusterKind,
  clusterKinds,
  manifestAccess,
  type ObjectKey,
  type TokenOptions,
} from './cluster.ts'
export { allowsNamespace, selects } from './condition.ts'
export type { CredentialSource, Credentials } from './credentials.ts'
export { createMoments, type Demand } from './demand.ts'
export {
  isTransient,
  LoginError,
  ResolverError,
  type ResolverErrorCode,
  retryAfterOf,
  ThrottledError,
} from './error.ts'
export type {
  DataEntry,
  DataFrom,
  ExternalSecret,
  Find,
  FindQuery,
  GeneratorRef,
  Otherwise,
  RemoteRef,
  Rewrite,
  StoreRef,
  SyncWindowsSpec,
  Target,
  TargetTemplate,
} from './externalsecret.ts'
export { createJoiner, type Joiner, type Need } from './fetch.ts'
export { generatorClass } from './generators/index.ts'
export type { Lease, LeaseSink } from './generators/lease.ts'
export { createLimit, type Limit, type LimitOptions } from './limit.ts'
export { readExternalSecret } from './manifest.ts'
export { desiredObject } from './object.ts'
export { type ObjectPath, readPath, setPath } from './objectpath.ts'
export { type Plan, type PlannedEntry, plan, planText, type Read } from './plan.ts'
export { type Place, type Policy, type PolicyRule, ruleFields, type Scope, type ScopeField } from './policy.ts'
export type {
  Environment,
  Location,
  OpenOptions,
  Provider,
  ProviderModule,
  ProviderRow,
  PushedSecret,
  PushRequest,
  PushTarget,
  RemoteSecret,
} from './provider.ts'
export { providers } from './providers/index.ts'
export {
  type DeleteJob,
  deletePushed,
  generatedSecret,
  type PushContext,
  type PushEntry,
  type PushedEntry,
  type PushedState,
  type PushJob,
  type PushOutcome,
  type PushSecret,
  type PushSource,
  type PushStore,
  type PushStoreRef,
  pushData,
  pushedSecret,
  readPushSecret,
  refersTo,
  templatedSecret,
} from './push/index.ts'
export {
  type Modifier,
  parseReference,
  type Reference,
  type ReferenceContext,
  resolveReference,
} from './reference/index.ts'
export { createRenderer, type RendererOptions } from './renderer.ts'
export {
  desiredSecret,
  type MissingEntry,
  type ProviderData,
  type Resolution,
  type ResolveContext,
  resolveData,
  resolveExternalSecret,
} from './resolve.ts'
export { checkRules, externalSecretRules, type Rule } from './rules.ts'
export { createSessions, type Session, type SessionOptions, type Sessions, type SessionsOptions } from './session.ts'
export {
  isStoreKind,
  type LabelSelector,
  readSelector,
  readStore,
  type Store,
  type StoreCondition,
  type StoreKind,
} from './store.ts'
export type { Render, RenderOptions } from './template.ts'
