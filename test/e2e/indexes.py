"""Secondary indexes with a real client: made with the table or later, read in pages, dropped; and indexes of a stack
file, as the file changes."""

import unittest

from support.case import Case, n, numbers, s
from support.server import Dynlog


def attributes(*pairs):
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in pairs]


def keys(hash_name, *range_names):
    return ([{"AttributeName": hash_name, "KeyType": "HASH"}] +
            [{"AttributeName": name, "KeyType": "RANGE"} for name in range_names])


def index(name, schema, projection="ALL", included=None):
    shown = {"ProjectionType": projection}
    if included is not None:
        shown["NonKeyAttributes"] = included
    return {"IndexName": name, "KeySchema": schema, "Projection": shown}


class Indexes(Case):
    def indexed(self, **more):
        name = "indexed-%d" % next(numbers)
        self.dynamodb.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=keys("pk", "sk"),
            AttributeDefinitions=attributes(("pk", "S"), ("sk", "N"), ("a", "S")),
            GlobalSecondaryIndexes=[index("by_a", keys("a", "sk"))],
            LocalSecondaryIndexes=[index("local", keys("pk", "a"), "KEYS_ONLY")], **more)
        self.dynamodb.get_waiter("table_exists").wait(TableName=name)
        return name

    def fill(self, name, count):
        for start in range(0, count, 25):
            self.dynamodb.batch_write_item(RequestItems={name: [
                {"PutRequest": {"Item": {"pk": s("p%d" % (i % 7)), "sk": n(i), "a": s("a%d" % (i % 3)), "v": s("x" * 100)}}}
                for i in range(start, min(start + 25, count))]})

    def pages(self, operation, **more):
        paginator = self.dynamodb.get_paginator(operation)
        return [item for page in paginator.paginate(**more) for item in page["Items"]]

    def test_query_in_pages(self):
        name = self.indexed()
        self.fill(name, 300)
        asked = dict(TableName=name, IndexName="by_a", KeyConditionExpression="a = :a AND sk >= :low",
                     ExpressionAttributeValues={":a": s("a1"), ":low": n(100)})
        expected = [i for i in range(100, 300) if i % 3 == 1]
        for size in (7, 1000):
            items = self.pages("query", PaginationConfig={"PageSize": size}, **asked)
            self.assertEqual(expected, [int(item["sk"]["N"]) for item in items])
        items = self.pages("query", PaginationConfig={"PageSize": 10}, ScanIndexForward=False, **asked)
        self.assertEqual(expected[::-1], [int(item["sk"]["N"]) for item in items])
        self.assertEqual(300, len(self.pages("scan", TableName=name, IndexName="by_a")))

    def test_parallel_scan(self):
        name = self.indexed()
        self.fill(name, 200)
        found = [int(item["sk"]["N"]) for segment in range(4)
                 for item in self.pages("scan", TableName=name, IndexName="local", Segment=segment, TotalSegments=4,
                                        PaginationConfig={"PageSize": 11})]
        self.assertEqual(list(range(200)), sorted(found))

    def test_local_index_fetches(self):
        name = self.indexed()
        self.fill(name, 30)
        answer = self.dynamodb.query(TableName=name, IndexName="local", Select="ALL_ATTRIBUTES", ConsistentRead=True,
                                     KeyConditionExpression="pk = :p AND a = :a", ReturnConsumedCapacity="INDEXES",
                                     ExpressionAttributeValues={":p": s("p1"), ":a": s("a0")})
        self.assertEqual([15], [int(item["sk"]["N"]) for item in answer["Items"]])
        self.assertEqual("x" * 100, answer["Items"][0]["v"]["S"])
        self.assertEqual({"local": {"CapacityUnits": 1.0}}, answer["ConsumedCapacity"]["LocalSecondaryIndexes"])
        self.assertEqual(1.0, answer["ConsumedCapacity"]["Table"]["CapacityUnits"])

    def test_made_and_dropped_while_in_use(self):
        name = self.table(range_type="N")
        self.fill(name, 1500)
        self.dynamodb.update_table(TableName=name, AttributeDefinitions=attributes(("a", "S")),
                                   GlobalSecondaryIndexUpdates=[{"Create": index("late", keys("a", "sk"), "KEYS_ONLY")}])
        self.dynamodb.put_item(TableName=name, Item={"pk": s("p0"), "sk": n(0), "a": s("a9")})
        self.dynamodb.delete_item(TableName=name, Key={"pk": s("p2"), "sk": n(9)})
        self.dynlog.drain()  # indexes that are being filled are waited for, too
        described = self.dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"][0]
        self.assertEqual(("ACTIVE", 1499), (described["IndexStatus"], described["ItemCount"]))
        self.assertNotIn("Backfilling", described)
        found = self.pages("query", TableName=name, IndexName="late", KeyConditionExpression="a = :a",
                           ExpressionAttributeValues={":a": s("a0")})
        self.assertEqual([i for i in range(1500) if i % 3 == 0 and i not in (0, 9)],
                         [int(item["sk"]["N"]) for item in found])
        self.assertEqual({"pk", "sk", "a"}, set(found[0]))
        self.dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "late"}}])
        self.assertNotIn("GlobalSecondaryIndexes", self.dynamodb.describe_table(TableName=name)["Table"])
        self.refused("ValidationException", "The table does not have the specified index: late",
                     self.dynamodb.scan, TableName=name, IndexName="late")

    def test_item_collections(self):
        name = self.indexed()
        answer = self.dynamodb.put_item(TableName=name, Item={"pk": s("p"), "sk": n(1)}, ReturnItemCollectionMetrics="SIZE")
        self.assertEqual({"ItemCollectionKey": {"pk": s("p")}, "SizeEstimateRangeGB": [0.0, 1.0]},
                         answer["ItemCollectionMetrics"])


HANDLER = "exports.one = async () => {}"
STACK = """
service: app
provider: {name: aws, runtime: nodejs20.x}
functions: {one: {handler: handler.one}}
resources:
  Resources:
    table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: table
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}, {AttributeName: a, AttributeType: S}, {AttributeName: b, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
        LocalSecondaryIndexes:
          - IndexName: local
            KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: b, KeyType: RANGE}]
            Projection: {ProjectionType: KEYS_ONLY}
        GlobalSecondaryIndexes:
          - IndexName: by_a
            KeySchema: [{AttributeName: a, KeyType: HASH}, {AttributeName: b, KeyType: RANGE}]
            Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [x, y]}
        TimeToLiveSpecification: {AttributeName: until, Enabled: true}
"""
BY_B = """          - IndexName: by_b
            KeySchema: [{AttributeName: b, KeyType: HASH}]
            Projection: {ProjectionType: ALL}
"""
TTL = "        TimeToLiveSpecification: {AttributeName: until, Enabled: true}\n"


class OfAStackFile(unittest.TestCase):
    def shown(self, dynlog):
        table = dynlog.client("dynamodb").describe_table(TableName="table")["Table"]
        return {each["IndexName"]: each for each in table.get("GlobalSecondaryIndexes", [])}

    def again(self, dynlog, stack):
        dynlog.stop()
        dynlog.write("serverless.yml", stack)
        dynlog.start()
        return dynlog.client("dynamodb")

    def time_to_live(self, dynlog):
        return dynlog.client("dynamodb").describe_time_to_live(TableName="table")["TimeToLiveDescription"]

    def test_they_are_made_and_follow_the_file(self):
        with Dynlog({"serverless.yml": STACK, "handler.js": HANDLER}) as dynlog:
            dynamodb = dynlog.client("dynamodb")
            table = dynamodb.describe_table(TableName="table")["Table"]
            self.assertEqual("local", table["LocalSecondaryIndexes"][0]["IndexName"])
            self.assertEqual({"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y"]},
                             self.shown(dynlog)["by_a"]["Projection"])
            self.assertEqual({"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}, self.time_to_live(dynlog))
            for i in range(30):
                dynamodb.put_item(TableName="table", Item={"pk": s("p"), "sk": n(i), "a": s("a"), "b": n(i % 2), "z": s("z")})

            # one more: it is filled when the banner is there
            dynamodb = self.again(dynlog, STACK.replace(TTL, BY_B + TTL))
            self.assertEqual({"by_a", "by_b"}, set(self.shown(dynlog)))
            self.assertRegex(dynlog.process.err.text(), r"note: serverless\.yml:\d+:\d+: table table: index by_b is made and filled")
            self.assertEqual(15, dynamodb.query(TableName="table", IndexName="by_b", KeyConditionExpression="b = :b",
                                                ExpressionAttributeValues={":b": n(1)})["Count"])

            # one less, another key of the same name, another projection, all at once; another time to live
            changed = (STACK.replace("{AttributeName: a, KeyType: HASH}, {AttributeName: b, KeyType: RANGE}", "{AttributeName: b, KeyType: HASH}")
                       .replace("{AttributeName: a, AttributeType: S}, ", "")
                       .replace("{ProjectionType: INCLUDE, NonKeyAttributes: [x, y]}", "{ProjectionType: KEYS_ONLY}")
                       .replace("AttributeName: until", "AttributeName: other"))
            dynamodb = self.again(dynlog, changed)
            self.assertEqual({"by_a"}, set(self.shown(dynlog)))
            found = dynamodb.query(TableName="table", IndexName="by_a", KeyConditionExpression="b = :b",
                                   ExpressionAttributeValues={":b": n(0)})["Items"]
            self.assertEqual((15, {"pk", "sk", "b"}), (len(found), set(found[0])))
            self.assertEqual({"TimeToLiveStatus": "ENABLED", "AttributeName": "other"}, self.time_to_live(dynlog))
            self.assertIn("index by_b is not in the stack file any more, and is dropped", dynlog.process.err.text())
            self.assertIn("index by_a has another key or projection in the stack file, and is made anew",
                          dynlog.process.err.text())

            # the same again: nothing to say; switched off
            self.again(dynlog, changed.replace("Enabled: true", "Enabled: false"))
            self.assertNotIn("index", dynlog.process.err.text())
            self.assertEqual({"TimeToLiveStatus": "DISABLED"}, self.time_to_live(dynlog))
            self.assertEqual(30, dynlog.client("dynamodb").scan(TableName="table", Select="COUNT")["Count"])

    def refused(self, dynlog, stack, words):
        dynlog.stop()
        dynlog.write("serverless.yml", stack)
        process = dynlog.spawn()
        self.assertEqual(1, process.wait())
        dynlog.process = None
        dynlog.expect_clean(process)
        self.assertRegex(process.err.text(), r"serverless\.yml:\d+:\d+: table can't be made: the data folder has a table "
                                             r"of this name with " + words)

    def test_what_never_changes_is_refused(self):
        with Dynlog({"serverless.yml": STACK, "handler.js": HANDLER}) as dynlog:
            self.refused(dynlog, STACK.replace("IndexName: local", "IndexName: renamed"), "other local indexes, which never change")
            self.refused(dynlog, STACK.replace("AttributeName: sk, AttributeType: N", "AttributeName: sk, AttributeType: S"), "other keys")
            self.again(dynlog, STACK)

    def test_without_a_file_nobody_touches_indexes(self):
        with Dynlog() as dynlog:
            dynlog.client("dynamodb").update_table(
                TableName="local-core", AttributeDefinitions=attributes(("a", "S")),
                GlobalSecondaryIndexUpdates=[{"Create": index("mine", keys("a"))}])
            dynlog.stop()
            dynlog.start()
            table = dynlog.client("dynamodb").describe_table(TableName="local-core")["Table"]
            self.assertEqual(["mine"], [each["IndexName"] for each in table["GlobalSecondaryIndexes"]])


if __name__ == "__main__":
    unittest.main()
