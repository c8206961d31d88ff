// The module of a ManifestReader's thread: reads the one body that it is started with.
import { parentPort, workerData } from 'node:worker_threads'
import { SealkitError } from '@sealkit/core'
import { type ReadAnswer, readManifest } from './manifest.ts'

parentPort?.postMessage(answer())

function answer(): ReadAnswer {
  try {
    return { manifest: readManifest(workerData as Uint8Array) }
  } catch (error) {
    return { failure: error instanceof SealkitError ? error.message : 'it cannot be parsed' }
  }
}
