// Sealkit as a library: a Secret is sealed and unsealed, and a reference is resolved, without a cluster, a file or an
// environment variable.
import { secretManifest } from '@sealkit/core/manifest'
import {
  generateSealingKey,
  KeyRing,
  parseCertificate,
  parsePrivateKey,
  sealingKey,
  sealSecret,
} from '@sealkit/core/sealed'
import { createRenderer, createSessions } from '@sealkit/resolver'
import { type Context, desired, documentAccess, readDocuments, sealedSecretRender } from 'sealkit'

/** Gives the Secrets that come out, as `namespace/name key=value` lines. */
export async function main(): Promise<string[]> {
  // A key pair as the controller makes one. To seal for a real cluster, its certificate is all that is needed.
  const key = await generateSealingKey({ notBefore: new Date() })
  const { publicKey } = parseCertificate(key.certificatePem)

  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'database', namespace: 'shop' },
    stringData: { password: 'correct-horse' },
  }
  const sealed = await sealSecret(secret, { publicKey })

  // Whatever git holds, as documents: here the SealedSecret and an ExternalSecret with its store.
  const documents = [{ object: sealed, place: 'sealed' }, ...(await readDocuments(manifests, 'external.yaml'))]

  const local: Context = {
    sealed: {
      keyRing: new KeyRing([await sealingKey(parsePrivateKey(key.privateKeyPem))]),
      render: sealedSecretRender(),
    },
  }
  const sessions = createSessions({ environment: { now: Date.now } })
  const external = { cluster: documentAccess(documents, local), sessions, render: createRenderer() }
  try {
    const lines: string[] = []
    for (const outcome of await desired(documents, { ...local, external })) {
      if ('error' in outcome) throw outcome.error
      if (outcome.secret === null) continue
      const { namespace, name } = secretManifest(outcome.secret).metadata ?? {}
      for (const [entry, value] of outcome.secret.data) {
        lines.push(`${namespace}/${name} ${entry}=${Buffer.from(value).toString()}`)
      }
    }
    return lines
  } finally {
    await sessions.close()
  }
}

const manifests = `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: mail, namespace: shop }
spec:
  secretStoreRef: { name: values }
  data:
    - secretKey: smtp
      remoteRef: { key: mail, property: password }
---
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: { name: values, namespace: shop }
spec:
  provider:
    fake:
      data:
        - key: mail
          value: '{"password":"rotate-me"}'
`

if (import.meta.main) console.log((await main()).join('\n'))
