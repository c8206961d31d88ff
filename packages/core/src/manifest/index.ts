export { decodeBase64, encodeBase64 } from './base64.ts'
export type { Manifest, ObjectMeta, OwnerReference } from './object.ts'
export { type DesiredSecret, desiredSecret, secretManifest } from './secret.ts'
