"""Stack files as people have them: what is understood, what is noted once, what is refused with its place; and
what a changed file means for data that is there."""

import json
import os
import re
import unittest

from support.case import Case, s
from support.server import Dynlog

# The shape of a Serverless Framework file with everything that such files have around what dynlog runs.
WHOLE = """
service: shop-${opt:stage, 'dev'}
frameworkVersion: "3"
useDotenv: true

custom:
  stage: ${opt:stage, self:provider.stage}
  names: ${file(names.json)}
  tables:
    logs: ${self:custom.stage}-${self:custom.names.logs}
  serverless-offline-aws-eventbridge:
    port: 4010
    retryDelayMs: 10
    maximumRetryAttempts: 1
  serverless-offline-dynamodb-streams:
    endpoint: http://0.0.0.0:8000
    readInterval: 1000
  serverless-offline:
    httpPort: 3000
  anything: {at: [all]}

provider:
  name: aws
  stage: dev
  region: eu-west-1
  runtime: nodejs18.x
  environment:
    FROM_ENV: ${env:DYNLOG_TEST_NAME, 'default text'}
    TABLE: ${self:custom.tables.logs}
    REF: !Ref logs
    SUB: !Sub "${AWS::Region}/${logs}"
    NUMBER: 7
  iam:
    role:
      statements:
        - Effect: Allow
          Action: dynamodb:*
          Resource:
            Fn::GetAtt: [logs, Arn]

plugins:
  - serverless-offline
  - serverless-plugin-conditional-functions

package:
  individually: true

functions:
  onChange:
    handler: src/handlers.onChange
    reservedConcurrency: 5
    events:
      - stream:
          type: dynamodb
          arn:
            Fn::GetAtt: [logs, StreamArn]
          batchSize: 10
          startingPosition: TRIM_HORIZON
          maximumRetryAttempts: 3
  onEvent:
    handler: src/handlers.onEvent
    timeout: 3
    events:
      - eventBridge:
          eventBus: !Ref bus
          pattern:
            source: [shop]
            detail: {type: [{prefix: order}]}
      - http: {path: /x, method: get}
  onlyAws:
    handler: src/nowhere.handler
    enabled: '"${self:custom.stage}" !== "local"'
  onlyLocal:
    handler: src/handlers.onEvent
    enabled: '"${self:custom.stage}" === "local"'

resources:
  Resources:
    logs:
      Type: AWS::DynamoDB::Table
      DeletionPolicy: Retain
      Properties:
        TableName: ${self:custom.tables.logs}
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: &attributes
          - {AttributeName: pk, AttributeType: S}
          - {AttributeName: sk, AttributeType: N}
        KeySchema:
          - {AttributeName: pk, KeyType: HASH}
          - {AttributeName: sk, KeyType: RANGE}
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
        TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
        PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
        SSESpecification: {SSEEnabled: true}
        Tags: [{Key: a, Value: b}]
    bus:
      Type: AWS::Events::EventBus
      Properties: {Name: !Sub "${self:custom.stage}-bus"}
    archive:
      Type: AWS::Events::Archive
      Properties: {ArchiveName: all, SourceArn: !GetAtt bus.Arn}
    queue:
      Type: AWS::SQS::Queue
    topic:
      Type: AWS::SNS::Topic
  Outputs:
    busArn: {Value: !GetAtt bus.Arn}
"""

HANDLERS = """
const fs = require('fs')
const note = line => fs.appendFileSync('seen.jsonl', JSON.stringify(line) + '\\n')
exports.onChange = async ({ Records }) => note({ change: Records.map(({ dynamodb }) => dynamodb.Keys.sk.N) })
exports.onEvent = async event => note({ event: event.detail, env: process.env })
"""


class Whole(Case):
    files = {"serverless-node.yml": WHOLE, "names.json": '{"logs": "the-logs"}', "src/handlers.js": HANDLERS}
    arguments = ["-c", "serverless-node.yml", "--stage", "local"]

    def seen(self):
        self.dynlog.drain()
        try:
            with open(self.dynlog.path("seen.jsonl"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def test_what_is_made(self):
        self.assertEqual(["local-the-logs"], self.dynamodb.list_tables()["TableNames"])
        table = self.dynamodb.describe_table(TableName="local-the-logs")["Table"]
        self.assertEqual("NEW_AND_OLD_IMAGES", table["StreamSpecification"]["StreamViewType"])
        self.assertIn("eu-west-1", table["TableArn"])
        self.assertEqual("ENABLED", self.dynamodb.describe_time_to_live(TableName="local-the-logs")
                         ["TimeToLiveDescription"]["TimeToLiveStatus"])
        self.assertEqual([{"Key": "a", "Value": "b"}],
                         self.dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"])
        events = self.dynlog.client("events")
        self.assertIn("local-bus", [bus["Name"] for bus in events.list_event_buses()["EventBuses"]])
        rules = events.list_rules(EventBusName="local-bus")["Rules"]
        self.assertEqual(["Events-Archive-all", "shop-local-local-onEvent-rule-1"], [rule["Name"] for rule in rules])
        functions = self.dynlog.client("lambda").list_functions()["Functions"]
        self.assertEqual(["onChange", "onEvent", "onlyLocal"],
                         sorted(function["FunctionName"].split("-")[-1] for function in functions))

    def test_what_is_noted(self):
        self.dynlog.process.err.wait(r"AWS::SNS::Topic")
        notes = self.dynlog.process.err.list
        self.assertTrue(all(line.startswith("note: ") for line in notes), notes)
        self.assertEqual(len(set(notes)), len(notes))
        text = "\n".join(notes)
        self.assertRegex(text, r"note: serverless-node\.yml:\d+:\d+: .*http")
        self.assertRegex(text, r"note: serverless-node\.yml:\d+:\d+: .*AWS::SNS::Topic")
        for accepted in ("iam", "plugins", "individually", "readInterval", "SSESpecification", "Outputs", "anything"):
            self.assertNotIn(accepted, text)

    def test_it_runs(self):
        item = {"pk": s("a"), "sk": {"N": "1"}}
        self.dynamodb.put_item(TableName="local-the-logs", Item=item)
        self.dynlog.client("events").put_events(Entries=[
            {"EventBusName": "local-bus", "Source": "shop", "DetailType": "x", "Detail": json.dumps({"type": kind})}
            for kind in ("orderPlaced", "other")])
        seen = self.seen()
        self.assertIn({"change": ["1"]}, seen)
        events = [line for line in seen if "event" in line]
        self.assertEqual([{"type": "orderPlaced"}], [line["event"] for line in events])
        env = events[0]["env"]
        self.assertEqual(("default text", "local-the-logs", "local-the-logs", "eu-west-1/local-the-logs", "7", "eu-west-1"),
                         tuple(env[name] for name in ("FROM_ENV", "TABLE", "REF", "SUB", "NUMBER", "AWS_REGION")))


MINIMAL = """service: app
provider:
  name: aws
  runtime: nodejs20.x
functions:
  one:
    handler: handler.one
    timeout: 5
    events:
      - stream:
          type: dynamodb
          arn: !GetAtt table.StreamArn
resources:
  Resources:
    table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: table
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: NEW_IMAGE}
"""


class Refused(unittest.TestCase):
    def refused(self, text, place, words):
        dynlog = Dynlog({"serverless.yml": text, "handler.js": "exports.one = async () => {}"})
        try:
            process = dynlog.spawn()
            self.assertEqual(1, process.wait(), process.out.text())
            dynlog.process = None
            lines = process.err.list
            self.assertRegex(lines[-1], r"^dynlog: serverless\.yml:%s: .*%s" % (place, words))
            self.assertNotIn("is ready", process.out.text())
            dynlog.expect_clean(process)
        finally:
            dynlog.stop(check=False)
            dynlog.remove()

    def test_places(self):
        cases = [
            (("    timeout: 5", "    timeout: never"), r"8:14", "timeout"),
            (("    timeout: 5", "    timeout: 901"), r"8:14", "900"),
            (("    handler: handler.one\n", ""), r"\d+:\d+", "handler"),
            (("!GetAtt table.StreamArn", "!GetAtt nowhere.StreamArn"), r"12:\d+", "nowhere"),
            (("        StreamSpecification: {StreamViewType: NEW_IMAGE}\n", ""), r"12:\d+", "[Ss]tream"),
            (("StreamViewType: NEW_IMAGE", "StreamViewType: EVERYTHING"), r"\d+:\d+", "EVERYTHING|NEW_IMAGE"),
            (("service: app", "service: ${self:custom.nowhere}"), r"1:10", "custom.nowhere"),
            (("functions:", "functions: ["), r"\d+:\d+", ""),
            (("functions:\n", "functions:\n  one: {handler: a.b}\n"), r"\d+:\d+", "one"),
            (("  name: aws", "\tname: aws"), r"\d+:\d+", ""),
        ]
        for (old, new), place, words in cases:
            with self.subTest(new):
                self.assertIn(old, MINIMAL)
                self.refused(MINIMAL.replace(old, new, 1), place, words)

    def test_no_such_file(self):
        dynlog = Dynlog()
        try:
            process = dynlog.spawn("-c", "nowhere.yml")
            self.assertEqual(1, process.wait())
            dynlog.process = None
            self.assertIn("nowhere.yml", process.err.text())
        finally:
            dynlog.remove()

    def test_a_table_of_other_keys_is_there(self):
        with Dynlog({"serverless.yml": MINIMAL, "handler.js": "exports.one = async () => {}"}) as dynlog:
            dynlog.stop()
            dynlog.write("serverless.yml", MINIMAL.replace("AttributeName: pk", "AttributeName: id"))
            process = dynlog.spawn()
            self.assertEqual(1, process.wait())
            dynlog.process = None
            self.assertRegex(process.err.text(), r"serverless\.yml:\d+:\d+: table can't be made: the data folder has a "
                                                 r"table of this name with other keys")


class Changed(unittest.TestCase):
    def test_a_second_start_keeps_data_and_takes_the_new_file(self):
        with Dynlog({"serverless.yml": MINIMAL, "handler.js": "exports.one = async () => {}"}) as dynlog:
            dynlog.client("dynamodb").put_item(TableName="table", Item={"pk": s("a")})
            dynlog.stop()
            dynlog.write("serverless.yml", MINIMAL.replace("  one:", "  two:").replace("timeout: 5", "timeout: 7"))
            dynlog.start()
            functions = dynlog.client("lambda").list_functions()["Functions"]
            self.assertEqual([("app-local-two", 7)], [(each["FunctionName"], each["Timeout"]) for each in functions])
            self.assertEqual(1, dynlog.client("dynamodb").scan(TableName="table")["Count"])

    def test_another_region_has_the_same_data(self):
        with Dynlog({"serverless.yml": MINIMAL, "handler.js": "exports.one = async () => {}"}) as dynlog:
            dynlog.client("dynamodb").put_item(TableName="table", Item={"pk": s("a")})
            dynlog.stop()
            dynlog.start("--region", "eu-north-1")
            for arn in (dynlog.client("dynamodb").describe_table(TableName="table")["Table"]["TableArn"],
                        dynlog.client("lambda").list_functions()["Functions"][0]["FunctionArn"]):
                self.assertIn(":eu-north-1:", arn)
            self.assertEqual(1, dynlog.client("dynamodb").scan(TableName="table")["Count"])

    def test_a_rule_that_is_gone_from_the_file_delivers_no_more(self):
        rule = """
      - eventBridge:
          eventBus: bus
          pattern: {source: [a]}
"""
        files = {"serverless.yml": MINIMAL.replace("    events:\n", "    events:" + rule, 1), "handler.js": "exports.one = "
                 "async () => {}"}
        with Dynlog(files) as dynlog:
            self.assertEqual(1, len(dynlog.client("events").list_rules(EventBusName="bus")["Rules"]))
            dynlog.stop()
            dynlog.write("serverless.yml", MINIMAL)
            dynlog.start()
            self.assertEqual([], dynlog.client("events").list_rules(EventBusName="bus")["Rules"])


# Everything that a stack of buses, queues and schedules has; RELAY sends what it gets to the queue of QUEUE_URL.
MANY = """service: shop
provider:
  name: aws
  runtime: nodejs20.x
  environment:
    QUEUE_URL: !Ref Orders
    STREAM_ARN: !GetAtt Table.StreamArn
custom:
  serverless-offline-aws-eventbridge: {retryDelayMs: 1, maximumRetryAttempts: 1}
functions:
  relay:
    handler: relay.handler
    events:
      - schedule: rate(10 minutes)
      - schedule: {rate: cron(0 0 1 1 ? 2090), method: scheduler, timezone: Europe/Stockholm, input: {a: 1}}
      - eventBridge: {eventBus: !Ref Bus, pattern: {source: [relay]}, deadLetterQueueArn: !GetAtt Dead.Arn}
resources:
  Resources:
    Orders:
      Type: AWS::SQS::Queue
      Properties:
        VisibilityTimeout: 5
        RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
        Tags: [{Key: a, Value: b}]
    Fifo:
      Type: AWS::SQS::Queue
      Properties: {FifoQueue: true, ContentBasedDeduplication: true}
    Dead:
      Type: AWS::SQS::Queue
      Properties: {QueueName: dead}
    Allowed:
      Type: AWS::SQS::QueuePolicy
      Properties: {Queues: [!Ref Orders], PolicyDocument: {}}
    Table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: table
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: NEW_IMAGE}
    Bus:
      Type: AWS::Events::EventBus
      Properties: {Name: bus}
    All:
      Type: AWS::Events::Archive
      Properties: {SourceArn: !GetAtt Bus.Arn, EventPattern: {source: [{prefix: ""}]}}
    ToQueues:
      Type: AWS::Events::Rule
      Properties:
        EventBusName: !Ref Bus
        EventPattern: {source: [queues]}
        Targets:
          - {Id: orders, Arn: !GetAtt Orders.Arn, InputPath: $.detail}
          - {Id: fifo, Arn: !GetAtt Fifo.Arn, SqsParameters: {MessageGroupId: g}}
    ToNobody:
      Type: AWS::Events::Rule
      Properties:
        EventBusName: !Ref Bus
        EventPattern: {source: [nobody]}
        Targets:
          - {Id: api, Arn: !GetAtt Api.Arn, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}
    Connection:
      Type: AWS::Events::Connection
      Properties:
        AuthorizationType: API_KEY
        AuthParameters: {ApiKeyAuthParameters: {ApiKeyName: key, ApiKeyValue: value}}
    Api:
      Type: AWS::Events::ApiDestination
      Properties: {ConnectionArn: !GetAtt Connection.Arn, InvocationEndpoint: "http://127.0.0.1:1/", HttpMethod: POST}
    Group:
      Type: AWS::Scheduler::ScheduleGroup
      Properties: {Name: group}
    Hourly:
      Type: AWS::Scheduler::Schedule
      Properties:
        GroupName: !Ref Group
        ScheduleExpression: cron(0 1 1 1 ? 2090)
        FlexibleTimeWindow: {Mode: "OFF"}
        Target: {Arn: !GetAtt Orders.Arn, RoleArn: !GetAtt Role.Arn, Input: !Ref Orders}
    Role: {Type: AWS::IAM::Role}
"""

RELAY = """
const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs')
const client = new SQSClient({})
exports.handler = async event => {
  await client.send(new SendMessageCommand({
    QueueUrl: process.env.QUEUE_URL, MessageBody: JSON.stringify({ event, stream: process.env.STREAM_ARN })
  }))
}
"""


def without(text, name):
    """The stack file without a resource."""
    lines, kept, inside = text.splitlines(keepends=True), [], False
    for line in lines:
        if re.match(r"    \S", line):
            inside = line.startswith("    %s:" % name)
        if not inside:
            kept.append(line)
    return "".join(kept)


class Many(unittest.TestCase):
    def setUp(self):
        self.dynlog = Dynlog({"serverless.yml": MANY, "relay.js": RELAY})
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop)
        os.symlink(os.path.join(os.path.dirname(os.path.abspath(__file__)), "node/node_modules"),
                   self.dynlog.path("node_modules"))
        self.start()

    def start(self):
        self.dynlog.start()
        self.sqs, self.events, self.scheduler = (self.dynlog.client(name) for name in ("sqs", "events", "scheduler"))

    def again(self, text, end=None):
        (end or self.dynlog.stop)()
        self.dynlog.write("serverless.yml", text)
        self.start()

    def url(self, name):
        return self.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def take(self, name):
        """The messages of a queue, each deleted."""
        answer = self.sqs.receive_message(QueueUrl=self.url(name), MaxNumberOfMessages=10, MessageAttributeNames=["All"],
                                          AttributeNames=["All"])
        for message in answer.get("Messages", []):
            self.sqs.delete_message(QueueUrl=self.url(name), ReceiptHandle=message["ReceiptHandle"])
        return answer.get("Messages", [])

    def put(self, source, detail):
        answer = self.events.put_events(Entries=[{"EventBusName": "bus", "Source": source, "DetailType": "x",
                                                  "Detail": json.dumps(detail)}])
        self.assertEqual(0, answer["FailedEntryCount"], answer)
        self.dynlog.drain()

    def rules(self):
        return sorted((rule["Name"], rule.get("ScheduleExpression")) for bus in ("default", "bus")
                      for rule in self.events.list_rules(EventBusName=bus)["Rules"] if "ManagedBy" not in rule)

    def schedules(self):
        return sorted((each["GroupName"], each["Name"]) for each in self.scheduler.list_schedules()["Schedules"])

    def test_it_is_made_and_works(self):
        self.assertEqual([], self.dynlog.process.err.list)
        self.assertEqual([("shop-local-RelayEventsRuleSchedule1", "rate(10 minutes)"), ("shop-local-ToNobody", None),
                          ("shop-local-ToQueues", None), ("shop-local-relay-rule-3", None)], self.rules())
        self.assertEqual([("default", "shop-local-RelayEventsRuleSchedule2"), ("group", "shop-local-Hourly")],
                         self.schedules())
        # Ref gives a URL that works: of this port, although the kernel chose it.
        hourly = self.scheduler.get_schedule(GroupName="group", Name="shop-local-Hourly")
        port = self.dynlog.endpoint.split(":")[-1]
        self.assertEqual("http://127.0.0.1:%s/000000000000/shop-local-Orders" % port, hourly["Target"]["Input"])
        daily = self.scheduler.get_schedule(Name="shop-local-RelayEventsRuleSchedule2")
        self.assertEqual(("Europe/Stockholm", '{"a":1}'), (daily["ScheduleExpressionTimezone"], daily["Target"]["Input"]))
        # A handler sends to it, and has the stream's whole ARN.
        self.put("relay", {"n": 1})
        message, = self.take("shop-local-Orders")
        body = json.loads(message["Body"])
        self.assertEqual({"n": 1}, body["event"]["detail"])
        streams = self.dynlog.client("dynamodbstreams").list_streams(TableName="table")["Streams"]
        self.assertEqual(streams[0]["StreamArn"], body["stream"])
        # Rules send into queues, and what can't be delivered into a dead-letter queue, after the stack file's retries.
        self.put("queues", {"n": 2})
        self.assertEqual(['{"n":2}'], [message["Body"] for message in self.take("shop-local-Orders")])
        message, = self.take("shop-local-Fifo.fifo")
        self.assertEqual("g", message["Attributes"]["MessageGroupId"])
        self.put("nobody", {"n": 3})
        message, = self.take("dead")
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        self.assertEqual(("1", "MaximumRetryAttempts"),
                         (attributes["RETRY_ATTEMPTS"], attributes["EXHAUSTED_RETRY_CONDITION"]), attributes)

        self.assertEqual(3, self.events.describe_archive(ArchiveName="shop-local-All")["EventCount"])

    def test_a_schedule_fires(self):
        self.dynlog.stop()
        self.dynlog.arguments = ["--clock", "manual"]
        self.start()
        self.dynlog.advance("9m")
        self.assertEqual([], self.take("shop-local-Orders"))
        self.dynlog.advance("1m")
        self.dynlog.drain()
        message, = self.take("shop-local-Orders")
        self.assertEqual("Scheduled Event", json.loads(message["Body"])["event"]["detail-type"])

    def test_a_second_start_and_a_changed_file(self):
        self.sqs.send_message(QueueUrl=self.url("shop-local-Orders"), MessageBody="kept")
        before = self.rules(), self.schedules(), [each["ApiDestinationArn"] for each in
                                                  self.events.list_api_destinations()["ApiDestinations"]]
        self.again(MANY)
        self.assertEqual([], self.dynlog.process.err.list)
        self.assertEqual(before, (self.rules(), self.schedules(), [
            each["ApiDestinationArn"] for each in self.events.list_api_destinations()["ApiDestinations"]]))

        targets = self.events.list_targets_by_rule(Rule="shop-local-ToNobody", EventBusName="bus")["Targets"]
        self.assertEqual(before[2], [target["Arn"] for target in targets])

        changed = MANY.replace("VisibilityTimeout: 5", "DelaySeconds: 7").replace("cron(0 1", "cron(0 2")
        changed = changed.replace("      - schedule: rate(10 minutes)\n", "").replace("{a: 1}", "{a: 2}")
        for name in ("ToNobody", "Api", "Connection", "Fifo", "All"):
            changed = without(changed, name)
        changed = re.sub(r".*Id: fifo.*\n", "", changed)
        self.again(changed)
        self.assertEqual([("shop-local-ToQueues", None), ("shop-local-relay-rule-2", None)], self.rules())
        self.assertEqual([("default", "shop-local-RelayEventsRuleSchedule1"), ("group", "shop-local-Hourly")],
                         self.schedules())
        self.assertEqual("cron(0 2 1 1 ? 2090)", self.scheduler.get_schedule(GroupName="group", Name="shop-local-Hourly")
                         ["ScheduleExpression"])
        self.assertEqual('{"a":2}', self.scheduler.get_schedule(Name="shop-local-RelayEventsRuleSchedule1")
                         ["Target"]["Input"])
        self.assertEqual([], self.events.list_api_destinations()["ApiDestinations"])
        self.assertEqual([], self.events.list_connections()["Connections"])
        self.assertEqual(["orders"], [target["Id"] for target in self.events.list_targets_by_rule(
            Rule="shop-local-ToQueues", EventBusName="bus")["Targets"]])
        # The queue is as the file says now: what it says no more is the default again. Its messages are there.
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url("shop-local-Orders"), AttributeNames=["All"])
        self.assertEqual(("30", "7"), tuple(attributes["Attributes"][name] for name in ("VisibilityTimeout",
                                                                                     "DelaySeconds")))
        self.assertEqual(["kept"], [message["Body"] for message in self.take("shop-local-Orders")])
        # What has data stays, and is told once.
        self.assertEqual(3, len(self.sqs.list_queues()["QueueUrls"]))
        notes = self.dynlog.process.err.text()
        self.assertRegex(notes, "queue shop-local-Fifo.fifo is not in the stack file any more, and stays with its data")
        self.assertRegex(notes, "archive shop-local-All is not in the stack file any more, and stays with its data")
        self.assertRegex(notes, "rule shop-local-ToNobody of bus bus is not in the stack file any more, and is removed")
        self.again(changed)
        self.assertEqual([], self.dynlog.process.err.list)

    def test_what_clients_made_stays(self):
        self.events.put_rule(Name="mine", EventBusName="bus", EventPattern='{"source":["x"]}')
        self.events.put_targets(Rule="mine", EventBusName="bus", Targets=[
            {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:shop-local-Orders"}])
        self.again(without(MANY, "ToQueues"), self.dynlog.kill)
        self.assertIn(("mine", None), self.rules())
        self.assertNotIn(("shop-local-ToQueues", None), self.rules())
        self.assertEqual(["q"], [target["Id"] for target in self.events.list_targets_by_rule(
            Rule="mine", EventBusName="bus")["Targets"]])


# What a rule of the stack writes into groups of the stack, by each way to name one; a function's own group.
LOGS = """service: shop
provider: {name: aws, runtime: nodejs20.x}
functions:
  one: {handler: one.handler}
resources:
  Resources:
    Orders:
      Type: AWS::Logs::LogGroup
      Properties: {LogGroupName: /aws/events/orders, RetentionInDays: 7, Tags: [{Key: a, Value: b}]}
    Unnamed: {Type: AWS::Logs::LogGroup}
    OfOne:
      Type: AWS::Logs::LogGroup
      Properties: {LogGroupName: /aws/lambda/shop-local-one, RetentionInDays: 30, LogGroupClass: INFREQUENT_ACCESS}
    ToLogs:
      Type: AWS::Events::Rule
      Properties:
        EventPattern: {source: [shop]}
        Targets:
          - {Id: got, Arn: !GetAtt Orders.Arn}
          - Id: written
            Arn: !Sub "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/events/orders"
            InputTransformer:
              InputPathsMap: {time: $.time, n: $.detail.n}
              InputTemplate: '{"timestamp": <time>, "message": "order <n>"}'
          - {Id: named, Arn: !Sub "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${Unnamed}"}
"""


class LogGroups(unittest.TestCase):
    def setUp(self):
        self.dynlog = Dynlog({"serverless.yml": LOGS, "one.js": "exports.handler = async () => 'there'"})
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop)
        self.start()

    def start(self):
        self.dynlog.start()
        self.logs, self.events = (self.dynlog.client(name) for name in ("logs", "events"))

    def again(self, text):
        self.dynlog.stop()
        self.dynlog.write("serverless.yml", text)
        self.start()

    def put(self, n):
        answer = self.events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": json.dumps({"n": n})}])
        self.assertEqual(0, answer["FailedEntryCount"], answer)
        self.dynlog.drain()

    def written(self, group):
        """(stream, n of the event that was written, or the message that an input made) of all, sorted."""
        found = []
        for event in self.logs.filter_log_events(logGroupName=group)["events"]:
            message = event["message"]
            found.append((event["logStreamName"], json.loads(message)["detail"]["n"] if message[0] == "{" else message))
        return sorted(found, key=str)

    def groups(self):
        return {group["logGroupName"]: group.get("retentionInDays")
                for group in self.logs.describe_log_groups()["logGroups"]}

    def test_a_rule_writes_into_them(self):
        self.assertEqual([], self.dynlog.process.err.list)
        self.assertEqual({"/aws/events/orders": 7, "/aws/lambda/shop-local-one": 30, "shop-local-Unnamed": None},
                         self.groups())
        self.assertEqual({"a": "b"}, self.logs.list_tags_log_group(logGroupName="/aws/events/orders")["tags"])
        self.put(1)
        rule = "shop-local-ToLogs/"
        self.assertEqual([(rule + "got", 1), (rule + "written", "order 1")], self.written("/aws/events/orders"))
        self.assertEqual([(rule + "named", 1)], self.written("shop-local-Unnamed"))
        result = self.dynlog.aws("logs", "filter-log-events", "--log-group-name", "/aws/events/orders",
                                 "--filter-pattern", "{ $.detail.n = 1 }", "--query", "events[].logStreamName")
        self.assertEqual([rule + "got"], json.loads(result.stdout), result.stderr)
        # The group that is named as a function's own is one like any other.
        answer = self.dynlog.client("lambda").invoke(FunctionName="shop-local-one")
        self.assertEqual("there", json.loads(answer["Payload"].read()))
        # (Debian's boto3 does not know classes.)
        _, answer = self.dynlog.call("Logs_20140328.DescribeLogGroups", {"logGroupNamePrefix": "/aws/lambda/"})
        self.assertEqual("INFREQUENT_ACCESS", answer["logGroups"][0]["logGroupClass"])

    def test_a_second_start_and_a_changed_file(self):
        self.put(1)
        before = self.written("/aws/events/orders")
        self.again(LOGS)
        self.assertEqual([], self.dynlog.process.err.list)
        self.assertEqual(before, self.written("/aws/events/orders"))
        self.assertEqual(7, self.groups()["/aws/events/orders"])

        # Retention follows the file: other days, any days at all, none.
        changed = LOGS.replace("RetentionInDays: 7", "RetentionInDays: '14'")
        changed = changed.replace("{Type: AWS::Logs::LogGroup}",
                                  "{Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 3}}")
        self.again(changed.replace("RetentionInDays: 30, ", ""))
        self.assertEqual([], self.dynlog.process.err.list)
        self.assertEqual({"/aws/events/orders": 14, "/aws/lambda/shop-local-one": None, "shop-local-Unnamed": 3},
                         self.groups())
        self.put(2)
        self.assertEqual(sorted(before + [("shop-local-ToLogs/got", 2), ("shop-local-ToLogs/written", "order 2")], key=str),
                         self.written("/aws/events/orders"))

        # A group that the file has no more stays, with its events and its retention, and is told once.
        gone = re.sub(r".*Id: got.*\n", "", without(changed, "Orders"))
        self.again(gone)
        note = "log group /aws/events/orders is not in the stack file any more, and stays with its data"
        self.assertIn(note, self.dynlog.process.err.text())
        self.assertEqual(14, self.groups()["/aws/events/orders"])
        self.put(3)
        self.assertEqual(5, len(self.written("/aws/events/orders")))
        self.again(gone)
        self.assertEqual([], self.dynlog.process.err.list)

    def test_what_is_no_retention_is_refused(self):
        self.dynlog.stop()
        self.dynlog.write("serverless.yml", LOGS.replace("RetentionInDays: 7", "RetentionInDays: 8"))
        process = self.dynlog.spawn()
        self.assertEqual(1, process.wait())
        self.dynlog.process = None
        self.assertRegex(process.err.text(), r"serverless\.yml:\d+:\d+: Orders can't be made: .*'retentionInDays'")
        self.dynlog.expect_clean(process)


if __name__ == "__main__":
    unittest.main()
