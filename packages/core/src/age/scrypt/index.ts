export { scryptIdentity } from './scrypt.ts'
