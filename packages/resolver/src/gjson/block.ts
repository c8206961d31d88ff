import { BLOCK_WASM } from './block.wasm.ts'
import { type ByteString, toBytes } from './bytes.ts'

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
/** A memory that has held more is let go after a search. */
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
  /** How much of the memory texts have taken. */
  used: 0,
  smallest: SMALLEST,
  /** How many bytes may still be copied. */
  budget: 0,
}

/** Whether this runtime has the WebAssembly SIMD that makes searches of long texts faster. */
export function hasSimd(): boolean {
  return machine() !== undefined
}

/** Begins the search of a document, copies it if it is long, and gives its byte string. */
export function beginSearch(document: string | Uint8Array, scan: Scan): ByteString {
  state.smallest = scan === 'auto' ? SMALLEST : scan === 'simd' ? 0 : Number.POSITIVE_INFINITY
  state.budget = scan === 'simd' ? Number.POSITIVE_INFINITY : document.length * COPIES
  const isLong = typeof document === 'string' && document.length >= state.smallest
  return (isLong ? loadText(document) : undefined) ?? toBytes(document)
}

/** Ends a search: the memory keeps nothing of the document, and is let go when that was large. */
export function endSearch(): void {
  if (state.used > KEPT) state.machine = undefined
  else state.machine?.bytes.fill(0, 0, state.used)
  state.loaded = ''
  state.used = 0
}

/** As `blockEnd` of scan.ts, for long texts; -1 when it must be found character by character. */
export function longBlockEnd(json: ByteString, start: number): number {
  if (json.length < state.smallest || (json !== state.loaded && !load(json))) return -1
  return state.machine?.blockEnd(start + 1, json.length) ?? -1
}

/** Copies a document into the memory as UTF-8, which gives its byte string too; undefined when it must be made elsewhere. */
function loadText(text: string): ByteString | undefined {
  // No character of a JavaScript string takes more than three bytes. What is not written is no memory yet.
  const bytes = roomFor(text.length, 3 * text.length)
  if (bytes === undefined) return undefined
  const written = bytes.write(text, 0, 'utf8')
  state.used = written
  const isAscii = written === text.length
  // A surrogate alone stands for a byte that is no UTF-8.
  if (!isAscii && !text.isWellFormed()) return undefined
  return hold(isAscii ? text : bytes.toString('latin1', 0, written))
}

/** Copies a byte string into the memory; false when there is none for it. */
function load(text: ByteString): boolean {
  const bytes = roomFor(text.length, text.length)
  if (bytes === undefined) return false
  bytes.write(text, 0, 'latin1')
  hold(text)
  return true
}

function hold(text: ByteString): ByteString {
  state.budget -= text.length
  state.loaded = text
  state.used = Math.max(state.used, text.length)
  state.machine?.bytes.fill(0, text.length, text.length + PADDING)
  return text
}

/** The memory, of at least a size and the padding; undefined when a text of so many characters is too long for it. */
function roomFor(length: number, size: number): Buffer | undefined {
  if (length > LARGEST || length > state.budget) return undefined
  const found = machine()
  if (found === undefined) return undefined
  const missing = size + PADDING - found.bytes.length
  if (missing <= 0) return found.bytes
  try {
    found.memory.grow(Math.ceil(missing / PAGE))
  } catch {
    return undefined
  }
  found.bytes = Buffer.from(found.memory.buffer)
  return found.bytes
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
