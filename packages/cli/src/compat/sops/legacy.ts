import { resolve } from 'node:path'
import { decryptTo } from './decrypt.ts'
import { codes, SopsExit, warn } from './exit.ts'
import type { Session } from './session.ts'

/**
 * The form without a sub-command: `sops -d file`, `sops -e file`, `sops -r file`, `sops --set '...' file`. Without one
 * of these flags it opens an editor.
 */
export async function legacy(session: Session): Promise<number> {
  const { flags, args, io } = session
  const [path] = args
  if (path === undefined) throw new SopsExit('Error: no file specified', codes.noFileSpecified)
  session.warnArguments()
  const modes = ['encrypt', 'decrypt', 'rotate'].filter((mode) => flags.flag(mode))
  if (flags.text('set') !== '') modes.push('set')
  if (modes.length > 1) {
    warn(
      io,
      'More than one command (--encrypt, --decrypt, --rotate, --set) has been specified. Only the changes made by the last one will be visible. Note that this behavior is deprecated and will cause an error eventually.',
    )
  }
  const mode = modes.at(-1)
  if (mode === 'encrypt') return (await import('./encrypt.ts')).encryptTo(session, path)
  if (mode === 'decrypt') return decryptTo(session, path)
  if (mode === 'rotate') return (await import('./rotate.ts')).rotateTo(session, path)
  if (mode === 'set') return (await import('./set.ts')).setLegacy(session, path)
  const absolute = resolve(io.cwd, path)
  const override = flags.text('filename-override')
  // Unlike the sub-command, this form wants a creation rule for files that exist, too.
  await session.creationRule({ path: absolute, name: override === '' ? absolute : resolve(io.cwd, override) })
  return (await import('./edit.ts')).editFile(session, path)
}
