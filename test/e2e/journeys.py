"""Journeys: what happened to an event, hop by hop, by the API and by `dynlog journey`; attempts, destinations, dead
letters; batches of several records; the same as OpenTelemetry spans; bounded after more events than are remembered."""

import json
import os
import subprocess
import tempfile
import unittest
import urllib.parse

from api_destinations import Target
from support.case import Case, event, s
from support.server import PROGRAM, TOP, WAIT_S, Dynlog, environment

START = "2026-01-31T09:30:00.000Z"

STACK = """
service: app
provider: {name: aws, runtime: python3.11}
custom:
  dynlog: {bus: app-bus}
functions:
  trigger:
    handler: handlers.trigger
    events:
      - stream: {type: dynamodb, arn: !GetAtt logs.StreamArn, batchSize: 10, batchWindow: 60, startingPosition: TRIM_HORIZON}
  good:
    handler: handlers.good
    events:
      - eventBridge: {eventBus: app-bus, pattern: {detail: {type: [good]}}}
  failing:
    handler: handlers.fail
    destinations: {onFailure: told}
    events:
      - eventBridge: {eventBus: app-bus, pattern: {detail: {type: [bad]}}}
  told:
    handler: handlers.good
  limited:
    handler: handlers.good
    maximumEventAge: 60
  stubborn:
    handler: handlers.fail
    events:
      - stream: {type: dynamodb, arn: !GetAtt others.StreamArn, batchSize: 10, maximumRetryAttempts: 1, startingPosition: TRIM_HORIZON}
  worker:
    handler: handlers.work
    events:
      - sqs: {arn: !GetAtt jobs.Arn, batchSize: 10}
  picky:
    handler: handlers.good
    events:
      - stream: {type: dynamodb, arn: !GetAtt others.StreamArn, startingPosition: TRIM_HORIZON, filterPatterns: [{eventName: [REMOVE]}]}
resources:
  Resources:
    bus:
      Type: AWS::Events::EventBus
      Properties: {Name: app-bus}
    jobs:
      Type: AWS::SQS::Queue
      Properties: {QueueName: jobs, VisibilityTimeout: 30, RedrivePolicy: {deadLetterTargetArn: !GetAtt lost.Arn, maxReceiveCount: 2}}
    lost:
      Type: AWS::SQS::Queue
      Properties: {QueueName: lost}
    core:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: core
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
    logs:
      Type: AWS::DynamoDB::Table
      Properties: &log
        TableName: logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
    others:
      Type: AWS::DynamoDB::Table
      Properties: {<<: *log, TableName: others}
"""

HANDLERS = """
import os
import boto3

endpoint = os.environ["AWS_ENDPOINT_URL"]
bridge = boto3.client("events", endpoint_url=endpoint)
dynamodb = boto3.client("dynamodb", endpoint_url=endpoint)

def trigger(event, context):
    with open("traces", "a") as file:
        file.write(os.environ["_X_AMZN_TRACE_ID"] + "\\n")
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        key = {"pk": image["pk"]["S"], "sk": int(image["sk"]["N"])}
        kind = image["type"]["S"]
        detail = {"type": kind} if kind == "hidden" else {"type": kind, "key": key}
        bridge.put_events(Entries=[{"EventBusName": "app-bus", "Source": "logs", "DetailType": "news",
                                    "Detail": __import__("json").dumps(detail)}])

def good(event, context):
    with open("traces", "a") as file:
        file.write(os.environ["_X_AMZN_TRACE_ID"] + "\\n")
    dynamodb.put_item(TableName="core", Item={"pk": {"S": context.aws_request_id}})

def work(event, context):
    if any("broken" in record["body"] for record in event["Records"]):
        raise RuntimeError("as it should")
    good(event, context)

def fail(event, context):
    raise RuntimeError("as it should")
"""


def flat(hops):
    """All hops of a tree, each before those below it."""
    for hop in hops:
        yield hop
        yield from flat(hop.get("hops", []))


def words(hops):
    """The tree in short: [(hop, result, [below])]."""
    return [(hop["hop"], hop["result"], words(hop.get("hops", []))) for hop in hops]


class Journeys(Case):
    files = {"serverless.yml": STACK, "handlers.py": HANDLERS}
    arguments = ["--clock", "manual=" + START]

    @classmethod
    def setUpClass(cls):
        cls.target = Target()
        cls.addClassCleanup(cls.target.close)
        cls.arguments = ["--clock", "manual=" + START, "--otlp", cls.target.url("")]
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        journeys = cls.ask("limit=1000")["journeys"]
        cls.dynlog.stop()  # what is queued goes out
        cls.compare(journeys)

    # ---- asking ----

    @classmethod
    def ask(cls, query, status=200):
        got, _, body = cls.dynlog.request("GET", "/_dynlog/journeys?" + query)
        assert got == status, (got, body)
        return json.loads(body)

    def of(self, name, more=""):
        """The only journey of that event."""
        journeys = self.ask("event=" + urllib.parse.quote(name, safe="") + more)["journeys"]
        self.assertEqual(1, len(journeys), journeys)
        return journeys[0]

    def put(self, table, entity, kind):
        self.dynamodb.put_item(TableName=table, Item=event("users", entity, 1, kind))
        return "users#%s#stream/1" % entity

    def advance(self, by):
        self.dynlog.advance(by)
        self.dynlog.waiting()

    def find(self, journey, hop):
        found = [each for each in flat(journey["hops"]) if each["hop"] == hop]
        self.assertEqual(1, len(found), journey)
        return found[0]

    # ---- the tests ----

    def test_every_hop(self):
        """From the append to the row, in order, with the times of the clock; found by any of its names."""
        name = self.put("logs", "every", "good")
        self.dynlog.waiting()
        began = self.ask("table=logs&event=" + urllib.parse.quote(name, safe=""))["journeys"][0]["began"]
        self.advance("60s")  # the window closes
        journey = self.of(name)
        self.assertEqual(
            [("append", "done", [("batch", "done", [("attempt", "done", [("event", "done", [
                ("rule", "done", [("delivery", "done", [("invocation", "done", [("attempt", "done", [
                    ("write", "done", [])])])])])])])])])], words(journey["hops"]))
        append = journey["hops"][0]
        self.assertEqual({"table": "logs", "key": name, "pk": "users#every#stream", "sk": "1", "change": "INSERT"},
                         {key: append[key] for key in ("table", "key", "pk", "sk", "change")})
        self.assertEqual(began, journey["began"])
        for hop in flat(append["hops"]):
            self.assertEqual((began + 60000, 60000), (hop["at"], hop["after"]), hop)
        for attempt in flat(journey["hops"]):
            if attempt["hop"] == "attempt":
                self.assertGreater(attempt["durationMs"], 0)
        self.assertEqual(("done", False, False), (journey["state"], journey["failed"], journey["retried"]))
        invocation = self.find(journey, "invocation")
        self.assertEqual(invocation["id"], self.find(journey, "write")["key"])
        for other in (self.find(journey, "event")["id"], invocation["id"], append["eventID"], journey["trace"],
                      self.find(journey, "batch")["hops"][0]["id"]):
            self.assertEqual(journey, self.of(other))
        # A row that a handler wrote leads to the journey that wrote it.
        self.assertEqual(journey, self.of(invocation["id"]))
        # What handlers saw of the trace is the trace.
        with open(self.dynlog.path("traces"), encoding="utf-8") as file:
            roots = [line for line in file if "Root=" + journey["trace"] in line]
        self.assertEqual(2, len(roots))
        spans = {hop["span"] for hop in flat(journey["hops"]) if hop["hop"] == "attempt"}
        self.assertEqual(spans, {line.split("Parent=")[1][:16] for line in roots})

    def test_a_handler_that_fails(self):
        """Each attempt, when the next one is, and the destination with what it did."""
        name = self.put("logs", "failing", "bad")
        self.dynlog.waiting()
        self.advance("60s")
        journey = self.of(name)
        invocation = self.find(journey, "invocation")
        self.assertEqual(("under way", "retrying"), (journey["state"], invocation["result"]))
        self.assertEqual(invocation["at"] + 60000, invocation["nextAt"])
        self.advance("60s")
        self.advance("120s")
        journey = self.of(name)
        invocation = next(hop for hop in flat(journey["hops"]) if hop["hop"] == "invocation")
        self.assertEqual(("failed", True, True), (journey["state"], journey["failed"], journey["retried"]))
        self.assertEqual(("failed", "RetriesExhausted", 3),
                         (invocation["result"], invocation["code"], invocation["attempts"]))
        attempts = [hop for hop in invocation["hops"] if hop["hop"] == "attempt"]
        self.assertEqual([(1, 0), (2, 60000), (3, 180000)],
                         [(hop["attempt"], hop["at"] - invocation["at"]) for hop in attempts])
        self.assertEqual({("failed", "RuntimeError", "as it should")},
                         {(hop["result"], hop["code"], hop["message"]) for hop in attempts})
        destination = invocation["hops"][-1]
        self.assertEqual(("destination", "done"), (destination["hop"], destination["result"]))
        self.assertTrue(destination["target"].endswith("function:app-local-told"), destination)
        self.assertEqual([("invocation", "done", [("attempt", "done", [("write", "done", [])])])],
                         words(destination["hops"]))
        self.assertIn(name, [each["event"] for each in self.ask("failed=true&limit=1000")["journeys"]])

    def test_several_records_of_a_batch(self):
        """Each has its own events; what can't be told apart is of all of them."""
        names = [self.put("logs", "many-%d" % i, "good") for i in range(3)]
        hidden = self.put("logs", "many-3", "hidden")
        self.dynlog.waiting()
        self.advance("60s")
        journeys = [self.of(name) for name in names]
        self.assertEqual(1, len({self.find(journey, "batch")["span"] for journey in journeys}))
        self.assertEqual(4, self.find(journeys[0], "batch")["records"])
        ids = set()
        for journey in journeys:
            events = [hop for hop in flat(journey["hops"]) if hop["hop"] == "event"]
            self.assertEqual(2, len(events), "its own, and the one that could be of any")
            own = [hop for hop in events if "position" in hop]
            self.assertEqual([journey["hops"][0]["position"]], [hop["position"] for hop in own])
            ids.add(own[0]["id"])
            self.assertEqual(1, sum(hop["hop"] == "invocation" for hop in flat(journey["hops"])))
        self.assertEqual(3, len(ids))
        self.assertEqual(1, sum(hop["hop"] == "event" for hop in flat(self.of(hidden)["hops"])))

    def test_a_batch_that_is_given_up(self):
        name = self.put("others", "stubborn", "x")
        self.dynlog.waiting()
        self.assertEqual("retrying", self.find(self.of(name, "&table=others"), "batch")["result"])
        self.advance("100ms")
        journey = self.of(name, "&table=others")
        batch = self.find(journey, "batch")
        self.assertEqual(("dropped", "failed"), (batch["result"], journey["state"]))
        self.assertEqual([("attempt", "failed", []), ("attempt", "failed", [])], words(batch["hops"]))
        left_out = self.find(journey, "filter")  # of the other mapping
        self.assertEqual(("filtered", "app-local-picky"), (left_out["result"], left_out["function"]))

    def test_a_dead_letter(self):
        """A rule's target that is not there: the dead-letter queue, with why."""
        events, sqs = self.dynlog.client("events"), self.dynlog.client("sqs")
        url = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        gone = arn.replace(":dead", ":gone")
        sqs.create_queue(QueueName="gone")
        events.put_rule(Name="letters", EventPattern=json.dumps({"source": ["letters"]}))
        events.put_targets(Rule="letters", Targets=[{"Id": "q", "Arn": gone, "DeadLetterConfig": {"Arn": arn}}])
        sqs.delete_queue(QueueUrl=url.replace("/dead", "/gone"))
        put = events.put_events(Entries=[{"Source": "letters", "DetailType": "d", "Detail": "{}"}])
        self.dynlog.waiting()
        journey = self.of(put["Entries"][0]["EventId"])
        self.assertEqual([("event", "done", [("rule", "done", [("delivery", "dead-letter", [
            ("attempt", "failed", []), ("dead-letter", "done", [])])])])], words(journey["hops"]))
        self.assertEqual("NO_RESOURCE", self.find(journey, "attempt")["code"])
        self.assertEqual(arn, self.find(journey, "dead-letter")["target"])

    def put_for(self, source, queue):
        """An event that a rule brings to that queue: its id."""
        events = self.dynlog.client("events")
        arn = "arn:aws:sqs:us-east-1:000000000000:" + queue
        events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
        events.put_targets(Rule=source, Targets=[{"Id": "q", "Arn": arn}])
        put = events.put_events(Entries=[{"Source": source, "DetailType": "d", "Detail": "{}"}])
        self.dynlog.waiting()
        return put["Entries"][0]["EventId"]

    def test_a_queue_and_its_function(self):
        journey = self.of(self.put_for("jobs", "jobs"))
        self.assertEqual([("event", "done", [("rule", "done", [("delivery", "done", [("message", "done", [
            ("batch", "done", [("attempt", "done", [("write", "done", [])])])])])])])], words(journey["hops"]))
        message, batch = self.find(journey, "message"), self.find(journey, "batch")
        self.assertEqual((self.find(journey, "delivery")["messageId"], 1), (message["id"], batch["messages"]))
        self.assertTrue(message["target"].endswith(":jobs"), message)
        self.assertEqual("app-local-worker", batch["function"])
        self.assertGreater(self.find(journey, "attempt")["durationMs"], 0)
        for other in (message["id"], self.find(journey, "attempt")["id"], batch["trace"]):
            self.assertEqual(journey, self.of(other))

    def test_a_queue_and_its_dead_letters(self):
        """Each receive is an attempt; the last one finds that there were enough."""
        name = self.put_for("broken", "jobs")
        journey = self.of(name)
        message = self.find(journey, "message")
        self.assertEqual(("under way", "retrying", message["at"] + 30000),
                         (journey["state"], message["result"], message["nextAt"]))
        self.assertEqual([("batch", "returned", [("attempt", "failed", [])])], words(message["hops"]))
        self.assertEqual("RuntimeError", self.find(journey, "attempt")["code"])
        self.advance("30s")
        self.advance("30s")
        journey = self.of(name)
        message = self.find(journey, "message")
        self.assertEqual(("failed", True, "dead-letter"), (journey["state"], journey["retried"], message["result"]))
        self.assertTrue(message["message"].endswith(":lost"), message)
        self.assertEqual([("batch", "returned", [("attempt", "failed", []), ("attempt", "failed", [])])],
                         words(message["hops"]))

    def test_a_queue_and_its_pipe(self):
        """What a filter leaves out is deleted; what it takes goes to the pipe's function."""
        queue = self.dynlog.client("sqs").create_queue(QueueName="piped")["QueueUrl"]
        self.dynlog.client("pipes").create_pipe(
            Name="piped", RoleArn="arn:aws:iam::000000000000:role/r", Source="arn:aws:sqs:us-east-1:000000000000:piped",
            SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": json.dumps({"body": {"source": ["piped"]}})}]}},
            Target="arn:aws:lambda:us-east-1:000000000000:function:app-local-good")
        self.dynlog.drain()
        self.assertTrue(queue.endswith("/piped"))
        taken, left_out = self.of(self.put_for("piped", "piped")), self.of(self.put_for("other", "piped"))
        self.assertEqual([("batch", "done", [("attempt", "done", [("invocation", "done", [("attempt", "done", [
            ("write", "done", [])])])])])], words(self.find(taken, "message")["hops"]))
        self.assertEqual("piped", self.find(taken, "batch")["function"])
        self.assertEqual([("filter", "filtered", [])], words(self.find(left_out, "message")["hops"]))
        self.assertEqual("done", left_out["state"])

    def test_invocations_of_a_client(self):
        function = self.dynlog.client("lambda")
        answer = function.invoke(FunctionName="app-local-failing", Payload=b"{}")
        journey = self.of(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"])
        self.assertEqual([("invocation", "failed", [("attempt", "failed", [])])], words(journey["hops"]))
        self.assertTrue(journey["hops"][0]["synchronous"])
        self.assertEqual("RuntimeError", journey["hops"][0]["hops"][0]["code"])

    def throttled(self):
        """An asynchronous invocation that there is no concurrency for: its request id."""
        self.dynlog.faults(Throttle=[{"FunctionName": "app-local-limited", "Operation": "AsynchronousInvocation",
                                      "Probability": 1}])
        self.addCleanup(self.dynlog.request, "DELETE", "/_dynlog/faults")
        answer = self.dynlog.client("lambda").invoke(FunctionName="app-local-limited", Payload=b"{}",
                                                     InvocationType="Event")
        self.dynlog.waiting()
        name = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
        invocation = self.find(self.of(name), "invocation")
        self.assertEqual([("attempt", "throttled", [])], words(invocation["hops"]))
        self.assertEqual(("retrying", invocation["at"] + 1000), (invocation["result"], invocation["nextAt"]))
        self.assertEqual("Rate Exceeded.", invocation["hops"][0]["message"])
        return name

    def test_throttled(self):
        name = self.throttled()
        self.dynlog.request("DELETE", "/_dynlog/faults")
        self.advance("1s")
        invocation = self.find(self.of(name), "invocation")
        self.assertEqual([("attempt", "throttled", []), ("attempt", "done", [("write", "done", [])])],
                         words(invocation["hops"]))
        self.assertEqual([1, 1], [hop["attempt"] for hop in invocation["hops"]])
        self.assertEqual(("done", 1), (invocation["result"], invocation["attempts"]))

    def test_throttled_until_it_is_too_old(self):
        name = self.throttled()
        for seconds in (1, 2, 4, 8, 16, 29):
            self.advance("%ds" % seconds)
        journey = self.of(name)
        invocation = self.find(journey, "invocation")
        self.assertEqual(("failed", "EventAgeExceeded"), (invocation["result"], invocation["code"]))
        self.assertEqual({("attempt", "throttled")}, {(hop["hop"], hop["result"]) for hop in invocation["hops"]})
        self.assertEqual(6, len(invocation["hops"]))
        self.assertEqual("failed", journey["state"])

    def test_a_write_that_nobody_reads(self):
        self.dynamodb.put_item(TableName="core", Item={"pk": s("alone")})
        journey = self.of("alone")
        self.assertEqual([("append", "done", [])], words(journey["hops"]))
        self.assertIn("nothing has read it from a change stream", journey["note"])

    def test_questions(self):
        self.assertIn("nothing is known of this event", self.ask("event=no-such", 404)["message"])
        self.assertIn("event is a key", self.ask("event=", 400)["message"])
        self.assertIn("failed and follow", self.ask("failed=maybe", 400)["message"])
        self.assertIn("since is a time", self.ask("since=yesterday", 400)["message"])
        self.assertIn("limit is a number", self.ask("limit=0", 400)["message"])
        self.assertEqual([], self.ask("since=2027-01-01T00:00:00Z")["journeys"])

    def test_the_command(self):
        name = self.put("logs", "command", "good")
        self.dynlog.waiting()
        follow = self.dynlog.spawn_beside(PROGRAM, "journey", name, "--follow")
        follow.out.wait('"hop":"append"')
        self.advance("60s")
        follow.out.wait('"hop":"write"')
        follow.end(2)
        one = self.dynlog.command("journey", name)
        self.assertEqual(self.of(name), json.loads(one.stdout))
        listed = self.dynlog.command("journey", "--limit", "1000")
        self.assertIn(name, [json.loads(line)["event"] for line in listed.stdout.splitlines()])
        unknown = self.dynlog.command("journey", "no-such")
        self.assertEqual((1, ""), (unknown.returncode, unknown.stdout))
        self.assertIn("nothing is known of this event", unknown.stderr)

    # ---- OpenTelemetry ----

    @classmethod
    def compare(cls, journeys):
        """What the endpoint got is what the journeys say."""
        spans = {}
        for request in cls.target.at("/v1/traces"):
            assert request.headers["Content-Type"] == "application/json"
            for resource in request.json()["resourceSpans"]:
                names = {each["key"]: each["value"]["stringValue"] for each in resource["resource"]["attributes"]}
                assert names["service.name"] == "dynlog", names
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        assert span["spanId"] not in spans, "each hop once"
                        spans[span["spanId"]] = span
        assert len(spans) > 5, "even of one test there are some"
        for journey in journeys:
            cls.compare_one(journey, spans)

    @classmethod
    def compare_one(cls, journey, spans):
        def walk(hop, above, trace):
            trace = hop.get("trace", trace)
            span = spans[hop["span"]]
            attributes = {each["key"]: each["value"].get("stringValue", each["value"].get("intValue"))
                          for each in span["attributes"]}
            assert span["traceId"] == trace[2:].replace("-", ""), (hop, span)
            assert attributes["dynlog.hop"] == hop["hop"] and attributes["dynlog.result"] == hop["result"], (hop, span)
            assert int(span["startTimeUnixNano"]) == hop["at"] * 1000000, (hop, span)
            assert int(span["endTimeUnixNano"]) >= int(span["startTimeUnixNano"])
            bad = hop["result"] in ("failed", "dropped", "dead-letter", "throttled", "split", "returned")
            assert span["status"]["code"] == (2 if bad else 1), (hop, span)
            if above is not None and hop["hop"] != "batch":
                assert span["parentSpanId"] == above["span"], (hop, span)
            if hop["hop"] == "batch":
                assert above["span"] in [link["spanId"] for link in span["links"]], (hop, span)
            for below in hop.get("hops", []):
                walk(below, hop, trace)

        if "trace" in journey:
            for hop in journey["hops"]:
                walk(hop, None, journey["trace"])


class Bounds(unittest.TestCase):
    def test_more_events_than_are_remembered(self):
        """The built-in trigger hands each to the bus: memory stays what it may be, and the oldest are gone."""
        with Dynlog(arguments=["--memory"]) as dynlog:
            dynamodb = dynlog.client("dynamodb")
            for start in range(0, 12000, 25):
                dynamodb.batch_write_item(RequestItems={"local-dynamodb-logs": [
                    {"PutRequest": {"Item": event("users", start + i, 1)}} for i in range(25)]})
            dynlog.drain()
            figures = dynlog.status()["journeys"]
            self.assertEqual((10000, 2000), (figures["count"], figures["forgotten"]))
            self.assertLessEqual(figures["bytes"], 16 * 1024 * 1024)
            for entity, known in ((11999, True), (2100, True), (0, False)):
                _, _, body = dynlog.request("GET", "/_dynlog/journeys?event=users%%23%d%%23stream/1" % entity)
                self.assertEqual(known, "note" not in json.loads(body)["journeys"][0], entity)

    def test_an_endpoint_that_is_away(self):
        """Nothing waits for it; what it does not get is counted."""
        target = Target()
        url = target.url("")
        target.close()
        with Dynlog(arguments=["--memory", "--otlp", url]) as dynlog:
            dynamodb = dynlog.client("dynamodb")
            for i in range(40):
                dynamodb.batch_write_item(RequestItems={"local-dynamodb-logs": [
                    {"PutRequest": {"Item": event("users", i * 25 + j, 1)}} for j in range(25)]})
            dynlog.drain()
            figures = dynlog.status()["journeys"]
            self.assertEqual(url, figures["otlp"])
            self.assertEqual(0, figures["spansExported"])
            self.assertGreater(figures["spansDropped"], 0)
            dynlog.process.err.wait("does not take the spans of journeys now")


    def test_an_endpoint_with_a_password(self):
        """Status and logs would show it: it is refused, and not repeated."""
        for arguments, more in ((("--otlp", "http://me:secret@127.0.0.1:4318"), {}),
                                ((), {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://me:secret@collector/v1/traces?a=b"}),
                                (("--otlp", "me:secret@127.0.0.1"), {})):
            with tempfile.TemporaryDirectory() as folder:
                started = subprocess.run([PROGRAM, "start", "--memory", "--port", "0", *arguments], cwd=folder, text=True,
                                         env={**environment(folder), **more}, capture_output=True, timeout=WAIT_S,
                                         check=False)
            self.assertEqual(2, started.returncode, started)
            self.assertIn("OTEL_EXPORTER_OTLP_HEADERS", started.stderr)
            self.assertNotIn("secret", started.stdout + started.stderr)


class Example(unittest.TestCase):
    """The main job: from the append to the row that eventHandler made of it."""

    def test_users(self):
        with Dynlog(copy=os.path.join(TOP, "examples", "users-python")) as dynlog:
            dynlog.client("dynamodb").put_item(TableName="local-dynamodb-logs", Item=event("users", 12, 1))
            dynlog.drain()
            answer = dynlog.command("journey", "users#12#stream/1", "--json")
            journey = json.loads(answer.stdout)
            self.assertEqual(["append", "batch", "attempt", "event", "archive", "rule", "delivery", "invocation",
                              "attempt", "write"], [hop["hop"] for hop in flat(journey["hops"])])
            last = list(flat(journey["hops"]))[-1]
            self.assertEqual(("local-core", "users#12/users#12"), (last["table"], last["key"]))
            times = [hop["at"] for hop in flat(journey["hops"])]
            self.assertEqual(times, sorted(times))
