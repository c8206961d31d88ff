import type { Value } from '../value.ts'
import { type FunctionRow, rows } from './row.ts'

/** sprig's functions on paths; `os` ones are those of Linux, which are the same. */
export function pathFunctions(): FunctionRow[] {
  const text =
    (run: (path: string) => string | boolean) =>
    ([path]: readonly Value[]) =>
      run(path as string)
  const isAbs = (path: string): boolean => path.startsWith('/')
  return rows('Paths', [
    ['base(string) string', text(base), 'The last element of a path.', 'base "a/b.txt"'],
    ['dir(string) string', text(dir), 'A path without its last element.', 'dir "a/b.txt"'],
    ['clean(string) string', text(clean), 'The shortest form of a path.', 'clean "a//b/../c"'],
    ['ext(string) string', text(ext), 'The extension of a path.', 'ext "a/b.txt"'],
    ['isAbs(string) bool', text(isAbs), 'Whether a path is absolute.', 'isAbs "/a"'],
    ['osBase(string) string', text(base), 'The last element of a path.', 'osBase "a/b.txt"'],
    ['osDir(string) string', text(dir), 'A path without its last element.', 'osDir "a/b.txt"'],
    ['osClean(string) string', text(clean), 'The shortest form of a path.', 'osClean "a//b/../c"'],
    ['osExt(string) string', text(ext), 'The extension of a path.', 'osExt "a/b.txt"'],
    ['osIsAbs(string) bool', text(isAbs), 'Whether a path is absolute.', 'osIsAbs "/a"'],
  ])
}

function base(path: string): string {
  if (path === '') return '.'
  let end = path.length
  while (end > 0 && path[end - 1] === '/') end--
  return end === 0 ? '/' : path.slice(path.lastIndexOf('/', end - 1) + 1, end)
}

function dir(path: string): string {
  return clean(path.slice(0, path.lastIndexOf('/') + 1))
}

function ext(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1)
  const dot = last.lastIndexOf('.')
  return dot < 0 ? '' : last.slice(dot)
}

function clean(path: string): string {
  const rooted = path.startsWith('/')
  const kept: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') kept.push(part)
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop()
    else if (!rooted) kept.push(part)
  }
  const joined = kept.join('/')
  return rooted ? `/${joined}` : joined === '' ? '.' : joined
}
