import type { CompletedCommand, CompletedOption } from './table.ts'

/** The script that zsh reads, by `source <(...)` or as the file `_sealkit` of its `fpath`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef sealkit
# Completion of sealkit for zsh, made by: sealkit completion zsh
_sealkit() {
  local curcontext=$curcontext
  if (( CURRENT == 2 )); then
    local -a verbs=(
${commands.map(({ verb, summary }) => `      ${quoted(`${verb}:${summary}`)}`).join('\n')}
      --help:'list the commands' --version:'print the version'
    )
    _describe -t commands command verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${commands.map(commandCase).join('\n')}
    *) _files ;;
  esac
}
if [[ $funcstack[1] == _sealkit ]]; then _sealkit "$@"; else compdef _sealkit sealkit; fi
`
}

function commandCase({ verb, options, words, wraps }: CompletedCommand): string {
  const first = words.length > 0 ? [`'1:argument:(${words.join(' ')})'`] : []
  const specs = [...options.map(optionSpec), ...first, "'*:file:_files'"].map((spec) => `        ${spec}`)
  return `    ${verb})\n${wraps ? wrapped : ''}      _arguments -s -S \\\n${specs.join(' \\\n')}\n      ;;`
}

/** Behind the first `--` is a command line of its own. */
const wrapped = `      local -i end=\${words[(i)--]}
      if (( CURRENT > end )); then
        shift end words
        (( CURRENT -= end ))
        _normal
        return
      fi
`

function optionSpec({ names, description, takesValue, multiple, words }: CompletedOption): string {
  const [long = '', short] = names
  const value = takesValue ? `:value:${words.length > 0 ? `(${words.join(' ')})` : '_files'}` : ''
  const text = quoted(`[${description.replace(/[[\]\\]/g, '\\$&')}]${value}`)
  const shown = takesValue ? [`${long}=`, ...(short === undefined ? [] : [`${short}+`])] : names
  const excluded = multiple ? "'*'" : quoted(`(${names.join(' ')})`)
  return `${excluded}${shown.length > 1 ? `{${shown.join(',')}}` : shown.join('')}${text}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
