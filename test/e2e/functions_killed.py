"""kill -9 of the server and of workers at random points while 10,000 events go from a table through a mapping
and the bus to their handler."""

import collections
import concurrent.futures
import json
import os
import random
import signal
import threading
import unittest

from botocore.exceptions import BotoCoreError, ClientError

from support.server import Dynlog, WAIT_S

EVENTS = 10000
SERVER_KILLS = 6
WORKER_KILLS = 20
WRITERS = 4
KEYS = 100  # of each writer; an item of each is in one request
STACK = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  trigger:
    handler: handler.trigger
    events:
      - stream: {arn: !GetAtt logs.StreamArn, batchSize: 50, parallelizationFactor: 4, startingPosition: TRIM_HORIZON}
  handler:
    handler: handler.handle
    events:
      - eventBridge: {eventBus: load, pattern: {source: [load]}}
custom:
  serverless-offline-aws-eventbridge: {retryDelayMs: 50, maximumRetryAttempts: 20}
resources:
  Resources:
    logs:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
        StreamSpecification: {StreamViewType: NEW_IMAGE}
"""
HANDLER = """
import json, os
import boto3

# botocore reads the variable by itself from 1.31 on
events = boto3.client("events", endpoint_url=os.environ["AWS_ENDPOINT_URL"])

def write(name, rows):
    # one write, so that what a killed process has written is whole
    file = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, "".join(json.dumps(row) + "\\n" for row in rows).encode())
    os.close(file)

def trigger(event, context):
    rows = [[r["dynamodb"]["Keys"]["pk"]["S"], int(r["dynamodb"]["Keys"]["sk"]["N"])] for r in event["Records"]]
    for at in range(0, len(rows), 10):
        answer = events.put_events(Entries=[
            {"EventBusName": "load", "Source": "load", "DetailType": "row", "Detail": json.dumps({"row": row})}
            for row in rows[at:at + 10]])
        assert answer["FailedEntryCount"] == 0, answer
    write("triggered.jsonl", rows)

def handle(event, context):
    write("handled.jsonl", [event["detail"]["row"]])
"""


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


class Killed(unittest.TestCase):
    """Each event is handled at least once; the trigger sees no event of a key before all earlier ones."""

    def setUp(self):
        self.seed = random.randrange(1 << 32)
        self.random = random.Random(self.seed)
        self.changed, self.up = threading.Condition(), threading.Event()
        self.written, self.given_up = 0, False

    def connect(self, dynlog):
        self.dynamodb = dynlog.client("dynamodb")
        self.up.set()

    def write(self, writer):
        """An item of each key, then the next one of each; a request without an answer is made again."""
        for sk in range(1, EVENTS // WRITERS // KEYS + 1):
            items = [{"pk": {"S": "key#%d#%d" % (writer, key)}, "sk": {"N": str(sk)}} for key in range(KEYS)]
            for at in range(0, KEYS, 25):
                self.put([{"PutRequest": {"Item": item}} for item in items[at:at + 25]])

    def put(self, requests):
        while not self.given_up:
            if not self.up.wait(WAIT_S):
                raise AssertionError("dynlog is not there again")
            try:
                answer = self.dynamodb.batch_write_item(RequestItems={"logs": requests})
                assert not answer["UnprocessedItems"], answer
            except (BotoCoreError, ClientError, ConnectionError):
                continue
            with self.changed:
                self.written += len(requests)
                self.changed.notify_all()
            return

    def kill_at_random_points(self, dynlog):
        points = [(at, kind) for kind, count in (("server", SERVER_KILLS), ("worker", WORKER_KILLS))
                  for at in self.random.sample(range(EVENTS // 20, EVENTS - EVENTS // 20), count)]
        for at, kind in sorted(points):
            with self.changed:
                self.assertTrue(self.changed.wait_for(lambda at=at: self.written >= at, WAIT_S))
            if kind == "worker":
                self.kill_worker(dynlog.process.popen.pid)
                continue
            self.up.clear()
            dynlog.kill()
            dynlog.restart()
            self.connect(dynlog)

    def kill_worker(self, server):
        workers = children(server)
        if workers:
            try:
                os.kill(self.random.choice(workers), signal.SIGKILL)
                self.killed += 1
            except ProcessLookupError:
                pass

    def rows(self, dynlog, name):
        with open(dynlog.path(name), encoding="utf-8") as file:
            return [tuple(json.loads(line)) for line in file]

    def expect_order(self, rows):
        """Rows may come again, but none before its key's earlier ones."""
        last = collections.Counter()
        for pk, sk in rows:
            self.assertLessEqual(sk, last[pk] + 1, "seed %d: %s: %d after %d" % (self.seed, pk, sk, last[pk]))
            last[pk] = max(last[pk], sk)

    def expect_all(self, what, rows):
        wanted = {("key#%d#%d" % (writer, key), sk) for writer in range(WRITERS) for key in range(KEYS)
                  for sk in range(1, EVENTS // WRITERS // KEYS + 1)}
        missing = sorted(wanted - set(rows))
        self.assertEqual((len(missing), missing[:10]), (0, []), "seed %d: %s" % (self.seed, what))
        self.assertLessEqual(set(rows), wanted)

    def test_10000_events(self):
        self.killed = 0
        with Dynlog({"serverless.yml": STACK, "handler.py": HANDLER}) as dynlog:
            self.connect(dynlog)
            with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
                writers = [pool.submit(self.write, writer) for writer in range(WRITERS)]
                try:
                    self.kill_at_random_points(dynlog)
                except BaseException:
                    self.given_up = True  # nobody writes to a server that does not come back
                    raise
                finally:
                    self.up.set()
                for writer in writers:
                    writer.result()
            dynlog.drain()
            triggered = self.rows(dynlog, "triggered.jsonl")
            handled = self.rows(dynlog, "handled.jsonl")
            self.expect_order(triggered)
            self.expect_all("triggered", triggered)
            self.expect_all("handled", handled)
            self.assertGreater(self.killed, 0)
            print("%d workers killed; %d rows triggered, %d handled" % (self.killed, len(triggered), len(handled)))


if __name__ == "__main__":
    unittest.main()
