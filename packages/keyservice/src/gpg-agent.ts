import type { Channel, KeyIo } from './io.ts'

/** gpg-agent as a store of passphrases (GnuPG manual, "Agent's Assuan Protocol"). */
export interface Agent {
  /** A passphrase from its cache, else from the person that its pinentry asks. */
  passphrase(request: { readonly prompt: string; readonly cacheId: string }): Promise<string>
  /** Drops a passphrase. */
  forget(cacheId: string): Promise<void>
  close(): void
}

/** Error codes that have names in Go. */
const reasons: Readonly<Record<string, string>> = {
  67108922: 'GPG_ERR_NO_DATA cache miss',
  83886179: 'gpgagent: Cancel',
}

/** Connects to the agent whose socket `GPG_AGENT_INFO` names, else to the standard one. Throws where there is none. */
export async function openAgent(io: KeyIo): Promise<Agent> {
  if (io.connect === undefined) throw new Error('GPG_AGENT_INFO not set in environment')
  const lines = new Lines(await connect(io))
  const greeting = await lines.next()
  if (!greeting.startsWith('OK')) throw new Error(`gpgagent: didn't get OK; got ${JSON.stringify(greeting)}`)
  return {
    async passphrase({ prompt, cacheId }) {
      await options(io, lines)
      const answer = await lines.ask(`GET_PASSPHRASE ${escaped(cacheId)} X Passphrase ${escaped(prompt)}`)
      if (answer.startsWith('OK ')) return Buffer.from(answer.slice(3), 'hex').toString()
      const code = /^ERR (\d+)/.exec(answer)?.[1] ?? ''
      throw new Error(reasons[code] ?? answer)
    },
    async forget(cacheId) {
      await lines.ask(`CLEAR_PASSPHRASE ${escaped(cacheId)}`)
    },
    close: () => lines.close(),
  }
}

async function connect(io: KeyIo): Promise<Channel> {
  const { GPG_AGENT_INFO: info, XDG_RUNTIME_DIR: runtime } = io.env
  const named = info?.split(':', 1)[0]
  if (info !== undefined && !named) throw new Error('GPG_AGENT_INFO not set in environment')
  const open = (path: string): Promise<Channel> | undefined => io.connect?.(path)
  const sockets = named
    ? [named]
    : [`${(await io.home?.()) ?? ''}/.gnupg/S.gpg-agent`, ...(runtime ? [`${runtime}/gnupg/S.gpg-agent`] : [])]
  for (const [index, path] of sockets.entries()) {
    try {
      const channel = await open(path)
      if (channel !== undefined) return channel
    } catch (error) {
      if (index === sockets.length - 1) throw error
    }
  }
  throw new Error('GPG_AGENT_INFO not set in environment')
}

/** Where the agent's pinentry may ask. */
async function options({ env }: KeyIo, lines: Lines): Promise<void> {
  const wanted = [
    ['display', env['DISPLAY']],
    ['ttyname', env['GPG_TTY']],
    ['ttytype', env['TERM']],
  ] as const
  for (const [name, value] of wanted) if (value) await lines.ask(`OPTION ${name}=${value}`)
}

function escaped(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

class Lines {
  readonly #channel: Channel
  #pending = ''

  constructor(channel: Channel) {
    this.#channel = channel
  }

  async ask(line: string): Promise<string> {
    this.#channel.send(`${line}\n`)
    return this.next()
  }

  async next(): Promise<string> {
    for (;;) {
      const end = this.#pending.indexOf('\n')
      if (end >= 0) {
        const line = this.#pending.slice(0, end)
        this.#pending = this.#pending.slice(end + 1)
        return line
      }
      const chunk = await this.#channel.receive()
      if (chunk === null) throw new Error('EOF')
      this.#pending += Buffer.from(chunk).toString('latin1')
    }
  }

  close(): void {
    this.#channel.close()
  }
}
