"""The stack that the soak runs: functions of every kind, on a bus, a change stream, a queue and a schedule; and beside it
the tables of the histories (test/history/works.py)."""

FUNCTIONS = {"native": 2, "node": 2, "python": 2}  # name: how many workers at most
PROCESSES_MAX = sum(FUNCTIONS.values())

STACK = """
service: soak
provider: {name: aws, runtime: nodejs20.x, timeout: 20, memorySize: 256}
functions:
  native:
    handler: main.handler
    runtime: provided.al2023
    disableLogs: true
    reservedConcurrency: 2
    environment: {GREETING_FILE: greeting}
    events:
      - eventBridge: {eventBus: soak, pattern: {source: [soak]}}
  node:
    handler: node/main.handler
    reservedConcurrency: 2
    events:
      - stream: {type: dynamodb, arn: !GetAtt logs.StreamArn, batchSize: 25, startingPosition: LATEST}
      - eventBridge: {eventBus: soak, pattern: {source: [soak], detail: {n: [{numeric: ["<", 10]}]}}}
  python:
    handler: snake/main.handler
    runtime: python3.11
    disableLogs: true
    reservedConcurrency: 2
    events:
      - sqs: {arn: !GetAtt queue.Arn, batchSize: 10}
      - schedule: rate(1 minute)
custom:
  dynlog: {archive: archive.db}
resources:
  Resources:
    logs:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-dynamodb-logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
        StreamSpecification: {StreamViewType: NEW_IMAGE}
    short:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: short
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        TimeToLiveSpecification: {AttributeName: until, Enabled: true}
    queue:
      Type: AWS::SQS::Queue
      Properties: {QueueName: soak, VisibilityTimeout: 30}
    other:
      Type: AWS::SQS::Queue
      Properties: {QueueName: other}
    toOther:
      Type: AWS::Events::Rule
      Properties:
        EventBusName: soak
        EventPattern: {source: [soak], detail: {n: [{numeric: [">=", 90]}]}}
        Targets: [{Id: other, Arn: !GetAtt other.Arn}]
"""

FILES = {
    "serverless.yml": STACK,
    "greeting": "0",
    "node/main.js": "const part = require('./part')\n"
                    "exports.handler = async (event) => { console.log('one'); return { greeting: part } }\n",
    "node/part.js": "module.exports = '0'\n",
    "snake/__init__.py": "",
    "snake/main.py": "from snake import part\n\ndef handler(event, context):\n    return {'greeting': part.value}\n",
    "snake/part.py": "value = '0'\n",
}
# What a developer saves: a file and its text of a number.
SAVED = [("greeting", "%d"), ("node/part.js", "module.exports = '%d'\n"), ("snake/part.py", "value = '%d'\n")]
