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
