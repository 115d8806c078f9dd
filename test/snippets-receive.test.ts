import { findReceivingSnippets, itReceives } from '@kinde-billing/test-support/snippets/deliveries'
import { findSnippets } from '@kinde-billing/test-support/snippets/find'
import { itPasses } from '@kinde-billing/test-support/snippets/tests'
import { describe } from 'vitest'

describe('every snippet that receives', () => {
  itReceives(findReceivingSnippets({ withStore: false }))
})

describe('every snippet that is a test', () => {
  const isTest = /from 'vitest'|^test\(|await simulateDeliveries\(/m
  const pages = ['docs/guides/testing.md', 'docs/simulator.md', 'skills/kinde-billing/SKILL.md']
  itPasses(findSnippets().filter(({ file, text }) => pages.includes(file) && isTest.test(text)))
})
