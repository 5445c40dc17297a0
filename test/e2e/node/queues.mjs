// SQS with the AWS SDK for JavaScript, which speaks JSON and checks the MD5s of what it gets.
import assert from 'node:assert/strict'
import {
  CreateQueueCommand, DeleteMessageCommand, GetQueueUrlCommand, QueueDoesNotExist, QueueNameExists,
  ReceiveMessageCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient
} from '@aws-sdk/client-sqs'

const sqs = new SQSClient({ maxAttempts: 1, endpoint: process.env.DYNLOG_ENDPOINT })
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'from-node', tags: { a: 'b' } }))
assert.equal(QueueUrl, `${process.env.DYNLOG_ENDPOINT}/000000000000/from-node`)

// A long poll that the send wakes: it would wait for 20 seconds.
const waiting = sqs.send(new ReceiveMessageCommand({
  QueueUrl, WaitTimeSeconds: 20, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All']
}))
await sqs.send(new SendMessageCommand({
  QueueUrl,
  MessageBody: 'grüße',
  MessageAttributes: {
    text: { DataType: 'String', StringValue: 'ü' },
    number: { DataType: 'Number', StringValue: '1.5' },
    bytes: { DataType: 'Binary.png', BinaryValue: new Uint8Array([0, 255]) }
  }
}))
const { Messages: [message] } = await waiting
assert.equal(message.Body, 'grüße')
assert.deepEqual([...message.MessageAttributes.bytes.BinaryValue], [0, 255])
assert.equal(message.Attributes.ApproximateReceiveCount, '1')
await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }))

const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({
  QueueUrl, Entries: [{ Id: 'a', MessageBody: 'x' }, { Id: 'b', MessageBody: '' }]
}))
assert.deepEqual(Successful.map(({ Id }) => Id), ['a'])
assert.deepEqual(Failed.map(({ Id, SenderFault }) => [Id, SenderFault]), [['b', true]])

await assert.rejects(sqs.send(new GetQueueUrlCommand({ QueueName: 'none' })), error =>
  error instanceof QueueDoesNotExist && error.$metadata.httpStatusCode === 400)
await assert.rejects(sqs.send(new CreateQueueCommand({
  QueueName: 'from-node', Attributes: { DelaySeconds: '9' }
})), QueueNameExists)
