export { armor, dearmor } from './armor.ts'
export { decryptAge, encryptAge } from './file.ts'
export { checkRecipient, isPlugin } from './recipient.ts'
export { parseX25519Identity, parseX25519Recipient } from './x25519.ts'
