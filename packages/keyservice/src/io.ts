/** What a master key may touch of the machine. */
export interface KeyIo {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Node's name of the operating system; `linux` where it is absent. */
  readonly platform?: string
  /** A file's text; null where there is none; throws where it cannot be read. */
  readFile(path: string): Promise<string | null>
  /** Runs a program without a shell and gives its output; throws where it fails. */
  run(command: readonly string[], env: Readonly<Record<string, string>>): Promise<string>
}
