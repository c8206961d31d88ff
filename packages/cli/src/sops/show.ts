import { isComment, toPlain, type Value } from '@sealkit/core/sops'

/** A value for a person's eyes, on one line: JSON; null for none. */
export function valueText(value: Value | undefined): string | null {
  if (value === undefined) return null
  if (isComment(value)) return `#${value.text}`
  const text = JSON.stringify(toPlain(value), (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part))
  return text.replace(/[\u007f-\u009f]/g, '?')
}
