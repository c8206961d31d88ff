import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { manifest, root } from '../../layout/sources.ts'
import { available } from '../../servers/programs.ts'

const recipient = 'age1aars3tw9c0pvmp88zt9lmqxmwrxqwg8nagj9qmuh3fefnfdghvyqtuh53q'
const identity = 'AGE-SECRET-KEY-16CWURPA53MRM3JW23NM5VXPT6G4NW80RAUQ9EYQVZ8QRXGCFSUUQERGAKV'

/** Uses each published package as its users get it: compiled, by its public name. */
const script = `
import { secretManifest } from '@sealkit/core/manifest'
import { generateSealingKey, KeyRing, parseCertificate, parsePrivateKey, sealingKey, sealSecret } from '@sealkit/core/sealed'
import { entry, newDataKey, newMetadata, openStore, unwrapDataKey, wrapDataKey } from '@sealkit/core/sops'
import { parseYaml } from '@sealkit/core/yaml'
import { masterKeys } from '@sealkit/keyservice'
import { get, hasSimd } from '@sealkit/resolver/gjson'
import { execute, functionTable, parse } from '@sealkit/template'
import { desired } from 'sealkit'

const { certificatePem, privateKeyPem } = await generateSealingKey({ notBefore: new Date(), keySize: 2048 })
const { publicKey } = parseCertificate(certificatePem)
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: 'b' }, stringData: { k: 'v' } }
const object = await sealSecret(secret, { publicKey })
const keyRing = new KeyRing([await sealingKey(parsePrivateKey(privateKeyPem))])
const [outcome] = await desired([{ object }], { sealed: { keyRing } })
const template = parse('{{ .x | upper | b64enc }}', { name: 't', functions: functionTable('sealed-secrets') })
const store = await openStore('yaml')
const { wrap, unwrap } = masterKeys({ ageIdentities: ['${identity}'] })
const dataKey = newDataKey()
const metadata = await wrapDataKey(newMetadata({ keyGroups: [[entry('age', { recipient: '${recipient}' })]] }), dataKey, { wrap })
console.log(JSON.stringify({
  node: process.versions.node.split('.')[0],
  secret: secretManifest(outcome.secret).data,
  template: Buffer.from(execute(template, new Map([['x', 'y']]))).toString(),
  sops: Buffer.from(store.emit(store.load(Buffer.from('a: {b: 1}\\n')))).toString(),
  dataKey: Buffer.compare(dataKey, await unwrapDataKey(metadata, { unwrap })),
  yaml: parseYaml('a: yes\\n'),
  gjson: [hasSimd(), get('{"a":[{},2]}', 'a.#', 'simd').string()],
}))
`

const published = ['core', 'template', 'keyservice', 'resolver', 'sealkit']

test('the published packages run on Node 20, compiled, by their public names', async (t) => {
  const programs = await available(t, 'node-20')
  if (programs === null) return
  const output = execFileSync(programs['node-20'], ['--input-type=module', '-e', script], {
    cwd: join(root, 'test'),
    encoding: 'utf8',
  })
  assert.deepEqual(JSON.parse(output), {
    node: '20',
    secret: { k: 'dg==' },
    template: 'WQ==',
    sops: 'a:\n    b: 1\n',
    dataKey: 0,
    yaml: { a: true },
    gjson: [true, '2'],
  })
})

test('each package says which Node it needs', () => {
  for (const folder of published) assert.equal(manifest(folder).engines?.['node'], '>=20', folder)
  for (const folder of ['kubernetes', 'controller']) assert.equal(manifest(folder).engines?.['node'], '>=24', folder)
})
