import { Command as Commander, CommanderError, Option as CommanderOption } from 'commander'
import type { Command, Option } from './command.ts'
import { commands } from './commands.ts'
import { CliError, exitCode } from './exit.ts'
import type { Io } from './io.ts'

/** Answers `sealkit`, `sealkit --help` and an unknown verb. */
export async function program(verb: string, io: Io): Promise<number> {
  const commander = silent(new Commander('sealkit'), io).description(
    'Secrets for GitOps: seal, encrypt, reference, render.',
  )
  for (const [name, load] of Object.entries(commands)) {
    commander.addCommand(describe(silent(new Commander(name), io), await load()))
  }
  if (verb === '') {
    io.stderr.write(commander.helpInformation())
    return exitCode.usage
  }
  return outcome(commander, [verb, ...io.argv])
}

/** Answers `sealkit VERB --help`, or says what is wrong with the command line. */
export async function command(verb: string, loaded: Command, io: Io): Promise<number> {
  return outcome(describe(silent(new Commander(`sealkit ${verb}`), io), loaded), io.argv)
}

/** The help text of one command, from its table. */
export function helpText(verb: string, loaded: Command): string {
  return describe(new Commander(`sealkit ${verb}`), loaded).helpInformation()
}

function silent(commander: Commander, io: Io): Commander {
  return commander.exitOverride().configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => {} })
}

function describe(commander: Commander, loaded: Command): Commander {
  commander.description(loaded.summary)
  for (const option of loaded.options) commander.addOption(new CommanderOption(flags(option), option.description))
  if (loaded.positionals !== undefined) commander.arguments('[arguments...]').usage(`[options] ${loaded.positionals}`)
  const examples = (loaded.examples ?? []).map(([line, meaning]) => `  $ ${line}\n      ${meaning}`)
  if (examples.length > 0) commander.addHelpText('after', `\nExamples:\n${examples.join('\n')}`)
  return commander.action(() => {})
}

function flags({ name, short, type, value }: Option): string {
  const long = type === 'string' ? `--${name} <${value ?? 'VALUE'}>` : `--${name}`
  return `${short === undefined ? '' : `-${short}, `}${long}`
}

async function outcome(commander: Commander, argv: readonly string[]): Promise<number> {
  try {
    await commander.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return exitCode.done
    const [first = '', second] = error.message.replace(/^error: /, '').split('\n')
    throw new CliError('USAGE', first, {
      hint: second?.replace(/^\(|\?\)$/g, (at) => (at === '(' ? '' : '?')) ?? `see ${commander.name()} --help`,
      cause: error,
    })
  }
  throw new CliError('USAGE', 'the command line cannot be parsed', { hint: `see ${commander.name()} --help` })
}
