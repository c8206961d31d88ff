/** What a field holds, as Go's encoding/json sees it. */
export type FieldType =
  /** `goType` is the name that error texts give to a string type of its own. */
  | { readonly kind: 'string'; readonly goType?: string }
  | { readonly kind: 'bool' | 'int64' | 'time' | 'bytes' | 'raw' }
  /** A lenient map drops what it cannot hold in silence (upstream's `SealedSecretEncryptedData`). */
  | { readonly kind: 'map'; readonly of: FieldType; readonly lenient?: true }
  | { readonly kind: 'list'; readonly of: FieldType }
  | ObjectType

/** A Go struct; the fields stand in the order in which they are printed. */
export interface ObjectType {
  readonly kind: 'object'
  readonly goType: string
  readonly fields: readonly Field[]
}

/** One field of a struct. */
export interface Field {
  readonly name: string
  readonly type: FieldType
  /** A pointer in Go: printed whenever it was set, be it to a zero. */
  readonly pointer?: true
  /** Printed even when empty (no `omitempty`, or a struct). */
  readonly always?: true
}

const string: FieldType = { kind: 'string' }
const strings: FieldType = { kind: 'map', of: string }
const bytes: FieldType = { kind: 'bytes' }
const bool: FieldType = { kind: 'bool' }
const int64: FieldType = { kind: 'int64' }
const time: FieldType = { kind: 'time' }

const typeMeta: readonly Field[] = [
  { name: 'kind', type: string },
  { name: 'apiVersion', type: string },
]

const ownerReference: ObjectType = {
  kind: 'object',
  goType: 'v1.OwnerReference',
  fields: [
    { name: 'apiVersion', type: string, always: true },
    { name: 'kind', type: string, always: true },
    { name: 'name', type: string, always: true },
    { name: 'uid', type: { kind: 'string', goType: 'types.UID' }, always: true },
    { name: 'controller', type: bool, pointer: true },
    { name: 'blockOwnerDeletion', type: bool, pointer: true },
  ],
}

const managedFieldsEntry: ObjectType = {
  kind: 'object',
  goType: 'v1.ManagedFieldsEntry',
  fields: [
    { name: 'manager', type: string },
    { name: 'operation', type: { kind: 'string', goType: 'v1.ManagedFieldsOperationType' } },
    { name: 'apiVersion', type: string },
    { name: 'time', type: time, pointer: true },
    { name: 'fieldsType', type: string },
    { name: 'fieldsV1', type: { kind: 'raw' }, pointer: true },
    { name: 'subresource', type: string },
  ],
}

/** `metadata` of every object (apimachinery's `ObjectMeta`). */
export const objectMeta: ObjectType = {
  kind: 'object',
  goType: 'v1.ObjectMeta',
  fields: [
    { name: 'name', type: string },
    { name: 'generateName', type: string },
    { name: 'namespace', type: string },
    { name: 'selfLink', type: string },
    { name: 'uid', type: { kind: 'string', goType: 'types.UID' } },
    { name: 'resourceVersion', type: string },
    { name: 'generation', type: int64 },
    { name: 'creationTimestamp', type: time },
    { name: 'deletionTimestamp', type: time, pointer: true },
    { name: 'deletionGracePeriodSeconds', type: int64, pointer: true },
    { name: 'labels', type: strings },
    { name: 'annotations', type: strings },
    { name: 'ownerReferences', type: { kind: 'list', of: ownerReference } },
    { name: 'finalizers', type: { kind: 'list', of: string } },
    { name: 'managedFields', type: { kind: 'list', of: managedFieldsEntry } },
  ],
}

/** A v1 Secret. */
export const secretType: ObjectType = {
  kind: 'object',
  goType: 'v1.Secret',
  fields: [
    ...typeMeta,
    { name: 'metadata', type: objectMeta, always: true },
    { name: 'immutable', type: bool, pointer: true },
    { name: 'data', type: { kind: 'map', of: bytes } },
    { name: 'stringData', type: strings },
    { name: 'type', type: { kind: 'string', goType: 'v1.SecretType' } },
  ],
}

const template: ObjectType = {
  kind: 'object',
  goType: 'v1alpha1.SecretTemplateSpec',
  fields: [
    { name: 'metadata', type: objectMeta, always: true },
    { name: 'type', type: { kind: 'string', goType: 'v1.SecretType' } },
    { name: 'immutable', type: bool, pointer: true },
    { name: 'data', type: strings },
  ],
}

const condition: ObjectType = {
  kind: 'object',
  goType: 'v1alpha1.SealedSecretCondition',
  fields: [
    { name: 'type', type: { kind: 'string', goType: 'v1alpha1.SealedSecretConditionType' }, always: true },
    { name: 'status', type: { kind: 'string', goType: 'v1.ConditionStatus' }, always: true },
    { name: 'lastUpdateTime', type: time, always: true },
    { name: 'lastTransitionTime', type: time, always: true },
    { name: 'reason', type: string },
    { name: 'message', type: string },
  ],
}

/** A bitnami.com/v1alpha1 SealedSecret. */
export const sealedSecretObject: ObjectType = {
  kind: 'object',
  goType: 'v1alpha1.SealedSecret',
  fields: [
    ...typeMeta,
    { name: 'metadata', type: objectMeta, always: true },
    {
      name: 'spec',
      always: true,
      type: {
        kind: 'object',
        goType: 'v1alpha1.SealedSecretSpec',
        fields: [
          { name: 'template', type: template, always: true },
          { name: 'data', type: bytes },
          { name: 'encryptedData', type: { kind: 'map', of: string, lenient: true }, always: true },
        ],
      },
    },
    {
      name: 'status',
      pointer: true,
      type: {
        kind: 'object',
        goType: 'v1alpha1.SealedSecretStatus',
        fields: [
          { name: 'observedGeneration', type: int64 },
          { name: 'conditions', type: { kind: 'list', of: condition } },
        ],
      },
    },
  ],
}
