import type { Manifest } from '@sealkit/core/manifest'
import { marshalYaml } from '@sealkit/core/yaml'
import { forms, secrets } from './inputs.ts'
import type { Case } from './pair.ts'
import { privateKeys, sealedSecrets } from './world.ts'

/** Numbers from 0 to 1 that a seed decides (mulberry32), so that a failure can be had again. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A part of a command line: arguments, and what of the world they need. */
type Part = Omit<Case, 'args'> & { readonly args: readonly string[] }

/** Flags of a seal by what they decide; a random command line takes some. */
const sealFlags: readonly (readonly Part[])[] = [
  [
    { args: ['-o', 'json'] },
    { args: ['-o', 'yaml'] },
    { args: ['--format=YAML'] },
    { args: ['-oJson'] },
    { args: ['--format', ''] },
    { args: ['-o', 'toml'] },
  ],
  [
    { args: ['-n', 'b'] },
    { args: ['-n=x'] },
    { args: ['--namespace', 'ns/b'] },
    { args: ['-n', ''] },
    { args: ['--namespace=namespace/'] },
  ],
  [{ args: ['--name', 'x'] }, { args: ['--name='] }, { args: ['--name', 'Not A Name'] }],
  [
    { args: ['--scope', 'strict'] },
    { args: ['--scope=namespace-wide'] },
    { args: ['--scope=cluster-wide'] },
    { args: ['--scope', ''] },
    { args: ['--scope', 'wide'] },
    { args: ['--scope', 'Strict'] },
  ],
  [{ args: ['--allow-empty-data'] }, { args: ['--allow-empty-data=false'] }, { args: ['--allow-empty-data=x'] }],
  [
    { args: ['-w', 'out.json'] },
    { args: ['-w', 'out.yaml'] },
    { args: ['--sealed-secret-file=out.yml'] },
    { args: ['-w', 'out'] },
    { args: ['-w', 'no/such/out'] },
    { args: ['-w', 'out.YAML'] },
    { args: ['-w', ''] },
  ],
  [
    { args: ['--controller-name', 'x', '--controller-namespace=y'] },
    { args: ['--context', 'nope'] },
    { args: ['--kubeconfig', 'nope'] },
    { args: ['--server', 'x'] },
    { args: ['--request-timeout', 'x'] },
    { args: ['--as', 'x', '--as-group', 'y', '--as-group', 'z'] },
    { args: ['--disable-compression=x'] },
    { args: ['--insecure-skip-tls-verify'] },
  ],
  [
    { args: ['-v', '4'] },
    { args: ['-v5'] },
    { args: ['--logtostderr=false', '--stderrthreshold=3'] },
    { args: ['--vmodule', 'a=x'] },
    { args: ['--log_file_max_size', '0x10'] },
    { args: ['--alsologtostderrthreshold', 'ERROR'] },
  ],
  [
    { args: ['more', 'words'] },
    { args: ['--'] },
    { args: ['-'] },
    { args: ['--', '--bad'] },
    { args: ['--recovery-private-key', 'nope'] },
    { args: ['--from-file', 'x'] },
  ],
  [
    { args: [], env: { SEALED_SECRETS_SCOPE: 'cluster-wide' } },
    { args: [], env: { SEALED_SECRETS_NAMESPACE: 'x' } },
    { args: [], env: { SEALED_SECRETS_NAME: 'x' } },
    { args: [], env: { SEALED_SECRETS_FORMAT: 'yaml' } },
    { args: [], env: { SEALED_SECRETS_FORMAT: 'x' } },
    { args: [], env: { SEALED_SECRETS_ALLOW_EMPTY_DATA: 'true' } },
    { args: [], env: { SEALED_SECRETS_SEALED_SECRET_FILE: 'out.yaml' } },
    { args: [], env: { SEALED_SECRETS_CONTEXT: 'nope', SEALED_SECRETS_SERVER: 'x' } },
    { args: [], env: { SEALED_SECRETS_SCOPE: '', SEALED_SECRETS_NAMESPACE: '' } },
    { args: [], env: { SEALED_SECRETS_HELP: 'x', SEALED_SECRETS_VERSION: 'no' } },
    { args: [], env: { SEALED_SECRETS_FROM_FILE: 'x' } },
    { args: [], env: { sealed_secrets_scope: 'cluster-wide', SEALED_SECRETS_LOGTOSTDERR: 'x' } },
    { args: [], env: { KUBECONFIG: 'kubeconfig' } },
    { args: [], env: { KUBECONFIG: 'nope:kubeconfig' } },
    { args: [], env: { KUBECONFIG: 'broken' } },
    { args: [], env: { KUBECONFIG: 'kubeconfig', SEALED_SECRETS_CONTEXT: 'second' } },
    { args: [], env: { POD_NAMESPACE: 'x' } },
  ],
]

/** Certificates, by the arguments that name them. */
const certificates: readonly Part[] = [
  { args: ['--cert', 'cert.pem'] },
  { args: ['--cert=./cert.pem'] },
  { args: [], env: { SEALED_SECRETS_CERT: 'cert.pem' } },
  { args: ['--cert', 'chain.pem'] },
  { args: ['--cert', 'crlf.pem'] },
]

/** Certificates that seal nothing. */
const badCertificates: readonly Part[] = [
  { args: ['--cert', 'expired.pem'] },
  { args: ['--cert', 'key.pem'] },
  { args: ['--cert', 'empty'] },
  { args: ['--cert', 'garbage'] },
  { args: ['--cert', 'broken.pem'] },
  { args: ['--cert', 'headers.pem'] },
  { args: ['--cert', 'half.pem'] },
  { args: ['--cert', 'bom.pem'] },
  { args: ['--cert', 'chain-broken.pem'] },
  { args: ['--cert', 'nope.pem'] },
  { args: ['--cert', '.'] },
  { args: ['--cert', 'cert.pem/x'] },
  { args: ['--cert', ''] },
  { args: ['--cert', 'file:///no-such-folder/cert.pem'] },
  { args: ['--cert', 'gopher://x/cert.pem'] },
  { args: ['--cert', 'http://127.0.0.1:1/cert.pem'] },
  { args: ['--cert', 'https://127.0.0.1:1/cert.pem'] },
  { args: ['--cert', 'http://[::1/cert.pem'] },
  { args: ['--cert', 'c:\\cert.pem'] },
  { args: ['--cert', `${'x'.repeat(300)}.pem`] },
]

const rawFlags: readonly (readonly Part[])[] = [
  [{ args: ['--name', 'a'] }, { args: ['--name', ''] }, { args: ['--name=A B'] }],
  [{ args: ['-n', 'b'] }, { args: ['-n', ''] }, { args: ['-n', 'ns/x'] }],
  [
    { args: ['--scope=namespace-wide'] },
    { args: ['--scope=cluster-wide'] },
    { args: ['--scope='] },
    { args: ['--scope', 'x'] },
  ],
  [
    { args: ['--from-file', 'value'] },
    { args: ['--from-file=k=value'] },
    { args: ['--from-file', 'nope'] },
    { args: ['--from-file', '.'] },
    { args: ['--from-file=value,value'] },
    { args: ['--from-file', '"val""ue"'] },
    { args: ['--from-file', ''] },
    { args: ['--from-file', 'value', '--from-file', 'value'] },
  ],
  [
    { args: ['-w', 'out'] },
    { args: ['-w', 'out.yaml'] },
    { args: ['-o', 'toml'] },
    { args: ['-f', 'value'] },
    { args: ['-f', 'nope'] },
    { args: ['--allow-empty-data'] },
  ],
  [
    { args: [], env: { KUBECONFIG: 'kubeconfig' } },
    { args: [], env: { KUBECONFIG: 'kubeconfig' } },
    { args: ['--context', 'second'], env: { KUBECONFIG: 'kubeconfig' } },
    { args: ['--context', 'nope'], env: { KUBECONFIG: 'kubeconfig' } },
    { args: [], env: { SEALED_SECRETS_NAME: 'a', SEALED_SECRETS_NAMESPACE: 'b' } },
  ],
]

/** Every input in three forms, so that each form meets every third input; and every certificate that seals nothing. */
export function seals(): Record<string, Case> {
  const lines: Record<string, Case> = {}
  const names = Object.keys(forms)
  for (const [at, [secret, input]] of Object.entries(secrets).entries()) {
    for (const step of [0, 5, 9]) {
      const form = names[(at + step) % names.length] ?? ''
      const stdin = forms[form]?.(input) ?? ''
      lines[`seal ${secret}, ${form}`] = { args: ['--cert', 'cert.pem', ...(step === 5 ? ['-o', 'yaml'] : [])], stdin }
    }
  }
  const stdin = JSON.stringify(secrets['plain'])
  for (const part of badCertificates) lines[`seal with ${part.args.join(' ')}`] = joined([part, { args: [], stdin }])
  return lines
}

/** One random command line: a mode, its flags in any order, an input. */
export function randomCase(random: () => number): { readonly name: string; readonly line: Case } {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const some = (groups: readonly (readonly Part[])[], chance: number): Part[] =>
    groups.flatMap((group) => (random() < chance ? [pick(group)] : []))
  const mode = random()
  const parts: Part[] = [pick(random() < 0.06 ? badCertificates : certificates)]
  let name: string
  if (mode < 0.75) {
    parts.push(...some(sealFlags, 0.17))
    const [secret, form] = [pick(Object.keys(secrets)), pick(Object.keys(forms))]
    name = `seal, ${secret}, ${form}`
    const text = forms[form]?.(secrets[secret] ?? {}) ?? ''
    parts.push(random() < 0.15 ? { args: ['-f', 'in'], files: { in: text } } : { args: [], stdin: text })
  } else if (mode < 0.9) {
    name = 'raw'
    parts.push({ args: ['--raw'], stdin: pick(['value', '', 'line\n', '\u0000\u00ff']) }, ...some(rawFlags, 0.4))
  } else if (mode < 0.95) {
    name = 'fetch-cert'
    parts.push({ args: ['--fetch-cert'] }, ...some(sealFlags.slice(5), 0.2))
  } else {
    name = 'no mode'
    parts.splice(0, 1, {
      args: [pick(['--help', '-h', '--version', '--nope', '-z', '--cert', '-nw', '--raw=x', '-f'])],
    })
    parts.push(...some(sealFlags, 0.1))
  }
  const line = joined(shuffled(parts, random))
  return { name: `${name}: ${line.args.join(' ')} ${JSON.stringify(line.env ?? {})}`, line }
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => [random(), value] as const)
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value)
}

/** The parts as one command line. */
function joined(parts: readonly Part[]): Case {
  return {
    args: parts.flatMap(({ args }) => args),
    env: Object.assign({}, ...parts.map(({ env }) => env)),
    files: Object.assign({}, ...parts.map(({ files }) => files)),
    ...parts.reduce<{ stdin?: string | Uint8Array }>((all, { stdin }) => (stdin === undefined ? all : { stdin }), {}),
  }
}

const ways: readonly (readonly [string, (value: Manifest) => string])[] = [
  ['JSON', (value) => JSON.stringify(value)],
  ['YAML', (value) => marshalYaml(value)],
]

/** Recoveries: every SealedSecret with the right key, and one of them with every form of key. */
export function recoveries(): Record<string, Case> {
  const lines: Record<string, Case> = {}
  const unseal = ['--recovery-unseal', '--recovery-private-key']
  for (const [name, value] of Object.entries(sealedSecrets)) {
    for (const [way, write] of ways) {
      const stdin = typeof value === 'string' ? value : write(value)
      lines[`recover ${name}, ${way}`] = {
        args: [...unseal, 'key.pem', ...(way === 'YAML' ? ['-o', 'yaml'] : [])],
        stdin,
      }
    }
  }
  const stdin = JSON.stringify(sealedSecrets['strict'])
  // Ours takes a Secret without kind for one.
  const keys = Object.keys(privateKeys).filter((file) => file !== 'no-kind.yaml')
  for (const file of keys) lines[`recover with ${file}`] = { args: [...unseal, file], stdin }
  const more: Readonly<Record<string, Case>> = {
    'two keys': { args: [...unseal, 'other.pem', '--recovery-private-key=key.pem'] },
    'two keys in one flag': { args: [...unseal, 'other.pem,key.pem'] },
    'two wrong keys': { args: [...unseal, 'other.pem,other.json'] },
    'a key in quotes': { args: [...unseal, '"key.pem"'] },
    'no key': { args: ['--recovery-unseal'] },
    'an empty key name': { args: [...unseal, ''] },
    'a missing key': { args: [...unseal, 'nope'] },
    'a missing second key': { args: [...unseal, 'key.pem,nope'] },
    'a directory': { args: [...unseal, '.'] },
    'garbage as key': { args: [...unseal, 'garbage'] },
    'an empty key': { args: [...unseal, 'empty'] },
    'broken YAML as key': { args: [...unseal, 'broken'] },
    'the key by environment': { args: ['--recovery-unseal'], env: { SEALED_SECRETS_RECOVERY_PRIVATE_KEY: 'key.pem' } },
    'keys by both': { args: [...unseal, 'key.pem'], env: { SEALED_SECRETS_RECOVERY_PRIVATE_KEY: 'other.pem' } },
    'the mode by environment': {
      args: ['--recovery-private-key', 'key.pem'],
      env: { SEALED_SECRETS_RECOVERY_UNSEAL: 'true' },
    },
    'no kubeconfig is read': { args: [...unseal, 'key.pem', '--kubeconfig', 'nope', '--context', 'nope'] },
    'a file': { args: [...unseal, 'key.pem', '-f', 'sealed.json'], files: { 'sealed.json': stdin } },
    'a missing file': { args: [...unseal, 'key.pem', '-f', 'nope'] },
    'an output file': { args: [...unseal, 'key.pem', '-w', 'out.yaml'] },
    'an unknown format': { args: [...unseal, 'key.pem', '-o', 'toml'] },
    'other modes give way': {
      args: [...unseal, 'key.pem', '--validate', '--re-encrypt', '--raw', '--fetch-cert', '--merge-into', 'nope'],
    },
    'from-file': { args: [...unseal, 'key.pem', '--from-file', 'x'] },
    'no cert is opened': { args: [...unseal, 'key.pem', '--cert', 'nope'] },
  }
  for (const [name, line] of Object.entries(more)) lines[`recover, ${name}`] = { stdin, ...line }
  return lines
}

const merging: readonly (readonly [string, object])[] = [
  ['one item', { metadata: { name: 'z' }, data: { fresh: 'eA==' } }],
  ['the same item', { metadata: { name: 'z' }, data: { foo: 'eA==' } }],
  [
    'labels and annotations',
    { metadata: { name: 'z', labels: { l: 'new' }, annotations: { n: 'new' } }, data: { fresh: 'eA==' } },
  ],
  ['another namespace', { metadata: { name: 'z', namespace: 'z' }, data: { fresh: 'eA==' } }],
  ['a type', { metadata: { name: 'z' }, type: 'x/y', immutable: true, stringData: { fresh: 'x' } }],
  ['no name', { data: { fresh: 'eA==' } }],
  ['no data', { metadata: { name: 'z' } }],
  ['bad base64', { metadata: { name: 'z' }, data: { fresh: '#' } }],
  ['nothing', {}],
]

/** Merges into JSON files; where the real program would write YAML as JSON or panic, ours differ on purpose. */
export function merges(): Record<string, Case> {
  const lines: Record<string, Case> = {}
  const whole = {
    ...(sealedSecrets['strict'] as Manifest),
    spec: {
      ...((sealedSecrets['strict'] as Manifest)['spec'] as object),
      template: {
        type: 'Opaque',
        metadata: { name: 'a', namespace: 'b', labels: { l: 'old' }, annotations: { n: 'old' } },
        data: { conf: 'x' },
      },
    },
  }
  const target = JSON.stringify(whole)
  const cert = ['--cert', 'cert.pem', '-o', 'json', '--merge-into']
  for (const [name, input] of merging) {
    lines[`merge ${name}`] = { args: [...cert, 't.json'], stdin: JSON.stringify(input), files: { 't.json': target } }
    lines[`merge ${name}, YAML`] = { args: [...cert, 't.json'], stdin: marshalYaml(input), files: { 't.json': target } }
  }
  const stdin = JSON.stringify(merging[0]?.[1])
  const more: Readonly<Record<string, Case>> = {
    'with the namespace': { args: [...cert, 't.json', '-n', 'b'] },
    'with another namespace': { args: [...cert, 't.json', '-n', 'x'] },
    'a missing file': { args: [...cert, 'nope'] },
    'broken YAML': { args: [...cert, 'broken'] },
    'a Secret': { args: [...cert, 'secret.json'] },
    'as YAML': { args: [...cert, 't.json', '-o', 'yaml'] },
    'as an unknown format': { args: [...cert, 't.json', '-o', 'toml'] },
    'the file by environment': {
      args: ['--cert', 'cert.pem'],
      env: { SEALED_SECRETS_MERGE_INTO: 't.json', SEALED_SECRETS_FORMAT: 'json' },
    },
    'a file as input': { args: [...cert, 't.json', '-f', 'in'], files: { in: stdin, 't.json': target } },
    'an expired certificate': { args: ['--cert', 'expired.pem', '--merge-into', 't.json'] },
    'raw gives way': { args: [...cert, 't.json', '--raw'] },
    'the name is the file\u2019s': { args: [...cert, 't.json', '--name', 'x'] },
  }
  for (const [name, line] of Object.entries(more))
    lines[`merge, ${name}`] = { stdin, files: { 't.json': target }, ...line }
  return lines
}
