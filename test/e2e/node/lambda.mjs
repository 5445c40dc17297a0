// Functions with the AWS SDK for JavaScript: names of a Node.js and of a Python function that echo.
import assert from 'node:assert/strict'
import { InvokeCommand, LambdaClient, ListFunctionsCommand, ResourceNotFoundException } from '@aws-sdk/client-lambda'

const names = process.argv.slice(2)
const lambda = new LambdaClient({ maxAttempts: 1, endpoint: process.env.DYNLOG_LAMBDA_ENDPOINT })
const invoke = (FunctionName, event, more) =>
  lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), ...more }))

for (const name of names) {
  const answer = await invoke(name, { name, text: 'å😀' })
  assert.equal(answer.StatusCode, 200)
  assert.deepEqual(JSON.parse(Buffer.from(answer.Payload).toString()), { name, text: 'å😀' })

  const failure = await invoke(name, { do: 'throw' }, { LogType: 'Tail' })
  assert.equal(failure.FunctionError, 'Unhandled')
  assert.match(Buffer.from(failure.LogResult, 'base64').toString(), /REPORT RequestId: /)

  assert.equal((await invoke(name, {}, { InvocationType: 'Event' })).StatusCode, 202)
}
const { Functions } = await lambda.send(new ListFunctionsCommand({}))
assert.ok(names.every(name => Functions.some(({ FunctionName }) => FunctionName === name)))
await assert.rejects(invoke('nobody', {}), ResourceNotFoundException)
