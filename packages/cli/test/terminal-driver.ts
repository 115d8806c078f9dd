import { run } from '../src/program.js'
import { processTerminal } from '../src/terminal.js'

/** Runs commands one after the other in one process, on its terminal, and writes a mark with each exit code. */
for (const args of JSON.parse(process.env.COMMANDS ?? '[]')) {
  const code = await run(args, processTerminal(), '1.2.3')
  process.stdout.write(`\n@@ ${code}\n`)
  process.stderr.write('\n@@\n')
}
process.exit()
