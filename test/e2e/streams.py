"""Change streams: what a record holds, in which order records come, and how they are read."""

import datetime
import unittest

from support.case import Case, event, n, s

VIEWS = {"KEYS_ONLY": set(), "NEW_IMAGE": {"NewImage"}, "OLD_IMAGE": {"OldImage"},
         "NEW_AND_OLD_IMAGES": {"NewImage", "OldImage"}}


class Streams(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.streams = cls.dynlog.client("dynamodbstreams")

    def arn(self, name):
        return self.dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]

    def shards(self, arn):
        return self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]

    def iterator(self, arn, kind="TRIM_HORIZON", shard=None, **more):
        shard = shard or self.shards(arn)[0]["ShardId"]
        return self.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind,
                                               **more)["ShardIterator"]

    def records(self, iterator, limit=1000):
        """All records from there to the end."""
        every = []
        while True:
            answer = self.streams.get_records(ShardIterator=iterator, Limit=limit)
            every += answer["Records"]
            iterator = answer["NextShardIterator"]  # an open shard has one, always
            if not answer["Records"]:
                return every

    def all_records(self, name):
        return [record for shard in self.shards(self.arn(name))
                for record in self.records(self.iterator(self.arn(name), shard=shard["ShardId"]))]

    def put(self, name, pk, **more):
        self.dynamodb.put_item(TableName=name, Item={"pk": s(pk), **more})

    def test_describe_and_list(self):
        name = self.table(range_type="N", stream="NEW_IMAGE")
        arn = self.arn(name)
        stream = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]
        self.assertEqual((name, "ENABLED", "NEW_IMAGE", arn),
                         (stream["TableName"], stream["StreamStatus"], stream["StreamViewType"], stream["StreamArn"]))
        self.assertEqual(["pk", "sk"], [key["AttributeName"] for key in stream["KeySchema"]])
        self.assertEqual(arn.split("/")[-1], stream["StreamLabel"])
        shard = stream["Shards"][0]
        self.assertRegex(shard["ShardId"], r"^shardId-[0-9]{20}-[0-9a-f]{8}$")
        self.assertRegex(shard["SequenceNumberRange"]["StartingSequenceNumber"], r"^[0-9]{21,40}$")
        self.assertNotIn("EndingSequenceNumber", shard["SequenceNumberRange"])
        self.assertEqual([{"StreamArn": arn, "TableName": name, "StreamLabel": stream["StreamLabel"]}],
                         self.streams.list_streams(TableName=name)["Streams"])
        self.assertIn(arn, [each["StreamArn"] for each in self.streams.list_streams()["Streams"]])
        self.assertEqual([], self.streams.list_streams(TableName=self.table())["Streams"])

    def test_view_types(self):
        for view, images in VIEWS.items():
            with self.subTest(view):
                name = self.table(stream=view)
                self.put(name, "a", x=n(1))
                self.put(name, "a", x=n(2))
                self.dynamodb.delete_item(TableName=name, Key={"pk": s("a")})
                records = self.all_records(name)
                self.assertEqual(["INSERT", "MODIFY", "REMOVE"], [record["eventName"] for record in records])
                old, new = {"pk": s("a"), "x": n(1)}, {"pk": s("a"), "x": n(2)}
                expected = [{"NewImage": old}, {"NewImage": new, "OldImage": old}, {"OldImage": new}]
                for record, both in zip(records, expected):
                    change = record["dynamodb"]
                    self.assertEqual({"pk": s("a")}, change["Keys"])
                    self.assertEqual(view, change["StreamViewType"])
                    self.assertEqual({image: both[image] for image in images if image in both},
                                     {image: change[image] for image in ("NewImage", "OldImage") if image in change})
                    self.assertGreater(change["SizeBytes"], 0)

    def test_a_record(self):
        name = self.table(range_type="N", stream="NEW_AND_OLD_IMAGES")
        self.dynamodb.put_item(TableName=name, Item=event("users", "12", 1))
        record = self.all_records(name)[0]
        self.assertEqual(("aws:dynamodb", "INSERT", "us-east-1", "1.1"),
                         (record["eventSource"], record["eventName"], record["awsRegion"], record["eventVersion"]))
        self.assertTrue(record["eventID"])
        self.assertEqual({"pk": s("users#12#stream"), "sk": n(1)}, record["dynamodb"]["Keys"])
        made = record["dynamodb"]["ApproximateCreationDateTime"]
        self.assertLess(abs(datetime.datetime.now(datetime.timezone.utc) - made), datetime.timedelta(seconds=60))

    def test_what_changes_nothing_makes_no_record(self):
        name = self.table(stream="NEW_IMAGE")
        self.put(name, "a", x=n(1))
        self.put(name, "a", x=n("1.0"))
        self.dynamodb.delete_item(TableName=name, Key={"pk": s("none")})
        self.dynamodb.update_item(TableName=name, Key={"pk": s("a")}, UpdateExpression="SET x = :x",
                                  ExpressionAttributeValues={":x": n(1)})
        self.assertEqual(1, len(self.all_records(name)))

    def test_order_of_one_item(self):
        name = self.table(stream="NEW_IMAGE")
        for i in range(30):
            self.put(name, "item-%d" % (i % 3), i=n(i))
        records = self.all_records(name)
        numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
        self.assertEqual(sorted(set(numbers)), numbers)
        for item in range(3):
            own = [int(record["dynamodb"]["NewImage"]["i"]["N"]) for record in records
                   if record["dynamodb"]["Keys"]["pk"]["S"] == "item-%d" % item]
            self.assertEqual(list(range(item, 30, 3)), own)

    def test_batches_and_transactions(self):
        name = self.table(stream="NEW_IMAGE")
        self.dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": {"pk": s("b%d" % i)}}}
                                                            for i in range(5)]})
        self.dynamodb.transact_write_items(TransactItems=[
            {"Put": {"TableName": name, "Item": {"pk": s("t1")}}},
            {"Delete": {"TableName": name, "Key": {"pk": s("b0")}}}])
        records = self.all_records(name)
        self.assertEqual({"b0", "b1", "b2", "b3", "b4", "t1"}, {record["dynamodb"]["Keys"]["pk"]["S"]
                                                               for record in records})
        self.assertEqual("REMOVE", [record for record in records
                                    if record["dynamodb"]["Keys"]["pk"]["S"] == "b0"][-1]["eventName"])

    def test_pages(self):
        name = self.table(stream="KEYS_ONLY")
        for i in range(23):
            self.put(name, "p%02d" % i)
        arn = self.arn(name)
        iterator, sizes, every = self.iterator(arn), [], []
        while sizes[-1:] != [0]:
            answer = self.streams.get_records(ShardIterator=iterator, Limit=10)
            iterator = answer["NextShardIterator"]
            sizes.append(len(answer["Records"]))
            every += [record["dynamodb"]["Keys"]["pk"]["S"] for record in answer["Records"]]
        self.assertEqual([10, 10, 3, 0], sizes)
        self.assertEqual(["p%02d" % i for i in range(23)], every)
        self.put(name, "later")
        answer = self.streams.get_records(ShardIterator=iterator)
        self.assertEqual(["later"], [record["dynamodb"]["Keys"]["pk"]["S"] for record in answer["Records"]])

    def test_iterators(self):
        name = self.table(stream="KEYS_ONLY")
        arn = self.arn(name)
        for i in range(5):
            self.put(name, "i%d" % i)
        latest = self.iterator(arn, "LATEST")
        records = self.records(self.iterator(arn))
        at = {"SequenceNumber": records[2]["dynamodb"]["SequenceNumber"]}

        def keys(iterator):
            return [record["dynamodb"]["Keys"]["pk"]["S"] for record in self.records(iterator)]

        self.assertEqual(["i2", "i3", "i4"], keys(self.iterator(arn, "AT_SEQUENCE_NUMBER", **at)))
        self.assertEqual(["i3", "i4"], keys(self.iterator(arn, "AFTER_SEQUENCE_NUMBER", **at)))
        self.assertEqual([], keys(latest))
        self.put(name, "new")
        self.assertEqual(["new"], keys(latest))  # the same place again

    def test_images_of_every_kind(self):
        name = self.table(stream="NEW_IMAGE")
        item = {"pk": s("a"), "b": {"B": b"\x00\xff"}, "bs": {"BS": [b"\x01"]}, "null": {"NULL": True},
                "m": {"M": {"l": {"L": [{"BOOL": False}]}}}}
        self.dynamodb.put_item(TableName=name, Item=item)
        self.assertEqual(item, self.all_records(name)[0]["dynamodb"]["NewImage"])

    def test_wrong_requests(self):
        arn = self.arn(self.table(stream="KEYS_ONLY"))
        self.refused("ResourceNotFoundException", None, self.streams.describe_stream, StreamArn=arn + "0")
        self.refused("ResourceNotFoundException", None, self.streams.get_shard_iterator, StreamArn=arn,
                     ShardId="shardId-00000000000000000000-ffffffff", ShardIteratorType="LATEST")
        self.refused("ValidationException", None, self.streams.get_shard_iterator, StreamArn=arn,
                     ShardId=self.shards(arn)[0]["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER")
        self.refused("ValidationException", None, self.streams.get_records, ShardIterator="x" * 40)
        self.refused("ValidationException", None, self.streams.get_records, ShardIterator=self.iterator(arn),
                     Limit=1001)

    def test_a_stream_that_was_switched_off(self):
        name = self.table(stream="KEYS_ONLY")
        arn = self.arn(name)
        self.put(name, "a")
        self.dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
        self.put(name, "b")
        self.assertEqual("DISABLED", self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["StreamStatus"])
        answer = self.streams.get_records(ShardIterator=self.iterator(arn))
        self.assertEqual(["a"], [record["dynamodb"]["Keys"]["pk"]["S"] for record in answer["Records"]])


if __name__ == "__main__":
    unittest.main()
