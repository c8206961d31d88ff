import { listOf, mapOf, record, type Schema, text, word } from './schema.ts'

/** Names that the API gives to objects. */
export const objectName: Schema = text({
  minLength: 1,
  maxLength: 253,
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
})

/** Keys of Secrets and ConfigMaps. */
export const dataKey: Schema = text({ minLength: 1, maxLength: 253, pattern: '^[-._a-zA-Z0-9]+$' })

/** Names of namespaces. */
export const namespaceName: Schema = text({
  minLength: 1,
  maxLength: 63,
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
})

/** One key of a Secret. */
export const secretKey: Schema = record({ key: dataKey, name: objectName, namespace: namespaceName })

/** A ServiceAccount and the audiences of the token that is asked for it. */
export const serviceAccount: Schema = record(
  { audiences: listOf(text()), name: objectName, namespace: namespaceName },
  ['name'],
)

/** Where a certificate authority is read from. */
export const caProvider: Schema = record(
  { key: dataKey, name: objectName, namespace: namespaceName, type: word('Secret', 'ConfigMap') },
  ['name', 'type'],
)

/** A label selector. */
export const labelSelector: Schema = record(
  {
    matchExpressions: listOf(record({ key: text(), operator: text(), values: listOf(text()) }, ['key', 'operator'])),
    matchLabels: mapOf(),
  },
  [],
  { 'x-kubernetes-map-type': 'atomic' },
)
