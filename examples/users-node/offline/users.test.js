// The whole stack without AWS, without sleeping: dynlog with a clock that stands still until it is moved.
//
//   npm run test:offline        DYNLOG=path/of/dynlog, else the one on the PATH
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, beforeEach, test } from 'node:test'
import { promisify } from 'node:util'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'

const DYNLOG = process.env.DYNLOG ?? 'dynlog'
let server, endpoint, dynamodb

before(async () => {
  const options = ['--memory', '--clock', 'manual', '--quiet', '--port', '0', '--events-port', '0', '--lambda-port', '0']
  server = spawn(DYNLOG, ['start', ...options], { cwd: new URL('..', import.meta.url), stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: server.stdout })) {
    const port = /ports +(\d+) all services/.exec(line)?.[1]
    if (port) {
      endpoint = `http://127.0.0.1:${port}`
      break
    }
  }
  assert.ok(endpoint, 'dynlog did not start')
  dynamodb = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } })
})

after(async () => {
  dynamodb?.destroy()
  server.kill('SIGINT')
  await once(server, 'exit')
})

beforeEach(() => ask('faults', undefined, 'DELETE'))

async function ask (what, body, method = 'POST') {
  const answer = await fetch(`${endpoint}/_dynlog/${what}`, { method, body: body && JSON.stringify(body) })
  assert.ok(answer.ok, await answer.clone().text())
  return answer.json()
}

const append = (user, type, payload) => promisify(execFile)(DYNLOG,
  ['append', 'users', user, type, JSON.stringify({ id: user, ...payload }), '--endpoint', endpoint])

async function row (user) {
  const pk = { S: `users#${user}` }
  return (await dynamodb.send(new GetItemCommand({ TableName: 'local-core', Key: { pk, sk: pk } }))).Item
}

test('an event becomes a row', async () => {
  await append('1', 'signup', { name: 'Ada', email: 'ada@example.com' })
  assert.deepEqual(await ask('drain'), { drained: true }) // everything that was appended is processed
  assert.equal((await row('1')).name.S, 'Ada')
})

test('a table that is busy: the handler is tried again a minute later', async () => {
  await ask('faults', { Throttle: [{ TableName: 'local-core', Operation: 'UpdateItem', Probability: 1 }] })
  await append('2', 'signup', { name: 'Bob', email: 'bob@example.com' })
  const { drained, waiting } = await ask('drain') // only time can bring the rest
  assert.equal(drained, false)
  assert.equal(waiting[0].what, 'invocations')
  assert.equal(await row('2'), undefined)

  await ask('faults', undefined, 'DELETE')
  await ask('clock', { advance: '1m' })
  assert.deepEqual(await ask('drain'), { drained: true })
  assert.equal((await row('2')).version.N, '1')
})

test('a handler that dies when its work is done, and events that come twice, change nothing', async () => {
  const FunctionName = 'users-node-local-eventHandler'
  await ask('faults', { KillWorker: [{ FunctionName }], Duplicate: [{ FunctionName, Count: 2 }] })
  await append('3', 'signup', { name: 'Eve', email: 'eve@example.com' })
  await append('3', 'addPhoneNumber', { phoneNumber: '+46 8 123' })
  assert.deepEqual(await ask('drain', { retries: 'now' }), { drained: true }) // no need to move the clock for it
  assert.equal((await row('3')).version.N, '2')
})
