import type { Format, Indents, Store } from './store.ts'

export type { Format, Indents, Store } from './store.ts'

/** Stores by format; each is loaded when it is asked for. */
const stores: Readonly<Record<Format, (indents: Indents) => Promise<Store>>> = {
  json: async ({ json }) => (await import('./json.ts')).jsonStore(json ?? -1),
  binary: async ({ json_binary }) => (await import('./binary.ts')).binaryStore(json_binary ?? -1),
  yaml: async ({ yaml }) => (await import('./yaml.ts')).yamlStore(yaml ?? 0),
  dotenv: async () => (await import('./dotenv.ts')).dotenvStore(),
  ini: async () => (await import('./ini.ts')).iniStore(),
}

/** Names of all formats. */
export const formats: readonly Format[] = Object.keys(stores) as Format[]

/** The store of a format. */
export function openStore(format: Format, indents: Indents = {}): Promise<Store> {
  return stores[format](indents)
}

const suffixes: readonly (readonly [suffix: string, format: Format])[] = [
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['.json', 'json'],
  ['.env', 'dotenv'],
  ['.ini', 'ini'],
]

/** The format of a file by its name, as sops tells it: `binary` for all other names. */
export function formatOf(path: string): Format {
  return suffixes.find(([suffix]) => path.endsWith(suffix))?.[1] ?? 'binary'
}
