import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { functionTable } from '@sealkit/template'
import { read } from '../layout/sources.ts'
import { exampleResult, functionsPage } from './functions.ts'

test('docs/reference/functions.md is what the table says', () => {
  assert.equal(read('docs/reference/functions.md'), functionsPage())
})

describe('every example calls its function and runs', () => {
  for (const row of functionTable('external-secrets').values()) {
    it(row.name, () => {
      assert.match(row.example, new RegExp(`\\b${row.name}\\b`))
      exampleResult(row, 'external-secrets')
    })
  }
})

test('no function reads the machine', () => {
  for (const personality of ['sealed-secrets', 'external-secrets'] as const) {
    const table = functionTable(personality)
    for (const name of ['env', 'expandenv', 'getHostByName', 'getSecretKey']) assert.equal(table.has(name), false, name)
  }
})

test('each personality has the functions of its upstream', () => {
  assert.equal(functionTable('sealed-secrets').size, 226)
  assert.equal(functionTable('external-secrets').size, 245)
})
