/** What a render needs besides the text. */
export interface RenderOptions {
  /** Go's name of the template, which its errors print: the key of the Secret. */
  readonly name: string
  /** `error` where External Secrets sets `missingkey=error`, else Go's default. */
  readonly missingKey: 'error' | 'default'
}

/**
 * Go's text/template with External Secrets' functions, as the caller provides it (`@sealkit/template`, in a worker for templates of
 * namespace users). `data` is the dot.
 */
export type Render = (
  text: string,
  data: ReadonlyMap<string, Uint8Array>,
  options: RenderOptions,
) => Uint8Array | Promise<Uint8Array>
