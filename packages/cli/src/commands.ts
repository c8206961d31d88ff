import type { Command } from './command.ts'
import type { Io } from './io.ts'

/** Every command by name; a command's file is loaded when it is called. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  seal: () => import('./commands/seal.ts'),
  unseal: () => import('./commands/unseal.ts'),
  reseal: () => import('./commands/reseal.ts'),
  set: () => import('./commands/set.ts'),
  unset: () => import('./commands/unset.ts'),
  edit: () => import('./commands/edit.ts'),
  check: () => import('./commands/check.ts'),
  encrypt: () => import('./commands/encrypt.ts'),
  decrypt: () => import('./commands/decrypt.ts'),
  rotate: () => import('./commands/rotate.ts'),
  diff: () => import('./commands/diff.ts'),
  merge: () => import('./commands/merge.ts'),
  exec: () => import('./commands/exec.ts'),
  config: () => import('./commands/config.ts'),
  keys: () => import('./commands/keys.ts'),
  render: () => import('./commands/render.ts'),
  resolve: () => import('./commands/resolve.ts'),
  template: () => import('./commands/template.ts'),
  completion: () => import('./commands/completion.ts'),
}

/** A verb whose arguments are another program's. */
export interface Program {
  /** One line on what it is. */
  readonly summary: string
  load(): Promise<{ run(io: Io): Promise<number> }>
}

/** Other programs' command lines, by the name under which they are called. */
export const personalities: Readonly<Record<string, Program>> = {
  kubeseal: { summary: 'The command line of kubeseal', load: () => import('./compat/kubeseal/main.ts') },
  sops: { summary: 'The command line of sops', load: () => import('./compat/sops/main.ts') },
}

/** Every verb whose arguments are another program's. */
export const programs: typeof personalities = {
  ...personalities,
  controller: { summary: 'Run the controller', load: () => import('./controller.ts') },
}
