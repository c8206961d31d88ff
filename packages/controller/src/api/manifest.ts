import { Worker } from 'node:worker_threads'
import type { Manifest } from '@sealkit/core/manifest'
import { parseDocuments, parseYaml } from '@sealkit/core/yaml'
import { ControllerError } from '../error.ts'

/** Reads the one object of a request's body. */
export interface ManifestReader {
  /** @throws {ControllerError} `CONTROLLER_USAGE`, and what parsing throws */
  read(content: Uint8Array): Promise<Manifest>
  /** Ends the thread, if one runs. */
  close(): Promise<void>
}

/** What the thread answers: the object, or why there is none. */
export type ReadAnswer = { readonly manifest: Manifest } | { readonly failure: string }

/** Bodies up to so many bytes are read in this thread, where they take up to 100 ms. */
const small = 64 << 10
/** Bytes of YAML that are read at most: what an API server takes as one object. YAML costs fifty times what JSON does. */
const largestYaml = 3 << 20
/** Milliseconds after which reading is given up. */
const deadline = 30_000
/** Mebibytes of heap that reading may take. */
const memory = 512
/** Values of one object, above which it is nothing that an API server would hold. */
const mostValues = 100_000

/**
 * A reader of bodies that may be hostile: a megabyte of YAML can take more than a second. Large ones are read in a thread of
 * their own, one after the other, with a deadline and a memory limit.
 */
export function manifestReader(): ManifestReader {
  let last: Promise<unknown> = Promise.resolve()
  let worker: Worker | undefined
  const inThread = async (content: Uint8Array): Promise<Manifest> => {
    const thread = new Worker(entry(), { resourceLimits: { maxOldGenerationSizeMb: memory }, workerData: content })
    worker = thread
    try {
      const answer = await answerOf(thread)
      if ('manifest' in answer) return answer.manifest
      throw unreadable(answer.failure)
    } finally {
      await thread.terminate()
    }
  }
  return {
    async read(content) {
      if (content.length <= small) return readManifest(content)
      const reading = last.then(() => inThread(content))
      last = reading.catch(() => undefined)
      return reading
    },
    async close() {
      await worker?.terminate()
    },
  }
}

function answerOf(thread: Worker): Promise<ReadAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(unreadable('it takes too long to read')), deadline)
    const settle = (answer: ReadAnswer): void => {
      clearTimeout(timer)
      resolve(answer)
    }
    thread.once('message', settle)
    thread.once('error', () => settle({ failure: 'it takes too much memory to read' }))
    thread.once('exit', () => settle({ failure: 'the reader ended' }))
  })
}

/** The worker's module has the extension of this one: source, compiled, or bundled. */
function entry(): URL {
  const extension = /\.[a-z]+$/.exec(new URL(import.meta.url).pathname)?.[0] ?? '.js'
  return new URL(`./manifest-worker${extension}`, import.meta.url)
}

/**
 * The one object of a JSON or YAML text.
 *
 * @throws {ControllerError} `CONTROLLER_USAGE` when there are several, or more values than an object has
 */
export function readManifest(content: Uint8Array): Manifest {
  const manifest = parse(Buffer.from(content).toString('utf8'))
  if (countValues(manifest, mostValues) > mostValues) throw unreadable(`it has more than ${mostValues} values`)
  return manifest
}

function parse(text: string): Manifest {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text) as Manifest
    } catch {
      // Flow-style YAML begins like JSON.
    }
  }
  if (text.length > largestYaml) throw unreadable('so much YAML is no object that an API server holds')
  if (parseDocuments(text).length > 1) throw unreadable('multidoc yaml files are not supported')
  return (parseYaml(text) ?? {}) as Manifest
}

/** Values of a tree, counted until there are more than `most`. */
function countValues(root: unknown, most: number): number {
  const rest = [root]
  let count = 0
  for (let value = rest.pop(); value !== undefined && count <= most; value = rest.pop()) {
    count += 1
    if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) rest.push(each ?? null)
  }
  return count
}

function unreadable(why: string): ControllerError {
  return new ControllerError('CONTROLLER_USAGE', `the body is no SealedSecret: ${why}`)
}
