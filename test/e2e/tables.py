"""Tables: made, described, listed, changed, deleted; with boto3 and the AWS CLI."""

import json
import unittest

from support.case import Case, n, s


class Tables(Case):
    def test_create_and_describe(self):
        answer = self.dynamodb.create_table(
            TableName="created",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                  {"AttributeName": "sk", "AttributeType": "N"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            Tags=[{"Key": "a", "Value": "b"}])["TableDescription"]
        self.assertIn(answer["TableStatus"], ("CREATING", "ACTIVE"))
        self.dynamodb.get_waiter("table_exists").wait(TableName="created")
        table = self.dynamodb.describe_table(TableName="created")["Table"]
        self.assertEqual("ACTIVE", table["TableStatus"])
        self.assertEqual([{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                         table["KeySchema"])
        self.assertEqual(6, table["ProvisionedThroughput"]["WriteCapacityUnits"])
        self.assertEqual({"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, table["StreamSpecification"])
        self.assertTrue(table["TableArn"].endswith(":table/created"), table["TableArn"])
        self.assertEqual(table["TableArn"] + "/stream/" + table["LatestStreamLabel"], table["LatestStreamArn"])
        self.assertEqual(0, table["ItemCount"])
        tags = self.dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
        self.assertEqual([{"Key": "a", "Value": "b"}], tags)
        self.refused("ResourceInUseException", "Table already exists: created", self.table, name="created")

    def test_unknown_table(self):
        self.refused("ResourceNotFoundException", "Requested resource not found: Table: nowhere not found",
                     self.dynamodb.describe_table, TableName="nowhere")
        self.refused("ResourceNotFoundException", "Requested resource not found",
                     self.dynamodb.get_item, TableName="nowhere", Key={"pk": s("a")})
        self.refused("ResourceNotFoundException", "Requested resource not found: Table: nowhere not found",
                     self.dynamodb.delete_table, TableName="nowhere")

    def test_list_in_pages(self):
        names = [self.table(name="listed-%02d" % i) for i in range(5)]
        first = self.dynamodb.list_tables(ExclusiveStartTableName="listed-", Limit=2)
        self.assertEqual(names[:2], first["TableNames"])
        self.assertEqual("listed-01", first["LastEvaluatedTableName"])
        paginator = self.dynamodb.get_paginator("list_tables")
        every = [name for page in paginator.paginate(PaginationConfig={"PageSize": 2}) for name in page["TableNames"]]
        self.assertEqual(sorted(every), every)
        self.assertLessEqual(set(names), set(every))

    def test_delete(self):
        name = self.table()
        self.dynamodb.put_item(TableName=name, Item={"pk": s("a")})
        answer = self.dynamodb.delete_table(TableName=name)["TableDescription"]
        self.assertEqual("DELETING", answer["TableStatus"])
        self.dynamodb.get_waiter("table_not_exists").wait(TableName=name)
        self.table(name=name)
        self.assertNotIn("Item", self.dynamodb.get_item(TableName=name, Key={"pk": s("a")}))

    def test_keys_that_do_not_fit(self):
        create = self.dynamodb.create_table
        common = {"TableName": "wrong", "BillingMode": "PAY_PER_REQUEST"}
        self.refused("ValidationException", None, create, **common,
                     AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
                     KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
        self.refused("ValidationException", None, create, **common,
                     AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                           {"AttributeName": "unused", "AttributeType": "S"}],
                     KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
        self.refused("ValidationException", None, create, **common,
                     AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                     KeySchema=[{"AttributeName": "pk", "KeyType": "RANGE"}])

    def test_time_to_live(self):
        name = self.table()
        self.assertEqual("DISABLED", self.dynamodb.describe_time_to_live(TableName=name)
                         ["TimeToLiveDescription"]["TimeToLiveStatus"])
        self.dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={
            "Enabled": True, "AttributeName": "ttl"})
        self.assertEqual({"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"},
                         self.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"])

    def test_continuous_backups(self):
        name = self.table()
        self.dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": True})
        answer = self.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        self.assertEqual("ENABLED", answer["ContinuousBackupsStatus"])
        self.assertEqual("ENABLED", answer["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"])

    def test_tags(self):
        arn = self.dynamodb.describe_table(TableName=self.table())["Table"]["TableArn"]
        self.dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        self.dynamodb.untag_resource(ResourceArn=arn, TagKeys=["a"])
        self.assertEqual([{"Key": "b", "Value": "2"}],
                         self.dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"])

    def test_update_table(self):
        name = self.table()
        self.dynamodb.update_table(TableName=name, StreamSpecification={
            "StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
        table = self.dynamodb.describe_table(TableName=name)["Table"]
        self.assertEqual("KEYS_ONLY", table["StreamSpecification"]["StreamViewType"])
        self.refused("ValidationException", None, self.dynamodb.update_table, TableName=name,
                     StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        self.dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
        self.assertNotIn("StreamSpecification", self.dynamodb.describe_table(TableName=name)["Table"])

    def test_limits_and_endpoints(self):
        limits = self.dynamodb.describe_limits()
        self.assertGreater(limits["AccountMaxReadCapacityUnits"], 0)
        self.assertEqual(1, len(self.dynamodb.describe_endpoints()["Endpoints"]))

    def test_item_count_and_size(self):
        name = self.table(range_type="N")
        for i in range(3):
            self.dynamodb.put_item(TableName=name, Item={"pk": s("ab"), "sk": n(i), "t": s("xyz")})
        table = self.dynamodb.describe_table(TableName=name)["Table"]
        self.assertEqual(3, table["ItemCount"])
        self.assertGreater(table["TableSizeBytes"], 0)

    def test_region_and_key_choose_no_other_database(self):
        name = self.table()
        elsewhere = self.dynlog.client("dynamodb", key="MOCK_ACCESS_KEY_ID", region="eu-north-1")
        self.assertIn(name, elsewhere.list_tables()["TableNames"])

    def test_every_port_answers(self):
        for port in (self.dynlog.events_port, self.dynlog.lambda_port):
            client = self.dynlog.client("dynamodb", endpoint="http://localhost:%d" % port)
            client.list_tables()

    def test_aws_cli(self):
        result = self.dynlog.aws("dynamodb", "create-table", "--table-name", "cli", "--attribute-definitions",
                                 "AttributeName=pk,AttributeType=S", "--key-schema",
                                 "AttributeName=pk,KeyType=HASH", "--billing-mode", "PAY_PER_REQUEST")
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual("cli", json.loads(result.stdout)["TableDescription"]["TableName"])
        result = self.dynlog.aws("dynamodb", "describe-table", "--table-name", "none")
        self.assertEqual(254, result.returncode)
        self.assertIn("(ResourceNotFoundException) when calling the DescribeTable operation: Requested resource "
                      "not found: Table: none not found", result.stderr)


if __name__ == "__main__":
    unittest.main()
