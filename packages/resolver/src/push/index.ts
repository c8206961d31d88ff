export { type PushStore, refersTo } from './entries.ts'
export {
  type DeleteJob,
  deletePushed,
  type PushContext,
  type PushedEntry,
  type PushedState,
  type PushJob,
  type PushOutcome,
  pushData,
} from './push.ts'
export { generatedSecret, pushedSecret, templatedSecret } from './source.ts'
export { type PushEntry, type PushSecret, type PushSource, type PushStoreRef, readPushSecret } from './spec.ts'
