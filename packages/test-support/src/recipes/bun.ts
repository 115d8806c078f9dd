import type { Recipe } from './describe-recipe.js'

/** Bun, which runs its own examples and those of Elysia. */
export const bun: Omit<Recipe, 'example'> = {
  ready: /Listening/,
  tools: { bun: '1.4.5' },
  platformAnswers: {
    'puts chunks of any size together, with extensions and a trailer': {
      because: 'Bun refuses chunks with extensions and trailers.',
      gets: { status: 400 },
    },
  },
}
