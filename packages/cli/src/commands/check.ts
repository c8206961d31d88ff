import { SealkitError } from '@sealkit/core'
import type { CheckContext, Checked, Checker, Finding } from '../checker.ts'
import type { Values } from '../command.ts'
import { count } from '../count.ts'
import { exitCode } from '../exit.ts'
import { identityFlag } from '../flags.ts'
import type { Io } from '../io.ts'
import { sealedSecretChecker } from '../sealing/check.ts'
import { readInput } from '../sealing/files.ts'
import { readKeyRing } from '../sealing/keys.ts'
import { printable } from '../sealing/place.ts'
import { progress } from '../sealing/progress.ts'
import { sealingKeyFor } from '../sealing/source.ts'
import { type Source, sourcesOf } from '../sealing/sources.ts'
import { sopsChecker } from '../sops/check.ts'
import { Configs } from '../sops/creation.ts'
import { filesNamed } from '../sops/files.ts'
import { sopsKeys } from '../sops/keys.ts'
import { unfit } from '../unfit.ts'

/** One line for the list of commands. */
export const summary =
  'Check SealedSecrets and SOPS files without a cluster and without keys; with keys, whether they open'

/** The positional arguments. */
export const positionals = '[FILE|DIRECTORY...]'

const own = [
  {
    name: 'cert',
    type: 'string',
    multiple: true,
    value: 'FILE|URL',
    description: 'a certificate that they should be sealed for: the size of its key is compared',
  },
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'private keys that should open them; where none does, the reason is looked for',
  },
  { name: 'decrypt', type: 'boolean', description: 'decrypt SOPS files, and check their MAC' },
  { name: 'config', type: 'string', value: 'FILE', description: 'take SOPS rules from FILE (the nearest .sops.yaml)' },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    value: 'NAMESPACE',
    description: 'namespace of objects that declare none',
  },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof identityFlag] = [...own, ...identityFlag]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit check --cert cert.pem clusters/', 'what CI can know without a private key'],
  ['sealkit check .', 'a pre-commit hook: is anything in plain text that .sops.yaml has a rule for?'],
  ['sealkit check --key keys/ clusters/', 'does everything open?'],
]

/** What checks each kind. */
function checkersOf(values: CheckValues, io: Io): readonly Checker[] {
  const configs = new Configs(io.cwd, values.config)
  // What is checked may be a pull request's: it must not choose where this machine's token goes.
  const keys = values.decrypt === true ? sopsKeys(values, io, []) : null
  return [sealedSecretChecker, sopsChecker({ configs, keys, io })]
}

type CheckValues = Values<typeof options>

/** Prints one line for each finding, and fails when there is one. */
export async function run(values: CheckValues, paths: readonly string[], io: Io): Promise<number> {
  const sources = [...sourcesOf(paths, io), ...otherSources(paths, io)]
  const checkers = checkersOf(values, io)
  const context: CheckContext = {
    publicKeys: await Promise.all((values.cert ?? []).map((cert) => sealingKeyFor({ cert }, io))),
    keyRing: values.key === undefined ? undefined : await readKeyRing(values.key, io),
    namespace: values.namespace,
  }
  const bar = progress('checking', sources.length, io)
  const total = { objects: 0, findings: 0 }
  for (const source of sources) {
    bar.step()
    const { objects, findings } = await checkSource(source, context, checkers)
    total.objects += objects
    total.findings += findings.length
    if (findings.length > 0) bar.clear()
    for (const finding of findings) io.stdout.write(`${lineOf(source.path, finding)}\n`)
  }
  bar.clear()
  io.stderr.write(`checked ${count(total.objects, 'object')}, ${count(total.findings, 'finding')}\n`)
  return total.findings > 0 ? exitCode.failed : exitCode.done
}

async function checkSource(source: Source, context: CheckContext, checkers: readonly Checker[]): Promise<Checked> {
  try {
    const text = await source.read()
    const mentioned = checkers.filter((checker) => source.named || checker.mentions(text))
    const results = await Promise.all(mentioned.map((checker) => checker.check(text, context, source.path)))
    const objects = results.reduce((sum, result) => sum + result.objects, 0)
    if (source.named && objects === 0) throw await unfit('check', { path: source.path, text })
    return { objects, findings: results.flatMap(({ findings }) => findings) }
  } catch (error) {
    if (!(error instanceof SealkitError)) throw error
    return fileFinding(error.message.replace(`${source.path}: `, ''))
  }
}

/** Files of a directory that hold no manifests, but may be SOPS files, or should be. */
function otherSources(paths: readonly string[], io: Io): Source[] {
  return filesNamed(
    paths.filter((path) => path !== '-'),
    io,
  )
    .filter(({ path, named }) => !named && !/\.(?:ya?ml|json)$/.test(path))
    .map(({ path }) => ({ path, named: false, read: async () => Buffer.from(readInput(path, io)).toString() }))
}

function fileFinding(text: string): Checked {
  return { objects: 0, findings: [{ place: [], text }] }
}

/** A finding is one line, whatever names the file's author chose. */
function lineOf(path: string, { place, text }: Finding): string {
  return printable([path, ...place, text].join(': '))
}
