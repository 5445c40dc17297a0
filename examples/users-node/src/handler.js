// Bus -> the users' rows.
//
// The event says only which stream has news. The row knows its version, the log has everything above
// it, in order: read that and apply it. So it does not matter whether events come twice, late, in
// another order, or to two handlers at once.
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  DynamoDBDocumentClient,
  GetCommand,
  UpdateCommand,
  paginateQuery
} from '@aws-sdk/lib-dynamodb'
import { updateOf } from './users.js'

const { DYNAMODB_LOGS_TABLE, DYNAMODB_CORE_TABLE } = process.env

const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient(), {
  marshallOptions: { removeUndefinedValues: true },
  unmarshallOptions: { wrapNumbers: true } // with all their digits
})

export async function handler ({ detail }) {
  const stream = detail.key.pk // users#12#stream
  const user = stream.slice(0, -'#stream'.length)
  let version = await versionOf(user)

  // Somebody else was first: what they did not see of the log is ours, so look again. The row moves on
  // every time, so this ends.
  while (!(await catchUp(user, stream, version))) {
    const current = await versionOf(user)
    if (current <= version) throw new Error(`${user} does not move on from version ${current}`)
    version = current
  }
}

async function versionOf (user) {
  const { Item } = await dynamodb.send(
    new GetCommand({
      TableName: DYNAMODB_CORE_TABLE,
      Key: { pk: user, sk: user },
      ProjectionExpression: '#version',
      ExpressionAttributeNames: { '#version': 'version' },
      ConsistentRead: true
    })
  )
  return Number(Item?.version ?? 0)
}

// Applies what the stream has above the version. False: another handler applied the same event first.
async function catchUp (user, stream, version) {
  for await (const event of eventsAfter(stream, version)) {
    const expected = ++version

    if (Number(event.sk) !== expected) {
      // The missing event will come with an invocation of its own.
      console.warn(`${stream}: event ${expected} is missing, ${event.sk} is there`)
      return true
    }
    if (!(await apply(user, event))) return false
  }
  return true
}

// Consistent, or the very event that we were called for may not be there yet.
async function * eventsAfter (stream, version) {
  const pages = paginateQuery(
    { client: dynamodb },
    {
      TableName: DYNAMODB_LOGS_TABLE,
      KeyConditionExpression: '#pk = :pk and #sk > :sk',
      ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
      ExpressionAttributeValues: { ':pk': stream, ':sk': version },
      ConsistentRead: true
    }
  )
  for await (const { Items } of pages) yield * Items
}

async function apply (user, event) {
  try {
    await dynamodb.send(
      new UpdateCommand({
        TableName: DYNAMODB_CORE_TABLE,
        Key: { pk: user, sk: user },
        ...updateOf(event)
      })
    )
    return true
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false
    throw error
  }
}
