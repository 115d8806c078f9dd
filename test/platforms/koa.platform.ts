import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'koa', ready: /Listening/, routesMethods: true })
