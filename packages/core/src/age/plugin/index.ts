export { type PluginKind, parsePluginName } from './name.ts'
export { type PluginChannel, type PluginUser, unwrapWithPlugin, wrapWithPlugin } from './protocol.ts'
