import { existsSync } from 'node:fs'
import { extname, posix, resolve } from 'node:path'
import type { PublicKey } from '@sealkit/core/platform'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import { type ControllerValues, sealingKeyFor } from './source.ts'

/** The flags that name certificates and clusters, of which there may be several. */
export interface TargetValues extends Omit<ControllerValues, 'context'> {
  /** Files and URLs, each with a name of its own in front where it should have one: `eu=eu.pem`. */
  readonly cert?: readonly string[]
  readonly context?: readonly string[]
  /** The output's path; `{name}` stands for the certificate's or the context's name. */
  readonly write?: string
}

/** One certificate to seal for, and where the result goes. */
export interface SealTarget {
  readonly path: string
  readonly publicKey: PublicKey
}

/**
 * Every certificate and cluster that is named, each with an output of its own. A value has one ciphertext, so that
 * several keys are as many files: one a cluster, or a copy for a key that is kept for the day that the others are lost.
 *
 * @throws USAGE where two would go to one place; like {@link sealingKeyFor}
 */
export async function sealTargets(values: TargetValues, io: Io): Promise<SealTarget[]> {
  const { cert = [], context = [], write, ...controller } = values
  const sources = [
    ...cert.map((text) => certificateSource(text, io)),
    ...context.map((name) => ({ name, from: { context: name } })),
  ]
  if (write === undefined || !write.includes('{name}')) {
    throw new CliError('USAGE', 'several certificates need an output each', {
      hint: "write {name} into the path: -w 'sealed-{name}.yaml'",
    })
  }
  const paths = sources.map(({ name }) => write.replaceAll('{name}', pathSegment(name)))
  const twice = paths.find((path, at) => paths.indexOf(path) !== at)
  if (twice !== undefined) {
    throw new CliError('USAGE', `two certificates would be written to ${twice}`, {
      hint: 'name them: --cert eu=FILE --cert us=FILE',
    })
  }
  const keys = await Promise.all(sources.map(({ from }) => sealingKeyFor({ ...controller, ...from }, io)))
  return keys.flatMap((publicKey, at) => {
    const path = paths[at]
    return path === undefined ? [] : [{ path, publicKey }]
  })
}

interface Source {
  readonly name: string
  readonly from: { readonly cert?: string; readonly context?: string }
}

function certificateSource(text: string, io: Io): Source {
  const named = /^([\w.-]+)=(.+)$/s.exec(text)
  if (named !== null && !existsSync(resolve(io.cwd, text))) {
    const [, name = '', cert = ''] = named
    return { name, from: { cert } }
  }
  const base = posix.basename(text.replaceAll('\\', '/'))
  return { name: base.slice(0, base.length - extname(base).length) || base, from: { cert: text } }
}

/** Names of contexts hold slashes and colons (`arn:aws:eks:eu:1:cluster/a`); they lead into no other folder. */
function pathSegment(name: string): string {
  const segment = name.replace(/[^\w.@+-]/g, '_')
  return /^\.*$/.test(segment) ? '_' : segment
}
