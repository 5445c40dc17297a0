"""`start --threads N`: operations on items are answered by several loops, everything else by the first; no client sees
the difference."""

import concurrent.futures
import json
import re
import sqlite3
import threading
import unittest

from botocore.exceptions import ClientError

from http_server import Connection, head
from support.case import Case, n, s
from support.server import Dynlog

LOOPS = 4
TABLE = "local-dynamodb-logs"


def asks(target, body):
    text = json.dumps(body).encode()
    return head(text, target=target) + text


def get(pk, table="counters"):
    return asks("DynamoDB_20120810.GetItem", {"TableName": table, "Key": {"pk": s(pk)}, "ConsistentRead": True})


def put(pk, value, table="counters"):
    return asks("DynamoDB_20120810.PutItem", {"TableName": table, "Item": {"pk": s(pk), "value": n(value)}})


class Loops(Case):
    arguments = ["--threads", str(LOOPS)]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table(name="counters")

    def test_what_one_loop_wrote_another_reads(self):
        """A connection each, dealt out in turns: what is acknowledged on one is there on all."""
        connections = [Connection(self.dynlog) for _ in range(2 * LOOPS)]
        for i in range(200):
            writer = connections[i % len(connections)]
            self.assertEqual(200, writer.send(put("seen", i)).answer()[0])
            for reader in connections:
                reader.send(get("seen"))
            for reader in connections:
                self.assertEqual({"N": str(i)}, json.loads(reader.answer()[2])["Item"]["value"])
        for connection in connections:
            connection.__exit__()

    def test_versions_are_given_once(self):
        """16 clients add to 4 items, each write under the version that it read."""
        items, writers, each = 4, 16, 25
        taken, lock = [], threading.Lock()

        def write(number):
            client = self.dynlog.client("dynamodb")
            for i in range(each):
                pk = "item-%d" % ((number + i) % items)
                while True:
                    item = client.get_item(TableName="counters", Key={"pk": s(pk)}, ConsistentRead=True).get("Item")
                    version = int(item["version"]["N"]) if item else 0
                    try:
                        client.update_item(
                            TableName="counters", Key={"pk": s(pk)}, UpdateExpression="SET version = :new",
                            ConditionExpression="version = :old OR attribute_not_exists(pk)",
                            ExpressionAttributeValues={":old": n(version), ":new": n(version + 1)})
                    except ClientError as error:
                        self.assertEqual("ConditionalCheckFailedException", error.response["Error"]["Code"])
                        continue
                    with lock:
                        taken.append((pk, version + 1))
                    break

        with concurrent.futures.ThreadPoolExecutor(writers) as pool:
            list(pool.map(write, range(writers)))
        self.assertEqual(writers * each, len(taken))
        self.assertEqual(len(taken), len(set(taken)))

    def test_a_connection_that_asks_for_everything(self):
        """Of items, of tables, of the bus and of dynlog itself, in a row and at once."""
        events = {"Entries": [{"Source": "test", "DetailType": "one", "Detail": "{}"}]}
        status = b"GET /_dynlog/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for _ in range(LOOPS + 1):
            with Connection(self.dynlog) as connection:
                self.assertEqual(200, connection.send(put("mixed", 1)).answer()[0])
                connection.send(get("mixed") + asks("DynamoDB_20120810.ListTables", {}) + get("mixed")
                                + asks("AWSEvents.PutEvents", events) + status + put("mixed", 2))
                answers = [connection.answer() for _ in range(6)]
                self.assertEqual([200] * 6, [answer[0] for answer in answers], answers)
                self.assertEqual({"N": "1"}, json.loads(answers[0][2])["Item"]["value"])
                self.assertIn("counters", json.loads(answers[1][2])["TableNames"])
                self.assertEqual(0, json.loads(answers[3][2])["FailedEntryCount"])
                answer = connection.send(get("mixed")).answer()
                self.assertEqual({"N": "2"}, json.loads(answer[2])["Item"]["value"])

    def test_refusals_are_the_same(self):
        for _ in range(LOOPS + 1):
            with Connection(self.dynlog) as connection:
                status, _, body = connection.send(asks("DynamoDB_20120810.GetItem", {"TableName": "counters"})).answer()
                self.assertEqual((400, "com.amazon.coral.validate#ValidationException"),
                                 (status, json.loads(body)["__type"]))
                status, _, body = connection.send(asks("DynamoDB_20120810.NoSuch", {})).answer()
                self.assertEqual((400, "com.amazon.coral.service#UnknownOperationException"),
                                 (status, json.loads(body)["__type"]))
                status, _, _ = connection.send(
                    get("x").replace(b"Host: localhost", b"Host: evil.example")).answer()
                self.assertEqual(403, status)

    def test_all_loops_are_counted(self):
        def metrics():
            text = self.dynlog.request("GET", "/_dynlog/metrics")[2].decode()
            return {name: int(value) for name, value in re.findall(r"^(dynlog_\w+) (\d+)$", text, re.M)}

        before = metrics()
        connections = [Connection(self.dynlog) for _ in range(3 * LOOPS)]
        for connection in connections:
            for _ in range(5):
                self.assertEqual(200, connection.send(get("counted")).answer()[0])
        after = metrics()
        self.assertGreaterEqual(after["dynlog_requests_total"] - before["dynlog_requests_total"], 15 * LOOPS)
        self.assertGreaterEqual(after["dynlog_connections"], 3 * LOOPS)
        for connection in connections:
            connection.__exit__()


class Way(Case):
    arguments = ["--threads", str(LOOPS)]

    def test_what_was_acknowledged_is_drained(self):
        """Whoever has an answer of any loop, and drains, finds the event at the end of its way: the first loop knew of it."""
        connections = [Connection(self.dynlog) for _ in range(LOOPS)]
        for i in range(100):
            body = {"TableName": TABLE, "Item": {
                "pk": s("users#%d#stream" % i), "sk": n(1), "log": s("users"), "type": s("signup"), "payload": {"M": {}}}}
            answer = connections[i % LOOPS].send(asks("DynamoDB_20120810.PutItem", body)).answer()
            self.assertEqual(200, answer[0], answer)
            self.dynlog.drain()
            with sqlite3.connect("file:%s?mode=ro" % self.dynlog.path("db"), uri=True) as db:
                self.assertEqual(i + 1, db.execute("SELECT count(*) FROM events").fetchone()[0])
        for connection in connections:
            connection.__exit__()


class Stopping(unittest.TestCase):
    def test_stops_with_what_is_open(self):
        """Idle connections of every loop, one that was moved and waits for a message, half a request."""
        for threads in ("2", "64"):
            with Dynlog(arguments=["--threads", threads]) as dynlog:
                queue = dynlog.client("sqs").create_queue(QueueName="queue")["QueueUrl"]
                connections = [Connection(dynlog) for _ in range(6)]
                for connection in connections:
                    self.assertEqual(400, connection.send(get("x")).answer()[0])  # there is no such table
                connections[0].send(asks("AmazonSQS.ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 20}))
                connections[1].send(get("x")[:-5])
                for connection in connections[2:]:
                    connection.send(asks("DynamoDB_20120810.ListTables", {}))
                dynlog.stop()  # checks its exit status
                for connection in connections:
                    connection.__exit__()

    def test_numbers_that_are_none(self):
        for wrong in ("0", "65", "many"):
            dynlog = Dynlog()
            self.addCleanup(dynlog.remove)
            process = dynlog.spawn("--threads", wrong)
            self.assertEqual(2, process.wait())
            self.assertIn("--threads", process.err.text())
            dynlog.process = None

