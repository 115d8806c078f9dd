import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'tanstack-start', node: '22' })
