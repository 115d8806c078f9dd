import { runSuite } from './suite.js'

/** For a runtime that evaluates a script: the suite as a global function. */
Object.assign(globalThis, { runSuite })
