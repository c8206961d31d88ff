/** A planned thing and its time. */
export interface Delayed<Value> {
  readonly due: number
  readonly value: Value
}

/** Things by name, each once, the earliest first. */
export interface DelayHeap<Value> {
  readonly size: number
  get(id: string): Delayed<Value> | undefined
  /** Plans a thing, in place of what was planned under the same name. */
  set(id: string, due: number, value: Value): void
  delete(id: string): void
  clear(): void
  peek(): Delayed<Value> | undefined
  /** Takes the earliest thing that is due at `now`. */
  takeUntil(now: number): Value | undefined
}

interface Entry<Value> extends Delayed<Value> {
  readonly id: string
}

/**
 * A binary heap beside a map. What was replaced or deleted stays in the heap until it comes to the top, and the heap is
 * built anew when more than half of it is such.
 */
export function delayHeap<Value>(): DelayHeap<Value> {
  const planned = new Map<string, Entry<Value>>()
  let heap: Entry<Value>[] = []
  const top = (): Entry<Value> | undefined => {
    for (let [first] = heap; first !== undefined; [first] = heap) {
      if (planned.get(first.id) === first) return first
      pop(heap)
    }
    return undefined
  }
  return {
    get size() {
      return planned.size
    },
    get: (id) => planned.get(id),
    set(id, due, value) {
      const entry = { id, due, value }
      planned.set(id, entry)
      push(heap, entry)
      if (heap.length < 64 || heap.length < 2 * planned.size) return
      heap = [...planned.values()].sort((a, b) => a.due - b.due)
    },
    delete(id) {
      planned.delete(id)
    },
    clear() {
      planned.clear()
      heap = []
    },
    peek: top,
    takeUntil(now) {
      const first = top()
      if (first === undefined || first.due > now) return undefined
      pop(heap)
      planned.delete(first.id)
      return first.value
    },
  }
}

function push<Value>(heap: Entry<Value>[], entry: Entry<Value>): void {
  let at = heap.length
  heap.push(entry)
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = heap[parent]
    if (above === undefined || above.due <= entry.due) break
    heap[at] = above
    at = parent
  }
  heap[at] = entry
}

function pop<Value>(heap: Entry<Value>[]): void {
  const entry = heap.pop()
  if (entry === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    const [a, b] = [heap[left], heap[left + 1]]
    if (a === undefined) break
    const child = b !== undefined && b.due < a.due ? left + 1 : left
    const least = child === left ? a : b
    if (least === undefined || least.due >= entry.due) break
    heap[at] = least
    at = child
  }
  heap[at] = entry
}
