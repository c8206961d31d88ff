/** Plain values to encrypt. */
export type Tree = { [key: string]: Tree | string | number | boolean }

/** 70 % texts of 24 characters, 10 % each of integers, booleans and floats. */
function value(index: number): string | number | boolean {
  const kind = index % 10
  if (kind < 7) return `value${String(index * 7919).padStart(19, 'x')}`
  if (kind === 7) return index
  return kind === 8 ? index % 20 === 8 : index / 7
}

/** A mapping of so many values. */
export function group(count: number, from = 0): Tree {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, value(from + index)]))
}

/** The YAML text of a tree. */
export function yaml(tree: Tree, indent = ''): string {
  return Object.entries(tree)
    .map(([name, entry]) =>
      typeof entry === 'object' ? `${indent}${name}:\n${yaml(entry, `${indent}    `)}` : `${indent}${name}: ${entry}\n`,
    )
    .join('')
}
