import { runSuite } from './suite.js'

/** For runtimes that run a script: the input is an argument, the report the only line of output. */
runSuite(JSON.parse(process.argv[2] ?? '')).then((report) => console.log(JSON.stringify(report)))
