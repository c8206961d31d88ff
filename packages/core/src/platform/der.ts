/** One element of DER (ITU-T X.690): its tag, and where its content begins and ends. */
export interface DerElement {
  readonly tag: number
  readonly start: number
  readonly end: number
}

/** Tags of the universal types that keys and certificates are made of. */
export const derTag = {
  integer: 0x02,
  bitString: 0x03,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const

/** The element at an offset; `null` where there is none that fits in front of `limit`. */
export function readElement(der: Uint8Array, at: number, limit: number = der.length): DerElement | null {
  const tag = der[at]
  const first = der[at + 1]
  if (tag === undefined || first === undefined || at + 2 > limit) return null
  // Up to four bytes of length are more than any certificate needs.
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  if (first === 0x80 || lengthBytes > 4 || at + 2 + lengthBytes > limit) return null
  const start = at + 2 + lengthBytes
  let length = lengthBytes === 0 ? first : 0
  for (let octet = at + 2; octet < start; octet++) length = length * 256 + (der[octet] ?? 0)
  return start + length > limit ? null : { tag, start, end: start + length }
}

/** The elements inside a constructed one; `null` when its content does not end with one. */
export function readChildren(der: Uint8Array, parent: DerElement | null | undefined): DerElement[] | null {
  if (parent === null || parent === undefined) return null
  const children: DerElement[] = []
  for (let at = parent.start; at < parent.end; ) {
    const child = readElement(der, at, parent.end)
    if (child === null) return null
    children.push(child)
    at = child.end
  }
  return children
}

/** The content of an element in hexadecimal. */
export function readHex(der: Uint8Array, element: DerElement): string {
  let text = ''
  for (let at = element.start; at < element.end; at++) text += (der[at] ?? 0).toString(16).padStart(2, '0')
  return text
}

/** The magnitude of a non-negative integer, without leading zeros. */
export function readMagnitude(der: Uint8Array, element: DerElement): Uint8Array {
  let at = element.start
  while (at < element.end - 1 && der[at] === 0) at++
  return der.subarray(at, element.end)
}
