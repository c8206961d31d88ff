/** What a program came to. */
export interface RunResult {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly stdout: Uint8Array
  readonly stderr: string
}

/** One HTTP request. */
export interface Request {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string
  /** Do not check the server's certificate. */
  readonly insecure?: boolean
}

/** What a master key may touch of the machine. */
export interface KeyIo {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Node's name of the operating system; `linux` where it is absent. */
  readonly platform?: string
  /** The machine's name, for sessions of AWS. */
  hostname?(): Promise<string>
  /** The user's home folder in the user database; only messages name it. */
  home?(): Promise<string>
  /** A file's text; null where there is none; throws where it cannot be read. */
  readFile(path: string): Promise<string | null>
  /** Makes an HTTP request. Absent where a file from somebody else must not choose whom this machine talks to. */
  readonly request?: (url: string, request: Request) => Promise<{ readonly status: number; readonly text: string }>
  /** Runs a program without a shell, with more variables and an input; throws where it cannot be started. */
  run(
    command: readonly string[],
    options: { readonly env?: Readonly<Record<string, string>>; readonly input?: Uint8Array },
  ): Promise<RunResult>
}
