import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({
  example: 'convex',
  ready: /Listening/,
  routesMethods: true,
  host: { file: 'convex.mjs', dependencies: { 'convex-test': '0.0.60', tsx: '4.23.15' } },
  start: 'npx tsx convex.mjs',
})
