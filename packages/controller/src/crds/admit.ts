import { type ClusterObject, KubernetesError, type Resource } from '@sealkit/kubernetes'
import { externalSecretRules } from '@sealkit/resolver'
import { crds } from './index.ts'
import type { Schema } from './schema.ts'
import { type Finding, structural } from './structural.ts'

/** How objects are admitted. */
export interface AdmitOptions {
  /** Refuse also what External Secrets' admission webhook refuses. */
  readonly rules?: boolean
}

/** Takes an object as the API server would: pruned, with defaults, or refused. */
export type Admit = (resource: Resource, object: ClusterObject) => ClusterObject

/**
 * What an API server with these definitions does with an object before it is stored; objects of other kinds are given
 * back as they are.
 *
 * @throws {KubernetesError} `INVALID` naming the fields, from the function that it gives; never with a value
 */
export function admission({ rules = false }: AdmitOptions = {}): Admit {
  const schemas = new Map(crds().flatMap(versionsOf))
  return (resource, object) => {
    const schema = schemas.get(`${resource.group}/${resource.version} ${resource.kind}`)
    if (schema === undefined) return object
    const { value, findings } = structural(schema, object)
    const admitted = { ...(value as ClusterObject), metadata: object.metadata }
    const broken = rules && resource.kind === 'ExternalSecret' ? brokenRules(admitted) : []
    const all = [...findings, ...broken]
    if (all.length === 0) return admitted
    const place = `${resource.kind}.${resource.group} "${object.metadata.name}"`
    const what = all.map(({ path, message }) => `${path}: ${message}`)
    throw new KubernetesError('INVALID', `${place} is invalid: ${what.length === 1 ? what[0] : `[${what.join(', ')}]`}`)
  }
}

function brokenRules(object: ClusterObject): Finding[] {
  const spec = (object['spec'] ?? {}) as Readonly<Record<string, unknown>>
  return externalSecretRules
    .filter(({ broken }) => broken(spec))
    .map(({ message }) => ({ path: 'spec', message: `Invalid value: ${message}` }))
}

function versionsOf(crd: ReturnType<typeof crds>[number]): [string, Schema][] {
  const { group, names, versions } = crd['spec'] as {
    group: string
    names: { kind: string }
    versions: readonly { name: string; schema: { openAPIV3Schema: Schema } }[]
  }
  return versions.map(({ name, schema }) => [`${group}/${name} ${names.kind}`, schema.openAPIV3Schema])
}
