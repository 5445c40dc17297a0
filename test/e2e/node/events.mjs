// PutEvents and rules with the AWS SDK for JavaScript, on the bus that is named.
import assert from 'node:assert/strict'
import {
  CreateEventBusCommand, DescribeEventBusCommand, DescribeRuleCommand, EventBridgeClient, ListRulesCommand,
  ListTagsForResourceCommand, PutEventsCommand, PutPermissionCommand, ResourceNotFoundException, TagResourceCommand,
  UpdateEventBusCommand
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

// What an event bus says beside its rules.
const { EventBusArn } = await events.send(new CreateEventBusCommand({
  Name: 'described', Description: 'first', Tags: [{ Key: 'a', Value: '1' }]
}))
const updated = await events.send(new UpdateEventBusCommand({
  Name: 'described', Description: 'second', DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:000000000000:q' }
}))
assert.deepEqual([updated.Arn, updated.Name, updated.Description], [EventBusArn, 'described', 'second'])
await events.send(new PutPermissionCommand({
  EventBusName: 'described', Action: 'events:PutEvents', Principal: '*', StatementId: 'all'
}))
await events.send(new TagResourceCommand({ ResourceARN: EventBusArn, Tags: [{ Key: 'b', Value: '2' }] }))
const described = await events.send(new DescribeEventBusCommand({ Name: 'described' }))
assert.equal(described.Description, 'second')
assert.equal(described.DeadLetterConfig.Arn, 'arn:aws:sqs:us-east-1:000000000000:q')
assert.equal(JSON.parse(described.Policy).Statement[0].Sid, 'all')
assert.ok(described.CreationTime instanceof Date && described.LastModifiedTime >= described.CreationTime)
const { Tags } = await events.send(new ListTagsForResourceCommand({ ResourceARN: EventBusArn }))
assert.deepEqual(Tags, [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }])
