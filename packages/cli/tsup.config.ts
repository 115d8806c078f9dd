import { defineConfig } from 'tsup'
import { build } from '../../tsup.base.ts'

// A command and no library: nothing requires it, and it has no types to give.
export default defineConfig({ ...build(['src/main.ts']), format: ['esm'], dts: false })
