import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'
import { sameAnswer } from '@kinde-billing/test-support/recipes/same-answer'

const CSRF = 'Astro refuses forms, text and untyped bodies from other origins (checkOrigin), before the route.'

describeRecipe({
  example: 'astro',
  ready: /listening/,
  routesMethods: true,
  platformAnswers: {
    ...sameAnswer(CSRF, { status: 403 }, [
      'accepts text/plain',
      'accepts none at all',
      'refuses a plain form',
      'refuses a form in another case, with a parameter',
      'refuses a form after a comma',
      'refuses a multipart form',
      'refuses a token with a name before it',
      'answers an endless form',
    ]),
    'refuses a form in the second line': {
      because: "Astro reads Node's joined headers, which keep the first content-type.",
      gets: { status: 200, body: '{"status":"processed"}' },
    },
  },
})
