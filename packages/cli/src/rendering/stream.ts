import { CoreError } from '@sealkit/core'
import type { Manifest } from '@sealkit/core/manifest'
import { emitDocuments, marshalYaml, parseDocuments, type YamlNode } from '@sealkit/core/yaml'
import type { ManifestDocument } from 'sealkit'

/** A manifest of the input beside what it becomes: a Secret, nothing (it is left out), or itself. */
export interface Replaced {
  readonly document: ManifestDocument
  readonly by: Manifest | null | 'itself'
}

/** Annotations by which Kustomize and Helm find an object again: what replaces an object takes them over. */
const carried =
  /^(?:(?:internal\.)?config\.kubernetes\.io\/(?:index|path|annotations-.*|id|seqindent)|postrenderer\.helm\.sh\/.*)$/

/**
 * A stream in which the sources of Secrets are replaced and everything else stands as it was: comments, order and the
 * text of numbers kept, as YAML documents. A `ResourceList` (the KRM functions of Kustomize) stays one.
 *
 * @param texts the files that the documents are of, in their order
 */
export function replaceSources(texts: readonly string[], replaced: readonly Replaced[]): string {
  const nodes = texts.flatMap(objectNodes)
  if (nodes.length !== replaced.length) {
    throw new CoreError('INVALID_MANIFEST', 'the input holds lists that cannot be taken apart', {
      hint: 'write the members of the list as documents of their own',
    })
  }
  const kept = replaced.flatMap(({ document, by }, index) => {
    const node = nodes[index]
    if (by === null || node === undefined) return []
    return [by === 'itself' ? nodeText(node, document.object) : marshalYaml(withCarried(by, document.object))]
  })
  const [list] = texts.length === 1 ? texts.flatMap(resourceLists) : []
  return list === undefined ? kept.map((text) => `---\n${text}`).join('') : resourceList(list, kept)
}

/** Whether a text is input of a KRM function. */
export function isResourceList(text: string): boolean {
  return /^\s*["']?kind["']?\s*:\s*["']?ResourceList\b/m.test(text) && resourceLists(text).length > 0
}

/** The nodes of the objects in a text, in the order in which they are read as documents. */
function objectNodes(text: string): YamlNode[] {
  return parseDocuments(text).flatMap(({ content: [root] }) => (root === undefined ? [] : members(root)))
}

function members(root: YamlNode): YamlNode[] {
  if (root.kind !== 'mapping') return []
  const items = entry(root, 'items')
  return entry(root, 'kind')?.value.endsWith('List') === true && items?.kind === 'sequence'
    ? items.content.flatMap(members)
    : [root]
}

function entry(mapping: YamlNode, key: string): YamlNode | undefined {
  const at = mapping.content.findIndex((node, index) => index % 2 === 0 && node.value === key)
  return at < 0 ? undefined : mapping.content[at + 1]
}

function nodeText(node: YamlNode, object: Manifest): string {
  // An alias may lead out of a member of a list, so its object is written out instead.
  if (hasAlias(node)) return marshalYaml(object)
  return emitNode(node)
}

function hasAlias(node: YamlNode): boolean {
  return node.kind === 'alias' || node.content.some(hasAlias)
}

function withCarried(secret: Manifest, source: Manifest): Manifest {
  const marks = Object.entries(source.metadata?.annotations ?? {}).filter(([name]) => carried.test(name))
  if (marks.length === 0) return secret
  const annotations = { ...secret.metadata?.annotations, ...Object.fromEntries(marks) }
  return { ...secret, metadata: { ...secret.metadata, annotations } }
}

function resourceLists(text: string): YamlNode[] {
  const roots = parseDocuments(text).flatMap(({ content }) => content)
  const lists = roots.filter((root) => root.kind === 'mapping' && entry(root, 'kind')?.value === 'ResourceList')
  return lists.length === roots.length ? lists : []
}

/** The list with new members; its version, `functionConfig` and whatever else it has stay. */
function resourceList(list: YamlNode, kept: readonly string[]): string {
  const items = entry(list, 'items')
  if (items?.kind !== 'sequence') return kept.join('')
  const members = kept.flatMap((text) => parseDocuments(text).flatMap(({ content }) => content))
  const content = list.content.map((node) => (node === items ? { ...items, style: undefined, content: members } : node))
  return emitNode({ ...list, style: undefined, content })
}

function emitNode(node: YamlNode): string {
  return emitDocuments([{ kind: 'document', tag: '', value: '', content: [node], line: 1, column: 1 }], { indent: 2 })
}
