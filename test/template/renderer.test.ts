import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, describe, it } from 'node:test'
import {
  execute,
  functionTable,
  parse,
  Renderer,
  type RenderRequest,
  seededRandom,
  TemplateError,
} from '@sealkit/template'

const renderer = new Renderer({ functions: 'external-secrets', deadline: 500, memory: 64 })
after(() => renderer.close())

function request(text: string, more: Partial<RenderRequest> = {}): RenderRequest {
  return { name: 't', text, data: new Map([['user', 'admin']]), now: 0n, ...more }
}

async function rendered(text: string, more: Partial<RenderRequest> = {}): Promise<string> {
  return Buffer.from(await renderer.render(request(text, more))).toString('utf8')
}

async function code(text: string): Promise<unknown> {
  const outcome: unknown = await renderer.render(request(text)).then(
    (output) => Buffer.from(output).toString('utf8').slice(0, 100),
    (error) => error,
  )
  return outcome instanceof TemplateError ? outcome.code : outcome
}

const double = (count: number): string => `{{ $x := list 1 }}${'{{ $x = list $x $x }}'.repeat(count)}`

/** Templates that would take all memory or all time. */
const BOMBS: Readonly<Record<string, string>> = {
  'a text repeated without end': '{{ repeat 1000000000 "x" }}',
  'a text repeated again and again': `{{ $x := "xxxxxxxxxx" }}${'{{ $x = repeat 100 $x }}'.repeat(5)}{{ $x }}`,
  'more numbers than memory holds': '{{ until 1000000000 | len }}',
  'numbers that wrap around': '{{ untilStep 0 9223372036854775807 4611686018427387904 | len }}',
  'a wide verb': `{{ ${'printf "%999999d" 1 | '.repeat(40)} len }}`,
  'many wide verbs': `{{ printf "${'%999999[1]d'.repeat(60)}" 1 | len }}`,
  'a precise verb': `{{ printf "${'%.999999[1]f'.repeat(60)}" 1.0 | len }}`,
  'loops in loops': '{{ range until 3000 }}{{ range until 3000 }}x{{ end }}{{ end }}',
  'a loop over a large number': '{{ range 9000000000000000000 }}{{ end }}',
  'a list that doubles, printed': `${double(60)}{{ $x }}`,
  'a list that doubles, quoted': `${double(60)}{{ quote $x }}`,
  'a list that doubles, as JSON': `${double(60)}{{ toJson $x }}`,
  'a list that doubles, as YAML': `${double(60)}{{ toYaml $x }}`,
  'a list that doubles, copied': `${double(60)}{{ deepCopy $x }}`,
  'a list that doubles, compared': `${double(60)}{{ $y := deepEqual $x $x }}`,
  'a list that doubles, in an error': `${double(60)}{{ eq $x 1 $x }}`,
  'a map that holds itself': '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}',
  'a template that calls itself': '{{ define "r" }}{{ template "r" }}{{ end }}{{ template "r" }}',
  'a template that calls itself twice':
    '{{ define "r" }}{{ if lt . 60 }}{{ template "r" (add1 .) }}{{ template "r" (add1 .) }}{{ end }}{{ end }}{{ template "r" 0 }}',
  'parentheses without end': `{{ ${'('.repeat(9_000)}1${')'.repeat(9_000)} }}`,
  'a replacement of nothing': '{{ $x := repeat 5000 "x" }}{{ replace "" $x $x | len }}',
  'large patterns on large texts': '{{ regexFindAll (repeat 10000 "(a|b)?") (repeat 100000 "a") -1 | len }}',
  'a search that compares everything': '{{ contains (print "b" (repeat 2000000 "a")) (repeat 4000000 "a") }}',
  'keys without end': '{{ range until 1000 }}{{ $k := genPrivateKey "rsa" }}{{ end }}',
  'passwords without end': '{{ range until 1000 }}{{ $p := bcrypt "x" }}{{ end }}',
  'an indent of everything': '{{ indent 100000 (repeat 100000 "\\n") | len }}',
  'elements compared with all others': '{{ uniq (until 100000) | len }}',
}

describe('a hostile template ends with one error', () => {
  for (const [name, text] of Object.entries(BOMBS)) {
    it(name, async () => assert.equal(await code(text), 'TEMPLATE_LIMIT'))
  }

  it('without a deadline too, where functions take long', () => {
    let keys = 0
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const text = '{{ range until 1000 }}{{ $k := genPrivateKey "ecdsa" }}{{ end }}'
    const template = parse(text, { name: 't', functions: functionTable('external-secrets') })
    const generateKey = (): typeof key => {
      keys += 1
      return key
    }
    assert.throws(() => execute(template, new Map(), { generateKey }), { code: 'TEMPLATE_LIMIT' })
    assert.ok(keys > 50 && keys < 100, `${keys} keys`)
  })

  it('and the next render is served', async () => assert.equal(await rendered('{{ .user | toJson }}'), '"admin"'))
})

describe('a template that is not hostile', () => {
  const CASES: readonly (readonly [text: string, output: string])[] = [
    ['{{ .user | upper }}', 'ADMIN'],
    ['{{ toYaml (dict "a" (list 1 "x")) }}', 'a:\n- 1\n- x'],
    ['{{ range until 2000 }}{{ . }},{{ end }}', `${Array.from({ length: 2000 }, (_, i) => i).join(',')},`],
    ['{{ repeat 3000000 "x" | len }}', '3000000'],
    ['{{ now | date "2006" }}', '1970'],
  ]
  for (const [text, output] of CASES) it(text, async () => assert.equal(await rendered(text), output))

  it('is served in order', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => `{{ toJson ${i} }}`)
    const outputs = await Promise.all(texts.map((text) => rendered(text)))
    assert.deepEqual(
      outputs,
      texts.map((_, i) => String(i)),
    )
  })

  it('gives the same random text for the same seed', async () => {
    const seed = Buffer.from('a seed')
    const text = '{{ randAlphaNum 20 }} {{ uuidv4 }} {{ shuffle "abcdef" }} {{ toJson (randBytes 8) }}'
    assert.equal(await rendered(text, { seed }), await rendered(text, { seed }))
    assert.notEqual(await rendered(text), await rendered(text))
  })
})

describe('errors cross the thread', () => {
  it('with code, message and upstream', async () => {
    const error = await renderer
      .render(request('{{ toJson .user }}{{ fail "s3cret" }}'))
      .catch((thrown: unknown) => thrown)
    assert.ok(error instanceof TemplateError)
    assert.equal(error.code, 'TEMPLATE_EXECUTION')
    assert.equal(error.message, 'template t: line 1, column 21: fail failed')
    assert.equal(error.upstream, 'template: t:1:21: executing "t" at <fail "s3cret">: error calling fail: s3cret')
  })

  it('of syntax from the thread that parses long templates', async () => {
    assert.equal(await code(`${'{{ .user }}'.repeat(10_000)}{{ end }}`), 'TEMPLATE_SYNTAX')
    assert.equal((await rendered('{{ .user }}'.repeat(10_000))).length, 50_000)
  })

  it('of syntax before any thread is started', async () => assert.equal(await code('{{ toJson'), 'TEMPLATE_SYNTAX'))
})

it('seeded bytes do not depend on how they are asked for', () => {
  const whole = seededRandom(Buffer.from('x'))(100)
  const pieces = seededRandom(Buffer.from('x'))
  assert.deepEqual(Buffer.concat([pieces(1), pieces(31), pieces(68)]), Buffer.from(whole))
})
