// for the demo of this workspace: what is published is a command, not a library
export { EXIT, type ExitCode } from './exit-codes.js'
export { renderTable } from './output/table.js'
export { run } from './program.js'
export { processTerminal, type Terminal } from './terminal.js'
export { UsageError } from './usage-error.js'
