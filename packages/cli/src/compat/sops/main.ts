import { existsSync } from 'node:fs'
import type { Io } from '../../io.ts'
import { codes, fatal, pathError, SopsExit } from './exit.ts'
import { type CommandName, rootFlags } from './flags.ts'
import { parseFlags, reorder } from './parse.ts'
import { Session } from './session.ts'

const commands: Readonly<Record<CommandName, () => Promise<(session: Session) => Promise<number>>>> = {
  decrypt: async () => (await import('./decrypt.ts')).decrypt,
  encrypt: async () => (await import('./encrypt.ts')).encrypt,
  edit: async () => (await import('./edit.ts')).edit,
  updatekeys: async () => (await import('./updatekeys.ts')).updatekeys,
  set: async () => (await import('./set.ts')).set,
  unset: async () => (await import('./set.ts')).unset,
  rotate: async () => (await import('./rotate.ts')).rotate,
  filestatus: async () => (await import('./filestatus.ts')).filestatus,
  keyservice: async () => (await import('./keyservice.ts')).keyservice,
  'groups add': async () => (await import('./groups.ts')).groupsAdd,
  'groups delete': async () => (await import('./groups.ts')).groupsDelete,
  'exec-file': async () => (await import('./execfile.ts')).execFile,
  'exec-env': async () => (await import('./execenv.ts')).execEnv,
  publish: async () => (await import('./publish.ts')).publish,
  'completion bash': async () => (await import('./completion.ts')).completionBash,
  'completion zsh': async () => (await import('./completion.ts')).completionZsh,
}

/**
 * The command line of sops 3.13.3 on Sealkit's libraries: its flags, texts and exit codes.
 *
 * Where sops leaves values in plain text or loses them (an invalid regular expression, a truncated file), this one
 * refuses; files are replaced whole, and new files in plain text are their owner's alone.
 */
export async function run(io: Io): Promise<number> {
  try {
    return await runLine(io)
  } catch (error) {
    if (isUnwritten(error)) {
      io.stderr.write(`${pathError('write', '/dev/stdout', error)}\n`)
      return codes.generic
    }
    if (!(error instanceof SopsExit)) throw error
    if (error.message !== '') io.stderr.write(`${error.message}\n`)
    return error.code
  }
}

async function runLine(io: Io): Promise<number> {
  if (existsSync('/etc/sops/audit.yaml')) (await import('./audit.ts')).refuseAudit()
  if (io.argv.at(-1) === '--generate-bash-completion') return (await import('./completion.ts')).suggest(io)
  const root = parseFlags(io.argv, rootFlags, io.env)
  if (root.error !== undefined) {
    // What the environment says of flags is no part of the line: no help is given on it.
    if (!root.error.startsWith('could not parse ')) await (await import('./usage.ts')).wrongUsage(io, null, root.error)
    fatal(io, root.error)
    return 1
  }
  if (root.help) return (await import('./usage.ts')).help(io, null)
  if (root.version) return (await import('./version.ts')).version(io, root.values)
  const [first = '', ...rest] = root.args
  if (first === 'groups' || first === 'completion') {
    const name = `${first} ${rest[0] ?? ''}`
    if (!isCommand(name)) return (await import('./usage.ts')).group(io, first, rest)
    return runCommand(io, name, { rest: rest.slice(1), globals: root.values })
  }
  if (first === 'help' || first === 'h') return (await import('./usage.ts')).help(io, rest[0] ?? null)
  if (isCommand(first)) return runCommand(io, first, { rest, globals: root.values })
  const session = new Session({ io, flags: root.values, globals: root.values, args: root.args })
  return (await import('./legacy.ts')).legacy(session)
}

async function runCommand(
  io: Io,
  name: CommandName,
  { rest, globals }: { rest: readonly string[]; globals: Session['globals'] },
): Promise<number> {
  const { [name]: flags } = (await import('./commandflags.ts')).commandFlags
  const parsed = parseFlags(reorder(rest, flags), flags, io.env)
  if (parsed.error !== undefined) {
    await (await import('./usage.ts')).wrongUsage(io, name, parsed.error)
    fatal(io, parsed.error)
    return 1
  }
  if (parsed.help) return (await import('./usage.ts')).help(io, name)
  const session = new Session({ io, flags: parsed.values, globals, args: parsed.args })
  return (await commands[name]())(session)
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name)
}

/** Whether standard output could not be written; a reader that went away is no failure of this program's. */
function isUnwritten(error: unknown): boolean {
  return (
    error instanceof Error &&
    'syscall' in error &&
    error.syscall === 'write' &&
    'code' in error &&
    error.code !== 'EPIPE'
  )
}
