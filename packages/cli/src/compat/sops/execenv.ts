import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { type Item, isBranch, isComment, isList, isTime, type Value } from '@sealkit/core/sops'
import { codes, SopsExit } from './exit.ts'
import type { Session } from './session.ts'

/** `sops exec-env file command`: runs a command with the file's values in its environment. */
export async function execEnv(session: Session): Promise<number> {
  const { args, flags, io } = session
  const [path, command] = args
  if (args.length !== 2 || path === undefined || command === undefined) {
    throw new SopsExit('error: missing file to decrypt', codes.generic)
  }
  for (const flag of ['user', 'same-process', 'background']) {
    if (flags.has(flag)) throw new SopsExit(`exec-env --${flag} is not supported yet by this program`, codes.generic)
  }
  const absolute = resolve(io.cwd, path)
  const file = { path: absolute, name: absolute }
  const encrypted = await session.load(await session.store(file, 'input-type'), file)
  const dataKey = await session.dataKey(encrypted)
  const { documents } = await session.decrypt(encrypted, { dataKey })
  const values = (documents[0]?.items ?? []).filter(({ key }) => !isComment(key)).map(variable)
  const inherited = flags.flag('pristine') ? {} : io.env
  return start(session, command, { ...inherited, ...Object.fromEntries(values) })
}

function variable({ key, value }: Item): readonly [string, string] {
  const name = typeof key === 'string' ? key : key.text
  if (isList(value) || isBranch(value)) {
    throw new SopsExit(`cannot use complex value in environment; offending key ${name}`, codes.generic)
  }
  if (name.includes('=')) throw new SopsExit(`Key contains '=' character: ${name}`, codes.generic)
  return [name, text(value)]
}

function text(value: Value): string {
  if (value === null) return '<nil>'
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 1e6 ? `${value}.0` : String(value)
  if (isTime(value)) return value.text.replace(/\.\d+/, '')
  return String(value)
}

function start(session: Session, command: string, env: Readonly<Record<string, string | undefined>>): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn('/bin/sh', ['-c', command], { env, stdio: 'inherit' })
    // Sops leaves signals to the terminal; one that is sent to it alone goes on to the command here.
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    const forward = (signal: NodeJS.Signals): unknown => child.kill(signal)
    for (const signal of signals) process.on(signal, forward)
    child.on('error', (error) => fail(new SopsExit(error.message, codes.generic, error)))
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, forward)
      if (code !== 0) session.io.stderr.write(`${signal === null ? `exit status ${code}` : `signal: ${signal}`}\n`)
      done(code ?? 1)
    })
  })
}
