import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { marshalYaml } from '@sealkit/core/yaml'
import { seal } from '../cluster.ts'
import { at, healthy, items, sealedSecret, slug, spin, startWorld, type World } from './hostile.ts'

/** Sends a body as a client of its own, and gives the status. */
function post(world: World, path: string, body: string | Buffer, client: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-forwarded-for': client }
    const options = { host: '127.0.0.1', port: world.controller.ports.api, path, method: 'POST', headers, agent: false }
    const sent = request(options, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const head = 'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: a\n  namespace: default\nspec:\n'
const tenMegabytes = 10 * 1024 * 1024

function filled(start: string, line: (index: number) => string): string {
  const lines = [start]
  for (let [index, size] = [0, start.length]; ; index += 1) {
    const next = line(index)
    size += next.length
    if (size > tenMegabytes) return lines.join('')
    lines.push(next)
  }
}

/** Bodies up to the cap, and the answers to verify and rotate. */
const bodies: Readonly<Record<string, readonly [(world: World) => string | Promise<string>, number, number]>> = {
  'ten megabytes of tiny items in YAML': [() => filled(`${head}  encryptedData:\n`, (i) => `    k${i}: a\n`), 500, 500],
  'three megabytes of tiny items in YAML': [
    () => filled(`${head}  encryptedData:\n`, (i) => `    k${i}: a\n`).slice(0, 3_000_000),
    500,
    500,
  ],
  'ten megabytes of tiny items in JSON': [
    () =>
      `${filled('{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","spec":{"encryptedData":{"k":""', (i) => `,"k${i}":"a"`)}}}`.slice(
        0,
        tenMegabytes,
      ),
    500,
    500,
  ],
  'two megabytes of items that no key opens': [
    () => filled(`${head}  encryptedData:\n`, (i) => `    k${i}: ${'A'.repeat(700)}\n`).slice(0, 2_000_000),
    409,
    500,
  ],
  'three thousand good items': [
    async ({ pem }) => marshalYaml({ ...sealedSecret('a', {}), spec: { encryptedData: await items(pem, 'a', 3_000) } }),
    200,
    200,
  ],
  'half a million documents': [() => filled('', () => '---\n').slice(0, 2_000_000), 500, 500],
  'nesting without end': [() => `${head}${'['.repeat(2_000_000)}`, 500, 500],
  'an alias bomb': [
    () =>
      `${head}  a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 20 }, (_, i) => `  a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]\n`).join('')}`,
    500,
    500,
  ],
  'a chain of merged maps': [
    () =>
      filled(`${head}  a0: &a0 {x: 1}\n`, (i) => `  a${i + 1}: &a${i + 1} {<<: *a${i}, k${i}: 1}\n`).slice(
        0,
        1_000_000,
      ),
    500,
    500,
  ],
  'one scalar of three megabytes': [() => `${head}  encryptedData:\n    a: ${'A'.repeat(2_900_000)}`, 409, 500],
  'a template bomb': [() => `${head}  encryptedData: {}\n  template:\n    data:\n      t: '${spin}'\n`, 200, 200],
}

test('hostile requests are answered, and delay nobody', { timeout: 540_000 }, async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  for (const [title, [make, verified, rotated]] of Object.entries(bodies)) {
    await t.test(`${title}`, async () => {
      const body = Buffer.from(await make(world))
      const answers = Promise.all([post(world, '/v1/verify', body, title), post(world, '/v1/rotate', body, title)])
      await healthy(world, `http-${slug(title)}`)
      assert.deepEqual(await answers, [verified, rotated])
    })
  }

  await t.test('more bodies than are held at once are sent away, and none is kept', async () => {
    const body = Buffer.from(filled(`${head}  encryptedData:\n`, (i) => `    k${i}: a\n`))
    const all = Array.from({ length: 12 }, (_, index) => post(world, '/v1/verify', body, `many ${index}`))
    await healthy(world, 'http-many')
    const statuses = await Promise.all(all)
    assert.ok(statuses.includes(503), String(statuses))
    assert.ok(
      statuses.every((status) => status === 503 || status === 500),
      String(statuses),
    )
    const good = JSON.stringify(await seal(world.pem, { ...at('good'), stringData: { a: '1' } }))
    assert.equal(await post(world, '/v1/verify', good, 'good'), 200)
  })
})
