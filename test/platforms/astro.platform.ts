import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

const CSRF = 'Astro answers 403 to forms, text and untyped bodies from other origins (checkOrigin), before the route.'

describeRecipe({
  example: 'astro',
  ready: /listening/,
  routesMethods: true,
  excluded: {
    'accepts text/plain': CSRF,
    'accepts none at all': CSRF,
    'a plain form': CSRF,
    'a form in another case': CSRF,
    'a form after a comma': CSRF,
    'a multipart form': CSRF,
    'a token with a name before it': CSRF,
    'an endless form': CSRF,
    'a form in the second line': "Astro reads Node's joined headers, which keep the first content-type.",
  },
})
