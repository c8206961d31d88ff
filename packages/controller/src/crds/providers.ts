import { flag, listOf, mapOf, opaque, record, type Schema, text, whole, withDefault, word } from './schema.ts'
import { caProvider, secretKey, serviceAccount } from './selectors.ts'

const vaultAuth: Schema = record({
  appRole: record({ path: withDefault(text(), 'approle'), roleId: text(), roleRef: secretKey, secretRef: secretKey }, [
    'path',
    'secretRef',
  ]),
  cert: record({
    clientCert: secretKey,
    path: withDefault(text(), 'cert'),
    secretRef: secretKey,
    vaultRole: text(),
  }),
  gcp: opaque(),
  iam: opaque(),
  jwt: record(
    {
      kubernetesServiceAccountToken: record(
        { audiences: listOf(text()), expirationSeconds: whole('int64'), serviceAccountRef: serviceAccount },
        ['serviceAccountRef'],
      ),
      path: withDefault(text(), 'jwt'),
      role: text(),
      secretRef: secretKey,
    },
    ['path'],
  ),
  kubernetes: record(
    {
      mountPath: withDefault(text(), 'kubernetes'),
      role: text(),
      secretRef: secretKey,
      serviceAccountRef: serviceAccount,
    },
    ['mountPath', 'role'],
  ),
  ldap: record({ path: withDefault(text(), 'ldap'), secretRef: secretKey, username: text() }, ['path', 'username']),
  namespace: text(),
  tokenSecretRef: secretKey,
  userPass: record({ path: withDefault(text(), 'userpass'), secretRef: secretKey, username: text() }, [
    'path',
    'username',
  ]),
})

const vault: Schema = record(
  {
    auth: vaultAuth,
    caBundle: text({ format: 'byte' }),
    caProvider,
    checkAndSet: record({ required: flag() }),
    forwardInconsistent: flag(),
    headers: mapOf(),
    namespace: text(),
    path: text(),
    readYourWrites: flag(),
    server: text(),
    tls: record({ certSecretRef: secretKey, keySecretRef: secretKey }),
    version: withDefault(word('v1', 'v2'), 'v2'),
  },
  ['server'],
)

const aws: Schema = record(
  {
    additionalRoles: listOf(text()),
    auth: record({
      jwt: record({ serviceAccountRef: serviceAccount }),
      secretRef: record({
        accessKeyIDSecretRef: secretKey,
        secretAccessKeySecretRef: secretKey,
        sessionTokenSecretRef: secretKey,
      }),
    }),
    customSessionTags: opaque(),
    externalID: text(),
    prefix: text(),
    region: text(),
    role: text(),
    secretsManager: record({ forceDeleteWithoutRecovery: flag(), recoveryWindowInDays: whole('int64') }),
    service: word('SecretsManager', 'ParameterStore', 'CertificateManager'),
    sessionTags: listOf(record({ key: text(), value: text() }, ['key', 'value'])),
    sessionTagsPolicy: withDefault(word('None', 'Simple', 'Custom'), 'None'),
    transitiveTagKeys: listOf(text()),
  },
  ['region', 'service'],
)

const kubernetes: Schema = record({
  auth: record(
    {
      cert: record({ clientCert: secretKey, clientKey: secretKey }),
      serviceAccount,
      token: record({ bearerToken: secretKey }),
    },
    [],
    { minProperties: 1, maxProperties: 1 },
  ),
  authRef: secretKey,
  remoteNamespace: withDefault(text(), 'default'),
  server: record({ caBundle: text({ format: 'byte' }), caProvider, url: withDefault(text(), 'kubernetes.default') }),
})

const fake: Schema = record(
  {
    data: listOf(record({ key: text(), value: text(), version: text() }, ['key'])),
    validationResult: whole(),
  },
  ['data'],
)

const webhook: Schema = record(
  {
    auth: opaque(),
    body: text(),
    caBundle: text({ format: 'byte' }),
    caProvider,
    headers: mapOf(),
    method: text(),
    result: record({ jsonPath: text() }),
    secrets: listOf(record({ name: text(), secretRef: secretKey }, ['name', 'secretRef'])),
    timeout: text(),
    url: text(),
  },
  ['result', 'url'],
)

/** Providers that Sealkit reads: their fields are checked by the API server. */
const typed: Readonly<Record<string, Schema>> = { aws, fake, kubernetes, vault, webhook }

/** The other providers of External Secrets: stores that name one are kept as they are. */
const kept = [
  'akeyless',
  'azurekv',
  'barbican',
  'beyondtrust',
  'beyondtrustworkloadcredentials',
  'bitwardensecretsmanager',
  'chef',
  'cloudrusm',
  'conjur',
  'crd',
  'delinea',
  'doppler',
  'dvls',
  'fortanix',
  'gcpsm',
  'github',
  'gitlab',
  'ibm',
  'infisical',
  'keepersecurity',
  'nebiusmysterybox',
  'ngrok',
  'onboardbase',
  'onepassword',
  'onepasswordSDK',
  'openBao',
  'oracle',
  'ovh',
  'passbolt',
  'passworddepot',
  'previder',
  'pulumi',
  'scaleway',
  'secretserver',
  'senhasegura',
  'volcengine',
  'yandexcertificatemanager',
  'yandexlockbox',
] as const

/** `spec.provider` of a store: exactly one of External Secrets' providers. */
export function providerSchema(): Schema {
  const untyped = Object.fromEntries(kept.map((name) => [name, opaque()]))
  return record({ ...untyped, ...typed }, [], { minProperties: 1, maxProperties: 1 })
}

/** The schema of the `vault` provider, which the VaultDynamicSecret generator holds too. */
export function vaultSchema(): Schema {
  return vault
}

/** The schema of the `webhook` provider, which the Webhook generator has too. */
export function webhookSchema(): Schema {
  return webhook
}
