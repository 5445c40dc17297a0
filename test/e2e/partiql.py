"""PartiQL with boto3: statements, batches and transactions, what they write and what the stream says of it."""

import concurrent.futures
import json
import unittest

import boto3.dynamodb.types

from support.case import Case, n, s

serialize = boto3.dynamodb.types.TypeSerializer().serialize
deserialize = boto3.dynamodb.types.TypeDeserializer().deserialize


class Statements(Case):
    def setUp(self):
        self.name = self.table(range_type="N")

    def execute(self, statement, *parameters, **more):
        if parameters:
            more["Parameters"] = [serialize(parameter) for parameter in parameters]
        return self.dynamodb.execute_statement(Statement=statement.replace("@", '"%s"' % self.name), **more)

    def items(self, statement, *parameters, **more):
        """All pages."""
        items = []
        while True:
            answer = self.execute(statement, *parameters, **more)
            items += [{name: deserialize(value) for name, value in item.items()} for item in answer["Items"]]
            if "NextToken" not in answer:
                return items
            more["NextToken"] = answer["NextToken"]

    def fill(self, partitions=3, items=10):
        for p in range(partitions):
            for i in range(items):
                self.execute("INSERT INTO @ VALUE {'pk': ?, 'sk': ?, 'n': ?}", "p%d" % p, i, i % 4)

    def test_what_is_written_comes_back(self):
        item = {"pk": "a", "sk": 1, "text": "it's", "list": [1, None, True, {"x": {"y"}}], "set": {2, 3},
                "bytes": boto3.dynamodb.types.Binary(b"\x00\xff"), "": "an empty name"}
        self.execute("INSERT INTO @ VALUE {%s}" % ", ".join("'%s': ?" % name for name in item), *item.values())
        self.assertEqual([item], self.items("SELECT * FROM @"))
        self.assertEqual([{"x": {"y"}}], self.items("SELECT \"list\"[3].x FROM @ WHERE pk = 'a' AND sk = 1"))

    def test_pages_have_every_item_once(self):
        self.fill()
        every = self.items("SELECT * FROM @ WHERE pk IN ['p0', 'p1', 'p2'] ORDER BY pk ASC, sk DESC")
        self.assertEqual([("p%d" % p, i) for p in range(3) for i in reversed(range(10))],
                         [(item["pk"], item["sk"]) for item in every])
        for limit in (1, 3, 7, 30, 100):
            self.assertEqual(every, self.items("SELECT * FROM @ WHERE pk IN ['p0', 'p1', 'p2'] ORDER BY pk ASC, sk DESC",
                                               Limit=limit))
            self.assertEqual([item for item in every if item["n"] == 2],
                             self.items("SELECT * FROM @ WHERE pk IN ['p0', 'p1', 'p2'] AND n = ? ORDER BY pk ASC, sk DESC",
                                        2, Limit=limit))
            scanned = self.items("SELECT * FROM @", Limit=limit)
            self.assertEqual(30, len(scanned))
            self.assertEqual(30, len({(item["pk"], item["sk"]) for item in scanned}))

    def test_the_same_as_query_and_scan(self):
        self.fill()
        query = self.dynamodb.query(TableName=self.name, KeyConditionExpression="pk = :p AND sk BETWEEN :a AND :b",
                                    FilterExpression="n > :n", ExpressionAttributeValues={
                                        ":p": s("p1"), ":a": n(2), ":b": n(8), ":n": n(1)})["Items"]
        self.assertEqual(query, self.execute("SELECT * FROM @ WHERE pk = ? AND n > 1 AND sk BETWEEN 2 AND 8", "p1")["Items"])
        scan = self.dynamodb.scan(TableName=self.name, FilterExpression="n <> :n AND attribute_exists(n)",
                                  ExpressionAttributeValues={":n": n(0)})["Items"]
        self.assertEqual(scan, self.execute("SELECT * FROM @ WHERE n <> 0 AND n IS NOT MISSING")["Items"])

    def test_changes_of_an_item(self):
        self.execute("INSERT INTO @ VALUE {'pk': 'a', 'sk': 1, 'n': 1}")
        self.refused("DuplicateItemException", "Duplicate primary key exists in table",
                     self.execute, "INSERT INTO @ VALUE {'pk': 'a', 'sk': 1}")
        answer = self.execute("UPDATE @ SET n = n + ? SET l = [1] WHERE pk = 'a' AND sk = 1 AND n < 5 RETURNING ALL NEW *", 2)
        self.assertEqual([{"pk": s("a"), "sk": n(1), "n": n(3), "l": {"L": [n(1)]}}], answer["Items"])
        self.refused("ConditionalCheckFailedException", "The conditional request failed",
                     self.execute, "DELETE FROM @ WHERE pk = 'a' AND sk = 1 AND n = 1")
        self.execute("DELETE FROM @ WHERE pk = 'a' AND sk = 1 AND n = 3")
        self.assertEqual([], self.items("SELECT * FROM @"))

    def test_errors_of_statements(self):
        for statement, message in (
                ("SELECT * FROM @ WHERE", "Statement wasn't well formed, can't be processed: Unexpected term"),
                ("SELECT * FROM @ WHERE pk = 1", "Key attribute's data type should match its data type in table's schema: Key pk"),
                ("UPDATE @ SET n = 1 WHERE pk = 'a'",
                 "Where clause does not contain a mandatory equality on all key attributes")):
            self.refused("ValidationException", message, self.execute, statement)
        self.refused("ResourceNotFoundException", "Requested resource not found", self.execute, "SELECT * FROM none_such")

    def test_increments_do_not_get_lost(self):
        self.execute("INSERT INTO @ VALUE {'pk': 'a', 'sk': 1, 'n': 0}")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(self.execute, "UPDATE @ SET n = n + 1 WHERE pk = 'a' AND sk = 1") for _ in range(80)]:
                future.result()
        self.assertEqual([{"n": 80}], self.items("SELECT n FROM @ WHERE pk = 'a' AND sk = 1"))

    def test_it_lasts(self):
        self.execute("INSERT INTO @ VALUE {'pk': 'a', 'sk': 1}")
        token = self.execute("SELECT * FROM @", Limit=1)["NextToken"]
        self.dynlog.kill()
        self.dynlog.restart()
        self.assertEqual([{"pk": "a", "sk": 1}], self.items("SELECT * FROM @"))
        self.assertEqual([], self.execute("SELECT * FROM @", NextToken=token)["Items"])

    def test_the_command_line(self):
        for statement, items in (("INSERT INTO @ VALUE {'pk': 'a', 'sk': 1}", []),
                                 ("SELECT sk FROM @ WHERE pk = 'a'", [{"sk": n(1)}])):
            result = self.dynlog.aws("dynamodb", "execute-statement", "--statement",
                                     statement.replace("@", '"%s"' % self.name))
            self.assertEqual(0, result.returncode, result.stderr)
            self.assertEqual(items, json.loads(result.stdout)["Items"])


class Indexes(Case):
    def test_an_index_made_while_the_table_is_in_use(self):
        name = self.table(range_type="N")
        for i in range(20):
            self.dynamodb.execute_statement(Statement='INSERT INTO "%s" VALUE %s' % (
                name, {"pk": "p%d" % i, "sk": i, "g": "g%d" % (i % 2), "x": "x"}))
        self.dynamodb.update_table(
            TableName=name, AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"},
                                                  {"AttributeName": "sk", "AttributeType": "N"}],
            GlobalSecondaryIndexUpdates=[{"Create": {
                "IndexName": "by-g", "Projection": {"ProjectionType": "KEYS_ONLY"},
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]}}])
        self.dynlog.drain()
        answer = self.dynamodb.execute_statement(
            Statement='SELECT * FROM "%s"."by-g" WHERE g = ? AND sk >= 10 ORDER BY sk DESC' % name, Parameters=[s("g1")])
        self.assertEqual([{"pk": s("p%d" % i), "sk": n(i), "g": s("g1")} for i in (19, 17, 15, 13, 11)], answer["Items"])


class Several(Case):
    def setUp(self):
        self.name = self.table(stream="NEW_AND_OLD_IMAGES")

    def statements(self, *texts):
        return [{"Statement": text.replace("@", '"%s"' % self.name)} for text in texts]

    def transact(self, *texts, **more):
        return self.dynamodb.execute_transaction(TransactStatements=self.statements(*texts), **more)

    def get(self, pk):
        return self.dynamodb.get_item(TableName=self.name, Key={"pk": s(pk)}).get("Item")

    def test_a_batch_goes_on_beside_a_wrong_statement(self):
        answer = self.dynamodb.batch_execute_statement(Statements=self.statements(
            "INSERT INTO @ VALUE {'pk': 'a'}", "INSERT INTO @", "INSERT INTO @ VALUE {'pk': 'a'}",
            "UPDATE @ SET n = 1 WHERE pk = 'a'"))["Responses"]
        self.assertEqual([None, "ValidationError", "DuplicateItem", None],
                         [response.get("Error", {}).get("Code") for response in answer])
        self.assertEqual({"pk": s("a"), "n": n(1)}, self.get("a"))
        answer = self.dynamodb.batch_execute_statement(Statements=self.statements(
            "SELECT * FROM @ WHERE pk = 'a'", "SELECT * FROM @ WHERE pk = 'b'"))["Responses"]
        self.assertEqual([{"pk": s("a"), "n": n(1)}, None], [response.get("Item") for response in answer])

    def test_a_transaction_is_all_or_none(self):
        self.transact("INSERT INTO @ VALUE {'pk': 'a', 'n': 1}", "INSERT INTO @ VALUE {'pk': 'b'}")
        answer = self.refused("TransactionCanceledException", None, self.transact, "DELETE FROM @ WHERE pk = 'b'",
                              "EXISTS(SELECT * FROM @ WHERE pk = 'a' AND n = 2)")
        self.assertEqual(["None", "ConditionalCheckFailed"],
                         [reason["Code"] for reason in answer["CancellationReasons"]])
        self.assertEqual({"pk": s("b")}, self.get("b"))
        self.transact("DELETE FROM @ WHERE pk = 'b'", "EXISTS(SELECT * FROM @ WHERE pk = 'a' AND n = 1)")
        self.assertIsNone(self.get("b"))
        self.assertEqual([{"Item": {"pk": s("a"), "n": n(1)}}, {}], self.transact(
            "SELECT * FROM @ WHERE pk = 'a'", "SELECT * FROM @ WHERE pk = 'b'")["Responses"])

    def test_a_token_makes_it_once(self):
        self.transact("INSERT INTO @ VALUE {'pk': 'a', 'n': 0}")
        for _ in range(3):
            self.transact("UPDATE @ SET n = n + 1 WHERE pk = 'a'", ClientRequestToken="once")
        self.assertEqual(n(1), self.get("a")["n"])
        self.refused("IdempotentParameterMismatchException", None, self.transact,
                     "UPDATE @ SET n = n + 2 WHERE pk = 'a'", ClientRequestToken="once")

    def test_the_stream_has_what_they_did(self):
        self.transact("INSERT INTO @ VALUE {'pk': 'a', 'n': 1}")
        self.transact("UPDATE @ SET n = 2 WHERE pk = 'a'")
        self.dynamodb.execute_statement(**self.statements("DELETE FROM @ WHERE pk = 'a'")[0])
        streams = self.dynlog.client("dynamodbstreams")
        arn = self.dynamodb.describe_table(TableName=self.name)["Table"]["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        self.assertEqual(["INSERT", "MODIFY", "REMOVE"], [record["eventName"] for record in records])
        self.assertEqual(n(2), records[1]["dynamodb"]["NewImage"]["n"])


if __name__ == "__main__":
    unittest.main()
