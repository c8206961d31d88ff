import { CoreError } from '../../error.ts'
import { columns, formatStanza, parseStanza } from '../header.ts'
import type { Stanza } from '../x25519.ts'

const maximumLine = 1 << 16
const maximumStanza = 1 << 20

/** The standard streams of a running plugin. */
export interface PluginChannel {
  /** Writes to the plugin's standard input. */
  send(text: string): void
  /** The next bytes of its standard output; null at its end. */
  receive(): Promise<Uint8Array | null>
}

/** Who a plugin talks to. What throws is reported to the plugin as a failure. */
export interface PluginUser {
  message(text: string): Promise<void>
  request(prompt: string, secret: boolean): Promise<string>
  /** Whether the person chose yes; `no` is empty where there is no other choice. */
  confirm(prompt: string, choices: { readonly yes: string; readonly no: string }): Promise<boolean>
}

/** A plugin at work. */
export interface PluginOptions {
  readonly name: string
  readonly channel: PluginChannel
  readonly user: PluginUser
  /** Bytes for grease; a fixed source makes the conversation repeatable. */
  readonly random: (length: number) => Uint8Array
}

/**
 * Wraps a file key for a plugin's recipient (age plugin protocol, "recipient-v1").
 *
 * @throws `PLUGIN_FAILED`
 */
export async function wrapWithPlugin(
  recipient: string,
  fileKey: Uint8Array,
  options: PluginOptions,
): Promise<Stanza[]> {
  const talk = new Conversation(options)
  talk.send(['add-recipient', recipient])
  talk.grease()
  talk.send(['wrap-file-key'], fileKey)
  talk.send(['extension-labels'])
  talk.send(['done'])
  const stanzas: Stanza[] = []
  let labelled = false
  await talk.answers({
    'recipient-stanza': ({ args: [, index = '', ...args], body }) => {
      if (args.length === 0) throw talk.broken('malformed recipient stanza: unexpected argument count')
      checkIndex(talk, index, 'recipient stanza')
      stanzas.push({ args, body })
    },
    labels: () => {
      if (labelled) throw talk.broken('repeated labels stanza')
      labelled = true
    },
  })
  if (stanzas.length === 0) throw talk.broken('received zero recipient stanzas')
  return stanzas
}

/**
 * Unwraps a file key with a plugin's identity ("identity-v1"); null where the plugin has nothing for the stanzas.
 *
 * @throws `PLUGIN_FAILED`
 */
export async function unwrapWithPlugin(
  identity: string,
  stanzas: readonly Stanza[],
  options: PluginOptions,
): Promise<Uint8Array | null> {
  const talk = new Conversation(options)
  talk.send(['add-identity', identity])
  talk.grease()
  for (const { args, body } of stanzas) talk.send(['recipient-stanza', '0', ...args], body)
  talk.send(['done'])
  let fileKey: Uint8Array | null = null
  await talk.answers({
    'file-key': ({ args: [, ...args], body }) => {
      if (args.length !== 1) throw talk.broken('malformed file-key stanza: unexpected arguments count')
      checkIndex(talk, args[0] ?? '', 'file-key stanza')
      if (fileKey !== null) throw talk.broken('received duplicated file-key stanza')
      fileKey = body
    },
  })
  return fileKey
}

/** Only one file key is ever sent. */
function checkIndex(talk: Conversation, index: string, what: string): void {
  if (!/^[+-]?\d+$/.test(index)) throw talk.broken(`malformed ${what}: invalid index`)
  if (Number(index) !== 0) throw talk.broken(`malformed ${what}: unexpected index`)
}

type Handlers = Readonly<Record<string, (stanza: Stanza) => void>>

class Conversation {
  readonly #options: PluginOptions
  #pending = ''

  constructor(options: PluginOptions) {
    this.#options = options
  }

  send(args: readonly string[], body: Uint8Array = new Uint8Array()): void {
    this.#options.channel.send(formatStanza({ args, body }))
  }

  /** A stanza that no plugin knows, two times of three: plugins must skip what they do not know. */
  grease(): void {
    const [choice = 0, count = 0, ...bytes] = this.#options.random(12)
    if (choice % 3 === 0) return
    const args = bytes.slice(0, count % 3).map(String)
    const body = choice % 2 === 0 ? new Uint8Array() : this.#options.random(count % 100)
    this.send([`grease-${Buffer.from(bytes).toString('hex')}`, ...args], body)
  }

  /** Takes the plugin's stanzas until it is done. */
  async answers(handlers: Handlers): Promise<void> {
    for (;;) {
      const stanza = await this.#read()
      const [type = ''] = stanza.args
      if (type === 'done') return
      if (type === 'error') {
        this.send(['ok'])
        throw this.broken(Buffer.from(stanza.body).toString())
      }
      if (Object.hasOwn(handlers, type)) {
        handlers[type]?.(stanza)
        this.send(['ok'])
      } else await this.#ask(type, stanza)
    }
  }

  async #ask(type: string, { args: [, ...args], body }: Stanza): Promise<void> {
    const { user } = this.#options
    const text = Buffer.from(body).toString()
    if (type === 'msg') return this.#reply(async () => user.message(text).then(() => []))
    if (type === 'request-secret' || type === 'request-public') {
      return this.#reply(() => user.request(text, type === 'request-secret'))
    }
    if (type !== 'confirm') return this.send(['unsupported'])
    if (args.length !== 1 && args.length !== 2) {
      throw this.broken('malformed confirm stanza: unexpected number of arguments')
    }
    const [yes = '', no = ''] = args.map((arg, index) => this.#choice(arg, index === 0 ? 'YES' : 'NO'))
    return this.#reply(async () => ((await user.confirm(text, { yes, no })) ? ['yes'] : ['no']))
  }

  #choice(base64: string, which: string): string {
    const bytes = Buffer.from(base64, 'base64')
    if (bytes.toString('base64').replace(/=+$/, '') === base64) return bytes.toString()
    throw this.broken(`malformed confirm stanza: invalid ${which} option encoding`)
  }

  async #reply(work: () => Promise<string | readonly string[]>): Promise<void> {
    let answer: string | readonly string[]
    try {
      answer = await work()
    } catch {
      this.send(['fail'])
      return
    }
    if (typeof answer === 'string') this.send(['ok'], Buffer.from(answer))
    else this.send(['ok', ...answer])
  }

  async #read(): Promise<Stanza> {
    const first = await this.#line()
    if (!/^->(?: [!-~]+)+$/.test(first)) {
      throw this.broken(`malformed stanza opening line: ${JSON.stringify(`${first}\n`)}`)
    }
    const body: string[] = []
    for (let size = 0; ; ) {
      const line = await this.#line()
      body.push(line)
      size += line.length
      if (size > maximumStanza) throw this.broken('stanza too long')
      if (line.length < columns) break
    }
    try {
      return parseStanza(first, body)
    } catch {
      throw this.broken('malformed stanza')
    }
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#pending.indexOf('\n')
      if (end >= 0) {
        const line = this.#pending.slice(0, end)
        this.#pending = this.#pending.slice(end + 1)
        return line
      }
      if (this.#pending.length > maximumLine) throw this.broken('line too long')
      const chunk = await this.#options.channel.receive()
      if (chunk === null) throw this.broken('failed to read line: EOF')
      this.#pending += Buffer.from(chunk).toString('latin1')
    }
  }

  /** What the plugin said may hold anything, so only `upstream` has it. */
  broken(reason: string): CoreError {
    return new CoreError('PLUGIN_FAILED', `the age plugin ${this.#options.name} failed`, {
      hint: `try the plugin with age itself: age-plugin-${this.#options.name}`,
      upstream: `${this.#options.name} plugin: ${reason}`,
    })
  }
}
