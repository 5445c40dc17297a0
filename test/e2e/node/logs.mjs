// CloudWatch Logs with the AWS SDK for JavaScript: pages by its paginators, errors by their classes.
import assert from 'node:assert/strict'
import {
  CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, DescribeLogStreamsCommand,
  InvalidParameterException, paginateDescribeLogGroups, paginateFilterLogEvents, paginateGetLogEvents,
  PutLogEventsCommand, ResourceAlreadyExistsException, ResourceNotFoundException,
  StartLiveTailCommand
} from '@aws-sdk/client-cloudwatch-logs'

const logs = new CloudWatchLogsClient({ maxAttempts: 1, endpoint: process.env.DYNLOG_ENDPOINT })
const logGroupName = '/from/node'
const logStreamName = 'grüße'
const now = Date.now()

await logs.send(new CreateLogGroupCommand({ logGroupName, tags: { a: 'b' } }))
await assert.rejects(logs.send(new CreateLogGroupCommand({ logGroupName })), error =>
  error instanceof ResourceAlreadyExistsException && error.$metadata.httpStatusCode === 400)
await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }))
const put = await logs.send(new PutLogEventsCommand({
  logGroupName,
  logStreamName,
  logEvents: Array.from({ length: 25 }, (_, n) => ({ timestamp: now + n, message: JSON.stringify({ n, ü: 'x' }) }))
}))
assert.equal(put.rejectedLogEventsInfo, undefined)

const seen = []
for await (const page of paginateFilterLogEvents({ client: logs, pageSize: 4 }, {
  logGroupName, filterPattern: '{ $.n >= 10 }'
})) seen.push(...page.events.map(({ message, logStreamName }) => [JSON.parse(message).n, logStreamName]))
assert.deepEqual(seen, Array.from({ length: 15 }, (_, n) => [n + 10, logStreamName]))

const read = []
for await (const page of paginateGetLogEvents({ client: logs, pageSize: 7, stopOnSameToken: true }, {
  logGroupName, logStreamName, startFromHead: true
})) read.push(...page.events.map(({ timestamp }) => timestamp - now))
assert.deepEqual(read, Array.from({ length: 25 }, (_, n) => n))

const groups = []
for await (const page of paginateDescribeLogGroups({ client: logs }, { logGroupNamePrefix: '/from' }))
  groups.push(...page.logGroups)
assert.equal(groups[0].logGroupArn, 'arn:aws:logs:us-east-1:000000000000:log-group:/from/node')
assert.ok(groups[0].storedBytes > 25 * 26)
const { logStreams: [stream] } = await logs.send(new DescribeLogStreamsCommand({
  logGroupIdentifier: groups[0].logGroupArn, orderBy: 'LastEventTime', descending: true
}))
assert.equal(stream.lastEventTimestamp, now + 24)

await assert.rejects(logs.send(new PutLogEventsCommand({
  logGroupName, logStreamName: 'none', logEvents: [{ timestamp: now, message: 'x' }]
})), ResourceNotFoundException)
await assert.rejects(logs.send(new DescribeLogStreamsCommand({ logGroupName, limit: 51 })),
  InvalidParameterException)
// It would go to another host, streaming-...
const streaming = new CloudWatchLogsClient({
  maxAttempts: 1, endpoint: process.env.DYNLOG_ENDPOINT, disableHostPrefix: true
})
await assert.rejects(streaming.send(new StartLiveTailCommand({ logGroupIdentifiers: [groups[0].logGroupArn] })),
  /FilterLogEvents/)
console.log('ok')
