import { defineConfig } from 'tsup'
import { build } from '../../tsup.base.ts'

export default defineConfig(
  build(
    [
      'src/index.ts',
      'src/server.ts',
      'src/corpus/index.ts',
      'src/conformance/index.ts',
      'src/inbox-contract.ts',
      'src/simulator/index.ts',
      'src/management/index.ts',
    ],
    // Vitest is ESM only. CommonJS test runners, such as Jest, have the same functions as globals.
    { vitest: 'src/runner-globals.ts' },
  ),
)
