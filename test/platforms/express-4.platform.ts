import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'express-4', ready: /Listening/, routesMethods: true })
