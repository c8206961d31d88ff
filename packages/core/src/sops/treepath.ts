/** A place in the documents of a file: keys and list positions. */
export type TreePath = readonly (string | number)[]

/** A place as sops' command line writes it: `["data"]["list"][0]`. */
export function pathText(path: TreePath): string {
  return path.map((part) => `[${typeof part === 'string' ? JSON.stringify(part) : part}]`).join('')
}
