import { failure } from '../error.ts'

/** `text[start:end]` with Go's panic for bounds that are out of range. */
export function cut(text: string, start: bigint | number, end: bigint | number = text.length): string {
  if (end < 0) failure(`runtime error: slice bounds out of range [:${end}]`, true)
  if (end > text.length) failure(`runtime error: slice bounds out of range [:${end}] with length ${text.length}`, true)
  if (start > end) failure(`runtime error: slice bounds out of range [${start}:${end}]`, true)
  if (start < 0) failure(`runtime error: slice bounds out of range [${start}:]`, true)
  return text.slice(Number(start), Number(end))
}

// Go's allocator rounds a growing slice up to one of these sizes, beyond them to whole pages.
const SIZE_CLASSES =
  '8 16 24 32 48 64 80 96 112 128 144 160 176 192 208 224 240 256 288 320 352 384 416 448 480 512 576 640 704 768 896 1024 1152 1280 1408 1536 1792 2048 2304 2688 3072 3200 3456 4096 4864 5120 5376 6144 6528 6784 6912 8192 9472 9728 10240 10880 12288 13568 14336 16384 18432 19072 20480 21760 24576 27264 28672 32768'
    .split(' ')
    .map(Number)
const PAGE = 8192

/** The capacity after `append` grew a slice from `capacity` to hold `length` elements of `size` bytes. */
export function grownCapacity(capacity: number, length: number, size: number): number {
  if (length <= capacity) return capacity
  let wanted = capacity
  if (length > 2 * capacity) wanted = length
  else if (capacity < 256) wanted = 2 * capacity
  else while (wanted < length) wanted += Math.floor((wanted + 3 * 256) / 4)
  const bytes = wanted * size
  const rounded = SIZE_CLASSES.find((each) => each >= bytes) ?? Math.ceil(bytes / PAGE) * PAGE
  return Math.floor(rounded / size)
}

/** The capacity of a slice that was appended to one element at a time. */
export function appendedCapacity(length: number, size: number, start = 0): number {
  let capacity = start
  for (let n = 1; n <= length; n = capacity + 1) {
    if (n > capacity) capacity = grownCapacity(capacity, n, size)
  }
  return capacity
}
