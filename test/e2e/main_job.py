"""The main job: events that a real SDK appends, in parallel, become rows of the users' table, written by handlers
in Node.js and in Python, and stand in the archive exactly once - with a kill -9 in the middle of it, too."""

import collections
import json
import os
import sqlite3
import subprocess
import time
import unittest

from support.case import event, s
from support.server import TOP, Dynlog, need_aws

USERS = 1000
USERS_PYTHON = 200
EVENTS = ["signup", "addPhoneNumber", "verifyPhoneNumber", "addLocation"]


def example(name):
    return Dynlog(copy=os.path.join(TOP, "examples", name), arguments=["--quiet"])


class MainJob(unittest.TestCase):
    maxDiff = None

    def rows(self, dynlog):
        """Every row of the users' table."""
        pages = dynlog.client("dynamodb").get_paginator("scan").paginate(TableName="local-core")
        return {item["pk"]["S"]: item for page in pages for item in page["Items"]}

    def archived(self, dynlog):
        """(key, type) of every event in the archive, counted."""
        database = sqlite3.connect("file:%s?mode=ro" % dynlog.path("db"), uri=True)
        try:
            self.assertEqual(("ok",), database.execute("pragma integrity_check").fetchone())
            events = database.execute("select createdAt, log, type, event from events").fetchall()
        finally:
            database.close()
        found = collections.Counter()
        for created, log, kind, text in events:
            detail = json.loads(text)["detail"]
            self.assertEqual((log, kind), (detail["log"], detail["type"]))
            self.assertRegex(created, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            found[(detail["key"]["pk"], detail["key"]["sk"], kind)] += 1
        return found

    def expect_all(self, dynlog, users):
        rows = self.rows(dynlog)
        self.assertEqual(users, len(rows))
        self.assertEqual({"4": users}, dict(collections.Counter(row["version"]["N"] for row in rows.values())))
        row = rows["users#7"]
        self.assertEqual(({"S": "user 7"}, {"S": "+46 8 7"}, {"BOOL": True}),
                         (row["name"], row["phoneNumber"], row["verifiedPhoneNumber"]))
        self.assertEqual({"long": {"N": "18.0686"}, "lat": {"N": "59.3293"}}, row["location"]["M"])
        expected = {("users#%d#stream" % user, sk, kind): 1 for user in range(1, users + 1)
                    for sk, kind in enumerate(EVENTS, 1)}
        archived = self.archived(dynlog)
        self.assertEqual(users * 4, sum(archived.values()))
        self.assertEqual(expected, dict(archived))

    def appender(self, dynlog, users):
        return dynlog.spawn_beside("node", os.path.join(TOP, "test/e2e/node/append_users.mjs"),
                                   "local-dynamodb-logs", "1", str(users))

    def run_all(self, name, users):
        with example(name) as dynlog:
            started = time.monotonic()
            appender = self.appender(dynlog, users)
            appender.out.wait(r"^done %d$" % (users * 4), timeout_s=600)
            appended = time.monotonic()
            self.assertEqual(0, appender.wait())
            dynlog.drain()
            drained = time.monotonic()
            self.expect_all(dynlog, users)
            print("%s: %d events appended in %.1f s, everything done %.1f s later" % (
                name, users * 4, appended - started, drained - appended))

    def test_node(self):
        self.run_all("users-node", USERS)

    def test_python(self):
        self.run_all("users-python", USERS_PYTHON)

    def kill_in_the_middle(self, name, users, kills, built_in=False, shards=0):
        dynlog = example(name)
        if built_in:
            self.without_trigger(dynlog)
        if shards:
            dynlog.arguments += ["--shards", str(shards)]
        with dynlog:
            appender = self.appender(dynlog, users)
            seen = 0
            for part in kills:
                _, seen = appender.out.wait(r"^appended %d$" % (users * 4 * part // 10), seen, timeout_s=600)
                if shards:
                    self.roll_and_split(dynlog)
                dynlog.kill()
                _, seen = appender.out.wait(r"^lost$", seen)
                dynlog.restart()
                appender.popen.stdin.write("go on\n")
                appender.popen.stdin.flush()
            appender.out.wait(r"^done %d$" % (users * 4), seen, timeout_s=600)
            self.assertEqual(0, appender.wait())
            dynlog.drain()
            self.assertEqual(built_in, dynlog.status()["builtInTrigger"])
            self.expect_all(dynlog, users)

    def roll_and_split(self, dynlog):
        """One shard splits, then all roll."""
        _, _, text = dynlog.request("GET", "/_dynlog/shards?table=local-dynamodb-logs")
        shard = [shard["shardId"] for shard in json.loads(text)["shards"] if shard["open"]][0]
        for change in ({"action": "split", "shard": shard}, {"action": "roll"}):
            status, _, text = dynlog.request("POST", "/_dynlog/shards",
                                             json.dumps({"table": "local-dynamodb-logs", **change}))
            self.assertEqual(200, status, text)

    def without_trigger(self, dynlog):
        """The same stack without its trigger: the built-in one takes its place."""
        with open(dynlog.path("serverless.yml"), encoding="utf-8") as file:
            text = file.read()
        functions, handlers = text.split("  trigger:\n")[0], text[text.index("  eventHandler:\n"):]
        dynlog.write("serverless.yml", functions + handlers)

    def test_kill_9_node(self):
        self.kill_in_the_middle("users-node", 300, [2, 5, 8])

    def test_kill_9_with_the_built_in_trigger(self):
        self.kill_in_the_middle("users-node", 200, [3, 7], built_in=True)

    def test_kill_9_with_shards(self):
        self.kill_in_the_middle("users-node", 200, [3, 7], shards=3)

    def test_kill_9_with_shards_and_the_built_in_trigger(self):
        self.kill_in_the_middle("users-node", 100, [3, 7], built_in=True, shards=2)

    def test_kill_9_python(self):
        self.kill_in_the_middle("users-python", 100, [5])

    def test_the_readmes_first_event(self):
        """The command of README.md, in a shell, as it stands there."""
        need_aws()
        with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
            blocks = [block.split("```")[0] for block in file.read().split("```sh\n")[1:]]
        command = [block for block in blocks if "put-item" in block][0]
        with example("users-node") as dynlog:
            script = command.replace("http://localhost:8000", "http://localhost:%d" % dynlog.port)
            result = dynlog.run("sh", "-ec", script)
            self.assertEqual(0, result.returncode, result.stderr)
            dynlog.drain()
            row = self.rows(dynlog)["users#12"]
            self.assertEqual(({"N": "1"}, s("test"), s("test@example.com")), (row["version"], row["name"], row["email"]))
            result = dynlog.run("sh", "-ec", script)
            self.assertNotEqual(0, result.returncode)
            self.assertIn("ConditionalCheckFailedException", result.stderr)

    def test_events_out_of_order_and_twice(self):
        """The handler stops on a gap; nothing is lost and nothing is applied twice."""
        with example("users-node") as dynlog:
            dynamodb, events = dynlog.client("dynamodb"), dynlog.client("events")
            payloads = [{"id": s("1"), "name": s("n")}, {"id": s("1"), "phoneNumber": s("1")}, {"id": s("1")}]
            for version in (1, 3, 2):
                dynamodb.put_item(TableName="local-dynamodb-logs", Item=event(
                    "users", 1, version, EVENTS[version - 1], payloads[version - 1]))
            again = {"EventBusName": "dynamodb-log", "Source": "dynamodb-log", "DetailType": "stream changes",
                     "Detail": json.dumps({"log": "users", "type": "signup", "payload": {"id": "1"},
                                           "key": {"pk": "users#1#stream", "sk": 1}})}
            events.put_events(Entries=[again] * 5)
            dynlog.drain()
            self.assertEqual("3", self.rows(dynlog)["users#1"]["version"]["N"])

    def test_the_examples_own_tests(self):
        result = subprocess.run(["npm", "test"], cwd=os.path.join(TOP, "examples/users-node"), timeout=120,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        result = subprocess.run(["/usr/bin/python3", "-m", "unittest", "discover", "-s", "tests", "-t", "."],
                                cwd=os.path.join(TOP, "examples/users-python"), timeout=120,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
