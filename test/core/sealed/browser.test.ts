import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import type { Manifest } from '@sealkit/core/manifest'
import { generateSealingKey, KeyRing, parsePrivateKey, sealingKey, unsealSecret } from '@sealkit/core/sealed'
import { text } from './keys.ts'

/** What a web page would do: read a Secret, seal it, show it. */
const page = `
import { manifestJson, manifestYaml, readManifests, sealedSecretObject, secretType } from '@sealkit/core/manifest'
import { parseCertificate, sealingPublicKey, sealSecret } from '@sealkit/core/sealed'

globalThis.seal = async (certificate, input) => {
  const publicKey = sealingPublicKey(parseCertificate(certificate), new Date())
  const [secret] = await readManifests(secretType, input)
  const sealed = await sealSecret(secret, { publicKey })
  return { json: manifestJson(sealedSecretObject, sealed), yaml: await manifestYaml(sealedSecretObject, sealed) }
}
`

test('sealing needs nothing but what a browser has', async () => {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const folder = mkdtempSync(join(here, 'browser-'))
  try {
    writeFileSync(join(folder, 'page.js'), page)
    const args = ['build', join(folder, 'page.js'), '--conditions=source', '--target=browser', '--format=iife']
    execFileSync('bun', [...args, `--outfile=${join(folder, 'bundle.js')}`], { stdio: ['ignore', 'ignore', 'inherit'] })
    const bundle = readFileSync(join(folder, 'bundle.js'), 'utf8')
    // A context has the language and these, and neither process, Buffer nor require.
    const web = createContext({ crypto, TextEncoder, TextDecoder, atob, btoa })
    runInContext(bundle, web)
    const key = await generateSealingKey({ keySize: 2048, notBefore: new Date(Date.now() - 60_000) })
    const ring = new KeyRing([await sealingKey(parsePrivateKey(key.privateKeyPem))])
    const inputs = [
      '{"metadata":{"name":"a","namespace":"b"},"data":{"k":"eA=="},"stringData":{"s":"y"}}',
      'metadata: {name: a, namespace: b}\ndata: {k: eA==}\nstringData: {s: "y"}\n',
    ]
    for (const input of inputs) {
      const { json, yaml } = await web['seal'](key.certificatePem, input)
      assert.match(yaml, /^---\napiVersion: bitnami\.com\/v1alpha1\n/)
      const { data } = await unsealSecret(JSON.parse(json) as Manifest, ring)
      assert.deepEqual([...data].map(([name, value]) => [name, text(value)]).sort(), [
        ['k', 'x'],
        ['s', 'y'],
      ])
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
