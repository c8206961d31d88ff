export { awsSettings } from './aws-kms.ts'
export { googleSigner } from './gcp-kms.ts'
export { requestReason } from './sdk.ts'
export { vaultRefusal, vaultSettings } from './vault-transit.ts'
