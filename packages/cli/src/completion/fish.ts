import type { CompletedCommand, CompletedOption } from './table.ts'

/** The script that fish reads; files are its own default. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  return `# Completion of sealkit for fish, made by: sealkit completion fish
# True in the line of the verb $argv[1], where none of the words behind it stands yet.
function __sealkit_verb
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]; or return 1
    set -e argv[1]
    for word in $argv
        contains -- $word $words; and return 1
    end
    return 0
end
function __sealkit_no_verb
    test (count (commandline -opc)) -eq 1
end
complete -c sealkit -e
complete -c sealkit -n __sealkit_no_verb -f
${commands.map(({ verb, summary }) => `complete -c sealkit -n __sealkit_no_verb -a ${verb} -d ${quoted(summary)}`).join('\n')}
complete -c sealkit -n __sealkit_no_verb -l help -d 'list the commands'
complete -c sealkit -n __sealkit_no_verb -l version -d 'print the version'
${commands.flatMap(commandLines).join('\n')}
`
}

function commandLines({ verb, options, words }: CompletedCommand): string[] {
  const list = words.join(' ')
  return [
    ...options.map((option) => `complete -c sealkit -n '__sealkit_verb ${verb}' ${optionFlags(option)}`),
    ...(words.length > 0 ? [`complete -c sealkit -n '__sealkit_verb ${verb} ${list}' -f -a '${list}'`] : []),
  ]
}

function optionFlags({ names, description, takesValue, words }: CompletedOption): string {
  const [long = '', short] = names
  const value = words.length > 0 ? [`-x -a '${words.join(' ')}'`] : takesValue ? ['-r -F'] : []
  return [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
    ...value,
    `-d ${quoted(description)}`,
  ].join(' ')
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
