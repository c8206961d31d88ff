// A reporter that prints the path of each test file with a failure, once.
import type { TestEvent } from 'node:test/reporters'

/** @returns one line a file, as the runner's events name it (absolute). */
// biome-ignore lint/style/noDefaultExport: node loads a reporter by its default export
export default async function* failures(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const seen = new Set<string>()
  for await (const event of events) {
    if (event.type !== 'test:fail' || event.data.file === undefined || seen.has(event.data.file)) continue
    seen.add(event.data.file)
    yield `${event.data.file}\n`
  }
}
