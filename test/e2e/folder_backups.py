"""dynlog backup and dynlog restore: copies of a whole data folder, made while it is written and after kill -9, checked,
opened, and put back; point in time from a restored folder."""

import json
import os
import sqlite3
import tarfile
import threading
import unittest

from support.case import event, n, s
from support.disk import may_mount, own_disk
from support.server import Dynlog

LOGS = "local-dynamodb-logs"
FOLDERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "folders")


class Writers:
    """Threads that append to streams of their own, and note what was acknowledged, in the order of that."""

    def __init__(self, dynlog, count):
        self.acknowledged, self.stop, self.more = [], threading.Event(), threading.Condition()
        self.threads = [threading.Thread(target=self.write, args=(dynlog, number)) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def write(self, dynlog, number):
        version = 0
        while not self.stop.is_set():
            version += 1
            try:
                status, _ = dynlog.call("DynamoDB_20120810.PutItem", {
                    "TableName": LOGS, "Item": event("users", "w%d" % number, version),
                    "ConditionExpression": "attribute_not_exists(pk)"})
            except OSError:  # it was killed
                return
            if status == 200:
                with self.more:
                    self.acknowledged.append(("users#w%d#stream" % number, version))
                    self.more.notify_all()

    def wait_for(self, count):
        with self.more:
            assert self.more.wait_for(lambda: len(self.acknowledged) >= count, 600)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class Copied(unittest.TestCase):
    maxDiff = None

    def dynlog(self, *arguments):
        dynlog = Dynlog(arguments=arguments)
        self.addCleanup(dynlog.remove)
        self.addCleanup(dynlog.stop, check=False)
        return dynlog

    def done(self, dynlog, *arguments):
        """A command that ends well; its JSON lines."""
        result = dynlog.command(*arguments)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def failed(self, dynlog, message, *arguments):
        result = dynlog.command(*arguments)
        self.assertEqual(1, result.returncode, result.stdout + result.stderr)
        self.assertIn(message, result.stderr)

    def opened(self, folder, *arguments):
        """Another dynlog on that folder."""
        return self.dynlog("--data", folder, *arguments).start()

    @staticmethod
    def events(dynlog):
        pages = dynlog.client("dynamodb").get_paginator("scan").paginate(TableName=LOGS)
        return {(item["pk"]["S"], int(item["sk"]["N"])) for page in pages for item in page["Items"]
                if item["sk"]["N"].isdecimal() and "type" in item}

    @staticmethod
    def archived(path):
        """Keys of events in a SQLite archive, each as often as it is there."""
        database = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
        try:
            keys = [json.loads(row[0])["detail"]["key"] for row in database.execute("select event from events")]
        finally:
            database.close()
        return sorted((key["pk"], int(key["sk"])) for key in keys)


class WhileWriting(Copied):
    def test_every_copy_is_of_one_moment(self):
        dynlog = self.dynlog().start()
        writers = Writers(dynlog, 8)
        self.addCleanup(writers.end)
        copies = []
        for number in range(3):
            writers.wait_for(100 * (number + 1))
            before = list(writers.acknowledged)
            *_, made = self.done(dynlog, "backup", "copy%d" % number)
            begun = len(writers.acknowledged) + len(writers.threads)  # and those that were under way
            copies.append((made["backup"], before, begun))
        writers.wait_for(copies[-1][2] + 100)
        writers.end()
        after = {name: set(writers.acknowledged[begun:]) for name, _, begun in copies}
        dynlog.drain()
        dynlog.stop()
        for name, before, _ in copies:
            folder = dynlog.path(name)
            self.done(dynlog, "check", folder, "--gapless")
            archive = os.path.join(folder, "archive.db")
            copy = self.opened(folder, "--archive", archive)
            there = self.events(copy)
            copy.drain()
            copy.stop()
            self.assertEqual(set(), set(before) - there, "acknowledged before it began, and lost")
            self.assertEqual(set(), after[name] & there, "written after it had ended, and there")
            self.assertEqual(sorted(there), self.archived(archive))  # exactly once

    def test_killed_in_the_middle(self):
        dynlog = self.dynlog().start()
        for number in range(4):
            writers = Writers(dynlog, 2)
            writers.wait_for(20 * (number + 1))
            status, _, text = dynlog.request("POST", "/_dynlog/backup", json.dumps(
                {"to": dynlog.path("killed%d" % number), "ownBytes": True}))
            self.assertEqual(202, status, text)
            dynlog.kill()  # looks whether the source is whole
            writers.end()
            if os.path.exists(dynlog.path("killed%d" % number)):  # it was quicker
                self.done(dynlog, "check", dynlog.path("killed%d" % number))
            dynlog.restart()
            self.assertEqual(set(), set(writers.acknowledged) - self.events(dynlog))
        # What a killed one left is in nobody's way.
        name = dynlog.path("killed")
        os.makedirs(name + ".part/store")
        open(name + ".part/dynlog.lock", "w", encoding="ascii").close()
        self.done(dynlog, "backup", name, "--check")
        self.assertFalse(os.path.exists(name + ".part"))

    def test_refused(self):
        dynlog = self.dynlog().start()
        os.mkdir(dynlog.path("there"))
        self.failed(dynlog, "There is something at", "backup", "there")
        self.assertFalse(os.path.exists(dynlog.path("there.part")))
        self.failed(dynlog, "cannot be made", "backup", "/proc/nowhere/copy")
        self.failed(dynlog, "in use", "backup", "copy", "--data", ".dynlog")
        self.failed(dynlog, "in use", "check", ".dynlog")
        self.assertEqual(400, dynlog.request("POST", "/_dynlog/backup", '{"to":"relative"}')[0])
        self.assertEqual(400, dynlog.request("POST", "/_dynlog/backup", "x")[0])
        in_memory = self.dynlog("--memory").start()
        self.failed(in_memory, "in memory", "backup", "copy")

    def test_a_full_disk(self):
        dynlog = self.dynlog()
        disk = dynlog.path("disk")
        os.mkdir(disk)
        if not may_mount(disk):
            self.skipTest("a process may not mount a disk of its own here")
        dynlog.prefix = tuple(own_disk(disk, "2m", 'exec "$@"'))
        dynlog.start()
        dynamodb = dynlog.client("dynamodb")
        for version in range(1, 13):
            dynamodb.put_item(TableName=LOGS, Item={**event("users", "1", version), "more": s(os.urandom(150000).hex())})
        self.failed(dynlog, "full", "backup", "disk/copy")
        on_disk = "/proc/%d/root%s" % (dynlog.process.popen.pid, disk)
        self.assertEqual([], os.listdir(on_disk), "what it had made of the copy")
        dynamodb.put_item(TableName=LOGS, Item=event("users", "1", 13))
        self.done(dynlog, "backup", "copy", "--check")
        copy = self.opened(dynlog.path("copy"))
        self.assertEqual({("users#1#stream", version) for version in range(1, 14)}, self.events(copy))


class PutBack(Copied):
    def test_restored_and_on(self):
        dynlog = self.dynlog().start()
        dynamodb = dynlog.client("dynamodb")
        for version in range(1, 4):
            dynamodb.put_item(TableName=LOGS, Item=event("users", "1", version))
        dynlog.drain()
        self.done(dynlog, "backup", "copy")
        dynamodb.put_item(TableName=LOGS, Item=event("users", "1", 4))
        dynlog.stop()
        self.failed(dynlog, "is no backup", "restore", ".dynlog", "new")
        self.failed(dynlog, "holds something", "restore", "copy", ".dynlog")
        self.done(dynlog, "restore", "copy", "new", "--archive", "new.db")
        self.failed(dynlog, "holds something", "restore", "copy", "new")
        self.failed(dynlog, "There is a file", "restore", "copy", "other", "--archive", "new.db")
        self.assertFalse(os.path.exists(dynlog.path("other")))
        new = self.opened(dynlog.path("new"), "--archive", dynlog.path("new.db"))
        self.assertEqual({("users#1#stream", version) for version in (1, 2, 3)}, self.events(new))
        new.client("dynamodb").put_item(TableName=LOGS, Item=event("users", "1", 4))
        new.drain()
        new.stop()
        self.assertEqual([("users#1#stream", version) for version in (1, 2, 3, 4)],
                         self.archived(dynlog.path("new.db")))
        self.done(dynlog, "check", "copy")  # is as it was

    def test_point_in_time(self):
        dynlog = self.dynlog("--clock", "manual=2026-01-31T00:00:00Z").start()
        dynamodb = dynlog.client("dynamodb")
        dynamodb.update_continuous_backups(TableName=LOGS, PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": True})
        for version in range(1, 4):
            dynlog.advance("1h")
            dynamodb.put_item(TableName=LOGS, Item=event("users", "1", version))
        dynlog.drain()
        self.done(dynlog, "backup", "copy")
        dynlog.stop()
        self.done(dynlog, "restore", "copy", "new")
        new = self.opened(dynlog.path("new"), "--clock", "manual")
        dynamodb = new.client("dynamodb")
        dynamodb.restore_table_to_point_in_time(SourceTableName=LOGS, TargetTableName="then",
                                                RestoreDateTime="2026-01-31T02:30:00Z")
        new.drain()
        items = dynamodb.scan(TableName="then")["Items"]
        self.assertEqual([n(1), n(2)], sorted((item["sk"] for item in items), key=lambda sk: sk["N"]))
        new.stop()  # looks whether it is whole

    def test_older_folder(self):
        dynlog = self.dynlog()
        with tarfile.open(os.path.join(FOLDERS, "before_order.tar.xz")) as tar:
            tar.extractall(dynlog.path("old"))
        *_, told = self.done(dynlog, "check", "old")
        self.assertEqual(0, told["findings"])
        self.done(dynlog, "backup", "copy", "--data", "old", "--check")
        self.done(dynlog, "restore", "copy", "new", "--own-bytes")
        new = self.opened(dynlog.path("new"), "--clock", "manual")
        self.assertLessEqual(1897, len(self.events(new)))
        new.stop()

    def test_damage_is_told(self):
        dynlog = self.dynlog().start()
        dynamodb = dynlog.client("dynamodb")
        for version in range(1, 200):
            dynamodb.put_item(TableName=LOGS, Item={**event("users", "1", version), "more": s("x" * 200)})
        dynlog.drain()
        dynlog.stop()
        with open(dynlog.path(".dynlog", "log", "000001"), "r+b") as file:
            file.seek(file.read().index(b"x" * 200))  # in the first item: others stand behind it
            file.write(b"X")
        result = dynlog.command("check")
        self.assertEqual(6, result.returncode, result.stdout + result.stderr)
        self.assertIn("damaged-log", result.stdout)


if __name__ == "__main__":
    unittest.main()
