import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases, differencesOf, pendingFunction } from './case.ts'

/** Cases whose record is about what the controller or the API server does with the Secret afterwards. */
const elsewhere: Readonly<Record<string, string>> = {
  'adopt-type-mismatch': 'the API server refuses another type',
  'conflict-owner-then-orphan': 'ownership of the target',
  'conflict-two-owners': 'ownership of the target',
  'convert-default': 'the API server refuses letters that are not ASCII',
  'createdonce-provider-error-then-ok': 'when a refresh is due',
  'drift-edit-orphan': 'when a refresh is due',
  'gen-createdonce': 'when a refresh is due',
  'immutable-existing': 'the target is immutable already',
  'policy-merge-delete': 'deletion of a target that is not owned',
  'refresh-bad-interval': 'an interval that the controller cannot read',
  'refresh-negative-interval': 'when a refresh is due',
  'refresh-zero': 'when a refresh is due',
  'store-class-other': 'a store of another class is passed over before anything is resolved',
  'store-missing-then-created': 'when a refresh is due',
  'template-invalid-label': 'the API server refuses the label',
}

const others = /^(gen-vault|push|ces|cluster-push|schema|vault|sm-|ssm-|k8s-|webhook-)/

for (const recorded of cases((name) => !others.test(name) && !Object.hasOwn(elsewhere, name))) {
  test(`as External Secrets does: ${recorded.name}`, async (t) => {
    const found = await differencesOf(recorded)
    const name = pendingFunction(found)
    if (name !== null) return t.skip(`template: the function ${name} is not there yet`)
    assert.deepEqual(found, [])
  })
}
