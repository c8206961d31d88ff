import { type DataKeyError, type KeyFailure, keyName } from '@sealkit/core/sops'
import { ServicesError } from '@sealkit/keyservice'
import { goText } from './exit.ts'

/** What sops prints where no master key gave the data key: every group, every key, every reason; on a terminal in color. */
export function dataKeyText(error: DataKeyError, threshold: number, color: boolean): string {
  const [success, failed] = color ? ['\u001b[32mSUCCESS\u001b[0m', '\u001b[31mFAILED\u001b[0m'] : ['SUCCESS', 'FAILED']
  const groups = error.groups.map((failures, index) => {
    if (failures === null) return `Group ${index}: ${success}`
    const keys = failures.map((failure) => keyText(failure, failed))
    return `Group ${index}: ${failed}\n${prefixed(keys.join('\n\n'), '  ')}`
  })
  return `Failed to get the data key required to decrypt the SOPS file.\n\n${groups.join('\n\n')}\n\n${wrap(trailer(error, threshold), 75)}`
}

function trailer(error: DataKeyError, threshold: number): string {
  if (threshold === 0) {
    return 'Recovery failed because no master key was able to decrypt the file. In order for SOPS to recover the file, at least one key has to be successful, but none were.'
  }
  const recovered = error.groups.filter((group) => group === null).length
  return `Recovery failed because the file was encrypted with a Shamir threshold of ${threshold}, but only ${recovered} part(s) were successfully recovered, one for each successful key group. In order for SOPS to recover the file, at least ${threshold} groups have to be successful. In order for a group to be successful, decryption has to succeed with any of the keys in that key group.`
}

function keyText({ key, error }: KeyFailure, failed: string): string {
  const errors = error instanceof ServicesError ? error.errors : [error]
  const reasons = errors.map((one) => `-${prefixed(wrap(goText(one), 60), '  | ').slice(1)}`)
  return `${keyName(key)}: ${failed}\n${prefixed(reasons.join('\n\n'), '  ')}`
}

function prefixed(text: string, prefix: string): string {
  return text
    .split('\n')
    .map((line, index, lines) => (line === '' && index === lines.length - 1 ? '' : prefix + line))
    .join('\n')
}

/** Breaks lines at blanks so that none is longer than `width`, as go-wordwrap does; long words stay whole. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, width))
    .join('\n')
}

function wrapLine(line: string, width: number): string {
  const lines: string[] = []
  let current = ''
  for (const part of line.match(/\s*\S+|\s+$/g) ?? []) {
    const word = part.trimStart()
    if (current !== '' && current.length + part.length > width) {
      lines.push(current)
      current = word
    } else current += part
  }
  return [...lines, current].join('\n')
}
