"""Transactions that race, and the conflicts that a test asks for (/_dynlog/faults)."""

import json
import random
import threading
import unittest

from botocore.exceptions import ClientError

from support.case import Case, n, s

ONGOING = "Transaction is ongoing for the item"
ACCOUNTS = ["a", "b", "c", "d"]
BALANCE = 100
THREADS = 6
ROUNDS_MAX = 2000   # of each thread; the race is over when enough was seen
TRANSFERS_WANTED = 100


def reasons(error):
    return [reason["Code"] for reason in error.response.get("CancellationReasons", [])]


class Race:
    """Threads that move money between accounts, read all accounts at once and write single ones."""

    def __init__(self, case, name):
        self.case, self.name = case, name
        self.lock = threading.Lock()
        self.transfers, self.conflicts = 0, {"transfer": 0, "read": 0, "write": 0}
        self.failures = []

    def over(self):
        return self.failures or (self.transfers >= TRANSFERS_WANTED and all(self.conflicts.values()))

    def count(self, what):
        with self.lock:
            self.conflicts[what] += 1

    def move(self, account, amount):
        return {"Update": {"TableName": self.name, "Key": {"pk": s(account)},
                           "UpdateExpression": "SET balance = balance + :x",
                           "ConditionExpression": "balance >= :least",
                           "ExpressionAttributeValues": {":x": n(amount), ":least": n(max(0, -amount))}}}

    def transfer(self, client, one, other, amount):
        try:
            client.transact_write_items(TransactItems=[self.move(one, -amount), self.move(other, amount)])
            with self.lock:
                self.transfers += 1
        except client.exceptions.TransactionCanceledException as error:
            self.case.assertLessEqual(set(reasons(error)),
                                      {"None", "TransactionConflict", "ConditionalCheckFailed"})
            if "TransactionConflict" in reasons(error):
                self.count("transfer")

    def read(self, client):
        gets = [{"Get": {"TableName": self.name, "Key": {"pk": s(account)}}} for account in ACCOUNTS]
        try:
            answers = client.transact_get_items(TransactItems=gets)["Responses"]
            total = sum(int(answer["Item"]["balance"]["N"]) for answer in answers)
            self.case.assertEqual(len(ACCOUNTS) * BALANCE, total)
        except client.exceptions.TransactionCanceledException as error:
            self.case.assertEqual({"None", "TransactionConflict"}, set(reasons(error)) | {"None"})
            self.count("read")

    def touch(self, client, account):
        try:
            client.update_item(TableName=self.name, Key={"pk": s(account)}, UpdateExpression="ADD touched :one",
                               ExpressionAttributeValues={":one": n(1)})
        except client.exceptions.TransactionConflictException as error:
            self.case.assertEqual(ONGOING, error.response["Error"]["Message"])
            self.count("write")

    def run(self, seed):
        draw = random.Random(seed)
        try:
            client = self.case.dynlog.client("dynamodb")
            for _ in range(ROUNDS_MAX):
                if self.over():
                    return
                one, other = draw.sample(ACCOUNTS, 2)
                what = draw.randrange(4)
                if what == 0:
                    self.read(client)
                elif what == 1:
                    self.touch(client, one)
                else:
                    self.transfer(client, one, other, draw.randint(1, 30))
        except Exception as error:  # told by the test's own thread
            self.failures.append(error)


class Transactions(Case):
    def setUp(self):
        self.name = self.table()

    def test_money_is_conserved(self):
        for account in ACCOUNTS:
            self.dynamodb.put_item(TableName=self.name, Item={"pk": s(account), "balance": n(BALANCE)})
        seed = random.randrange(2 ** 32)
        race = Race(self, self.name)
        threads = [threading.Thread(target=race.run, args=(seed + i,)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if race.failures:
            raise race.failures[0]
        balances = [int(item["balance"]["N"]) for item in self.dynamodb.scan(TableName=self.name)["Items"]]
        self.assertEqual(len(ACCOUNTS) * BALANCE, sum(balances), "seed %d" % seed)
        self.assertGreaterEqual(min(balances), 0)
        self.assertGreaterEqual(race.transfers, TRANSFERS_WANTED)
        self.assertTrue(all(race.conflicts.values()), race.conflicts)
        metrics = self.dynlog.request("GET", "/_dynlog/metrics")[2].decode()
        conflicts = int(metrics.split("\ndynlog_transaction_conflicts_total ")[1].split("\n")[0])
        self.assertGreaterEqual(conflicts, sum(race.conflicts.values()))

    def test_one_token_in_many_requests(self):
        """However many ask at once, it is done once; who comes too early is told so."""
        outcomes = []

        def ask():
            client = self.dynlog.client("dynamodb")
            try:
                client.transact_write_items(ClientRequestToken="once", TransactItems=[
                    {"Update": {"TableName": self.name, "Key": {"pk": s("n")}, "UpdateExpression": "ADD n :one",
                                "ExpressionAttributeValues": {":one": n(1)}}}])
                outcomes.append("done")
            except ClientError as error:
                outcomes.append(error.response["Error"]["Code"])

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertIn("done", outcomes)
        self.assertLessEqual(set(outcomes), {"done", "TransactionInProgressException"})
        self.assertEqual(n(1), self.dynamodb.get_item(TableName=self.name, Key={"pk": s("n")})["Item"]["n"])

    def test_what_a_repetition_costs(self):
        request = {"ClientRequestToken": "costs", "ReturnConsumedCapacity": "TOTAL", "TransactItems": [
            {"Put": {"TableName": self.name, "Item": {"pk": s("x"), "v": s("x" * 1500)}}}]}
        first = self.dynamodb.transact_write_items(**request)["ConsumedCapacity"]
        self.assertEqual([{"TableName": self.name, "CapacityUnits": 4.0, "WriteCapacityUnits": 4.0}], first)
        again = self.dynamodb.transact_write_items(**request)["ConsumedCapacity"]
        self.assertEqual([{"TableName": self.name, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}], again)

    def test_reasons(self):
        self.dynamodb.put_item(TableName=self.name, Item={"pk": s("there"), "n": n(1)})
        answer = self.refused(
            "TransactionCanceledException",
            "Transaction cancelled, please refer cancellation reasons for specific reasons "
            "[None, ConditionalCheckFailed, ValidationError]",
            self.dynamodb.transact_write_items, TransactItems=[
                {"Put": {"TableName": self.name, "Item": {"pk": s("new")}}},
                {"Delete": {"TableName": self.name, "Key": {"pk": s("there")}, "ConditionExpression": "n > :one",
                            "ExpressionAttributeValues": {":one": n(1)},
                            "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
                {"Update": {"TableName": self.name, "Key": {"pk": n(1)}, "UpdateExpression": "REMOVE n"}}])
        self.assertEqual([
            {"Code": "None"},
            {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed",
             "Item": {"pk": s("there"), "n": n(1)}},
            {"Code": "ValidationError", "Message": "The provided key element does not match the schema"},
        ], answer["CancellationReasons"])


class Faults(Case):
    def setUp(self):
        self.name = self.table()
        self.ask("DELETE")

    def ask(self, method, body=None):
        """(status, what is said of conflicts, or why not); other faults are faults.py's."""
        status, _, text = self.dynlog.request(method, "/_dynlog/faults",
                                              json.dumps(body) if body is not None else None)
        answer = json.loads(text)
        if status == 200:
            answer = {"TransactionConflict": answer["TransactionConflict"]}
        return status, answer

    def conflict(self, **more):
        return {"TransactionConflict": [{"TableName": self.name, **more}]}

    def test_set_shown_cleared(self):
        self.assertEqual((200, {"TransactionConflict": []}), self.ask("GET"))
        given = self.conflict(Key={"pk": s("a")}, Count=3)
        self.assertEqual((200, given), self.ask("POST", given))
        more = {"TransactionConflict": given["TransactionConflict"] + [{"TableName": self.name, "Count": 1}]}
        self.assertEqual((200, more), self.ask("POST", self.conflict()))
        self.assertEqual((200, more), self.ask("GET"))
        self.refused("TransactionConflictException", ONGOING, self.dynamodb.put_item,
                     TableName=self.name, Item={"pk": s("a")})
        more["TransactionConflict"][0]["Count"] = 2
        self.assertEqual((200, more), self.ask("GET"))
        self.assertEqual((200, {"TransactionConflict": []}), self.ask("DELETE"))
        self.dynamodb.put_item(TableName=self.name, Item={"pk": s("a")})

    def test_refusals(self):
        for body, message in (({"Thunder": []}, "dynlog knows no fault Thunder"),
                              ({"TransactionConflict": [{"TableName": "none"}]}, "Requested resource not found"),
                              (self.conflict(Count=0), "Count is a whole number from 1 to 1000000"),
                              (self.conflict(Key={"sk": s("a")}),
                               "The provided key element does not match the schema")):
            self.assertEqual((400, {"message": message}), self.ask("POST", body))
        self.assertEqual(400, self.ask("POST")[0])
        self.assertEqual(405, self.ask("PUT", {})[0])
        self.assertEqual(403, self.dynlog.request("POST", "/_dynlog/faults", json.dumps(self.conflict()),
                                                  {"Origin": "https://evil.example.com"})[0])
        self.assertEqual((200, {"TransactionConflict": []}), self.ask("GET"))

    def test_every_operation(self):
        key = {"pk": s("a")}
        self.ask("POST", self.conflict(Key=key, Count=6))
        for call, more in ((self.dynamodb.put_item, {"Item": key}), (self.dynamodb.update_item, {"Key": key}),
                           (self.dynamodb.delete_item, {"Key": key})):
            self.refused("TransactionConflictException", ONGOING, call, TableName=self.name, **more)
        cancelled = "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]"
        self.refused("TransactionCanceledException", cancelled % "None, TransactionConflict",
                     self.dynamodb.transact_write_items,
                     TransactItems=[{"Put": {"TableName": self.name, "Item": {"pk": s("b")}}},
                                    {"Delete": {"TableName": self.name, "Key": key}}])
        self.refused("TransactionCanceledException", cancelled % "TransactionConflict",
                     self.dynamodb.transact_get_items, TransactItems=[{"Get": {"TableName": self.name, "Key": key}}])
        requests = {self.name: [{"PutRequest": {"Item": {**key, "n": n(1)}}}, {"PutRequest": {"Item": {"pk": s("c")}}}]}
        left = self.dynamodb.batch_write_item(RequestItems=requests)["UnprocessedItems"]
        self.assertEqual({self.name: requests[self.name][:1]}, left)
        self.assertEqual({}, self.dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"])
        self.assertEqual({**key, "n": n(1)}, self.dynamodb.get_item(TableName=self.name, Key=key)["Item"])

    def test_append_tries_again(self):
        self.ask("POST", {"TransactionConflict": [{"TableName": "local-dynamodb-logs", "Count": 1}]})
        result = self.dynlog.command("append", "users", "12", "signup")
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual((200, {"TransactionConflict": []}), self.ask("GET"))


if __name__ == "__main__":
    unittest.main()
