import { accessSync, constants, statSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { replaceFile } from '../../file.ts'
import type { Io } from '../../io.ts'
import { fileFailure } from './failure.ts'
import type { FlagValues } from './flags.ts'

/**
 * Where a call prints: standard output as the text comes, or the file of `--sealed-secret-file`, which is replaced when
 * the call has succeeded and otherwise stays as it is.
 */
export class Output {
  /** `json`, `yaml` or what the user wrote; a file's extension wins over the flag. */
  readonly format: string
  readonly #io: Io
  readonly #path: string
  readonly #chunks: Uint8Array[] = []
  #written = false

  constructor(values: FlagValues, io: Io) {
    const rotates = values.bool('re-encrypt') || values.bool('rotate')
    const inPlace = rotates ? values.text('secret-file') : ''
    this.#io = io
    this.#path = values.text('sealed-secret-file') || inPlace
    if (this.#path !== '') checkFolder(this.#path, io)
    this.format = ['.yaml', '.yml'].includes(extname(this.#path)) ? 'yaml' : values.text('format')
  }

  write(chunk: string | Uint8Array): void {
    this.#written = true
    if (this.#path === '') this.#io.stdout.write(chunk)
    else this.#chunks.push(Buffer.from(chunk as Uint8Array))
  }

  /** Replaces the file. A call that printed nothing leaves it alone; upstream would empty it. */
  finish(): void {
    if (this.#path === '' || !this.#written) return
    try {
      replaceFile(resolve(this.#io.cwd, this.#path), Buffer.concat(this.#chunks), { mode: 0o600 })
    } catch (error) {
      throw fileFailure(error, 'open', this.#path)
    }
  }
}

/** Upstream makes its temporary file first of all, so that an output that cannot be written is the first thing said. */
function checkFolder(path: string, io: Io): void {
  const target = resolve(io.cwd, path)
  // A pipe or a terminal is written to, and needs no room beside it.
  if (statSync(target, { throwIfNoEntry: false })?.isFile() === false) return
  try {
    accessSync(dirname(target), constants.W_OK)
  } catch (error) {
    throw fileFailure(error, 'open', path)
  }
}
