export { type CrdFamily, crds } from './crds/index.ts'
export { type Reconcile, type Result, TerminalError } from './reconcile.ts'
