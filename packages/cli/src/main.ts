#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { run } from './program.js'
import { processTerminal } from './terminal.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
// a reader that closes the pipe early, such as head, is no error
process.stdout.on('error', () => process.exit())
process.exitCode = await run(process.argv.slice(2), processTerminal(), version)
