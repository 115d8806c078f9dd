import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'azure-functions', ready: /Listening/, routesMethods: true, buffersBodies: true })
