// Builds or installs every real program that the tests use, before the first test asks for one: on a new machine that
// takes minutes, which no test should spend. One that cannot be had is named here, and its tests say so again.
import { type ProgramName, program, programs } from './programs.ts'

for (const name of Object.keys(programs) as ProgramName[]) {
  // Only asked for by tests of garbage collection, and long to build.
  if (name === 'kube-controller-manager') continue
  const started = performance.now()
  try {
    await program(name)
    const seconds = (performance.now() - started) / 1000
    if (seconds > 1) console.log(`${name}: ready after ${seconds.toFixed(0)} s`)
  } catch (error) {
    console.log(`${name} cannot be had: ${error instanceof Error ? error.message : String(error)}`)
  }
}
