// Prints the milliseconds that the first parse of a process takes, of the text on standard input.
import { readFileSync } from 'node:fs'
import { parseDocuments } from '@sealkit/core/yaml'

const text = readFileSync(0, 'utf8')
const start = performance.now()
parseDocuments(text)
console.log(performance.now() - start)
