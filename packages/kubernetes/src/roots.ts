import { readFileSync } from 'node:fs'

/** Where Linux distributions and macOS keep the certificates of public authorities; Go looks in the same places. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const

/**
 * The system's trusted certificates as PEM, for servers whose configuration names none: `SSL_CERT_FILE`, else the
 * system's bundle, as Go has it. Undefined where there is neither; the runtime's own list is then used.
 */
export function systemRoots(env: NodeJS.ProcessEnv = process.env): string | undefined {
  for (const path of env['SSL_CERT_FILE'] ? [env['SSL_CERT_FILE']] : bundles) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      // The next place.
    }
  }
  return undefined
}
