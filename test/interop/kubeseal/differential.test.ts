import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSealingKey, KeyRing, parsePrivateKey, sealingKey } from '@sealkit/core/sealed'
import { available } from '../../servers/programs.ts'
import { type Case, decrypted, forms, type Outcome, runCase } from './pair.ts'

const key = await generateSealingKey({ keySize: 2048, notBefore: new Date(Date.now() - 60_000) })
const old = await generateSealingKey({ keySize: 2048, notBefore: new Date('2019-01-02T00:00:00Z'), validFor: 7e10 })
const keyRing = new KeyRing([await sealingKey(parsePrivateKey(key.privateKeyPem))])
const cert = ['--cert', 'cert.pem']
const files = { 'cert.pem': key.certificatePem, 'key.pem': key.privateKeyPem, 'old.pem': old.certificatePem }

const json = (secret: object): string => JSON.stringify(secret)
const meta = { name: 'a', namespace: 'b' }
const simple = json({ apiVersion: 'v1', kind: 'Secret', metadata: meta, data: { foo: 'YmFy' } })

/** Command lines whose outcome is the real program's, byte for byte once ciphertexts are decrypted. */
const same: Readonly<Record<string, Case>> = {
  version: { args: ['--version'] },
  'version wins over everything': { args: ['--version', '--help', '--raw', '--from-file=x'] },
  help: { args: ['--help'] },
  'short help': { args: ['-h'] },
  'short help in a group': { args: ['-vh'] },
  'unknown flag': { args: ['--nope'] },
  'unknown flag with a value': { args: ['--nope=x'] },
  'unknown shorthand': { args: ['-x'] },
  'unknown shorthand in a group': { args: ['-xyz'] },
  'unknown shorthand, not ASCII': { args: ['-\u00e9'] },
  'unknown shorthand, quote': { args: ["-'"] },
  'no value': { args: ['--name'] },
  'no value, shorthand': { args: ['-o'] },
  'no value, group': { args: ['-n', 'x', '-f'] },
  'bad syntax': { args: ['---'] },
  'bad syntax, no name': { args: ['--=x'] },
  'bad bool': { args: ['--raw=maybe'] },
  'empty bool': { args: ['--raw='] },
  'bad scope': { args: ['--scope', 'wide'] },
  'bad csv, bare quote': { args: ['--from-file', 'a"b'] },
  'bad csv, open quote': { args: ['--from-file', '"a'] },
  'bad csv, text after quote': { args: ['--recovery-private-key', '"a"b'] },
  'bad klog level': { args: ['--v=x'] },
  'klog level out of range': { args: ['-v', '99999999999'] },
  'bad klog severity': { args: ['--stderrthreshold=loud'] },
  'bad klog trace': { args: ['--log_backtrace_at=x'] },
  'bad klog trace line': { args: ['--log_backtrace_at=x.go:0'] },
  'bad klog modules': { args: ['--vmodule=x'] },
  'negative klog module': { args: ['--vmodule=x=-1'] },
  'bad klog size': { args: ['--log_file_max_size=x'] },
  'bad klog bool': { args: ['--skip_headers=x'] },
  'klog flags are taken': { args: [...cert, '-v', '4', '--logtostderr', '--vmodule=a=1,'], stdin: simple },
  'from-file without raw': { args: ['--from-file', 'x'] },
  'missing input file': { args: ['-f', 'nope'] },
  'missing cert': { args: ['--cert', 'nope.pem'], stdin: simple },
  'cert is a directory': { args: ['--cert', '.'], stdin: simple },
  'cert is no PEM': { args: ['--cert', 'x'], stdin: simple, files: { x: 'hello' } },
  'cert is a key': { args: ['--cert', 'key.pem'], stdin: simple },
  'cert with a BOM': { args: ['--cert', 'x'], stdin: simple, files: { x: `\ufeff${key.certificatePem}` } },
  'cert after other text': { args: ['--cert', 'x'], stdin: simple, files: { x: `text\n${key.certificatePem}` } },
  'cert with CRLF': { args: ['--cert', 'x'], stdin: simple, files: { x: key.certificatePem.replaceAll('\n', '\r\n') } },
  'cert with headers': {
    args: ['--cert', 'x'],
    stdin: simple,
    files: { x: key.certificatePem.replace('\n', '\nProc-Type: 4\n\n') },
  },
  'cert with broken DER': {
    args: ['--cert', 'x'],
    stdin: simple,
    files: { x: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
  },
  'expired cert': { args: ['--cert', 'old.pem'], stdin: simple },
  'fetch-cert from a file': { args: [...cert, '--fetch-cert'] },
  'fetch-cert does not parse': { args: ['--cert', 'x', '--fetch-cert'], files: { x: '\x00garbage' } },
  'cert of an unsupported scheme': { args: ['--cert', 'ftp://x/y'], stdin: simple },
  'cert by file URL': { args: ['--cert', 'file:///no-such-folder/x'], stdin: simple },
  'no cluster': { args: [], stdin: simple },
  'no cluster, fetch-cert': { args: ['--fetch-cert'] },
  'no cluster, validate': { args: ['--validate'], stdin: simple },
  'no cluster, re-encrypt': { args: ['--re-encrypt'], stdin: simple },
  'missing kubeconfig': { args: ['--kubeconfig', 'nope'], stdin: simple },

  seal: { args: cert, stdin: simple },
  'positional arguments are ignored': { args: ['seal', ...cert, '--', '--nope'], stdin: simple },
  'seal from a file': { args: [...cert, '-f', 's.json'], files: { 's.json': simple } },
  'seal, yaml format in capitals': { args: [...cert, '-o', 'JSON'], stdin: simple },
  'seal, empty format': { args: [...cert, '-o', ''], stdin: simple },
  'seal, unknown format': { args: [...cert, '-o', 'xml'], stdin: simple },
  'seal, unknown format but bad input': { args: [...cert, '-o', 'xml'], stdin: '' },
  'all fields': {
    args: cert,
    stdin: json({
      kind: 'Secret',
      apiVersion: 'v1',
      type: 'kubernetes.io/tls',
      immutable: true,
      stringData: { z: 'z', a: '<&>\u2028' },
      data: { 'tls.crt': 'AA==', 'tls.key': '' },
      metadata: {
        ...meta,
        labels: { z: '1', a: '<b>&\u2028', '10': 'x', '9': 'y' },
        annotations: { note: '"quoted"\n\ttab\u0000\u007f', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
        generateName: 'g-',
        finalizers: ['f'],
        uid: 'u',
        resourceVersion: '1',
        generation: 3,
        selfLink: '/x',
        creationTimestamp: '2020-01-01T01:00:00+01:00',
        deletionTimestamp: '2020-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 1,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }],
        unknown: 1,
      },
      status: { unknown: true },
    }),
  },
  'immutable false': { args: cert, stdin: json({ metadata: meta, immutable: false, data: { a: '' } }) },
  'stringData wins': { args: cert, stdin: json({ metadata: meta, data: { a: 'eA==' }, stringData: { a: 'y' } }) },
  'null values': { args: cert, stdin: json({ metadata: meta, data: { a: null }, stringData: { b: null } }) },
  'null maps': { args: cert, stdin: json({ metadata: { ...meta, labels: null }, data: { a: '' }, stringData: null }) },
  'any kind is sealed': {
    args: cert,
    stdin: json({ kind: 'ConfigMap', metadata: { name: 'cm', namespace: 'b' }, data: { a: 'eA==' } }),
  },
  'names are not checked': {
    args: [...cert, '--scope', 'cluster-wide'],
    stdin: json({ metadata: { name: 'A B' }, data: { '/': '' } }),
  },
  '__proto__ is a key': { args: cert, stdin: '{"metadata":{"name":"a","namespace":"b"},"data":{"__proto__":"eA=="}}' },
  'duplicate keys merge': {
    args: cert,
    stdin: '{"metadata":{"name":"a","namespace":"b"},"data":{"a":"eA=="},"data":{"b":"eA==","a":"eQ=="}}',
  },
  'field names in any case': { args: cert, stdin: '{"METADATA":{"Name":"a","namespace":"b"},"Data":{"a":"eA=="}}' },
  'bytes as a list': { args: cert, stdin: json({ metadata: meta, data: { a: [104, 105], b: [] } }) },
  'no UTF-8 inside a JSON string': {
    args: cert,
    stdin: Buffer.from('{"metadata":{"name":"a","namespace":"b"},"stringData":{"a":"\xff"}}', 'latin1'),
  },
  'JSON stream': { args: cert, stdin: `${simple}${simple}\n\n${simple}` },
  'a good object, then one without a name': { args: cert, stdin: `${simple}${json({ data: { a: '' } })}` },
  'nothing on stdin': { args: cert, stdin: '' },
  'white space': { args: cert, stdin: ' \n\n' },
  'empty object': { args: cert, stdin: '{}' },
  'only unknown fields': { args: cert, stdin: '{"foo":{"bar":1}}' },
  'an array': { args: cert, stdin: '[]' },
  'no data': { args: cert, stdin: json({ metadata: meta }) },
  'no data comes before no name': { args: cert, stdin: json({ kind: 'Secret' }) },
  'empty data map': { args: cert, stdin: json({ metadata: meta, data: {} }) },
  'empty data allowed': { args: [...cert, '--allow-empty-data'], stdin: json({ metadata: meta, data: {} }) },
  'no name': { args: cert, stdin: json({ metadata: { namespace: 'b' }, data: { a: '' } }) },
  'name by flag': { args: [...cert, '--name', 'x'], stdin: simple },
  'no namespace': { args: cert, stdin: json({ metadata: { name: 'a' }, data: { a: '' } }) },
  'namespace by flag': { args: [...cert, '-n', 'x'], stdin: json({ metadata: { name: 'a' }, data: { a: 'eA==' } }) },
  'namespace by flag with prefix': {
    args: [...cert, '-n', 'Namespaces/x'],
    stdin: json({ metadata: { name: 'a' }, data: { a: 'eA==' } }),
  },
  'namespace mismatch': { args: [...cert, '-n', 'x"'], stdin: simple },
  'namespace mismatch does not matter cluster-wide': {
    args: [...cert, '-n', 'x', '--scope', 'cluster-wide'],
    stdin: simple,
  },
  'namespace of the kubeconfig': {
    args: [...cert, '--kubeconfig', 'k'],
    stdin: json({ metadata: { name: 'a' }, data: { a: 'eA==' } }),
    files: {
      k: 'current-context: c\ncontexts: [{name: c, context: {namespace: ctx, cluster: d}}]\nclusters: [{name: d, cluster: {server: "http://x"}}]\n',
    },
  },
  'namespace-wide by flag': { args: [...cert, '--scope', 'namespace-wide'], stdin: simple },
  'cluster-wide by flag': { args: [...cert, '--scope=cluster-wide'], stdin: simple },
  'cluster-wide without namespace': {
    args: [...cert, '--scope=cluster-wide'],
    stdin: json({ metadata: { name: 'a' }, data: { a: 'eA==' } }),
  },
  'scope by annotation': {
    args: cert,
    stdin: json({
      metadata: { ...meta, annotations: { 'sealedsecrets.bitnami.com/namespace-wide': 'true', x: 'y' } },
      data: { a: 'eA==' },
    }),
  },
  'both annotations': {
    args: cert,
    stdin: json({
      metadata: {
        ...meta,
        annotations: {
          'sealedsecrets.bitnami.com/namespace-wide': 'true',
          'sealedsecrets.bitnami.com/cluster-wide': 'true',
        },
      },
      data: { a: 'eA==' },
    }),
  },
  'an annotation that is not true': {
    args: cert,
    stdin: json({
      metadata: { ...meta, annotations: { 'sealedsecrets.bitnami.com/cluster-wide': 'True' } },
      data: { a: '' },
    }),
  },
  'a flag replaces the annotation': {
    args: [...cert, '--scope', 'namespace-wide'],
    stdin: json({
      metadata: { ...meta, annotations: { 'sealedsecrets.bitnami.com/cluster-wide': 'true' } },
      data: { a: 'eA==' },
    }),
  },
  'a flag replaces both annotations': {
    args: [...cert, '--scope', 'cluster-wide'],
    stdin: json({
      metadata: {
        ...meta,
        annotations: {
          'sealedsecrets.bitnami.com/namespace-wide': 'true',
          'sealedsecrets.bitnami.com/cluster-wide': 'false',
        },
      },
      data: { a: 'eA==' },
    }),
  },
  'an empty scope is the default': { args: [...cert, '--scope', ''], stdin: simple },
  'the default flag does not': {
    args: [...cert, '--scope', 'strict'],
    stdin: json({
      metadata: { ...meta, annotations: { 'sealedsecrets.bitnami.com/cluster-wide': 'true' } },
      data: { a: 'eA==' },
    }),
  },
  'bad base64': { args: cert, stdin: json({ metadata: meta, data: { a: 'x' } }) },
  'bad base64 in the second object': { args: cert, stdin: `${simple}${json({ metadata: meta, data: { a: 'eA=' } })}` },
  'bad base64 in the third object': {
    args: cert,
    stdin: `${simple}${simple}${json({ metadata: meta, data: { a: 'eA==', b: 'A#' } })}`,
  },
  'wrong type, generation': { args: cert, stdin: json({ metadata: { ...meta, generation: 1.5 }, data: { a: '' } }) },
  'wrong type, immutable': { args: cert, stdin: json({ metadata: meta, immutable: 'x', data: { a: '' } }) },
  'wrong type, metadata': { args: cert, stdin: json({ metadata: 'x', data: { a: '' } }) },
  'wrong type, labels': { args: cert, stdin: json({ metadata: { ...meta, labels: { a: [] } }, data: { a: '' } }) },
  'wrong type, finalizers': { args: cert, stdin: json({ metadata: { ...meta, finalizers: 'x' }, data: { a: '' } }) },
  'wrong type, owner': {
    args: cert,
    stdin: json({ metadata: { ...meta, ownerReferences: [{ uid: {} }] }, data: { a: '' } }),
  },
  'wrong type, time': { args: cert, stdin: json({ metadata: { ...meta, creationTimestamp: 'x' }, data: { a: '' } }) },

  'yaml out': { args: [...cert, '-o', 'yaml'], stdin: simple },
  'YAML out, by extension': { args: [...cert, '-o', 'json', '-w', 'out.yml'], stdin: simple },
  'yaml out, a stream': { args: [...cert, '-o', 'Yaml'], stdin: `${simple}${simple}` },
  'yaml out, texts': {
    args: [...cert, '-o', 'yaml'],
    stdin: json({
      metadata: {
        name: 'y',
        namespace: 'b',
        labels: { y: 'n', '10': '0x1F', a: '1_000', '-': ' lead', long: 'word '.repeat(40) },
        annotations: { text: 'a: b\n  c\n', tab: 'a\tb', hash: '#a', empty: '', null: 'null', date: '2020-01-01' },
      },
      data: { KEY1: 'eA==', key10: 'eA==', key2: 'eA==', 'tls.crt': 'eA==', '01': 'eA==' },
    }),
  },
  'yaml in': { args: cert, stdin: 'kind: Secret\nmetadata:\n  name: a\n  namespace: b\ndata:\n  foo: YmFy\n' },
  'yaml in, documents': {
    args: [...cert, '-o', 'yaml'],
    stdin:
      '---\nmetadata: {name: a, namespace: b}\ndata: {a: eA==}\n---\n# nothing\n---\nmetadata: {name: x, namespace: b}\ndata: {a: eA==}\n',
  },
  'yaml in, scalars become texts': {
    args: cert,
    stdin:
      'metadata: {name: y, namespace: 012, labels: {1_000: 1.50, 0x1F: 123456789.123, y: .inf}}\nstringData: {a: 1e6, b: 2020-01-01, c: 0o7, d: 0b11, e: ~, f: -0.0, g: !!binary aGk=, on: 18446744073709551616}\n',
  },
  'yaml in, anchors and merge keys': {
    args: cert,
    stdin: 'x: &a {name: a, namespace: b}\nmetadata: *a\nstringData: {<<: {q: r, s: t}, s: u}\n',
  },
  'yaml in, block texts': {
    args: cert,
    stdin:
      'metadata: {name: a, namespace: b}\nstringData:\n  a: |\n    x\n    y\n  b: >-\n    x\n    y\n...\nrest: ignored\n',
  },
  'yaml in, duplicate keys': { args: cert, stdin: 'metadata: {name: a, namespace: b}\nstringData: {a: x, a: y}\n' },
  'JSON with a trailing comma': { args: cert, stdin: '{"metadata":{"name":"a","namespace":"b"},"data":{"a":"eA=="},}' },
  'JSON with numbers as texts': {
    args: cert,
    stdin: json({ metadata: meta, stringData: { a: 1.5, b: true }, type: 1 }),
  },
  'JSON, then YAML': {
    args: cert,
    stdin: `${simple}\n---\nmetadata: {name: a, namespace: b}\ndata: {a: eA==}\n`,
  },
  'plain text': { args: cert, stdin: 'hello' },
  'broken YAML': { args: cert, stdin: 'a: [' },
  'YAML, no base64': { args: cert, stdin: 'metadata: {name: a, namespace: b}\ndata: {a: x}\n' },
  'YAML, number as bytes': { args: cert, stdin: 'metadata: {name: a, namespace: b}\ndata: {a: 1}\n' },
  'YAML, list as text': { args: cert, stdin: 'metadata: {name: a, namespace: b}\nstringData: {a: [1], b: {}}\n' },
  'YAML, wrong time': {
    args: cert,
    stdin: 'metadata: {name: a, namespace: b, creationTimestamp: x}\ndata: {a: eA==}\n',
  },
  'YAML, wrong metadata': { args: cert, stdin: 'metadata: x\ndata: {a: eA==}\n' },
  'YAML, wrong finalizers': {
    args: cert,
    stdin: 'metadata: {name: a, namespace: b, finalizers: [{}]}\ndata: {a: eA==}\n',
  },

  'raw, strict': { args: [...cert, '--raw', '--name', 'a', '-n', 'b'], stdin: 'v\n' },
  'raw, namespace-wide': { args: [...cert, '--raw', '--scope', 'namespace-wide', '-n', 'b'], stdin: 'v' },
  'raw, cluster-wide': { args: [...cert, '--raw', '--scope', 'cluster-wide'], stdin: '' },
  'raw, from a file': { args: [...cert, '--raw', '--name', 'a', '-n', 'b', '--from-file', 'v'], files: { v: 'x\0y' } },
  'raw, from a file with a key': {
    args: [...cert, '--raw', '--scope=cluster-wide', '--from-file=k=v'],
    files: { v: 'x' },
  },
  'raw, from a missing file': { args: [...cert, '--raw', '--scope=cluster-wide', '--from-file=nope'] },
  'raw, from no file': { args: [...cert, '--raw', '--scope=cluster-wide', '--from-file=k='] },
  'raw, from two files': { args: [...cert, '--raw', '--scope=cluster-wide', '--from-file=v,w'] },
  'raw, no name': { args: [...cert, '--raw', '-n', 'b'], stdin: 'v' },
  'raw, no namespace': { args: [...cert, '--raw', '--name', 'a'], stdin: 'v' },
  'raw, empty namespace flag': { args: [...cert, '--raw', '--name', 'a', '-n', ''], stdin: 'v' },
  'raw ignores the input file': {
    args: [...cert, '--raw', '--scope=cluster-wide', '-f', 'v'],
    stdin: 'in',
    files: { v: 'x' },
  },

  'env: cert and scope': {
    args: [],
    stdin: simple,
    env: { SEALED_SECRETS_CERT: 'cert.pem', SEALED_SECRETS_SCOPE: 'cluster-wide' },
  },
  'env: the flag wins': {
    args: [...cert, '--scope', 'namespace-wide'],
    stdin: simple,
    env: { SEALED_SECRETS_SCOPE: 'cluster-wide' },
  },
  'env: bad values are ignored': {
    args: cert,
    stdin: simple,
    env: { SEALED_SECRETS_SCOPE: 'x', SEALED_SECRETS_RAW: 'x' },
  },
  'env: namespace': {
    args: cert,
    stdin: json({ metadata: { name: 'a' }, data: { a: 'eA==' } }),
    env: { SEALED_SECRETS_NAMESPACE: 'x' },
  },
  'env: lists are kept': {
    args: [...cert, '--raw', '--scope=cluster-wide', '--from-file=v'],
    env: { SEALED_SECRETS_FROM_FILE: 'w' },
    files: { v: 'x', w: 'y' },
  },
  'env: klog is not read': { args: ['--version'], env: { SEALED_SECRETS_V: 'x' } },

  'recovery, no such key file': { args: ['--recovery-unseal', '--recovery-private-key', 'nope'], stdin: '{}' },
  'recovery, Secret without key': {
    args: ['--recovery-unseal', '--recovery-private-key', 'k'],
    stdin: '{}',
    files: { k: json({ kind: 'Secret', metadata: meta, data: { a: '' } }) },
  },
  'recovery, Secret with a bad key': {
    args: ['--recovery-unseal', '--recovery-private-key', 'k'],
    stdin: '{}',
    files: { k: json({ kind: 'Secret', data: { 'tls.key': 'eA==' } }) },
  },
}

for (const [name, line] of Object.entries(same)) {
  test(`same: ${name}`, async (t) => {
    const programs = await available(t, 'kubeseal')
    if (programs === null) return
    const whole = { ...line, files: { ...files, ...line.files } }
    const real = await runCase(whole, programs.kubeseal, false)
    for (const form of forms()) {
      const ours = await runCase(whole, programs.kubeseal, form)
      assert.deepEqual(await comparable(ours), await comparable(real), form)
    }
  })
}

async function comparable(outcome: Outcome): Promise<Outcome> {
  const files: Record<string, string> = {}
  for (const [name, text] of Object.entries(outcome.files)) files[name] = await decrypted(text, keyRing)
  return { ...outcome, files, stdout: await decrypted(outcome.stdout, keyRing) }
}
