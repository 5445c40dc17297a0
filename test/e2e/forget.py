"""Private logs: clients see plain items, the folder has none, and what is forgotten stays so."""

import json
import os
import sqlite3
import unittest

from support.case import Case, n, s
from support.server import Dynlog

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

    def archived(self, *arguments):
        return [event for event in self.run_command(0, "archive", *arguments)]

    def test_archive_and_replay(self):
        """./db has payloads sealed; the server opens them for people, and for replays, which find all that is there."""
        self.run_command(0, "private", "sealed")
        for number, name in (("1", "ada"), ("2", "grace")):
            self.run_command(0, "append", "sealed", number, "signup", json.dumps({"name": name}))
        self.dynlog.drain()
        show = ("show", "--log", "sealed")
        shut = self.archived(*show)
        self.assertEqual([["sealed"]] * 2, [list(event["detail"]["payload"]) for event in shut])
        self.assertEqual(["ada", "grace"], [event["detail"]["payload"]["name"] for event in self.archived(*show, "--open")])
        # a client's own, in a log that is not private: it is no seal of its place
        self.run_command(0, "append", "copies", "1", "copied", json.dumps(shut[1]["detail"]["payload"]))
        self.dynlog.drain()

        replay = ("replay", "--from", "db", "--to", "table", "--log", "sealed", "--log", "copies")
        self.assertEqual((0, 3, 0), self.counts(*replay))
        self.run_command(0, "forget", "sealed", "1")
        self.assertEqual((0, 3, 0), self.counts(*replay))
        self.assertEqual([({}, True), ("grace", None)], [
            (event["detail"]["payload"].get("name", {}), event["detail"].get("forgotten"))
            for event in self.archived(*show, "--open")])

        fresh = self.table_of_events()
        self.assertEqual((3, 0, 0), self.counts(*replay, "--to-table", fresh))
        self.assertEqual((0, 3, 0), self.counts(*replay, "--to-table", fresh))
        gone = self.get(fresh, "sealed#1")
        self.assertEqual(({"M": {}}, {"BOOL": True}), (gone["payload"], gone["forgotten"]))
        self.assertEqual(s("grace"), self.get(fresh, "sealed#2")["payload"]["M"]["name"])
        self.assertEqual(s(shut[1]["detail"]["payload"]["sealed"]),
                         self.get(fresh, "copies#1")["payload"]["M"]["sealed"])
        lines = self.run_command(0, "replay", "--from", "db", "--to", "bus", "--log", "sealed", "--dry-run")
        self.assertEqual([True, None], [json.loads(line["Detail"]).get("forgotten") for line in lines])

        # as they are, and open: both come in, and out as they were
        for how in ((), ("--open",)):
            lines = self.dynlog.path("lines%d" % len(how))
            self.run_command(0, "archive", "export", lines, "--log", "sealed", *how)
            self.assertEqual([{"archive": lines + ".db", "imported": 2, "known": 0}],
                             self.archived("import", lines, "--archive", lines + ".db"))
            with open(lines, encoding="utf-8") as file:
                self.assertEqual([json.loads(line) for line in file], self.archived("show", "--archive", lines + ".db"))

    def counts(self, *replay):
        end = self.run_command(0, *replay)[-1]
        return end["sent"], end["skipped"], end["different"] + end["failed"]

    def test_another_dynlog(self):
        """One that has not the keys opens nothing, and calls nothing forgotten that it may not have known."""
        self.run_command(0, "private", "away")
        self.run_command(0, "append", "away", "1", "signup", json.dumps({"name": "ada"}))
        self.dynlog.drain()
        with Dynlog() as other:
            replay = ("replay", "--from", "db", "--to", "table", "--log", "away", "--to-endpoint", other.endpoint)
            self.assertIn("can't open it: it was not sealed here", self.run_command(1, *replay))
            self.assertIn("can't open it", self.run_command(1, "archive", "export", "--open", "--log", "away",
                                                            "--endpoint", other.endpoint))
            self.assertEqual((1, 0, 0), self.counts(*replay, "--endpoint", self.dynlog.endpoint))
            line = json.loads(other.command("read", "away", "1").stdout)
            self.assertEqual("ada", line["payload"]["name"])

    def test_the_door(self):
        status, _, text = self.dynlog.request("POST", "/_dynlog/unseal", "[]")
        self.assertEqual((200, []), (status, json.loads(text)))
        for headers in ({"Host": "evil.example.com"}, {"Origin": "http://evil.example.com"}):
            self.assertEqual(403, self.dynlog.request("POST", "/_dynlog/unseal", "[]", headers)[0])
        status, _, text = self.dynlog.request("POST", "/_dynlog/unseal", '[{"pk":"a","sk":1,"sealed":"x"},{}]')
        self.assertEqual((400, True, 1), (status, json.loads(text)["refused"], json.loads(text)["index"]))
        self.assertEqual(405, self.dynlog.request("GET", "/_dynlog/unseal")[0])

    def test_which_are_private(self):
        self.run_command(0, "private", "listed")
        lines = [line for line in self.run_command(0, "private") if line["log"] == "listed"]
        self.assertEqual(["listed"], [line["log"] for line in lines])
        self.assertRegex(lines[0]["since"], r"^20\d\d-.*Z$")

    def test_copied_lines(self):
        """What `read` prints of a forgotten event is no event to append."""
        self.run_command(0, "private", "copied")
        self.run_command(0, "append", "copied", "1", "signup", json.dumps({"name": "ada"}))
        self.run_command(0, "forget", "copied", "1")
        path = self.dynlog.write("forgotten.jsonl", self.dynlog.command("read", "copied", "1").stdout)
        self.assertIn("was forgotten, so it can't be appended", self.run_command(2, "append", "--file", path))

    def test_refusals(self):
        self.run_command(0, "append", "plain", "1", "signup")
        self.assertIn("has events already", self.run_command(1, "private", "plain"))
        self.assertIn("is not private", self.run_command(1, "forget", "plain", "1"))

    def test_a_table_is_a_folders(self):
        """A log is private in all tables of a server: one that is named is refused, not passed over."""
        for arguments in (["private", "everywhere"], ["private"], ["forget", "everywhere", "1"]):
            for option in (["--table", "other"], ["--stage", "local"]):
                with self.subTest(arguments + option):
                    told = self.run_command(2, *arguments, *option)
                    self.assertIn(option[0] + " goes with --data alone", told)
        self.assertNotIn("everywhere", [line["log"] for line in self.run_command(0, "private")])
        folder = self.dynlog.path("of-tables")
        lines = self.dynlog.command("private", "mine", "--data", folder, "--table", "mine").stdout.splitlines()
        self.assertEqual([{"log": "mine", "private": True}], [json.loads(line) for line in lines])

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


STACK = """service: app
provider: {name: aws}
custom: {dynlog: {private: [%s]}}
resources:
  Resources:
    Logs:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-dynamodb-logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
"""


class Start(unittest.TestCase):
    """Private logs of a start: --private, and custom.dynlog.private of the stack file."""

    def start(self, stack, *arguments):
        self.dynlog = Dynlog({"serverless.yml": STACK % stack}, arguments).start()
        self.addCleanup(self.dynlog.remove)

    def private(self, *arguments):
        return [json.loads(line)["log"] for line in self.dynlog.command("private", *arguments).stdout.splitlines()]

    def save(self, stack):
        path = self.dynlog.write("serverless.yml~", STACK % stack)
        os.rename(path, self.dynlog.path("serverless.yml"))

    def refused_start(self, *arguments):
        process = self.dynlog.spawn(*arguments)
        self.assertEqual(1, process.wait())
        return process.err.text()

    def test_declared(self):
        self.start("people, guests", "--private", "visitors", "--private", "people")
        self.assertEqual(["guests", "people", "visitors"], self.private())
        self.dynlog.stop()
        self.save("")
        self.dynlog.start()  # for good, whoever names them
        self.assertEqual(["guests", "people", "visitors"], self.private())
        self.dynlog.stop()
        self.assertEqual(["guests", "people", "visitors"], self.private("--data", ".dynlog"))

    def test_a_log_with_events(self):
        self.start("people")
        self.assertEqual(0, self.dynlog.command("append", "plain", "1", "signup").returncode)
        self.dynlog.stop()
        self.assertIn("--private plain: The log plain has events already", self.refused_start("--private", "plain"))
        self.save("people, fresh, plain")
        self.assertRegex(self.refused_start(), r"serverless.yml:3:44: private: The log plain has events already")
        self.save("people")
        self.dynlog.start()
        self.dynlog.stop()

    def test_saved(self):
        self.start("people", "--watch")
        self.save("people, guests")
        self.dynlog.process.out.wait(r"^serverless.yml is applied$")
        self.assertIn("  + private log guests", self.dynlog.process.out.list)
        self.assertEqual(["guests", "people"], self.private())
        self.assertEqual(0, self.dynlog.command("append", "plain", "1", "signup").returncode)
        self.save("plain, other")
        self.dynlog.process.err.wait(r"serverless.yml:3:29: private: The log plain has events already")
        self.dynlog.process.err.wait(r"is not applied as a whole")
        self.assertEqual(["guests", "people"], self.private())
        self.dynlog.stop()


class OnTheBus(Case):
    """What both of these below look with."""

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

    def replay(self, archive):
        """All that the archive has, by now."""
        now = archive["CreationTime"].timestamp()
        self.events.start_replay(ReplayName="again", EventSourceArn=archive["ArchiveArn"], EventStartTime=now - 3600,
                                 EventEndTime=now + 3600, Destination={"Arn": archive["EventSourceArn"]})
        self.dynlog.drain()


class ForgetOnTheBus(OnTheBus):
    """Archives of a bus, ./db, deliveries that wait, messages in queues: none of them ever has a private payload plain. The clock stands still,
    so what waits for its next attempt waits until a test moves it."""

    arguments = ["--clock", "manual"]

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
        self.replay(archive)
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


RUNNING = """service: app
provider: {name: aws, runtime: python3.11}
custom: {dynlog: {private: [people]}}
functions:
  again:
    handler: handlers.again
    maximumRetryAttempts: 0
    destinations: {onFailure: {type: sqs, arn: !GetAtt ends.Arn}}
    events:
      - eventBridge: {eventBus: dynamodb-log, pattern: {source: [dynamodb-log], replay-name: [{exists: false}]}}
resources:
  Resources:
    Logs:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-dynamodb-logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
    Bus: {Type: AWS::Events::EventBus, Properties: {Name: dynamodb-log}}
    Archive: {Type: AWS::Events::Archive, Properties: {ArchiveName: all, SourceArn: !GetAtt Bus.Arn}}
    ends: {Type: AWS::SQS::Queue, Properties: {QueueName: ends}}
"""
AGAIN = """
import json, os
import boto3

events = boto3.client("events", endpoint_url=os.environ["AWS_ENDPOINT_URL"])

def again(event, context):
    detail = event["detail"]
    if detail["key"]["sk"] == 1:
        open("gate").read()  # a pipe: until the test closes it
    events.put_events(Entries=[{"EventBusName": "dynamodb-log", "Source": "again", "DetailType": "t",
                                "Detail": json.dumps(detail)}])
    raise ValueError("no")
"""


class ForgetWhileRunning(OnTheBus):
    """A function has an event in its hands while its stream is forgotten, puts it on the bus again and fails."""

    files = {"serverless.yml": RUNNING, "handlers.py": AGAIN}
    arguments = ["--archive", "db"]

    def append(self, version):
        self.dynamodb.put_item(TableName=LOGS, Item={
            "pk": s("people#1#stream"), "sk": n(version), "log": s("people"), "type": s("signup"),
            "payload": {"M": {"id": s("1"), "name": s(self.secret(version))}}})

    def taken(self, url):
        """What is in a queue, and is taken from it: the details of events, and of those in records of failures."""
        details = []
        for message in self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            details.append(body.get("requestPayload", body)["detail"])
        return details

    def opened(self):
        result = self.dynlog.command("archive", "show", "--log", "people", "--open")
        self.assertEqual(0, result.returncode, result.stderr)
        return [json.loads(line)["detail"] for line in result.stdout.splitlines()]

    def test_running(self):
        again = self.rule_to_queue("again", {"source": ["again"], "replay-name": [{"exists": False}]})
        ends = self.sqs.get_queue_url(QueueName="ends")["QueueUrl"]
        os.mkfifo(self.dynlog.path("gate"))
        self.append(1)
        with open(self.dynlog.path("gate"), "w", encoding="utf-8"):  # the function stands there
            self.run_command("forget", "people", "1")
        os.remove(self.dynlog.path("gate"))
        self.dynlog.drain()

        head = {"log": "people", "type": "signup"}
        gone = dict(head, key={"pk": "people#1#stream", "sk": 1}, payload={}, forgotten=True)
        self.assertEqual([gone], self.taken(again))
        self.assertEqual([gone], self.taken(ends))
        self.assertEqual([gone] * 2, self.opened())
        self.assertEqual([["sealed"]] * 2, [list(detail["payload"]) for detail in self.in_sqlite()])

        self.append(2)
        self.dynlog.drain()
        new = dict(head, key={"pk": "people#1#stream", "sk": 2}, payload={"id": "1", "name": self.secret(2)})
        self.assertEqual([new], self.taken(again))
        self.assertEqual([new], self.taken(ends))
        self.assertEqual([gone] * 2 + [new] * 2, self.opened())

        replayed = self.rule_to_queue("replayed", {"replay-name": [{"exists": True}]})
        self.replay(self.archive())
        details = sorted(self.taken(replayed), key=lambda detail: detail["key"]["sk"])
        self.assertEqual([gone] * 2 + [new] * 2, details)
        self.dynlog.kill()
        self.dynlog.start()
        self.assertEqual([gone] * 2 + [new] * 2, self.opened())
        self.assertEqual([], self.files_with(self.secret(1)) + self.files_with(self.secret(2)))
