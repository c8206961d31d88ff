import { test } from 'node:test'
import { resources } from '@sealkit/kubernetes'
import { foreignKey } from '../cluster.ts'
import { healthy, items, sealedSecret, settled, slug, spin, startWorld, type World } from './hostile.ts'

function templates(count: number, text: string): { encryptedData: object; template: object } {
  const data = Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, text]))
  return { encryptedData: {}, template: { data } }
}

/** Objects that the API server accepts, and what their status says in the end; null = they are in sync, either = by how fast the machine is. */
const objects: Readonly<
  Record<string, readonly [(world: World, name: string) => Promise<unknown> | unknown, RegExp | 'either' | null]>
> = {
  'a megabyte of good items': [async ({ pem }, name) => ({ encryptedData: await items(pem, name, 3_000) }), null],
  'a megabyte of items for another key': [
    async (_, name) => ({ encryptedData: await items((await foreignKey()).certificatePem, name, 3_000) }),
    /^no key could decrypt secret \(k0, k1, .*…$/,
  ],
  'ten thousand items': [
    () => ({ encryptedData: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, 'AAAA'])) }),
    /^no key could decrypt secret \(k0, k1, .*…$/,
  ],
  'one item of a megabyte': [
    () => ({ encryptedData: { a: 'A'.repeat(1_200_000) } }),
    /^no key could decrypt secret \(a\)$/,
  ],
  'a template that never ends': [() => templates(1, spin), /limit \(t0\)$/],
  'two hundred templates that never end': [() => templates(200, spin), /limit \(t0, t1, /],
  'two thousand templates of some steps each': [
    () => templates(2_000, '{{ range until 900 }}{{ add 1 1 }}{{ end }}'),
    'either',
  ],
  'a template that calls itself': [
    () => templates(1, '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}'),
    /\(t0\)$/,
  ],
  'a long template': [() => templates(1, '{{ add 1 1 }}'.repeat(20_000)), null],
  'a template that writes more than a Secret holds': [
    () => templates(1, '{{ repeat 1200000 "a" }}'),
    /Too long: may not be more than 1048576 bytes/,
  ],
  'a template nested deeply': [
    () => templates(1, `${'{{ if 1 }}'.repeat(20_000)}${'{{ end }}'.repeat(20_000)}`),
    /\(t0\)$/,
  ],
  'annotations above the limit of the API': [
    () => ({
      encryptedData: {},
      template: { metadata: { annotations: { a: 'x'.repeat(300_000) } } },
    }),
    /Too long: may not be more than 262144 bytes/,
  ],
  'a key that no Secret may have': [
    () => templates(1, 'x') && { encryptedData: {}, template: { data: { 'a b': 'x' } } },
    /data\[a b\]/,
  ],
}

test('hostile objects fail alone, say why, and delay nobody', { timeout: 540_000 }, async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const { cluster } = world
  for (const [title, [spec, expected]] of Object.entries(objects)) {
    await t.test(title, async () => {
      const name = slug(title)
      await cluster.create(resources.sealedSecret, sealedSecret(name, await spec(world, name)))
      await healthy(world, name)
      await settled(world, name, expected)
    })
  }
})
