/**
 * Splits a command line into words as a POSIX shell does, without expanding anything: quotes, backslashes, and
 * comments from `#` on. Null where a quote or an escape is not closed.
 */
export function splitWords(line: string): string[] | null {
  const words: string[] = []
  // A word is made of runs: bare text, an escape, '...', "..." with escapes.
  const run = /(?:[^\s'"\\#]|(?<=[^\s])#|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+|#[^\n]*|\s+/y
  let at = 0
  while (at < line.length) {
    run.lastIndex = at
    const match = run.exec(line)
    if (match === null) return null
    at = run.lastIndex
    const text = match[0]
    if (/^\s/.test(text) || text.startsWith('#')) continue
    words.push(text.replace(/'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])/g, unquote))
  }
  return words
}

function unquote(_: string, single: string | undefined, double: string | undefined, escaped: string): string {
  return single ?? double?.replace(/\\([\s\S])/g, '$1') ?? escaped
}
