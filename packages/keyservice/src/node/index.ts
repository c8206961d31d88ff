export { type MachineOptions, machineIo } from './machine.ts'
