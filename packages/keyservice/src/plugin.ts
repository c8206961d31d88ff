import { randomFillSync } from 'node:crypto'
import type { Identity, Recipient } from '@sealkit/core/age'
import { type PluginUser, parsePluginName, unwrapWithPlugin, wrapWithPlugin } from '@sealkit/core/age/plugin'
import { KeyserviceError } from './error.ts'
import { type Channel, type KeyIo, type Person, systemReason } from './io.ts'

type Mode = 'recipient-v1' | 'identity-v1'

/** A recipient of a plugin (`age1NAME1...`): the program `age-plugin-NAME` wraps for it. @throws `INVALID_KEY` */
export function pluginRecipient(io: KeyIo | undefined, text: string): Recipient {
  const name = parsePluginName(text, 'recipient')
  return {
    wrap: (fileKey) => talk(io, { name, mode: 'recipient-v1' }, (options) => wrapWithPlugin(text, fileKey, options)),
  }
}

/** An identity that a plugin unwraps with. */
export interface PluginIdentity extends Identity {
  readonly plugin: string
}

/** An identity of a plugin (`AGE-PLUGIN-NAME-1...`). @throws `INVALID_KEY` */
export function pluginIdentity(io: KeyIo | undefined, text: string): PluginIdentity {
  const name = parsePluginName(text, 'identity')
  return {
    plugin: name,
    unwrap: (stanzas, signal) =>
      talk(io, { name, mode: 'identity-v1', signal }, (options) => unwrapWithPlugin(text, stanzas, options)),
  }
}

type Options = Parameters<typeof wrapWithPlugin>[2]

async function talk<T>(
  io: KeyIo | undefined,
  { name, mode, signal }: { name: string; mode: Mode; signal?: AbortSignal | undefined },
  work: (options: Options) => Promise<T>,
): Promise<T> {
  const channel = await start(io, { name, mode, signal })
  try {
    const random = (length: number): Uint8Array => randomFillSync(new Uint8Array(length))
    return await work({ name, channel, user: userOf(name, io?.person, signal), random })
  } finally {
    channel.close()
  }
}

async function start(
  io: KeyIo | undefined,
  { name, mode, signal }: { name: string; mode: Mode; signal: AbortSignal | undefined },
): Promise<Channel> {
  const program = `age-plugin-${name}`
  if (io?.start === undefined) throw missing(name, 'no programs may be run here')
  try {
    return await io.start([program, `--age-plugin=${mode}`], signal === undefined ? {} : { signal })
  } catch (error) {
    const reason = systemReason(error)
    if (reason !== 'no such file or directory') throw missing(name, reason)
    throw missing(name, `"${name}" plugin not found: exec: "${program}": executable file not found in $PATH`)
  }
}

function missing(name: string, reason: string): KeyserviceError {
  return new KeyserviceError('COMMAND_FAILED', `the age plugin ${name} cannot be started`, {
    hint: `install age-plugin-${name} in a folder of PATH`,
    upstream: `${name} plugin: couldn't start plugin: ${reason}`,
  })
}

function userOf(name: string, person: Person | undefined, signal: AbortSignal | undefined): PluginUser {
  const somebody = (): Person => {
    if (person !== undefined) return person
    throw new KeyserviceError('IDENTITY_MISSING', 'nobody can be asked here')
  }
  return {
    message: async (text) => somebody().tell(`${name} plugin: ${text}`),
    request: async (prompt, secret) => somebody().ask(prompt, secret, signal),
    async confirm(prompt, { yes, no }) {
      if (no === '') {
        await somebody().ask(`${prompt} (press enter for ${JSON.stringify(yes)})`, true, signal)
        return true
      }
      const choices = `(press [1] for ${JSON.stringify(yes)} or [2] for ${JSON.stringify(no)})`
      return (await somebody().choose(`${prompt} ${choices}`, '12', signal)) === '1'
    },
  }
}
