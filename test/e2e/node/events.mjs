// PutEvents and rules with the AWS SDK for JavaScript, on the bus that is named.
import assert from 'node:assert/strict'
import {
  DescribeRuleCommand, EventBridgeClient, ListRulesCommand, PutEventsCommand, ResourceNotFoundException
} from '@aws-sdk/client-eventbridge'

const EventBusName = process.argv[2]
const events = new EventBridgeClient({ maxAttempts: 1, endpoint: process.env.DYNLOG_EVENTS_ENDPOINT })
const entry = n => ({ EventBusName, Source: 'node', DetailType: 'counted', Detail: JSON.stringify({ n }) })

const { FailedEntryCount, Entries } = await events.send(new PutEventsCommand({
  Entries: [entry(1), { ...entry(9), Detail: 'no JSON' }, entry(2)]
}))
assert.equal(FailedEntryCount, 1)
assert.match(Entries[0].EventId, /^[0-9a-f-]{36}$/)
assert.equal(Entries[1].ErrorCode, 'MalformedDetail')
assert.equal(Entries[1].EventId, undefined)

const { Rules } = await events.send(new ListRulesCommand({ EventBusName }))
assert.deepEqual(Rules.map(({ Name }) => Name), ['all'])
await assert.rejects(events.send(new DescribeRuleCommand({ EventBusName, Name: 'none' })), error =>
  error instanceof ResourceNotFoundException && error.$metadata.httpStatusCode === 400)
