import fc from 'fast-check'

/**
 * fast-check whose runs are the same each time, so that a failure is one of the change at hand; `SEED=7` makes others.
 * A failure names its seed.
 */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20_261_124) })

export { fc }
