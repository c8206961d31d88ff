import type { Io } from '../../io.ts'
import { commandFlags } from './commandflags.ts'
import { type CommandName, type Flag, rootFlags } from './flags.ts'
import { parseFlags } from './parse.ts'
import type { Session } from './session.ts'
import { commandsOf, programFlags } from './usage.ts'

/** `sops completion bash`: the script that asks this program what may follow. */
export async function completionBash({ io }: Session): Promise<number> {
  io.stdout.write(bash)
  return 0
}

/** `sops completion zsh` */
export async function completionZsh({ io }: Session): Promise<number> {
  io.stdout.write(zsh)
  return 0
}

const bash = `#! /bin/bash

_cli_bash_autocomplete() {
  if [[ "\${COMP_WORDS[0]}" != "source" ]]; then
    local cur opts base
    COMPREPLY=()
    cur="\${COMP_WORDS[COMP_CWORD]}"
    if [[ "$cur" == "-"* ]]; then
      opts=$( \${COMP_WORDS[@]:0:$COMP_CWORD} \${cur} --generate-bash-completion )
    else
      opts=$( \${COMP_WORDS[@]:0:$COMP_CWORD} --generate-bash-completion )
    fi
    COMPREPLY=( $(compgen -W "\${opts}" -- \${cur}) )
    return 0
  fi
}
complete -o bashdefault -o default -o nospace -F _cli_bash_autocomplete sops
`

const zsh = `#compdef sops

_cli_zsh_autocomplete() {

  local -a opts
  local cur
  cur=\${words[-1]}
  if [[ "$cur" == "-"* ]]; then
    opts=("\${(@f)$(_CLI_ZSH_AUTOCOMPLETE_HACK=1 \${words[@]:0:#words[@]-1} \${cur} --generate-bash-completion)}")
  else
    opts=("\${(@f)$(_CLI_ZSH_AUTOCOMPLETE_HACK=1 \${words[@]:0:#words[@]-1} --generate-bash-completion)}")
  fi

  if [[ "\${opts[1]}" != "" ]]; then
    _describe 'values' opts
  else
    _files
  fi

  return
}

compdef _cli_zsh_autocomplete sops
`

const helpCommand = ['help', 'Shows a list of commands or help for one command'] as const
const helpFlag: Flag = { names: ['help', 'h'], kind: 'bool' }

/** What may follow a command line whose last argument is `--generate-bash-completion`, one a line. */
export async function suggest(io: Io): Promise<number> {
  const argv = io.argv.slice(0, -1)
  const { args } = parseFlags(argv, rootFlags, {})
  const [first = '', ...rest] = args
  const last = argv.at(-1) ?? ''
  const { commands, flags } = place(first, rest)
  const lines = last.startsWith('-')
    ? flags.flatMap((flag) => flagNames(flag, last, argv))
    : commands
        .flatMap(([name, purpose]) => commandNames(name).map((one) => [one, purpose]))
        .map(([name, purpose]) => (io.env['_CLI_ZSH_AUTOCOMPLETE_HACK'] === '1' ? `${name}:${purpose}` : name))
  io.stdout.write(lines.map((line) => `${line}\n`).join(''))
  return 0
}

interface Place {
  readonly commands: readonly (readonly [name: string, purpose: string])[]
  readonly flags: readonly Flag[]
}

/** Where on the command line the cursor is: what commands and flags are known there. */
function place(first: string, rest: readonly string[]): Place {
  if (first === 'groups' || first === 'completion') {
    const [second = ''] = parseFlags(rest, [], {}).args
    const name = `${first} ${second}`
    if (isCommand(name)) return { commands: [], flags: [helpFlag, ...commandFlags[name]] }
    const isHelp = second === 'help' || second === 'h'
    return { commands: isHelp ? [] : [...commandsOf(first), helpCommand], flags: [helpFlag] }
  }
  if (first === 'help' || first === 'h') return { commands: [], flags: programFlags }
  if (isCommand(first)) return { commands: [], flags: [...programFlags, ...commandFlags[first]] }
  return { commands: [...commandsOf(null), helpCommand], flags: programFlags }
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commandFlags, name)
}

function commandNames(name: string): string[] {
  return name === 'help' ? ['help', 'h'] : [name]
}

/** The forms of a flag that begin like the last argument, unless the flag is on the line already. */
function flagNames(flag: Flag, last: string, argv: readonly string[]): string[] {
  const start = last.replace(/^--?/, '')
  const names = flag.names.flatMap((name) => (name === undefined ? [] : [name]))
  const form = (name: string): string => `${name.length === 1 ? '-' : '--'}${name}`
  if (names.some((name) => argv.includes(form(name)))) return []
  return names
    .filter((name) => name.startsWith(start) && name !== start && !(last.startsWith('--') && name.length === 1))
    .map(form)
}
