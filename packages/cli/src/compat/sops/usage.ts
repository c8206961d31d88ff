import { formatVersion } from '@sealkit/core/sops'
import type { Io } from '../../io.ts'
import { commandFlags } from './commandflags.ts'
import { fatal, SopsExit } from './exit.ts'
import { type CommandName, type Flag, rootFlags } from './flags.ts'
import { parseFlags } from './parse.ts'
import { commandTexts, purposes } from './purposes.ts'

type Group = 'groups' | 'completion'

const helpFlag: Flag = { names: ['help', 'h'], kind: 'bool' }

/** The flags of the program as its help and its completion list them. */
export const programFlags: readonly Flag[] = [...rootFlags, helpFlag, { names: ['version', 'v'], kind: 'bool' }]

/** The commands below the program, or below a group, as help and completion list them. */
export function commandsOf(group: Group | null): readonly (readonly [name: string, purpose: string])[] {
  return Object.entries(commandTexts).flatMap(([name, [purpose]]) => {
    const [first = '', second] = name.split(' ')
    if (group === null) return second === undefined ? [[name, purpose] as const] : []
    return first === group && second !== undefined ? [[second, purpose] as const] : []
  })
}

/**
 * Prints help for a command, or for the program.
 *
 * @throws SopsExit 3 where there is no such command
 */
export function help(io: Io, command: string | null): number {
  if (command === null) io.stdout.write(programHelp())
  else if (command === 'help' || command === 'h') io.stdout.write(helpOfHelp)
  else if (isTopic(command)) io.stdout.write(commandHelp(command))
  else throw noTopic(command)
  return 0
}

/** `sops groups`, `sops completion`: what is not one of the group's commands is a question for help. */
export function group(io: Io, name: Group, args: readonly string[]): number {
  const { error, help: asked, args: rest } = parseFlags(args, [], {})
  if (error !== undefined) {
    io.stdout.write(`Incorrect Usage. ${error}\n\n${groupHelp(name)}`)
    fatal(io, error)
    return 1
  }
  const [first, topic] = rest
  if (asked || first === undefined) io.stdout.write(groupHelp(name))
  else if (first !== 'help' && first !== 'h') throw noTopic(first)
  else if (topic === undefined) io.stdout.write(groupAsProgram(name))
  else if (isTopic(`${name} ${topic}`)) io.stdout.write(commandHelp(`${name} ${topic}` as CommandName))
  else throw noTopic(topic)
  return 0
}

/** Prints what is wrong with a command line, and the help. */
export async function wrongUsage(io: Io, command: CommandName | null, problem: string): Promise<void> {
  const mark = command === null ? '.' : ':'
  io.stdout.write(`Incorrect Usage${mark} ${problem}\n\n${command === null ? programHelp() : commandHelp(command)}`)
}

function noTopic(topic: string): SopsExit {
  return new SopsExit(`No help topic for '${topic}'`, 3)
}

function isTopic(name: string): name is keyof typeof commandTexts {
  return Object.hasOwn(commandTexts, name)
}

function commandHelp(command: keyof typeof commandTexts): string {
  const [purpose, args] = commandTexts[command]
  const flags = command === 'groups' || command === 'completion' ? [] : commandFlags[command]
  const named = flags.length === 0 ? '' : ' [command options]'
  const list = flags.length === 0 ? '' : `\nOPTIONS:\n${options(flags, command)}   \n`
  return `NAME:
   sops ${command} - ${purpose}

USAGE:
   sops ${command}${named} ${args}
${list}`
}

/** Sops loses its own name here. */
const helpOfHelp = `NAME:
    - Shows a list of commands or help for one command

USAGE:
    [command]
`

function groupHelp(name: Group): string {
  return `NAME:
   sops ${name} - ${commandTexts[name][0]}

USAGE:
   sops ${name} command [command options] [arguments...]

COMMANDS:
${aligned(commandsOf(name))}
OPTIONS:
   --help, -h  show help
   
`
}

function groupAsProgram(name: Group): string {
  return `NAME:
   sops ${name} - ${commandTexts[name][0]}

USAGE:
   sops ${name} [global options] command [command options] [arguments...]

VERSION:
   ${formatVersion}

COMMANDS:
${aligned(commandsOf(name))}
GLOBAL OPTIONS:
   --help, -h  show help
`
}

function programHelp(): string {
  return `NAME:
   sops - encrypted file editor, on Sealkit

USAGE:
   sops [global options] command [command options] [arguments...]
   sops [global options] file

   Without a command and without --decrypt, --encrypt, --rotate or --set, the file is opened in an editor.
   Flags must stand before the file; behind it they are ignored.

VERSION:
   ${formatVersion}

COMMANDS:
${aligned([...commandsOf(null), ['help, h', 'Shows a list of commands or help for one command']])}
GLOBAL OPTIONS:
${options(programFlags, '')}`
}

function options(flags: readonly Flag[], command: string): string {
  return aligned(flags.map((flag) => [names(flag), purposeOf(flag, command)] as const))
}

function names({ names: [name, short], kind }: Flag): string {
  const value = kind === 'bool' || kind === 'on' ? '' : ' value'
  return `--${name}${value}${short === undefined ? '' : `, ${short.length === 1 ? '-' : '--'}${short}${value}`}`
}

function purposeOf({ names: [name], env, kind }: Flag, command: string): string {
  const text = purposes[`${command} ${name}`] ?? purposes[name] ?? ''
  const initial = kind === 'int' ? ' (default: 0)' : ''
  return `${text}${initial}${env === undefined ? '' : ` [$${env}]`}`
}

function aligned(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `   ${left.padEnd(width)}  ${right}\n`).join('')
}
