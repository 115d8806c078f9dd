import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({ example: 'next-pages', path: '/api/webhooks/kinde', ready: /Ready/ })
