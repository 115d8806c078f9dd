import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

const CSRF = 'SvelteKit answers 403 to forms and text from other origins (csrf), before the route.'
const NO_TYPE = 'SvelteKit drops the body of a request that has no content-type.'
const FIRST_LINE = "SvelteKit reads Node's joined headers, which keep the first content-type."
const LIMIT = 'The adapter refuses bodies above BODY_SIZE_LIMIT.'

describeRecipe({
  example: 'sveltekit',
  ready: /Listening/,
  routesMethods: true,
  excluded: {
    'accepts text/plain': CSRF,
    'a plain form': CSRF,
    'a form in another case': CSRF,
    'a multipart form': CSRF,
    'a token with a name before it': CSRF,
    'an endless form': CSRF,
    'accepts an empty one': NO_TYPE,
    'accepts none at all': NO_TYPE,
    'a form in the second line': FIRST_LINE,
    'a body far over the limit': LIMIT,
  },
})
