export { platform } from './node.ts'
export type {
  Platform,
  PrivateKey,
  PrivateKeyFormat,
  PublicKey,
  RsaComponents,
  SealingPlatform,
  X509,
} from './platform.ts'
export { sealing } from './web.ts'
