export { type MachineOptions, machineIo } from './machine.ts'
export { loadSdk } from './sdk.ts'
