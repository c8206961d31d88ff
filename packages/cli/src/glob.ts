/** True where a path of the command line is a pattern. */
export function isGlob(path: string): boolean {
  return /[*?[{]/.test(path)
}

/** The folder that a pattern's matches are all below: what stands before its first special part. */
export function globFolder(pattern: string): string {
  const parts = pattern.split('/')
  const special = parts.findIndex(isGlob)
  const folder = parts.slice(0, special).join('/')
  return folder === '' && pattern.startsWith('/') ? '/' : folder === '' ? '.' : folder
}

/** The regular expression of a pattern: `*` and `?` within a name, `**` over folders, `[...]` and `{a,b}` as in a shell. */
export function globRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\[!?[^\]]+\]|\{[^{}]*\}|[\\^$.|+()[\]{}]/g, (part) => {
    if (part === '**/') return '(?:[^/]+/)*'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (part.length > 1 && part.startsWith('[')) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    if (part.length > 1)
      return `(?:${part
        .slice(1, -1)
        .split(',')
        .map((one) => globRegExp(one).source.slice(1, -1))
        .join('|')})`
    return `\\${part}`
  })
  return new RegExp(`^${source}$`, 's')
}
