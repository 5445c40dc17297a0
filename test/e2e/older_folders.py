"""Data folders that older dynlogs wrote (folders/README.md), opened by this one."""

import json
import os
import random
import tarfile
import unittest

from support.server import Dynlog

FOLDERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "folders")
TABLES = {"local-dynamodb-logs": 1897, "other-logs": 300}  # and how many events each has
CHANGES_FROM = 1300  # events that were written after that many others have their change records still


def key_of(item):
    log, stream = item["pk"]["S"].removesuffix("#stream").split("#", 1)
    return log, stream, int(item["sk"]["N"])


class BeforeOrder(unittest.TestCase):
    """From before there was an order of events: it is made, and kill -9 in the middle of that changes nothing."""

    maxDiff = None

    def unpack(self):
        dynlog = Dynlog(arguments=["--clock", "manual"])  # it stands where it stood: change records are not yet too old
        self.addCleanup(dynlog.remove)
        self.addCleanup(dynlog.stop, check=False)
        with tarfile.open(os.path.join(FOLDERS, "before_order.tar.xz")) as tar:
            tar.extractall(dynlog.path(".dynlog"))
        return dynlog

    @staticmethod
    def written(dynlog):
        """Groups in the store's log (docs/format/store.md)."""
        groups, folder = 0, dynlog.path(".dynlog", "log")
        try:
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), "rb", buffering=0) as file:
                    salt, at = os.pread(file.fileno(), 8, 32), 8192
                    while any(salt) and (head := os.pread(file.fileno(), 24, at))[16:] == salt:
                        groups, at = groups + 1, at + (24 + int.from_bytes(head[4:8], "big") + 7) // 8 * 8
        except FileNotFoundError:  # it is being made
            pass
        return groups

    def kill_after(self, dynlog, groups):
        """Starts, and kill -9 once the store has written so many groups; how many it has. Or once it is ready: None."""
        before = self.written(dynlog)
        process = dynlog.spawn()
        wrote = 0
        while wrote < groups and "is ready" not in process.out.text():
            wrote = self.written(dynlog) - before
            self.assertIsNone(process.popen.poll(), process.err.text())
        is_ready = "is ready" in process.out.text()
        dynlog.kill()
        return None if is_ready else wrote

    # ---- what must be there ----

    def queried(self, dynlog, table):
        """The events of a table by Query, each stream for itself: key -> item."""
        dynamodb, events = dynlog.client("dynamodb"), {}
        streams = {item["pk"]["S"] for page in dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"]}
        for stream in streams:
            if not stream.endswith("#stream"):
                continue
            for page in dynamodb.get_paginator("query").paginate(
                    TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": stream}}):
                events.update((key_of(item), item) for item in page["Items"] if "." not in item["sk"]["N"])
        return events

    def lines(self, dynlog, query):
        status, _, body = dynlog.request("GET", "/_dynlog/log?follow=false" + query)
        self.assertEqual(200, status, body)
        return [json.loads(line) for line in body.decode().splitlines()]

    def check(self, dynlog):
        """Every event has its place, once: those without change records first, by their keys; then the others, as they were
        appended. Returns the order of everything."""
        dynlog.drain()
        order = {}
        for table, count in TABLES.items():
            events = self.queried(dynlog, table)
            self.assertEqual(count, len(events))
            numbers = {key: int(item["payload"]["M"]["n"]["N"]) for key, item in events.items()}
            by_key = sorted(events, key=lambda key: (events[key]["pk"]["S"].encode(), key[2]))
            recorded = [key for key in by_key if numbers[key] > CHANGES_FROM]
            expected = [key for key in by_key if numbers[key] <= CHANGES_FROM] + sorted(recorded, key=numbers.get)
            lines = self.lines(dynlog, "&table=" + table)
            order[table] = [(line["log"], line["id"], line["version"]) for line in lines]
            self.assertEqual(expected, order[table])
            self.assertEqual([numbers[key] for key in expected], [line["payload"]["n"] for line in lines])
            positions = [line["position"] for line in lines]
            self.assertEqual(sorted(set(positions)), positions)
            self.assertEqual(lines, self.lines(dynlog, "&backward=true&table=" + table)[::-1])
            for log in ("users", "orders", "rooms"):
                self.assertEqual([line for line in lines if line["log"] == log], self.lines(dynlog, "&table=%s&log=%s" % (table, log)))
        return order

    def test_it_is_made(self):
        dynlog = self.unpack()
        dynlog.start()
        order = self.check(dynlog)
        dynlog.kill()
        dynlog.restart()
        self.assertEqual(order, self.check(dynlog))
        dynlog.stop()

    def test_killed_while_it_is_made(self):
        whole = self.unpack()
        whole.start()
        groups = self.written(whole)
        whole.stop()
        seed = random.randrange(1 << 32)
        chosen, killed = random.Random(seed), 0
        for _ in range(4):
            dynlog, left = self.unpack(), groups
            while left > 0:
                wrote = self.kill_after(dynlog, chosen.randrange(1, left + 1))
                if wrote is None:
                    break
                killed, left = killed + 1, left - wrote
            dynlog.restart()
            with self.subTest(seed=seed):
                self.check(dynlog)
            dynlog.stop()
        self.assertGreater(killed, 0, "seed %d" % seed)


if __name__ == "__main__":
    unittest.main()
