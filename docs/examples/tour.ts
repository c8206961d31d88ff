// The main job, end to end, with no cluster: three Secrets go into a git repository in three ways, nothing readable is
// in it, and the controller in directory mode turns them back into Secrets. `npm start` runs this after a build.
//
// With SEALKIT_TOUR_VAULT=http://HOST:PORT and SEALKIT_TOUR_VAULT_TOKEN, the third one is written to and read from that
// Vault (KV version 2 at secret/); without, from the fake provider.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = join(dirname(fileURLToPath(import.meta.url)), '../../dist')
const work = mkdtempSync(join(tmpdir(), 'sealkit-tour-'))
const vault = process.env['SEALKIT_TOUR_VAULT']

/** What must never be readable in git: the three values. */
const plaintexts = { sealed: 'correct-horse-battery', sops: 'sk_live_51Hk2e', external: 'rotate-me-at-the-source' }

function say(text: string): void {
  console.log(text)
}

/** Runs a command as a person would type it, and shows it. */
function type(command: string, args: readonly string[], input?: string): string {
  const shown = args.map((argument) => (/^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument}'`)).join(' ')
  say(`  $ ${command} ${shown}${input === undefined ? '' : ' < secret.yaml'}`)
  const file = command === 'git' ? 'git' : join(dist, command)
  return execFileSync(file, [...args], {
    cwd: work,
    input: input ?? '',
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(work, file)), { recursive: true })
  writeFileSync(join(work, file), text)
}

function secret(name: string, key: string, value: string): string {
  return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n  namespace: shop\nstringData:\n  ${key}: ${value}\n`
}

function makeKeys(): string {
  say('1. Two keys: a sealing key (in a cluster the controller makes it) and an age key.')
  mkdirSync(join(work, 'keys'))
  type('sealkit', ['keys', 'generate', '--out-cert', 'cert.pem', '--write', 'keys/sealing-key.yaml'])
  type('sealkit', ['keys', 'generate', '--age', '--out-key', 'keys/age.txt'])
  return /age1\w+/.exec(readFileSync(join(work, 'keys/age.txt'), 'utf8'))?.[0] ?? ''
}

function seal(): void {
  say('\n2. Seal a Secret for the cluster: only the public certificate is needed.')
  const sealed = type(
    'sealkit',
    ['seal', '--cert', 'cert.pem', '--output', 'yaml'],
    secret('database', 'password', plaintexts.sealed),
  )
  write('repo/database.yaml', sealed)
  say(indent(sealed.replace(/(password: \S{24})\S+/, '$1...')))
}

function encrypt(recipient: string): void {
  say('\n3. Encrypt the values of a file with SOPS and age: names stay readable, values do not.')
  write('repo/.sops.yaml', `creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: ${recipient}\n`)
  write('repo/payment.sops.yaml', secret('payment', 'api-key', plaintexts.sops))
  type('sealkit', ['encrypt', '--in-place', 'repo/payment.sops.yaml'])
  const text = readFileSync(join(work, 'repo/payment.sops.yaml'), 'utf8')
  say(
    indent(
      text
        .split('\n')
        .slice(0, 7)
        .join('\n')
        .replace(/(data:\S{10})\S+?(,type:\w+)/, '$1...$2'),
    ),
  )
}

async function reference(): Promise<void> {
  say(
    `\n4. Keep only a reference: the value stays in ${vault === undefined ? 'the provider (here the fake one)' : `the Vault at ${vault}`}.`,
  )
  write('repo/mail.yaml', externalSecret())
  if (vault !== undefined) write('repo/store.yaml', await vaultStore(vault))
  say(indent(externalSecret()))
}

function externalSecret(): string {
  return `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: mail
  namespace: shop
spec:
  secretStoreRef:
    name: values
  data:
    - secretKey: smtp-password
      remoteRef:
        key: mail
        property: password
`
}

function store(provider: string): string {
  return `apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata:\n  name: values\n  namespace: shop\nspec:\n  provider:\n${provider}`
}

function fakeStore(): string {
  return store(
    `    fake:\n      data:\n        - key: mail\n          value: '{"password":"${plaintexts.external}"}'\n`,
  )
}

async function vaultStore(address: string): Promise<string> {
  const token = process.env['SEALKIT_TOUR_VAULT_TOKEN'] ?? 'root'
  const answer = await fetch(`${address}/v1/secret/data/mail`, {
    method: 'POST',
    headers: { 'X-Vault-Token': token },
    body: JSON.stringify({ data: { password: plaintexts.external } }),
  })
  if (!answer.ok) throw new Error(`the Vault at ${address} answered ${answer.status}`)
  write('keys/vault-token.yaml', secret('vault-token', 'token', token))
  return store(
    `    vault:\n      server: ${address}\n      path: secret\n      version: v2\n      auth:\n        tokenSecretRef:\n          name: vault-token\n          key: token\n`,
  )
}

function commit(): void {
  say('\n5. Commit, and look for the values in all that git now holds.')
  const git = ['-C', 'repo', '-c', 'user.name=tour', '-c', 'user.email=tour@localhost']
  type('git', ['-C', 'repo', 'init', '--quiet'])
  type('git', ['-C', 'repo', 'add', '.'])
  type('git', [...git, 'commit', '--quiet', '--message', 'Three secrets'])
  const history = execFileSync('git', ['-C', 'repo', 'log', '--patch'], { cwd: work, encoding: 'utf8' })
  for (const value of Object.values(plaintexts)) {
    for (const form of [value, Buffer.from(value).toString('base64')]) {
      if (history.includes(form)) throw new Error('a value is readable in git')
    }
  }
  say(`  none of the three values is in the ${history.split('\n').length} lines of history, plain or in base64`)
}

function reconcile(): void {
  say('\n6. The controller, in directory mode: a clone of the repository in, the keys beside it, Secrets out.')
  type('git', ['clone', '--quiet', 'repo', 'in'])
  if (vault === undefined) write('in/store.yaml', fakeStore())
  type('controller', ['--in=in', '--keys=keys', '--out=out', '--state=state', '--once'])
}

function show(): void {
  say('\n7. The Secrets that came out:')
  const found: string[] = []
  for (const file of readdirSync(join(work, 'out'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(json|yaml)$/.test(path))
    .sort()) {
    const text = readFileSync(join(work, 'out', file), 'utf8')
    say(`  out/${file}\n${indent(text, 4)}`)
    found.push(text)
  }
  for (const [leg, value] of Object.entries(plaintexts)) {
    const encoded = Buffer.from(value).toString('base64')
    if (!found.some((text) => text.includes(encoded))) throw new Error(`the ${leg} value did not come out`)
  }
  say('All three values came out as they went in.')
}

function indent(text: string, spaces = 4): string {
  return text.trimEnd().replace(/^/gm, ' '.repeat(spaces))
}

try {
  const recipient = makeKeys()
  seal()
  encrypt(recipient)
  await reference()
  commit()
  reconcile()
  show()
} finally {
  rmSync(work, { recursive: true, force: true })
}
