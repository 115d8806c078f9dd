import { defineConfig } from 'tsup'
import { build } from '../../tsup.base.ts'

// Only a command: nothing imports it, so it needs neither CommonJS nor types.
export default defineConfig({ ...build(['src/main.ts']), format: ['esm'], dts: false })
