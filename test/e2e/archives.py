"""Archives and replays: kept and put on the bus once more, with boto3, the AWS CLI and the SDK of Node.js; the
SQLite file beside them; kill -9 in the middle of a replay."""

import collections
import datetime
import json
import os
import re
import sqlite3
import time
import unittest

from support.case import Case
from support.server import Dynlog

ACCOUNT = "arn:aws:events:us-east-1:000000000000:"
BUS = ACCOUNT + "event-bus/orders"
PUTS, PACE_S = 200, 0.1

# Each function writes a line for each event: appended in one write, so lines stay whole.
STACK = """
service: shop
provider: {name: aws, runtime: nodejs20.x}
functions:
  all:
    handler: handler.handle
    events: [{eventBridge: {eventBus: orders, pattern: {source: [shop]}}}]
  live:
    handler: handler.handle
    events: [{eventBridge: {eventBus: orders, pattern: {source: [shop], replay-name: [{exists: false}]}}}]
"""
ARCHIVE = """
resources:
  Resources:
    archive:
      Type: AWS::Events::Archive
      Properties:
        ArchiveName: of-the-stack
        SourceArn: %s
        %%s
""" % BUS
HANDLER = """
const fs = require('node:fs')

exports.handle = async (event, context) =>
  fs.appendFileSync('events.jsonl', JSON.stringify({ function: context.functionName, event }) + '\\n')
"""


def utc(second):
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc)


def entry(n, kind="paid", second=None):
    time = {} if second is None else {"Time": utc(second)}
    return {"EventBusName": "orders", "Source": "shop", "DetailType": kind, "Detail": json.dumps({"n": n}), **time}


class Base(Case):
    files = {"serverless.yml": STACK, "handler.js": HANDLER}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = cls.dynlog.client("events")

    def rule(self, function):
        names = [rule["Name"] for rule in self.events.list_rules(EventBusName="orders")["Rules"]]
        return ACCOUNT + "rule/orders/" + [name for name in names if "-%s-" % function in name][0]

    def put(self, entries):
        for i in range(0, len(entries), 10):
            self.assertEqual(0, self.events.put_events(Entries=entries[i:i + 10])["FailedEntryCount"])

    def seen(self, function=None, replay=None):
        """What functions got, in the order in which they said so: of a replay, or live."""
        if not os.path.exists(self.dynlog.path("events.jsonl")):
            return []
        with open(self.dynlog.path("events.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [line["event"] for line in lines
                if function in (None, line["function"].rsplit("-", 1)[1]) and line["event"].get("replay-name") == replay]

    def replay(self, name, archive, first, end, **destination):
        answer = self.events.start_replay(
            ReplayName=name, EventSourceArn=ACCOUNT + "archive/" + archive, EventStartTime=utc(first),
            EventEndTime=utc(end), Destination={"Arn": BUS, **destination})
        self.assertEqual("STARTING", answer["State"])
        return answer

    def in_sqlite(self):
        """Numbers of the events in the SQLite file, in its order."""
        database = sqlite3.connect("file:%s?mode=ro" % self.dynlog.path(".dynlog/archive.db"), uri=True)
        try:
            return [json.loads(row[0])["detail"]["n"] for row in database.execute("select event from events order by rowid")]
        finally:
            database.close()


class Archives(Base):
    def test_a_replay(self):
        self.events.create_archive(ArchiveName="paid", EventSourceArn=BUS, EventPattern='{"detail-type": ["paid"]}')
        self.put([entry(n, kind, 1700000000 + n) for n in range(6) for kind in ("paid", "sent")])
        self.dynlog.drain()
        live = {event["id"]: event for event in self.seen("all") if event["detail-type"] == "paid"}
        described = self.events.describe_archive(ArchiveName="paid")
        self.assertEqual(6, described["EventCount"])
        self.assertGreater(described["SizeBytes"], 6 * 100)
        self.replay("r1", "paid", 1700000001, 1700000004)
        self.dynlog.drain()
        replayed = self.seen("all", "r1")
        self.assertEqual([1, 2, 3], sorted(event["detail"]["n"] for event in replayed))
        for event in replayed:
            self.assertEqual("2023-11-14T22:13:2%d.000Z" % event["detail"]["n"], event["time"])
            self.assertNotIn(event["id"], live)
            self.assertEqual(["version", "id", "detail-type", "source", "account", "time", "region", "replay-name",
                              "resources", "detail"], list(event))
        self.assertEqual([], self.seen("live", "r1"))
        described = self.events.describe_replay(ReplayName="r1")
        self.assertEqual(("COMPLETED", utc(1700000003)), (described["State"], described["EventLastReplayedTime"]))
        self.assertEqual(6, self.events.describe_archive(ArchiveName="paid")["EventCount"])

    def test_chosen_rules(self):
        self.events.create_archive(ArchiveName="chosen", EventSourceArn=BUS)
        self.put([entry(n, "chosen") for n in range(3)])
        now = datetime.datetime.now().timestamp()
        self.events.put_rule(Name="any", EventBusName="orders", EventPattern='{"detail-type": ["chosen"]}')
        functions = self.dynlog.client("lambda").list_functions()["Functions"]
        live = [function["FunctionArn"] for function in functions if function["FunctionName"].endswith("live")]
        self.events.put_targets(Rule="any", EventBusName="orders", Targets=[{"Id": "1", "Arn": live[0]}])
        self.replay("chosen-1", "chosen", now - 100, now + 100, FilterArns=[ACCOUNT + "rule/orders/any"])
        self.replay("chosen-2", "chosen", now - 100, now + 100, FilterArns=[self.rule("all")])
        self.dynlog.drain()
        self.assertEqual([0, 1, 2], sorted(event["detail"]["n"] for event in self.seen("live", "chosen-1")))
        self.assertEqual([], self.seen("all", "chosen-1"))
        self.assertEqual([], self.seen("live", "chosen-2"))
        self.assertEqual([0, 1, 2], sorted(event["detail"]["n"] for event in self.seen("all", "chosen-2")))

    def test_the_command_line(self):
        def aws(*arguments):
            result = self.dynlog.aws("events", *arguments)
            self.assertEqual(0, result.returncode, result.stderr)
            return json.loads(result.stdout or "{}")

        created = aws("create-archive", "--archive-name", "cli", "--event-source-arn", BUS, "--retention-days", "3")
        self.assertEqual((ACCOUNT + "archive/cli", "ENABLED"), (created["ArchiveArn"], created["State"]))
        aws("update-archive", "--archive-name", "cli", "--description", "words")
        second = int(datetime.datetime.now().timestamp()) - 10
        self.put([entry(7, "cli", second)])
        described = aws("describe-archive", "--archive-name", "cli")
        self.assertEqual((1, 3, "words"), (described["EventCount"], described["RetentionDays"], described["Description"]))
        self.assertEqual(["cli"], [a["ArchiveName"] for a in aws("list-archives", "--name-prefix", "cl")["Archives"]])
        aws("start-replay", "--replay-name", "cli", "--event-source-arn", created["ArchiveArn"],
            "--event-start-time", utc(second).isoformat(), "--event-end-time", utc(second + 1).isoformat(),
            "--destination", json.dumps({"Arn": BUS, "FilterArns": [self.rule("all")]}))
        self.dynlog.drain()
        self.assertEqual([7], [event["detail"]["n"] for event in self.seen("all", "cli")])
        self.assertEqual("COMPLETED", aws("describe-replay", "--replay-name", "cli")["State"])
        self.assertEqual(["cli"], [r["ReplayName"] for r in aws("list-replays", "--name-prefix", "cli")["Replays"]])
        refused = self.dynlog.aws("events", "cancel-replay", "--replay-name", "cli")
        self.assertIn("IllegalStatusException", refused.stderr)
        aws("delete-archive", "--archive-name", "cli")

    def test_the_sdk_of_node(self):
        self.dynlog.node("archives.mjs", "orders", BUS)

    def test_errors_are_the_clients_own(self):
        self.refused("ResourceNotFoundException", "Archive none does not exist.", self.events.describe_archive,
                     ArchiveName="none")
        self.refused("InvalidEventPatternException", None, self.events.create_archive, ArchiveName="bad",
                     EventSourceArn=BUS, EventPattern="[]")
        with self.assertRaises(self.events.exceptions.ManagedRuleException):
            self.events.create_archive(ArchiveName="managed", EventSourceArn=BUS)
            self.events.delete_rule(Name="Events-Archive-managed", EventBusName="orders")

    def test_cancel(self):
        self.events.create_archive(ArchiveName="many", EventSourceArn=BUS, EventPattern='{"detail-type": ["many"]}')
        self.events.put_rule(Name="many", EventBusName="orders", EventPattern='{"detail-type": ["many"]}')
        self.put([{**entry(n, "many"), "Source": "bulk"} for n in range(2500)])
        now = datetime.datetime.now().timestamp()
        self.replay("cancelled", "many", now - 1000, now + 1000)
        try:
            self.assertEqual("CANCELLING", self.events.cancel_replay(ReplayName="cancelled")["State"])
        except self.events.exceptions.IllegalStatusException:
            self.skipTest("it was over already")
        self.dynlog.drain()
        described = self.events.describe_replay(ReplayName="cancelled")
        self.assertEqual("CANCELLED", described["State"])
        self.refused("IllegalStatusException", None, self.events.cancel_replay, ReplayName="cancelled")


class Retention(Base):
    arguments = ["--clock", "manual"]

    def count(self, archive):
        return self.events.describe_archive(ArchiveName=archive)["EventCount"]

    def test_events_go_as_the_clock_moves(self):
        self.events.create_archive(ArchiveName="day", EventSourceArn=BUS, RetentionDays=1)
        self.events.create_archive(ArchiveName="week", EventSourceArn=BUS, RetentionDays=7)
        self.put([entry(n) for n in range(20)])
        self.dynlog.advance("12h")
        self.put([entry(n) for n in range(5)])
        self.assertEqual((25, 25), (self.count("day"), self.count("week")))
        self.dynlog.advance("12h")
        self.dynlog.advance("1m")
        self.assertEqual((5, 25), (self.count("day"), self.count("week")))
        self.dynlog.stop()
        self.dynlog.restart()
        self.dynlog.advance("12h")
        self.assertEqual((0, 25), (self.count("day"), self.count("week")))
        self.assertEqual(0, self.events.describe_archive(ArchiveName="day")["SizeBytes"])
        self.replay("all", "week", 0, 4000000000)
        self.dynlog.drain()
        self.assertEqual(25, len(self.seen("all", "all")))
        self.events.update_archive(ArchiveName="week", RetentionDays=1)
        self.dynlog.drain()
        self.assertEqual(0, self.count("week"))


class SQLite(Base):
    def test_what_some_archive_takes_is_in_the_file(self):
        self.put([entry(0)])
        self.dynlog.drain()
        self.assertFalse(os.path.exists(self.dynlog.path(".dynlog/archive.db")))
        self.events.create_archive(ArchiveName="paid", EventSourceArn=BUS, EventPattern='{"detail-type": ["paid"]}')
        self.events.create_archive(ArchiveName="any", EventSourceArn=BUS,
                                   EventPattern='{"detail-type": ["paid", "sent"]}')
        self.put([entry(1), entry(2, "sent"), entry(3, "lost"), entry(4)])
        self.dynlog.drain()
        self.assertEqual([1, 2, 4], self.in_sqlite())
        now = datetime.datetime.now().timestamp()
        self.replay("r", "any", now - 100, now + 100)
        self.dynlog.drain()
        self.assertEqual(3, len(self.seen("all", "r")))
        self.assertEqual([1, 2, 4], self.in_sqlite())
        self.dynlog.kill()
        self.dynlog.restart()
        self.put([entry(5)])
        self.events.delete_archive(ArchiveName="any")
        self.put([entry(6), entry(7, "sent")])
        self.dynlog.drain()
        self.assertEqual([1, 2, 4, 5, 6], self.in_sqlite())
        self.assertEqual(4, self.events.describe_archive(ArchiveName="paid")["EventCount"])


class Pace(Base):
    def works(self):
        """Writes that the store was asked for."""
        return int(re.search(r"^dynlog_store_works_total (\d+)$", self.dynlog.request("GET", "/_dynlog/metrics")[2].decode(),
                             re.M).group(1))

    def test_events_share_transactions_of_sqlite(self):
        """Each costs syncs that who puts the next event waits for. There is one in PACE_MS (server/archiving.c) at most, and a
        write to the store for each, until somebody waits for them."""
        self.events.create_archive(ArchiveName="all", EventSourceArn=BUS)
        self.dynlog.drain()
        before, begun = self.works(), time.monotonic()
        for number in range(PUTS):  # which no rule takes: each is one write
            self.put([{**entry(number), "Source": "nobody"}])
        seconds = time.monotonic() - begun
        writes = self.works() - before
        self.assertGreaterEqual(writes, PUTS)
        self.assertLessEqual(writes - PUTS, seconds / PACE_S + 1)
        self.dynlog.drain()
        self.assertEqual(list(range(PUTS)), self.in_sqlite())


class StackFile(Base):
    files = {"serverless.yml": STACK + ARCHIVE % "Description: first", "handler.js": HANDLER}

    def test_a_changed_archive_follows_the_file(self):
        described = self.events.describe_archive(ArchiveName="of-the-stack")
        self.assertEqual(("first", 0), (described["Description"], described["RetentionDays"]))
        self.assertNotIn("EventPattern", described)
        self.put([entry(1), entry(2, "sent")])
        self.dynlog.stop()
        self.dynlog.write("serverless.yml", STACK + ARCHIVE % "RetentionDays: 5\n        EventPattern: {detail-type: [paid]}")
        self.dynlog.restart()
        self.put([entry(3), entry(4, "sent")])
        described = self.events.describe_archive(ArchiveName="of-the-stack")
        self.assertEqual((5, 3, {"detail-type": ["paid"]}),
                         (described["RetentionDays"], described["EventCount"], json.loads(described["EventPattern"])))
        self.assertNotIn("Description", described)
        self.dynlog.stop()
        self.dynlog.write("serverless.yml", STACK)
        self.dynlog.restart()
        self.put([entry(5)])
        self.dynlog.drain()
        self.assertEqual(4, self.events.describe_archive(ArchiveName="of-the-stack")["EventCount"])
        self.assertEqual([1, 2, 3, 5], self.in_sqlite())


class Killed(Base):
    COUNT = 3000

    def test_kill_in_the_middle_of_a_replay(self):
        """Each archived event once more, at the function's durable queue: a handler may run an event twice, by the
        same id, but no event comes twice or is left out."""
        self.events.create_archive(ArchiveName="all", EventSourceArn=BUS)
        self.events.put_rule(Name="unused", EventBusName="orders", EventPattern='{"source": ["nobody"]}')
        self.events.disable_rule(Name=self.rule("live").rsplit("/", 1)[1], EventBusName="orders")
        first = 1700000000
        self.put([entry(n, "paid", first + n // 10) for n in range(self.COUNT)])
        self.dynlog.drain()
        self.replay("again", "all", first, first + self.COUNT)
        for part in (3, 8):
            self.wait_for("again", first + self.COUNT / 10 * part / 10)
            self.dynlog.kill()
            self.dynlog.restart()
        self.dynlog.drain()
        self.assertEqual("COMPLETED", self.events.describe_replay(ReplayName="again")["State"])
        ids = {event["id"]: event["detail"]["n"] for event in self.seen("all", "again")}
        self.assertEqual({n: 1 for n in range(self.COUNT)}, dict(collections.Counter(ids.values())))
        self.assertEqual(self.COUNT, self.events.describe_archive(ArchiveName="all")["EventCount"])

    def test_kill_in_the_middle_of_a_replay_to_a_queue(self):
        """A message for each archived event: none twice, none left out."""
        count = 3000
        sqs = self.dynlog.client("sqs")
        url = sqs.create_queue(QueueName="replayed")["QueueUrl"]
        self.events.create_archive(ArchiveName="queued", EventSourceArn=BUS, EventPattern='{"detail-type": ["queued"]}')
        first = 1600000000
        self.put([{**entry(n, "queued", first + n // 10), "Source": "bulk"} for n in range(count)])
        self.events.put_rule(Name="queue", EventBusName="orders", EventPattern='{"detail-type": ["queued"]}')
        answer = self.events.put_targets(Rule="queue", EventBusName="orders", Targets=[
            {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:replayed"}])
        self.assertEqual(0, answer["FailedEntryCount"])
        self.replay("queued", "queued", first, first + count, FilterArns=[ACCOUNT + "rule/orders/queue"])
        for part in (2, 5, 8):
            self.wait_for("queued", first + count / 10 * part / 10)
            self.dynlog.kill()
            self.dynlog.restart()
        self.dynlog.drain()
        self.assertEqual("COMPLETED", self.events.describe_replay(ReplayName="queued")["State"])
        found = collections.Counter()
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                event = json.loads(message["Body"])
                self.assertEqual("queued", event["replay-name"])
                found[event["detail"]["n"]] += 1
            sqs.delete_message_batch(QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(messages)])
        self.assertEqual({n: 1 for n in range(count)}, dict(found))

    def wait_for(self, replay, second):
        """Until it is that far, or over; each look is a request."""
        while True:
            described = self.events.describe_replay(ReplayName=replay)
            if described["State"] == "COMPLETED" or described.get("EventLastReplayedTime", utc(0)).timestamp() >= second:
                return

    def test_kill_while_events_come(self):
        """The figures are exact whatever was under way."""
        self.events.create_archive(ArchiveName="counted", EventSourceArn=BUS, EventPattern='{"detail-type": ["counted"]}')
        for round_ in range(3):
            self.put([entry(n, "counted") for n in range(100)])
            self.dynlog.kill()
            self.dynlog.restart()
            self.assertEqual(100 * (round_ + 1), self.events.describe_archive(ArchiveName="counted")["EventCount"])
        self.dynlog.drain()
        self.assertEqual(300, sum(1 for event in self.seen("all") if event["detail-type"] == "counted") -
                         self.more_than_once("counted"))

    def more_than_once(self, kind):
        ids = collections.Counter(event["id"] for event in self.seen("all") if event["detail-type"] == kind)
        return sum(count - 1 for count in ids.values())


if __name__ == "__main__":
    unittest.main()
