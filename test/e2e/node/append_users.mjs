// Appends four events for each of COUNT users, many users at a time, each event conditional on its place being
// free. When the server is gone, says `lost` once and goes on after a line on stdin, as an application with
// retries does: an append whose answer was lost is there or not, and its condition tells.
//
//   node append_users.mjs TABLE FIRST COUNT
//
// Prints `appended N` at every tenth of the way and `done N` at the end.
import { createInterface } from 'node:readline'
import { Agent } from 'node:http'
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { isDeepStrictEqual } from 'node:util'

const SIDE_BY_SIDE = 32
const [TableName, first, count] = process.argv.slice(2).map((word, i) => i === 0 ? word : Number(word))
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({
  maxAttempts: 1,
  requestHandler: { httpAgent: new Agent({ keepAlive: true, maxSockets: SIDE_BY_SIDE }) }
}))
const lines = createInterface({ input: process.stdin })
const total = count * 4
let appended = 0
let back = null // a promise while the server is gone

function eventsOf (id) {
  const event = (sk, type, payload) => ({ pk: `users#${id}#stream`, sk, log: 'users', type, payload: { id, ...payload } })

  return [
    event(1, 'signup', { name: `user ${id}`, email: `${id}@example.com` }),
    event(2, 'addPhoneNumber', { phoneNumber: `+46 8 ${id}` }),
    event(3, 'verifyPhoneNumber', {}),
    event(4, 'addLocation', { long: 18.0686, lat: 59.3293 })
  ]
}

function serverGone () {
  if (back === null) {
    console.log('lost')
    back = new Promise(resolve => lines.once('line', () => {
      back = null
      resolve()
    }))
  }
  return back
}

async function append (event) {
  let again = false

  for (;;) {
    try {
      await documents.send(new PutCommand({ TableName, Item: event, ConditionExpression: 'attribute_not_exists(pk)' }))
      return
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException && again) {
        const { Item } = await documents.send(new GetCommand({
          TableName, Key: { pk: event.pk, sk: event.sk }, ConsistentRead: true
        }))
        if (isDeepStrictEqual(Item, event)) return // it was ours, only its answer was lost
      }
      if (error.$metadata?.httpStatusCode !== undefined) throw error
      again = true
      await serverGone()
    }
  }
}

let next = first
async function appendUsers () {
  while (next < first + count) {
    for (const event of eventsOf(String(next++))) {
      await append(event)
      appended++
      if (appended % Math.ceil(total / 10) === 0) console.log(`appended ${appended}`)
    }
  }
}

await Promise.all(Array.from({ length: SIDE_BY_SIDE }, appendUsers))
console.log(`done ${appended}`)
lines.close()
process.stdin.unref?.()
process.exit(0)
