import { basename } from 'node:path'
import { encodeBase64, type Manifest } from '@sealkit/core/manifest'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import { readInput } from './files.ts'

/** The flags that make a Secret instead of reading one. */
export interface MadeValues {
  readonly file?: readonly string[]
  readonly 'from-literal'?: readonly string[]
  readonly 'from-file'?: readonly string[]
  readonly 'from-env-file'?: readonly string[]
  readonly type?: string
}

/**
 * The Secret of `--from-literal`, `--from-file` and `--from-env-file`, read as kubectl reads them.
 *
 * @throws USAGE, FILE_UNREADABLE; no message holds a value
 */
export function madeSecret(values: MadeValues, io: Io): Manifest {
  if (values.file !== undefined) {
    throw new CliError('USAGE', '--file cannot be used with --from-literal, --from-file or --from-env-file', {
      hint: 'give one of them',
    })
  }
  const items = [
    ...(values['from-literal'] ?? []).map(literal),
    ...(values['from-file'] ?? []).map((text) => fromFile(text, io)),
    ...(values['from-env-file'] ?? []).flatMap((path) => fromEnvFile(path, io)),
  ]
  const keys = items.map(([key]) => key)
  const twice = keys.find((key, at) => keys.indexOf(key) !== at)
  if (twice !== undefined)
    throw new CliError('USAGE', `the key ${twice} is given twice`, { hint: 'give each key once' })
  const data = Object.fromEntries(items.map(([key, value]) => [key, encodeBase64(value)]))
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {},
    ...(values.type !== undefined && { type: values.type }),
    data,
  }
}

type MadeItem = readonly [key: string, value: Uint8Array]

function literal(text: string): MadeItem {
  const at = text.indexOf('=')
  // The text may be the secret itself, so it is not shown.
  if (at < 1)
    throw new CliError('USAGE', 'a value of --from-literal is not of the form KEY=VALUE', { hint: 'give KEY=VALUE' })
  return [text.slice(0, at), Buffer.from(text.slice(at + 1))]
}

function fromFile(text: string, io: Io): MadeItem {
  const at = text.indexOf('=')
  const path = text.slice(at + 1)
  return [at < 0 ? basename(path) : text.slice(0, at), readInput(path, io)]
}

/** Lines of `KEY=VALUE`, the value as it stands; a `KEY` alone takes its value from the environment. */
function fromEnvFile(path: string, io: Io): MadeItem[] {
  const lines = envText(path, io).split(/\r?\n/)
  return lines.flatMap((line, at): MadeItem[] => {
    const text = line.trimStart()
    if (text === '' || text.startsWith('#')) return []
    const equals = text.indexOf('=')
    const key = equals < 0 ? text : text.slice(0, equals)
    if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(key)) {
      throw new CliError('USAGE', `${path}: line ${at + 1} is not of the form KEY=VALUE`, {
        hint: 'a key has letters, digits, -, _ and . and does not begin with a digit',
      })
    }
    return [[key, Buffer.from(equals < 0 ? (io.env[key] ?? '') : text.slice(equals + 1))]]
  })
}

function envText(path: string, io: Io): string {
  const bytes = readInput(path, io)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `${path}: no UTF-8 text`, { cause, hint: 'use --from-file for other bytes' })
  }
}
