/* runtimes/node/loaded.mjs - which files a worker loaded, and where it looked for some in vain: what dynlog
 * watches for it, so that a change starts a new one.
 *
 * CommonJS is seen where Node.js loads a file; what fails to compile is seen too. ES modules are seen by
 * module hooks: in this thread where Node.js has that (22.15 and later), else (18.19 and later) in the
 * hooks' own thread, which takes some 20 ms to start and is started only when there is something to import. */
import Module from 'node:module'
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'

/* For the place of a syntax error, files are looked through, the newest first: some tens of ms each. */
const CHECKED_MAX = 10
const CHECKED_MS_MAX = 2000

const seen = new Set()
const files = [] // of the function's own, as they were loaded
let fresh = { loaded: [], wanted: [] }
let port = null // of the hooks' thread

const tell = (list, file) => {
  if (seen.has(list + file)) return
  seen.add(list + file)
  fresh[list].push(file)
}

export const loaded = (file) => {
  if (!path.isAbsolute(file)) return
  if (!seen.has('loaded' + file) && !file.includes('/node_modules/')) files.push(file)
  tell('loaded', file)
}

export const wanted = (file) => tell('wanted', file)

/* What an import that failed looked for: the file without its extension, or the package. */
const lookedFor = (specifier, folder) => {
  if (/^(\.{0,2}\/|\.{1,2}$)/.test(specifier)) {
    wanted(path.resolve(folder, specifier))
  } else if (specifier.startsWith('file:')) {
    wanted(fileURLToPath(specifier))
  } else if (!/^[a-z]+:/.test(specifier) && !specifier.startsWith('#')) {
    const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')

    for (const modules of Module._nodeModulePaths(folder)) wanted(path.join(modules, name))
  }
}

const lookedForBy = (specifier, parent) => {
  if (!parent || parent.startsWith('file:')) {
    lookedFor(specifier, parent ? path.dirname(fileURLToPath(parent)) : process.cwd())
  }
}

const loadedUrl = (url) => {
  if (url.startsWith('file:')) loaded(fileURLToPath(url))
}

const hooks = {
  resolve (specifier, context, next) {
    try {
      return next(specifier, context)
    } catch (error) {
      lookedForBy(specifier, context.parentURL)
      throw error
    }
  },
  load (url, context, next) {
    loadedUrl(url)
    return next(url, context)
  }
}

let following = false

/* From now on imports of ES modules are seen. */
export const followImports = () => {
  if (following) return
  following = true
  if (Module.registerHooks) {
    Module.registerHooks(hooks)
  } else if (Module.register) {
    const channel = new MessageChannel()

    port = channel.port1
    port.unref()
    Module.register('./hooks.mjs', import.meta.url, {
      data: channel.port2, transferList: [channel.port2]
    })
  }
}

const { load, _compile: compile } = Module.prototype
const resolveFilename = Module._resolveFilename

Module.prototype.load = function (file) {
  loaded(file)
  return load.call(this, file)
}

Module.prototype._compile = function (content, file, ...more) {
  if (!following && !file.includes('/node_modules/') && /\bimport\s*\(/.test(content)) followImports()
  return compile.call(this, content, file, ...more)
}

Module._resolveFilename = function (request, parent, ...more) {
  try {
    return resolveFilename.call(this, request, parent, ...more)
  } catch (error) {
    if (parent?.filename) lookedFor(request, path.dirname(parent.filename))
    throw error
  }
}

const takeFromHooks = () => {
  for (let message; port && (message = receiveMessageOnPort(port));) {
    const { url, specifier, parent } = message.message

    if (url) loadedUrl(url)
    else lookedForBy(specifier, parent)
  }
}

/* What is new since it was taken last, as JSON; null when nothing is. */
export const take = () => {
  takeFromHooks()
  if (fresh.loaded.length === 0 && fresh.wanted.length === 0) return null
  const text = JSON.stringify(fresh)

  fresh = { loaded: [], wanted: [] }
  return text
}

/* Of a syntax error in an ES module Node.js tells the place only to whoever reads its stderr. */
export const stackWithPlace = (error) => {
  if (!/^\w*Error/.test(error.stack)) return error.stack
  takeFromHooks()
  const age = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const newest = files.filter((file) => /\.m?js$/.test(file)).sort((a, b) => age(b) - age(a))

  const until = Date.now() + CHECKED_MS_MAX

  for (const file of newest.slice(0, CHECKED_MAX)) {
    const timeout = until - Date.now()
    if (timeout <= 0) break
    const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout })
    const place = status !== 0 && /^(.*:\d+\n[^]*?\n)\w*Error: /.exec(stderr)

    if (place) return place[1] + error.stack
  }
  return error.stack
}
