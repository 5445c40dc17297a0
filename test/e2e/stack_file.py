"""Stack files as people have them: what is understood, what is noted once, what is refused with its place; and
what a changed file means for data that is there."""

import json
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
        self.assertEqual(["shop-local-local-onEvent-rule-1"], [rule["Name"] for rule in rules])
        functions = self.dynlog.client("lambda").list_functions()["Functions"]
        self.assertEqual(["onChange", "onEvent", "onlyLocal"],
                         sorted(function["FunctionName"].split("-")[-1] for function in functions))

    def test_what_is_noted(self):
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


if __name__ == "__main__":
    unittest.main()
