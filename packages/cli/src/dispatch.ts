import type { Command, Values } from './command.ts'
import { commands } from './commands.ts'
import { errorExitCode, errorText, exitCode } from './exit.ts'
import type { Io } from './io.ts'
import { version } from './version.ts'

/** Other programs' command lines, by the name under which they are called. */
const personalities: Readonly<Record<string, () => Promise<{ run(io: Io): Promise<number> }>>> = {
  kubeseal: () => import('./compat/kubeseal/main.ts'),
  sops: () => import('./compat/sops/main.ts'),
}

/** Verbs whose arguments are another program's. */
const programs: typeof personalities = {
  ...personalities,
  controller: () => import('./controller.ts'),
}

/**
 * Runs one command line and gives its exit code. A program named like a personality is that personality, and so is
 * `sealkit kubeseal ...`; everything else is a command of `sealkit`.
 */
export async function dispatch(
  program: string,
  argv: readonly string[],
  makeIo: (program: string, argv: readonly string[]) => Io,
): Promise<number> {
  const called = program.slice(program.lastIndexOf('/') + 1).replace(/\.exe$/, '')
  const personality = own(personalities, called)
  if (personality !== undefined) return (await personality()).run(makeIo(program, argv))
  const [verb = '', ...rest] = argv
  const named = own(programs, verb)
  if (named !== undefined) return (await named()).run(makeIo(verb, rest))
  return command(verb, makeIo(program, rest))
}

async function command(verb: string, io: Io): Promise<number> {
  try {
    if (verb === '--version' || verb === 'version') {
      io.stdout.write(`sealkit ${version}\n`)
      return exitCode.done
    }
    const load = own(commands, verb)
    if (load === undefined) return await (await import('./help.ts')).program(verb, io)
    const loaded = await load()
    const parsed = await parse(loaded, io.argv)
    if (parsed === null) return await (await import('./help.ts')).command(verb, loaded, io)
    return await loaded.run(parsed.values, parsed.positionals, io)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') throw error
    io.stderr.write(errorText(error))
    return errorExitCode(error)
  }
}

/** A row of a table by a name that comes from outside: `constructor` is not in it. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** The values of a command line, or null where help is asked for or the line is wrong: commander then says which. */
async function parse(
  command: Command,
  argv: readonly string[],
): Promise<{ values: Values; positionals: string[] } | null> {
  // Loaded here, for it costs a personality, which never parses a command, a millisecond of its start.
  const { parseArgs } = await import('node:util')
  const options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }> = {
    help: { type: 'boolean', short: 'h' },
  }
  for (const { name, type, short, multiple } of command.options) {
    options[name] = { type, ...(short && { short }), ...(multiple && { multiple }) }
  }
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: command.positionals !== undefined,
    })
    return values['help'] === true ? null : { values: values as Values, positionals }
  } catch {
    return null
  }
}
