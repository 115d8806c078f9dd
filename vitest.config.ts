import { defineConfig } from 'vitest/config'

/** A condition that a busy machine meets late is met. By default a poll gives up after a second. */
const patient = { poll: { timeout: 60_000 } }

const sources = { ssr: { resolve: { conditions: ['@kinde-billing/source', 'node'] } } }

export default defineConfig({
  ...sources,
  test: {
    // all cores: by default one is left idle, which is half of two
    maxWorkers: '100%',
    projects: [
      {
        ...sources,
        test: {
          name: 'unit',
          expect: patient,
          include: ['packages/*/src/**/*.test.ts', 'examples/*/src/**/*.test.ts', 'test/*.test.ts'],
          globalSetup: 'packages/test-support/src/temporary-files.ts',
          // Files share a worker's modules, as deliveries share a process's: a third less work than a process for each.
          isolate: false,
          // A test that hangs fails; one that is slow on a busy machine does not.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        ...sources,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['packages/*/src/**/*.test-d.ts'],
            tsconfig: 'tsconfig.types.json',
          },
        },
      },
      {
        ...sources,
        test: {
          name: 'system',
          expect: patient,
          include: ['packages/*/test/**/*.system.ts', 'examples/*/test/**/*.system.ts', 'test/**/*.system.ts'],
          globalSetup: 'packages/test-support/src/temporary-files.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        ...sources,
        test: {
          name: 'platforms',
          expect: patient,
          include: ['test/platforms/*.platform.ts'],
          globalSetup: 'test/platforms/pack.ts',
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
