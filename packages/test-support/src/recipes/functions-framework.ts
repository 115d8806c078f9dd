import type { Recipe } from './describe-recipe.js'

const PARSED = 'The framework answers 400 to JSON that it cannot parse.'
const DECODED =
  'The framework decodes the body, and refuses encodings that it does not know or that the body does not have.'

/** Google's Functions Framework, which runs Cloud Functions and Firebase's functions. */
export const functionsFramework: Omit<Recipe, 'example'> = {
  path: '/',
  ready: /URL:/,
  buffersBodies: true,
  excluded: {
    'application/json, as it was before': PARSED,
    'a token with JSON quotes around it': PARSED,
    'gzip that is announced only': DECODED,
    'refuses a chain': DECODED,
    'content-encoding "identity, identity"': DECODED,
    'a refused request: an encoding': DECODED,
  },
}
