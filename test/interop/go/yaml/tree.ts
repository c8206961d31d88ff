/** What chooses; the same numbers give the same texts. */
export interface Choice {
  below(limit: number): number
  pick<Item>(items: readonly Item[]): Item
}

const TAGS = ['!!str ', '!!str ', '!!int ', '!!float ', '!!map ', '!!seq ', '!!binary ', '!x ', '!x ', '!x ', '! ']
const ANCHORS = ['a', 'a', 'a', 'a', 'b', 'c-1', '0', 'a_b']
const WORDS = [
  'word',
  'a',
  'é',
  '😀',
  'longer',
  "it's",
  'x:y',
  '#no',
  '- dash',
  '"q"',
  '[f',
  'k: v',
  'true',
  '12',
  '-',
  '%',
  '@',
  '\u00a0',
  '\u2028',
]
const PLAIN = [
  'a',
  'b c',
  'true',
  'no',
  '~',
  'null',
  '12',
  '0x1F',
  '0o7',
  '1_0',
  '1.50',
  '.inf',
  '-.nan',
  '2024-01-02',
  '1:30',
  '<<',
  '=',
  '',
  "it's",
  'a#b',
  'é',
  '😀',
  '08',
  '1e3',
  '+1',
  '?x',
  ':x',
  '-x',
  'a"b',
  '\u00a0',
  'a\u2028b',
]
/** What a plain scalar cannot begin with, or hold. */
const BROKEN = [
  '&',
  '*',
  '%',
  '@',
  '`',
  '|',
  '>',
  '{',
  ']',
  ',',
  'x: y',
  '"a',
  "'a",
  '*zz',
  '[a',
  '}',
  '\t',
  '\u0000',
  '&a &b c',
  '!x !y c',
  '!<',
  '? ',
  '-',
  '!',
  'x, y',
]
const COMMENTS = ['# c', '#', '# two words', '#!x', '# é😀', '## c ##', '# a: b', '# - x', "# it's"]

/**
 * YAML of every construct: anchors, tags and comments on every kind of node, blocks and flow in each other, scalars of
 * every style with lines as long as an emitter folds, several documents. Most of it parses.
 */
export function yamlText(choice: Choice): string {
  const documents = 1 + (choice.below(4) === 0 ? choice.below(3) : 0)
  let text = comments(choice, '')
  for (let document = 0; document < documents; document++) {
    if (document > 0 || choice.below(6) === 0) text += `---${choice.pick(['', ' # c', ' !x', ' &a'])}\n`
    text += comments(choice, '')
    text += choice.below(5) === 0 ? `${inline(choice, 0, '')}${trailer(choice)}\n` : block(choice, 0, '')
    text += comments(choice, '')
    if (choice.below(8) === 0) text += '...\n'
  }
  return choice.below(10) === 0 ? text.replaceAll('\n', '\r\n') : text
}

function chance(choice: Choice, one: number): boolean {
  return choice.below(one) === 0
}

function comments(choice: Choice, indent: string): string {
  let text = ''
  for (let left = choice.below(6) - 2; left > 0; left--) {
    if (chance(choice, 3)) text += choice.pick(['\n', '\n\n'])
    text += `${chance(choice, 5) ? choice.pick(['', '  ', '    ']) : indent}${choice.pick(COMMENTS)}\n`
    if (chance(choice, 3)) text += '\n'
  }
  return text
}

function trailer(choice: Choice): string {
  return chance(choice, 4) ? ` ${choice.pick(COMMENTS)}` : ''
}

/** Anchor and tag, in either order. */
function properties(choice: Choice): string {
  const anchor = chance(choice, 7) ? `&${choice.pick(ANCHORS)} ` : ''
  const tag = chance(choice, 9) ? choice.pick(TAGS) : ''
  return chance(choice, 2) ? anchor + tag : tag + anchor
}

/** A mapping or a sequence in lines of their own, at an indentation. */
function block(choice: Choice, depth: number, indent: string): string {
  return chance(choice, 2) ? mapping(choice, depth, indent) : sequence(choice, depth, indent)
}

function mapping(choice: Choice, depth: number, indent: string): string {
  let text = ''
  for (let left = 1 + choice.below(4); left > 0; left--) {
    text += comments(choice, indent)
    if (chance(choice, 12)) {
      text += `${indent}? ${value(choice, depth + 1, `${indent}  `)}${comments(choice, indent)}${indent}: `
    } else text += `${indent}${properties(choice)}${key(choice)}: `
    text += value(choice, depth + 1, indent)
    text += comments(choice, chance(choice, 2) ? indent : `${indent}  `)
  }
  return text
}

function key(choice: Choice): string {
  if (chance(choice, 12)) return '<<'
  if (chance(choice, 80)) return `*${choice.pick(ANCHORS)} `
  if (chance(choice, 8)) return quoted(choice, choice.pick(PLAIN))
  if (chance(choice, 14)) return choice.pick(['[a, b]', '{a: b}', '""', "''", '~', '1', 'true'])
  return choice.pick(['a', 'b', 'key', 'k e y', 'é', '1', 'yes', 'x-y', 'long key with words in it'])
}

function sequence(choice: Choice, depth: number, indent: string): string {
  let text = ''
  for (let left = 1 + choice.below(4); left > 0; left--) {
    text += comments(choice, indent)
    const inner = `${indent}${choice.pick(['  ', '  ', '    '])}`
    if (chance(choice, 5) && depth < 4) text += `${indent}- ${mapping(choice, depth + 1, `${indent}  `).trimStart()}`
    else if (chance(choice, 6) && depth < 4)
      text += `${indent}- ${sequence(choice, depth + 1, `${indent}  `).trimStart()}`
    else text += `${indent}- ${value(choice, depth + 1, inner)}`
    text += comments(choice, chance(choice, 2) ? indent : inner)
  }
  return text
}

/** What follows a key or a dash, with its line's end; what it has in lines of its own stands deeper than `indent`. */
function value(choice: Choice, depth: number, indent: string): string {
  const kind = choice.below(depth > 3 ? 7 : 12)
  const head = properties(choice)
  const inner = `${indent}${choice.pick(['  ', '  ', '  ', '    ', ' '])}`
  if (kind === 0) return `${head}${literal(choice, inner)}`
  if (kind === 1 && chance(choice, 6)) return `*${choice.pick(ANCHORS)}${trailer(choice)}\n`
  if (kind < 7) return `${head}${inline(choice, depth, inner)}${trailer(choice)}\n`
  const at = kind === 7 && indent !== '' ? indent : inner
  return `${head.trimEnd()}${trailer(choice)}\n${comments(choice, inner)}${kind < 9 ? sequence(choice, depth, at) : block(choice, depth, inner)}`
}

function literal(choice: Choice, indent: string): string {
  const header = `${choice.pick(['|', '>'])}${choice.pick(['', '', '', '-', '+', '2', '2-', '+1'])}${chance(choice, 5) ? ' # c' : ''}`
  let text = ''
  for (let left = choice.below(5); left > 0; left--) {
    if (chance(choice, 4)) text += choice.pick(['\n', `${indent}\n`, `${indent}  \n`])
    text += `${indent}${choice.pick(['', '', '', '  ', '\t', '# '])}${line(choice)}\n`
  }
  return `${header}\n${text}${choice.pick(['', '', '\n', '\n\n'])}`
}

/** Words up to about the width at which an emitter folds. */
function line(choice: Choice): string {
  const length = choice.pick([1, 3, 8, 16, 20, 30])
  const words = Array.from({ length }, () => choice.pick(WORDS))
  return chance(choice, 12) ? 'x'.repeat(70 + choice.below(30)) : words.join(choice.pick([' ', ' ', ' ', '  ']))
}

function quoted(choice: Choice, text: string): string {
  if (chance(choice, 2)) return `'${text.replaceAll("'", "''")}'`
  const escaped = choice.pick(['', '\\n', '\\t', '\\u00e9', '\\x00', '\\U0001f600', '\\e', '\\"', '\\\\'])
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}${escaped}"`
}

/** A value that may go on in lines at an indentation. */
function inline(choice: Choice, depth: number, indent: string): string {
  const kind = choice.below(depth > 3 ? 8 : 11)
  if (kind < 4) return choice.pick(chance(choice, 150) ? BROKEN : PLAIN)
  if (kind === 4) return quoted(choice, choice.pick(PLAIN))
  if (kind === 5) return quoted(choice, line(choice))
  if (kind === 6) return `word ${line(choice)}`.replaceAll('k: v', 'v').replaceAll(' #', ' ').replaceAll('[f', 'f')
  if (kind === 7)
    return `${quoted(choice, `${line(choice)}\n${chance(choice, 3) ? '\n' : ''}${indent}${line(choice)}`)}`
  return flow(choice, depth, indent)
}

function flow(choice: Choice, depth: number, indent: string): string {
  const [open, close] = choice.pick(['[]', '{}'])
  const brk = (): string => (chance(choice, 4) ? `${trailer(choice)}\n${comments(choice, indent)}${indent}` : '')
  let text = ''
  const count = choice.below(4)
  for (let left = count; left > 0; left--) {
    const item = `${properties(choice)}${chance(choice, 60) ? `*${choice.pick(ANCHORS)} ` : inline(choice, depth + 1, indent)}`
    const pair = open === '{' || chance(choice, 6) ? `${chance(choice, 8) ? '? ' : ''}${key(choice)}: ${item}` : item
    text += `${brk()}${pair}${left > 1 || chance(choice, 4) ? `,${choice.pick([' ', ''])}` : ''}`
  }
  return `${open ?? ''}${text}${brk()}${close ?? ''}`
}
