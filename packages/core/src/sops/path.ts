/**
 * The associated data of what lies below a key: every mapping key from the root, each with a colon after it. List
 * positions are no part of it, so all items of a list share the list's.
 *
 * A root is the empty text.
 */
export function childPath(parent: string, key: string): string {
  return `${parent}${key}:`
}

/** The associated data of a comment: the path of the branch or list that holds it, and a single colon at the root. */
export function commentPath(parent: string): string {
  return parent === '' ? ':' : parent
}
