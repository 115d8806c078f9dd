import { defineConfig } from 'tsup'
import { build } from '../../tsup.base.ts'

export default defineConfig(
  build([
    'src/index.ts',
    'src/receiver/index.ts',
    // ./internal, for the other packages of this project.
    'src/validate.ts',
    // No entry point of the package, but a chunk of its own, so that importing the names alone brings nothing else along.
    'src/event-types.ts',
  ]),
)
