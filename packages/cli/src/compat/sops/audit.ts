import { readFileSync } from 'node:fs'
import { SopsExit } from './exit.ts'

const auditFile = '/etc/sops/audit.yaml'

/**
 * Refuses to work where the administrator wants every use in a database: this program writes to none, and work that
 * leaves no trace would be what the file is there against.
 *
 * @throws SopsExit 1
 */
export function refuseAudit(): void {
  if (!/^\s*(?:backends\s*:.*)?postgres\s*:/m.test(readFileSync(auditFile, 'utf8'))) return
  throw new SopsExit(
    `${auditFile} wants every use audited in PostgreSQL, which this program does not do, so nothing was done; use sops itself on this machine`,
    1,
  )
}
