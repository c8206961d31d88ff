import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDataKey, checkName, checkNamespace } from '@sealkit/core/manifest'

const long = (length: number): string => 'a'.repeat(length)

/** Names that Kubernetes takes, and those that it does not. */
const rows = [
  {
    check: checkName,
    good: ['a', '0', 'a-b', 'a.b', 'a--b', '1.2', long(253)],
    bad: ['', 'A', 'a_b', '-a', 'a-', '.a', 'a.', 'a..b', 'a.-b', 'a b', 'é', 'a\n', long(254)],
  },
  {
    check: checkNamespace,
    good: ['a', '0', 'a-b', 'kube-system', long(63)],
    bad: ['', 'a.b', 'A', '-a', 'a-', 'a/b', 'a\n', long(64)],
  },
  {
    check: checkDataKey,
    good: ['a', 'A_b-c.d', '.a', 'tls.crt', '-', '_', long(253)],
    bad: ['', '.', '..', '..a', 'a b', 'a/b', 'é', 'a\n', long(254)],
  },
] as const

test('names and keys', () => {
  for (const { check, good, bad } of rows) {
    for (const name of good) assert.doesNotThrow(() => check(name), name)
    for (const name of bad) assert.throws(() => check(name), { code: 'INVALID_MANIFEST' }, JSON.stringify(name))
  }
})
