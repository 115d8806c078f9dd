import { expect } from 'vitest'
import type { Recipe } from './describe-recipe.js'
import { sameAnswer } from './same-answer.js'

const PARSED = 'The framework refuses JSON that it cannot parse.'
const NOT_ENCODED = 'The framework refuses a body that is not encoded as it says.'
const UNKNOWN_ENCODING = 'The framework refuses encodings that it does not know.'

/** Google's Functions Framework, which runs Cloud Functions and Firebase's functions. */
export const functionsFramework: Omit<Recipe, 'example'> = {
  path: '/',
  ready: /URL:/,
  buffersBodies: true,
  platformAnswers: {
    ...sameAnswer(PARSED, { status: 400 }, [
      'accepts application/json, as it was before',
      'refuses a token with JSON quotes around it',
    ]),
    ...sameAnswer(NOT_ENCODED, { status: 400 }, ['refuses gzip that is announced only']),
    ...sameAnswer(UNKNOWN_ENCODING, { status: 415 }, [
      'refuses a chain',
      'refuses a chain that begins with identity',
      'refuses a chain in two lines',
      'accepts the content-encoding "identity, identity"',
    ]),
    'returns nothing of a refused request: an encoding': {
      because: `${UNKNOWN_ENCODING} Its page names the encoding.`,
      gets: expect.stringMatching(/^http\/1\.1 415 [\s\S]*unsupported content encoding/),
    },
  },
}
