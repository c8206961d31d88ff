export type { Manifest, ObjectMeta, OwnerReference } from './object.ts'
export { type DesiredSecret, secretManifest } from './secret.ts'
