"""Parameters from before expressions, with a client that sends them as old programs do."""

import unittest

import boto3

from support.case import Case, n, s

CONDITION_FAILED = "The conditional request failed"
MIXED = ("Can not use both expression and non-expression parameters in the same request: "
         "Non-expression parameters: {%s} Expression parameters: {%s}")


def condition(operator, *values):
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


class Legacy(Case):
    def setUp(self):
        self.name = self.table(range_type="N")
        self.key = {"pk": s("a"), "sk": n(1)}
        self.dynamodb.put_item(TableName=self.name, Item={**self.key, "v": n(1), "tags": {"SS": ["x", "y"]}})

    def update(self, updates, key=None, **more):
        return self.dynamodb.update_item(TableName=self.name, Key=key or self.key, AttributeUpdates=updates, **more)

    def get(self, key=None, **more):
        return self.dynamodb.get_item(TableName=self.name, Key=key or self.key, ConsistentRead=True, **more).get("Item")

    def test_optimistic_locking(self):
        new = {**self.key, "v": n(2)}
        self.dynamodb.put_item(TableName=self.name, Item=new, Expected={"v": {"Value": n(1)}})
        self.refused("ConditionalCheckFailedException", CONDITION_FAILED, self.dynamodb.put_item, TableName=self.name,
                     Item=new, Expected={"v": {"Value": n(1)}})
        self.refused("ConditionalCheckFailedException", CONDITION_FAILED, self.dynamodb.put_item, TableName=self.name,
                     Item=new, Expected={"pk": {"Exists": False}})
        self.dynamodb.delete_item(TableName=self.name, Key=self.key, ConditionalOperator="OR",
                                  Expected={"v": condition("GT", n(5)), "z": condition("NULL")})
        self.assertIsNone(self.get())

    def test_updates(self):
        answer = self.update({"v": {"Action": "ADD", "Value": n("1.5")}, "tags": {"Action": "DELETE", "Value": {"SS": ["x"]}},
                              "new": {"Value": s("put")}, "log": {"Action": "ADD", "Value": {"L": [s("first")]}},
                              "gone": {"Action": "DELETE"}}, ReturnValues="ALL_NEW")
        self.assertEqual({**self.key, "v": n("2.5"), "tags": {"SS": ["y"]}, "new": s("put"), "log": {"L": [s("first")]}},
                         answer["Attributes"])
        answer = self.update({"log": {"Action": "ADD", "Value": {"L": [n(2)]}}}, ReturnValues="UPDATED_NEW")
        self.assertEqual({"log": {"L": [s("first"), n(2)]}}, answer["Attributes"])
        self.refused("ValidationException", "Type mismatch for attribute to update", self.update,
                     {"new": {"Action": "ADD", "Value": n(1)}})

    def test_what_only_takes_away_makes_no_item(self):
        key = {"pk": s("b"), "sk": n(1)}
        self.update({"a": {"Action": "DELETE"}}, key)
        self.assertIsNone(self.get(key))
        self.dynamodb.update_item(TableName=self.name, Key=key, UpdateExpression="REMOVE a")
        self.assertIsNone(self.get(key))
        self.update({}, key)
        self.assertEqual(key, self.get(key))

    def test_attributes_to_get(self):
        self.assertEqual({"v": n(1)}, self.get(AttributesToGet=["v", "none"]))
        answer = self.dynamodb.batch_get_item(RequestItems={self.name: {"Keys": [self.key], "AttributesToGet": ["pk"]}})
        self.assertEqual([{"pk": s("a")}], answer["Responses"][self.name])
        self.refused("ValidationException", "One or more parameter values were invalid: Duplicate value in attribute name: v",
                     self.get, AttributesToGet=["v", "v"])

    def test_query_and_scan(self):
        with boto3.resource("dynamodb", endpoint_url=self.dynlog.endpoint, region_name="us-east-1", aws_access_key_id="x",
                            aws_secret_access_key="x").Table(self.name).batch_writer() as batch:
            for i in range(2, 6):
                batch.put_item(Item={"pk": "a", "sk": i, "even": i % 2 == 0})
        keys = {"pk": condition("EQ", s("a")), "sk": condition("BETWEEN", n(2), n(4))}
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.name, KeyConditions=keys, QueryFilter={"even": condition("EQ", {"BOOL": True})},
            AttributesToGet=["sk"], PaginationConfig={"PageSize": 1})
        self.assertEqual([{"sk": n(2)}, {"sk": n(4)}], [item for page in pages for item in page["Items"]])
        answer = self.dynamodb.scan(TableName=self.name, ConditionalOperator="OR", Select="COUNT",
                                    ScanFilter={"even": condition("NULL"), "sk": condition("IN", n(2), n(9))})
        self.assertEqual((2, 5), (answer["Count"], answer["ScannedCount"]))
        self.refused("ValidationException", "QueryFilter can only contain non-primary key attributes: "
                     "Primary key attribute: sk", self.dynamodb.query, TableName=self.name, KeyConditions=keys,
                     QueryFilter={"sk": condition("NOT_NULL")})

    def test_beside_expressions(self):
        self.refused("ValidationException", MIXED % ("AttributeUpdates", "UpdateExpression"), self.update, {},
                     UpdateExpression="REMOVE a")
        self.refused("ValidationException", MIXED % ("AttributesToGet", "ProjectionExpression"), self.get,
                     AttributesToGet=["v"], ProjectionExpression="v")
        self.refused("ValidationException", MIXED % ("ScanFilter, ConditionalOperator", "FilterExpression"),
                     self.dynamodb.scan, TableName=self.name, ScanFilter={"a": condition("NULL")},
                     ConditionalOperator="AND", FilterExpression="attribute_exists(a)")
        answer = self.dynamodb.query(TableName=self.name, KeyConditions={"pk": condition("EQ", s("a"))},
                                     FilterExpression="v = :v", ExpressionAttributeValues={":v": n(1)})
        self.assertEqual(1, answer["Count"])


if __name__ == "__main__":
    unittest.main()
