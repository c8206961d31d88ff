import type { Command, Values } from './command.ts'
import { commands, personalities, programs } from './commands.ts'
import { errorExitCode, errorText, exitCode } from './exit.ts'
import type { Io } from './io.ts'
import { version } from './version.ts'

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
  if (personality !== undefined) return (await personality.load()).run(makeIo(program, argv))
  const [verb = '', ...rest] = argv
  const named = own(programs, verb)
  if (named !== undefined) return (await named.load()).run(makeIo(verb, rest))
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
