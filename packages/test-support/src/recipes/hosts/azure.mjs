// Serves the functions of an Azure Functions application as its host does without HTTP streams: the body is read to its end,
// and requests and responses go through the conversions of `@azure/functions` for the host's messages.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const MAX_BODY_BYTES = 100 * 1024 * 1024

/** The module that the host's worker provides. */
const CORE = `
const core = { functions: [] }
module.exports = {
  core,
  version: '3.0.0',
  hostVersion: '4.0.0',
  setProgrammingModel: (model) => { core.model = model },
  getProgrammingModel: () => core.model,
  registerFunction: (metadata, callback) => { core.functions.push({ metadata, callback }); return { dispose() {} } },
  registerHook: () => ({ dispose() {} }),
  log: () => {},
}`
const folder = join(process.cwd(), 'node_modules/@azure/functions-core')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'index.js'), CORE)

await import(join(process.cwd(), 'dist/functions/kinde.js'))
const { core } = createRequire(join(process.cwd(), 'host.mjs'))('@azure/functions-core')

const server = createServer(async (req, res) => {
  const found = core.functions.find(({ metadata }) => {
    const trigger = Object.values(metadata.bindings).find(({ type }) => type === 'httpTrigger')
    const { pathname } = new URL(req.url, 'http://localhost')
    return `/${trigger.route}` === pathname && trigger.methods.includes(req.method)
  })
  if (found === undefined) return res.writeHead(404).end()
  const chunks = []
  let size = 0
  try {
    for await (const chunk of req) {
      size += chunk.length
      if (size > MAX_BODY_BYTES) return res.writeHead(413, { connection: 'close' }).end()
      chunks.push(chunk)
    }
  } catch {
    // the client has gone away: the function is not called
    return
  }
  const { statusCode, headers, body } = await invoke(found, req, Buffer.concat(chunks))
  res.writeHead(Number(statusCode), headers).end(body?.bytes ?? body?.string)
})

let invocations = 0

async function invoke({ metadata, callback }, req, bytes) {
  const invocationId = String(++invocations)
  const [trigger] = Object.entries(metadata.bindings).find(([, { type }]) => type === 'httpTrigger')
  const headers = Object.fromEntries(
    Object.entries(req.headersDistinct).map(([name, values]) => [name, { value: values.join(', ') }]),
  )
  const http = { method: req.method, url: `http://localhost${req.url}`, nullableHeaders: headers, body: { bytes } }
  const request = { invocationId, inputData: [{ name: trigger, data: { http } }], triggerMetadata: {} }
  const model = core.model.getInvocationModel({ invocationId, metadata, request, log() {}, state: undefined })
  const { context, inputs } = await model.getArguments()
  const result = await model.invokeFunction(context, inputs, callback)
  const response = await model.getResponse(context, result)
  return response.returnValue?.http ?? response.outputData[0].data.http
}

server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('Listening'))
