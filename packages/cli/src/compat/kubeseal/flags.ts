/** How a flag's text is read; `usage.ts` knows how the kinds are shown. */
export type FlagKind =
  | 'string'
  | 'bool'
  /** Comma-separated values (Go's encoding/csv); each use appends. */
  | 'strings'
  /** One value a use. */
  | 'list'
  | 'scope'
  /** A string that loses a `ns/`, `namespace/` or `namespaces/` in front. */
  | 'namespace'
  /** klog's flags: read, checked and of no effect. */
  | 'klogBool'
  | 'klogInt32'
  | 'klogUint'
  | 'klogSeverity'
  | 'klogTrace'
  | 'klogModules'
  | 'klogString'

/** One flag of kubeseal. */
export interface Flag {
  readonly name: string
  readonly short?: string
  readonly kind: FlagKind
}

/** Every flag, in the order of kubeseal's help; all but klog's are also read from `SEALED_SECRETS_<NAME>`. */
export const flags = [
  { name: 'add_dir_header', kind: 'klogBool' },
  { name: 'allow-empty-data', kind: 'bool' },
  { name: 'alsologtostderr', kind: 'klogBool' },
  { name: 'alsologtostderrthreshold', kind: 'klogSeverity' },
  { name: 'as', kind: 'string' },
  { name: 'as-group', kind: 'list' },
  { name: 'as-uid', kind: 'string' },
  { name: 'cert', kind: 'string' },
  { name: 'certificate-authority', kind: 'string' },
  { name: 'client-certificate', kind: 'string' },
  { name: 'client-key', kind: 'string' },
  { name: 'cluster', kind: 'string' },
  { name: 'context', kind: 'string' },
  { name: 'controller-name', kind: 'string' },
  { name: 'controller-namespace', kind: 'string' },
  { name: 'disable-compression', kind: 'bool' },
  { name: 'fetch-cert', kind: 'bool' },
  { name: 'format', short: 'o', kind: 'string' },
  { name: 'from-file', kind: 'strings' },
  { name: 'help', kind: 'bool' },
  { name: 'insecure-skip-tls-verify', kind: 'bool' },
  { name: 'kubeconfig', kind: 'string' },
  { name: 'legacy_stderr_threshold_behavior', kind: 'klogBool' },
  { name: 'log_backtrace_at', kind: 'klogTrace' },
  { name: 'log_dir', kind: 'klogString' },
  { name: 'log_file', kind: 'klogString' },
  { name: 'log_file_max_size', kind: 'klogUint' },
  { name: 'logtostderr', kind: 'klogBool' },
  { name: 'merge-into', kind: 'string' },
  { name: 'name', kind: 'string' },
  { name: 'namespace', short: 'n', kind: 'namespace' },
  { name: 'one_output', kind: 'klogBool' },
  { name: 'password', kind: 'string' },
  { name: 'proxy-url', kind: 'string' },
  { name: 'raw', kind: 'bool' },
  { name: 're-encrypt', kind: 'bool' },
  { name: 'recovery-private-key', kind: 'strings' },
  { name: 'recovery-unseal', kind: 'bool' },
  { name: 'request-timeout', kind: 'string' },
  { name: 'rotate', kind: 'bool' },
  { name: 'scope', kind: 'scope' },
  { name: 'sealed-secret-file', short: 'w', kind: 'string' },
  { name: 'secret-file', short: 'f', kind: 'string' },
  { name: 'server', kind: 'string' },
  { name: 'skip_headers', kind: 'klogBool' },
  { name: 'skip_log_headers', kind: 'klogBool' },
  { name: 'stderrthreshold', kind: 'klogSeverity' },
  { name: 'tls-server-name', kind: 'string' },
  { name: 'token', kind: 'string' },
  { name: 'user', kind: 'string' },
  { name: 'username', kind: 'string' },
  { name: 'v', short: 'v', kind: 'klogInt32' },
  { name: 'validate', kind: 'bool' },
  { name: 'version', kind: 'bool' },
  { name: 'vmodule', kind: 'klogModules' },
] as const

type NameOf<Kind extends FlagKind> = Extract<(typeof flags)[number], { readonly kind: Kind }>['name']

/** Flags that hold a text. */
export type TextFlag = NameOf<'string' | 'namespace' | 'scope'>
/** Flags that are on or off. */
export type BoolFlag = NameOf<'bool'>
/** Flags that hold a list. */
export type ListFlag = NameOf<'strings' | 'list'>

/** Texts that a flag has before it is given; empty for every other. */
const defaults: Readonly<Record<string, string>> = {
  'controller-name': 'sealed-secrets-controller',
  'controller-namespace': 'kube-system',
  format: 'json',
  'request-timeout': '0',
  scope: 'strict',
}

/** The values of one command line. */
export class FlagValues {
  readonly #texts = new Map<string, string>()
  readonly #bools = new Map<string, boolean>()
  readonly #lists = new Map<string, string[]>()

  text(name: TextFlag): string {
    return this.#texts.get(name) ?? defaults[name] ?? ''
  }

  bool(name: BoolFlag): boolean {
    return this.#bools.get(name) ?? false
  }

  list(name: ListFlag): readonly string[] {
    return this.#lists.get(name) ?? []
  }

  /** Whether a text was given, on the command line or in the environment. */
  given(name: TextFlag): boolean {
    return this.#texts.has(name)
  }

  setText(name: string, value: string): void {
    this.#texts.set(name, value)
  }

  setBool(name: string, value: boolean): void {
    this.#bools.set(name, value)
  }

  append(name: string, values: readonly string[]): void {
    this.#lists.set(name, [...(this.#lists.get(name) ?? []), ...values])
  }
}
