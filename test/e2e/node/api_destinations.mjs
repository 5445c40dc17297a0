// Connections and API destinations with the AWS SDK for JavaScript; the argument is the target's URL.
import assert from 'node:assert/strict'
import {
  CreateApiDestinationCommand, CreateConnectionCommand, DescribeApiDestinationCommand, DescribeConnectionCommand,
  EventBridgeClient, ListApiDestinationsCommand, ListConnectionsCommand, PutEventsCommand, PutRuleCommand,
  PutTargetsCommand, ResourceAlreadyExistsException, ResourceNotFoundException
} from '@aws-sdk/client-eventbridge'

const events = new EventBridgeClient({ maxAttempts: 1, endpoint: process.env.DYNLOG_EVENTS_ENDPOINT })
const connection = {
  Name: 'node',
  AuthorizationType: 'API_KEY',
  AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'X-Key', ApiKeyValue: 'secret' } }
}
const { ConnectionArn, ConnectionState, CreationTime } = await events.send(new CreateConnectionCommand(connection))
assert.equal(ConnectionState, 'AUTHORIZED')
assert.ok(CreationTime instanceof Date)
await assert.rejects(events.send(new CreateConnectionCommand(connection)), error =>
  error instanceof ResourceAlreadyExistsException)
await assert.rejects(events.send(new DescribeConnectionCommand({ Name: 'none' })), error =>
  error instanceof ResourceNotFoundException)

const described = await events.send(new DescribeConnectionCommand({ Name: 'node' }))
assert.deepEqual(described.AuthParameters, { ApiKeyAuthParameters: { ApiKeyName: 'X-Key' } })
assert.match(described.SecretArn, /^arn:aws:secretsmanager:.*:secret:events!connection\/node\/[0-9a-f-]{36}-\w{6}$/)
const { Connections } = await events.send(new ListConnectionsCommand({ NamePrefix: 'node' }))
assert.deepEqual(Connections.map(({ Name }) => Name), ['node'])

const { ApiDestinationArn } = await events.send(new CreateApiDestinationCommand({
  Name: 'node', ConnectionArn, HttpMethod: 'PATCH', InvocationEndpoint: process.argv[2]
}))
const { ApiDestinationState } = await events.send(new DescribeApiDestinationCommand({ Name: 'node' }))
assert.equal(ApiDestinationState, 'ACTIVE')
const { ApiDestinations } = await events.send(new ListApiDestinationsCommand({ ConnectionArn }))
assert.equal(ApiDestinations[0].InvocationRateLimitPerSecond, 300)

await events.send(new PutRuleCommand({ Name: 'node', EventPattern: JSON.stringify({ source: ['node'] }) }))
const put = await events.send(new PutTargetsCommand({ Rule: 'node', Targets: [{ Id: '1', Arn: ApiDestinationArn }] }))
assert.equal(put.FailedEntryCount, 0)
await events.send(new PutEventsCommand({ Entries: [{ Source: 'node', DetailType: 'thing', Detail: '{}' }] }))
