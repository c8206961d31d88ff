import { ANY, Dict, isOpaque, type Method, typeOf, type Value, zeroOf } from '../value.ts'
import type { State } from './state.ts'

/** How a link of a chain is called when it is a method. */
export type CallMethod = (state: State, name: string, method: Method) => Value

/** One link of a chain of fields: a key of a map, a field of a struct, or a method. */
export interface Link {
  readonly name: string
  /** Whether arguments follow, which only a method takes. */
  readonly hasArguments: boolean
  readonly callMethod: CallMethod
}

/** Follows a link. Reads `state.isInterface` for the receiver and sets it for the result (Go's evalField). */
export function evalLink(state: State, receiver: Value, link: Link): Value {
  const { name } = link
  if (receiver instanceof Dict) return fromDict(state, receiver, link)
  if (receiver === undefined) {
    if (state.program.missingKey === 'error') state.fail('nil data; no entry for key %q', [name], true)
    state.isInterface = false
    return undefined
  }
  const type = state.isInterface ? ANY : typeOf(receiver)
  if (receiver === null) return state.fail('nil pointer evaluating %s.%s', [ANY, name], true)
  if (isOpaque(receiver)) {
    const method = receiver.methods?.get(name)
    if (method !== undefined) return link.callMethod(state, name, method)
    const field = receiver.fields?.get(name)
    if (field !== undefined) {
      if (link.hasArguments) state.fail('%s has arguments but cannot be invoked as function', [name], true)
      state.isInterface = false
      return field
    }
  }
  return state.fail("can't evaluate field %s in type %s", [name, type], true)
}

function fromDict(state: State, receiver: Dict, link: Link): Value {
  if (link.hasArguments) state.fail('%s is not a method but has arguments', [link.name], true)
  const value = receiver.entries.get(link.name)
  if (value === undefined) return missing(state, receiver, link.name)
  state.isInterface = receiver.element === ANY
  return value
}

function missing(state: State, receiver: Dict, name: string): Value {
  const { missingKey } = state.program
  if (missingKey === 'error') state.fail('map has no entry for key %q', [name], true)
  state.isInterface = missingKey === 'zero' && receiver.element === ANY
  return missingKey === 'zero' ? zeroOf(receiver.element) : undefined
}
