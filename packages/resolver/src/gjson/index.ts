export { hasSimd, type Scan } from './block.ts'
export { get, type Result } from './get.ts'
export type { ValueType } from './value.ts'
