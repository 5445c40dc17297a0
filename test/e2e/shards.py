"""Shards of change streams: several, rolled and split under load, while clients, a mapping and the built-in trigger
read them. What every reader must see: each change of an item once (a mapping after kill -9: at least once), in
order."""

import concurrent.futures
import json
import sqlite3
import threading
import time
import unittest

from botocore.exceptions import BotoCoreError, ClientError

from support.case import Case, event, n, s
from support.server import WAIT_S, Dynlog

LOGS = "local-dynamodb-logs"

STACK = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  trigger:
    handler: handler.trigger
    events:
      - stream:
          type: dynamodb
          arn: !GetAtt table.StreamArn
          batchSize: 7
          parallelizationFactor: 2
          startingPosition: TRIM_HORIZON
custom:
  dynlog: {shards: 2}
resources:
  Resources:
    table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: app-table
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: NEW_IMAGE}
"""
HANDLER = """
def trigger(event, context):
    images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    with open("seen", "a") as file:
        file.write("".join("%s %s\\n" % (image["pk"]["S"], image["n"]["N"]) for image in images))
"""


class Reader:
    """Follows a stream's shards as the Kinesis Client Library does: a child when its parent was read to the end."""

    def __init__(self, dynlog, arn, by_filter):
        self.dynlog = dynlog
        self.streams = dynlog.client("dynamodbstreams")
        self.arn = arn
        self.by_filter = by_filter  # children by ShardFilter; else by pages of everything
        self.shards = {}            # id -> parent
        self.iterators = {}         # of shards that are being read
        self.ended = set()
        self.seen = {}              # item -> its numbers, in order
        self.count = 0

    def describe(self, **more):
        """In JSON: older SDKs do not know ShardFilter."""
        start = {}
        while True:
            status, answer = self.dynlog.call("DynamoDBStreams_20120810.DescribeStream",
                                              {"StreamArn": self.arn, "Limit": 3, **start, **more})
            assert status == 200, answer
            answer = answer["StreamDescription"]
            for shard in answer["Shards"]:
                self.shards[shard["ShardId"]] = shard.get("ParentShardId")
            if "LastEvaluatedShardId" not in answer:
                return
            start = {"ExclusiveStartShardId": answer["LastEvaluatedShardId"]}

    def begin(self):
        for shard, parent in self.shards.items():
            if shard not in self.iterators and shard not in self.ended and (
                    parent not in self.shards or parent in self.ended):
                self.iterators[shard] = self.streams.get_shard_iterator(
                    StreamArn=self.arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]

    def turn(self):
        if not self.shards or not self.by_filter:
            self.describe()
        self.begin()
        for shard in list(self.iterators):
            answer = self.streams.get_records(ShardIterator=self.iterators[shard], Limit=25)
            for record in answer["Records"]:
                image = record["dynamodb"]["NewImage"]
                self.seen.setdefault(image["pk"]["S"], []).append(int(image["n"]["N"]))
                self.count += 1
            if "NextShardIterator" in answer:
                self.iterators[shard] = answer["NextShardIterator"]
                continue
            del self.iterators[shard]
            self.ended.add(shard)
            if self.by_filter:
                self.describe(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": shard})

    def read(self, total):
        """Until it has seen so many; total() may be None yet."""
        until = time.monotonic() + WAIT_S
        while total() is None or self.count < total():
            self.turn()
            if time.monotonic() > until:
                raise AssertionError("%d records of %s came" % (self.count, total()))
        return self


class Load:
    """Clients that raise the numbers of their items; what was acknowledged is noted. At every `step`-th write
    somebody may do something."""

    def __init__(self, dynlog, put, writers=4, items=4, rounds=25):
        self.dynlog = dynlog
        self.put = put
        self.writers, self.items, self.rounds = writers, items, rounds
        self.numbers = {}
        self.count = 0
        self.moved = threading.Condition()
        self.killed = False

    def write(self, writer):
        for number in range(1, self.rounds + 1):
            for item in range(self.items):
                name = "%d-%d" % (writer, item)
                try:
                    self.put(name, number)
                except (BotoCoreError, ClientError, ConnectionError):
                    if self.killed:
                        return
                    raise
                with self.moved:
                    self.numbers[name] = number
                    self.count += 1
                    self.moved.notify_all()

    def wait(self, count):
        with self.moved:
            if not self.moved.wait_for(lambda: self.count >= count, WAIT_S):
                raise AssertionError("only %d writes were answered" % self.count)


class Shards(Case):
    arguments = ["--shards", "3"]

    def setUp(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(16)
        self.addCleanup(self.pool.shutdown)

    def shards(self, table, dynlog=None):
        status, _, body = (dynlog or self.dynlog).request("GET", "/_dynlog/shards?table=" + table)
        self.assertEqual(200, status, body)
        return json.loads(body)["shards"]

    def change(self, table, action, shard=None, dynlog=None):
        body = {"table": table, "action": action, **({"shard": shard} if shard else {})}
        status, _, answer = (dynlog or self.dynlog).request("POST", "/_dynlog/shards", json.dumps(body))
        self.assertEqual(200, status, answer)
        return json.loads(answer)["shards"]

    def roll_and_split(self, table, load, dynlog=None, changes=8):
        """Spread over the load's writes: rolls of one and of all, splits."""
        total = load.writers * load.items * load.rounds
        for i in range(changes):
            load.wait((i + 1) * total // (changes + 2))
            shards = [shard["shardId"] for shard in self.shards(table, dynlog) if shard["open"]]
            self.change(table, "split" if i % 3 == 1 else "roll", None if i % 4 == 0 else shards[i % len(shards)],
                        dynlog)

    def in_order(self, load, seen):
        self.assertEqual({name: list(range(1, number + 1)) for name, number in load.numbers.items()}, seen)

    # ---- clients ----

    def test_how_many(self):
        shards = self.shards(self.table(stream="KEYS_ONLY"))
        self.assertEqual([(0, 1431655764), (1431655765, 2863311529), (2863311530, 4294967295)],
                         [(shard["hashFrom"], shard["hashTo"]) for shard in shards])
        self.assertTrue(all(shard["open"] for shard in shards))

    def test_lineage(self):
        name = self.table(stream="KEYS_ONLY")
        arn = self.dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
        streams = self.dynlog.client("dynamodbstreams")
        first = self.shards(name)[1]["shardId"]
        self.change(name, "split", first)
        rolled = [shard["shardId"] for shard in self.shards(name) if shard.get("parentShardId") == first][0]
        self.change(name, "roll", rolled)
        shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        self.assertEqual(sorted(shard["ShardId"] for shard in shards), [shard["ShardId"] for shard in shards])
        by_id = {shard["ShardId"]: shard for shard in shards}
        self.assertEqual(6, len(shards))
        for shard in shards:
            parent = by_id.get(shard.get("ParentShardId"))
            if parent is not None:
                self.assertLess(int(parent["SequenceNumberRange"]["EndingSequenceNumber"]),
                                int(shard["SequenceNumberRange"]["StartingSequenceNumber"]))
        self.assertEqual({first, rolled}, {shard["ShardId"] for shard in shards
                                           if "EndingSequenceNumber" in shard["SequenceNumberRange"]})

    def test_readers_follow_children_under_load(self):
        name = self.table(stream="NEW_IMAGE")
        arn = self.dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
        load = Load(self.dynlog, lambda item, number: self.dynamodb.put_item(
            TableName=name, Item={"pk": s(item), "n": n(number)}))
        total = []
        readers = [self.pool.submit(Reader(self.dynlog, arn, by_filter).read, lambda: total[0] if total else None)
                   for by_filter in (False, True)]
        writers = [self.pool.submit(load.write, writer) for writer in range(load.writers)]
        self.roll_and_split(name, load)
        for writer in writers:
            writer.result(WAIT_S)
        total.append(load.count)
        for reader in readers:
            self.in_order(load, reader.result(WAIT_S).seen)
        late = Reader(self.dynlog, arn, False).read(lambda: load.count)
        self.in_order(load, late.seen)
        self.assertGreater(len(late.shards), 8)

    def test_refusals(self):
        name = self.table(stream="KEYS_ONLY")
        for status, body in ((400, b""), (400, b"{}"), (400, b'{"table":"%s","action":"merge"}' % name.encode()),
                             (404, b'{"table":"nowhere","action":"roll"}'),
                             (404, b'{"table":"%s","action":"roll","shard":"x"}' % name.encode()),
                             (404, b'{"table":"%s","action":"roll","shard":"shardId-00000000000000000001-0000ffff"}'
                              % name.encode()),
                             (400, b'{"table":"%s","action":"roll"}' % self.table().encode())):
            self.assertEqual(status, self.dynlog.request("POST", "/_dynlog/shards", body)[0], body)
        self.assertEqual(3, len(self.shards(name)))
        self.assertEqual(400, self.dynlog.request("GET", "/_dynlog/shards")[0])
        self.assertEqual(404, self.dynlog.request("GET", "/_dynlog/shards?table=nowhere")[0])
        self.assertEqual(404, self.dynlog.request("GET", "/_dynlog/shards?table=" + self.table())[0])
        self.assertEqual(405, self.dynlog.request("PUT", "/_dynlog/shards")[0])

    # ---- a mapping ----

    def mapped(self, kill):
        with Dynlog({"serverless.yml": STACK, "handler.py": HANDLER}) as dynlog:
            client = dynlog.client("dynamodb")
            self.assertEqual(2, len(self.shards("app-table", dynlog)))
            load = Load(dynlog, lambda item, number: client.put_item(
                TableName="app-table", Item={"pk": s(item), "n": n(number)}))
            writers = [self.pool.submit(load.write, writer) for writer in range(load.writers)]
            self.roll_and_split("app-table", load, dynlog)
            if kill:
                load.killed = True
                dynlog.kill()
            for writer in writers:
                writer.result(WAIT_S)
            if kill:
                dynlog.restart()
                self.change("app-table", "split", None, dynlog)
            dynlog.drain()
            self.assertTrue(dynlog.status()["idle"])
            seen = {}
            with open(dynlog.path("seen"), encoding="utf-8") as file:
                for line in file:
                    name, number = line.split()
                    seen.setdefault(name, []).append(int(number))
            return load, seen

    def test_a_mapping_under_load(self):
        load, seen = self.mapped(kill=False)
        self.in_order(load, seen)

    def test_a_mapping_over_kill_9(self):
        load, seen = self.mapped(kill=True)
        for name, number in load.numbers.items():
            firsts = list(dict.fromkeys(seen[name]))
            self.assertIn(firsts, (list(range(1, number + 1)), list(range(1, number + 2))))  # one had no answer yet

    # ---- the built-in trigger ----

    def test_the_built_in_trigger_over_kill_9(self):
        with Dynlog(arguments=["--shards", "4"]) as dynlog:
            numbers = {}
            for round_number in range(2):
                client = dynlog.client("dynamodb")
                load = Load(dynlog, lambda item, number: client.put_item(
                    TableName=LOGS, Item=event("users", item, base + number)))
                base = round_number * 1000
                writers = [self.pool.submit(load.write, writer) for writer in range(load.writers)]
                self.roll_and_split(LOGS, load, dynlog)
                load.killed = True
                dynlog.kill()
                for writer in writers:
                    writer.result(WAIT_S)
                numbers[base] = load.numbers
                dynlog.restart()
            dynlog.drain()
            database = sqlite3.connect("file:%s?mode=ro" % dynlog.path("db"), uri=True)
            self.addCleanup(database.close)
            seen = {}
            for (text,) in database.execute("select event from events order by rowid"):
                key = json.loads(text)["detail"]["key"]
                seen.setdefault(key["pk"], []).append(key["sk"])
            for entity in numbers[0]:
                every = seen["users#%s#stream" % entity]
                for base in (0, 1000):
                    own = [version - base for version in every if version // 1000 * 1000 == base]
                    last = numbers[base].get(entity, 0)
                    self.assertIn(own, (list(range(1, last + 1)), list(range(1, last + 2))))
                self.assertEqual(sorted(every), every)

    # ---- a data folder of an older dynlog, and what a stack file says ----

    def test_streams_keep_their_shards(self):
        with Dynlog(arguments=["--shards", "2"]) as dynlog:
            self.change(LOGS, "roll", None, dynlog)
            before = self.shards(LOGS, dynlog)
            dynlog.stop()
            dynlog.arguments = ["--shards", "5"]
            dynlog.restart()
            self.assertEqual(before, self.shards(LOGS, dynlog))  # of new streams only
            self.assertEqual(4, len(before))

    def test_the_command_line_says_more_than_the_stack_file(self):
        with Dynlog({"serverless.yml": STACK, "handler.py": HANDLER}, ["--shards", "5"]) as dynlog:
            self.assertEqual(5, len(self.shards("app-table", dynlog)))


if __name__ == "__main__":
    unittest.main()
