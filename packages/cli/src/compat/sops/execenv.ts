import { resolve } from 'node:path'
import { type Item, isComment, isComplex, plainText } from '@sealkit/core/sops'
import { becomeUser, runShell, startShell } from './exec.ts'
import { codes, SopsExit, warn } from './exit.ts'
import type { Session } from './session.ts'

/** `sops exec-env file command`: runs a command with the file's values in its environment. */
export async function execEnv(session: Session): Promise<number> {
  const { args, flags, io } = session
  const [path, command] = args
  if (args.length !== 2 || path === undefined || command === undefined) {
    throw new SopsExit('error: missing file to decrypt', codes.generic)
  }
  const absolute = resolve(io.cwd, path)
  const file = { path: absolute, name: absolute }
  const store = await session.store(file, 'input-type')
  const [background, inPlace] = [flags.flag('background'), flags.flag('same-process')]
  if (background) {
    warn(io, "exec-env's --background option is deprecated and will be removed in a future version of sops")
    if (inPlace) {
      throw new SopsExit('Error: The --same-process flag cannot be used with --background', codes.conflictingParameters)
    }
  }
  const encrypted = await session.load(store, file, path)
  const dataKey = await session.dataKey(encrypted)
  const { documents } = await session.decrypt(encrypted, { dataKey })
  const values = (documents[0]?.items ?? []).filter(({ key }) => !isComment(key)).map(variable)
  const user = await becomeUser(session)
  const env = { ...(flags.flag('pristine') ? {} : io.env), ...user, ...Object.fromEntries(values) }
  if (!background) return runShell(session, command, { env, inPlace })
  startShell(session, command, env)
  return 0
}

function variable({ key, value }: Item): readonly [string, string] {
  const name = typeof key === 'string' ? key : key.text
  if (isComplex(value)) {
    throw new SopsExit(`cannot use complex value in environment; offending key ${name}`, codes.generic)
  }
  if (name.includes('=')) throw new SopsExit(`cannot use keys with '=' in environment: ${name}`, codes.generic)
  const text = plainText(value)
  if (`${name}${text}`.includes('\0')) throw new SopsExit('exec: environment variable contains NUL', codes.generic)
  return [name, text]
}
