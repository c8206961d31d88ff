// Preloaded by modules.test.ts: writes which files of the packages a call loads.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(process.env['SEALKIT_TEST_MODULES'] ?? '', `${url}\n`)
    return nextLoad(url, context)
  },
})
