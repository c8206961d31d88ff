export {
  type ApiServer,
  type ApiServerOptions,
  apiserverCluster,
  type RawRequest,
} from './apiserver.ts'
export { type Backoff, backoffDelay, type Clock, sleep, systemClock } from './clock.ts'
export type {
  Cluster,
  ClusterObject,
  DeleteOptions,
  Key,
  ListOptions,
  ListResult,
  Patch,
  Resource,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './cluster.ts'
export { type Condition, findCondition, setCondition, timestamp } from './conditions.ts'
export type { Session, SessionSource } from './config/credentials.ts'
export { type ClientConfig, type ConnectionConfig, type LoadOptions, loadConfig } from './config/load.ts'
export type { ConfigOverrides } from './config/select.ts'
export { connect } from './connect.ts'
export { type Delayed, type DelayHeap, delayHeap } from './delay.ts'
export { type SourceFile, sourceField } from './directory/manifests.ts'
export { type DirectoryCluster, type DirectoryOptions, directoryCluster } from './directory.ts'
export { isKubernetesError, KubernetesError, type KubernetesErrorCode, type KubernetesErrorOptions } from './error.ts'
export type { CoreEvent } from './event.ts'
export { type EventRecorder, type EventRecorderOptions, eventRecorder } from './events.ts'
export { type Informer, type InformerHandlers, type InformerOptions, informer, type Occasion } from './informer.ts'
export { labelPredicate, type Predicate } from './labels.ts'
export { type Leadership, type LeaseOptions, lead } from './lease.ts'
export { type Members, membersOf, withMember, withoutMember } from './members.ts'
export { serviceProxyPath } from './path.ts'
export type { RateLimit } from './ratelimit.ts'
export { apiVersion, keyOf, keyText, type ResourceName, resourceOf, resources } from './resources.ts'
export { systemRoots } from './roots.ts'
export type { Index, ObjectStore } from './store.ts'
export type { ServiceAccountToken, TokenOwner } from './tokens.ts'
export {
  type HttpRequest,
  type HttpResponse,
  type HttpStream,
  httpTransport,
  type Transport,
  type TransportOptions,
} from './transport.ts'
export { proxyFor } from './wire/proxy.ts'
export {
  type Priority,
  type WorkOptions,
  type WorkQueue,
  type WorkQueueOptions,
  type WorkResult,
  workQueue,
} from './workqueue.ts'
