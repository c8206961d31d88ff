import type { Render } from '@sealkit/core/sealed'

/** Renders `spec.template.data`; the template engine is loaded when the first template is met. */
export const lazyRender: Render = async (name, text, data) => {
  const { render } = await import('./template.ts')
  return render(name, text, data)
}
