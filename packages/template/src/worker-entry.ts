// The module that a Renderer's worker thread runs: renders what it is told, one after another.
import { parentPort } from 'node:worker_threads'
import { TemplateError } from './error.ts'
import { functionTable } from './functions/table.ts'
import { executeRequest, parseRequest, type WorkerAnswer, type WorkerRequest } from './renderer.ts'
import { DEFAULT_BUDGET } from './template.ts'

parentPort?.on('message', ({ request, options }: WorkerRequest) => {
  parentPort?.postMessage(answer({ request, options }))
})

// Says that it is ready.
parentPort?.postMessage(null)

function answer({ request, options }: WorkerRequest): WorkerAnswer {
  try {
    const template = parseRequest(request, options, functionTable(options.functions))
    return { output: executeRequest(template, request, { ...DEFAULT_BUDGET, ...options.budget }) }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const { code, message, hint, upstream } = error
    return { code, message, ...(hint === undefined ? {} : { hint }), ...(upstream === undefined ? {} : { upstream }) }
  }
}
