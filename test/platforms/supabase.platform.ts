import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({
  example: 'supabase',
  path: '/kinde-billing',
  ready: /Listening/,
  tools: { deno: '2.9.6' },
  typecheck: 'deno check supabase/functions/kinde-billing/index.ts',
})
