import { bun } from '@kinde-billing/test-support/recipes/bun'
import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'elysia', ...bun, routesMethods: true })
