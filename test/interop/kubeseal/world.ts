import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { encodeBase64, type Manifest } from '@sealkit/core/manifest'
import {
  generateSealingKey,
  KeyRing,
  label,
  parseCertificate,
  parsePrivateKey,
  sealItem,
  sealingKey,
  sealSecret,
} from '@sealkit/core/sealed'
import { marshalYaml } from '@sealkit/core/yaml'

const soon = { keySize: 1024, notBefore: new Date(Date.now() - 60_000) }
const key = await generateSealingKey(soon)
const other = await generateSealingKey(soon)
const expired = await generateSealingKey({ keySize: 1024, notBefore: new Date('2019-01-02T00:00:00Z'), validFor: 7e10 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** Opens what the certificates in {@link files} seal. */
export const keyRing: KeyRing = new KeyRing([
  await sealingKey(parsePrivateKey(key.privateKeyPem)),
  await sealingKey(parsePrivateKey(other.privateKeyPem)),
])

const { publicKey } = parseCertificate(key.certificatePem)
const foreignKey = parseCertificate(other.certificatePem).publicKey

const brokenCertificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const certificates = {
  'cert.pem': key.certificatePem,
  'expired.pem': expired.certificatePem,
  'chain.pem': key.certificatePem + expired.certificatePem,
  'crlf.pem': key.certificatePem.replaceAll('\n', '\r\n'),
  'broken.pem': brokenCertificate,
  'headers.pem': key.certificatePem.replace('\n', '\nProc-Type: 4\n\n'),
  'half.pem': key.certificatePem.slice(0, 400),
  'bom.pem': `\ufeff${key.certificatePem}`,
  'chain-broken.pem': key.certificatePem + brokenCertificate,
}

const pkcs8 = createPrivateKey(key.privateKeyPem).export({ type: 'pkcs8', format: 'pem' }).toString()
const ecPem = ec.export({ type: 'sec1', format: 'pem' }).toString()
const ec8 = ec.export({ type: 'pkcs8', format: 'pem' }).toString()

function keySecret(pem: string, fields: Manifest = {}): Manifest {
  const data = { 'tls.crt': encodeBase64(Buffer.from(key.certificatePem)), 'tls.key': encodeBase64(Buffer.from(pem)) }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'k' }, type: 'kubernetes.io/tls', data, ...fields }
}

const [own, foreign] = [keySecret(key.privateKeyPem), keySecret(other.privateKeyPem)]
const json = (value: unknown): string => JSON.stringify(value, null, 2)

/** Private keys in every form that `--recovery-private-key` meets, by file name. */
export const privateKeys: Readonly<Record<string, string>> = {
  'key.pem': key.privateKeyPem,
  'pkcs8.pem': pkcs8,
  'text.pem': `some text\n${key.privateKeyPem}`,
  'crlf.key': key.privateKeyPem.replaceAll('\n', '\r\n'),
  'bom.key': `\ufeff${key.privateKeyPem}`,
  'cert-then-key.pem': key.certificatePem + key.privateKeyPem,
  'two.pem': key.privateKeyPem + other.privateKeyPem,
  'two-other-first.pem': other.privateKeyPem + key.privateKeyPem,
  'other.pem': other.privateKeyPem,
  'ec.pem': ecPem,
  'ec8.pem': ec8,
  'public.pem': key.certificatePem,
  'half.key': key.privateKeyPem.slice(0, 300),
  'secret.json': json(own),
  'secret.yaml': marshalYaml(own),
  'stream.yaml': `${marshalYaml(foreign)}---\n${marshalYaml(own)}`,
  'stream.json': json(foreign) + json(own),
  'list.json': json({ apiVersion: 'v1', kind: 'List', items: [foreign, own] }),
  'list.yaml': marshalYaml({ apiVersion: 'v1', kind: 'List', metadata: {}, items: [own] }),
  'list-no-kind.json': json({ metadata: {}, items: [foreign, own] }),
  'no-kind.yaml': marshalYaml({ data: own['data'] }),
  'other.json': json(foreign),
  'ec.json': json(keySecret(ecPem)),
  'no-key.json': json({ ...own, data: { 'tls.crt': '' } }),
  'empty-key.json': json({ ...own, data: { 'tls.key': '' } }),
  'bad-base64.json': json({ ...own, data: { 'tls.key': '#' } }),
  'string-data.json': json({ ...own, data: {}, stringData: { 'tls.key': key.privateKeyPem } }),
  'config-map.json': json({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' } }),
}

/** Every file of the working directory that a generated command line may name. */
export const files: Readonly<Record<string, string>> = {
  ...certificates,
  ...privateKeys,
  empty: '',
  garbage: '\u0000\u00ff garbage',
  value: 'from file\n',
  broken: 'a: [',
  kubeconfig: marshalYaml({
    'current-context': 'c',
    contexts: [
      { name: 'c', context: { namespace: 'ctx', cluster: 'd' } },
      { name: 'second', context: { cluster: 'd' } },
    ],
    clusters: [{ name: 'd', cluster: { server: 'http://127.0.0.1:1' } }],
  }),
}

const meta = { name: 'a', namespace: 'b' }
const secret: Manifest = { metadata: meta, data: { foo: 'YmFy' } }
const sealed = await sealSecret(secret, { publicKey })
const item = (sealed['spec'] as { encryptedData: { foo: string } }).encryptedData.foo
const withTemplate = (template: object): Manifest => ({ ...sealed, spec: { encryptedData: { foo: item }, template } })
const withItems = (encryptedData: unknown): Manifest => ({ ...sealed, spec: { template: {}, encryptedData } })
const annotated = (annotations: object): Manifest => ({ ...sealed, metadata: { ...meta, annotations } as never })
const wide = { 'sealedsecrets.bitnami.com/cluster-wide': 'true' }

async function sealedFor(scope: 'namespace-wide' | 'cluster-wide'): Promise<Manifest> {
  return sealSecret(
    { ...secret, type: 'Opaque', immutable: true, stringData: { text: 'line\n', empty: '' } },
    { publicKey, scope },
  )
}

const bytes = Buffer.from([0, 255, 10])
const binary = encodeBase64(await sealItem({ publicKey, label: label('strict', 'b', 'a'), plaintext: bytes }))

/** SealedSecrets as somebody may have them: right, moved, damaged. */
export const sealedSecrets: Readonly<Record<string, Manifest | string>> = {
  strict: sealed,
  'namespace-wide': await sealedFor('namespace-wide'),
  'cluster-wide': await sealedFor('cluster-wide'),
  'another key': await sealSecret(secret, { publicKey: foreignKey }),
  'several items': withItems({ foo: item, renamed: item, KEY1: binary }),
  'one of two is damaged': withItems({ foo: item, bad: `${item.slice(0, -8)}AAAAAAA=` }),
  'two are damaged': withItems({ bad: 'AgAA', worse: 'AgAB' }),
  'bad base64': withItems({ foo: 'A#' }),
  'base64 with line breaks': withItems({ foo: `${item.slice(0, 60)}\n${item.slice(60)}` }),
  'base64 of another alphabet': withItems({ foo: item.replace(/[+/]/g, '_') }),
  'an empty item': withItems({ foo: '' }),
  'a number': withItems({ foo: 1 }),
  'null as item': withItems({ foo: null }),
  'no items': withItems({}),
  'null as items': withItems(null),
  'no encryptedData': { ...sealed, spec: { template: {} } },
  'no spec': { ...sealed, spec: undefined },
  'another name': { ...sealed, metadata: { ...meta, name: 'x' } },
  'another namespace': { ...sealed, metadata: { ...meta, namespace: 'x' } },
  'no namespace': { ...sealed, metadata: { name: 'a' } },
  'no metadata': { ...sealed, metadata: undefined as never },
  'a scope that was not sealed': annotated(wide),
  'a scope in the template alone': withTemplate({ metadata: { annotations: wide } }),
  'null as template': withTemplate(null as never),
  'a template with metadata': withTemplate({
    type: 'Opaque',
    immutable: true,
    metadata: { name: 'z', namespace: 'z', labels: { l: 'x' }, annotations: { n: 'y' }, creationTimestamp: null },
  }),
  'no owner wanted': withTemplate({
    metadata: { annotations: { 'sealedsecrets.bitnami.com/skip-set-owner-references': 'true' } },
  }),
  'a template of text': withTemplate({ data: { conf: 'plain' } }),
  'a template of an item': withTemplate({ data: { conf: 'v={{ .foo | upper }}\n', foo: 'loses' } }),
  'a template that cannot be parsed': withTemplate({ data: { conf: '{{ .foo' } }),
  'a template without its item': withTemplate({ data: { conf: '{{ .none }}' } }),
  'null as template data': withTemplate({ data: null }),
  'what old kubeseals wrote': {
    ...sealed,
    metadata: { ...meta, creationTimestamp: null } as never,
    spec: { encryptedData: { foo: item }, template: { data: null, metadata: { ...meta, creationTimestamp: null } } },
    status: {},
  },
  'what a server wrote': {
    ...sealed,
    metadata: { ...meta, uid: 'u', resourceVersion: '5', generation: 1, creationTimestamp: '2024-01-02T03:04:05Z' },
    status: { conditions: [{ type: 'Synced', status: 'True' }] },
  },
  'another kind': { ...sealed, kind: 'Secret', apiVersion: 'v1' },
  'no kind': { ...sealed, kind: undefined as never },
  'another group': { ...sealed, apiVersion: 'example.com/v1' },
  'another version': { ...sealed, apiVersion: 'bitnami.com/v9' },
  'no version': { ...sealed, apiVersion: undefined as never },
  'items as list': withItems(['x']),
  'items as text': withItems('x'),
  'spec as text': { ...sealed, spec: 'x' },
  'labels of numbers': { ...sealed, metadata: { ...meta, labels: { a: 1 } } as never },
  'unknown fields': { ...sealed, other: 1, spec: { ...(sealed['spec'] as object), more: {} } },
  text: 'hello',
  'broken JSON': '{"kind":"SealedSecret"',
  'broken YAML': 'kind: [',
  'an array': '[]',
}
