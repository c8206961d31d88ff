/** What a program came to. */
export interface RunResult {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly stdout: Uint8Array
  readonly stderr: string
}

/** What a program is run with. */
export interface RunOptions {
  /** Variables beside the machine's own. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: Uint8Array
  /** Ends the program. */
  readonly signal?: AbortSignal
}

/** One HTTP request. */
export interface Request {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string
  /** A certificate and its key in PEM, to show to the server. */
  readonly client?: { readonly certificate: string; readonly key: string }
  /** The name that the server's certificate must be for, instead of the address's. */
  readonly serverName?: string
  /** Do not check the server's certificate. */
  readonly insecure?: boolean
  readonly signal?: AbortSignal
}

/** What a server answered. */
export interface Response {
  readonly status: number
  /** By their names in lower case. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

/** A stream of bytes both ways: a running program's standard streams, or a socket. */
export interface Channel {
  send(text: string): void
  /** The next bytes; null at the end. */
  receive(): Promise<Uint8Array | null>
  close(): void
}

/** A person at the machine. Each throws where there is nobody to ask, or the signal says that it is no longer wanted. */
export interface Person {
  /** Shows a text. */
  tell(text: string): Promise<void>
  /** Asks for a line, which stays invisible where it is secret. */
  ask(prompt: string, secret: boolean, signal?: AbortSignal): Promise<string>
  /** Asks for one character of `keys`. */
  choose(prompt: string, keys: string, signal?: AbortSignal): Promise<string>
}

/** What a master key may touch of the machine. What is absent it does without, and says so where it cannot. */
export interface KeyIo {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Node's name of the operating system; `linux` where it is absent. */
  readonly platform?: string
  /** The machine's name, for sessions of AWS. */
  hostname?(): Promise<string>
  /** The user's home folder in the user database. */
  home?(): Promise<string>
  /** A file's bytes; null where there is none; throws what `node:fs` throws where it cannot be read. */
  readFile(path: string): Promise<Uint8Array | null>
  /** Makes an HTTP request. Absent where a file from somebody else must not choose whom this machine talks to. */
  readonly request?: (url: string, request: Request) => Promise<Response>
  /** Runs a program without a shell; throws where it cannot be started, and after a time of its own where it hangs. */
  run(command: readonly string[], options: RunOptions): Promise<RunResult>
  /** Starts a program without a shell and talks to it; throws where it cannot be started. */
  readonly start?: (command: readonly string[], options: { readonly signal?: AbortSignal }) => Promise<Channel>
  /** Connects to a socket of this machine. */
  readonly connect?: (path: string) => Promise<Channel>
  /** Loads a package that is not installed with this one: the SDK of a cloud. Throws where it is not there. */
  readonly load?: (name: string) => Promise<unknown>
  readonly person?: Person
  /** Told what a person should know and no error says; `source` is sops' name of the part that says it. */
  readonly warn?: (source: string, text: string) => void
}

/** Reads a file as text. */
export async function readText(io: KeyIo, path: string): Promise<string | null> {
  const bytes = await io.readFile(path)
  return bytes === null ? null : Buffer.from(bytes).toString()
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENXIO: 'no such device or address',
  ETIMEDOUT: 'i/o timeout',
}

/** Why a system call failed, in Go's words. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? (error instanceof Error ? error.message : String(error))
}
