import { CoreError } from '../error.ts'

const begin = '-----BEGIN AGE ENCRYPTED FILE-----'
const end = '-----END AGE ENCRYPTED FILE-----'
const columns = 64

/** The armored form of an age file: strict PEM of 64 columns, with a line break at the end. */
export function armor(file: Uint8Array): string {
  const lines = Buffer.from(file)
    .toString('base64')
    .match(/.{1,64}/g)
  return `${begin}\n${(lines ?? []).join('\n')}\n${end}\n`
}

/**
 * The bytes of an armored age file; blank space around it is allowed, anything else is not.
 *
 * @throws `INVALID_FORMAT`
 */
export function dearmor(text: string): Buffer {
  const lines = text.trim().replaceAll('\r\n', '\n').split('\n')
  if (lines[0] !== begin) throw malformed(`invalid first line: ${JSON.stringify(lines[0])}`)
  if (lines.at(-1) !== end) throw malformed('invalid closing line')
  const body = lines.slice(1, -1)
  const wrapped = body.every((line, index) =>
    index === body.length - 1 ? line.length <= columns : line.length === columns,
  )
  const text64 = body.join('')
  const bytes = Buffer.from(text64, 'base64')
  if (!wrapped || text64 === '' || bytes.toString('base64') !== text64) throw malformed('invalid base64 body')
  return bytes
}

function malformed(upstream: string): CoreError {
  return new CoreError('INVALID_FORMAT', 'the wrapped data key is no armored age file', {
    hint: 'restore the enc field of the recipient from version control',
    upstream: `invalid armor: ${upstream}`,
  })
}
