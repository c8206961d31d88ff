import { BLOCK_WASM } from './block.wasm.ts'
import type { ByteString } from './bytes.ts'

// Skipping objects and arrays is what a search spends its time in. In long texts WebAssembly does it, 16 bytes at a
// time (block.wat); nothing is compiled before there is one.

/**
 * How the ends of objects and arrays are found: `simd` by WebAssembly, `plain` by a loop over characters, `auto` by
 * WebAssembly in texts of 16 KiB to 64 MiB. A runtime without WebAssembly SIMD always takes the loop. The answers are
 * the same.
 */
export type Scan = 'auto' | 'simd' | 'plain'

/** From here on copying a text into WebAssembly's memory, and compiling once, is made up for by one search. */
const SMALLEST = 16 * 1024
/** A longer text is not copied. */
const LARGEST = 64 * 1024 * 1024
/** Memory beyond this is let go after a search. */
const KEPT = 4 * 1024 * 1024
/**
 * How many times its own length a search may copy. A search that goes to and fro between a text and long parts of it
 * copies both each time; beyond this the loop is faster.
 */
const COPIES = 8
/** block.wat reads 16 bytes at once, so there must be as many behind a text. */
const PADDING = 16
const PAGE = 64 * 1024

/** What is used of the global of that name, which the types of Node do not have. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

interface Machine {
  readonly memory: { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number }
  readonly blockEnd: (at: number, end: number) => number
  /** The whole memory. */
  bytes: Buffer
}

/** What one search, which is never interrupted, has at hand. */
const state = {
  /** Undefined before the first long text, null where there is no WebAssembly SIMD. */
  module: undefined as object | null | undefined,
  machine: undefined as Machine | undefined,
  /** The text that is in the memory. */
  loaded: '',
  smallest: SMALLEST,
  /** How many bytes may still be copied. */
  budget: 0,
}

/** Whether this runtime has the WebAssembly SIMD that makes searches of long texts faster. */
export function hasSimd(): boolean {
  return machine() !== undefined
}

/**
 * Begins the search of a document, and copies it if it is long. True when that has shown that it is ASCII, and so its
 * own byte string.
 */
export function beginSearch(document: string | Uint8Array, scan: Scan): boolean {
  state.smallest = scan === 'auto' ? SMALLEST : scan === 'simd' ? 0 : Number.POSITIVE_INFINITY
  state.budget = scan === 'simd' ? Number.POSITIVE_INFINITY : document.length * COPIES
  return typeof document === 'string' && document.length >= state.smallest && load(document, 'utf8')
}

/** Ends a search: the memory keeps nothing of the document, and is let go when it is large. */
export function endSearch(): void {
  const length = state.loaded.length
  state.loaded = ''
  if (state.machine === undefined || length === 0) return
  if (state.machine.bytes.length > KEPT) state.machine = undefined
  else state.machine.bytes.fill(0, 0, length)
}

/** As `blockEnd` of scan.ts, for long texts; -1 when it must be found character by character. */
export function longBlockEnd(json: ByteString, start: number): number {
  if (json.length < state.smallest || (json !== state.loaded && !load(json, 'latin1'))) return -1
  return state.machine?.blockEnd(start + 1, json.length) ?? -1
}

/** Copies a text into the memory; false when there is none for it, or it does not have one byte a character. */
function load(text: string, encoding: 'latin1' | 'utf8'): boolean {
  if (text.length > LARGEST || text.length > state.budget) return false
  const { bytes } = roomFor(text.length + PADDING) ?? {}
  if (bytes === undefined) return false
  state.budget -= text.length
  // Where a character takes more than one byte, more are written than there are characters: the padding has room.
  const written = bytes.write(text, 0, encoding)
  state.loaded = written === text.length ? text : ''
  bytes.fill(0, state.loaded.length, Math.max(written, text.length + PADDING))
  return written === text.length
}

function roomFor(length: number): Machine | undefined {
  const found = machine()
  if (found === undefined || found.bytes.length >= length) return found
  try {
    found.memory.grow(Math.ceil((length - found.bytes.length) / PAGE))
  } catch {
    return undefined
  }
  found.bytes = Buffer.from(found.memory.buffer)
  return found
}

function machine(): Machine | undefined {
  if (state.machine !== undefined || state.module === null) return state.machine
  try {
    state.module ??= new WebAssembly.Module(Buffer.from(BLOCK_WASM, 'base64'))
    const { memory, blockEnd } = new WebAssembly.Instance(state.module).exports as Omit<Machine, 'bytes'>
    state.machine = { memory, blockEnd, bytes: Buffer.from(memory.buffer) }
  } catch {
    // No WebAssembly, no SIMD in it, or no memory for it.
    state.module = null
  }
  return state.machine
}
