import assert from 'node:assert/strict'
import { test } from 'node:test'
import { platform } from '@sealkit/core/platform'
import { KeyRing, label, sealItem, sealingKey, unsealItem } from '@sealkit/core/sealed'
import { fc } from '../../property.ts'
import { bytes, keyPair, text } from './keys.ts'

const { privateKey, publicKey } = await keyPair()
const other = await keyPair()
const strict = label('strict', 'ns', 'name')

test('layout: length of the RSA part, RSA part, ciphertext, tag', async () => {
  for (const bits of [1024, 2048, 3072]) {
    const pair = await keyPair(bits)
    const sealed = await sealItem({ publicKey: pair.publicKey, label: strict, plaintext: bytes('four') })
    assert.equal(new DataView(sealed.buffer, sealed.byteOffset).getUint16(0), bits / 8)
    assert.equal(sealed.length, 2 + bits / 8 + 4 + 16)
  }
})

test('the session key comes from the given source, fresh for each item', async () => {
  const asked: number[] = []
  const random = (length: number): Uint8Array => {
    asked.push(length)
    return new Uint8Array(length).fill(7)
  }
  await sealItem({ publicKey, label: strict, plaintext: bytes('x'), random })
  await sealItem({ publicKey, label: strict, plaintext: bytes('x'), random })
  assert.deepEqual(asked, [32, 32])
})

test('every plaintext comes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.string(), async (plaintext, ns, name) => {
      const itemLabel = label('strict', ns, name)
      const sealed = await sealItem({ publicKey, label: itemLabel, plaintext })
      const opened = await unsealItem({ privateKey, label: itemLabel, sealed })
      assert.deepEqual(new Uint8Array(opened ?? []), new Uint8Array(plaintext))
    }),
    { numRuns: 50 },
  )
})

const wrong: readonly [string, Uint8Array][] = [
  ['another name', label('strict', 'ns', 'other')],
  ['another namespace', label('strict', 'other', 'name')],
  ['namespace and name swapped', label('strict', 'name', 'ns')],
  ['namespace-wide', label('namespace-wide', 'ns', 'name')],
  ['cluster-wide', label('cluster-wide', 'ns', 'name')],
  ['concatenation without the slash', bytes('nsname')],
  ['the slash elsewhere', bytes('n/sname')],
]
test('no other label opens an item', async () => {
  const sealed = await sealItem({ publicKey, label: strict, plaintext: bytes('x') })
  for (const [what, itemLabel] of wrong) {
    assert.equal(await unsealItem({ privateKey, label: itemLabel, sealed }), null, what)
  }
})

test('every change of a single byte fails, in one way', async () => {
  const ring = new KeyRing([await sealingKey(privateKey)])
  const sealed = await sealItem({ publicKey, label: strict, plaintext: bytes('x') })
  const messages = new Set<string>()
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice()
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
    await assert.rejects(ring.unseal(changed, strict), (error: Error & { code: string }) => {
      messages.add(`${error.code}: ${error.message}`)
      return true
    })
  }
  assert.deepEqual([...messages], ['DECRYPTION_FAILED: no key could decrypt secret'])
})

test('every truncation and extension fails', async () => {
  const sealed = await sealItem({ publicKey, label: strict, plaintext: bytes('x') })
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(await unsealItem({ privateKey, label: strict, sealed: sealed.subarray(0, length) }), null)
  }
  const longer = new Uint8Array([...sealed, 0])
  assert.equal(await unsealItem({ privateKey, label: strict, sealed: longer }), null)
})

test('an RSA part without its leading zero opens, as in Go', async () => {
  for (;;) {
    const sealed = await sealItem({ publicKey, label: strict, plaintext: bytes('x') })
    if (sealed[2] !== 0) continue
    const shorter = new Uint8Array([0, 127, ...sealed.subarray(3)])
    assert.equal(text((await unsealItem({ privateKey, label: strict, sealed: shorter })) ?? bytes('')), 'x')
    return
  }
})

test('a key that is too short, or not of RSA, cannot seal', async () => {
  const short = { ...publicKey, modulusBits: 512 }
  await assert.rejects(sealItem({ publicKey: short, label: strict, plaintext: bytes('') }), { code: 'INVALID_KEY' })
  const ec = { ...publicKey, algorithm: 'ec' }
  await assert.rejects(sealItem({ publicKey: ec, label: strict, plaintext: bytes('') }), { code: 'INVALID_KEY' })
})

test('a key ring tries the key that succeeded last, then the newest first', async () => {
  const tried: string[] = []
  const keys = [
    { ...(await sealingKey(other.privateKey)), fingerprint: 'old', orderedAt: new Date(1) },
    { ...(await sealingKey(privateKey)), fingerprint: 'new', orderedAt: new Date(2) },
  ]
  const ring = new KeyRing(keys, {
    async decrypt(key) {
      tried.push(key === privateKey ? 'new' : 'old')
      return key === privateKey ? null : new Uint8Array(32)
    },
  })
  const sealed = await sealItem({ publicKey, label: strict, plaintext: bytes(''), random: (n) => new Uint8Array(n) })
  await ring.unseal(sealed, strict)
  await ring.unseal(sealed, strict)
  assert.deepEqual(tried, ['new', 'old', 'old'])
  assert.equal(ring.newest()?.fingerprint, 'new')
  assert.equal(ring.remove('new'), true)
  assert.equal(ring.newest()?.fingerprint, 'old')
})

test('an opening tries so many likely keys, and says whether others are left', async () => {
  const third = await keyPair()
  const large = await keyPair(2048)
  const tried: string[] = []
  const all = { large, newest: third, middle: other, oldest: { privateKey, publicKey } }
  const ring = new KeyRing([], {
    decrypt: (key, wrapped, itemLabel) => {
      tried.push(Object.entries(all).find(([, pair]) => pair.privateKey === key)?.[0] ?? '')
      return platform.rsaOaepDecrypt(key, wrapped, itemLabel)
    },
  })
  for (const [index, [fingerprint, pair]] of Object.entries(all).entries()) {
    ring.add({ ...(await sealingKey(pair.privateKey)), fingerprint, orderedAt: new Date(10 - index) })
  }
  assert.equal(ring.revision, 4)
  const sealed = await sealItem({ publicKey, label: strict, plaintext: bytes('x') })
  const forLarge = await sealItem({ publicKey: large.publicKey, label: strict, plaintext: bytes('x') })
  const failed = { code: 'DECRYPTION_FAILED', message: 'no key could decrypt secret' }

  const likely = ring.opening({ tries: 2 })
  await assert.rejects(likely.unseal(sealed, strict), failed)
  assert.deepEqual([tried.splice(0), likely.incomplete], [['newest', 'middle'], true])
  await assert.rejects(likely.unseal(forLarge, strict), failed)
  assert.deepEqual(tried.splice(0), [])

  const whole = ring.opening()
  await whole.unseal(sealed, strict)
  await ring.unseal(forLarge, strict)
  assert.deepEqual(tried.splice(0), ['newest', 'middle', 'oldest', 'large'])
  // Its own last key, whatever others did meanwhile.
  await whole.unseal(sealed, strict)
  assert.deepEqual([tried.splice(0), whole.incomplete], [['oldest'], false])
  await assert.rejects(whole.unseal(sealed, bytes('another label')), failed)
  assert.deepEqual([tried.splice(0), whole.incomplete], [['oldest', 'newest', 'middle', 'large'], false])

  // Nothing is left to try where no key can fit, and no private operation is made.
  const none = ring.opening({ tries: 1 })
  await assert.rejects(none.unseal(bytes(''), strict), failed)
  assert.deepEqual([tried.splice(0), none.incomplete], [[], false])
  ring.remove('large')
  ring.remove('large')
  await assert.rejects(none.unseal(forLarge, strict), failed)
  assert.deepEqual([tried, none.incomplete, ring.revision], [[], false, 5])
})

test('a failing machinery is not a wrong key', async () => {
  const decrypt = async (): Promise<null> => {
    throw new Error('worker died')
  }
  const ring = new KeyRing([await sealingKey(privateKey)], { decrypt })
  const sealed = await sealItem({ publicKey, label: strict, plaintext: bytes('') })
  await assert.rejects(ring.unseal(sealed, strict), { message: 'worker died' })
})
