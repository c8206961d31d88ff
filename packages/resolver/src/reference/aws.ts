import { ResolverError } from '../error.ts'
import { fragmentOf } from './fragment.ts'
import type { Reference } from './parse.ts'
import { type ReferenceContext, type ReferenceStore, readSecret, variable } from './store.ts'

/**
 * `ref+awssecrets://NAME-OR-ARN#/KEY`. Parameters: `region` (else the ARN's, else `AWS_REGION`), `role_arn`,
 * `version_stage`, `version_id`. Credentials are the AWS variables of the environment.
 */
export async function resolveSecretsManager(reference: Reference, context: ReferenceContext): Promise<Uint8Array> {
  const id = reference.params.get('version_id')
  const version = id === undefined ? (reference.params.get('version_stage') ?? '') : `uuid/${id}`
  const store = awsStore('SecretsManager', reference, context)
  const secret = await readSecret(store, { key: reference.path, version }, context)
  const value = secret.value('') ?? new Uint8Array()
  return reference.fragment === null ? value : fragmentOf(value, reference.fragment)
}

/**
 * `ref+awsssm://PATH#/NAME` is the parameter `/PATH/NAME`; with `mode=singleparam` the fragment goes into the
 * parameter's own value. Further parameters: `region`, `role_arn`, `version`.
 */
export async function resolveParameterStore(reference: Reference, context: ReferenceContext): Promise<Uint8Array> {
  const { path, fragment, params } = reference
  const single = params.get('mode') === 'singleparam'
  const name = path.startsWith('/') ? path : `/${path}`
  const key = fragment === null || single ? name : [name, ...fragment].join('/')
  const store = awsStore('ParameterStore', reference, context)
  const secret = await readSecret(store, { key, version: params.get('version') ?? '' }, context)
  const value = secret.value('') ?? new Uint8Array()
  return fragment === null || !single ? value : fragmentOf(value, fragment)
}

function awsStore(service: string, reference: Reference, context: ReferenceContext): ReferenceStore {
  const [, ofArn = ''] = /^arn:[^:]*:[^:]*:([^:]*):/.exec(reference.path) ?? []
  const region = reference.params.get('region') ?? (ofArn || variable(context, 'AWS_REGION', 'AWS_DEFAULT_REGION'))
  if (region === '') {
    throw new ResolverError('INVALID_REFERENCE', 'the reference names no region', {
      hint: 'set AWS_REGION, or add ?region=...',
    })
  }
  const role = reference.params.get('role_arn')
  return { provider: 'aws', spec: { service, region, ...(role === undefined ? {} : { role }) }, credentials: {} }
}
