import { CoreError } from '../error.ts'

/**
 * Checks the `version` of a file as every command of sops does before it reads on: strict semver, or anything that
 * starts with `1.`.
 *
 * @throws `METADATA_INVALID`
 */
export function checkVersion(version: string): void {
  if (version.startsWith('1.')) return
  const problem = semverProblem(version.replace(/^v/, ''))
  if (problem === null) return
  throw new CoreError('METADATA_INVALID', 'the sops version that the file names is not of the form x.y.z', {
    hint: 'restore the version field of the sops block',
    upstream: problem,
  })
}

/** What Go's semver says of a version, or null where it is one. */
function semverProblem(version: string): string | null {
  if (version === '') return 'Version string empty'
  const parts = splitThree(version)
  if (parts === null) return 'No Major.Minor.Patch elements found'
  const names = ['major', 'minor', 'patch']
  const numbers = [parts[0], parts[1], parts[2].split(/[-+]/, 1)[0] ?? '']
  for (const [index, number] of numbers.entries()) {
    const name = names[index] ?? ''
    if (!/^\d+$/.test(number ?? '')) return `Invalid character(s) found in ${name} number ${JSON.stringify(number)}`
    if (number !== undefined && number.length > 1 && number.startsWith('0')) {
      const title = name.charAt(0).toUpperCase() + name.slice(1)
      return `${title} number must not contain leading zeroes ${JSON.stringify(number)}`
    }
  }
  return null
}

function splitThree(version: string): [string, string, string] | null {
  const first = version.indexOf('.')
  const second = version.indexOf('.', first + 1)
  if (first < 0 || second < 0) return null
  return [version.slice(0, first), version.slice(first + 1, second), version.slice(second + 1)]
}
