import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Members, membersOf, withMember, withoutMember } from '@sealkit/kubernetes'
import { fc } from '../property.ts'

test('members behave as a set does, whatever is added and taken away', () => {
  const step = fc.record({ add: fc.boolean(), member: fc.constantFrom('a', 'b', 'c', 'd') })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const set = new Set<string>()
      let members: Members<string> | undefined
      for (const { add, member } of steps) {
        if (add) set.add(member)
        else set.delete(member)
        members = add ? withMember(members, member) : withoutMember(members, member)
        assert.deepEqual(membersOf(members), [...set])
        assert.equal(members === undefined, set.size === 0)
      }
    }),
  )
})

test('one member is kept as it is, without a set around it', () => {
  const one = { name: 'one' }
  assert.equal(withMember(undefined, one), one)
  assert.equal(withMember(withMember(undefined, one), one), one)
  const other = { name: 'other' }
  assert.equal(withoutMember(withMember(withMember(undefined, one), other), one), other)
})
