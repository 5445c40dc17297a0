"""dynlog fake: the same users for the same seed, nothing overwritten, interrupted and gone on, at a terminal with a bar
that goes away."""

import json
import re
import signal
import unittest

from support.case import Case, event
from support.server import PROGRAM
from support.terminal import CONTROL_C, Terminal

TYPES = ["signup", "addPhoneNumber", "verifyPhoneNumber", "addLocation"]


class Fake(Case):
    def fake(self, *arguments, status=0):
        result = self.dynlog.command("fake", *arguments)
        self.assertEqual(status, result.returncode, result.stderr)
        return json.loads(result.stdout), result.stderr

    def events(self, table):
        items = []
        for page in self.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            items += page["Items"]
        return sorted(items, key=lambda item: (item["pk"]["S"], int(item["sk"]["N"])))

    def log_table(self):
        return self.table("S", "N", stream="NEW_IMAGE")

    def test_users(self):
        table = self.log_table()
        done, _ = self.fake("300", "--table", table)
        self.assertEqual((300, 1200, 1200, 0, 0), tuple(done[name] for name in (
            "users", "events", "written", "skipped", "different")))
        items = self.events(table)
        self.assertEqual(1200, len(items))
        for at in range(0, 1200, 4):
            four = items[at:at + 4]
            self.assertEqual(TYPES, [item["type"]["S"] for item in four])
            self.assertEqual(["1", "2", "3", "4"], [item["sk"]["N"] for item in four])
            for item in four:
                self.assertEqual({"pk", "sk", "type", "log", "payload"}, set(item))
                self.assertEqual("users#%s#stream" % item["payload"]["M"]["id"]["S"], item["pk"]["S"])
        again, _ = self.fake("400", "--table", table)
        self.assertEqual((400, 1200), (again["written"], again["skipped"]))
        other, _ = self.fake("10", "--seed", "2", "--table", table)
        self.assertEqual((40, 0), (other["written"], other["skipped"]))

    def test_order(self):
        """All signups, then all telephone numbers: streams interleave, and each is in order."""
        table = self.log_table()
        self.fake("250", "--table", table)
        arn = self.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        streams = self.dynlog.client("dynamodbstreams")
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        types = []
        while len(types) < 1000:
            page = streams.get_records(ShardIterator=at)
            at = page["NextShardIterator"]
            types += [record["dynamodb"]["NewImage"]["type"]["S"] for record in page["Records"]]
        self.assertEqual([kind for kind in TYPES for _ in range(250)], types)

    def test_printed_is_written(self):
        table = self.log_table()
        self.fake("20", "--seed", "3", "--log", "people", "--table", table)
        lines = [json.loads(line) for line in
                 self.dynlog.command("fake", "20", "--seed", "3", "--log", "people", "--print").stdout.splitlines()]
        self.assertEqual(80, len(lines))
        read = self.dynlog.command("read", "people", lines[0]["id"], "--table", table).stdout.splitlines()
        mine = [line for line in lines if line["id"] == lines[0]["id"]]
        for line, printed in zip(read, mine, strict=True):
            got = json.loads(line)
            self.assertEqual(printed, {name: got[name] for name in printed})

    def test_never_overwritten(self):
        table = self.log_table()
        done, _ = self.fake("5", "--table", table)
        item = event("users", done["firstId"], 2, "moved")
        self.dynamodb.put_item(TableName=table, Item=item)
        again, said = self.fake("5", "--table", table, status=1)
        self.assertEqual((0, 19, 1), (again["written"], again["skipped"], again["different"]))
        self.assertIn("users#%s#stream/2" % done["firstId"], said)
        self.assertEqual(item, self.dynamodb.get_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})["Item"])

    def test_interrupted(self):
        """Ctrl-C at some time: each stream has its events without a gap; the same command goes on."""
        table = self.log_table()
        process = self.dynlog.spawn_beside(PROGRAM, "fake", "3000", "--table", table)
        while not self.dynamodb.scan(TableName=table, Limit=1)["Items"]:
            pass
        self.assertEqual(1, process.end(signal.SIGINT))
        said = process.err.text()
        self.assertRegex(said, r"Interrupted: [\d,]+ of 12,000 events are there")
        first = json.loads(process.out.text())
        items = self.events(table)
        self.assertEqual(first["written"], len(items))
        versions = {}
        for item in items:
            versions.setdefault(item["pk"]["S"], []).append(int(item["sk"]["N"]))
        for each in versions.values():
            self.assertEqual(list(range(1, len(each) + 1)), each)
        second, _ = self.fake("3000", "--table", table)
        self.assertEqual((12000 - len(items), len(items)), (second["written"], second["skipped"]))
        self.assertEqual(12000, len(self.events(table)))

    def test_terminal(self):
        """A bar, which is gone when it is over or interrupted."""
        table = self.log_table()
        command = [PROGRAM, "fake", "100000", "--table", table]
        with Terminal(command, self.dynlog.work, self.dynlog.client_environment()) as terminal:
            terminal.wait(r"\d+% \[=*>? *\] [\d,]+ of 400,000 events")
            terminal.wait(r"/s  .* left")
            terminal.send(CONTROL_C)
            self.assertEqual(1, terminal.end())
            shown = terminal.text()
        self.assertRegex(shown, r"\r +\r[^\[%]*\nWritten: [\d,]+ events to " + table)
        self.assertRegex(shown, r"Interrupted: ")
        for part in re.split(r"[\r\n]", shown):
            self.assertLessEqual(len(part), 80)

    def test_wrong_table(self):
        result = self.dynlog.command("fake", "--table", "nobody")
        self.assertEqual((1, ""), (result.returncode, result.stdout))
        self.assertIn("There is no table nobody", result.stderr)


if __name__ == "__main__":
    unittest.main()
