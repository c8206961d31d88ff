// Time of one render of a typical template, once parsed, beside Go's.
import { execute, functionTable, parse } from '@sealkit/template'
import { goProgram } from '../interop/go/program.ts'
import { median } from './pair.ts'

const GOAL = 2
const ROUNDS = 2_000
const TURNS = 9

/** A configuration file as charts and teams write them: conditions, loops, defaults, quoting, encoding. */
const TEXT = `{{- $hosts := splitList "," .hosts -}}
{{- $port := .port | default "5432" | int -}}
# generated for {{ .app | upper }} in {{ .env | title }}
server:
  name: {{ .app | quote }}
  environment: {{ .env | lower }}
  replicas: {{ if eq .env "prod" }}3{{ else }}1{{ end }}
database:
  user: {{ .user | quote }}
  password: {{ .password | quote }}
  url: {{ printf "postgres://%s:%s@%s:%d/%s" .user (.password | urlquery) (first $hosts) $port .app }}
  port: {{ $port }}
  poolSize: {{ mul $port 2 | mod 64 | add 8 }}
  hosts:
{{- range $i, $host := $hosts }}
    - name: db-{{ $i }}
      host: {{ $host | trim }}
      primary: {{ eq $i 0 }}
{{- end }}
{{- if .tls }}
tls:
  enabled: true
  certificate: |
{{ .certificate | indent 4 }}
{{- else }}
tls:
  enabled: false
{{- end }}
auth:
  basic: {{ printf "%s:%s" .user .password | b64enc }}
  header: "Basic {{ printf "%s:%s" .user .password | b64enc }}"
{{- with .token }}
  token: {{ . | trunc 16 }}
  tokenHash: {{ . | sha256sum | trunc 12 }}
{{- end }}
features:
{{- range $name, $on := dict "audit" true "cache" false "metrics" (ne .env "dev") }}
  {{ $name | kebabcase }}: {{ ternary "on" "off" $on }}
{{- end }}
labels: {{ dict "app" .app "env" .env | toJson }}
motd: {{ coalesce .motd "welcome" | replace "welcome" "Welcome" | trimSuffix "." }}
`

const DATA = new Map(
  Object.entries({
    app: 'orders',
    env: 'prod',
    hosts: 'pg-0.db.svc, pg-1.db.svc, pg-2.db.svc',
    port: '6432',
    user: 'orders_rw',
    password: 's3cr3t/&?@:#',
    token: 'eyJhbGciOiJIUzI1NiJ9.payload.signature',
    tls: 'true',
    certificate: `-----BEGIN CERTIFICATE-----\n${'MIIDzDCCArSgAwIBAgICA+swDQYJKoZIhvcNAQELBQAwLjEWMBQGA1UEChMNU2Vh\n'.repeat(16)}-----END CERTIFICATE-----`,
    motd: '',
  }),
)

function microseconds(run: () => void): number {
  const start = performance.now()
  for (let i = 0; i < ROUNDS; i++) run()
  return ((performance.now() - start) * 1000) / ROUNDS
}

const program = await goProgram({ skip: (reason) => console.log(reason) }, 'template')
if (program !== null) {
  const template = parse(TEXT, { name: 't', functions: functionTable('sealed-secrets') })
  const encoded = [...DATA].map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  const question = {
    name: 't',
    template: Buffer.from(TEXT).toString('base64'),
    data: Object.fromEntries(encoded),
    rounds: ROUNDS,
  }
  const ours: number[] = []
  const theirs: number[] = []
  for (let turn = -1; turn < TURNS; turn++) {
    const [answer] = (await program.ask([question])) as [{ output: string; nanoseconds: number }]
    const mine = Buffer.from(execute(template, DATA)).toString('base64')
    if (answer.output !== mine) throw new Error('the outputs differ')
    const time = microseconds(() => execute(template, DATA))
    if (turn < 0) continue
    ours.push(time)
    theirs.push(answer.nanoseconds / 1000)
  }
  const ratio = median(ours) / median(theirs)
  const figures = `ours ${median(ours).toFixed(1)} us, Go ${median(theirs).toFixed(1)} us, ratio ${ratio.toFixed(2)}`
  console.log(
    `render a template of ${TEXT.split('\n').length - 1} lines`.padEnd(48),
    `${figures} (goal <= ${GOAL.toFixed(2)})`,
  )
}
