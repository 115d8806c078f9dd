import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

const READ_FIRST = 'The host reads the whole body before it calls the function.'

describeRecipe({
  example: 'azure-functions',
  ready: /Listening/,
  routesMethods: true,
  host: { file: 'azure.mjs' },
  start: 'node azure.mjs',
  excluded: {
    'a length that is too long waits': READ_FIRST,
    'nothing of the body and then silence': READ_FIRST,
    'half of it of the body and then silence': READ_FIRST,
    'the time is for the whole body': READ_FIRST,
    'an endless body is answered': READ_FIRST,
    'an endless form is answered': READ_FIRST,
  },
})
