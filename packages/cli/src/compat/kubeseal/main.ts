import { parseCertificate, sealingPublicKey } from '@sealkit/core/sealed'
import type { Io } from '../../io.ts'
import type { Call } from './call.ts'
import { openCertificate } from './certificate.ts'
import { failure, upstreamText } from './failure.ts'
import type { FlagValues } from './flags.ts'
import { openInput } from './input.ts'
import { Output } from './output.ts'
import { parse } from './parse.ts'

/** The release whose behaviour this command line has. */
const version = 'v0.38.4'

/**
 * The command line of kubeseal: its flags, texts and exit codes on Sealkit's libraries.
 *
 * Where kubeseal loses data or exits 0 after a failure, this one fails or keeps the data; docs/reference/formats.md names each case.
 */
export async function run(io: Io): Promise<number> {
  const parsed = parse(io.argv, io.env)
  if (parsed.kind !== 'values') return (await import('./usage.ts')).report(parsed, io)
  if (parsed.deprecated) io.stderr.write('Flag --rotate has been deprecated, please use --re-encrypt instead\n')
  const { values } = parsed
  if (values.bool('version')) {
    io.stdout.write(`kubeseal version: ${version}\n`)
    return 0
  }
  if (values.bool('help')) return (await import('./usage.ts')).help(io)
  try {
    await runMode(values, io)
    return 0
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') throw error
    io.stderr.write(`error: ${upstreamText(error)}\n`)
    return 1
  }
}

/** The modes in the order in which kubeseal asks for them: the first one that was asked for runs. */
async function runMode(values: FlagValues, io: Io): Promise<void> {
  if (values.list('from-file').length > 0 && !values.bool('raw')) throw failure('--from-file requires --raw', 'USAGE')
  const call: Call = { values, io, input: openInput(values, io), output: new Output(values, io) }
  await selectMode(call)
  call.output.finish()
}

async function selectMode(call: Call): Promise<void> {
  const { values, io } = call
  if (values.bool('recovery-unseal')) return (await import('./recovery.ts')).recover(call)
  if (values.list('recovery-private-key').length > 0 && io.stderr.isTTY === true) io.stderr.write(ignoredKeys)
  if (values.bool('validate')) return (await import('./validate.ts')).validate(call)
  if (values.bool('re-encrypt') || values.bool('rotate')) return (await import('./reencrypt.ts')).reEncrypt(call)
  const pem = await openCertificate(values, io)
  if (values.bool('fetch-cert')) return call.output.write(pem)
  const publicKey = sealingPublicKey(parseCertificate(pem), io.now())
  if (values.text('merge-into') !== '') return (await import('./merge.ts')).merge(call, publicKey)
  if (values.bool('raw')) return (await import('./raw.ts')).sealRaw(call, publicKey)
  return (await import('./seal.ts')).seal(call, publicKey)
}

const ignoredKeys =
  'warning: ignoring --recovery-private-key because unseal command not chosen with --recovery-unseal\n'
