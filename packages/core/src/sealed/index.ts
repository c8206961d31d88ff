export { type Certificate, parseCertificate, sealingPublicKey } from './certificate.ts'
export { type Decrypt, type UnsealItemOptions, unsealItem } from './decrypt.ts'
export { type SealItemOptions, sealItem } from './encrypt.ts'
export { fingerprint } from './fingerprint.ts'
export {
  type CertificateOptions,
  defaultKeySize,
  defaultKeyTtl,
  type GeneratedKey,
  generateSealingKey,
  selfSignedCertificate,
} from './generate.ts'
export { type HybridItem, splitItem } from './hybrid.ts'
export {
  type KeyOrder,
  KeyRing,
  type Opening,
  type SealingKey,
  sealingKey,
  sealingKeyFromSecret,
  type Unsealer,
} from './keyring.ts'
export { label } from './label.ts'
export { decodePem, encodePem, type PemBlock } from './pem.ts'
export { parsePrivateKey, parsePrivateKeys, privateKeyPem } from './privatekey.ts'
export { isScope, names, type Scope, type ScopeRow, scopeOf, scopes, withScope } from './scope.ts'
export { type SealOptions, sealedSecretType, sealSecret, sealSecrets } from './seal.ts'
export {
  previewSecret,
  type Render,
  type UnsealOptions,
  unsealData,
  unsealItems,
  unsealManifest,
  unsealSecret,
} from './unseal.ts'
