import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'convex', ready: /Listening/, routesMethods: true })
