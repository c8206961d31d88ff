// Writes the reference pages that are made from the code.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reference } from '@sealkit/cli/reference'
import { root } from './layout/sources.ts'
import { functionsPage } from './template/functions.ts'

writeFileSync(join(root, 'docs/reference/cli.md'), await reference())
writeFileSync(join(root, 'docs/reference/functions.md'), functionsPage())
