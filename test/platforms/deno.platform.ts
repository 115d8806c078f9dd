import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'deno', ready: /Listening/, tools: { deno: '2.9.6' }, typecheck: 'deno check main.ts' })
