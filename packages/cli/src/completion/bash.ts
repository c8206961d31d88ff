import type { CompletedCommand } from './table.ts'

/**
 * The script that bash reads: one function over a table of words, for bash 3.2 and newer, and no package beside it.
 * Where it has no answer, bash completes files.
 */
export function bashScript(commands: readonly CompletedCommand[]): string {
  return `# Completion of sealkit for bash, made by: sealkit completion bash
_sealkit() {
  local verb=\${COMP_WORDS[1]} word=\${COMP_WORDS[COMP_CWORD]} given= option= ended= count=0 prefix= at
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${words([...commands.map(({ verb }) => verb), '--help', '--version'])}' -- "$word"))
    return
  fi
  local options= valued= first= wraps= values=
  case $verb in
${commands.map(commandCase).join('\n')}
  esac
  for ((at = 2; at < COMP_CWORD; at++)); do
    given=\${COMP_WORDS[at]}
    # bash makes three words of --name=value.
    if [[ $given == = ]]; then continue
    elif [[ -n $option ]]; then option=
    elif [[ -n $ended ]]; then ((count++))
    elif [[ $given == -- ]]; then ended=yes count=0
    elif [[ $valued == *" $given "* ]]; then option=$given
    elif [[ $given != -* ]]; then ((count++))
    fi
  done
  if [[ $word == = ]]; then word=
  elif [[ -z $ended$option && $word == --*=* ]]; then
    option=\${word%%=*} prefix=$option= word=\${word#*=}
  fi
  if [[ -n $option ]]; then
    case "$verb $option" in
${commands.flatMap(valueCases).join('\n')}
    esac
    [[ -z $values ]] || COMPREPLY=($(compgen -P "$prefix" -W "$values" -- "$word"))
  elif [[ -n $ended ]]; then
    [[ -z $wraps || $count -gt 0 ]] || COMPREPLY=($(compgen -c -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif ((count == 0)) && [[ -n $first ]]; then
    COMPREPLY=($(compgen -W "$first" -- "$word"))
  fi
}
complete -o bashdefault -o default -F _sealkit sealkit
`
}

function commandCase({ verb, options, words: first, wraps }: CompletedCommand): string {
  const long = options.map(({ names: [name = ''] }) => name)
  const valued = options.flatMap(({ names, takesValue }) => (takesValue ? names : []))
  const sets = [
    `options='${words([...long, ...(wraps ? ['--'] : [])])}'`,
    `valued=' ${words(valued)} '`,
    ...(first.length > 0 ? [`first='${words(first)}'`] : []),
    ...(wraps ? ['wraps=yes'] : []),
  ]
  return `    ${verb}) ${sets.join(' ')} ;;`
}

function valueCases({ verb, options }: CompletedCommand): string[] {
  return options
    .filter(({ words: values }) => values.length > 0)
    .map(({ names, words: values }) => {
      const patterns = names.map((name) => `'${verb} ${name}'`).join(' | ')
      return `      ${patterns}) values='${words(values)}' ;;`
    })
}

/** Names of verbs, options and values are words without blanks and quotes. */
function words(list: readonly string[]): string {
  return list.join(' ')
}
