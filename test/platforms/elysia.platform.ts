import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({
  example: 'elysia',
  ready: /Listening/,
  routesMethods: true,
  tools: { bun: '1.4.5' },
  excluded: { 'chunks of any size together': 'Bun answers 400 to chunks with extensions and trailers.' },
})
