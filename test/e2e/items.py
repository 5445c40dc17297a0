"""Items: every way to write and read one, with conditions, return values and their errors."""

import decimal
import json
import unittest

import boto3.dynamodb.types

from support.case import Case, event, n, s

ALL_KINDS = {
    "pk": s("kinds"),
    "n": n("-12345678901234567890.123456789"),
    "b": {"B": b"\x00\xff\n"},
    "bool": {"BOOL": True},
    "null": {"NULL": True},
    "ss": {"SS": ["a", "å", "b"]},
    "ns": {"NS": ["1", "2.5"]},
    "bs": {"BS": [b"1", b"\x00"]},
    "l": {"L": [n(1), s(""), {"L": []}]},
    "m": {"M": {"deep": {"M": {"x": {"NULL": True}}}, "": s("an empty name")}},
    "empty": s(""),
}
CONDITION_FAILED = "The conditional request failed"


def sets_sorted(item):
    return {name: {kind: sorted(value) if kind in ("SS", "NS", "BS") else value}
            for name, attribute in item.items() for kind, value in attribute.items()}


class Writing(Case):
    def setUp(self):
        self.name = self.table()

    def get(self, pk="a", **more):
        return self.dynamodb.get_item(TableName=self.name, Key={"pk": s(pk)}, ConsistentRead=True, **more).get("Item")

    def put(self, item, **more):
        return self.dynamodb.put_item(TableName=self.name, Item=item, **more)

    def update(self, expression, values=None, pk="a", **more):
        if values:
            more["ExpressionAttributeValues"] = values
        return self.dynamodb.update_item(TableName=self.name, Key={"pk": s(pk)}, UpdateExpression=expression, **more)

    def test_every_kind_of_value(self):
        self.put(ALL_KINDS)
        self.assertEqual(sets_sorted(ALL_KINDS), sets_sorted(self.get("kinds")))

    def test_boto3_resource(self):
        table = boto3.resource("dynamodb", endpoint_url=self.dynlog.endpoint, region_name="us-east-1",
                               aws_access_key_id="x", aws_secret_access_key="x").Table(self.name)
        item = {"pk": "r", "n": decimal.Decimal("1.50"), "set": {"a", "b"}, "list": [None, True, b"x"]}
        table.put_item(Item=item)
        item["list"] = [None, True, boto3.dynamodb.types.Binary(b"x")]
        self.assertEqual(item, table.get_item(Key={"pk": "r"})["Item"])

    def test_numbers_are_written_as_aws_writes_them(self):
        for given, stored in (("1.50", "1.5"), ("007", "7"), ("-0", "0"), ("1e3", "1000"), ("1E-5", "0.00001"),
                              ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999")):
            self.put({"pk": s("a"), "n": n(given)})
            self.assertEqual(stored, self.get()["n"]["N"])
        self.refused("ValidationException", None, self.put, {"pk": s("a"), "n": n("1" * 39)})
        self.refused("ValidationException", "The parameter cannot be converted to a numeric value: x",
                     self.put, {"pk": s("a"), "n": n("x")})

    def test_put_over(self):
        self.put({"pk": s("a"), "x": n(1)})
        answer = self.put({"pk": s("a"), "y": n(2)}, ReturnValues="ALL_OLD")
        self.assertEqual({"pk": s("a"), "x": n(1)}, answer["Attributes"])
        self.assertEqual({"pk": s("a"), "y": n(2)}, self.get())

    def test_append_once(self):
        self.put({"pk": s("a"), "x": n(1)}, ConditionExpression="attribute_not_exists(pk)")
        answer = self.refused("ConditionalCheckFailedException", CONDITION_FAILED, self.put, {"pk": s("a")},
                              ConditionExpression="attribute_not_exists(pk)")
        self.assertEqual(400, answer["ResponseMetadata"]["HTTPStatusCode"])
        self.assertTrue(answer["ResponseMetadata"]["RequestId"])

    def test_the_item_that_failed_a_condition(self):
        self.put({"pk": s("a"), "x": n(1)})
        status, answer = self.dynlog.call("DynamoDB_20120810.PutItem", {
            "TableName": self.name, "Item": {"pk": s("a")}, "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
        self.assertEqual(400, status)
        self.assertEqual({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                          "message": CONDITION_FAILED, "Item": {"pk": s("a"), "x": n(1)}}, answer)

    def test_conditions(self):
        self.put({"pk": s("a"), "v": n(3), "t": s("hello"), "set": {"SS": ["x", "y"]}, "m": {"M": {"k": n(1)}}})
        values = {":3": n(3), ":4": n(4), ":h": s("he"), ":x": s("x"), ":n": s("N")}
        cases = {
            "v = :3": True, "v <> :3": False, "v < :4 AND v >= :3": True, "v BETWEEN :3 AND :4": True,
            "v IN (:4, :3)": True, "NOT v = :3": False, "begins_with(t, :h)": True, "contains(#set, :x)": True,
            "contains(t, :x)": False, "attribute_type(v, :n)": True, "attribute_exists(m.k)": True,
            "attribute_not_exists(m.z) and (v = :4 or size(t) > :4)": True, "size(#set) > :3": False,
        }
        for condition, holds in cases.items():
            with self.subTest(condition):
                used = {name: value for name, value in values.items() if name in condition}
                more = {"ExpressionAttributeNames": {"#set": "set"}} if "#set" in condition else {}
                more |= {"ExpressionAttributeValues": used} if used else {}
                if holds:
                    self.update("SET z = v", ConditionExpression=condition, **more)
                else:
                    self.refused("ConditionalCheckFailedException", CONDITION_FAILED, self.update, "SET z = v",
                                 ConditionExpression=condition, **more)

    def test_update(self):
        answer = self.update("SET #c = if_not_exists(#c, :z) + :one, l = list_append(:l, :l) ADD tags :t",
                             {":z": n(10), ":one": n(1), ":l": {"L": [n(1)]}, ":t": {"SS": ["x"]}},
                             ExpressionAttributeNames={"#c": "count"}, ReturnValues="ALL_NEW")
        self.assertEqual({"pk": s("a"), "count": n(11), "l": {"L": [n(1), n(1)]}, "tags": {"SS": ["x"]}},
                         answer["Attributes"])
        answer = self.update("REMOVE l[0] SET m = :m DELETE tags :t ADD #c :minus",
                             {":m": {"M": {"a": n(1)}}, ":t": {"SS": ["x"]}, ":minus": n(-1)},
                             ExpressionAttributeNames={"#c": "count"}, ReturnValues="UPDATED_NEW")
        self.assertEqual({"count": n(10), "m": {"M": {"a": n(1)}}},
                         {k: v for k, v in answer["Attributes"].items() if k != "l"})
        answer = self.update("SET m.b = :v", {":v": n(2)}, ReturnValues="UPDATED_OLD")
        self.assertNotIn("Attributes", answer)
        self.assertEqual({"pk": s("a"), "count": n(10), "l": {"L": [n(1)]}, "m": {"M": {"a": n(1), "b": n(2)}}},
                         self.get())
        answer = self.update("SET m.b = :v", {":v": n(3)}, ReturnValues="ALL_OLD")
        self.assertEqual(n(2), answer["Attributes"]["m"]["M"]["b"])

    def test_optimistic_locking(self):
        self.put({"pk": s("a"), "version": n(1)})
        move = {"ConditionExpression": "#v = :from", "ExpressionAttributeNames": {"#v": "version"}}
        self.update("SET #v = :to", {":from": n(1), ":to": n(2)}, **move)
        self.refused("ConditionalCheckFailedException", CONDITION_FAILED, self.update, "SET #v = :to",
                     {":from": n(1), ":to": n(2)}, **move)

    def test_update_without_an_expression_makes_the_item(self):
        self.dynamodb.update_item(TableName=self.name, Key={"pk": s("a")})
        self.assertEqual({"pk": s("a")}, self.get())

    def test_delete(self):
        delete = self.dynamodb.delete_item
        self.assertNotIn("Attributes", delete(TableName=self.name, Key={"pk": s("a")}, ReturnValues="ALL_OLD"))
        self.put({"pk": s("a"), "x": n(1)})
        self.refused("ConditionalCheckFailedException", CONDITION_FAILED, delete, TableName=self.name,
                     Key={"pk": s("a")}, ConditionExpression="x = :x", ExpressionAttributeValues={":x": n(2)})
        answer = delete(TableName=self.name, Key={"pk": s("a")}, ReturnValues="ALL_OLD")
        self.assertEqual({"pk": s("a"), "x": n(1)}, answer["Attributes"])
        self.assertIsNone(self.get())

    def test_projection(self):
        self.put({"pk": s("a"), "m": {"M": {"x": n(1), "y": n(2)}}, "l": {"L": [n(1), n(2), n(3)]}, "z": n(9)})
        self.assertEqual({"m": {"M": {"y": n(2)}}, "l": {"L": [n(2)]}},
                         self.get(ProjectionExpression="m.y, #l[1], nowhere",
                                  ExpressionAttributeNames={"#l": "l"}))

    def test_consumed_capacity(self):
        answer = self.put({"pk": s("a"), "x": s("y" * 2000)}, ReturnConsumedCapacity="TOTAL")
        self.assertEqual({"TableName": self.name, "CapacityUnits": 2.0}, answer["ConsumedCapacity"])

    def test_wrong_requests(self):
        put, update = self.put, self.update
        self.refused("ValidationException", "One or more parameter values were invalid: Missing the key pk in the item",
                     put, {"x": s("a")})
        self.refused("ValidationException",
                     "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N",
                     put, {"pk": n(1)})
        self.refused("ValidationException", "One or more parameter values are not valid. The AttributeValue for a key "
                     "attribute cannot contain an empty string value. Key: pk", put, {"pk": s("")})
        self.refused("ValidationException", "The provided key element does not match the schema",
                     self.dynamodb.get_item, TableName=self.name, Key={"other": s("a")})
        self.refused("ValidationException", None, put, {"pk": s("a")}, ConditionExpression="x = :missing")
        self.refused("ValidationException",
                     'Invalid ConditionExpression: Syntax error; token: "=", near: "= = x"', put, {"pk": s("a")},
                     ConditionExpression="x = = x")
        self.refused("ValidationException", "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved "
                     "keyword: name", update, "SET name = :x", {":x": n(1)})
        self.refused("ValidationException", "One or more parameter values were invalid: Cannot update attribute pk. "
                     "This attribute is part of the key", update, "SET pk = :x", {":x": n(1)})
        self.refused("ValidationException", "The document path provided in the update expression is invalid for update",
                     update, "SET a.b.c = :x", {":x": n(1)})
        self.refused("ValidationException", None, update, "SET a = :x, a = :x", {":x": n(1)})
        self.refused("ValidationException", "Value provided in ExpressionAttributeValues unused in expressions: keys: "
                     "{:y}", update, "SET a = :x", {":x": n(1), ":y": n(1)})
        self.refused("ValidationException", "Item size has exceeded the maximum allowed size", put,
                     {"pk": s("a"), "x": s("y" * 409600)})

    def test_an_item_of_the_size_limit(self):
        size = 400 * 1024 - len("pk" "a" "x")
        self.put({"pk": s("a"), "x": s("y" * size)})
        self.assertEqual(size, len(self.get()["x"]["S"]))
        self.refused("ValidationException", None, self.put, {"pk": s("a"), "x": s("y" * (size + 1))})


class Batches(Case):
    def setUp(self):
        self.name, self.other = self.table(range_type="N"), self.table()

    def test_write_and_get(self):
        answer = self.dynamodb.batch_write_item(RequestItems={
            self.name: [{"PutRequest": {"Item": {"pk": s("a"), "sk": n(i)}}} for i in range(20)],
            self.other: [{"PutRequest": {"Item": {"pk": s("o%d" % i)}}} for i in range(5)]})
        self.assertEqual({}, answer["UnprocessedItems"])
        answer = self.dynamodb.batch_get_item(RequestItems={
            self.name: {"Keys": [{"pk": s("a"), "sk": n(i)} for i in range(0, 40, 2)], "ProjectionExpression": "sk"},
            self.other: {"Keys": [{"pk": s("o1")}, {"pk": s("none")}], "ConsistentRead": True}})
        self.assertEqual({}, answer["UnprocessedKeys"])
        self.assertEqual(list(range(0, 20, 2)), sorted(int(item["sk"]["N"]) for item in answer["Responses"][self.name]))
        self.assertEqual([{"pk": s("o1")}], answer["Responses"][self.other])
        self.dynamodb.batch_write_item(RequestItems={
            self.name: [{"DeleteRequest": {"Key": {"pk": s("a"), "sk": n(i)}}} for i in range(20)]})
        self.assertEqual(0, self.dynamodb.scan(TableName=self.name)["Count"])

    def test_limits(self):
        write, get = self.dynamodb.batch_write_item, self.dynamodb.batch_get_item
        puts = [{"PutRequest": {"Item": {"pk": s("a"), "sk": n(i)}}} for i in range(26)]
        self.refused("ValidationException", None, write, RequestItems={self.name: puts})
        write(RequestItems={self.name: puts[:25]})
        self.refused("ValidationException", "Provided list of item keys contains duplicates", write,
                     RequestItems={self.name: puts[:1] * 2})
        keys = [{"pk": s("a"), "sk": n(i)} for i in range(101)]
        self.refused("ValidationException", None, get, RequestItems={self.name: {"Keys": keys}})
        self.assertEqual(25, len(get(RequestItems={self.name: {"Keys": keys[:100]}})["Responses"][self.name]))
        self.refused("ValidationException", "Provided list of item keys contains duplicates", get,
                     RequestItems={self.name: {"Keys": keys[:1] * 2}})
        self.refused("ResourceNotFoundException", "Requested resource not found", write,
                     RequestItems={"nowhere": puts[:1]})

    def test_get_answers_what_fits(self):
        for i in range(50):
            self.dynamodb.put_item(TableName=self.name, Item={"pk": s("big"), "sk": n(i), "x": s("y" * 390000)})
        keys, got = [{"pk": s("big"), "sk": n(i)} for i in range(50)], 0
        answers = 0
        while keys:
            answer = self.dynamodb.batch_get_item(RequestItems={self.name: {"Keys": keys}})
            got += len(answer["Responses"][self.name])
            keys = answer["UnprocessedKeys"].get(self.name, {}).get("Keys", [])
            answers += 1
        self.assertEqual((50, 2), (got, answers))  # 16 MB are 43 of them


class Transactions(Case):
    def setUp(self):
        self.name = self.table()
        self.dynamodb.put_item(TableName=self.name, Item={"pk": s("there"), "v": n(1)})

    def write(self, *actions, **more):
        return self.dynamodb.transact_write_items(TransactItems=list(actions), **more)

    def put(self, pk, **more):
        return {"Put": {"TableName": self.name, "Item": {"pk": s(pk)}, **more}}

    def get(self, pk):
        return self.dynamodb.get_item(TableName=self.name, Key={"pk": s(pk)}).get("Item")

    def test_all_four_actions(self):
        self.dynamodb.put_item(TableName=self.name, Item={"pk": s("old")})
        self.write(self.put("new"),
                   {"Update": {"TableName": self.name, "Key": {"pk": s("there")}, "UpdateExpression": "SET v = v + :1",
                               "ExpressionAttributeValues": {":1": n(1)}}},
                   {"Delete": {"TableName": self.name, "Key": {"pk": s("old")}}},
                   {"ConditionCheck": {"TableName": self.name, "Key": {"pk": s("absent")},
                                       "ConditionExpression": "attribute_not_exists(pk)"}})
        self.assertEqual(({"pk": s("new")}, n(2), None), (self.get("new"), self.get("there")["v"], self.get("old")))

    def test_all_or_nothing(self):
        answer = self.refused(
            "TransactionCanceledException",
            "Transaction cancelled, please refer cancellation reasons for specific reasons "
            "[None, ConditionalCheckFailed]", self.write, self.put("new"),
            self.put("there", ConditionExpression="attribute_not_exists(pk)",
                     ReturnValuesOnConditionCheckFailure="ALL_OLD"))
        self.assertEqual([{"Code": "None"},
                          {"Code": "ConditionalCheckFailed", "Message": CONDITION_FAILED,
                           "Item": {"pk": s("there"), "v": n(1)}}], answer["CancellationReasons"])
        self.assertIsNone(self.get("new"))

    def test_token(self):
        first = {"ClientRequestToken": "once", "ReturnConsumedCapacity": "TOTAL"}
        add = {"Update": {"TableName": self.name, "Key": {"pk": s("there")}, "UpdateExpression": "ADD v :1",
                          "ExpressionAttributeValues": {":1": n(1)}}}
        self.write(add, **first)
        self.write(add, **first)
        self.assertEqual(n(2), self.get("there")["v"])
        self.refused("IdempotentParameterMismatchException", None, self.write, self.put("other"), **first)

    def test_wrong(self):
        self.refused("ValidationException", "Transaction request cannot include multiple operations on one item",
                     self.write, self.put("a"), self.put("a"))
        self.refused("ValidationException", None, self.write, *[self.put("p%d" % i) for i in range(101)])
        self.write(*[self.put("p%d" % i) for i in range(100)])

    def test_get(self):
        answer = self.dynamodb.transact_get_items(TransactItems=[
            {"Get": {"TableName": self.name, "Key": {"pk": s("there")}, "ProjectionExpression": "v"}},
            {"Get": {"TableName": self.name, "Key": {"pk": s("absent")}}}])
        self.assertEqual([{"Item": {"v": n(1)}}, {}], answer["Responses"])


class Reading(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.name = cls.table(range_type="N")
        for entity in range(4):
            for at in range(0, 40, 20):
                cls.dynamodb.batch_write_item(RequestItems={cls.name: [
                    {"PutRequest": {"Item": event("users", entity, version, "even" if version % 2 == 0 else "odd")}}
                    for version in range(at + 1, at + 21)]})

    def query(self, condition="pk = :pk", values=None, entity=1, **more):
        return self.dynamodb.query(TableName=self.name, KeyConditionExpression=condition, ExpressionAttributeValues={
            ":pk": s("users#%d#stream" % entity), **(values or {})}, **more)

    def versions(self, answer):
        return [int(item["sk"]["N"]) for item in answer["Items"]]

    def test_a_stream_in_order(self):
        answer = self.query()
        self.assertEqual(list(range(1, 41)), self.versions(answer))
        self.assertEqual((40, 40), (answer["Count"], answer["ScannedCount"]))
        self.assertNotIn("LastEvaluatedKey", answer)
        self.assertEqual(list(range(40, 0, -1)), self.versions(self.query(ScanIndexForward=False)))

    def test_conditions_on_the_range_key(self):
        for condition, values, expected in (
                ("#pk = :pk and #sk > :a", {":a": n(38)}, [39, 40]), ("pk = :pk AND sk >= :a", {":a": n(39)}, [39, 40]),
                ("pk = :pk and sk < :a", {":a": n(3)}, [1, 2]), ("pk = :pk and sk <= :a", {":a": n(2)}, [1, 2]),
                ("pk = :pk and sk = :a", {":a": n(7)}, [7]), ("(pk = :pk) and (sk = :a)", {":a": n("7.0")}, [7]),
                ("pk = :pk and sk between :a and :b", {":a": n(9), ":b": n(11)}, [9, 10, 11]),
                ("sk > :a and pk = :pk", {":a": n(41)}, [])):
            with self.subTest(condition):
                names = {"ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk"}} if "#" in condition else {}
                self.assertEqual(expected, self.versions(self.query(condition, values, **names)))

    def test_strings_sort_by_their_bytes(self):
        name = self.table(range_type="S")
        words = ["", "a", "a\x00", "a b", "aa", "b", "ä", "日本", "😀"][1:]
        for word in reversed(words):
            self.dynamodb.put_item(TableName=name, Item={"pk": s("p"), "sk": s(word)})
        ask = {"TableName": name, "ExpressionAttributeValues": {":p": s("p")}, "KeyConditionExpression": "pk = :p"}
        self.assertEqual(words, [item["sk"]["S"] for item in self.dynamodb.query(**ask)["Items"]])
        ask["KeyConditionExpression"] += " and begins_with(sk, :a)"
        ask["ExpressionAttributeValues"][":a"] = s("a")
        self.assertEqual(words[:4], [item["sk"]["S"] for item in self.dynamodb.query(**ask)["Items"]])

    def test_numbers_sort_by_their_size(self):
        name = self.table(range_type="N")
        numbers = ["-1e125", "-100", "-99.5", "-1", "-1e-130", "0", "1e-130", "0.1", "1", "2", "10", "1e125"]
        for number in numbers[::2] + numbers[1::2]:
            self.dynamodb.put_item(TableName=name, Item={"pk": s("p"), "sk": n(number), "given": s(number)})
        answer = self.dynamodb.query(TableName=name, KeyConditionExpression="pk = :p",
                                     ExpressionAttributeValues={":p": s("p")})
        self.assertEqual(numbers, [item["given"]["S"] for item in answer["Items"]])

    def test_binary_keys(self):
        name = self.table("B", "B")
        keys = [b"\x00", b"\x00\x00", b"\x00\xff", b"\x01", b"\xff", b"\xff\xff"]
        for key in reversed(keys):
            self.dynamodb.put_item(TableName=name, Item={"pk": {"B": b"\x00\x01"}, "sk": {"B": key}})
        answer = self.dynamodb.query(TableName=name, KeyConditionExpression="pk = :p",
                                     ExpressionAttributeValues={":p": {"B": b"\x00\x01"}})
        self.assertEqual(keys, [item["sk"]["B"] for item in answer["Items"]])

    def test_pages(self):
        paginator = self.dynamodb.get_paginator("query")
        for forward in (True, False):
            pages = list(paginator.paginate(
                TableName=self.name, KeyConditionExpression="pk = :pk", ScanIndexForward=forward,
                ExpressionAttributeValues={":pk": s("users#2#stream")}, PaginationConfig={"PageSize": 7}))
            got = [version for page in pages for version in self.versions(page)]
            self.assertEqual(list(range(1, 41) if forward else range(40, 0, -1)), got)
            self.assertEqual([7, 7, 7, 7, 7, 5], [page["Count"] for page in pages])

    def test_a_page_has_one_megabyte(self):
        name = self.table(range_type="N")
        for i in range(8):
            self.dynamodb.put_item(TableName=name, Item={"pk": s("p"), "sk": n(i), "x": s("y" * 300000)})
        ask = {"TableName": name, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": s("p")}}
        first = self.dynamodb.query(**ask)
        self.assertEqual((4, {"pk": s("p"), "sk": n(3)}), (first["Count"], first["LastEvaluatedKey"]))
        self.assertEqual(4, self.dynamodb.query(ExclusiveStartKey=first["LastEvaluatedKey"], **ask)["Count"])

    def test_filter(self):
        answer = self.query(FilterExpression="#t = :t", ExpressionAttributeNames={"#t": "type"}, values={":t": s("odd")},
                            Limit=10)
        self.assertEqual(([1, 3, 5, 7, 9], 10), (self.versions(answer), answer["ScannedCount"]))
        self.assertEqual(n(10), answer["LastEvaluatedKey"]["sk"])

    def test_count_and_projection(self):
        answer = self.query(Select="COUNT")
        self.assertEqual(40, answer["Count"])
        self.assertNotIn("Items", answer)
        answer = self.query(ProjectionExpression="payload.id", Limit=1)
        self.assertEqual([{"payload": {"M": {"id": s("1")}}}], answer["Items"])

    def test_scan(self):
        answer = self.dynamodb.scan(TableName=self.name)
        self.assertEqual((160, 160), (answer["Count"], answer["ScannedCount"]))
        answer = self.dynamodb.scan(TableName=self.name, FilterExpression="sk > :a", Select="COUNT",
                                    ExpressionAttributeValues={":a": n(39)})
        self.assertEqual((4, 160), (answer["Count"], answer["ScannedCount"]))
        paginator = self.dynamodb.get_paginator("scan")
        got = [(item["pk"]["S"], item["sk"]["N"]) for page in paginator.paginate(
            TableName=self.name, PaginationConfig={"PageSize": 33}) for item in page["Items"]]
        self.assertEqual((160, 160), (len(got), len(set(got))))

    def test_scan_segments(self):
        for total in (1, 3, 16):
            got = []
            for segment in range(total):
                pages = self.dynamodb.get_paginator("scan").paginate(
                    TableName=self.name, Segment=segment, TotalSegments=total, PaginationConfig={"PageSize": 50})
                got += [(item["pk"]["S"], item["sk"]["N"]) for page in pages for item in page["Items"]]
            self.assertEqual((160, 160), (len(got), len(set(got))), total)
        self.refused("ValidationException", None, self.dynamodb.scan, TableName=self.name, Segment=3, TotalSegments=3)

    def test_wrong_queries(self):
        self.refused("ValidationException", "Query condition missed key schema element: pk", self.query, "sk = :pk")
        self.refused("ValidationException", "Query key condition not supported", self.query, "pk > :pk")
        self.refused("ValidationException", None, self.query, "pk = :pk and sk = :a", {":a": s("x")})
        self.refused("ValidationException", "Filter Expression can only contain non-primary key attributes: Primary "
                     "key attribute: sk", self.query, FilterExpression="sk = :a", values={":a": n(1)})
        self.refused("ValidationException", "The provided starting key is outside query boundaries based on provided "
                     "conditions", self.query, ExclusiveStartKey={"pk": s("users#9#stream"), "sk": n(1)})

    def test_node_sdk(self):
        self.dynlog.node("items.mjs", self.table(range_type="N"))

    def test_aws_cli(self):
        name = self.table(range_type="N")
        put = ["dynamodb", "put-item", "--table-name", name, "--item",
               json.dumps(event("users", "cli", 1, "signup", {"id": s("cli"), "name": s("å")})),
               "--condition-expression", "attribute_not_exists(pk)"]
        result = self.dynlog.aws(*put)
        self.assertEqual((0, ""), (result.returncode, result.stdout), result.stderr)
        result = self.dynlog.aws(*put)
        self.assertEqual(254, result.returncode)
        self.assertIn("An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: "
                      "The conditional request failed", result.stderr)
        result = self.dynlog.aws("dynamodb", "query", "--table-name", name, "--key-condition-expression",
                                 "pk = :p", "--expression-attribute-values", '{":p":{"S":"users#cli#stream"}}')
        self.assertEqual(s("å"), json.loads(result.stdout)["Items"][0]["payload"]["M"]["name"])


if __name__ == "__main__":
    unittest.main()
