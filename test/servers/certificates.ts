import { generateKeyPairSync, randomBytes } from 'node:crypto'
import forge from 'node-forge'

/** A certificate and its private key, in PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

/** A certificate authority that lives as long as one test. */
export interface Authority extends Identity {
  /** A certificate for a server on 127.0.0.1 (`names` are further DNS names) or for a client of some groups. */
  issue(subject: {
    readonly name: string
    readonly groups?: readonly string[]
    readonly names?: readonly string[]
  }): Identity
}

/** Makes an authority with a new key. */
export function createAuthority(name: string): Authority {
  const authority = certificateFor(name, [])
  const key = forge.pki.privateKeyFromPem(authority.keyPem)
  authority.certificate.setIssuer(authority.certificate.subject.attributes)
  authority.certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
  ])
  authority.certificate.sign(key, forge.md.sha256.create())
  return {
    certificate: forge.pki.certificateToPem(authority.certificate),
    key: authority.keyPem,
    issue({ name: subject, groups = [], names = [] }) {
      const leaf = certificateFor(subject, groups)
      leaf.certificate.setIssuer(authority.certificate.subject.attributes)
      leaf.certificate.setExtensions([
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        {
          name: 'subjectAltName',
          altNames: [{ type: 7, ip: '127.0.0.1' }, ...['localhost', ...names].map((value) => ({ type: 2, value }))],
        },
      ])
      leaf.certificate.sign(key, forge.md.sha256.create())
      return { certificate: forge.pki.certificateToPem(leaf.certificate), key: leaf.keyPem }
    },
  }
}

/** A new RSA key pair in PEM, for signing service-account tokens. */
export function keyPair(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

function certificateFor(
  name: string,
  groups: readonly string[],
): { readonly certificate: forge.pki.Certificate; readonly keyPem: string } {
  const { publicKey, privateKey } = keyPair()
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey)
  // A first byte of 01 keeps the number positive and its DER minimal, whatever follows.
  certificate.serialNumber = `01${randomBytes(12).toString('hex')}`
  certificate.validity.notBefore = new Date(Date.now() - 3_600_000)
  certificate.validity.notAfter = new Date(Date.now() + 30 * 86_400_000)
  certificate.setSubject([
    { name: 'commonName', value: name },
    ...groups.map((group) => ({ name: 'organizationName', value: group })),
  ])
  return { certificate, keyPem: privateKey }
}
