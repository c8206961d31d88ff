import type { Manifest } from '@sealkit/core/manifest'

/** Whether objects of a kind belong to namespaces. */
export type Scope = 'Namespaced' | 'Cluster'

/** What a definition of External Secrets' groups holds besides what all of them share. */
export interface Definition {
  readonly group: string
  readonly kind: string
  readonly plural: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly scope: Scope
  readonly versions: readonly object[]
}

/** A CustomResourceDefinition as External Secrets labels and categorises them. */
export function definition({ group, kind, plural, shortNames, categories, scope, versions }: Definition): Manifest {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { 'external-secrets.io/component': 'controller' } },
    spec: {
      group,
      names: {
        categories: categories ?? ['external-secrets'],
        kind,
        listKind: `${kind}List`,
        plural,
        ...(shortNames === undefined ? {} : { shortNames }),
        singular: kind.toLowerCase(),
      },
      scope,
      versions,
    },
  }
}

/** v1, which is stored, and v1beta1, which upstream no longer serves: the same shape, so objects of either are read as v1. */
export function versions1(version: object): object[] {
  const deprecationWarning =
    'external-secrets.io/v1beta1 is deprecated; the same manifest is valid as external-secrets.io/v1'
  return [
    { name: 'v1', served: true, storage: true, ...version },
    { name: 'v1beta1', served: true, storage: false, deprecated: true, deprecationWarning, ...version },
  ]
}
