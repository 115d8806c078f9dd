import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'nuxt', ready: /Listening/, node: '22' })
