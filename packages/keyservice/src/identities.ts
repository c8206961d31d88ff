import { KeyserviceError } from './error.ts'
import type { KeyIo } from './io.ts'

/** Age identities with what an error has to say of where they were looked for. */
export interface Identities {
  readonly identities: readonly string[]
  /** Places that were looked at and hold none, in sops' order. */
  readonly missing: readonly string[]
  /** What failed while loading, as sops words it. */
  readonly problems: readonly string[]
}

interface Found {
  readonly identities: string[]
  readonly missing: string[]
  readonly problems: string[]
}

const keysFile = 'sops/age/keys.txt'

/**
 * Loads age identities from where sops looks for them: `SOPS_AGE_KEY` (several, separated by blanks or lines),
 * `SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY_CMD`, and `sops/age/keys.txt` in the user's configuration directory.
 *
 * A place that fails is noted and does not hinder the others.
 *
 * @param recipient given to the command as `SOPS_AGE_RECIPIENT`
 */
export async function loadIdentities(io: KeyIo, recipient: string): Promise<Identities> {
  const found: Found = { identities: [], missing: [], problems: [] }
  await noteSsh(io, found)
  const texts: [place: string, text: string, words: boolean][] = []
  const { SOPS_AGE_KEY: key, SOPS_AGE_KEY_FILE: file, SOPS_AGE_KEY_CMD: command } = io.env
  if (key === undefined) found.missing.push('SOPS_AGE_KEY')
  else texts.push(['SOPS_AGE_KEY', key, true])
  if (file === undefined) found.missing.push('SOPS_AGE_KEY_FILE')
  else await attempt(found, async () => texts.push(['SOPS_AGE_KEY_FILE', await keyFile(io, file), false]))
  if (command === undefined) found.missing.push('SOPS_AGE_KEY_CMD')
  else await attempt(found, async () => texts.push(['SOPS_AGE_KEY_CMD', await output(io, command, recipient), false]))
  await userFile(io, found, texts)
  for (const [place, text, words] of texts) {
    await attempt(found, async () => {
      const identities = parse(place, text, words)
      found.identities.push(...identities)
      if (identities.length === 0) found.missing.push(place)
    })
  }
  return found
}

async function attempt(found: Found, load: () => Promise<unknown>): Promise<void> {
  try {
    await load()
  } catch (error) {
    const upstream = error instanceof KeyserviceError ? error.upstream : undefined
    found.problems.push(upstream ?? (error instanceof Error ? error.message : String(error)))
  }
}

async function noteSsh(io: KeyIo, found: Found): Promise<void> {
  for (const name of ['SOPS_AGE_SSH_PRIVATE_KEY_FILE', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD']) {
    if (io.env[name] === undefined) found.missing.push(name)
    else found.problems.push(`${name}: SSH identities are not supported yet`)
  }
  const home = io.env['HOME']
  if (home === undefined || home === '') found.problems.push('$HOME is not defined')
  else found.missing.push(`${home}/.ssh/id_ed25519`, `${home}/.ssh/id_rsa`)
}

async function keyFile(io: KeyIo, path: string): Promise<string> {
  const text = await io.readFile(path)
  if (text !== null) return text
  throw new KeyserviceError('IDENTITY_MISSING', 'the file that SOPS_AGE_KEY_FILE names does not exist', {
    upstream: `failed to open SOPS_AGE_KEY_FILE file: open ${path}: no such file or directory`,
  })
}

async function output(io: KeyIo, command: string, recipient: string): Promise<string> {
  const { splitWords } = await import('./shlex.ts')
  const words = splitWords(command)
  if (words === null || words.length === 0) {
    throw new KeyserviceError('COMMAND_FAILED', 'SOPS_AGE_KEY_CMD is no command line', {
      upstream: `failed to parse command ${command}: EOF found when expecting closing quote`,
    })
  }
  const failed = (reason: string): KeyserviceError =>
    new KeyserviceError('COMMAND_FAILED', 'the command of SOPS_AGE_KEY_CMD failed', {
      hint: 'run the command by hand',
      upstream: `failed to execute command ${command}: ${reason}`,
    })
  try {
    const { code, stdout } = await io.run(words, { env: { SOPS_AGE_RECIPIENT: recipient } })
    if (code === 0) return Buffer.from(stdout).toString()
    throw failed(`exit status ${code}`)
  } catch (error) {
    if (error instanceof KeyserviceError) throw error
    throw failed(error instanceof Error ? error.message : String(error))
  }
}

async function userFile(io: KeyIo, found: Found, texts: [string, string, boolean][]): Promise<void> {
  const folder = configFolder(io)
  if (folder === null) {
    if (texts.length > 0) return
    const reason = 'neither $XDG_CONFIG_HOME nor $HOME are defined'
    found.problems.push(`user config directory could not be determined: ${reason}`)
    return
  }
  const path = `${folder}/${keysFile}`
  await attempt(found, async () => {
    const text = await io.readFile(path)
    if (text !== null) texts.push([path, text, false])
    else if (texts.length === 0) found.missing.push(path)
  })
}

/** Go's `os.UserConfigDir`, with sops' `XDG_CONFIG_HOME` on macOS. */
function configFolder(io: KeyIo): string | null {
  const { env, platform = 'linux' } = io
  if (platform === 'win32') return env['AppData'] ?? env['APPDATA'] ?? null
  if (env['XDG_CONFIG_HOME'] !== undefined && env['XDG_CONFIG_HOME'] !== '') return env['XDG_CONFIG_HOME']
  if (env['HOME'] === undefined || env['HOME'] === '') return null
  return platform === 'darwin' ? `${env['HOME']}/Library/Application Support` : `${env['HOME']}/.config`
}

function parse(place: string, text: string, words: boolean): string[] {
  try {
    return parseIdentities(text, words)
  } catch (error) {
    if (!(error instanceof KeyserviceError)) throw error
    throw new KeyserviceError(error.code, `${place}: ${error.message}`, {
      cause: error,
      upstream: `failed to parse '${place}' age identities: ${error.upstream ?? error.message}`,
    })
  }
}

const kinds = ['AGE-PLUGIN-', 'AGE-SECRET-KEY-PQ-1', 'AGE-SECRET-KEY-1']

/**
 * The identities of a key file: one a line, empty lines and lines that start with `#` skipped.
 *
 * @param words several a line, separated by blanks
 * @throws `IDENTITY_MISSING` for a line that is no identity; the message does not hold it.
 */
export function parseIdentities(text: string, words = false): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))
  if (/^(?:age-encryption|-----BEGIN AGE)/.test(text)) {
    throw new KeyserviceError(
      'IDENTITY_MISSING',
      'key files that are encrypted with a passphrase are not supported yet',
    )
  }
  const identities = words ? lines.flatMap((line) => line.split(/\s+/).filter((word) => word !== '')) : lines
  if (identities.every((identity) => kinds.some((kind) => identity.startsWith(kind)))) return identities
  throw new KeyserviceError('IDENTITY_MISSING', 'a line of the key file is no age identity', {
    hint: 'an identity is one line AGE-SECRET-KEY-1..., as age-keygen writes it',
    upstream: 'unknown identity type',
  })
}
