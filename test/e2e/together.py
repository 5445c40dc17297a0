"""Everything that has a thread, a lock or a job of its own at once, over one server; then it is stopped while all go on.

What it is for: the program that ThreadSanitizer is in (`test/run threads`). A race or an order of locks that can end in a
deadlock is an error of the server, whatever the clients got. With the others it is a test that nothing acknowledged is
lost when all of this happens side by side."""

import itertools
import json
import random
import threading
import unittest

from botocore.exceptions import BotoCoreError, ClientError

from support.case import Case, event, n, s
from support.server import PROGRAM

LOGS = "local-dynamodb-logs"
ROUNDS = 15       # that each of them has to make beside all the others
SEED = random.randrange(1 << 48)
# What somebody else did first is an answer as well.
BESIDE = {"ConditionalCheckFailedException", "TransactionCanceledException", "TransactionConflictException",
          "ResourceInUseException", "ResourceNotFoundException", "TableNotFoundException", "TableInUseException",
          "BackupInUseException", "BackupNotFoundException", "LimitExceededException", "ResourceAlreadyExistsException",
          "ResourceConflictException", "OperationAbortedException", "TrimmedDataAccessException"}


class Crowd:
    """Threads that each repeat one thing until all have made ROUNDS, or the server is gone."""

    def __init__(self, case):
        self.case = case
        self.lock = threading.Lock()
        self.rounds, self.failures = {}, []
        self.stopping = threading.Event()
        self.enough = threading.Event()
        self.threads = []

    def repeat(self, number, things):
        client = {}
        draw = random.Random(SEED + number)

        def of(service):
            if service not in client:
                client[service] = self.case.dynlog.client(service)
            return client[service]

        for turn in itertools.count():
            if self.stopping.is_set():
                return
            try:
                things(of, draw, turn)
            except ClientError as error:
                if error.response["Error"]["Code"] not in BESIDE and not self.stopping.is_set():
                    return self.failed(error)
            except (BotoCoreError, OSError, ValueError) as error:
                if not self.stopping.is_set():
                    return self.failed(error)
                return
            except Exception as error:  # an assertion
                return self.failed(error)
            with self.lock:
                self.rounds[number] = turn + 1
                if min(self.rounds.values()) >= ROUNDS:
                    self.enough.set()

    def failed(self, error):
        self.failures.append(error)
        self.enough.set()

    def start(self, *all_things):
        self.rounds = {number: 0 for number in range(len(all_things))}
        for number, things in enumerate(all_things):
            thread = threading.Thread(target=self.repeat, args=(number, things), daemon=True)
            self.threads.append(thread)
            thread.start()

    def join(self):
        for thread in self.threads:
            thread.join(120)
            self.case.assertFalse(thread.is_alive(), "a client got no answer")
        self.case.assertEqual([], self.failures, "seed %d" % SEED)


class Together(Case):
    def setUp(self):
        self.acknowledged = {}  # stream -> its last version
        self.noted = threading.Lock()

    # ---- what they do ----

    def append(self, of, draw, turn):
        entity = "e%d" % draw.randrange(4)
        with self.noted:
            version = self.acknowledged.get(entity, 0) + 1
        try:
            of("dynamodb").put_item(TableName=LOGS, Item=event("users", entity, version),
                                    ConditionExpression="attribute_not_exists(pk)")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
        with self.noted:  # refused: somebody else was first, and it is there as well
            self.acknowledged[entity] = max(version, self.acknowledged.get(entity, 0))

    def transact(self, of, draw, turn):
        of("dynamodb").transact_write_items(TransactItems=[
            {"Update": {"TableName": "counts", "Key": {"pk": s("c%d" % draw.randrange(3))},
                        "UpdateExpression": "ADD made :one", "ExpressionAttributeValues": {":one": n(1)}}},
            {"Put": {"TableName": LOGS, "Item": event("orders", draw.randrange(1 << 40), 1)}}])

    def batch(self, of, draw, turn):
        of("dynamodb").batch_write_item(RequestItems={"counts": [
            {"PutRequest": {"Item": {"pk": s("b%d" % i), "at": n(turn)}}} for i in range(10)]})
        of("dynamodb").batch_get_item(RequestItems={"counts": {"Keys": [{"pk": s("b%d" % i)} for i in range(10)]}})

    def read(self, of, draw, turn):
        of("dynamodb").query(TableName=LOGS, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={
            ":pk": s("users#e%d#stream" % draw.randrange(4))}, ConsistentRead=True)
        of("dynamodb").scan(TableName="counts")
        of("dynamodb").execute_statement(Statement="SELECT * FROM counts WHERE pk = 'b1'")

    def follow(self, of, draw, turn):
        streams = of("dynamodbstreams")
        for stream in streams.list_streams(TableName=LOGS)["Streams"]:
            for shard in streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]:
                at = streams.get_shard_iterator(StreamArn=stream["StreamArn"], ShardId=shard["ShardId"],
                                                ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
                streams.get_records(ShardIterator=at)

    def change_tables(self, of, draw, turn):
        name = "passing-%d" % (turn % 3)
        of("dynamodb").create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
        of("dynamodb").put_item(TableName=name, Item={"pk": s("a")})
        of("dynamodb").delete_table(TableName=name)

    def back_up(self, of, draw, turn):
        arn = of("dynamodb").create_backup(TableName=LOGS, BackupName="backup-%d" % turn)["BackupDetails"]["BackupArn"]
        of("dynamodb").delete_backup(BackupArn=arn)

    def put_events(self, of, draw, turn):
        of("events").put_events(Entries=[{"Source": "shop", "DetailType": "sold", "Detail": json.dumps({"n": turn})}] * 5)
        of("events").put_rule(Name="passing", EventPattern=json.dumps({"source": ["shop%d" % turn]}))

    def queue(self, of, draw, turn):
        url = of("sqs").create_queue(QueueName="q")["QueueUrl"]
        of("sqs").send_message(QueueUrl=url, MessageBody="m")
        for message in of("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            of("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def log(self, of, draw, turn):
        try:
            of("logs").create_log_group(logGroupName="/together")
        except ClientError:
            of("logs").filter_log_events(logGroupName="/together")
        of("logs").create_log_stream(logGroupName="/together", logStreamName="s%d" % turn)

    def ask(self, of, draw, turn):
        """What dynlog itself tells; and shards that roll while they are read."""
        for path in ("/_dynlog/status", "/_dynlog/log?follow=false", "/_dynlog/logs", "/_dynlog/journeys",
                     "/_dynlog/health"):
            self.dynlog.request("GET", path)
        if turn % 5 == 0:
            self.dynlog.request("POST", "/_dynlog/shards", json.dumps({"table": LOGS, "action": "roll"}))

    def command(self, of, draw, turn):
        """`dynlog fake` and `append --file` have threads of their own."""
        lines = "".join(json.dumps({"log": "lanes", "id": str(i % 5), "type": "t", "eventId": "%d.%d" % (turn, i)}) + "\n"
                        for i in range(20))
        result = self.dynlog.run(PROGRAM, *(["fake", "4"] if turn % 2 else ["append", "--file", "-"]), text=lines)
        if result.returncode != 0:
            raise OSError(result.stderr)

    # ---- all at once ----

    def test_all_at_once_and_a_stop(self):
        for service, create in (("counts", self.table), ("archive", self.archive)):
            create(name=service)
        crowd = Crowd(self)
        crowd.start(self.append, self.append, self.transact, self.batch, self.read, self.follow, self.change_tables,
                    self.back_up, self.put_events, self.queue, self.log, self.ask, self.command)
        self.assertTrue(crowd.enough.wait(600), "seed %d: %s" % (SEED, crowd.rounds))
        crowd.stopping.set()
        self.dynlog.stop(check=not crowd.failures)  # while all of them still ask
        crowd.join()
        self.dynlog.restart()
        for entity, last in self.acknowledged.items():
            items = self.dynamodb.query(TableName=LOGS, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={
                ":pk": s("users#%s#stream" % entity)})["Items"]
            versions = [int(item["sk"]["N"]) for item in items]
            self.assertEqual(list(range(1, len(versions) + 1)), versions)
            self.assertGreaterEqual(len(versions), last)
        self.dynlog.drain()

    def archive(self, name):
        bus = self.dynlog.client("events").describe_event_bus()["Arn"]
        self.dynlog.client("events").create_archive(ArchiveName=name, EventSourceArn=bus)


if __name__ == "__main__":
    unittest.main()
