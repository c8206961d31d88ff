import type { PublicKey } from '@sealkit/core/platform'
import type { KeyRing } from '@sealkit/core/sealed'

/** One thing that is wrong with a file. Nothing in it is secret. */
export interface Finding {
  /** The object and the part of it, outermost first: `['SealedSecret shop/db', 'password']`. */
  readonly place: readonly string[]
  readonly text: string
}

/** What a text is checked against, as far as it is at hand. */
export interface CheckContext {
  /** Keys of the certificates that objects should be sealed for. */
  readonly publicKeys: readonly PublicKey[]
  /** Private keys that should open them. */
  readonly keyRing: KeyRing | undefined
  /** Namespace of objects that declare none. */
  readonly namespace: string | undefined
}

/** What a checker found in one text. */
export interface Checked {
  /** Objects of its kind. */
  readonly objects: number
  readonly findings: readonly Finding[]
}

/** What checks the objects of one kind. */
export interface Checker {
  readonly kind: string
  /** Whether a text may hold such objects; cheap, for a tree holds many other files. */
  mentions(text: string): boolean
  /**
   * Checks every object of its kind in a text.
   *
   * @throws YAML_SYNTAX
   */
  check(text: string, context: CheckContext, path: string): Promise<Checked>
}
