import { readFileSync } from 'node:fs'

/** One node as recorded from Go; see the field list in `test/vectors/README.md`. */
export interface RecordedNode {
  k: 'doc' | 'map' | 'seq' | 'scalar' | 'alias'
  tag?: string
  v?: string
  style?: string
  anchor?: string
  hc?: string
  lc?: string
  fc?: string
  c?: RecordedNode[]
  go?: { type?: string; value?: string; valueB64?: string; error?: string }
}

/** One line of yaml.jsonl, as far as core/yaml answers for it. */
export interface YamlVector {
  id: string
  group: string
  input?: string
  inputB64?: string
  resolved: RecordedNode[]
  resolvedError?: string
  sopsEmit?: string
  sopsEmitError?: string
  k8sToJSON?: string
  k8sToJSONError?: string
  k8sToJSONSeen?: string[]
  k8sEmit?: string
  k8sEmitError?: string
  k8sEmitSeen?: string[]
  k8sUnstable?: boolean
}

/** The vectors recorded from go.yaml.in/yaml/v3 and sigs.k8s.io/yaml. */
export function yamlVectors(): YamlVector[] {
  const url = new URL('../../vectors/yaml.jsonl', import.meta.url)
  return readFileSync(url, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** The text of a vector, as bytes where it is no valid UTF-8. */
export function inputOf(vector: YamlVector): string | Uint8Array {
  return vector.inputB64 === undefined ? (vector.input ?? '') : Buffer.from(vector.inputB64, 'base64')
}

/** Go's error text, or null. */
export function upstreamOf(run: () => void): string | undefined {
  try {
    run()
  } catch (error) {
    return (error as { upstream?: string }).upstream ?? String(error)
  }
  return undefined
}
