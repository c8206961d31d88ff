import { base64Fault } from '@sealkit/core/go'
import { failure } from './error.ts'
import { fromBytes } from './utf8.ts'

/** Go's base64.StdEncoding.DecodeString: newlines are skipped, the rest must be whole. @throws FunctionFailure */
export function decodeBase64(text: string): string {
  const fault = base64Fault(text)
  if (fault >= 0) failure(`illegal base64 data at input byte ${fault}`, true)
  return fromBytes(Buffer.from(text, 'base64'))
}
