// Lambda's record of an event that eventHandler could not handle, all retries done. Here it becomes one
// line in the log. Nothing is lost: the next event of the same stream applies what is missing.
export async function handler ({ requestContext, requestPayload, responsePayload }) {
  console.error(
    JSON.stringify({
      message: 'an event was not handled',
      condition: requestContext.condition,
      key: requestPayload.detail.key,
      error: responsePayload?.errorMessage
    })
  )
}
