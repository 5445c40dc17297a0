"""`dynlog archive` and `dynlog replay`: a table made again item by item, events to a bus and a function, interrupted
and resumed; a db file of the public sample's own scheme, and the requests of its run-archive.js."""

import json
import os
import random
import signal
import sqlite3
import subprocess

from support.case import Case, s
from support.server import PROGRAM

STACK = """
service: shop
provider: {name: aws, runtime: nodejs20.x}
functions:
  handle:
    handler: handler.handle
    events: [{eventBridge: {eventBus: dynamodb-log, pattern: {source: [dynamodb-log], replay-name: [{exists: true}]}}}]
  detail:
    handler: handler.handle
    events: [{eventBridge: {eventBus: dynamodb-log, pattern: {detail: {replay-name: [local]}}}}]
"""
HANDLER = """
const fs = require('node:fs')

exports.handle = async event => {
  if (event.detail.payload.fails) throw new Error('it fails')
  fs.appendFileSync('events.jsonl', JSON.stringify(event) + '\\n')
}
"""

SAMPLE_SQL = "create table events (createdAt int not null, log text not null, type text not null, event text not null)"


def archived(number, pk, sk, second, payload=None, kind="signup"):
    time = "2026-01-31T09:%02d:%02d.%03dZ" % (second // 60 % 60, second % 60, number % 1000)
    return {"version": "0", "id": "%08d-0000-4000-8000-000000000000" % number, "detail-type": "stream changes",
            "source": "dynamodb-log", "account": "000000000000", "time": time, "region": "us-east-1", "resources": [],
            "detail": {"log": "users", "key": {"pk": pk, "sk": sk}, "type": kind,
                       "payload": payload or {"id": pk.split("#")[1], "n": number, "list": [1, "a", None, {"b": 1.5}]}}}


def write_db(path, events):
    """As the sample's src/sqlite3.js writes it."""
    with sqlite3.connect(path) as database:
        database.execute(SAMPLE_SQL)
        database.executemany("insert into events values (?, ?, ?, ?)", [
            (e["time"], e["detail"]["log"], e["detail"]["type"], json.dumps(e, separators=(",", ":"))) for e in events])
    database.close()


class Base(Case):
    files = {"handler.js": HANDLER}

    def run_dynlog(self, *arguments, status=0):
        result = self.dynlog.command(*arguments)
        self.assertEqual(status, result.returncode, "%s\n%s" % (result.stdout, result.stderr))
        return result

    def lines(self, *arguments, status=0):
        return [json.loads(line) for line in self.run_dynlog(*arguments, status=status).stdout.splitlines()]

    def counts(self, *arguments, status=0):
        line = self.lines("replay", *arguments, status=status)[-1]
        return tuple(line[name] for name in ("read", "sent", "skipped", "different", "failed"))

    def items(self, table):
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table)
        return sorted((item for page in pages for item in page["Items"]),
                      key=lambda item: (item["pk"]["S"], int(item["sk"]["N"])))

    def seen(self, name):
        if not os.path.exists(self.dynlog.path("events.jsonl")):
            return []
        with open(self.dynlog.path("events.jsonl"), encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        # a function may see an event twice, as any: by its id it is one
        return list({e["id"]: e for e in events if e.get("replay-name") == name}.values())

    def killed_at_random(self, number, *arguments):
        """The command, sent a signal in the middle of its work, again and again until it ends by itself. How often."""
        for times in range(50):  # later each time: on a busy machine it also has to get somewhere
            process = self.dynlog.spawn_beside(PROGRAM, "replay", *arguments, "--endpoint", self.dynlog.endpoint)
            try:
                process.popen.wait(random.uniform(0.05, 0.3) + 0.05 * times)
            except subprocess.TimeoutExpired:
                if process.end(number) != 0:
                    continue
            status, text = process.wait(), process.err.text()
            if status != 0 and "is finished" not in text:  # a signal at the very end came too late
                self.fail(text)
            return times
        return self.fail("it never ended")


class Tables(Base):
    COUNT = 10000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        result = cls.dynlog.command("fake", str(cls.COUNT // 4))
        assert result.returncode == 0, result.stderr
        cls.dynlog.drain()

    def same(self, table, other="local-dynamodb-logs"):
        self.assertEqual(self.items(other), self.items(table))

    def test_a_fresh_table_is_equal(self):
        to = ("--from", "db", "--to", "table", "--to-table", "of-the-db")
        result = self.dynlog.command("replay", *to)
        self.assertEqual(1, result.returncode)
        self.assertIn("--create makes it", result.stderr)
        self.assertEqual((self.COUNT, self.COUNT, 0, 0, 0), self.counts(*to, "--create"))
        self.same("of-the-db")
        self.assertEqual((self.COUNT, 0, self.COUNT, 0, 0), self.counts(*to))
        for n, source in enumerate(("table", "change-stream")):
            to = ("--from", source, "--to", "table", "--to-table", "of-%d" % n, "--create")
            self.assertEqual((self.COUNT, self.COUNT, 0, 0, 0), self.counts(*to))
            self.same("of-%d" % n)

    def test_killed_and_resumed(self):
        for name, number in (("int", signal.SIGINT), ("kill", signal.SIGKILL)):
            for source in ("db", "table", "change-stream"):
                table = "killed-%s-%s" % (name, source)
                times = self.killed_at_random(
                    number, "--from", source, "--to", "table", "--to-table", table, "--create", "--rate", "10000",
                    "--name", table)
                self.assertGreater(times, 0)
                self.same(table)

    def test_finished_and_other_options(self):
        to = ("--from", "db", "--to", "table", "--to-table", "named", "--create", "--name", "once")
        self.assertEqual(self.COUNT // 4, self.counts(*to, "--type", "signup")[1])
        self.assertIn("is finished", self.run_dynlog("replay", *to, "--type", "signup", status=1).stderr)
        self.assertIn("other options", self.run_dynlog("replay", *to, status=1).stderr)

    def test_filters(self):
        first = self.lines("archive", "show")[0]
        stream = "/".join(first["detail"]["key"]["pk"].split("#")[:2])
        to = ("--from", "db", "--to", "table", "--to-table", "local-dynamodb-logs")
        self.assertEqual((4, 0, 4, 0, 0), self.counts(*to, "--stream", stream))
        self.assertEqual(self.COUNT // 2, self.counts(*to, "--type", "signup", "--type", "addLocation")[0])
        self.assertEqual(0, self.counts(*to, "--log", "others")[0])
        self.assertEqual(0, self.counts(*to, "--until", "2020-01-01")[0])
        self.assertEqual(4, len(self.lines("replay", *to, "--stream", stream, "--dry-run")))
        table = ("--from", "table", "--to", "table", "--to-table", "filtered", "--create")
        self.assertEqual((4, 4, 0, 0, 0), self.counts(*table, "--stream", stream))
        self.assertEqual(0, self.counts(*table, "--until", "2020-01-01")[0])

    def test_what_is_different(self):
        item = {**self.items("local-dynamodb-logs")[0]}
        item["payload"] = {"M": {"id": s("other")}}
        self.table(range_type="N", name="different")
        self.dynamodb.put_item(TableName="different", Item=item)
        result = self.run_dynlog("replay", "--from", "table", "--to", "table", "--to-table", "different", status=3)
        self.assertEqual(1, json.loads(result.stdout)["different"])
        self.assertIn("payload.id is", result.stderr)
        key = {name: item[name] for name in ("pk", "sk")}
        self.assertEqual(item, self.dynamodb.get_item(TableName="different", Key=key)["Item"])


class Buses(Base):
    files = {"handler.js": HANDLER, "serverless.yml": STACK}
    arguments = ["--archive", "db"]
    COUNT = 400

    def setUp(self):
        path = self.dynlog.path("sample.db")
        if not os.path.exists(path):
            write_db(path, [archived(n, "users#%d#stream" % (n % 40), n // 40 + 1, n) for n in range(self.COUNT)])

    def test_each_handler_sees_each_event(self):
        to = ("--from", "db", "--archive", "sample.db", "--to", "bus")
        self.assertEqual((self.COUNT, self.COUNT, 0, 0, 0), self.counts(*to, "--name", "again"))
        self.dynlog.drain()
        seen = self.seen("again")
        self.assertEqual(self.COUNT, len(seen))
        self.assertEqual({n for n in range(self.COUNT)}, {e["detail"]["payload"]["n"] for e in seen})
        by_number = {e["detail"]["payload"]["n"]: e for e in seen}
        self.assertEqual("2026-01-31T09:00:07.007Z", by_number[7]["time"])
        self.assertEqual(archived(7, "users#7#stream", 1, 7)["detail"], by_number[7]["detail"])

    def test_killed_and_resumed(self):
        for name, number in (("int", signal.SIGINT), ("kill", signal.SIGKILL)):
            times = self.killed_at_random(number, "--from", "db", "--archive", "sample.db", "--to", "bus", "--rate",
                                          "200", "--name", name)
            self.assertGreater(times, 0)
            self.dynlog.drain()
            numbers = [e["detail"]["payload"]["n"] for e in self.seen(name)]
            self.assertEqual(set(range(self.COUNT)), set(numbers))
            if number == signal.SIGINT:  # it waits for what is under way: nothing comes twice
                self.assertEqual(self.COUNT, len(numbers))

    def test_a_function(self):
        to = ("--from", "db", "--archive", "sample.db", "--to", "function", "--function", "handle", "--name", "called")
        self.assertEqual((10, 10, 0, 0, 0), self.counts(*to, "--stream", "users/3"))
        seen = self.seen("called")
        self.assertEqual(list(range(1, 11)), [e["detail"]["key"]["sk"] for e in seen])
        self.assertEqual(list(archived(3, "users#3#stream", 1, 3))[:7], [m for m in seen[0] if m != "replay-name"][:7])
        self.assertEqual(archived(3, "users#3#stream", 1, 3)["id"], seen[0]["id"])

    def test_a_function_that_fails(self):
        write_db(self.dynlog.path("fails.db"), [archived(1, "users#1#stream", 1, 1, {"id": "1", "fails": True})])
        result = self.run_dynlog("replay", "--from", "db", "--archive", "fails.db", "--to", "function", "--function",
                                 "handle", status=1)
        self.assertIn("it fails", result.stderr)
        self.assertEqual(1, json.loads(result.stdout)["failed"])

    def test_the_requests_of_the_sample(self):
        self.table(range_type="N", name="local-dynamodb-logs") if "local-dynamodb-logs" not in \
            self.dynamodb.list_tables()["TableNames"] else None
        self.dynlog.node("run_archive.mjs")
        self.dynlog.drain()
        with open(self.dynlog.path("events.jsonl"), encoding="utf-8") as file:
            local = [e for e in map(json.loads, file) if e["detail"].get("replay-name") == "local"]
        self.assertEqual(list(range(1, 11)), sorted(e["detail"]["key"]["sk"] for e in local))
        self.assertEqual(10, len(self.items("local-dynamodb-logs")))


class Archive(Base):
    """Files alone: no server is asked."""

    def test_out_and_in(self):
        path = self.dynlog.path("a.db")
        events = [archived(n, "users#%d#stream" % (n % 3), n // 3 + 1, 100 - n) for n in range(30)]
        write_db(path, events)
        listed = self.lines("archive", "list", "--archive", "a.db")
        self.assertEqual([("users", "signup", 30)], [(c["log"], c["type"], c["events"]) for c in listed])
        shown = self.lines("archive", "show", "--archive", "a.db")
        self.assertEqual(sorted(events, key=lambda e: e["time"]), shown)
        self.assertEqual(events[:1], self.lines("archive", "show", events[0]["id"], "--archive", "a.db"))
        self.assertEqual(10, len(self.lines("archive", "show", "--stream", "users/1", "--archive", "a.db")))
        self.run_dynlog("archive", "export", "out.jsonl", "--archive", "a.db")
        self.assertEqual([{"archive": "b.db", "imported": 30, "known": 0}],
                         self.lines("archive", "import", "out.jsonl", "--archive", "b.db"))
        self.assertEqual([{"archive": "b.db", "imported": 0, "known": 30}],
                         self.lines("archive", "import", "out.jsonl", "--archive", "b.db"))
        self.assertEqual(shown, self.lines("archive", "show", "--archive", "b.db"))
        with open(self.dynlog.path("out.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps({**events[0], "id": "new"}) + "\n{\n[]\n")
        wrong = self.run_dynlog("archive", "import", "out.jsonl", "--archive", "b.db", status=1)
        self.assertIn("line 32", wrong.stderr)
        self.assertIn("line 33", wrong.stderr)
        self.assertIn("nothing was imported", wrong.stderr)
        self.assertEqual(30, len(self.lines("archive", "show", "--archive", "b.db")))

    def test_nothing_in(self):
        """Of an input without events no archive is made; line numbers count what is blank."""
        path = self.dynlog.write("blank.jsonl", "\n\r\n\n")
        self.assertEqual([{"archive": "none.db", "imported": 0, "known": 0}],
                         self.lines("archive", "import", path, "--archive", "none.db"))
        self.assertFalse(os.path.exists(self.dynlog.path("none.db")))
        path = self.dynlog.write("late.jsonl", "\n\n{\n")
        self.assertIn("line 3:", self.run_dynlog("archive", "import", path, "--archive", "none.db", status=1).stderr)
        folder = self.run_dynlog("archive", "import", ".", "--archive", "none2.db", status=1).stderr
        self.assertIn("can't be read", folder)
        self.assertFalse(os.path.exists(self.dynlog.path("none2.db")))

    def test_prune(self):
        path = self.dynlog.path("p.db")
        write_db(path, [archived(n, "users#1#stream", n + 1, n) for n in range(100)])
        asked = self.run_dynlog("archive", "prune", "--before", "2026-01-31T09:01:00Z", "--archive", "p.db", status=2)
        self.assertIn("60 of 100 events", asked.stderr)
        done = self.lines("archive", "prune", "--before", "2026-01-31T09:01:00Z", "--archive", "p.db", "--yes")
        self.assertEqual((60, 40), (done[0]["deleted"], done[0]["left"]))
        self.assertEqual(40, len(self.lines("archive", "show", "--archive", "p.db")))
        self.run_dynlog("archive", "prune", "--archive", "p.db", status=2)

    def test_no_archive(self):
        self.assertIn("There is no archive none.db",
                      self.run_dynlog("archive", "list", "--archive", "none.db", status=1).stderr)
        self.dynlog.write("text.db", "no database")
        self.assertIn("can't be used", self.run_dynlog("archive", "list", "--archive", "text.db", status=1).stderr)
        self.run_dynlog("archive", "list", "--yes", status=2)
        self.run_dynlog("replay", "--from", "db", status=2)
        self.run_dynlog("replay", "--from", "bus-archive", "--to", "table", status=2)
        self.run_dynlog("replay", "--from", "table", "--to", "table", status=2)
