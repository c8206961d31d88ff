export { platform } from './node.ts'
export type { Platform, PrivateKey, PrivateKeyFormat, PublicKey, RsaComponents, X509 } from './platform.ts'
