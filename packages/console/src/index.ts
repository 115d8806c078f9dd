export { type Console, createConsole } from './console.js'
export type { Authorization, ConsoleOptions, ConsoleTables } from './options.js'
