import { type KeyIo, keyServices, type MasterKeys, masterKeys } from '@sealkit/keyservice'
import type { Io } from '../../io.ts'
import { keyIo } from '../../sops/keyio.ts'
import { warn } from './exit.ts'
import type { FlagValues } from './parse.ts'

/** The key services that the flags name: the local one first, then others in their order. */
function servicesOf(io: Io, flags: FlagValues): MasterKeys[] {
  const local = flags.flag('enable-local-keyservice') ? [localKeys(io)] : []
  return [...local, ...flags.list('keyservice').flatMap((uri) => remote(io, uri))]
}

/** What the flags name, as one. */
export function keysOf(io: Io, flags: FlagValues): MasterKeys {
  return keyServices(servicesOf(io, flags))
}

/** Master keys over this machine; a plugin's messages are for the log, which sops does not show. */
export function localKeys(io: Io): MasterKeys {
  const machine = keyIo(io)
  const keyIoOfSops: KeyIo = {
    ...machine,
    ...(machine.person === undefined ? {} : { person: { ...machine.person, tell: async () => undefined } }),
    warn: (source, text) => warn(io, text, { logger: source }),
  }
  return masterKeys({ io: keyIoOfSops, now: () => io.now() })
}

function remote(io: Io, uri: string): MasterKeys[] {
  const service = parseUri(uri)
  if (service === null) {
    warn(io, 'Error parsing URI for keyservice, skipping', { fields: ` uri=${JSON.stringify(uri)}` })
    return []
  }
  // gRPC is loaded when a key is asked for.
  const keys = async (): Promise<MasterKeys> =>
    (await import('@sealkit/keyservice/grpc')).remoteKeys(service, () => io.now())
  return [
    {
      wrap: async (part, entry, options) => (await keys()).wrap(part, entry, options),
      unwrap: async (entry, options) => (await keys()).unwrap(entry, options),
    },
  ]
}

/** What Go's `url.Parse` gives of a key service's address; null where it fails. */
function parseUri(uri: string): { network: string; address: string } | null {
  const [, scheme, rest = ''] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?([\s\S]*)$/.exec(uri) ?? []
  const [, host = '', path = ''] = /^\/\/([^/?#]*)([^?#]*)/.exec(rest) ?? []
  if (scheme === undefined && /^[^/]*:/.test(uri)) return null
  if (/[^[\]]:[^:\]]*[^0-9:\]][^:\]]*$/.test(host)) return null
  return { network: (scheme ?? '').toLowerCase(), address: scheme === 'unix' ? path : host }
}
