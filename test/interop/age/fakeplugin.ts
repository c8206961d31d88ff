// age-plugin-sealtest: an age plugin for tests, of its own making on purpose: it shares no line with what it tests.
// The data of its recipients and identities is text: what the plugin shall do. It wraps by turning all bits around.
import { readSync, writeSync } from 'node:fs'

interface Stanza {
  readonly args: string[]
  readonly body: Buffer
}

let pending: Buffer = Buffer.alloc(0)

function line(): string {
  for (;;) {
    const end = pending.indexOf(10)
    if (end >= 0) {
      const text = pending.subarray(0, end).toString()
      pending = pending.subarray(end + 1)
      return text
    }
    const chunk = Buffer.alloc(4096)
    const length = readSync(0, chunk)
    if (length === 0) process.exit(1)
    pending = Buffer.concat([pending, chunk.subarray(0, length)])
  }
}

function receive(): Stanza {
  const args = line().slice(3).split(' ')
  let body = ''
  for (;;) {
    const text = line()
    body += text
    if (text.length < 64) return { args, body: Buffer.from(body, 'base64') }
  }
}

function send(args: readonly string[], body: Buffer | string = ''): void {
  const text = Buffer.from(body).toString('base64').replace(/=+$/, '')
  const lines: string[] = text.match(/.{1,64}/g) ?? []
  if (lines.at(-1)?.length === 64 || lines.length === 0) lines.push('')
  writeSync(1, `-> ${args.join(' ')}\n${lines.join('\n')}\n`)
}

function ask(args: readonly string[], body: Buffer | string = ''): Stanza {
  send(args, body)
  return receive()
}

/** The data of a Bech32 text, whose checksum others have looked at. */
function dataOf(text: string): string {
  const values = [...text.toLowerCase().slice(text.lastIndexOf('1') + 1, -6)].map((character) =>
    'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(character),
  )
  const bits = values.map((value) => value.toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))).toString()
}

function turned(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0xff))
}

const fail: (text: string) => never = (text) => {
  ask(['error', 'internal'], text)
  send(['done'])
  process.exit(0)
}

/** What happens before the work: what is not answered as it should be is an error that the test sees. */
const manners: Readonly<Record<string, () => unknown>> = {
  plain: () => undefined,
  grease: () => {
    const { args } = ask(['grease-of-the-plugin', 'x'], 'y'.repeat(100))
    if (args[0] !== 'unsupported') fail(`grease was answered by ${args[0]}`)
  },
  message: () => {
    const { args } = ask(['msg'], 'touch the device')
    if (args[0] !== 'ok' && args[0] !== 'fail') fail(`a message was answered by ${args[0]}`)
  },
  secret: () => {
    const { args, body } = ask(['request-secret'], 'PIN of the device')
    if (args[0] !== 'ok' || body.toString() !== '1234') fail(`secret: ${args[0]}`)
  },
  public: () => {
    const { args, body } = ask(['request-public'], 'name of the slot')
    if (args[0] !== 'ok' || body.toString() !== 'slot') fail(`public: ${args[0]}`)
  },
  confirm: () => {
    const { args } = ask(['confirm', 'R28gb24', 'U3RvcA'], 'use the device?')
    if (args.join(' ') !== 'ok yes') fail(`confirm: ${args.join(' ')}`)
  },
  only: () => {
    const { args } = ask(['confirm', 'R28gb24'], 'device in place?')
    if (args.join(' ') !== 'ok yes') fail(`confirm: ${args.join(' ')}`)
  },
  error: () => fail('the device is gone'),
  nothing: () => {
    send(['done'])
    process.exit(0)
  },
  hangs: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  ends: () => process.exit(0),
  garbage: () => {
    writeSync(1, 'this is no stanza\n\n')
    process.exit(0)
  },
  index: () => {
    send([process.argv[2]?.includes('recipient') ? 'recipient-stanza' : 'file-key', '1', 'x'])
    process.exit(0)
  },
}

function run(manner: string): void {
  const work = manners[manner]
  if (work === undefined) fail(`no manner ${manner}`)
  work()
}

function recipient(): void {
  let manner = ''
  let fileKey: Buffer = Buffer.alloc(0)
  for (let { args, body } = receive(); args[0] !== 'done'; { args, body } = receive()) {
    if (args[0] === 'add-recipient') manner = dataOf(args[1] ?? '')
    if (args[0] === 'wrap-file-key') fileKey = body
  }
  run(manner)
  ask(['labels'])
  ask(['recipient-stanza', '0', 'sealtest', manner], turned(fileKey))
  send(['done'])
}

function identity(): void {
  let manner = ''
  let wrapped: Buffer | undefined
  for (let { args, body } = receive(); args[0] !== 'done'; { args, body } = receive()) {
    if (args[0] === 'add-identity') manner = dataOf(args[1] ?? '')
    if (args[0] === 'recipient-stanza' && args[2] === 'sealtest') wrapped = body
  }
  run(manner)
  if (wrapped !== undefined) ask(['file-key', '0'], turned(wrapped))
  send(['done'])
}

if (process.argv[2] === '--age-plugin=recipient-v1') recipient()
else if (process.argv[2] === '--age-plugin=identity-v1') identity()
else process.exitCode = 2
