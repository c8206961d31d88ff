import { readFileSync } from 'node:fs'
import type { Io } from '../../io.ts'
import { fatal, SopsExit } from './exit.ts'

/** A line of `/etc/passwd` (passwd(5)). */
interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/**
 * Gives up this process's user for another, with all of that user's groups, and says what is to be in the environment.
 *
 * @throws SopsExit 1 where there is no such user, or this process may not become it
 */
export function switchUser(io: Io, name: string): Readonly<Record<string, string>> {
  const user = lookUp(name)
  if (user === null) throw failed(io, `user: unknown user ${name}`)
  try {
    process.setgroups?.(groupsOf(user))
    process.setgid?.(user.gid)
    process.setuid?.(user.uid)
  } catch (error) {
    throw failed(io, 'operation not permitted', error)
  }
  return { HOME: user.home, USER: user.name, LOGNAME: user.name }
}

function lookUp(name: string): User | null {
  for (const [found, , uid, gid, , home = ''] of rows('/etc/passwd')) {
    if (found === name) return { name, uid: Number(uid), gid: Number(gid), home }
  }
  return null
}

/** The user's own group and those that name him (group(5)). */
function groupsOf({ name, gid }: User): number[] {
  const others = rows('/etc/group').filter(([, , , members = '']) => members.split(',').includes(name))
  return [...new Set([gid, ...others.map(([, , id]) => Number(id))])]
}

function rows(path: string): string[][] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
}

function failed(io: Io, text: string, cause?: unknown): SopsExit {
  fatal(io, text, 'EXEC')
  return new SopsExit('', 1, cause)
}
