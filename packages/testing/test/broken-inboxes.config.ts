import { defineConfig } from 'vitest/config'

export default defineConfig({
  ssr: { resolve: { conditions: ['@kinde-billing/source', 'node'] } },
  // Where a fault makes a case wait for ever, it need not wait long.
  test: { include: ['broken-inboxes.ts'], testTimeout: 500, reporters: ['json'] },
})
