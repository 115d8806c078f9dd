import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'nitro', ready: /Listening/ })
