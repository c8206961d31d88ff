import { run } from '../compat/sealed-secrets-controller/main.ts'
import { runProcess } from '../exit.ts'

await runProcess('sealed-secrets-controller', run)
