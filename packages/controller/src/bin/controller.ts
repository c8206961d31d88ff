import { runProcess } from '../exit.ts'
import { run } from '../main.ts'

await runProcess('controller', run)
