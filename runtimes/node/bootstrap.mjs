/* runtimes/node/bootstrap.mjs - runs a Node.js handler, as AWS Lambda's runtime does.
 *
 * Started by dynlog in the function's folder, with Lambda's environment. Loads the handler that _HANDLER
 * names, then asks the Runtime API (AWS_LAMBDA_RUNTIME_API) for one invocation after the other. An
 * answer and the question for the next invocation leave in one write, because both are known at once.
 *
 * Error names, messages and payloads are those of Lambda's own runtime. Nothing but Node's standard
 * library. */
import { createRequire } from 'node:module'
import { existsSync, readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import util from 'node:util'

const API_PATH = '/2018-06-01/runtime'
const LOADED_PATH = '/_dynlog/loaded' // dynlog's own: what this worker loaded
const EXIT_UNHANDLED_REJECTION = 128
const EXIT_UNCAUGHT_EXCEPTION = 129

const CALLBACK_REMOVED = 'ERROR: AWS Lambda has removed support for callback-based function handlers starting ' +
  'with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 ' +
  'or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.'

/* Somebody watches the function's files. */
const loaded = process.argv.includes('--tell-loaded') ? await import('./loaded.mjs') : null

/* ---- errors, as Lambda names them ---- */

class RuntimeError extends Error {
  constructor (name, message) {
    super(message)
    this.name = name
  }
}

const isError = (value) =>
  util.types.isNativeError(value) ||
  (value && value.name && value.message && value.stack !== undefined)

/* The payload of a failed invocation. */
const errorPayload = (error) => {
  try {
    if (isError(error)) {
      return {
        errorType: error.name,
        errorMessage: error.message,
        trace: String(error.stack).split('\n')
      }
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] }
  } catch {
    return {
      errorType: 'handled',
      errorMessage: 'callback called with Error argument, but there was a problem while ' +
        'retrieving one or more of its message, name, and stack'
    }
  }
}

/* What the log shows of it: Lambda's "Invoke Error {...}", with every other property of the error. */
const logError = (what, error) => {
  let text
  try {
    const { errorType, errorMessage, trace } = errorPayload(error)
    text = JSON.stringify({ errorType, errorMessage, ...(isError(error) ? error : {}), stack: trace })
  } catch {
    text = util.inspect(error)
  }
  console.error(`${what} \t${text}`)
}

/* ---- the console, as CloudWatch shows it: time, request, level, message ---- */

let requestId // of the invocation that runs

/* One stream, so that lines keep their order; a line's own ends are \r, which dynlog turns back. */
for (const [name, level] of Object.entries(
  { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', fatal: 'FATAL' })) {
  console[name] = (...message) => {
    const text = `${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...message)}`

    process.stdout.write(text.replace(/\n/g, '\r') + '\n')
  }
}

/* ---- the Runtime API: requests in order over one connection, kept open ---- */

class RuntimeApi {
  #socket
  #waiting = [] // who waits for an answer, in the order of the requests
  #chunks = []
  #size = 0
  #wanted = 0 // bytes without which looking at the answer again is of no use

  static async connect (address) {
    const api = new RuntimeApi()
    const [host, port] = address.split(':')

    await new Promise((resolve, reject) => {
      api.#socket = net.connect({ host, port: Number(port), noDelay: true }, resolve)
      api.#socket.once('error', reject)
    })
    api.#socket.on('data', (chunk) => api.#take(chunk))
    /* dynlog is gone, or wants this worker to go */
    api.#socket.on('close', () => process.exit(0))
    return api
  }

  /* While a handler runs, the connection must not keep the event loop from becoming empty. */
  hold () { this.#socket.ref() }
  letGo () { this.#socket.unref() }

  next () {
    return this.#request(`GET ${API_PATH}/invocation/next HTTP/1.1\r\nHost: dynlog\r\n\r\n`)
  }

  post (where, payload, errorType) {
    const body = Buffer.from(payload)
    const type = errorType
      ? `Lambda-Runtime-Function-Error-Type: ${errorType.replace(/[^\x20-\x7e]/g, '?')}\r\n`
      : ''

    return this.#request(`POST ${where} HTTP/1.1\r\nHost: dynlog\r\n` +
      `Content-Type: application/json\r\n${type}Content-Length: ${body.length}\r\n\r\n`, body)
  }

  /* What is posted in `write` leaves together, behind what is new of the files that were loaded. */
  together (write) {
    const files = loaded?.take()

    this.#socket.cork()
    if (files) this.post(LOADED_PATH, files)
    const result = write()
    this.#socket.uncork()
    return result
  }

  #request (head, body) {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#socket.write(head, 'latin1')
      if (body && body.length > 0) this.#socket.write(body)
    })
  }

  #take (chunk) {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#wanted) return
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)

    for (let answer; (answer = this.#answer(bytes)) !== null; bytes = bytes.subarray(answer.size)) {
      this.#waiting.shift()(answer)
    }
    this.#chunks = bytes.length > 0 ? [bytes] : []
    this.#size = bytes.length
    if (bytes.length === 0) this.#wanted = 0
  }

  /* The first answer in the bytes, or null when it is not all there. Bodies have a Content-Length. */
  #answer (bytes) {
    const end = bytes.indexOf('\r\n\r\n')

    this.#wanted = bytes.length + 1
    if (end < 0) return null
    const [, ...lines] = bytes.utf8Slice(0, end).split('\r\n')
    const headers = {}

    for (const line of lines) {
      const colon = line.indexOf(':')
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
    }
    const size = end + 4 + Number(headers['content-length'] ?? 0)

    this.#wanted = size
    if (bytes.length < size) return null
    return { size, headers, body: bytes.utf8Slice(end + 4, size) }
  }
}

/* ---- the handler ---- */

/* "src/handler.handler": folder, module, and the names that lead to the function. */
const splitHandler = (text) => {
  const base = path.basename(text)
  const match = /^([^.]*)\.(.*)$/.exec(base)

  if (text.includes('..')) {
    throw new RuntimeError('Runtime.MalformedHandlerName', `'${text}' is not a valid handler name. ` +
      'Use absolute paths when specifying root directories in handler names.')
  }
  if (!match || !match[1] || !match[2]) {
    throw new RuntimeError('Runtime.MalformedHandlerName', 'Bad handler')
  }
  return { folder: text.slice(0, text.length - base.length), module: match[1], names: match[2].split('.') }
}

/* Whether a .js file is an ES module: its nearest package.json says so. */
const isModuleFolder = (folder) => {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, 'package.json')
    if (existsSync(file)) {
      loaded?.loaded(file)
      return JSON.parse(readFileSync(file, 'utf8')).type === 'module'
    }
    if (at === path.dirname(at)) return false
  }
}

const importFile = (file) => {
  loaded?.loaded(file)
  loaded?.followImports()
  return import(pathToFileURL(file).href)
}

const loadModule = async (root, folder, module) => {
  const base = path.resolve(root, folder, module)
  const require = createRequire(path.join(root, 'bootstrap.js'))

  if (existsSync(`${base}.js`)) {
    return isModuleFolder(path.dirname(base)) ? importFile(`${base}.js`) : require(`${base}.js`)
  }
  if (existsSync(`${base}.mjs`)) return importFile(`${base}.mjs`)
  if (existsSync(`${base}.cjs`)) return require(`${base}.cjs`)
  loaded?.wanted(base)
  return require(require.resolve(`./${path.join(folder, module)}`, { paths: [root] }))
}

const loadHandler = async (root, text) => {
  const { folder, module, names } = splitHandler(text)
  let found

  try {
    found = await loadModule(root, folder, module)
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw Object.assign(new RuntimeError('Runtime.UserCodeSyntaxError', String(error)), {
        stack: loaded?.stackWithPlace(error) ?? error.stack
      })
    }
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw Object.assign(new RuntimeError('Runtime.ImportModuleError', String(error)), { stack: error.stack })
    }
    throw error
  }
  let handler = names.reduce((value, name) => value?.[name], found)

  /* an ES module that imports CommonJS, or a bundle: everything is under default */
  handler ??= names.reduce((value, name) => value?.[name], found.default)
  if (handler === undefined || handler === null) {
    throw new RuntimeError('Runtime.HandlerNotFound', `${text} is undefined or not exported`)
  }
  if (typeof handler !== 'function') {
    throw new RuntimeError('Runtime.HandlerNotFound', `${text} is not a function`)
  }
  if (handler.length >= 3 && Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1]) >= 24) {
    throw new RuntimeError('Runtime.CallbackHandlerDeprecated', CALLBACK_REMOVED)
  }
  return handler
}

/* Handlers of this kind can't be loaded: whoever wraps one is told at once. */
const streaming = () => {
  throw new RuntimeError('Runtime.StreamingNotSupported', 'dynlog does not support response streaming ' +
    '(awslambda.streamifyResponse): export a handler that returns its response')
}

globalThis.awslambda = { streamifyResponse: streaming, HttpResponseStream: { from: streaming } }

/* ---- one invocation ---- */

const makeContext = (headers) => {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  const clientContext = headers['lambda-runtime-client-context']

  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext ? JSON.parse(clientContext) : undefined,
    identity: undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now()
  }
}

let whenLoopIsEmpty = null // what happens when nothing is left to do and the handler has not answered

process.on('beforeExit', () => {
  const happen = whenLoopIsEmpty

  whenLoopIsEmpty = null
  if (happen) happen()
})

/* Calls the handler, in whatever style it is written; the promise settles once with its result. */
const callHandler = (handler, event, context) => new Promise((resolve, reject) => {
  const done = (error, result) => {
    whenLoopIsEmpty = null
    if (error === undefined || error === null) resolve(result)
    else reject(error)
  }
  let called = false
  const callback = (error, result) => {
    if (called) return
    called = true
    if ((error === undefined || error === null) && context.callbackWaitsForEmptyEventLoop) {
      whenLoopIsEmpty = () => done(null, result)
    } else {
      done(error, result)
    }
  }

  Object.assign(context, {
    done,
    succeed: (result) => done(null, result),
    fail: (error) => done(error ?? 'handled')
  })
  whenLoopIsEmpty = () => done(null, null)
  const result = handler(event, context, callback)

  if (typeof result?.then === 'function') result.then((value) => done(null, value), (error) => done(error ?? 'handled'))
})

const printResult = (result) => {
  let text
  try {
    text = JSON.stringify(result === undefined ? null : result)
  } catch {
    throw new Error('Unable to stringify response body')
  }
  return text ?? 'null'
}

/* Everything that the handler printed is in the pipe before dynlog hears that it has ended. */
const outputIsWritten = () => {
  const streams = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0)

  if (streams.length === 0) return null
  return Promise.all(streams.map((stream) => new Promise((resolve) => stream.write('', resolve))))
}

/* ---- the loop ---- */

let api

const dieOf = async (what, error, status) => {
  if (dieOf.dying) return
  dieOf.dying = true
  logError(what, error)
  await outputIsWritten()
  const payload = errorPayload(error)

  api?.hold()
  if (requestId !== undefined) {
    await api.post(`${API_PATH}/invocation/${requestId}/error`, JSON.stringify(payload), payload.errorType)
  } else if (api && !dieOf.initialized) {
    await api.together(() => api.post(`${API_PATH}/init/error`, JSON.stringify(payload), payload.errorType))
  }
  process.exit(status)
}

process.on('unhandledRejection', (reason) => {
  const error = new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason))

  dieOf('Unhandled Promise Rejection', Object.assign(error, { reason: errorPayload(reason) }), EXIT_UNHANDLED_REJECTION)
})
process.on('uncaughtException', (error) => {
  dieOf('Uncaught Exception', error, EXIT_UNCAUGHT_EXCEPTION)
})

const runOne = async (handler, { headers, body }) => {
  requestId = headers['lambda-runtime-aws-request-id']
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id']
  let where = 'response'
  let payload
  let errorType

  api.letGo()
  try {
    payload = printResult(await callHandler(handler, JSON.parse(body), makeContext(headers)))
  } catch (error) {
    logError('Invoke Error', error)
    where = 'error'
    payload = errorPayload(error)
    errorType = payload.errorType
    payload = JSON.stringify(payload)
  }
  api.hold()
  const written = outputIsWritten()

  if (written) await written
  return api.together(() => {
    api.post(`${API_PATH}/invocation/${requestId}/${where}`, payload, errorType)
    requestId = undefined
    return api.next()
  })
}

const main = async () => {
  api = await RuntimeApi.connect(process.env.AWS_LAMBDA_RUNTIME_API)
  let handler
  try {
    handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER)
  } catch (error) {
    await dieOf('Uncaught Exception', error, EXIT_UNCAUGHT_EXCEPTION)
  }
  dieOf.initialized = true
  for (let invocation = await api.together(() => api.next()); ;) invocation = await runOne(handler, invocation)
}

await main()
