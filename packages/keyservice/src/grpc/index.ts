export { remoteKeys, type ServiceAddress } from './client.ts'
export { decodeRequest, decodeResponse, encodeRequest, encodeResponse, type KeyRequest } from './message.ts'
export { keyTitle, RequestRefused, type RunningService, type ServeOptions, serveKeys, type Verb } from './server.ts'
