// for the demo in this workspace: the published package has the command only
export { EXIT, type ExitCode } from './exit-codes.js'
export { renderTable } from './output/table.js'
export { run } from './program.js'
export { processTerminal, type Terminal } from './terminal.js'
export { UsageError } from './usage-error.js'
