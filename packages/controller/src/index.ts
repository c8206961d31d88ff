export { type Reconcile, type Result, TerminalError } from './reconcile.ts'
