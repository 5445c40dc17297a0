"""What was acknowledged is there after kill -9, after a stop, and after both in any order."""

import concurrent.futures
import fcntl
import json
import os
import select
import sqlite3
import threading
import unittest

from botocore.exceptions import BotoCoreError, ClientError

from support.case import Case, event, n, s
from support.server import Dynlog

LOGS = "local-dynamodb-logs"

STACK = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  slow:
    handler: handler.slow
  failing:
    handler: handler.failing
    maximumRetryAttempts: 2
    destinations: {onFailure: record}
  record:
    handler: handler.record
custom:
  serverless-offline-aws-eventbridge: {retryDelayMs: 10}
resources:
  Resources:
    bus: {Type: 'AWS::Events::EventBus', Properties: {Name: bus}}
"""
HANDLER = """
import fcntl, json

def slow(event, context):
    with open("gate", "a") as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
    record(event, context)

def failing(event, context):
    raise ValueError("always")

def record(event, context):
    with open("recorded.jsonl", "a") as file:
        file.write(json.dumps(event) + "\\n")
"""


class Durability(Case):
    def setUp(self):
        self.dynlog = Dynlog().start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop, check=False)

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def client(self):
        return self.dynlog.client("dynamodb")

    def test_everything_is_there_after_kill_9(self):
        client = self.client()
        client.create_table(TableName="made", BillingMode="PAY_PER_REQUEST",
                            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                            Tags=[{"Key": "a", "Value": "b"}],
                            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        client.update_time_to_live(TableName="made", TimeToLiveSpecification={"Enabled": True, "AttributeName": "t"})
        client.put_item(TableName="made", Item={"pk": s("a"), "x": n(1)})
        events = self.dynlog.client("events")
        events.create_event_bus(Name="kept")
        events.put_rule(Name="rule", EventBusName="kept", EventPattern='{"source":["a"]}', Description="words")
        before = client.describe_table(TableName="made")["Table"]
        streams = self.dynlog.client("dynamodbstreams")
        shard = streams.describe_stream(StreamArn=before["LatestStreamArn"])["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = streams.get_shard_iterator(StreamArn=before["LatestStreamArn"], ShardId=shard,
                                              ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        first = streams.get_records(ShardIterator=iterator)
        self.dynlog.kill()
        self.dynlog.restart()
        client, events, streams = (self.dynlog.client(name) for name in ("dynamodb", "events", "dynamodbstreams"))
        self.assertEqual(before, client.describe_table(TableName="made")["Table"])
        self.assertEqual({"pk": s("a"), "x": n(1)}, client.get_item(TableName="made", Key={"pk": s("a")})["Item"])
        self.assertEqual("ENABLED", client.describe_time_to_live(TableName="made")
                         ["TimeToLiveDescription"]["TimeToLiveStatus"])
        self.assertEqual("words", events.describe_rule(Name="rule", EventBusName="kept")["Description"])
        again = streams.get_records(ShardIterator=iterator)
        self.assertEqual(first["Records"], again["Records"])
        client.put_item(TableName="made", Item={"pk": s("b")})
        after = streams.get_records(ShardIterator=first["NextShardIterator"])["Records"]
        self.assertEqual([{"pk": s("b")}], [record["dynamodb"]["Keys"] for record in after])

    def test_what_was_acknowledged_under_load(self):
        """kill -9 with 16 clients writing, and with one, which is served on another thread: every acknowledged event is
        there, with its change record, and in the archive once; of the one put that each client did not get an answer
        to, all or nothing is there."""
        acknowledged, lock, killed, enough = {}, threading.Lock(), threading.Event(), threading.Event()
        client = self.client()

        def write(entity):
            version = 1
            while not killed.is_set():
                try:
                    client.put_item(TableName=LOGS, Item=event("users", entity, version),
                                    ConditionExpression="attribute_not_exists(pk)")
                except (BotoCoreError, ClientError, ConnectionError):
                    return
                with lock:
                    acknowledged[entity] = version
                    if sum(acknowledged.values()) >= 400:
                        enough.set()
                version += 1

        for turn, clients in enumerate((16, 16, 1)):
            killed.clear()
            enough.clear()
            acknowledged.clear()
            with concurrent.futures.ThreadPoolExecutor(clients) as pool:
                writers = [pool.submit(write, "%d-%d" % (turn, i)) for i in range(clients)]
                self.assertTrue(enough.wait(60))
                self.dynlog.kill()
                killed.set()
                for writer in writers:
                    writer.result()
            self.dynlog.restart()
            client = self.client()
            for entity, version in acknowledged.items():
                items = client.query(TableName=LOGS, KeyConditionExpression="pk = :p", ExpressionAttributeValues={
                    ":p": s("users#%s#stream" % entity)})["Items"]
                self.assertIn(len(items), (version, version + 1))
                self.assertEqual(list(range(1, len(items) + 1)), [int(item["sk"]["N"]) for item in items])
        self.dynlog.drain()
        stored = {(item["pk"]["S"], int(item["sk"]["N"])) for page in
                  client.get_paginator("scan").paginate(TableName=LOGS) for item in page["Items"]}
        database = sqlite3.connect("file:%s?mode=ro" % self.dynlog.path("db"), uri=True)
        keys = [json.loads(row[0])["detail"]["key"] for row in database.execute("select event from events")]
        database.close()
        archived = [(key["pk"], key["sk"]) for key in keys]
        self.assertEqual(len(archived), len(set(archived)))
        self.assertEqual(stored, set(archived))

    def test_stop_and_start_many_times(self):
        for turn in range(4):
            self.client().put_item(TableName=LOGS, Item=event("users", 1, turn + 1))
            if turn % 2 == 0:
                self.dynlog.stop()
            else:
                self.dynlog.kill()
            self.dynlog.restart()
        self.assertEqual(4, self.client().query(
            TableName=LOGS, KeyConditionExpression="pk = :p", Select="COUNT",
            ExpressionAttributeValues={":p": s("users#1#stream")})["Count"])
        self.dynlog.drain()
        database = sqlite3.connect(self.dynlog.path("db"))
        self.assertEqual(4, database.execute("select count(*) from events").fetchone()[0])
        database.close()

    def test_the_archive_is_written_again_when_it_is_gone_for_a_while(self):
        """Events that the archive does not have yet wait in the store."""
        client = self.client()
        client.put_item(TableName=LOGS, Item=event("users", 1, 1))
        self.dynlog.drain()
        lock = sqlite3.connect(self.dynlog.path("db"), isolation_level=None)
        lock.execute("begin exclusive")
        client.put_item(TableName=LOGS, Item=event("users", 1, 2))
        self.dynlog.kill()
        lock.execute("commit")
        lock.close()
        self.dynlog.restart()
        self.dynlog.drain()
        database = sqlite3.connect(self.dynlog.path("db"))
        self.assertEqual(2, database.execute("select count(*) from events").fetchone()[0])
        database.close()

    def test_an_idempotent_transaction_is_remembered(self):
        put = [{"Update": {"TableName": "local-core", "Key": {"pk": s("a"), "sk": s("a")},
                           "UpdateExpression": "ADD c :1", "ExpressionAttributeValues": {":1": n(1)}}}]
        self.client().transact_write_items(TransactItems=put, ClientRequestToken="once")
        self.dynlog.kill()
        self.dynlog.restart()
        self.client().transact_write_items(TransactItems=put, ClientRequestToken="once")
        item = self.client().get_item(TableName="local-core", Key={"pk": s("a"), "sk": s("a")})["Item"]
        self.assertEqual(n(1), item["c"])


class Deliveries(unittest.TestCase):
    """Events and invocations that were accepted are handled, whatever happens in between."""

    def close_gate(self, dynlog):
        """The function `slow` waits until the file that is returned is closed."""
        gate = open(dynlog.path("gate"), "a", encoding="utf-8")
        fcntl.flock(gate, fcntl.LOCK_EX)
        self.addCleanup(gate.close)
        return gate

    def recorded(self, dynlog):
        dynlog.drain()
        try:
            with open(dynlog.path("recorded.jsonl"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def test_an_invocation_that_was_under_way(self):
        with Dynlog({"serverless.yml": STACK, "handler.py": HANDLER}) as dynlog:
            functions, gate = dynlog.client("lambda"), self.close_gate(dynlog)
            for i in range(3):
                answer = functions.invoke(FunctionName="app-local-slow", InvocationType="Event",
                                          Payload=json.dumps({"i": i}))
                self.assertEqual(202, answer["StatusCode"])
            dynlog.process.out.wait(r"\[app-local-slow\] START")
            dynlog.kill()
            gate.close()
            dynlog.restart()
            self.assertEqual({0, 1, 2}, {line["i"] for line in self.recorded(dynlog)})

    def test_an_event_that_was_accepted(self):
        with Dynlog({"serverless.yml": STACK, "handler.py": HANDLER}) as dynlog:
            events, functions = dynlog.client("events"), dynlog.client("lambda")
            gate = self.close_gate(dynlog)
            arn = functions.get_function_configuration(FunctionName="app-local-slow")["FunctionArn"]
            events.put_rule(Name="all", EventBusName="bus", EventPattern='{"source":["test"]}')
            events.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "1", "Arn": arn}])
            answer = events.put_events(Entries=[{"EventBusName": "bus", "Source": "test", "DetailType": "t",
                                                 "Detail": json.dumps({"i": i})} for i in range(5)])
            self.assertEqual(0, answer["FailedEntryCount"])
            dynlog.kill()
            gate.close()
            dynlog.restart()
            recorded = self.recorded(dynlog)
            self.assertEqual({0, 1, 2, 3, 4}, {line["detail"]["i"] for line in recorded})
            self.assertEqual({entry["EventId"] for entry in answer["Entries"]}, {line["id"] for line in recorded})

    def test_a_failure_ends_at_its_destination_once(self):
        with Dynlog({"serverless.yml": STACK, "handler.py": HANDLER}) as dynlog:
            dynlog.client("lambda").invoke(FunctionName="app-local-failing", InvocationType="Event", Payload="{}")
            dynlog.kill()
            dynlog.restart()
            records = self.recorded(dynlog)
            self.assertEqual(["RetriesExhausted"], [record["requestContext"]["condition"] for record in records])
            dynlog.stop()
            dynlog.start()
            self.assertEqual(1, len(self.recorded(dynlog)))

    def test_workers_end_with_their_server(self):
        with Dynlog({"serverless.yml": STACK, "handler.py": HANDLER}) as dynlog:
            dynlog.client("lambda").invoke(FunctionName="app-local-slow", Payload="{}")
            children = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and
                        self.parent_of(pid) == dynlog.process.popen.pid]
            self.assertTrue(children)
            watched = [os.pidfd_open(pid) for pid in children]
            dynlog.kill()

            for descriptor in watched:  # readable when the process has ended
                self.assertTrue(select.select([descriptor], [], [], 30)[0])
                os.close(descriptor)
            dynlog.start()

    @staticmethod
    def parent_of(pid):
        try:
            with open("/proc/%s/stat" % pid, encoding="utf-8") as file:
                return int(file.read().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return 0


if __name__ == "__main__":
    unittest.main()
