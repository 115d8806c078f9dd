import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'tanstack-start', routesMethods: true, node: '22' })
