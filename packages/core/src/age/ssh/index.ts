export { readSshPrivateKey, type SshPrivateKey, type SshSecret } from './privatekey.ts'
export { parseSshPublicKey, type SshPublicKey } from './publickey.ts'
export { type LockedSshIdentity, lockedSshIdentity, sshIdentity, sshRecipient } from './ssh.ts'
