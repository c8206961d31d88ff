/** Reads the keys of remote secrets that a message says have changed; null when it is of another format. */
type Format = (message: Readonly<Record<string, unknown>>) => readonly string[] | null

/** Formats of messages. A new one is one row. */
const formats: readonly Format[] = [ownKeys, secretsManagerEvent, parameterStoreEvent]

/** So many keys may one message name. */
const mostKeys = 100

/**
 * The keys of remote secrets that a message names, each once; empty for what is no message. Formats: `{"keys": [...]}`,
 * and EventBridge's of AWS Secrets Manager (calls recorded by CloudTrail) and of Parameter Store.
 */
export function changedKeys(body: Uint8Array): readonly string[] {
  const message = parsed(body)
  if (message === null) return []
  for (const format of formats) {
    const keys = format(message)
    if (keys !== null) return [...new Set(keys)].slice(0, mostKeys)
  }
  return []
}

function parsed(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    return record(JSON.parse(Buffer.from(body).toString('utf8')))
  } catch {
    return null
  }
}

function ownKeys({ keys }: Readonly<Record<string, unknown>>): readonly string[] | null {
  return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string' && key !== '') : null
}

/** Calls that change what a secret gives. */
const changingCalls = new Set([
  'PutSecretValue',
  'UpdateSecret',
  'UpdateSecretVersionStage',
  'RotateSecret',
  'RestoreSecret',
  'CreateSecret',
  'DeleteSecret',
  'RotationSucceeded',
])

function secretsManagerEvent(message: Readonly<Record<string, unknown>>): readonly string[] | null {
  if (message['source'] !== 'aws.secretsmanager') return null
  const detail = record(message['detail']) ?? {}
  if (!changingCalls.has(String(detail['eventName']))) return []
  const named = [
    record(detail['requestParameters'])?.['secretId'],
    record(detail['requestParameters'])?.['name'],
    record(detail['responseElements'])?.['arn'],
    record(detail['additionalEventData'])?.['SecretId'],
  ]
  return named.flatMap((name) => (typeof name === 'string' && name !== '' ? secretNames(name) : []))
}

/** A secret's name, and its name where an ARN was given: with the six characters that AWS adds, and without. */
function secretNames(name: string): string[] {
  const [, inArn] = /^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:(.+)$/.exec(name) ?? []
  return inArn === undefined ? [name] : [name, inArn, inArn.replace(/-[A-Za-z0-9]{6}$/, '')]
}

function parameterStoreEvent(message: Readonly<Record<string, unknown>>): readonly string[] | null {
  if (message['source'] !== 'aws.ssm') return null
  const name = record(message['detail'])?.['name']
  return message['detail-type'] === 'Parameter Store Change' && typeof name === 'string' && name !== '' ? [name] : []
}

function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}
