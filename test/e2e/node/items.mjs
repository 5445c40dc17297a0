// The AWS SDK for JavaScript, plain and with the document client, against an empty table (pk S, sk N).
import assert from 'node:assert/strict'
import {
  ConditionalCheckFailedException, DescribeTableCommand, DynamoDBClient, PutItemCommand, ResourceNotFoundException,
  TransactionCanceledException, paginateScan, waitUntilTableExists
} from '@aws-sdk/client-dynamodb'
import {
  BatchGetCommand, BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand,
  TransactWriteCommand, UpdateCommand, paginateQuery
} from '@aws-sdk/lib-dynamodb'

const TableName = process.argv[2]
const client = new DynamoDBClient({ maxAttempts: 1 })
const documents = DynamoDBDocumentClient.from(client)

await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName })
await assert.rejects(client.send(new DescribeTableCommand({ TableName: 'nowhere' })), error =>
  error instanceof ResourceNotFoundException && error.$metadata.httpStatusCode === 400 &&
  /^[0-9A-Za-z-]{20,}$/.test(error.$metadata.requestId))

const first = {
  pk: 'a', sk: 1, text: 'å😀', number: 1.5, list: [null, true, { deep: [] }], set: new Set(['x', 'y']),
  bytes: new Uint8Array([0, 255])
}
const once = { TableName, Item: first, ConditionExpression: 'attribute_not_exists(pk)' }
await documents.send(new PutCommand(once))
await assert.rejects(documents.send(new PutCommand(once)), error =>
  error instanceof ConditionalCheckFailedException && error.message === 'The conditional request failed')
assert.deepEqual((await documents.send(new GetCommand({ TableName, Key: { pk: 'a', sk: 1 } }))).Item, first)

await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'a' }, sk: { N: '2' }, b: { B: Buffer.from('x') } } }))
const { Attributes } = await documents.send(new UpdateCommand({
  TableName,
  Key: { pk: 'a', sk: 2 },
  UpdateExpression: 'SET #n = :n ADD c :one REMOVE b',
  ExpressionAttributeNames: { '#n': 'name' },
  ExpressionAttributeValues: { ':n': 'test', ':one': 1 },
  ReturnValues: 'ALL_NEW'
}))
assert.deepEqual(Attributes, { pk: 'a', sk: 2, name: 'test', c: 1 })

await documents.send(new BatchWriteCommand({
  RequestItems: { [TableName]: Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: { pk: 'b', sk: i } } })) }
}))
const { Responses } = await documents.send(new BatchGetCommand({
  RequestItems: { [TableName]: { Keys: [{ pk: 'b', sk: 3 }, { pk: 'b', sk: 99 }] } }
}))
assert.deepEqual(Responses[TableName], [{ pk: 'b', sk: 3 }])

const versions = []
const query = {
  TableName,
  KeyConditionExpression: '#pk = :pk and #sk > :sk',
  ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
  ExpressionAttributeValues: { ':pk': 'b', ':sk': 4 }
}
for await (const { Items } of paginateQuery({ client: documents, pageSize: 6 }, { ...query })) {
  versions.push(...Items.map(({ sk }) => sk))
}
assert.deepEqual(versions, Array.from({ length: 20 }, (_, i) => i + 5))
assert.equal((await documents.send(new QueryCommand({ ...query, Select: 'COUNT' }))).Count, 20)

await assert.rejects(documents.send(new TransactWriteCommand({
  TransactItems: [
    { Put: { TableName, Item: { pk: 'c', sk: 1 } } },
    { Put: { ...once, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } }
  ]
})), error => error instanceof TransactionCanceledException &&
  error.CancellationReasons.map(({ Code }) => Code).join() === 'None,ConditionalCheckFailed')

const { Attributes: old } = await documents.send(new DeleteCommand({
  TableName, Key: { pk: 'a', sk: 2 }, ReturnValues: 'ALL_OLD'
}))
assert.equal(old.name, 'test')

let count = 0
for await (const page of paginateScan({ client, pageSize: 10 }, { TableName })) count += page.Count
assert.equal(count, 26)
