// The requests of the public sample's run-archive.js: events of an archive to the local bus with `replay-name` in their
// detail, and their items to the local table.
import assert from 'node:assert/strict'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { DynamoDBClient, BatchWriteItemCommand } from '@aws-sdk/client-dynamodb'

const events = new EventBridgeClient({ maxAttempts: 1, endpoint: process.env.DYNLOG_EVENTS_ENDPOINT })
const dynamodb = new DynamoDBClient({ maxAttempts: 1 })
const details = Array.from({ length: 10 }, (_, i) => ({
  log: 'users', key: { pk: 'users#sample#stream', sk: i + 1 }, type: 'signup', payload: { id: 'sample' }
}))

const put = await events.send(new PutEventsCommand({
  Entries: details.map(detail => ({
    EventBusName: 'dynamodb-log',
    Source: 'dynamodb-log',
    DetailType: 'stream changes',
    Detail: JSON.stringify({ ...detail, 'replay-name': 'local' })
  }))
}))
assert.equal(put.FailedEntryCount, 0)

const { UnprocessedItems } = await dynamodb.send(new BatchWriteItemCommand({
  RequestItems: {
    'local-dynamodb-logs': details.map(({ key, log, type, payload }) => ({
      PutRequest: {
        Item: {
          pk: { S: key.pk }, sk: { N: String(key.sk) }, log: { S: log }, type: { S: type }, payload: { M: { id: { S: payload.id } } }
        }
      }
    }))
  }
}))
assert.deepEqual(UnprocessedItems, {})
