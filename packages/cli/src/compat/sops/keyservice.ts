import { createInterface } from 'node:readline'
import type { KeyEntry } from '@sealkit/core/sops'
import { field, keyName } from '@sealkit/core/sops'
import { keyTitle, RequestRefused, serveKeys, type Verb } from '@sealkit/keyservice/grpc'
import type { Io } from '../../io.ts'
import { codes, fatal, goText, logError, logInfo } from './exit.ts'
import { localKeys } from './services.ts'
import type { Session } from './session.ts'

/** `sops keyservice`: serves the keys of this machine until a signal ends it. */
export async function keyservice({ io, flags, globals }: Session): Promise<number> {
  const network = flags.text('network') || 'tcp'
  const address = flags.text('address') || '127.0.0.1:5000'
  const info = flags.flag('verbose') || globals.flag('verbose') ? logInfo : (): void => undefined
  const questions = flags.flag('prompt') ? new Questions(io) : null
  const stopped = signalled()
  try {
    const service = await serveKeys({
      network,
      address,
      keys: localKeys(io),
      onDone: (verb, key, failed) => logOperation(io, { verb, key, failed }, info),
      ...(questions === null ? {} : { confirm: (verb, key) => questions.confirm(verb, key) }),
    })
    info(io, `Listening on ${network}://${address}`, 'KEYSERVICE')
    const signal = await stopped
    info(io, `Caught signal ${signal}: shutting down.`, 'KEYSERVICE')
    await service.close()
    return 0
  } catch (error) {
    logError(io, `Error running keyservice: ${goText(error)}`)
    fatal(io, goText(error))
    return codes.generic
  } finally {
    questions?.close()
  }
}

/** Go's names of the signals that end the server. */
const signals = { SIGINT: 'interrupt', SIGTERM: 'terminated' } as const

async function signalled(): Promise<string> {
  return new Promise((done) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => done(signals[name]))
  })
}

/** The name of a kind's log, and what it says of the key. */
const logs: Readonly<Record<KeyEntry['kind'], readonly [source: string, fieldName: string]>> = {
  age: ['AGE', 'recipient'],
  pgp: ['PGP', 'fingerprint'],
  kms: ['AWSKMS', 'arn'],
  gcp_kms: ['GCPKMS', 'resourceID'],
  azure_kv: ['AZKV', 'key'],
  hc_vault: ['VAULT_TRANSIT', 'Path'],
  hckms: ['HCKMS', 'keyID'],
}

interface Operation {
  readonly verb: Verb
  readonly key: KeyEntry
  readonly failed: boolean
}

function logOperation(io: Io, { verb, key, failed }: Operation, info: typeof logInfo): void {
  const [source, name] = logs[key.kind]
  const what = verb === 'encrypt' ? 'Encryption' : 'Decryption'
  const fields = key.kind === 'age' && verb === 'decrypt' ? {} : { [name]: field(key, 'arn') || keyName(key) }
  info(io, `${what} ${failed ? 'failed' : 'succeeded'}`, source, fields)
}

/** Questions to the person at standard input, one at a time. */
class Questions {
  readonly #io: Io
  readonly #lines: AsyncIterator<string>
  readonly #close: () => void
  #turn: Promise<unknown> = Promise.resolve()

  constructor(io: Io) {
    this.#io = io
    if (io.stdin.fd === undefined) {
      this.#lines = linesOf(io)
      this.#close = (): void => undefined
    } else {
      const reader = createInterface({ input: process.stdin, terminal: false })
      this.#lines = reader[Symbol.asyncIterator]()
      this.#close = (): void => {
        reader.close()
        process.stdin.destroy()
      }
    }
  }

  confirm(verb: Verb, key: KeyEntry): Promise<void> {
    const answer = this.#turn.then(() => this.#ask(verb, key))
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  async #ask(verb: Verb, key: KeyEntry): Promise<void> {
    for (;;) {
      this.#io.stdout.write(`\nReceived ${verb} request using ${keyTitle(key)}. Respond to request? (y/n): `)
      const { value, done } = await this.#lines.next()
      if (done === true) throw new RequestRefused('EOF', 'failed')
      const words = String(value)
        .split(/\s+/)
        .filter((word) => word !== '')
      if (words.length === 0) throw new RequestRefused('unexpected newline', 'failed')
      if (words.length > 1) throw new RequestRefused('expected newline', 'failed')
      if (words[0] === 'y') return
      if (words[0] === 'n') throw new RequestRefused()
    }
  }

  close(): void {
    this.#close()
  }
}

async function* linesOf(io: Io): AsyncGenerator<string> {
  let pending = ''
  for await (const chunk of io.stdin) {
    const lines = (pending + Buffer.from(chunk).toString()).split('\n')
    pending = lines.pop() ?? ''
    yield* lines
  }
}
