import { createRequire } from 'node:module'
import { join } from 'node:path'
import { program } from './programs.ts'

/**
 * The libraries that sign in to clouds, installed in a folder of their own as a user does: they are no dependency of
 * this workspace. Gives that folder, for `SEALKIT_SDK_PATH`.
 */
export async function sdkFolder(): Promise<string> {
  return program('cloud-sdks')
}

/** Loads from that folder. */
export async function sdkLoader(): Promise<(name: string) => Promise<unknown>> {
  const load = createRequire(join(await sdkFolder(), 'node_modules', 'x'))
  return async (name) => load(name)
}
