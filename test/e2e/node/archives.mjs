// Archives and replays with the AWS SDK for JavaScript, on the bus that is named, whose ARN is given.
import assert from 'node:assert/strict'
import {
  CancelReplayCommand, CreateArchiveCommand, DeleteArchiveCommand, DescribeArchiveCommand, DescribeReplayCommand,
  EventBridgeClient, IllegalStatusException, ListArchivesCommand, ListReplaysCommand, PutEventsCommand,
  ResourceAlreadyExistsException, StartReplayCommand, UpdateArchiveCommand
} from '@aws-sdk/client-eventbridge'

const [EventBusName, Arn] = process.argv.slice(2)
const events = new EventBridgeClient({ maxAttempts: 1, endpoint: process.env.DYNLOG_EVENTS_ENDPOINT })
const send = (Command, input) => events.send(new Command(input))
const ArchiveName = 'node', ReplayName = 'node'

const { ArchiveArn } = await send(CreateArchiveCommand, {
  ArchiveName, EventSourceArn: Arn, EventPattern: JSON.stringify({ source: ['node'] })
})
await assert.rejects(send(CreateArchiveCommand, { ArchiveName, EventSourceArn: Arn }), ResourceAlreadyExistsException)
const Time = new Date('2026-05-01T12:00:00Z')
await send(PutEventsCommand, {
  Entries: [1, 2, 3].map(n => ({ EventBusName, Source: 'node', DetailType: 'counted', Detail: JSON.stringify({ n }), Time }))
})
await send(UpdateArchiveCommand, { ArchiveName, RetentionDays: 36500 })
const archive = await send(DescribeArchiveCommand, { ArchiveName })
assert.deepEqual([archive.EventCount, archive.RetentionDays, archive.State], [3, 36500, 'ENABLED'])
const { Archives } = await send(ListArchivesCommand, { EventSourceArn: Arn })
assert.ok(Archives.some(one => one.ArchiveName === ArchiveName))

const { State } = await send(StartReplayCommand, {
  ReplayName, EventSourceArn: ArchiveArn, EventStartTime: new Date(Time - 1000), EventEndTime: new Date(+Time + 1000),
  Destination: { Arn }
})
assert.equal(State, 'STARTING')
let replay
do replay = await send(DescribeReplayCommand, { ReplayName })
while (['STARTING', 'RUNNING'].includes(replay.State))
assert.equal(replay.State, 'COMPLETED')
assert.ok(replay.ReplayStartTime instanceof Date && replay.ReplayEndTime >= replay.ReplayStartTime)
const { Replays } = await send(ListReplaysCommand, { EventSourceArn: ArchiveArn })
assert.deepEqual(Replays.map(one => one.ReplayName), [ReplayName])
await assert.rejects(send(CancelReplayCommand, { ReplayName }), IllegalStatusException)
await send(DeleteArchiveCommand, { ArchiveName })
