import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import {
  type Config,
  type CreationRule,
  checkVersion,
  DataKeyError,
  decryptFile,
  type Format,
  formatOf,
  formats,
  type IvStash,
  matchRule,
  openStore,
  readConfig,
  type SopsFile,
  type Store,
  unwrapDataKey,
} from '@sealkit/core/sops'
import type { MasterKeys } from '@sealkit/keyservice'
import type { Io } from '../../io.ts'
import { codes, goText, pathError, SopsExit, step, warn } from './exit.ts'
import { exists, readInput, type Target } from './files.ts'
import type { FlagValues } from './parse.ts'
import { keysOf } from './services.ts'

/** One command line at work: its flags, its configuration, its keys. */
export class Session {
  readonly io: Io
  readonly flags: FlagValues
  /** Flags of the program itself; the same as `flags` in the old form. */
  readonly globals: FlagValues
  readonly args: readonly string[]
  #config: { path: string; config: Promise<Config> } | null | undefined
  #keys: MasterKeys | undefined

  constructor(parts: { io: Io; flags: FlagValues; globals: FlagValues; args: readonly string[] }) {
    this.io = parts.io
    this.flags = parts.flags
    this.globals = parts.globals
    this.args = parts.args
  }

  /** Master keys, by the key services that the flags name. */
  get keys(): MasterKeys {
    this.#keys ??= keysOf(this.io, this.flags)
    return this.#keys
  }

  /** The store that reads or writes a file. */
  async store(target: Target, direction: 'input-type' | 'output-type'): Promise<Store> {
    const type = this.flags.text(direction)
    const format = isFormat(type) ? type : formatOf(target.name)
    const config = await step(() => this.#openConfig()?.config, codes.generic)
    const configured = config?.indents ?? {}
    if (direction === 'input-type' || !this.globals.has('indent')) return openStore(format, configured)
    const indent = this.globals.number('indent')
    return openStore(format, { yaml: indent, json: indent, json_binary: indent })
  }

  /** The creation rule for a file; null without a configuration file, or one without rules. */
  async creationRule(target: Target): Promise<CreationRule | null> {
    const found = this.#openConfig()
    if (found === null) return null
    const config = await step(() => found.config, codes.generic)
    const folder = `${resolve(this.io.cwd, dirname(found.path))}/`.replace(/\/+$/, '/')
    const path = target.name.startsWith(folder) ? target.name.slice(folder.length) : target.name
    return step(() => matchRule(config, path), codes.generic)
  }

  /** Path of the configuration file, as it is shown; empty where there is none. */
  get configPath(): string {
    return this.#openConfig()?.path ?? ''
  }

  #openConfig(): { path: string; config: Promise<Config> } | null {
    if (this.#config === undefined) {
      const path = this.globals.text('config') || this.#lookup()
      this.#config = path === '' ? null : { path, config: this.#readConfig(path) }
    }
    return this.#config
  }

  /** Looks for `.sops.yaml` in the working directory and above it. */
  #lookup(): string {
    let path = ''
    let alternative = ''
    for (let folder = '.', last = ''; path === ''; folder = join(folder, '..')) {
      const absolute = resolve(this.io.cwd, folder)
      if (absolute === last) break
      last = absolute
      if (exists(join(absolute, '.sops.yaml'))) path = join(folder, '.sops.yaml')
      else if (alternative === '' && exists(join(absolute, '.sops.yml'))) alternative = join(folder, '.sops.yml')
    }
    if (alternative !== '') {
      const instead = path === '' ? '' : `; using ${JSON.stringify(path)} instead`
      const text = `ignoring ${JSON.stringify(alternative)} when searching for config file; the config file must be called ".sops.yaml"${instead}`
      warn(this.io, text)
    }
    return path
  }

  async #readConfig(path: string): Promise<Config> {
    let text: string
    try {
      text = readFileSync(resolve(this.io.cwd, path), 'utf8')
    } catch (error) {
      throw new SopsExit(`could not read config file: ${pathError('open', path, error)}`, codes.generic)
    }
    const context = kmsContext(this.io, this.flags.text('encryption-context'))
    return step(
      () => readConfig(text, context === null ? {} : { context }),
      codes.generic,
      'error loading config: Could not unmarshal config file: ',
    )
  }

  /** Reads an encrypted file; `shown` is its name in messages. */
  async load(store: Store, target: Target, shown: string = target.path): Promise<SopsFile> {
    const bytes = await readInput(this.io, target.path, shown)
    return step(async () => {
      const file = store.loadEncrypted(bytes)
      checkVersion(file.metadata.version)
      if (!file.metadata.keyGroups.some((group) => group.some(({ context }) => context))) return file
      return (await import('./contextbug.ts')).repairContext(this, { file, store, target })
    }, codes.generic)
  }

  /** The data key of a file; the order of kinds is the flag's unless it is given. */
  async dataKey(file: SopsFile, order?: readonly string[]): Promise<Uint8Array> {
    const kinds = order ?? decryptionOrder(this.flags.text('decryption-order'))
    try {
      return await unwrapDataKey(file.metadata, { unwrap: this.keys.unwrap, order: kinds, attempts: 'one by one' })
    } catch (error) {
      if (!(error instanceof DataKeyError)) throw new SopsExit(goText(error), codes.couldNotRetrieveKey, error)
      const { dataKeyText } = await import('./userror.ts')
      throw new SopsExit(
        dataKeyText(error, file.metadata.shamirThreshold, hasColor(this.io)),
        codes.couldNotRetrieveKey,
        error,
      )
    }
  }

  /** Decrypts a file and checks its MAC unless it is to be ignored. */
  async decrypt(file: SopsFile, options: { dataKey: Uint8Array; stash?: IvStash }): Promise<SopsFile> {
    const ignoreMac = this.flags.flag('ignore-mac')
    try {
      const documents = await decryptFile(file, {
        ...options,
        ignoreMac,
        onPlainComment: (text) => this.#warnComment(text),
      })
      return { documents, metadata: file.metadata }
    } catch (error) {
      const text = goText(error)
      const isMac = error instanceof Error && 'code' in error && error.code === 'MAC_MISMATCH'
      if (isMac) throw new SopsExit(text, codes.macMismatch, error)
      throw new SopsExit(`Error decrypting tree: Error walking tree: ${text}`, codes.errorDecryptingTree, error)
    }
  }

  #warnComment(text: string): void {
    warn(
      this.io,
      'Found possibly unencrypted comment in file. This is to be expected if the file being decrypted was created with an older version of SOPS.',
      { logger: 'SOPS', fields: ` comment=${JSON.stringify(text)}` },
    )
  }

  /** Says that only the first of several arguments counts. */
  warnArguments(): void {
    if (this.args.length <= 1) return
    warn(this.io, 'More than one positional argument provided. Only the first one will be used!')
    const looksLikeFlag = this.args.slice(1).findLast((argument) => argument.startsWith('-'))
    if (looksLikeFlag === undefined) return
    warn(
      this.io,
      `Note that one of the ignored positional argument is ${JSON.stringify(looksLikeFlag)}, which looks like a flag. Flags must always be provided before the first positional argument!`,
    )
  }
}

/** When Go's `color` package writes colors: by standard output, wherever the text goes. */
function hasColor({ env, stdout }: Io): boolean {
  return stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

function isFormat(text: string): text is Format {
  return (formats as readonly string[]).includes(text)
}

function decryptionOrder(text: string): readonly string[] {
  if (text === '') return ['age', 'pgp']
  const order = text.split(',')
  const twice = order.find((kind, index) => order.indexOf(kind) !== index)
  if (twice === undefined) return order
  throw new SopsExit(`Duplicate decryption key type: ${twice}`, codes.duplicateDecryptionKeyType)
}

/** The encryption context of AWS KMS keys: `key:value` pairs with commas between; null where there is none. */
export function kmsContext(io: Io, text: string): Record<string, string> | null {
  if (text === '') return null
  const pairs = text.split(',').map((pair) => pair.split(':'))
  if (pairs.some((pair) => pair.length !== 2)) {
    warn(io, 'Encryption context contains a non-string value, context will not be used', { logger: 'AWSKMS' })
    throw new SopsExit('Invalid KMS encryption context format', codes.invalidKmsContext)
  }
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, value]))
}
