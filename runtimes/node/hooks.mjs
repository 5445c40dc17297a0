/* runtimes/node/hooks.mjs - module hooks in a thread of their own, for a Node.js that has no others: tells
 * loaded.mjs what is imported. What is said here is there before the import ends. */
let port

export const initialize = (given) => {
  port = given
}

export const resolve = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    port.postMessage({ specifier, parent: context.parentURL })
    throw error
  }
}

export const load = (url, context, next) => {
  port.postMessage({ url })
  return next(url, context)
}
