import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'
import { functionsFramework } from '@kinde-billing/test-support/recipes/functions-framework'

describeRecipe({ example: 'google-cloud-functions-fastify', ...functionsFramework, path: '/webhooks/kinde' })
