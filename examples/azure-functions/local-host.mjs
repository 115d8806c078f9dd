// Runs the functions of this application on your machine, without Azure's Core Tools. It loads the files that `main` of
// package.json names, as Azure's Node worker does, and serves their HTTP triggers: the body is read to its end, and requests
// and responses go through the conversions of `@azure/functions` for the messages of Azure's host.
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire, Module } from 'node:module'
import { basename, dirname, resolve } from 'node:path'

// Azure's limit for the body of an HTTP request
const MAX_BODY_BYTES = 100 * 1024 * 1024

// `@azure/functions` requires this module, which is not installed: the worker provides it.
const functions = []
let model
const core = {
  version: '3.0.0',
  hostVersion: '4.0.0',
  setProgrammingModel: (given) => {
    model = given
  },
  getProgrammingModel: () => model,
  registerFunction: (metadata, callback) => {
    functions.push({ metadata, callback })
    return { dispose() {} }
  },
  registerHook: () => ({ dispose() {} }),
  log: (_level, _category, message) => console.log(message),
}
const { require } = Module.prototype
Module.prototype.require = function (name) {
  return name === '@azure/functions-core' ? core : Reflect.apply(require, this, [name])
}

const readJson = async (file) => JSON.parse(await readFile(file, 'utf8'))
const { main } = await readJson('package.json')
const { extensions } = await readJson('host.json')
const prefix = extensions?.http?.routePrefix ?? 'api'
const isFunction = new RegExp(`^${basename(main).replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
for (const file of await readdir(dirname(main))) {
  if (isFunction.test(file)) createRequire(import.meta.url)(resolve(dirname(main), file))
}

const findTrigger = ({ metadata }) =>
  Object.entries(metadata.bindings).find(([, { type }]) => type.toLowerCase() === 'httptrigger')

function findFunction(req) {
  const { pathname } = new URL(req.url, 'http://localhost')
  return functions.find((registered) => {
    const [, trigger] = findTrigger(registered) ?? []
    const path = [prefix, trigger?.route ?? registered.metadata.name].filter(Boolean).join('/')
    return trigger !== undefined && `/${path}` === pathname && trigger.methods.includes(req.method)
  })
}

/** Reads a body to its end. */
async function readBody(req) {
  const chunks = []
  let size = 0
  for await (const chunk of req) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

let invocations = 0

async function invoke(registered, req, bytes) {
  const { metadata, callback } = registered
  const invocationId = String(++invocations)
  const [name] = findTrigger(registered)
  const headers = Object.fromEntries(
    Object.entries(req.headersDistinct).map(([header, values]) => [header, { value: values.join(', ') }]),
  )
  const http = { method: req.method, url: `http://localhost${req.url}`, nullableHeaders: headers, body: { bytes } }
  const request = { invocationId, inputData: [{ name, data: { http } }], triggerMetadata: {} }
  const invocation = model.getInvocationModel({ invocationId, metadata, request, log: core.log, state: undefined })
  const { context, inputs } = await invocation.getArguments()
  const response = await invocation.getResponse(context, await invocation.invokeFunction(context, inputs, callback))
  return response.returnValue?.http ?? response.outputData[0].data.http
}

async function serve(req, res) {
  const found = findFunction(req)
  if (found === undefined) return res.writeHead(404).end()
  const bytes = await readBody(req)
  if (bytes === undefined) return res.writeHead(413, { connection: 'close' }).end()
  const { statusCode, headers, body } = await invoke(found, req, bytes)
  res.writeHead(Number(statusCode), headers).end(body?.bytes ?? body?.string)
}

const port = Number(process.env.PORT || 7071)
createServer((req, res) => {
  serve(req, res).catch((error) => {
    // a client that has gone away is not an error of the function
    if (res.destroyed) return
    console.error(error)
    res.writeHead(500).end()
  })
}).listen(port, () => console.log(`Listening on http://localhost:${port}`))
