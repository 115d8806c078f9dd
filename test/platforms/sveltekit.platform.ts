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
    'text/plain is accepted': CSRF,
    'a form is refused': CSRF,
    'a form in another case': CSRF,
    'a multipart form is refused': CSRF,
    'a token with a name before it': CSRF,
    'an endless form is answered': CSRF,
    'an empty one is accepted': NO_TYPE,
    'none at all is accepted': NO_TYPE,
    'a form in the second line': FIRST_LINE,
    'a body far over the limit': LIMIT,
  },
})
