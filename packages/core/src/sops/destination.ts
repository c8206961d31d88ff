import { CoreError } from '../error.ts'
import { type CreationRule, checkOneRule, readRule } from './config.ts'
import { compilePattern } from './rules.ts'
import { openStore } from './store/index.ts'
import type { Value } from './tree.ts'
import { Decoder, type Fields } from './weak.ts'

/** Where `sops publish` sends a file. */
export type Destination =
  | { readonly kind: 's3' | 'gcs'; readonly bucket: string; readonly prefix: string }
  | {
      readonly kind: 'vault'
      /** Empty for the server that the environment names. */
      readonly address: string
      /** Path below the mount, ending in `/`. */
      readonly path: string
      /** Mount of the key-value engine, ending in `/`. */
      readonly mount: string
      readonly version: 1 | 2
    }

/** One destination rule of `.sops.yaml`. */
export interface DestinationRule {
  /** Null where the rule names none. */
  readonly destination: Destination | null
  /** What the file is encrypted with anew before it is sent to a bucket; without keys it is sent as it is. */
  readonly recreation: CreationRule
  readonly omitExtensions: boolean
}

/**
 * The first destination rule of the text of a `.sops.yaml` whose path expression matches.
 *
 * @param path the file's path as it was given; an expression that cannot be read matches nothing, as in sops
 * @throws `NO_CREATION_RULE` where none matches, `METADATA_INVALID`, `YAML_SYNTAX`
 */
export async function matchDestination(text: string, path: string): Promise<DestinationRule> {
  const [document] = (await openStore('yaml')).load(Buffer.from(text))
  const decoder = new Decoder()
  const fields = document === undefined ? nothing : decoder.fields(document, '')
  for (const rule of decoder.list(fields, 'destination_rules')) {
    const pattern = decoder.text(rule, 'path_regex')
    if (pattern === '' || (await matches(pattern, path))) return readDestinationRule(rule)
  }
  throw new CoreError('NO_CREATION_RULE', 'no destination rule of .sops.yaml is for this file', {
    hint: 'add a rule below destination_rules whose path_regex matches the path as it is given',
    upstream: 'error loading config: no matching destination found in config',
  })
}

const nothing: Fields = { at: '', values: new Map<string, Value>() }

async function matches(pattern: string, path: string): Promise<boolean> {
  try {
    return (await compilePattern(pattern, { message: '', prefix: '' }))(path)
  } catch {
    return false
  }
}

function readDestinationRule(fields: Fields): DestinationRule {
  const decoder = new Decoder()
  const [recreation = nothing] = decoder.list(fields, 'recreation_rule')
  const rule = {
    destination: readDestination(fields, decoder),
    recreation: readRule(recreation, {}),
    omitExtensions: decoder.flag(fields, 'omit_extensions'),
  }
  decoder.check()
  checkOneRule(rule.recreation)
  return rule
}

function readDestination(fields: Fields, decoder: Decoder): Destination | null {
  const text = (name: string): string => decoder.text(fields, name)
  const named = ['s3_bucket', 'gcs_bucket', 'vault_path'].filter((name) => text(name) !== '')
  if (named.length > 1) {
    throw new CoreError('METADATA_INVALID', `a destination rule has ${named.join(' and ')}`, {
      hint: 'write one rule for each destination',
      upstream:
        'error loading config: more than one destinations were found in a single destination rule, you can only use one per rule',
    })
  }
  if (named[0] === undefined) return null
  if (named[0] === 's3_bucket') return { kind: 's3', bucket: text('s3_bucket'), prefix: text('s3_prefix') }
  if (named[0] === 'gcs_bucket') return { kind: 'gcs', bucket: text('gcs_bucket'), prefix: text('gcs_prefix') }
  return {
    kind: 'vault',
    address: text('vault_address'),
    path: slashed(text('vault_path')),
    mount: slashed(text('vault_kv_mount_name') || 'secret/'),
    version: decoder.count(fields, 'vault_kv_version') === 1 ? 1 : 2,
  }
}

function slashed(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}
