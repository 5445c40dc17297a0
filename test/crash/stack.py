"""The stack under attack: a log with the way of its events to a bus, an archive, a queue, a function and the
function's read model; a plain table with an index; queues."""

LOG, PLAIN, BUS = "local-dynamodb-logs", "plain", "dynamodb-log"
SEEN, STANDARD, FIFO, LATE = "seen", "standard", "ordered.fifo", "late"
MODEL = "log0"  # whose events the function takes

RESOURCES = """
resources:
  Resources:
    logs:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-dynamodb-logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
    plain:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: plain
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions:
          - {AttributeName: pk, AttributeType: S}
          - {AttributeName: owner, AttributeType: S}
          - {AttributeName: n, AttributeType: N}
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
        GlobalSecondaryIndexes:
          - IndexName: owners
            KeySchema: [{AttributeName: owner, KeyType: HASH}, {AttributeName: n, KeyType: RANGE}]
            Projection: {ProjectionType: ALL}
    bus: {Type: 'AWS::Events::EventBus', Properties: {Name: dynamodb-log}}
    archive: {Type: 'AWS::Events::Archive', Properties: {ArchiveName: all, SourceArn: !GetAtt bus.Arn}}
    seen: {Type: 'AWS::SQS::Queue', Properties: {QueueName: seen}}
    standard: {Type: 'AWS::SQS::Queue', Properties: {QueueName: standard}}
    late: {Type: 'AWS::SQS::Queue', Properties: {QueueName: late}}
    ordered: {Type: 'AWS::SQS::Queue', Properties: {QueueName: ordered.fifo, FifoQueue: true}}
    rule:
      Type: AWS::Events::Rule
      Properties:
        Name: everything
        EventBusName: !Ref bus
        EventPattern: {account: ['000000000000']}
        Targets: [{Id: seen, Arn: !GetAtt seen.Arn}]
"""

HANDLE = """
  handle:
    handler: handler.handle
    maximumRetryAttempts: 2
    events:
      - eventBridge: {eventBus: !Ref bus, pattern: {detail: {log: [log0]}}}
"""

TRIGGER = """
  trigger:
    handler: handler.trigger
    events:
      - stream: {type: dynamodb, arn: !GetAtt logs.StreamArn, batchSize: 100, startingPosition: TRIM_HORIZON}
"""

STACK = """
service: crash
provider: {name: aws, runtime: python3.11}
custom:
  serverless-offline-aws-eventbridge: {retryDelayMs: 10}
functions:
"""

# Nothing but the standard library: a worker is there in a moment. The row and the note of its event are one
# transaction, so an event that comes twice is counted once, as docs/durability.md says a handler has to.
HANDLER = '''
import http.client, json, os, sqlite3, urllib.parse, zlib

model = None

def handle(event, context):
    global model
    if model is None:
        model = sqlite3.connect("model.db", isolation_level=None, timeout=30)
        model.execute("create table if not exists rows(pk text, sk integer, id text, primary key (pk, sk)) without rowid")
        model.execute("create table if not exists failures(id text primary key) without rowid")
    detail = event["detail"]
    if zlib.crc32(detail["payload"]["id"].encode()) % 8 == 0:
        if model.execute("insert or ignore into failures values(?)", (detail["payload"]["id"],)).rowcount:
            raise ValueError("the first attempt of each eighth event fails")
    model.execute("insert or ignore into rows values(?, ?, ?)", (
        detail["key"]["pk"], detail["key"]["sk"], detail["payload"]["id"]))

def trigger(event, context):
    entries = []
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        entries.append({"EventBusName": "dynamodb-log", "Source": "dynamodb-log", "DetailType": "stream changes",
                        "Detail": json.dumps({
                            "key": {"pk": image["pk"]["S"], "sk": int(image["sk"]["N"])}, "log": image["log"]["S"],
                            "type": image["type"]["S"], "payload": {"id": image["payload"]["M"]["id"]["S"]}})})
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
    for at in range(0, len(entries), 10):
        connection.request("POST", "/", json.dumps({"Entries": entries[at:at + 10]}), {
            "X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"],  # as AWS's SDKs send it: which invocation this is
            "X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Date": "20260101T000000Z", "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/events/"
            "aws4_request, SignedHeaders=host;x-amz-date, Signature=0"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200 and json.loads(text)["FailedEntryCount"] == 0, text
'''


def files(own_trigger):
    """With the built-in trigger, or with one of the stack's own."""
    return {"serverless.yml": STACK + HANDLE + (TRIGGER if own_trigger else "") + RESOURCES, "handler.py": HANDLER}
