import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

describeRecipe({
  example: 'react-router',
  ready: /\[react-router-serve\]/,
  routesMethods: true,
  excluded: {
    'a content-type without parameter': 'react-router-serve is Express, which adds a charset.',
    'a form in the second line': "React Router reads Node's joined headers, which keep the first content-type.",
  },
})
