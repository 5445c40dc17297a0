"""Private logs: clients see plain items, the folder has none, and what is forgotten stays so."""

import json
import os
import sqlite3

from support.case import Case, n, s

LOGS = "local-dynamodb-logs"
SECRET = "a-plain-name-of-ada"


class Forget(Case):
    def run_command(self, status, *arguments):
        result = self.dynlog.command(*arguments)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()] if status == 0 else result.stderr

    def item(self, stream, version=1):
        return {"pk": s(f"{stream}#stream"), "sk": n(version), "log": s(stream.split("#")[0]), "type": s("signup"),
                "payload": {"M": {"name": s(SECRET)}}}

    def get(self, table, stream, version=1):
        return self.dynamodb.get_item(TableName=table, Key={"pk": s(f"{stream}#stream"), "sk": n(version)})["Item"]

    def folder_has(self, text):
        for root, _, names in os.walk(self.dynlog.path(".dynlog", "store")):
            for name in names:
                with open(os.path.join(root, name), "rb") as file:
                    if text.encode() in file.read():
                        return True
        return False

    def records(self, table):
        """The new images of a table's change stream."""
        streams = self.dynlog.client("dynamodbstreams")
        arn = self.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        images = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"],
                                                 ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            images += [record["dynamodb"]["NewImage"] for record in streams.get_records(ShardIterator=at)["Records"]]
        return images

    def table_of_events(self):
        return self.table("S", "N", "NEW_AND_OLD_IMAGES")

    def test_forgetting(self):
        self.run_command(0, "private", "people")
        self.run_command(0, "private", "people")
        table = self.table_of_events()
        for stream in ("people#1", "people#2"):
            self.dynamodb.put_item(TableName=table, Item=self.item(stream))
        self.assertEqual(self.item("people#1"), self.get(table, "people#1"))
        found = self.dynamodb.scan(TableName=table, FilterExpression="payload.#n = :n",
                                   ExpressionAttributeNames={"#n": "name"}, ExpressionAttributeValues={":n": s(SECRET)})
        self.assertEqual(2, found["Count"])
        self.assertEqual([SECRET] * 2, [image["payload"]["M"]["name"]["S"] for image in self.records(table)])
        self.assertFalse(self.folder_has(SECRET))
        backup = self.dynamodb.create_backup(TableName=table, BackupName="before")["BackupDetails"]["BackupArn"]

        for _ in range(2):
            self.assertEqual([{"log": "people", "id": "1", "forgotten": True}], self.run_command(0, "forget", "people", "1"))
        gone = dict(self.item("people#1"), payload={"M": {}}, forgotten={"BOOL": True})
        self.assertEqual(gone, self.get(table, "people#1"))
        self.assertEqual(self.item("people#2"), self.get(table, "people#2"))
        statement = self.dynamodb.execute_statement(Statement=f"SELECT payload FROM \"{table}\" WHERE pk = 'people#1#stream'")
        self.assertEqual([{"payload": {"M": {}}}], statement["Items"])
        self.assertEqual([{}, {"name": s(SECRET)}],
                         sorted((image["payload"]["M"] for image in self.records(table)), key=len))

        restored = table + "-restored"
        self.dynamodb.restore_table_from_backup(TargetTableName=restored, BackupArn=backup)
        self.dynamodb.get_waiter("table_exists").wait(TableName=restored, WaiterConfig={"Delay": 1})
        self.assertEqual(gone, self.get(restored, "people#1"))
        self.assertEqual(self.item("people#2"), self.get(restored, "people#2"))

        self.dynamodb.put_item(TableName=table, Item=self.item("people#1", 2))
        self.assertEqual(self.item("people#1", 2), self.get(table, "people#1", 2))
        self.assertEqual(gone, self.get(table, "people#1"))

    def test_the_commands(self):
        self.run_command(0, "private", "guests")
        self.run_command(0, "append", "guests", "7", "signup", json.dumps({"name": "grace"}))
        self.assertEqual("grace", self.run_command(0, "read", "guests", "7")[0]["payload"]["name"])
        self.run_command(0, "forget", "guests", "7")
        line = self.run_command(0, "read", "guests", "7")[0]
        self.assertEqual({"position", "time"}, {line.pop(name) and name for name in ("position", "time")})
        self.assertEqual({"log": "guests", "id": "7", "version": 1, "type": "signup", "payload": {}, "forgotten": True}, line)

    def test_those_who_follow(self):
        """The one order, a group's members and a rebuild's lines open what is sealed, and see what is forgotten."""
        self.run_command(0, "private", "visitors")
        for number, name in (("8", "grace"), ("9", "ada")):
            self.run_command(0, "append", "visitors", number, "signup", json.dumps({"name": name}))
        follow = ("tail", "--log", "visitors", "--from", "start", "--until-end", "--json")
        self.assertEqual(["grace", "ada"], [line["payload"].get("name") for line in self.run_command(0, *follow)])
        self.run_command(0, "forget", "visitors", "8")
        for how in ((), ("--as", "projection"), ("--group", "workers")):
            lines = self.run_command(0, *follow, *how)
            self.assertEqual([{}, {"id": "9", "name": "ada"}], [line["payload"] for line in lines], how)
            self.assertEqual([True, None], [line.get("forgotten") for line in lines], how)
        _, _, text = self.dynlog.request("GET", "/_dynlog/log?log=visitors&id=8&follow=false")
        line = json.loads(text)
        self.assertEqual(({}, True), (line["payload"], line["forgotten"]))
        self.assertIn("visitors", [line["log"] for line in self.run_command(0, "logs", "--json")])
        self.assertEqual(["8", "9"], sorted(line["id"] for line in self.run_command(0, "streams", "visitors", "--json")))

    def test_refusals(self):
        self.run_command(0, "append", "plain", "1", "signup")
        self.assertIn("has events already", self.run_command(1, "private", "plain"))
        self.assertIn("is not private", self.run_command(1, "forget", "plain", "1"))

    def test_killed(self):
        self.run_command(0, "private", "killed")
        table = self.table_of_events()
        self.dynamodb.put_item(TableName=table, Item=self.item("killed#1"))
        self.dynamodb.put_item(TableName=table, Item=self.item("killed#2"))
        self.run_command(0, "forget", "killed", "1")
        self.dynlog.kill()
        self.dynlog.start()
        self.assertEqual({"M": {}}, self.get(table, "killed#1")["payload"])
        self.assertEqual(self.item("killed#2"), self.get(table, "killed#2"))
        self.run_command(0, "private", "killed")


class ForgetOnTheBus(Case):
    """Archives of a bus, ./db, deliveries that wait, messages in queues: none of them ever has a private payload plain. The clock stands still,
    so what waits for its next attempt waits until a test moves it."""

    arguments = ["--clock", "manual"]
    BUS = "dynamodb-log"

    def setUp(self):
        self.events, self.sqs = self.dynlog.client("events"), self.dynlog.client("sqs")

    def archive(self):
        return self.events.describe_archive(ArchiveName=self.events.list_archives()["Archives"][0]["ArchiveName"])

    def run_command(self, *arguments):
        result = self.dynlog.command(*arguments)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def secret(self, number):
        return "a-plain-name-of-ada-%d" % number

    def files_with(self, text):
        """Data folder, ./db and what SQLite has beside it."""
        found = []
        for root, _, names in os.walk(self.dynlog.work):
            for name in names:
                with open(os.path.join(root, name), "rb") as file:
                    if text.encode() in file.read():
                        found.append(os.path.relpath(os.path.join(root, name), self.dynlog.work))
        return found

    def in_sqlite(self):
        self.dynlog.waiting()
        database = sqlite3.connect("file:%s?mode=ro" % self.dynlog.path("db"), uri=True)
        try:
            return [json.loads(row[0])["detail"] for row in
                    database.execute("select event from events where log = 'people' order by rowid")]
        finally:
            database.close()

    def rule_to_queue(self, name, pattern):
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.events.put_rule(Name=name, EventBusName=self.BUS, EventPattern=json.dumps(pattern))
        self.events.put_targets(Rule=name, EventBusName=self.BUS,
                                Targets=[{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:" + name}])
        return url

    def details(self, url):
        """Of the messages in a queue, by their key's stream."""
        bodies = [json.loads(message["Body"]) for message in
                  self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]
        return {(body["source"], body["detail"]["key"]["pk"]): body["detail"] for body in bodies}

    def put(self, number):
        """Through the built-in trigger, and as a client's own event."""
        payload = {"id": str(number), "name": self.secret(number)}
        self.dynamodb.put_item(TableName=LOGS, Item={
            "pk": s("people#%d#stream" % number), "sk": n(1), "log": s("people"), "type": s("signup"),
            "payload": {"M": {name: s(text) for name, text in payload.items()}}})
        detail = {"log": "people", "key": {"pk": "people#%d#stream" % number, "sk": 1}, "type": "signup", "payload": payload}
        answer = self.events.put_events(Entries=[{"EventBusName": self.BUS, "Source": "mine", "DetailType": "t",
                                                  "Detail": json.dumps(detail)}])
        self.assertEqual(0, answer["FailedEntryCount"])
        self.dynlog.waiting()
        return detail

    def test_everywhere_at_once(self):
        before = self.archive()["EventCount"]
        self.run_command("private", "people")
        waits, kept = (self.rule_to_queue(name, {"detail": {"payload": {"name": [{"prefix": "a-plain-name"}]}},
                                                 "replay-name": [{"exists": False}]}) for name in ("waits", "kept"))
        self.dynlog.faults(TargetFailure=[{"RuleName": "waits", "ErrorCode": "THROTTLING", "Count": 4}])
        plain = {number: self.put(number) for number in (1, 2)}
        self.assertEqual(4, self.dynlog.waiting()["deliveries"]["count"])
        archive = self.archive()
        self.assertEqual(before + 4, archive["EventCount"])
        sealed = self.in_sqlite()
        self.assertEqual([["sealed"]] * 4, [list(detail["payload"]) for detail in sealed])
        self.assertEqual([dict(plain[1], payload=None)] * 2 + [dict(plain[2], payload=None)] * 2,
                         [dict(detail, payload=None) for detail in sealed])
        self.dynlog.kill()
        self.dynlog.start()
        self.assertEqual(([], []), (self.files_with(self.secret(1)), self.files_with(self.secret(2))))

        self.run_command("forget", "people", "1")
        self.dynlog.kill()
        self.dynlog.start()
        self.assertEqual(4, self.dynlog.waiting()["deliveries"]["count"])
        self.dynlog.advance("1m")
        gone = dict(plain[1], payload={}, forgotten=True)
        expected = {(source, "people#%d#stream" % number): detail
                    for source in ("dynamodb-log", "mine") for number, detail in ((1, gone), (2, plain[2]))}
        self.assertEqual(expected, self.details(waits))
        self.assertEqual(expected, self.details(kept))

        replayed = self.rule_to_queue("replayed", {"replay-name": [{"exists": True}], "detail": {"log": ["people"]}})
        now = archive["CreationTime"].timestamp()
        self.events.start_replay(ReplayName="again", EventSourceArn=archive["ArchiveArn"], EventStartTime=now - 3600,
                                 EventEndTime=now + 3600, Destination={"Arn": archive["EventSourceArn"]})
        self.dynlog.drain()
        self.assertEqual(expected, self.details(replayed))
        described = self.archive()
        self.assertEqual((before + 4, archive["SizeBytes"]), (described["EventCount"], described["SizeBytes"]))
        self.assertEqual(sealed, self.in_sqlite())
        self.assertEqual([], self.files_with(self.secret(1)))

    def test_a_clients_own_seal(self):
        """What looks like a sealed payload is a payload."""
        events = self.events
        self.run_command("private", "forged")
        url = self.rule_to_queue("forged", {"detail": {"log": ["forged", "open"]}, "replay-name": [{"exists": True}]})
        details = [{"log": log, "key": {"pk": log + "#1#stream", "sk": 1}, "payload": {"sealed": "AQ=="}}
                   for log in ("forged", "open")]
        events.put_events(Entries=[{"EventBusName": self.BUS, "Source": "mine", "DetailType": "t", "Detail": json.dumps(detail)}
                                   for detail in details])
        archive = self.archive()
        now = archive["CreationTime"].timestamp()
        events.start_replay(ReplayName="forged", EventSourceArn=archive["ArchiveArn"], EventStartTime=now - 3600,
                            EventEndTime=now + 3600, Destination={"Arn": archive["EventSourceArn"]})
        self.dynlog.waiting()
        self.assertEqual({("mine", detail["key"]["pk"]): detail for detail in details}, self.details(url))
