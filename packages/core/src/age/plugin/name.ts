import { CoreError } from '../../error.ts'
import { bech32Problem, decodeBech32 } from '../bech32.ts'

/** What a text of a plugin is: `age1NAME1...` or `AGE-PLUGIN-NAME-1...`. */
export type PluginKind = 'recipient' | 'identity'

const shapes: Readonly<Record<PluginKind, RegExp>> = { recipient: /^age1(.*)$/, identity: /^age-plugin-(.*)-$/ }

/**
 * The name of the plugin that a recipient or an identity is for; its program is `age-plugin-NAME`.
 *
 * @throws `INVALID_KEY`; the message does not hold the text.
 */
export function parsePluginName(text: string, kind: PluginKind): string {
  const decoded = decodeBech32(text)
  if (decoded === null) throw malformed(kind, `invalid ${kind} encoding: ${bech32Problem(text)}`)
  const name = shapes[kind].exec(decoded.prefix)?.[1]
  if (name === undefined) throw malformed(kind, `not a plugin ${kind}: %!v(<nil>)`)
  if (!/^[a-z0-9+._-]+$/.test(name)) throw malformed(kind, `invalid plugin name: ${JSON.stringify(name)}`)
  return name
}

function malformed(kind: PluginKind, upstream: string): CoreError {
  return new CoreError('INVALID_KEY', `an age plugin's ${kind} is malformed`, {
    hint: 'write it as the plugin printed it',
    upstream,
  })
}
