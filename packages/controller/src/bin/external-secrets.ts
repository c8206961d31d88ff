import { run } from '../compat/external-secrets/main.ts'
import { runProcess } from '../exit.ts'

await runProcess('external-secrets', run)
