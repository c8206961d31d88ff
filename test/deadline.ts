// Loaded before each test file: a file that hangs is ended and named, instead of holding the whole run.
import { relative } from 'node:path'

const minutes = Number(process.env['TEST_FILE_MINUTES'] ?? 15)

setTimeout(() => {
  const file = relative(import.meta.dirname, process.argv[1] ?? '')
  const waiting = [...new Set(process.getActiveResourcesInfo())].join(', ')
  console.error(`${file} has not ended after ${minutes} minutes; still open: ${waiting}`)
  process.exit(1)
}, minutes * 60_000).unref()
