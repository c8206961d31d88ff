import { execute, type FunctionRow, functionTable, type Personality, parse, seededRandom } from '@sealkit/template'

/** What the examples of the functions read. */
const DATA: ReadonlyMap<string, string> = new Map([
  ['user', 'admin'],
  ['password', 'p@ss word'],
  ['host', 'db.example.com'],
  ['env', 'prod'],
  ['text', 'axxb 42 <tag>'],
  ['name', 'a name'],
  ['config', '{"a":1}'],
  ['a', 'first'],
  ['b', 'second'],
  ['token', 'abcdefghij'],
  ['encoded', 'YWJj'],
  ['key', 'a key'],
  ['seed', 'abc'],
  ['my-key', 'value'],
  ['keys', 'xyz'],
  ['alias', ''],
])

const SHOWN = 60
/** Families whose examples read certificates, keys and key stores that are not here. */
const NEEDS_FILES = new Set(['PEM, PKCS#12 and JWK', 'Keys and certificates'])
/** Examples that fail: that is what they show, or they read what is not here. */
const FAILS = new Set(['call', 'fail', 'decryptAES', 'ago'])

/** The functions of both personalities, those that differ apart. */
function allRows(): { row: FunctionRow; of: readonly Personality[] }[] {
  const sealed = functionTable('sealed-secrets')
  const external = functionTable('external-secrets')
  const shared = [...external.values()].map((row) => {
    const other = sealed.get(row.name)
    const same = other !== undefined && signature(other) === signature(row)
    return { row, of: same ? (['sealed-secrets', 'external-secrets'] as const) : (['external-secrets'] as const) }
  })
  const only = [...sealed.values()].filter(
    (row) => !shared.some((each) => each.row.name === row.name && each.of.length === 2),
  )
  return [...shared, ...only.map((row) => ({ row, of: ['sealed-secrets'] as const }))]
}

function signature({ parameters, result }: FunctionRow): string {
  return `(${parameters.map(short).join(', ')}) ${short(result)}`
}

function short(type: string): string {
  return type.replaceAll('interface {}', 'any').replaceAll('reflect.Value', 'any')
}

/** What an example gives; null where that is of no use or not the same each time. */
export function exampleResult(row: FunctionRow, personality: Personality): string | null {
  const prelude =
    '{{ $map := dict "name" "value" "age" 7 }}{{ $other := dict "name" "other" }}{{ $defaults := dict "x" 1 }}{{ $changes := dict "age" 8 }}{{ $ca := 1 }}'
  const text = `${prelude}{{ ${row.example} }}`
  const template = parse(text, { name: row.name, functions: functionTable(personality), missingKey: 'zero' })
  if (row.cost === 'slow' || NEEDS_FILES.has(row.family) || FAILS.has(row.name)) return null
  const random = seededRandom(Buffer.from('examples'))
  return Buffer.from(execute(template, DATA, { now: () => 1_700_000_000_000_000_000n, random })).toString('utf8')
}

const HEAD = `# Template functions

Every function that templates of Sealed Secrets (\`spec.template.data\`) and External Secrets (\`target.template\`) may call: Go's own, sprig's
without those that read the machine (\`env\`, \`expandenv\`, \`getHostByName\`), and External Secrets' own. A test keeps this page equal to the code, and runs each
example. Names such as \`.user\` are keys of the data, \`$map\` is a map.

\`slow\` functions take milliseconds to seconds of cryptography, \`heavy\` ones parse or search; a template with either is rendered in a worker with a
deadline. All the others are cheap.

## Differences from Go

Output and error texts equal Go's, byte for byte, but for these:

* \`keys\` and \`values\` give the order of the keys' bytes, where Go gives another order each time.
* A render has a budget of memory and steps, where Go goes on until the machine has no more. \`TEMPLATE_LIMIT\` ends it. Of the
  million steps a call of a \`heavy\` function takes 20, of a \`slow\` one 10,000.
* \`bcrypt\` and \`htpasswd\` refuse a password that is not UTF-8.
* \`now\` prints no monotonic clock (\`m=+0.1\`), and takes the time that the render was given.
* \`%d\` and other wrong verbs of a time, and \`%p\`, do not print memory addresses.
* Times and versions have their methods (\`now.Year\`, \`(semver .v).Major\`), but for those of a time that give or take a location, a clock reading or
  encoded bytes (\`Local\`, \`In\`, \`Location\`, \`Round\`, \`MarshalText\`, ...).
* A struct of \`semver\` or a certificate inside another value merges and copies as a whole.
* A time zone's abbreviation of former times may be another, or a number: [go.md](go.md).
* Characters newer than Unicode 15 may count as letters here and not in Go.
* Certificates that OpenSSL refuses to read are \`x509: malformed certificate\`, where Go says which field it stumbled over.
`

/** The whole of \`docs/reference/functions.md\`. */
export function functionsPage(): string {
  const rows = allRows()
  const families = [...new Set(rows.map(({ row }) => row.family))]
  const sections = families.map((family) => {
    const lines = rows
      .filter(({ row }) => row.family === family)
      .toSorted((a, b) => (a.row.name.toLowerCase() < b.row.name.toLowerCase() ? -1 : 1))
      .map(({ row, of }) => line(row, of))
    return `## ${family}\n\n| function | meaning | example | result |\n|---|---|---|---|\n${lines.join('\n')}\n`
  })
  return `${HEAD}\n${sections.join('\n')}`
}

function line(row: FunctionRow, of: readonly Personality[]): string {
  const only = of.length === 2 ? '' : of[0] === 'external-secrets' ? ' External Secrets only.' : ' Sealed Secrets only.'
  const cost = row.cost === 'cheap' ? '' : ` *${row.cost}*`
  const result = exampleResult(row, of[0] ?? 'sealed-secrets')
  const cells = [
    code(`${row.name}${signature(row)}`),
    `${row.doc}${only}${cost}`,
    code(row.example),
    result === null ? '' : code(JSON.stringify(result.length > SHOWN ? `${result.slice(0, SHOWN)}...` : result)),
  ]
  return `| ${cells.join(' | ')} |`
}

function code(text: string): string {
  const escaped = text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return escaped.includes('`') ? `\`\` ${escaped} \`\`` : `\`${escaped}\``
}
