import type { Command } from './command.ts'

/** Every command by name; a command's file is loaded when it is called. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  render: () => import('./commands/render.ts'),
}
