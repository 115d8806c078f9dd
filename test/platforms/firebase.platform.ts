import { describeRecipe } from '@kinde-billing/test-support/recipes/describe-recipe'

const READ_FIRST = 'The framework reads the whole body before it calls the function.'
const PARSED = 'The framework answers 400 to JSON that it cannot parse.'
const DECODED =
  'The framework decodes the body, and refuses encodings that it does not know or that the body does not have.'

describeRecipe({
  example: 'firebase',
  path: '/',
  ready: /URL:/,
  excluded: {
    'a length that is too long waits': READ_FIRST,
    'nothing of the body and then silence': READ_FIRST,
    'half of it of the body and then silence': READ_FIRST,
    'the time is for the whole body': READ_FIRST,
    'an endless body is answered': READ_FIRST,
    'an endless form is answered': READ_FIRST,
    'application/json, as it was before': PARSED,
    'a token with JSON quotes around it': PARSED,
    'gzip that is announced only': DECODED,
    'a chain is refused': DECODED,
    'a chain that begins with identity': DECODED,
    'a chain in two lines': DECODED,
    '"identity, identity" encodes nothing': DECODED,
    'comes back: an encoding': DECODED,
  },
})
