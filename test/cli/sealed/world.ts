import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { dispatch } from '@sealkit/cli'
import { encodeBase64 } from '@sealkit/core/manifest'
import { label, parseCertificate, type Scope, sealItem } from '@sealkit/core/sealed'
import { type Ran, ran, type World } from './io.ts'

/** A folder with two key pairs, `old` and `new` (`.pem` and `.key`), and the command line run in it. */
export interface SealedWorld {
  readonly folder: string
  sealkit(argv: readonly string[], world?: Partial<World>): Promise<Ran>
  write(name: string, content: string | Uint8Array): void
  read(name: string): string
  /** An item sealed for `old`, or another key pair of the folder. */
  item(plaintext: string, options?: ItemOptions): Promise<string>
}

/** What an item is sealed for; `shop/db`, strict, for `old` by default. */
export interface ItemOptions {
  readonly cert?: string
  readonly scope?: Scope
  readonly namespace?: string
  readonly name?: string
}

/** Makes the folder; it goes when the tests are done. */
export async function sealedWorld(): Promise<SealedWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'sealkit-'))
  after(() => rmSync(folder, { recursive: true }))
  const sealkit: SealedWorld['sealkit'] = (argv, world = {}) =>
    ran(argv, { cwd: folder, ...world }, (io) => dispatch('sealkit', io.argv, (_, rest) => ({ ...io, argv: rest })))
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const write: SealedWorld['write'] = (name, content) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  for (const [name, bits] of Object.entries({ old: '1024', new: '2048' })) {
    const out = ['--out-cert', `${name}.pem`, '--out-key', `${name}.key`]
    await sealkit(['keys', 'generate', '--key-size', bits, ...out])
  }
  return {
    folder,
    sealkit,
    write,
    read,
    async item(plaintext, { cert = 'old', scope = 'strict', namespace = 'shop', name = 'db' } = {}) {
      const { publicKey } = parseCertificate(read(`${cert}.pem`))
      const bytes = { plaintext: Buffer.from(plaintext), label: label(scope, namespace, name) }
      return encodeBase64(await sealItem({ publicKey, ...bytes }))
    },
  }
}

/** A SealedSecret `shop/db` with these items, written as they are. */
export function manifest(items: Readonly<Record<string, string>>, annotations = ''): string {
  const lines = Object.entries(items).map(([key, value]) => `    ${key}: ${value}\n`)
  return `# kept\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: db\n  namespace: shop\n${annotations}spec:\n  encryptedData:\n${lines.join('')}  template: # kept too\n    type: Opaque\n`
}
