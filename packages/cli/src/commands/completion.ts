import type { Command } from '../command.ts'
import { commands, programs } from '../commands.ts'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { type CompletedCommand, completedCommands } from '../completion/table.ts'
import { zshScript } from '../completion/zsh.ts'
import { CliError, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'

/** One line for the list of commands. */
export const summary = 'Print the script by which a shell completes verbs, options and their values'

/** The positional arguments. */
export const positionals = 'bash|zsh|fish'

/** The command line as data. */
export const options: Command['options'] = []

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['source <(sealkit completion bash)', 'in ~/.bashrc; for zsh the same in ~/.zshrc, after compinit'],
  ['sealkit completion fish > ~/.config/fish/completions/sealkit.fish', 'for fish'],
]

const scripts: Readonly<Record<string, (table: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** Prints the script of one shell. It is whole: completing starts no program. */
export async function run(_: unknown, [shell = '', ...more]: readonly string[], io: Io): Promise<number> {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
  if (script === undefined || more.length > 0) {
    throw new CliError('USAGE', 'completion needs the name of a shell', {
      hint: `give ${Object.keys(scripts).join(', ')}`,
    })
  }
  io.stdout.write(script(await table()))
  return exitCode.done
}

async function table(): Promise<readonly CompletedCommand[]> {
  const loaded = Object.entries(commands).map(async ([verb, load]) => [verb, await load()] as const)
  const others = Object.entries(programs).map(([verb, { summary: text }]) => ({ ...none, verb, summary: text }))
  return [...completedCommands(Object.fromEntries(await Promise.all(loaded))), ...others]
}

const none = { options: [], words: [], wraps: false } as const
