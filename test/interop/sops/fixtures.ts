import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fixtures } from './pair.ts'

const yaml = `# head
str: héllo # inline
int: -42
float: 1.5
whole: 2.0
bool: true
time: 2024-01-01T00:00:00.5+02:00
empty: ""
nothing: null
map:
    # inside
    a: 1
    b: two
    deep:
        c: [x, y, {z: 1}]
list:
    # in list
    - one
    - 2
    - false
multi: |
    first
    second
plain_unencrypted: visible
# foot
`

/** Files in plain text. */
export const plain = {
  'plain.yaml': yaml,
  'two.yaml': 'a: 1\n---\nb: 2 # c\n',
  'plain.json': '{"b":1,"a":{"z":[1,"x",null,true,1.5],"1":"<&>"},"e":"","u_unencrypted":"u"}\n',
  'plain.env': '# comment\nKEY=value\nQUOTED="a b"\nMULTI=a\\nb\n\nexport X=1\n',
  'plain.ini': `; top
top = level

# head of one
[one]
; above
a = 1 ; behind
longer: "quoted value"
'b' = \`tick # ; \`
multi = """first
second"""
cont = x \\
  y
url_unencrypted = http://h/p?x=y
empty =
[two]
[one]
a = again
a = twice
`,
  'latin1.env': Buffer.from('# Gr\u00f6\u00dfe\nGR\u00d6SSE=\u00fc \xe2\x98x\n', 'latin1'),
  'latin1.ini': Buffer.from('; Gr\u00f6\u00dfe\n[s\u00f6]\n; \u00fc\nk\u00fc = \u00e4 \xe2\x98x\n', 'latin1'),
  'plain.bin': Buffer.from([0, 1, 2, 255, 254, 10]),
} as const

const formats = ['yaml', 'json', 'env', 'ini', 'bin'] as const

/** The fixtures: plain files, the same encrypted by the real sops, and age keys of which the first two are held. */
export function fixtures(programs: { sops: string; 'age-keygen': string }): { files: Fixtures; recipients: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'sops-fixtures-'))
  try {
    const keys = [0, 1, 2].map(() =>
      execFileSync(programs['age-keygen'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString(),
    )
    const recipients = keys.map((key) => /age1\w+/.exec(key)?.[0] ?? '')
    const files: Record<string, string | Uint8Array> = { ...plain, 'keys.txt': keys.slice(0, 2).join('') }
    for (const [name, content] of Object.entries(plain)) writeFileSync(join(folder, name), content)
    const encrypt = (name: string, ...flags: string[]): Uint8Array => {
      const env = { PATH: process.env['PATH'] ?? '', HOME: folder }
      return execFileSync(programs.sops, ['encrypt', ...flags, name], { cwd: folder, env })
    }
    const age = ['--age', recipients[0] ?? '']
    for (const format of formats) files[`enc.${format}`] = encrypt(`plain.${format}`, ...age)
    writeFileSync(join(folder, 'types.yaml'), 'A: 1\nB: 1.0\nC: 1e21\nD: true\nE: null\nF: 2024-01-01T00:00:00.5Z\n')
    files['types.enc.yaml'] = encrypt('types.yaml', ...age)
    const groups = recipients.map((recipient) => `{age: [${recipient}]}`)
    writeFileSync(
      join(folder, '.sops.yaml'),
      `creation_rules: [{shamir_threshold: 2, key_groups: [${groups.join(', ')}]}]`,
    )
    files['three.enc.json'] = encrypt('plain.json')
    rmSync(join(folder, '.sops.yaml'))
    files['two.enc.yaml'] = encrypt('two.yaml', ...age)
    files['regex.enc.yaml'] = encrypt('plain.yaml', ...age, '--encrypted-regex', '^(str|map)$')
    files['suffix.enc.yaml'] = encrypt('plain.yaml', ...age, '--encrypted-suffix', 'r')
    files['both.enc.yaml'] = encrypt('plain.yaml', '--age', recipients.slice(1).join(','))
    files['other.enc.yaml'] = encrypt('plain.yaml', '--age', recipients[2] ?? '')
    return { files, recipients }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A text file of the fixtures. */
export function textOf(files: Fixtures, name: string): string {
  return Buffer.from(files[name] ?? '').toString()
}
