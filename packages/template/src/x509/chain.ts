import { failure } from '../error.ts'
import { type Certificate, parseCertificate } from './certificate.ts'
import { decodeAll } from './pem.ts'

// Go compares key identifiers as byte slices: one that is absent equals another that is absent, or empty.
function sameId(a: Buffer | null, b: Buffer | null): boolean {
  return (a ?? Buffer.alloc(0)).equals(b ?? Buffer.alloc(0))
}

/** Whether a certificate is a root by its key identifiers. */
export function isRoot(certificate: Certificate): boolean {
  return certificate.authorityKeyId === null || sameId(certificate.authorityKeyId, certificate.subjectKeyId)
}

/**
 * The certificates of a text, ordered from leaf to root by their key identifiers. No signature is checked: this orders,
 * it does not verify.
 *
 * @throws FunctionFailure when they are not one chain
 */
export function orderChain(text: string): Certificate[] {
  const certificates = decodeAll(text).blocks.map((block) => parseCertificate(block.bytes))
  const parents = certificates.map((child, i) => {
    return certificates.findIndex((other, j) => i !== j && sameId(child.authorityKeyId, other.subjectKeyId))
  })
  const leaves = certificates.map((_, i) => i).filter((i) => !parents.includes(i))
  if (leaves.length > 1) failure('found multiple leaf or disjunct certificates', true)
  let at = leaves[0] ?? failure('no leaf certificate found', true)
  const chain: Certificate[] = []
  for (;;) {
    const certificate = certificates[at]
    if (certificate === undefined) return chain
    if (chain.length === certificates.length) failure('constructing chain resulted in cycle', true)
    chain.push(certificate)
    at = parents[at] ?? -1
  }
}
