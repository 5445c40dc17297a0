"""dynlog rebuild: read models of the two examples made anew while events go on being appended; commands that
are killed, a server that is killed; both ways."""

import json
import os
import signal
import threading
import unittest

from support.case import event, n, s
from support.server import PROGRAM, TOP, Dynlog

DONE, FAILED, USAGE, LOST_RACE, UNREACHABLE = range(5)
LOGS, CORE = "local-dynamodb-logs", "local-core"
TYPES = ["signup", "addPhoneNumber", "verifyPhoneNumber", "addLocation"]


def payload(user, version):
    return {"id": s(str(user)), "name": s("name %s" % user), "email": s("%s@example.com" % user),
            "phoneNumber": s("+46%s" % user), "long": n(version), "lat": n(user)}


class Appender(threading.Thread):
    """Goes on appending events of new users until it is told to stop."""

    def __init__(self, client, first=1000):
        super().__init__(daemon=True)
        self.client, self.next, self.over, self.error = client, first, threading.Event(), None
        self.count = 0
        self.some = threading.Event()
        self.start()

    def run(self):
        try:
            while not self.over.is_set() and self.count < 2000:
                put(self.client, self.next, 1 + self.count % 4)
                self.count += 1
                self.next += self.count % 4 == 0
                self.some.set()
        except Exception as error:  # the server was killed
            self.error = error
            self.some.set()

    def stop(self):
        self.over.set()
        self.join(60)


def put(client, user, version):
    client.put_item(TableName=LOGS, Item=event("users", user, version, TYPES[(version - 1) % 4],
                                               payload(user, version)))


class Rebuild:
    example = None

    def setUp(self):
        if not os.path.exists(os.path.join(TOP, self.example)):
            self.skipTest("there is no %s" % self.example)
        self.dynlog = Dynlog(copy=os.path.join(TOP, self.example))
        self.addCleanup(self.dynlog.remove)
        self.dynlog.start()
        self.client = self.dynlog.client("dynamodb")

    def tearDown(self):
        self.dynlog.stop()

    # ---- helpers ----

    def fill(self, users):
        for version in range(1, 5):
            for user in range(users):
                put(self.client, user, version)
        self.dynlog.drain()

    def rows(self, table=CORE):
        rows, more = {}, {}
        while True:
            page = self.client.scan(TableName=table, ConsistentRead=True, **more)
            rows.update({row["pk"]["S"]: row for row in page["Items"]})
            if "LastEvaluatedKey" not in page:
                return rows
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def streams(self):
        """user -> its last version, of the log."""
        last, more = {}, {}
        while True:
            page = self.client.scan(TableName=LOGS, ConsistentRead=True, **more)
            for item in page["Items"]:
                user = item["pk"]["S"][:-len("#stream")]
                last[user] = max(last.get(user, 0), int(item["sk"]["N"]))
            if "LastEvaluatedKey" not in page:
                return last
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def right(self, table=CORE):
        """The read model is what the log says."""
        self.dynlog.drain()
        rows = self.rows(table)
        self.assertEqual(self.streams(), {user: int(row["version"]["N"]) for user, row in rows.items()})
        for user, row in rows.items():
            number = user.split("#")[1]
            self.assertEqual(s("name " + number), row["name"])
            self.assertNotIn("broken", row)

    def spoil(self):
        """Rows that no event made, lost ones, wrong ones."""
        for user, row in list(self.rows().items()):
            key = {"pk": row["pk"], "sk": row["sk"]}
            if int(user.split("#")[1]) % 3 == 0:
                self.client.delete_item(TableName=CORE, Key=key)
            else:
                self.client.put_item(TableName=CORE, Item={**row, "name": s("wrong"), "broken": s("x")})
        self.client.put_item(TableName=CORE, Item={"pk": s("users#nobody"), "sk": s("users#nobody"), "version": n(7)})

    def rebuild(self, status, *arguments):
        result = self.dynlog.command("rebuild", "eventHandler", *arguments, timeout_s=240)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        self.said = result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def holds(self):
        return json.loads(self.dynlog.request("GET", "/_dynlog/holds")[2])["holds"]

    # ---- --clear ----

    def test_clear_while_events_come(self):
        self.fill(40)
        self.right()
        self.spoil()
        dry = self.rebuild(DONE, "--clear", CORE, "--dry-run")[0]
        self.assertEqual((True, 160), (dry["dryRun"], dry["events"]))
        self.rebuild(USAGE, "--clear", CORE)
        self.assertIn("All of it is deleted, then users-%s-local-eventHandler is fed 160 events" % self.example[15:], self.said)
        self.assertIn("--yes", self.said)
        self.assertIn("users#nobody", self.rows())
        appender = Appender(self.dynlog.client("dynamodb"))
        appender.some.wait(60)
        done = self.rebuild(DONE, "--clear", CORE, "--yes")[0]
        appender.stop()
        self.assertIsNone(appender.error)
        self.assertEqual((True, 0), (done["rebuilt"], done["failed"]))
        self.assertGreaterEqual(done["events"], 160)
        self.assertEqual([], self.holds())
        self.right()

    def test_the_command_is_killed(self):
        self.fill(60)
        self.spoil()
        appender = Appender(self.dynlog.client("dynamodb"))
        running = self.dynlog.spawn_beside(PROGRAM, "rebuild", "eventHandler", "--clear", CORE, "--yes", "--rate", "50")
        self.wait_for_rows(5)
        running.end(signal.SIGKILL)
        held = self.holds()[0]
        self.assertEqual((True, True, "feeding"), (held["function"].endswith("-eventHandler"), held["held"], held["note"]["stage"]))
        appender.stop()
        self.dynlog.drain()  # what is held is not under way
        self.rebuild(FAILED, "--clear", "local-other", "--yes")
        self.assertIn("is being rebuilt another way: --clear local-core", self.said)
        self.rebuild(DONE, "--clear", CORE, "--yes")
        self.right()

    def is_feeding(self):
        """Rows that are right may be of events that came before the hold: the table is cleared first."""
        return any((hold["note"] or {}).get("stage") == "feeding" for hold in self.holds())

    def wait_for_rows(self, count, table=CORE):
        """A rebuild has made rows that are right: it is in the middle."""
        for _ in range(2000):
            try:
                if sum("broken" not in row for row in self.rows(table).values()) in range(count, 10000) and (
                        table != CORE or ("users#nobody" not in self.rows(table) and self.is_feeding())):
                    return
            except self.client.exceptions.ResourceNotFoundException:
                pass
        self.fail("no rows came")

    def test_the_server_is_killed(self):
        self.fill(60)
        self.spoil()
        running = self.dynlog.spawn_beside(PROGRAM, "rebuild", "eventHandler", "--clear", CORE, "--yes", "--rate", "50")
        self.wait_for_rows(5)
        put(self.client, 5000, 1)
        self.dynlog.kill()
        self.assertEqual(UNREACHABLE, running.wait(), running.err.text())
        self.dynlog.restart()
        put(self.client, 5001, 1)
        self.assertTrue(self.holds()[0]["held"])
        self.rebuild(DONE, "--clear", CORE, "--yes")
        self.right()
        self.assertIn("users#5000", self.rows())
        self.assertIn("users#5001", self.rows())

    def test_cancel(self):
        self.fill(30)
        running = self.dynlog.spawn_beside(PROGRAM, "rebuild", "eventHandler", "--clear", CORE, "--yes", "--rate", "1")
        for _ in range(2000):
            if self.holds() and self.holds()[0]["note"]["stage"] == "feeding":
                break
        self.assertEqual(FAILED, running.end(signal.SIGINT))
        self.assertIn("Interrupted at position", running.err.text())
        put(self.client, 5000, 1)
        self.dynlog.drain()
        self.assertNotIn("users#5000", self.rows())
        self.assertTrue(self.rebuild(DONE, "--cancel")[0]["cancelled"])
        self.dynlog.drain()
        self.assertIn("users#5000", self.rows())
        self.rebuild(FAILED, "--cancel")
        self.assertIn("not being rebuilt", self.said)

    # ---- --into ----

    def test_into_while_events_come(self):
        self.fill(40)
        self.spoil()
        appender = Appender(self.dynlog.client("dynamodb"))
        appender.some.wait(60)
        done = self.rebuild(DONE, "--into", "local-core-2", "--variable", "DYNAMODB_CORE_TABLE", "--yes")[0]
        appender.stop()
        self.assertIsNone(appender.error)
        self.assertEqual((True, "local-core-2"), (done["rebuilt"], done["table"]))
        self.right("local-core-2")
        self.assertIn("users#nobody", self.rows())
        put(self.client, 6000, 1)
        self.dynlog.drain()
        self.assertIn("users#6000", self.rows("local-core-2"))
        self.assertNotIn("users#6000", self.rows())
        ttl = self.client.describe_time_to_live(TableName="local-core-2")["TimeToLiveDescription"]
        self.assertEqual("ttl", ttl["AttributeName"])
        self.assertEqual([], self.holds())
        self.rebuild(FAILED, "--into", "local-core-2", "--variable", "DYNAMODB_CORE_TABLE", "--yes")

    def test_into_and_the_server_is_killed(self):
        self.fill(60)
        into = ["--into", "local-core-2", "--variable", "DYNAMODB_CORE_TABLE", "--yes"]
        running = self.dynlog.spawn_beside(PROGRAM, "rebuild", "eventHandler", *into, "--rate", "50")
        self.wait_for_rows(5, "local-core-2")
        put(self.client, 5000, 1)
        self.dynlog.kill()
        self.assertEqual(UNREACHABLE, running.wait(), running.err.text())
        self.dynlog.restart()
        put(self.client, 5001, 1)
        self.rebuild(DONE, *into)
        self.right("local-core-2")


class UsersNode(Rebuild, unittest.TestCase):
    example = "examples/users-node"

    def setUp(self):
        if not os.path.isdir(os.path.join(TOP, self.example, "node_modules")):
            self.skipTest("npm has not installed the example's packages")
        super().setUp()


class UsersPython(Rebuild, unittest.TestCase):
    example = "examples/users-python"


FAILING = {
    "serverless.yml": """
service: failing
provider: {name: aws, runtime: python3.12}
functions:
  handler:
    handler: handler.handler
    events:
      - eventBridge:
          eventBus: dynamodb-log
          pattern: {detail: {log: [users], type: [good, bad]}}
          inputPath: $.detail
  other:
    handler: handler.handler
resources:
  Resources:
    logs:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-dynamodb-logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
    core:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-core
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
""",
    "handler.py": """
import json
import os


def handler(event, context):
    with open(os.path.join(os.path.dirname(__file__), "seen"), "a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\\n")
    if event["type"] == "bad" and not os.path.exists(os.path.join(os.path.dirname(__file__), "mended")):
        raise ValueError("no such thing: " + event["key"]["pk"])
""",
}


class Failing(unittest.TestCase):
    def test_failures_inputs_and_filters(self):
        with Dynlog(FAILING) as dynlog:
            client = dynlog.client("dynamodb")
            for user, kind in enumerate(["good", "bad", "good", "ignored", "bad"]):
                client.put_item(TableName=LOGS, Item=event("users", user, 1, kind))
            client.put_item(TableName=LOGS, Item=event("others", 1, 1, "good"))

            def rebuild(status, *arguments):
                result = dynlog.command("rebuild", "handler", "--clear", CORE, "--yes", *arguments)
                self.assertEqual(status, result.returncode, result.stdout + result.stderr)
                return [json.loads(line) for line in result.stdout.splitlines()], result.stderr

            dynlog.waiting(retries_now=True)
            os.remove(dynlog.path("seen"))
            self.assertEqual(4, rebuild(DONE, "--dry-run")[0][0]["events"])
            self.assertEqual(2, rebuild(DONE, "--dry-run", "--type", "bad")[0][0]["events"])
            self.assertEqual(0, rebuild(DONE, "--dry-run", "--log", "others")[0][0]["events"])
            _, said = rebuild(FAILED, "--in-flight", "1")
            self.assertIn("handler failed at users/1 version 1 bad (position", said)
            self.assertIn("ValueError: no such thing: users#1#stream", said)
            self.assertIn("The function's live events wait.", said)
            lines, said = rebuild(FAILED, "--skip-failures")
            self.assertEqual(["1", "4"], sorted(line["id"] for line in lines[:-1]))
            self.assertEqual(2, lines[-1]["failed"])
            dynlog.waiting(retries_now=True)
            with open(dynlog.path("seen"), encoding="utf-8") as file:
                seen = [json.loads(line) for line in file]
            self.assertEqual({"log", "key", "type", "payload"}, set(seen[0]))  # as inputPath says
            result = dynlog.command("rebuild", "other", "--clear", CORE, "--yes")
            self.assertEqual(FAILED, result.returncode)
            self.assertIn("No enabled rule", result.stderr)
            for arguments, words in ((["nobody", "--clear", CORE], "no function nobody"),
                                     (["handler", "--clear", LOGS, "--yes"], "the log itself"),
                                     (["handler", "--clear", "nowhere", "--yes"], "no table nowhere"),
                                     (["handler"], "Say which table"), (["handler", "--into", "x"], "--variable"),
                                     (["handler", "--into", "x", "--variable", "NO", "--yes"], "no environment variable")):
                result = dynlog.command("rebuild", *arguments)
                self.assertIn(result.returncode, (FAILED, USAGE))
                self.assertIn(words, result.stderr)
