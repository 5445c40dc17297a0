"""The one order over events: history and live events by log, type and stream, lists of them, metadata; kill -9."""

import collections
import json
import random
import socket
import threading
import unittest

from botocore.exceptions import BotoCoreError, ClientError

from support.case import Case, event, n, s
from support.server import WAIT_S, Dynlog

LOGS = "local-dynamodb-logs"
KEEP = 100  # streams that the killed writers share


def key_of(line):
    return line["log"], line["id"], line["version"]


class Connection:
    """GET of something that goes on, line by line. A line that does not come in time is a failure."""

    def __init__(self, dynlog, path, **headers):
        self.socket = socket.create_connection(("127.0.0.1", dynlog.port), timeout=WAIT_S)
        self.socket.sendall(("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (
            path, "".join("%s: %s\r\n" % (name.replace("_", "-"), value) for name, value in headers.items()))).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        for line in iter(self.file.readline, b"\r\n"):
            name, value = line.decode().rstrip().split(": ", 1)
            self.headers[name.lower()] = value
        self.rest = b""

    def line(self):
        """The next one, or None at the end."""
        while b"\n" not in self.rest:
            size = int(self.file.readline(), 16)
            piece = self.file.read(size + 2)[:-2]
            if size == 0:
                return None
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def close(self):
        self.file.close()
        self.socket.close()


class Order(Case):
    """Every test has a table of its own: they do not see each other's events."""

    def setUp(self):
        self.log = self.table(range_type="N")

    def call(self, operation, body, headers=None):
        status, answer = self.dynlog.call("DynamoDB_20120810." + operation, body, headers=headers)
        self.assertEqual(200, status, answer)
        return answer

    def append(self, *events, **more):
        for item in events:
            self.dynamodb.put_item(TableName=self.log, Item={**item, **more})

    def ask(self, path, status=200, **headers):
        got, _, body = self.dynlog.request("GET", path, headers=headers)
        self.assertEqual(status, got, body)
        return body.decode()

    def lines(self, query="", table=None):
        text = self.ask("/_dynlog/log?table=%s&follow=false%s" % (table or self.log, query))
        return [json.loads(line) for line in text.splitlines()]

    def some_events(self):
        self.append(event("users", 2, 1), event("users", 1, 1), event("orders", 1, 1, "placed"),
                    event("users", 1, 2, "moved"), event("users", 10, 1))
        return [("users", "2", 1), ("users", "1", 1), ("orders", "1", 1), ("users", "1", 2), ("users", "10", 1)]

    # ---- reading ----

    def test_history(self):
        order = self.some_events()
        lines = self.lines()
        self.assertEqual(order, [key_of(line) for line in lines])
        positions = [line["position"] for line in lines]
        self.assertEqual(sorted(set(positions)), positions)
        first = lines[0]
        self.assertEqual({"pk": "users#2#stream", "sk": 1}, first["key"])
        self.assertEqual(("signup", {"id": "2"}, self.log), (first["type"], first["payload"], first["table"]))
        self.assertGreater(first["time"], 1600000000000)
        self.assertNotIn("meta", first)
        for query, numbers in (
                ("&log=users", [0, 1, 3, 4]), ("&log=users&type=signup", [0, 1, 4]), ("&type=placed", [2]),
                ("&log=users&id=1", [1, 3]), ("&log=users&id=1&type=moved", [3]), ("&log=nobody", []),
                ("&from=%d" % positions[2], [3, 4]), ("&to=%d" % positions[2], [0, 1, 2]),
                ("&from=%d&to=%d" % (positions[0], positions[3]), [1, 2, 3]), ("&limit=2", [0, 1]),
                ("&backward=true", [4, 3, 2, 1, 0]), ("&backward=true&limit=2&log=users", [4, 3]),
                ("&backward=true&to=%d&from=%d" % (positions[3], positions[0]), [3, 2, 1]), ("&to=0", [])):
            with self.subTest(query):
                self.assertEqual([order[number] for number in numbers], [key_of(line) for line in self.lines(query)])

    def test_pages(self):
        """More events than a page has, of several tables at once."""
        other, names = self.table(range_type="N"), []
        for version in range(1, 701, 25):
            for table in (self.log, other):
                self.dynamodb.batch_write_item(RequestItems={table: [
                    {"PutRequest": {"Item": event(table, 1, version + i)}} for i in range(25)]})
        for query in ("", "&backward=true"):
            text = self.ask("/_dynlog/log?follow=false" + query)
            lines = [json.loads(line) for line in text.splitlines()]
            lines = [line for line in lines if line["table"] in (self.log, other)]
            self.assertEqual(1400, len({(line["table"], line["version"]) for line in lines}))
            names = [line["position"] for line in lines]
            self.assertEqual(sorted(names, reverse=query != ""), names)

    def test_what_is_overwritten_keeps_its_place(self):
        self.append(event("users", 1, 1), event("users", 2, 1))
        before = self.lines()
        self.append(event("users", 1, 1, "renamed", {"name": s("new")}))
        after = self.lines()
        self.assertEqual([line["position"] for line in before], [line["position"] for line in after])
        self.assertEqual(("renamed", {"name": "new"}), (after[0]["type"], after[0]["payload"]))
        self.dynamodb.delete_item(TableName=self.log, Key={"pk": s("users#1#stream"), "sk": n(1)})
        self.assertEqual(before[1:], self.lines())
        self.append(event("users", 1, 1))
        self.assertEqual([("users", "2", 1), ("users", "1", 1)], [key_of(line) for line in self.lines()])

    def test_what_is_no_event(self):
        self.append({"pk": s("users#1#stream"), "sk": n(1)}, {"pk": s("row"), "sk": n(1), "log": s("row"), "type": s("t")},
                    event("users", 1, "1.5"), event("users", 1, 0))
        self.assertEqual([], self.lines())
        self.assertEqual({"logs": []}, json.loads(self.ask("/_dynlog/logs?table=" + self.log)))

    def test_following(self):
        self.some_events()
        last = self.lines()[-1]["position"]
        connections = {
            "all": Connection(self.dynlog, "/_dynlog/log?table=%s&from=%d" % (self.log, last)),
            "type": Connection(self.dynlog, "/_dynlog/log?table=%s&type=moved&from=0" % self.log),
            "stream": Connection(self.dynlog, "/_dynlog/log?table=%s&log=users&id=2" % self.log),
            "two": Connection(self.dynlog, "/_dynlog/log?table=%s&limit=2&follow=true&log=orders" % self.log)}
        self.assertEqual("application/x-ndjson", connections["all"].headers["content-type"])
        self.append(event("users", 2, 2, "moved"), event("orders", 2, 1, "placed"), event("orders", 2, 2, "placed"))
        for name, expected in (("all", [("users", "2", 2), ("orders", "2", 1), ("orders", "2", 2)]),
                               ("type", [("users", "1", 2), ("users", "2", 2)]), ("stream", [("users", "2", 2)]),
                               ("two", [("orders", "2", 1), ("orders", "2", 2)])):
            with self.subTest(name):
                got = [key_of(json.loads(connections[name].line())) for _ in expected]
                self.assertEqual(expected, got)
        self.assertIsNone(connections["two"].line())
        for connection in connections.values():
            connection.close()

    def test_server_sent_events(self):
        self.some_events()
        path = "/_dynlog/log?table=%s&log=users&from=0" % self.log
        connection = Connection(self.dynlog, path, Accept="text/event-stream")
        self.assertEqual("text/event-stream", connection.headers["content-type"])
        ids = []
        for name in (("users", "2", 1), ("users", "1", 1)):
            ids.append(int(connection.line().removeprefix("id: ")))
            line = json.loads(connection.line().removeprefix("data: "))
            self.assertEqual((name, ids[-1]), (key_of(line), line["position"]))
            self.assertEqual("", connection.line())
        connection.close()
        again = Connection(self.dynlog, path, Accept="text/event-stream", Last_Event_ID=ids[0])
        self.assertEqual("id: %d" % ids[1], again.line())
        again.close()

    def test_web_pages(self):
        """The same rules as for the rest: a page of another origin gets nothing."""
        status, _, _ = self.dynlog.request("GET", "/_dynlog/log?follow=false", headers={
            "Accept": "text/event-stream", "Origin": "http://example.com"})
        self.assertEqual(403, status)

    def test_wrong_questions(self):
        rows = self.table()
        for path, status, message in (
                ("/_dynlog/log?from=x", 400, "from is a position: a number from 0"),
                ("/_dynlog/log?to=-1", 400, "to is a position: a number from 0"),
                ("/_dynlog/log?limit=0", 400, "limit is a number from 1"),
                ("/_dynlog/log?follow=maybe", 400, "follow is true or false"),
                ("/_dynlog/log?backward=1", 400, "backward is true or false"),
                ("/_dynlog/log?backward&follow", 400,
                 "backward begins with the last event, so it can't follow new ones"),
                ("/_dynlog/log?id=1", 400, "id is one of a log: say which with log"),
                ("/_dynlog/log?table=nothing", 404, "there is no table nothing"),
                ("/_dynlog/log?table=" + rows, 400,
                 "the table %s has no events: its keys are not pk (S) and sk (N)" % rows),
                ("/_dynlog/logs?table=nothing", 404, "there is no table nothing of events (keys pk (S) and sk (N))"),
                ("/_dynlog/streams", 400, "streams are those of a log: say which with log"),
                ("/_dynlog/streams?log=users&limit=1001", 400, "limit is a number from 1 to 1000")):
            with self.subTest(path):
                self.assertEqual(message, json.loads(self.ask(path, status))["message"])
        text = self.ask("/_dynlog/log?follow=false", 400, **{"Accept": "text/event-stream", "Last-Event-ID": "x"})
        self.assertEqual("Last-Event-ID is a position: a number", json.loads(text)["message"])

    # ---- what there is ----

    def test_logs_and_streams(self):
        self.some_events()
        last = {key_of(line): line["position"] for line in self.lines()}
        logs = json.loads(self.ask("/_dynlog/logs?table=" + self.log))["logs"]
        self.assertEqual([
            {"table": self.log, "log": "orders", "events": 1, "lastPosition": last["orders", "1", 1],
             "types": [{"type": "placed", "events": 1, "lastPosition": last["orders", "1", 1]}]},
            {"table": self.log, "log": "users", "events": 4, "lastPosition": last["users", "10", 1],
             "types": [{"type": "moved", "events": 1, "lastPosition": last["users", "1", 2]},
                       {"type": "signup", "events": 3, "lastPosition": last["users", "10", 1]}]}], logs)
        found, after = [], ""
        while after is not None:
            page = json.loads(self.ask("/_dynlog/streams?table=%s&log=users&limit=2%s" % (
                self.log, "&after=" + after if after else "")))
            found += [(stream["id"], stream["version"], stream["lastPosition"]) for stream in page["streams"]]
            after = page.get("next")
        self.assertEqual([("1", 2, last["users", "1", 2]), ("10", 1, last["users", "10", 1]),
                          ("2", 1, last["users", "2", 1])], found)

    def test_commands(self):
        self.some_events()
        last = {key_of(line): line["position"] for line in self.lines()}
        result = self.dynlog.command("logs", "--table", self.log)
        self.assertEqual([{"log": "orders", "events": 1, "lastPosition": last["orders", "1", 1]},
                          {"log": "users", "events": 4, "lastPosition": last["users", "10", 1]}],
                         [json.loads(line) for line in result.stdout.splitlines()], result)
        result = self.dynlog.command("streams", "users", "--table", self.log, "--after", "1", "--limit", "1")
        self.assertEqual([{"log": "users", "id": "10", "version": 1, "lastPosition": last["users", "10", 1]}],
                         [json.loads(line) for line in result.stdout.splitlines()], result)
        for arguments, status, message in (
                (("logs", "--follow"), 2, "say which one"),
                (("logs", "fn", "--data", "x"), 2, "are about event logs"),
                (("streams", "a#b"), 2, "may not contain"),
                (("logs", "--table", "nothing"), 1, "There is no table nothing")):
            result = self.dynlog.command(*arguments)
            self.assertEqual(status, result.returncode, result)
            self.assertIn(message, result.stderr)

    # ---- beside other things ----

    def test_backups_keep_positions(self):
        self.some_events()
        before = self.lines()
        backup = self.dynamodb.create_backup(TableName=self.log, BackupName="order")["BackupDetails"]["BackupArn"]
        self.append(event("users", 1, 3))
        copy = self.log + "-copy"
        self.dynamodb.restore_table_from_backup(TargetTableName=copy, BackupArn=backup)
        self.dynlog.drain()
        self.assertEqual([{**line, "table": copy} for line in before], self.lines(table=copy))

    def test_queries_tell_positions_when_asked(self):
        """The header adds one member to the answer of Query and Scan; without it, it is AWS's."""
        self.some_events()
        self.dynamodb.put_item(TableName=self.log, Item={"pk": s("plain"), "sk": n(1)})
        places = {key_of(line): {"Position": line["position"], "Time": line["time"]} for line in self.lines()}
        asked = {"TableName": self.log}
        of_stream = {**asked, "KeyConditionExpression": "pk = :pk",
                     "ExpressionAttributeValues": {":pk": s("users#1#stream")}}
        wants = {"X-Dynlog-Positions": "true"}
        for operation, body in (("Scan", asked), ("Query", of_stream), ("Query", {**of_stream, "ProjectionExpression": "pk, sk"}),
                                ("Query", {**of_stream, "Limit": 1, "ScanIndexForward": False})):
            plain, told = self.call(operation, body), self.call(operation, body, wants)
            positions = told.pop("DynlogPositions")
            self.assertEqual(plain, told)
            self.assertNotIn("DynlogPositions", plain)
            keys = [(*item["pk"]["S"].split("#")[:2], int(item["sk"]["N"])) for item in told["Items"]]
            self.assertEqual([places.get(key, {}) for key in keys], positions)
        self.assertNotIn("DynlogPositions", self.call("Query", {**of_stream, "Select": "COUNT"}, wants))

    def test_transactions(self):
        items = [event("users", number, 1) for number in range(5)]
        self.dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": self.log, "Item": item}} for item in items])
        self.assertEqual([("users", str(number), 1) for number in range(5)], [key_of(line) for line in self.lines()])


class Metadata(unittest.TestCase):
    def test_what_an_event_says_of_itself(self):
        """In the log's lines, and in what the built-in trigger puts on the bus."""
        meta = {"M": {"id": s("e-1"), "time": n(1700000000000), "correlationId": s("c"), "causationId": s("e-0")}}
        plain = {"id": "e-1", "time": 1700000000000, "correlationId": "c", "causationId": "e-0"}
        with Dynlog() as dynlog:
            events, queues, dynamodb = (dynlog.client(name) for name in ("events", "sqs", "dynamodb"))
            url = queues.create_queue(QueueName="seen")["QueueUrl"]
            arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            names = [one["Name"] for one in events.list_event_buses()["EventBuses"]]
            bus = next(name for name in names if name != "default")
            events.put_rule(Name="all", EventBusName=bus, EventPattern=json.dumps({"detail": {"log": ["users"]}}))
            events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "q", "Arn": arn}])
            dynamodb.put_item(TableName=LOGS, Item={**event("users", 1, 1), "meta": meta})
            dynamodb.put_item(TableName=LOGS, Item=event("users", 2, 1))
            dynlog.drain()
            details = {}
            while len(details) < 2:
                for message in queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                                      WaitTimeSeconds=5).get("Messages", []):
                    detail = json.loads(message["Body"])["detail"]
                    details[detail["key"]["pk"]] = detail
            self.assertEqual(plain, details["users#1#stream"]["meta"])
            self.assertNotIn("meta", details["users#2#stream"])
            lines = [json.loads(line) for line in
                     dynlog.request("GET", "/_dynlog/log?follow=false")[2].decode().splitlines()]
            self.assertEqual((plain, 1700000000000), (lines[0]["meta"], lines[0]["time"]))
            self.assertNotIn("meta", lines[1])


class Killed(unittest.TestCase):
    """Writers of every kind, and kill -9 at random: the order is exactly that of what is there."""

    @staticmethod
    def write(dynamodb, chosen):
        stream, what = chosen.randrange(KEEP), chosen.random()
        item = event("log%d" % (stream % 3), stream, chosen.randrange(1, 8), "type%d" % chosen.randrange(4))
        if what < 0.6:
            dynamodb.put_item(TableName=LOGS, Item=item)
        elif what < 0.75:
            dynamodb.delete_item(TableName=LOGS, Key={name: item[name] for name in ("pk", "sk")})
        else:
            versions = chosen.sample(range(1, 8), 3)
            dynamodb.transact_write_items(TransactItems=[
                {"Put": {"TableName": LOGS, "Item": {**item, "sk": n(version)}}} for version in versions])

    def write_until(self, dynlog, seed, over):
        dynamodb, chosen = dynlog.client("dynamodb"), random.Random(seed)
        while not over.is_set():
            try:
                self.write(dynamodb, chosen)
            except (BotoCoreError, ClientError, ConnectionError):
                pass  # killed, or another writer's transaction

    @staticmethod
    def lines(dynlog, query):
        status, _, body = dynlog.request("GET", "/_dynlog/log?follow=false" + query)
        assert status == 200, body
        return [json.loads(line) for line in body.decode().splitlines()]

    def check(self, dynlog):
        """The table, item by item, beside all readers."""
        table, counts = {}, collections.Counter()
        for page in dynlog.client("dynamodb").get_paginator("scan").paginate(TableName=LOGS):
            for item in page["Items"]:
                _, stream, _ = item["pk"]["S"].split("#")
                table[item["log"]["S"], stream, int(item["sk"]["N"])] = item["type"]["S"]
                counts[item["log"]["S"], item["type"]["S"]] += 1
        lines = self.lines(dynlog, "")
        positions = [line["position"] for line in lines]
        self.assertEqual(sorted(set(positions)), positions)
        self.assertEqual(sorted(table), sorted(key_of(line) for line in lines))
        self.assertEqual(table, {key_of(line): line["type"] for line in lines})
        self.assertEqual(lines, self.lines(dynlog, "&backward=true")[::-1])
        for log, kind in counts:
            self.assertEqual([line for line in lines if (line["log"], line["type"]) == (log, kind)],
                             self.lines(dynlog, "&log=%s&type=%s" % (log, kind)))
        for stream in range(0, KEEP, 7):
            name = ("log%d" % (stream % 3), str(stream))
            self.assertEqual([line for line in lines if (line["log"], line["id"]) == name],
                             self.lines(dynlog, "&log=%s&id=%s" % name))
        logs = json.loads(dynlog.request("GET", "/_dynlog/logs")[2])["logs"]
        self.assertEqual(counts, {(log["log"], kind["type"]): kind["events"] for log in logs for kind in log["types"]})
        return positions

    def test_the_order_is_exact(self):
        dynlog, seed = Dynlog(), random.randrange(1 << 32)
        chosen = random.Random(seed)
        self.addCleanup(dynlog.remove)
        before = []
        dynlog.start()
        for _ in range(4):
            over = threading.Event()
            reader = Connection(dynlog, "/_dynlog/log?from=%d" % (before[-1] if before else 0))
            writers = [threading.Thread(target=self.write_until, args=(dynlog, chosen.random(), over)) for _ in range(4)]
            for writer in writers:
                writer.start()
            seen = []
            for _ in range(chosen.randrange(50, 200)):  # events that a follower was shown, before the kill
                seen.append(json.loads(reader.line() or "{}"))
            dynlog.kill()
            over.set()
            for writer in writers:
                writer.join()
            reader.close()
            dynlog.restart()
            positions = self.check(dynlog)
            shown = [line["position"] for line in seen]
            self.assertEqual(sorted(set(shown)), shown, "seed %d" % seed)
            for position in set(positions) - set(before):  # nothing comes below what was there
                self.assertGreater(position, before[-1] if before else 0, "seed %d" % seed)
            before = positions
        dynlog.stop()
