"""Makes before_order.tar.xz: what a dynlog from before the one order leaves in its data folder. README.md says how."""

import io
import os
import random
import re
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support.case import event, n, s
from support.server import Dynlog

LOGS, OTHER = "local-dynamodb-logs", "other-logs"
IDS = ["1", "2", "10", "a b", "Zoë", "with#hash"] + ["id-%d" % number for number in range(60)]
TYPES = {"users": ["signup", "moved", "renamed"], "orders": ["placed", "paid"], "rooms": ["opened"]}


class Writer:
    def __init__(self, dynamodb):
        self.dynamodb, self.chosen = dynamodb, random.Random(7)
        self.versions, self.number = {}, 0

    def next(self, table):
        """The next event of some stream; its payload says how many were written before it."""
        log = self.chosen.choice(sorted(TYPES))
        stream = self.chosen.choice(IDS)
        version = self.versions[table, log, stream] = self.versions.get((table, log, stream), 0) + 1
        self.number += 1
        return event(log, stream, version, self.chosen.choice(TYPES[log]), {"n": n(self.number)})

    def put(self, table, count):
        for _ in range(count):
            self.dynamodb.put_item(TableName=table, Item=self.next(table))

    def transact(self, table, count):
        for _ in range(count):
            self.dynamodb.transact_write_items(TransactItems=[
                {"Put": {"TableName": table, "Item": self.next(table)}} for _ in range(10)])

    def change(self, table):
        """What is overwritten keeps its place; what is deleted and written again is the last."""
        for log, stream in (("users", "1"), ("orders", "Zoë"), ("rooms", "with#hash")):
            key = {"pk": s("%s#%s#stream" % (log, stream)), "sk": n(1)}
            item = self.dynamodb.get_item(TableName=table, Key=key)["Item"]
            self.dynamodb.put_item(TableName=table, Item={**item, "again": s("yes")})
            key["sk"] = n(2)
            item = self.dynamodb.get_item(TableName=table, Key=key)["Item"]
            self.dynamodb.delete_item(TableName=table, Key=key)
            self.number += 1
            item["payload"] = {"M": {"n": n(self.number)}}
            self.dynamodb.put_item(TableName=table, Item=item)
            self.dynamodb.delete_item(TableName=table, Key={**key, "sk": n(3)})

    def add_rows(self, table):
        """Items that are no events."""
        for number in range(20):
            self.dynamodb.put_item(TableName=table, Item={"pk": s("row#%d" % number), "sk": n(1), "log": s("row"), "type": s("t")})
        self.dynamodb.put_item(TableName=table, Item=event("users", "1", "1.5"))


def main():
    with Dynlog(arguments=["--clock", "manual=2026-01-01T00:00:00Z"]) as dynlog:
        dynamodb = dynlog.client("dynamodb")
        dynamodb.create_table(
            TableName=OTHER, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
        writer = Writer(dynamodb)
        writer.transact(LOGS, 100)
        writer.transact(OTHER, 30)
        writer.add_rows(LOGS)
        dynlog.drain()
        dynlog.advance("25h")  # their change records are gone then
        dynlog.drain()
        writer.put(LOGS, 300)
        writer.transact(LOGS, 60)
        writer.change(LOGS)
        dynlog.drain()
        dynlog.stop()
        pack(dynlog.path(".dynlog"), sys.argv[1])


def pack(folder, to):
    """The same bytes of the same files, whoever packs them and when."""
    with tarfile.open(to, "w:xz", preset=9) as tar:
        for parent, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(parent, name)
                inside = os.path.relpath(path, folder)
                if not inside.startswith("store/") and name not in ("format", "dynlog.lock") or re.match("LOG|OPTIONS", name):
                    continue  # what is made again, and what RocksDB tells people
                with open(path, "rb") as file:
                    data = file.read()
                entry = tarfile.TarInfo(inside)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))


main()
