import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { execute, functionTable, parse, TemplateError } from '@sealkit/template'

const functions = functionTable('external-secrets')
const NOW = 1_700_000_000

function render(text: string, data: Readonly<Record<string, string>> = {}): string {
  const template = parse(text, { name: 't', functions })
  const options = { now: () => BigInt(NOW) * 1_000_000_000n }
  return Buffer.from(execute(template, new Map(Object.entries(data)), options)).toString('latin1')
}

function fails(text: string, data: Readonly<Record<string, string>> = {}): string {
  try {
    return `rendered: ${render(text, data)}`
  } catch (error) {
    assert.ok(error instanceof TemplateError)
    return (error.upstream ?? '').replace(/^.*error calling \w+: /, '')
  }
}

const DAY = 86_400_000

describe('certificates', () => {
  const [caPem = '', leafPem = '', leafKey = ''] = render(
    '{{ $ca := genCA "my ca" 30 }}{{ $c := genSignedCert "a.example" (list "10.0.0.1" "2001:db8::1") (list "a.example" "*.a.example") 10 $ca }}{{ $ca.Cert }}|{{ $c.Cert }}|{{ $c.Key }}',
  ).split('|')
  const ca = new X509Certificate(caPem)
  const leaf = new X509Certificate(leafPem)

  it('an authority is one, and signs itself', () => {
    assert.equal(ca.subject, 'CN=my ca')
    assert.equal(ca.ca, true)
    assert.equal(ca.verify(ca.publicKey), true)
    assert.equal(ca.checkIssued(ca), true)
    assert.match(ca.serialNumber, /^[0-9A-F]{24,32}$/)
  })

  it('a signed certificate names its authority, its names and its addresses', () => {
    assert.equal(leaf.subject, 'CN=a.example')
    assert.equal(leaf.issuer, 'CN=my ca')
    assert.equal(leaf.ca, false)
    assert.equal(leaf.checkIssued(ca), true)
    assert.equal(leaf.verify(ca.publicKey), true)
    assert.equal(leaf.checkPrivateKey(createPrivateKey(leafKey)), true)
    assert.equal(
      leaf.subjectAltName,
      'DNS:a.example, DNS:*.a.example, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1',
    )
    assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  })

  it('lasts from the time of the render for so many days', () => {
    assert.equal(Date.parse(leaf.validFrom), NOW * 1000)
    assert.equal(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom), 10 * DAY)
  })

  for (const kind of ['rsa', 'ecdsa', 'ed25519']) {
    it(`a ${kind} key signs its own certificate`, () => {
      const text =
        '{{ $k := genPrivateKey .kind }}{{ $c := genSelfSignedCertWithKey "é" nil nil 1 $k }}{{ $c.Cert }}|{{ eq $c.Key $k }}'
      const [pem = '', same] = render(text, { kind }).split('|')
      const certificate = new X509Certificate(pem)
      assert.equal(certificate.verify(certificate.publicKey), true)
      assert.equal(certificate.subject, 'CN=é')
      assert.equal(same, 'true')
    })
  }

  it('goes through PKCS#12 and back', () => {
    const text =
      '{{ $p := fullPemToPkcs12Pass (print .leaf .ca) .key "pässword" | b64dec }}{{ $p | pkcs12certPass "pässword" }}|{{ $p | pkcs12keyPass "pässword" }}'
    const [chain, key = ''] = render(text, { leaf: leafPem, ca: caPem, key: leafKey }).split('|')
    assert.equal(chain, leafPem + caPem)
    assert.equal(leaf.checkPrivateKey(createPrivateKey(key)), true)
  })

  const FAILURES: readonly (readonly [text: string, error: string])[] = [
    ['{{ genSelfSignedCert "x" (list "1.2.3.256") nil 1 }}', 'error parsing ip: 1.2.3.256'],
    ['{{ genSelfSignedCert "x" (list "01.2.3.4") nil 1 }}', 'error parsing ip: 01.2.3.4'],
    ['{{ genSelfSignedCert "x" nil (list 1) 1 }}', 'error processing alternate dns name: 1 is not a string'],
    ['{{ genCAWithKey "x" 1 .leaf }}', 'parsing private key: no private key data in PEM block of type CERTIFICATE'],
    [
      '{{ genSignedCertWithKey "x" nil nil 1 (buildCustomCert (b64enc .leaf) (b64enc .key)) "" }}',
      'parsing private key: no PEM data in input',
    ],
    ['{{ buildCustomCert "!" "" }}', 'unable to decode base64 certificate'],
    ['{{ buildCustomCert (b64enc .leaf) "!" }}', 'unable to decode base64 private key'],
    [
      '{{ $o := genCA "o" 1 }}{{ genSignedCert "x" nil nil 1 (buildCustomCert (b64enc .leaf) (b64enc $o.Key)) }}',
      "error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey",
    ],
    [
      '{{ pkcs12key "" }}',
      'unable to decode pkcs12 with password: pkcs12: error reading P12 data: asn1: syntax error: sequence truncated',
    ],
  ]
  for (const [text, error] of FAILURES) {
    it(`${text} fails`, () => assert.equal(fails(text, { leaf: leafPem, key: leafKey }), error))
  }
})
