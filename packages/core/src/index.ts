export { CoreError, type CoreErrorCode, SealkitError, type SealkitErrorOptions } from './error.ts'
