import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'
import { sameAnswer } from '@kinde-billing/test-support/recipes/same-answer'

const CSRF = 'SvelteKit refuses forms and text from other origins (csrf), before the route.'
const NO_TYPE = 'SvelteKit drops the body of a request that has no content-type.'

describeRecipe({
  example: 'sveltekit',
  ready: /Listening/,
  routesMethods: true,
  platformAnswers: {
    ...sameAnswer(CSRF, { status: 403 }, [
      'accepts text/plain',
      'refuses a plain form',
      'refuses a form in another case, with a parameter',
      'refuses a multipart form',
      'refuses a token with a name before it',
      'answers an endless form',
    ]),
    ...sameAnswer(NO_TYPE, { status: 401, body: '{"error":"unauthorized"}' }, [
      'accepts an empty one',
      'accepts none at all',
    ]),
    'refuses a form in the second line': {
      because: "SvelteKit reads Node's joined headers, which keep the first content-type.",
      gets: { status: 200, body: '{"status":"processed"}' },
    },
    'answers a body far over the limit while it is being sent': {
      because: 'The adapter of Node refuses bodies above BODY_SIZE_LIMIT.',
      gets: { status: 400 },
    },
  },
})
