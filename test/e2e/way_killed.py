"""kill -9 while functions work on events of the built-in trigger whose batch may not be written yet
(docs/adr/0055): they get them again, as the same event and request; the archive has each once."""

import collections
import json
import os
import random
import unittest

from support.case import event, s
from support.server import Dynlog

KILLS = 4
EVENTS = 40  # between two of them

STACK = """
service: app
provider: {name: aws, runtime: python3.11}
custom: {dynlog: {archive: false}}
functions:
  handler:
    handler: handler.handle
    events:
      - eventBridge: {eventBus: !Ref bus, pattern: {source: [dynamodb-log]}}
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
    bus:
      Type: AWS::Events::EventBus
      Properties: {Name: dynamodb-log}
    archive:
      Type: AWS::Events::Archive
      Properties: {ArchiveName: all, SourceArn: !GetAtt bus.Arn}
"""
HANDLER = """
import json, os

def handle(event, context):
    line = json.dumps([event["detail"]["key"]["sk"], event["id"], context.aws_request_id]) + "\\n"
    # one write, so that what a killed process has written is whole
    file = os.open("handled.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, line.encode())
    os.close(file)
    if event["detail"]["type"] == "stop":
        with open("started", "w") as fifo:
            fifo.write("started")
        if not os.path.exists("go"):
            with open("never") as fifo:
                fifo.read()
"""


class WayKilled(unittest.TestCase):
    def setUp(self):
        self.dynlog = Dynlog({"serverless.yml": STACK, "handler.py": HANDLER}, arguments=["--quiet"])
        self.dynlog.__enter__()
        self.addCleanup(self.dynlog.__exit__, None, None, None)

    def append(self, version, kind="go"):
        self.dynlog.client("dynamodb").put_item(TableName="local-dynamodb-logs", Item=event(
            "users", 1, version, kind, {"id": s("1")}))

    def handled(self):
        """(event id, request id) of each time, by version."""
        found = collections.defaultdict(list)
        with open(self.dynlog.path("handled.jsonl"), encoding="utf-8") as file:
            for version, *ids in map(json.loads, file):
                found[version].append(tuple(ids))
        return found

    def archived(self):
        return self.dynlog.client("events").describe_archive(ArchiveName="all")["EventCount"]

    def test_while_it_is_handled(self):
        for name in ("started", "never"):
            os.mkfifo(self.dynlog.path(name))
        self.append(1, "stop")
        with open(self.dynlog.path("started"), encoding="utf-8") as fifo:
            self.assertEqual("started", fifo.read())
        self.dynlog.kill()
        self.dynlog.write("go", "")
        self.dynlog.restart()
        with open(self.dynlog.path("started"), encoding="utf-8") as fifo:
            self.assertEqual("started", fifo.read())
        self.dynlog.drain()
        times = self.handled()[1]
        self.assertEqual(2, len(times))
        self.assertEqual(1, len(set(times)), times)
        self.assertEqual(1, self.archived())

    def test_at_random(self):
        seed = random.randrange(1 << 32)
        numbers, version = random.Random(seed), 0
        for _ in range(KILLS):
            for _ in range(numbers.randrange(1, EVENTS)):
                version += 1
                self.append(version)
            self.dynlog.kill()
            self.dynlog.restart()
        self.dynlog.drain()
        handled = self.handled()
        self.assertEqual(set(range(1, version + 1)), set(handled), "seed %d" % seed)
        for number, times in handled.items():
            self.assertEqual(1, len(set(times)), "seed %d, event %d: %s" % (seed, number, times))
        self.assertEqual(version, len({times[0][0] for times in handled.values()}))
        self.assertEqual(version, self.archived(), "seed %d" % seed)
        before = sum(map(len, handled.values()))
        self.dynlog.kill()  # what was drained is not handled again
        self.dynlog.restart()
        self.dynlog.drain()
        self.assertEqual(before, sum(map(len, self.handled().values())))


if __name__ == "__main__":
    unittest.main()
