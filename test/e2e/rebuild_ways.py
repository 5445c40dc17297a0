"""dynlog rebuild by every way in which a function gets events: aliases, the change stream, queues; while events go
on being appended, with commands and servers that are killed. The handlers say what they were given, so that gaps,
doubles and order are seen."""

import http.server
import io
import json
import os
import shutil
import signal
import threading
import unittest
import zipfile

from support.case import event, s
from support.server import PROGRAM, Dynlog

DONE, FAILED, USAGE, LOST_RACE, UNREACHABLE = range(5)
LOGS, CORE, BUS = "local-dynamodb-logs", "local-core", "dynamodb-log"
ROLE = "arn:aws:iam::000000000000:role/any"
TABLE = """
    %s:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: %s
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}%s]
        KeySchema: [{AttributeName: pk, KeyType: HASH}%s]%s"""
STACK = ("""
service: ways
provider: {name: aws, runtime: python3.11}
resources:
  Resources:
    bus: {Type: AWS::Events::EventBus, Properties: {Name: dynamodb-log}}""" + TABLE % (
        "logs", LOGS, ", {AttributeName: sk, AttributeType: N}", ", {AttributeName: sk, KeyType: RANGE}", """
        StreamSpecification: {StreamViewType: NEW_IMAGE}""") + TABLE % ("core", CORE, "", "", "") + "\n")

# A row has the versions that its stream has; "seen" has what came, in its order.
HANDLER = """
import http.client, json, os, urllib.parse

SIGNED = %r


def dynamodb(operation, **body):
    url = urllib.parse.urlparse(os.environ["AWS_ENDPOINT_URL"])
    connection = http.client.HTTPConnection(url.hostname, url.port)
    connection.request("POST", "/", json.dumps(body), {
        "X-Amz-Target": "DynamoDB_20120810." + operation, "Content-Type": "application/x-amz-json-1.0", **SIGNED})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(text.decode())


def detail_of(record):
    if "dynamodb" in record:
        image = record["dynamodb"]["NewImage"]
        return image["pk"]["S"], int(image["sk"]["N"]), image["type"]["S"]
    detail = json.loads(record["body"]) if "body" in record else record["detail"]
    return detail["key"]["pk"], detail["key"]["sk"], detail["type"]


def handle(event, context):
    records = event.get("Records", [event])
    failures = []
    for record in records:
        user, version, kind = detail_of(record)
        with open(os.environ["SEEN"], "a") as file:
            file.write(json.dumps({"user": user, "version": version, "kind": kind, "by": context.function_version,
                                   "count": len(records), "record": record}) + "\\n")
        if kind == "bad" and not os.path.exists(os.environ["SEEN"] + ".mended"):
            if os.environ.get("REPORTS"):
                return {"batchItemFailures": [{"itemIdentifier": record.get("messageId") or record["dynamodb"]["SequenceNumber"]}]}
            raise ValueError("no such thing: " + user)
        dynamodb("UpdateItem", TableName=os.environ["TABLE"], Key={"pk": {"S": user}},
                 UpdateExpression="ADD versions :v SET made = :m",
                 ExpressionAttributeValues={":v": {"NS": [str(version)]}, ":m": {"S": os.environ.get("MAKES", "")}})
"""


def code():
    from support.server import SIGNED
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("main.py", HANDLER % (SIGNED,))
    return out.getvalue()


class Appender(threading.Thread):
    """Goes on appending events of new users, four each, until it is told to stop or the server is killed."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.over, self.some = client, threading.Event(), threading.Event()
        self.error, self.count = None, 0
        self.start()

    def run(self):
        try:
            while not self.over.is_set() and self.count < 1000:
                self.client.put_item(TableName=LOGS, Item=event("users", 1000 + self.count // 4, 1 + self.count % 4))
                self.count += 1
                self.some.set()
        except Exception as error:
            self.error = error
            self.some.set()

    def stop(self):
        self.over.set()
        self.join(60)


class Way(unittest.TestCase):
    """One server for a test."""

    more, arguments = "", ()  # of the stack file, of `dynlog start`
    maxDiff = None

    def setUp(self):
        self.dynlog = Dynlog({"serverless.yml": STACK + self.more}, self.arguments)
        self.addCleanup(self.dynlog.remove)
        self.dynlog.start()
        self.client = self.dynlog.client("dynamodb")
        self.functions = self.dynlog.client("lambda")
        self.events = self.dynlog.client("events")
        self.queues = self.dynlog.client("sqs")

    def tearDown(self):
        self.dynlog.stop()

    # ---- what there is ----

    def function(self, name="model", publish=False, **environment):
        environment = {"TABLE": CORE, "SEEN": self.dynlog.path("seen"), **environment}
        return self.functions.create_function(
            FunctionName=name, Runtime="python3.11", Role=ROLE, Handler="main.handle", Timeout=60, Publish=publish,
            Code={"ZipFile": code()}, Environment={"Variables": environment})["FunctionArn"].split(":model")[0] + ":" + name

    def rule(self, name, arn, pattern=None, **more):
        self.events.put_rule(Name=name, EventBusName=BUS, EventPattern=json.dumps(pattern or {"detail": {"log": ["users"]}}))
        self.events.put_targets(Rule=name, EventBusName=BUS, Targets=[{"Id": "1", "Arn": arn, **more}])

    def mapping(self, source, function="model", **more):
        return self.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=source, **more)["UUID"]

    def stream(self):
        return self.client.describe_table(TableName=LOGS)["Table"]["LatestStreamArn"]

    def queue(self, name="jobs", **attributes):
        url = self.queues.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60", **attributes})["QueueUrl"]
        return self.queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def put(self, user, version, kind="signup"):
        self.client.put_item(TableName=LOGS, Item=event("users", user, version, kind))

    def fill(self, users, drain=True):
        for version in range(1, 5):
            for user in range(users):
                self.put(user, version)
        if drain:
            self.dynlog.drain()

    def items(self, table):
        more = {}
        while True:
            page = self.client.scan(TableName=table, ConsistentRead=True, **more)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def rows(self, table=CORE):
        return {row["pk"]["S"]: sorted(int(v) for v in row.get("versions", {"NS": []})["NS"]) for row in self.items(table)}

    def right(self, table=CORE):
        """The read model is what the log says."""
        self.dynlog.drain()
        streams = {}
        for item in self.items(LOGS):
            streams.setdefault(item["pk"]["S"], []).append(int(item["sk"]["N"]))
        self.assertEqual({user: sorted(versions) for user, versions in streams.items()}, self.rows(table))

    def seen(self):
        """What came since the last time."""
        try:
            with open(self.dynlog.path("seen"), encoding="utf-8") as file:
                lines = [json.loads(line) for line in file]
            os.remove(self.dynlog.path("seen"))
            return lines
        except FileNotFoundError:
            return []

    def once_in_order(self, lines):
        """Each event of the log once, those of one stream in their order."""
        came = {}
        for line in lines:
            came.setdefault(line["user"], []).append(line["version"])
        self.assertEqual({user: versions for user, versions in self.rows().items()}, came)

    def spoil(self):
        for user in list(self.rows()):
            self.client.delete_item(TableName=CORE, Key={"pk": s(user)})
        self.client.put_item(TableName=CORE, Item={"pk": s("users#nobody")})

    # ---- the command ----

    def rebuild(self, status, *arguments):
        result = self.dynlog.command("rebuild", "model", *arguments, timeout_s=240)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        self.said = result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def holds(self):
        return json.loads(self.dynlog.request("GET", "/_dynlog/holds")[2])["holds"]

    def spawn(self, *arguments):
        return self.dynlog.spawn_beside(PROGRAM, "rebuild", "model", *arguments, "--yes")

    def wait_for_rows(self, count, table=CORE):
        for _ in range(5000):
            try:
                rows = self.rows(table)
                if len(rows) >= count and "users#nobody" not in rows:
                    return
            except self.client.exceptions.ResourceNotFoundException:
                pass
        self.fail("no rows came")

    # ---- what every way must bear ----

    def clear_while_events_come(self, matching, exact=False):
        self.fill(30)
        self.right()
        self.spoil()
        self.seen()
        dry = self.rebuild(DONE, "--clear", CORE, "--dry-run")[0]
        self.assertEqual(matching, dry["events"])
        self.assertEqual([], self.seen())
        appender = Appender(self.dynlog.client("dynamodb"))
        appender.some.wait(60)
        done = self.rebuild(DONE, "--clear", CORE, "--yes")[0]
        appender.stop()
        self.assertIsNone(appender.error)
        self.assertGreaterEqual(done["events"], matching)
        self.assertEqual([], self.holds())
        self.right()
        return self.seen()

    def killed_and_killed(self):
        """The command is killed, then the server; the third goes to the end."""
        self.fill(60)
        self.spoil()
        running = self.spawn("--clear", CORE, "--rate", "60")
        self.wait_for_rows(5)
        self.put(5000, 1)
        running.end(signal.SIGKILL)
        hold = self.holds()[0]
        self.assertEqual((True, "feeding"), (hold["held"], hold["note"]["stage"]))
        self.dynlog.drain()  # what is held is not under way
        self.assertNotIn("users#5000#stream", self.rows())
        running = self.spawn("--clear", CORE, "--rate", "60")
        while self.holds()[0]["note"]["at"] <= hold["note"]["at"] and running.popen.poll() is None:
            pass
        self.dynlog.kill()
        self.assertEqual(UNREACHABLE, running.wait(), running.err.text())
        self.dynlog.restart()
        self.put(5001, 1)
        self.assertTrue(self.holds()[0]["held"])
        self.dynlog.drain()
        self.assertNotIn("users#5001#stream", self.rows())
        self.rebuild(DONE, "--clear", CORE, "--yes")
        self.right()
        self.assertIn("users#5000#stream", self.rows())
        self.assertIn("users#5001#stream", self.rows())
        self.assertEqual([], self.holds())


class Stream(Way):
    def make(self, **more):
        self.function()
        self.mapping(self.stream(), StartingPosition="TRIM_HORIZON", BatchSize=10, **more)

    def test_clear(self):
        self.make()
        lines = self.clear_while_events_come(120)
        rebuilt = [line for line in lines if line["record"]["eventID"].startswith("0" * 16)]
        self.assertGreaterEqual(len(rebuilt), 120)
        # what came before the hold by itself comes again by the rebuild, and nothing comes twice after it
        first = lines.index(rebuilt[0])
        self.once_in_order(lines[first:])
        self.assertLess(1, max(line["count"] for line in rebuilt))
        self.assertGreaterEqual(10, max(line["count"] for line in lines))
        live = next(line for line in lines if line not in rebuilt)["record"]
        record = rebuilt[0]["record"]
        self.assertEqual(list(live), list(record))
        self.assertEqual(list(live["dynamodb"]), list(record["dynamodb"]))
        self.assertEqual(("INSERT", "NEW_IMAGE", self.stream()),
                         (record["eventName"], record["dynamodb"]["StreamViewType"], record["eventSourceARN"]))

    def test_killed(self):
        self.make()
        self.killed_and_killed()

    def test_filters_and_failures(self):
        self.function(REPORTS="1")
        self.mapping(self.stream(), StartingPosition="LATEST", BatchSize=100, FunctionResponseTypes=["ReportBatchItemFailures"],
                     FilterCriteria={"Filters": [{"Pattern": json.dumps({"dynamodb": {"NewImage": {"type": {"S": ["good", "bad"]}}}})}]})
        with open(self.dynlog.path("seen.mended"), "w", encoding="utf-8"):
            pass
        for user, kind in enumerate(["good", "bad", "other", "good", "bad", "good"]):
            self.put(user, 1, kind)
        self.dynlog.drain()
        os.remove(self.dynlog.path("seen.mended"))
        self.seen()
        self.assertEqual(5, self.rebuild(DONE, "--clear", CORE, "--dry-run")[0]["events"])
        self.assertEqual(2, self.rebuild(DONE, "--clear", CORE, "--dry-run", "--type", "bad")[0]["events"])
        self.rebuild(FAILED, "--clear", CORE, "--yes", "--in-flight", "1")
        self.assertIn("model failed at users/1 version 1 bad", self.said)
        self.assertIn("batchItemFailures", self.said)
        lines = self.rebuild(FAILED, "--clear", CORE, "--yes", "--in-flight", "1", "--skip-failures")
        self.assertEqual(["1", "4"], [line["id"] for line in lines[:-1]])
        self.assertEqual({"users#0#stream", "users#3#stream", "users#5#stream"}, set(self.rows()))

    def test_whole_batches_that_fail(self):
        self.function()
        self.mapping(self.stream(), StartingPosition="LATEST", BatchSize=100)
        with open(self.dynlog.path("seen.mended"), "w", encoding="utf-8"):
            pass
        for user in range(20):
            self.put(user, 1, "bad" if user in (3, 11) else "good")
        self.dynlog.drain()
        os.remove(self.dynlog.path("seen.mended"))
        self.rebuild(FAILED, "--clear", CORE, "--yes", "--in-flight", "1")
        self.assertIn("users/0 version 1 good", self.said)
        self.assertIn("or another of its batch of 20", self.said)
        lines = self.rebuild(FAILED, "--clear", CORE, "--yes", "--in-flight", "1", "--skip-failures")
        self.assertEqual(["3", "11"], [line["id"] for line in lines[:-1]])
        self.assertEqual(18, len(self.rows()))

    def test_into(self):
        self.make()
        self.fill(30)
        appender = Appender(self.dynlog.client("dynamodb"))
        appender.some.wait(60)
        self.rebuild(DONE, "--into", "core-2", "--variable", "TABLE", "--yes")
        appender.stop()
        self.right("core-2")
        self.put(6000, 1)
        self.right("core-2")
        self.assertNotIn("users#6000#stream", self.rows())

    def test_cancel(self):
        self.make()
        self.fill(30)
        running = self.spawn("--clear", CORE, "--rate", "5")
        while not self.holds() or self.holds()[0]["note"]["stage"] != "feeding":
            pass
        self.put(5000, 1)
        self.assertEqual(FAILED, running.end(signal.SIGINT))
        self.rebuild(DONE, "--cancel")
        self.dynlog.drain()
        self.assertIn("users#5000#stream", self.rows())


class Queue(Way):
    def make(self, fifo=False):
        arn = self.queue("jobs.fifo", FifoQueue="true", ContentBasedDeduplication="true") if fifo else self.queue()
        more = {"SqsParameters": {"MessageGroupId": "all"}} if fifo else {}
        self.function()
        self.rule("to-queue", arn, InputTransformer={
            "InputPathsMap": {"key": "$.detail.key", "type": "$.detail.type"},
            "InputTemplate": "{\"key\": <key>, \"type\": <type>}"}, **more)
        self.mapping(arn, BatchSize=5)
        return arn

    def test_clear(self):
        self.make()
        lines = self.clear_while_events_come(120)
        rebuilt = [line for line in lines if line["record"]["messageId"].startswith("00000000-0000-4000-8")]
        self.assertGreaterEqual(len(rebuilt), 120)
        self.assertGreaterEqual(5, max(line["count"] for line in lines))
        self.assertLess(1, max(line["count"] for line in rebuilt))
        live = next(line for line in lines if line not in rebuilt)["record"]
        record = rebuilt[0]["record"]
        self.assertEqual(list(live), list(record))
        self.assertEqual(set(live["attributes"]), set(record["attributes"]) | (set(live["attributes"]) & {"AWSTraceHeader"}))
        self.assertEqual({"key", "type"}, set(json.loads(record["body"])))

    def test_killed(self):
        self.make()
        self.killed_and_killed()

    def test_fifo(self):
        self.make(fifo=True)
        lines = self.clear_while_events_come(120)
        self.assertEqual({"all"}, {line["record"]["attributes"]["MessageGroupId"] for line in lines})
        twins = {}
        for line in lines:  # the digest is the one that the queue makes
            twins.setdefault(line["record"]["body"], set()).add(line["record"]["attributes"]["MessageDeduplicationId"])
        self.assertEqual({1}, {len(ids) for ids in twins.values()})


class Alias(Way):
    def make(self):
        arn = self.function(publish=True, MAKES="1")
        self.functions.create_alias(FunctionName="model", Name="live", FunctionVersion="1")
        self.rule("to-alias", arn + ":live")
        return arn

    def mend(self):
        """$LATEST has other code than the alias."""
        variables = self.functions.get_function_configuration(FunctionName="model")["Environment"]["Variables"]
        self.functions.update_function_configuration(FunctionName="model", Environment={"Variables": {**variables, "MAKES": "2"}})

    def test_clear(self):
        self.make()
        self.mend()
        lines = self.clear_while_events_come(120)
        self.assertEqual({"1"}, {line["by"] for line in lines})

    def test_killed(self):
        self.make()
        self.killed_and_killed()

    def test_into_moves_the_alias(self):
        self.make()
        self.fill(30)
        self.mend()
        appender = Appender(self.dynlog.client("dynamodb"))
        appender.some.wait(60)
        self.rebuild(DONE, "--into", "core-2", "--variable", "TABLE", "--yes")
        appender.stop()
        self.right("core-2")
        self.assertEqual({"2"}, {row["made"]["S"] for row in self.items("core-2")})
        alias = self.functions.get_alias(FunctionName="model", Name="live")
        self.assertNotEqual("1", alias["FunctionVersion"])
        for qualifier in ({}, {"Qualifier": "live"}):
            now = self.functions.get_function_configuration(FunctionName="model", **qualifier)
            self.assertEqual("core-2", now["Environment"]["Variables"]["TABLE"])
        self.put(6000, 1)
        self.right("core-2")

    def test_into_is_killed(self):
        self.make()
        self.fill(60)
        into = ["--into", "core-2", "--variable", "TABLE"]
        running = self.spawn(*into, "--rate", "60")
        self.wait_for_rows(5, "core-2")
        running.end(signal.SIGKILL)
        running = self.spawn(*into, "--rate", "60")
        self.wait_for_rows(10, "core-2")
        self.put(5000, 1)
        self.dynlog.kill()
        self.assertEqual(UNREACHABLE, running.wait(), running.err.text())
        self.dynlog.restart()
        self.put(5001, 1)
        self.rebuild(DONE, *into, "--yes")
        self.right("core-2")

    def test_what_is_refused(self):
        arn = self.make()
        self.fill(3)
        self.functions.publish_version(FunctionName="model", Description="another")
        self.mend()
        self.functions.publish_version(FunctionName="model")
        self.functions.update_alias(FunctionName="model", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
        self.rebuild(FAILED, "--into", "core-2", "--variable", "TABLE", "--yes")
        self.assertIn("The alias live of model shares its events between two versions", self.said)
        self.rebuild(DONE, "--clear", CORE, "--yes")  # each event to one of them, as live
        self.right()
        self.functions.update_alias(FunctionName="model", Name="live", RoutingConfig={})
        self.rule("to-version", arn + ":1")
        self.rebuild(FAILED, "--into", "core-2", "--variable", "TABLE", "--yes")
        self.assertIn("Version 1 of model gets events under its number", self.said)
        self.assertEqual(24, self.rebuild(DONE, "--clear", CORE, "--yes")[0]["events"] * 2)


class Several(Way):
    def test_all_ways_at_once(self):
        arn = self.function(publish=True)
        self.functions.create_alias(FunctionName="model", Name="live", FunctionVersion="1")
        self.rule("to-alias", arn + ":live", {"detail": {"log": ["users"], "type": ["signup"]}})
        queue = self.queue()
        self.rule("to-queue", queue, InputPath="$.detail")
        self.mapping(queue, "model:live", BatchSize=3)
        self.mapping(self.stream(), StartingPosition="TRIM_HORIZON", BatchSize=7)
        self.mapping(self.queue("others"), BatchSize=3)
        self.clear_while_events_come(120)
        self.rebuild(DONE, "--clear", CORE, "--dry-run")
        self.rebuild(USAGE, "--clear", CORE)
        self.assertIn("the stream of local-dynamodb-logs", " ".join(self.said.split()))
        self.assertIn("through the queue jobs (to live)", " ".join(self.said.split()))
        self.assertIn("not fed: arn:aws:sqs:us-east-1:000000000000:others", " ".join(self.said.split()))

    def test_what_is_refused(self):
        self.function()
        self.rebuild(FAILED, "--clear", CORE, "--yes")
        self.assertIn("No enabled rule of a bus has model as its target", self.said)
        uuid = self.mapping(self.stream(), StartingPosition="LATEST", TumblingWindowInSeconds=60)
        self.rebuild(FAILED, "--clear", CORE, "--yes")
        self.assertIn("tumbling windows", self.said)
        self.functions.update_event_source_mapping(UUID=uuid, TumblingWindowInSeconds=0, Enabled=False)
        self.rebuild(FAILED, "--clear", CORE, "--yes")
        self.mapping(self.queue("others"))
        self.rebuild(FAILED, "--clear", CORE, "--yes")
        self.assertIn("its mappings read arn:aws:sqs:us-east-1:000000000000:others", self.said)


class Proxy(http.server.BaseHTTPRequestHandler):
    """Another engine: it has DynamoDB and Lambda, and no path of dynlog's."""

    server_version, port = "Other", 0

    def log_message(self, *arguments):
        pass

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/_dynlog"):
            status, headers, text = self.server.answer
        else:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            status, headers, text = self.server.dynlog.request(self.command, self.path, body, kept)
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = pass_on


class AnotherEngine(Way):
    arguments = ["--archive", "db"]
    more = """
    all: {Type: AWS::Events::Archive, Properties: {ArchiveName: all, SourceArn: !GetAtt bus.Arn}}
"""

    def test_the_way_that_is_named_works(self):
        self.function()
        self.fill(5, drain=False)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        server.dynlog = self.dynlog
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        endpoint = ["--endpoint", "http://127.0.0.1:%d" % server.server_address[1]]
        for server.answer in ((404, {}, b"<html>not found</html>"),
                              (400, {}, b'{"__type": "com.amazonaws.dynamodb.v20120810#UnknownOperationException"}')):
            self.rebuild(FAILED, "--clear", CORE, "--yes", *endpoint)
            self.assertIn("dynlog replay --from table --to function --function model", " ".join(self.said.split()))
        self.assertEqual({}, self.rows())
        result = self.dynlog.command("replay", "--from", "table", "--to", "function", "--function", "model",
                                     "--table", LOGS, *endpoint)
        self.assertEqual(DONE, result.returncode, result.stderr)
        self.right()
        self.spoil()
        self.client.delete_item(TableName=CORE, Key={"pk": s("users#nobody")})
        result = self.dynlog.command("replay", "--from", "db", "--to", "function", "--function", "model", *endpoint)
        self.assertEqual(DONE, result.returncode, result.stderr)
        self.right()


class OlderFolder(Way):
    """A folder of an older dynlog, whose events are put in order when the next one starts on it."""

    COUNT = 12000

    def test_nobody_takes_a_part_for_all(self):
        age = os.path.join(os.path.dirname(PROGRAM), "test", "unit", "programs", "age_folder")
        if not os.path.exists(age):
            self.skipTest("this build has no tests")
        result = self.dynlog.command("fake", str(self.COUNT // 4))
        self.assertEqual(DONE, result.returncode, result.stderr)
        self.dynlog.drain()
        self.rule("to-function", self.function())
        self.dynlog.stop()
        folder = self.dynlog.path(".dynlog")
        result = self.dynlog.run(age, folder, LOGS)
        self.assertEqual(0, result.returncode, result.stderr)
        shutil.copytree(folder, self.dynlog.path("folder"))

        self.dynlog.restart()
        self.assertEqual(503, self.dynlog.request("GET", "/_dynlog/log?follow=false")[0])
        self.dynlog.kill()
        self.dynlog.restart()
        for path in ("/_dynlog/log?follow=false", "/_dynlog/log?backward=true&limit=10", "/_dynlog/log?to=100",
                     "/_dynlog/logs", "/_dynlog/streams?log=users"):
            status, headers, body = self.dynlog.request("GET", path)
            answer = json.loads(body)
            self.assertEqual((503, "1", "IN_USE"), (status, headers["Retry-After"], answer["error"]), path)
            self.assertIn("is being made, because an older dynlog wrote it", answer["message"])
        replay = self.dynlog.spawn_beside(PROGRAM, "replay", "--from", "table", "--to", "bus", "--dry-run", "--json")
        follows = self.dynlog.spawn_beside(PROGRAM, "tail", "--from", "0", "--json")
        dry = self.rebuild(DONE, "--clear", CORE, "--dry-run")[0]
        self.assertIn("are being put in order, once", self.said)
        self.assertEqual(self.COUNT, dry["events"])
        self.assertEqual(DONE, replay.wait(240), replay.err.text())
        self.assertIn("are being put in order, once", replay.err.text())
        self.assertEqual(self.COUNT, len(replay.out.list), replay.out.list[-3:])
        while len(follows.out.list) < self.COUNT:
            self.assertIsNone(follows.popen.poll(), follows.err.text())
            follows.out.wait(".", after=max(0, len(follows.out.list) - 1))
        follows.end(signal.SIGINT)
        lines = self.dynlog.request("GET", "/_dynlog/log?follow=false")[2].splitlines()
        self.assertEqual(self.COUNT, len({json.loads(line)["position"] for line in lines}))

        result = self.dynlog.command("logs", "--data", self.dynlog.path("folder"), "--json")
        self.assertEqual(DONE, result.returncode, result.stderr)
        self.assertEqual(self.COUNT, sum(json.loads(line)["events"] for line in result.stdout.splitlines()))


if __name__ == "__main__":
    unittest.main()
