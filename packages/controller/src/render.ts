import type { Render as SealedRender } from '@sealkit/core/sealed'
import type { Environment, Render as ExternalRender } from '@sealkit/resolver'
import type { Renderer, RendererOptions } from '@sealkit/template'

/** How templates are rendered, and how its workers end. */
export interface Templates<Render> {
  readonly render: Render
  close(): Promise<void>
}

/**
 * Renders `spec.template.data` of SealedSecrets with sprig's functions, as upstream's controller does. Templates come
 * from whoever may write to a namespace: what is not cheap runs in a worker, under a deadline and a memory limit.
 *
 * @param now the time that templates see
 */
export function sealedSecretRender(now: () => Date): Templates<SealedRender> {
  const { open, close } = lazily({ functions: 'sealed-secrets' })
  return {
    async render(name, text, data) {
      const renderer = await open()
      return renderer.render({ name, text, data: new Map(Object.entries(data)), now: nanoseconds(now) })
    },
    close,
  }
}

/** What External Secrets' templates are rendered with. */
export interface ExternalRenderOptions {
  readonly now: () => Date
  /** `{{` unless given. */
  readonly leftDelimiter?: string
  readonly rightDelimiter?: string
}

/** Renders templates of ExternalSecrets with External Secrets' functions, under the same limits. */
export function externalSecretRender({
  now,
  leftDelimiter,
  rightDelimiter,
}: ExternalRenderOptions): Templates<ExternalRender> {
  const { open, close } = lazily({
    functions: 'external-secrets',
    ...(leftDelimiter === undefined ? {} : { leftDelim: leftDelimiter }),
    ...(rightDelimiter === undefined ? {} : { rightDelim: rightDelimiter }),
  })
  return {
    async render(text, data, { name, missingKey }) {
      const renderer = await open()
      return renderer.render({ name, text, data, missingKey, now: nanoseconds(now) })
    },
    close,
  }
}

/** Renders texts of webhook stores, which namespace users write too, under the same limits; delimiters are always Go's. */
export function storeTextRender(now: () => Date): Templates<NonNullable<Environment['renderText']>> {
  const { open, close } = lazily({ functions: 'external-secrets', missingKey: 'default' })
  return {
    async render(text, data) {
      const renderer = await open()
      return renderer.render({ name: 'webhooktemplate', text, data, now: nanoseconds(now) })
    },
    close,
  }
}

/** A renderer that is loaded and made with the first template: many clusters have none. */
function lazily(options: RendererOptions): { open(): Promise<Renderer>; close(): Promise<void> } {
  let renderer: Promise<Renderer> | undefined
  return {
    open() {
      renderer ??= import('@sealkit/template').then((template) => new template.Renderer(options))
      return renderer
    },
    async close() {
      await (await renderer)?.close()
    },
  }
}

function nanoseconds(now: () => Date): bigint {
  return BigInt(now().getTime()) * 1_000_000n
}
