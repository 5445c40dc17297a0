"""A start without a stack file: two tables, a bus, the built-in trigger, the archive ./db, and `dynlog tail`."""

import json
import os
import sqlite3
import subprocess
import unittest

from support.case import Case, event, n, s
from support.server import AWS, PROGRAM, TOP, Dynlog, need_aws

LOGS = "local-dynamodb-logs"


class ZeroConfig(Case):
    def put(self, item, **more):
        self.dynamodb.put_item(TableName=LOGS, Item=item, **more)

    def archived(self, log):
        self.dynlog.drain()
        database = sqlite3.connect("file:%s?mode=ro" % self.dynlog.path("db"), uri=True)
        try:
            return database.execute("select createdAt, log, type, event from events where log = ? order by rowid",
                                    (log,)).fetchall()
        finally:
            database.close()

    def details(self, log):
        return [json.loads(row[3])["detail"] for row in self.archived(log)]

    def test_what_is_there(self):
        self.assertEqual(["local-core", LOGS], self.dynamodb.list_tables()["TableNames"])
        logs = self.dynamodb.describe_table(TableName=LOGS)["Table"]
        self.assertEqual("NEW_AND_OLD_IMAGES", logs["StreamSpecification"]["StreamViewType"])
        self.assertEqual([{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
                         logs["AttributeDefinitions"])
        buses = self.dynlog.client("events").list_event_buses()["EventBuses"]
        self.assertEqual({"default", "dynamodb-log"}, {bus["Name"] for bus in buses})
        self.assertTrue(self.dynlog.status()["builtInTrigger"])
        self.assertEqual(sorted([".dynlog", "db"]), sorted(name for name in os.listdir(self.dynlog.work)
                                                           if not name.startswith("db-")))

    def test_the_banner(self):
        lines = self.dynlog.process.out.list
        last = [at for at, line in enumerate(lines) if " aws dynamodb list-tables " in line][0]
        self.assertLessEqual(last + 1, 10, lines)
        text = "\n".join(lines[:last + 1])
        for word in (str(self.dynlog.port), str(self.dynlog.events_port), str(self.dynlog.lambda_port), ".dynlog"):
            self.assertIn(word, text)
        self.assertEqual(3, last - [at for at, line in enumerate(lines) if line == "Try:"][0])

    def try_the_banner(self, dynlog):
        """What its commands print, run as they stand, with nothing set in the environment but PATH."""
        lines = dynlog.process.out.list
        first = lines.index("Try:") + 1
        printed = []
        for command in lines[first:first + 3]:
            if " aws " in command and not os.path.exists(AWS):
                continue
            result = subprocess.run(["sh", "-c", command], cwd="/", env={"PATH": os.environ["PATH"]}, timeout=120,
                                    stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            self.assertEqual(0, result.returncode, command + "\n" + result.stderr)
            printed.append(result.stdout)
        return printed

    def test_the_banners_commands(self):
        for stage in ("local", "dev"):
            with Dynlog(arguments=["--stage", stage]) as dynlog:
                self.assertIn('"version":1', self.try_the_banner(dynlog)[0])
        with Dynlog({"serverless.yml": "service: nothing\nprovider: {name: aws, region: eu-north-1}\n"}) as dynlog:
            self.assertNotIn("built in", dynlog.process.out.text())
            self.assertIn('"drained":true', self.try_the_banner(dynlog)[0])

    def test_the_readmes_put_item(self):
        need_aws()
        with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
            blocks = [block.split("```")[0] for block in file.read().split("```sh\n")[1:]]
        command = [block for block in blocks if "put-item" in block][0].replace(":8000", ":%d" % self.dynlog.port)
        result = self.dynlog.run("sh", "-ec", command)
        self.assertEqual(0, result.returncode, result.stderr)
        result = self.dynlog.run("sh", "-ec", command)
        self.assertIn("ConditionalCheckFailedException", result.stderr)
        row = self.archived("users")[0]
        whole = json.loads(row[3])
        self.assertEqual(("users", "signup"), row[1:3])
        self.assertRegex(row[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(("dynamodb-log", "stream changes"), (whole["source"], whole["detail-type"]))
        self.assertEqual({"log": "users", "key": {"pk": "users#12#stream", "sk": 1}, "type": "signup",
                          "payload": {"id": "12", "name": "test", "email": "test@example.com"}}, whole["detail"])

    def test_what_becomes_an_event(self):
        log = "kinds"
        self.put(event(log, 1, 1, "a", {"id": s("1"), "n": n("1.50"), "l": {"L": [{"NULL": True}, {"BOOL": True}]}}))
        self.put(event(log, 1, 1, "b"))                                          # MODIFY
        self.dynamodb.delete_item(TableName=LOGS, Key={"pk": s("kinds#1#stream"), "sk": n(1)})
        self.put({**event(log, 2, 1), "pk": s("kinds#2#other")})
        self.put(event(log, 3, 1, "c"))
        details = self.details(log)
        self.assertEqual(["a", "b", "c"], [detail["type"] for detail in details])
        self.assertEqual({"id": "1", "n": 1.5, "l": [None, True]}, details[0]["payload"])

    def test_an_event_too_large_for_the_bus(self):
        log = "large"
        self.put(event(log, 1, 1, "big", {"id": s("1"), "text": s("x" * 300000)}))
        self.put(event(log, 1, 2, "fits", {"id": s("1"), "text": s("x" * 200000)}))
        big, fits = self.details(log)
        self.assertEqual({"log": log, "key": {"pk": "large#1#stream", "sk": 1}, "type": "big", "partial": True,
                          "payload": {"id": "1"}}, big)
        self.assertNotIn("partial", fits)
        self.assertEqual(200000, len(fits["payload"]["text"]))

    def test_order_in_the_archive(self):
        log = "ordered"
        for version in range(1, 31):
            self.put(event(log, version % 3, version // 3 + 1, "e"))
        for stream in range(3):
            own = [detail["key"]["sk"] for detail in self.details(log)
                   if detail["key"]["pk"] == "ordered#%d#stream" % stream]
            self.assertEqual(sorted(own), own)

    def test_tail(self):
        log = "tailed"
        tail = self.dynlog.spawn_beside(PROGRAM, "tail", "--log", log, "--from", "0", "--type", "wanted")
        self.put(event(log, 1, 1, "wanted"))
        self.put(event(log, 1, 2, "other"))
        self.put(event("else", 1, 1, "wanted"))
        self.put(event(log, 1, 3, "wanted"))
        found, at = tail.out.wait(r"^\{.*\}$")
        first = json.loads(found.group(0))
        second = json.loads(tail.out.wait(r"^\{.*\}$", at + 1)[0].group(0))
        self.assertEqual([(log, "wanted", "1", 1), (log, "wanted", "1", 3)],
                         [(line["log"], line["type"], line["id"], line["version"]) for line in (first, second)])
        self.assertEqual({"id": "1"}, first["payload"])
        self.assertLess(first["position"], second["position"])
        self.assertIn(tail.end(2), (0, 130))

    def test_replayed_events_are_not_archived_again(self):
        answer = self.dynlog.client("events").put_events(Entries=[
            {"EventBusName": "dynamodb-log", "Source": "dynamodb-log", "DetailType": "stream changes",
             "Detail": json.dumps({"log": "replayed", "type": kind, "key": {"pk": "replayed#1#stream", "sk": 1},
                                   "payload": {}, **more})}
            for kind, more in (("once", {}), ("again", {"replay-name": "a replay"}))])
        self.assertEqual(0, answer["FailedEntryCount"])
        self.assertEqual(["once"], [row[2] for row in self.archived("replayed")])


class OtherStages(unittest.TestCase):
    def test_stage_and_memory(self):
        with Dynlog(arguments=["--stage", "dev", "--memory"]) as dynlog:
            client = dynlog.client("dynamodb")
            self.assertEqual(["dev-core", "dev-dynamodb-logs"], client.list_tables()["TableNames"])
            client.put_item(TableName="dev-dynamodb-logs", Item=event("users", 1, 1))
            dynlog.drain()
            self.assertFalse(os.path.exists(dynlog.path(".dynlog")))
            dynlog.stop()
            dynlog.start()
            self.assertEqual(0, dynlog.client("dynamodb").scan(TableName="dev-dynamodb-logs")["Count"])


if __name__ == "__main__":
    unittest.main()
