import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({
  example: 'react-router',
  ready: /\[react-router-serve\]/,
  routesMethods: true,
  platformAnswers: {
    'answers with a content-type without parameter': {
      because: 'react-router-serve is Express, which adds a charset.',
      gets: ['application/json; charset=utf-8'],
    },
    'refuses a form in the second line': {
      because: "React Router reads Node's joined headers, which keep the first content-type.",
      gets: { status: 200, body: '{"status":"processed"}' },
    },
  },
})
