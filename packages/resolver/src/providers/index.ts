import type { ProviderRow } from '../provider.ts'

/** Providers by their key in a store's `spec.provider`; each module, and the SDK behind it, is loaded when a store is opened. */
export const providers: Readonly<Record<string, ProviderRow>> = {}
