import { formatVersion } from '@sealkit/core/sops'
import type { Io } from '../../io.ts'
import { keyIo } from '../../sops/keyio.ts'
import { goText } from './exit.ts'
import type { FlagValues } from './parse.ts'

/**
 * `sops --version`: the first line is what tools parse. Whether there is a newer sops is asked of GitHub with
 * `--check-for-updates` only, to which sops itself is changing over.
 */
export async function version(io: Io, values: FlagValues): Promise<number> {
  const update = values.flag('check-for-updates') ? await updateText(io) : '\n'
  io.stdout.write(`sops ${formatVersion}${update}`)
  return 0
}

async function updateText(io: Io): Promise<string> {
  try {
    const { tag, url } = await latestRelease(io)
    return isNewer(tag, formatVersion)
      ? `\n[info] a new version of sops (${tag}) is available, you can update by visiting: ${url}\n`
      : ' (latest)\n'
  } catch (error) {
    return `\n[warning] failed to retrieve latest version from upstream: ${goText(error)}\n`
  }
}

const releases = 'https://github.com/getsops/sops/releases/latest'

/** The newest release: the page of the latest one leads to it. */
async function latestRelease(io: Io): Promise<{ tag: string; url: string }> {
  const { request } = keyIo(io)
  if (request === undefined) throw new Error('nothing may be asked from here')
  const { status, headers } = await request(releases, { method: 'HEAD', headers: {}, body: '' })
  if (status < 300 || status > 399) throw new Error(`unexpected status code: ${status}`)
  const location = String(headers?.['location'] ?? '')
  const [, tag] = /releases\/tag\/(.+)$/.exec(location) ?? []
  if (tag === undefined) throw new Error(`unexpected Location header: ${location}`)
  return { tag, url: location }
}

function isNewer(tag: string, version: string): boolean {
  const [theirs, ours] = [tag, version].map((text) => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number))
  const difference = (theirs ?? []).map((part, index) => part - (ours?.[index] ?? 0)).find((part) => part !== 0)
  return (difference ?? 0) > 0
}
