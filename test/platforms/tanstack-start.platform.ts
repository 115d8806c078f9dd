import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'tanstack-start', ready: /Listening/, routesMethods: true, node: '22' })
