import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SealkitError } from '@sealkit/core'
import {
  type Branch,
  type Format,
  isBranch,
  isComment,
  isList,
  openFile,
  openStore,
  type Value,
} from '@sealkit/core/sops'
import { dataKey, encrypted } from './tree.ts'

/** A file of each format, every value of which is encrypted; it is small, for every byte of it is changed. */
const plain: Readonly<Record<Format, string>> = {
  yaml: '# note\na: one\nb:\n    c: 12\n    d: true\nlist:\n    - x1\n    - x2\n    - 1.5\n',
  json: '{"a":"one","b":{"c":12,"d":true},"list":["x1","x2",1.5]}',
  dotenv: '# note\nA=one\nB=two\n',
  ini: '; note\n[s]\na = one\nb = two\n',
  binary: 'any bytes \u0000\n',
}

const formats = Object.keys(plain) as Format[]

async function make(format: Format, text = plain[format]): Promise<{ bytes: Buffer; documents: readonly Branch[] }> {
  const store = await openStore(format)
  const file = await encrypted(store.load(Buffer.from(text)), format === 'binary' ? { rule: null } : {})
  const bytes = Buffer.from(store.emitEncrypted(file))
  return { bytes, documents: await open(bytes, format) }
}

async function open(bytes: Uint8Array, format: Format): Promise<readonly Branch[]> {
  return (await openFile(bytes, { format, unwrap: async () => dataKey })).documents
}

/** Every value with its place. Names of empty mappings, and comments, are not protected by the format. */
function values(documents: readonly Branch[]): [place: string, value: Value][] {
  const found: [string, Value][] = []
  const look = (value: Value, place: string): void => {
    if (isList(value)) for (const entry of value) look(entry, `${place}[]`)
    else if (isBranch(value))
      for (const item of value.items) look(isComment(item.key) ? item.key : item.value, `${place}/${String(item.key)}`)
    else if (!isComment(value)) found.push([place, value])
  }
  for (const document of documents) look(document, '')
  return found
}

/** Codes of errors, and `same` where what decrypts is the same; anything else fails the test. */
async function outcome(bytes: Uint8Array, format: Format, documents: readonly Branch[], what: string): Promise<string> {
  try {
    const opened = await open(bytes, format)
    assert.deepEqual(values(opened), values(documents), `${what}: other values came out`)
    return 'same'
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    assert.ok(error instanceof SealkitError, `${what}: ${String(error)}`)
    return error.code
  }
}

/** What a byte is changed to: another bit, another case, and characters that mean something in one of the formats. */
const changes: readonly ((byte: number) => number)[] = [
  (byte) => byte ^ 1,
  (byte) => byte ^ 0x20,
  (byte) => byte ^ 0x80,
  ...[...' \n:"#0,=]'].map((character) => () => character.charCodeAt(0)),
]

describe('every single byte of an encrypted file, changed', () => {
  for (const format of formats) {
    test(`${format}: an error, or nothing that decrypts is different`, async () => {
      const { bytes, documents } = await make(format)
      const seen = new Map<string, number>()
      for (let at = 0; at < bytes.length; at++) {
        for (const change of changes) {
          const changed = Buffer.from(bytes)
          changed[at] = change(bytes[at] ?? 0)
          if (changed[at] === bytes[at]) continue
          const result = await outcome(changed, format, documents, `byte ${at} is ${changed[at]}`)
          seen.set(result, (seen.get(result) ?? 0) + 1)
        }
      }
      // Wrapped keys and unused metadata may change; most of a file may not.
      assert.ok((seen.get('DECRYPTION_FAILED') ?? 0) > 100, JSON.stringify([...seen]))
      assert.ok((seen.get('MAC_MISMATCH') ?? 0) > 100, JSON.stringify([...seen]))
    })

    test(`${format}: a byte less, and every beginning of the file`, async () => {
      const { bytes, documents } = await make(format)
      for (let at = 0; at < bytes.length; at++) {
        const less = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
        await outcome(less, format, documents, `without byte ${at}`)
        const result = await outcome(bytes.subarray(0, at), format, documents, `the first ${at} bytes`)
        if (at < bytes.length / 2) assert.notEqual(result, 'same', `the first ${at} bytes`)
      }
    })
  }
})

type Spoil = (text: string) => string | Promise<string>

/** Changes that somebody makes on purpose, and the error that each must lead to. */
const attacks: readonly (readonly [what: string, format: Format, spoil: Spoil, code: RegExp])[] = [
  ['two values of a mapping change places', 'yaml', swapped(/a: (ENC\S+)/, /c: (ENC\S+)/), /DECRYPTION_FAILED/],
  [
    'two items of a list change places',
    'yaml',
    swapped(/- (ENC\S+)\n/, /\n {4}- (ENC\S+)\n {4}- ENC\S+\nsops/),
    /MAC_MISMATCH/,
  ],
  ['two items of a list in JSON', 'json', swapped(/\[\n\t\t"(ENC[^"]+)"/, /",\n\t\t"(ENC[^"]+)",\n/), /MAC_MISMATCH/],
  ['a key gets another name', 'yaml', (text) => text.replace(/^a: /m, 'z: '), /DECRYPTION_FAILED/],
  ['a value moves to another place', 'json', (text) => text.replace('"a": ', '"b2": '), /DECRYPTION_FAILED/],
  ['a value is taken away', 'yaml', (text) => text.replace(/^a: .*\n/m, ''), /MAC_MISMATCH/],
  ['a value stands twice', 'yaml', (text) => text.replace(/^(a: .*\n)/m, '$1$1'), /YAML_SYNTAX|MAC_MISMATCH/],
  ['a value stands twice in JSON', 'json', (text) => text.replace(/("a": [^\n]*\n)/, '$1$1'), /MAC_MISMATCH/],
  ['a variable stands twice', 'dotenv', (text) => text.replace(/^(A=.*\n)/m, '$1$1'), /MAC_MISMATCH/],
  ['a value becomes plain text', 'yaml', (text) => text.replace(/^a: .*/m, 'a: mine'), /INVALID_FORMAT/],
  ['a value becomes a plain number', 'yaml', (text) => text.replace(/^a: .*/m, 'a: 3'), /INVALID_FORMAT/],
  ['a value becomes empty', 'yaml', (text) => text.replace(/^a: .*/m, 'a: ""'), /MAC_MISMATCH/],
  ['a type that there is not', 'yaml', (text) => text.replace('type:int', 'type:eval'), /UNSUPPORTED_VALUE/],
  [
    'a text is called an integer',
    'yaml',
    (text) => text.replace('type:str', 'type:int'),
    /INVALID_NUMBER|UNSUPPORTED_VALUE/,
  ],
  ['the tag is cut', 'yaml', (text) => text.replace(/(a: .*tag:)[^,]+/, '$1AAAA'), /DECRYPTION_FAILED/],
  ['the MAC is taken away', 'yaml', (text) => text.replace(/ *mac: .*\n/, ''), /MAC_MISMATCH/],
  ['the MAC is emptied', 'dotenv', (text) => text.replace(/sops_mac=.*/, 'sops_mac='), /MAC_MISMATCH/],
  ['the time is another one', 'yaml', (text) => text.replace('2026-01-02', '2026-01-03'), /MAC_MISMATCH/],
  ['the MAC of another file', 'yaml', otherMac('yaml', 'a: other\n'), /MAC_MISMATCH/],
  ['the MAC of another file', 'json', otherMac('json', '{"a":"other"}'), /MAC_MISMATCH/],
  ['an older version of one value', 'yaml', older('yaml', plain.yaml.replace('one', 'old'), /^a: .*/m), /MAC_MISMATCH/],
  ['an older version of one value', 'dotenv', older('dotenv', 'A=old\nB=two\n', /^A=.*/m), /MAC_MISMATCH/],
  ['the metadata twice', 'yaml', (text) => text + text.slice(text.indexOf('sops:')), /YAML_SYNTAX|METADATA_INVALID/],
  ['the metadata twice', 'json', (text) => text.replace(/\{/, '{"sops": {"mac": "x"},'), /METADATA_INVALID/],
  [
    'the metadata twice',
    'dotenv',
    (text) => text + (/^sops_mac=.*\n/m.exec(text)?.[0] ?? '').replace('ENC[', 'ENC[x'),
    /METADATA_INVALID|MAC_MISMATCH|INVALID_FORMAT/,
  ],
  ['metadata that are a list', 'yaml', (text) => text.replace(/sops:\n[\s\S]*/, 'sops: [1]\n'), /METADATA_INVALID/],
  [
    'a rule that leaves all in plain text',
    'yaml',
    (text) => text.replace(/unencrypted_suffix: .*/, 'encrypted_regex: ^nothing$'),
    /MAC_MISMATCH/,
  ],
  [
    'a rule that is no expression',
    'yaml',
    (text) => text.replace(/unencrypted_suffix: .*/, 'encrypted_regex: ('),
    /INVALID_REGEXP/,
  ],
  [
    'mac_only_encrypted',
    'yaml',
    (text) => text.replace('sops:\n', 'sops:\n    mac_only_encrypted: true\n'),
    /MAC_MISMATCH/,
  ],
  ['no master key', 'yaml', (text) => text.replace(/ {4}age:[\s\S]*?(?= {4}lastmodified)/, ''), /METADATA_INVALID/],
]

function swapped(one: RegExp, two: RegExp): Spoil {
  return (text) => {
    const [a = '', b = ''] = [one, two].map((expression) => expression.exec(text)?.[1])
    assert.ok(a !== '' && b !== '' && a !== b, 'the test finds two values')
    return text.replace(a, '\u0000').replace(b, a).replace('\u0000', b)
  }
}

function otherMac(format: Format, text: string): Spoil {
  return async (own) => {
    const other = (await make(format, text)).bytes.toString()
    const mac = /mac"?: "?ENC[^"\n]+/
    return own.replace(mac, mac.exec(other)?.[0] ?? '')
  }
}

function older(format: Format, text: string, line: RegExp): Spoil {
  return async (own) => own.replace(line, line.exec((await make(format, text)).bytes.toString())?.[0] ?? '')
}

describe('changes that somebody makes on purpose', () => {
  for (const [what, format, spoil, code] of attacks) {
    test(`${format}: ${what}`, async () => {
      const { bytes, documents } = await make(format)
      const text = await spoil(bytes.toString())
      assert.notEqual(text, bytes.toString())
      assert.match(await outcome(Buffer.from(text), format, documents, what), code)
    })
  }
})

test('what the format does not protect: the type beside a ciphertext, where the bytes are the same', async () => {
  const { bytes } = await make('yaml')
  const opened = await open(Buffer.from(bytes.toString().replace('type:int', 'type:str')), 'yaml')
  assert.deepEqual(values(opened)[1], ['/b/c', '12'])
})
