"""EventBridge Pipes with the AWS CLI, boto3 and the AWS SDK for JavaScript: the outbox (a table's change stream
-> filter -> bus -> rule -> queue), enrichments, templates, targets, failures and dead letters; kill -9."""

import json
import unittest

from api_destinations import Destinations, Target
from schedules import ACCOUNT, ROLE, Wires, arn_of
from support.case import Case, n, s
from support.server import Dynlog, need_aws

STACK = """
service: app
provider: {name: aws, runtime: python3.11, timeout: 20}
functions:
  enrich: {handler: handler.enrich}
  target: {handler: handler.target}
"""
HANDLER = """
import json

def enrich(events, context):
    with open("enriched.jsonl", "a") as file:
        file.write(json.dumps(events) + "\\n")
    answer = []
    for event in events:
        image = event.get("dynamodb", {}).get("NewImage", {})
        name = image.get("name", {}).get("S", "")
        if name == "raise":
            raise ValueError("poisoned")
        if name != "nothing":
            answer.append({"name": name, "of": image.get("pk", {}).get("S")})
    return answer

def target(events, context):
    with open("taken.jsonl", "a") as file:
        file.write(json.dumps(events) + "\\n")
    failed = []
    for event in events:
        image = event.get("dynamodb", {}).get("NewImage", {})
        if image.get("name", {}).get("S") == "raise":
            raise ValueError("poisoned")
        if image.get("name", {}).get("S") == "report":
            failed.append({"itemIdentifier": event["eventID"]})
    return {"batchItemFailures": failed}
"""
FILES = {"serverless.yml": STACK, "handler.py": HANDLER}
CLOCK = ["--clock", "manual=2026-07-25T12:00:00Z"]


def function(name):
    return arn_of("lambda", "function:app-local-%s" % name)


def log_group(name):
    return "arn:aws:logs:us-east-1:%s:log-group:%s" % (ACCOUNT, name)


def stream(**more):
    return {"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON", **more}}


class Piped(Wires):
    """Clients, and a source and pipes in one call, for a Dynlog."""

    def __init__(self, dynlog):
        super().__init__(dynlog)
        self.pipes = dynlog.client("pipes")
        self.dynamodb = dynlog.client("dynamodb")

    def table(self, name):
        """A table with a change stream; the stream's ARN."""
        made = self.dynamodb.create_table(
            TableName=name, AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
        return made["TableDescription"]["LatestStreamArn"]

    def put(self, table, key, name="x", **more):
        self.dynamodb.put_item(TableName=table, Item={"pk": s(key), "name": s(name), **more})

    def pipe(self, name, source, target, **more):
        return self.pipes.create_pipe(Name=name, Source=source, Target=target, RoleArn=ROLE, **more)

    def bodies(self, name):
        return [json.loads(message["Body"]) for message in self.messages(name)]

    def state(self, name):
        return self.pipes.describe_pipe(Name=name)["CurrentState"]

    def lines(self, name):
        try:
            with open(self.dynlog.path(name)) as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []


class Pipes(Case):
    files = FILES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wires = Piped(cls.dynlog)
        cls.pipes = cls.wires.pipes

    def bodies(self, queue):
        self.dynlog.drain()
        return self.wires.bodies(queue)

    # ---- the outbox ----

    def test_outbox(self):
        """A row of the outbox table becomes an event on the bus, and a rule takes it to a queue."""
        wires = self.wires
        outbox, queue = wires.table("outbox"), wires.queue("outbox-taken")
        wires.events.put_rule(Name="orders", EventPattern=json.dumps(
            {"source": ["shop"], "detail-type": ["OrderPlaced"]}))
        wires.events.put_targets(Rule="orders", Targets=[{"Id": "q", "Arn": queue}])
        wires.pipe("outbox", outbox, arn_of("events", "event-bus/default"),
                   SourceParameters={**stream(BatchSize=10), "FilterCriteria": {"Filters": [
                       {"Pattern": json.dumps({"eventName": ["INSERT"], "dynamodb": {
                           "NewImage": {"kind": {"S": ["OrderPlaced"]}}}})}]}},
                   TargetParameters={
                       "EventBridgeEventBusParameters": {
                           "DetailType": "$.dynamodb.NewImage.kind.S", "Source": "shop",
                           "Resources": ["$.eventSourceARN"], "Time": "$.dynamodb.NewImage.at.S"},
                       "InputTemplate": '{"order": <$.dynamodb.NewImage.pk.S>, "pipe": <aws.pipes.pipe-name>}'})
        for i in range(25):
            wires.put("outbox", "o%02d" % i, kind=s("OrderPlaced" if i % 5 else "Other"),
                      at=s("2026-01-02T03:04:05Z"))
        wires.put("outbox", "o01", kind=s("OrderPlaced"), at=s("2026-01-02T03:04:05Z"), again=s("1"))  # MODIFY
        events = self.bodies("outbox-taken")
        self.assertEqual(sorted("o%02d" % i for i in range(25) if i % 5),
                         sorted(event["detail"]["order"] for event in events))
        event = events[0]
        self.assertEqual(("shop", "OrderPlaced", [outbox], {"outbox"}),
                         (event["source"], event["detail-type"], event["resources"],
                          {e["detail"]["pipe"] for e in events}))
        self.assertTrue(event["time"].startswith("2026-01-02T03:04:05"), event["time"])

    def test_event_as_it_is(self):
        """Without parameters: AWS's source and detail type, and the record as the detail."""
        wires = self.wires
        table, queue = wires.table("plain"), wires.queue("plain-taken")
        wires.events.put_rule(Name="plain", EventPattern=json.dumps({"source": ["Pipe plain"]}))
        wires.events.put_targets(Rule="plain", Targets=[{"Id": "q", "Arn": queue}])
        wires.pipe("plain", table, arn_of("events", "event-bus/default"), SourceParameters=stream())
        wires.put("plain", "a")
        [event] = self.bodies("plain-taken")
        self.assertEqual(("Event from aws:dynamodb", []), (event["detail-type"], event["resources"]))
        self.assertEqual(("aws:dynamodb", "INSERT", "a", table),
                         (event["detail"]["eventSource"], event["detail"]["eventName"],
                          event["detail"]["dynamodb"]["Keys"]["pk"]["S"], event["detail"]["eventSourceARN"]))

    # ---- queues ----

    def test_journey(self):
        """Each attempt of a batch with its enrichment; what the target got, in the journey of its own record."""
        wires = self.wires
        table = wires.table("travelling")
        wires.queue("reached")
        wires.pipe("travelling-on", table, arn_of("events", "event-bus/default"), DesiredState="STOPPED",
                   SourceParameters=stream(BatchSize=2), TargetParameters={"InputTemplate": '{"a": 1}'})
        wires.pipe("travelling-in", table, arn_of("sqs", "reached"), DesiredState="STOPPED",
                   Enrichment=function("enrich"), SourceParameters=stream(BatchSize=2))
        for key in ("first", "second"):
            wires.put("travelling", key)
        for name in ("travelling-on", "travelling-in"):
            self.pipes.start_pipe(Name=name)
            self.dynlog.drain()
        for key in ("first", "second"):
            _, _, text = self.dynlog.request("GET", "/_dynlog/journeys?event=" + key)
            [journey] = json.loads(text)["journeys"]
            [append] = journey["hops"]
            [on, enriched] = append["hops"]
            self.assertEqual(("batch", "travelling-on", "done"), (on["hop"], on["function"], on["result"]))
            [attempt] = on["hops"]
            self.assertEqual(["event"], [hop["hop"] for hop in attempt["hops"]])
            [attempt] = enriched["hops"]
            [invocation, delivery] = attempt["hops"]
            self.assertEqual(("invocation", "done", "attempt"),
                             (invocation["hop"], invocation["result"], invocation["hops"][0]["hop"]))
            self.assertEqual(("delivery", "done", arn_of("sqs", "reached")),
                             (delivery["hop"], delivery["result"], delivery["target"]))

    def test_from_queue_to_queue(self):
        """Messages of a queue, filtered by their bodies; what matches no filter is gone."""
        wires = self.wires
        source, target = wires.queue("from"), wires.queue("to")
        url = wires.sqs.get_queue_url(QueueName="from")["QueueUrl"]
        wires.pipe("queues", source, target,
                   SourceParameters={"SqsQueueParameters": {"BatchSize": 5}, "FilterCriteria": {"Filters": [
                       {"Pattern": json.dumps({"body": {"city": ["Seattle"]}})}]}},
                   TargetParameters={"InputTemplate":
                                     '{"body": <$.body>, "city": "<$.body.city>", "text": "<$.body>", '
                                     '"event": <aws.pipes.event.json>, "source": <aws.pipes.source-arn>}'})
        for city in ("Seattle", "Bonn"):
            wires.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"city": city}))
        [message] = self.bodies("to")
        self.assertEqual(({"city": "Seattle"}, "Seattle", "{city:Seattle}", source),
                         (message["body"], message["city"], message["text"], message["source"]))
        self.assertEqual({"city": "Seattle"}, message["event"]["body"])
        self.assertEqual(source, message["event"]["eventSourceARN"])
        self.assertEqual([], wires.messages("from"))

    def test_to_fifo(self):
        wires = self.wires
        table, target = wires.table("fifo"), wires.queue("taken.fifo", FifoQueue="true")
        wires.pipe("fifo", table, target, SourceParameters=stream(),
                   TargetParameters={"SqsQueueParameters": {"MessageGroupId": "$.dynamodb.Keys.pk.S",
                                                            "MessageDeduplicationId": "$.eventID"}})
        wires.put("fifo", "a")
        wires.put("fifo", "a", "y")
        self.dynlog.drain()
        first, second = wires.messages("taken.fifo")
        self.assertEqual(["a", "a"], [m["Attributes"]["MessageGroupId"] for m in (first, second)])
        self.assertEqual(["INSERT", "MODIFY"], [json.loads(m["Body"])["eventName"] for m in (first, second)])

    # ---- functions ----

    def test_enrichment(self):
        """A function gets the batch as an array; what it answers are the events that go on."""
        wires = self.wires
        table, queue = wires.table("enriched"), wires.queue("enriched-taken")
        wires.pipe("enriched", table, queue, Enrichment=function("enrich"), SourceParameters=stream(),
                   TargetParameters={"InputTemplate": '{"hello": "<$.name>", "by": <aws.pipes.enrichment-arn>}'})
        for key, name in (("1", "Ann"), ("2", "nothing"), ("3", 'B"ob')):
            wires.put("enriched", key, name)
        self.assertEqual({"Ann", 'B"ob'}, {message["hello"] for message in self.bodies("enriched-taken")})
        self.assertTrue(all(isinstance(batch, list) for batch in wires.lines("enriched.jsonl")))

    def test_function_as_target(self):
        wires = self.wires
        table = wires.table("called")
        wires.pipe("called", table, function("target"), SourceParameters=stream(),
                   TargetParameters={"InputTemplate": '{"k": <$.dynamodb.Keys.pk.S>, "eventID": <$.eventID>}'})
        wires.put("called", "fun")
        self.dynlog.drain()
        self.assertIn("fun", [event.get("k") for batch in wires.lines("taken.jsonl") for event in batch])

    def test_fire_and_forget(self):
        wires = self.wires
        table = wires.table("forgotten")
        wires.pipe("forgotten", table, function("target"), SourceParameters=stream(),
                   TargetParameters={"LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"},
                                     "InputTemplate": '{"f": <$.dynamodb.Keys.pk.S>}'})
        wires.put("forgotten", "fire")
        self.dynlog.drain()
        self.assertIn("fire", [event.get("f") for batch in wires.lines("taken.jsonl") for event in batch])

    def test_log_group(self):
        wires, logs = self.wires, self.dynlog.client("logs")
        table = wires.table("logged")
        logs.create_log_group(logGroupName="/pipes/target")
        wires.pipe("logged", table, log_group("/pipes/target"), SourceParameters=stream(),
                   TargetParameters={"CloudWatchLogsParameters": {"LogStreamName": "$.eventName"},
                                     "InputTemplate": "key <$.dynamodb.Keys.pk.S>"})
        wires.put("logged", "l1")
        self.dynlog.drain()
        found = logs.filter_log_events(logGroupName="/pipes/target")["events"]
        self.assertEqual([("INSERT", 'key "l1"')], [(e["logStreamName"], e["message"]) for e in found])

    def test_records_of_executions(self):
        """LogConfiguration: a record a step, with the data when it is asked for."""
        wires, logs = self.wires, self.dynlog.client("logs")
        table, _ = wires.table("watched"), wires.queue("watched-taken")
        logs.create_log_group(logGroupName="/pipes/log")
        body = {"Source": table, "Target": arn_of("sqs", "watched-taken"), "RoleArn": ROLE,
                "SourceParameters": stream(), "KmsKeyIdentifier": "alias/k", "LogConfiguration": {
                    "Level": "TRACE", "IncludeExecutionData": ["ALL"],
                    "CloudwatchLogsLogDestination": {"LogGroupArn": log_group("/pipes/log")}}}
        status, _, answer = self.dynlog.request("POST", "/v1/pipes/watched", json.dumps(body).encode())
        self.assertEqual(200, status, answer)
        wires.put("watched", "w")
        self.dynlog.drain()
        records = [json.loads(e["message"]) for e in logs.filter_log_events(logGroupName="/pipes/log")["events"]]
        self.assertEqual(["EXECUTION_STARTED", "TARGET_STAGE_ENTERED", "TARGET_INVOCATION_STARTED",
                          "TARGET_INVOCATION_SUCCEEDED", "TARGET_STAGE_SUCCEEDED", "EXECUTION_SUCCEEDED"],
                         [record["messageType"] for record in records])
        self.assertIn('"w"', records[0]["payload"])
        self.assertEqual(1, len({record["executionId"] for record in records}))

    # ---- the operations ----

    def test_operations(self):
        wires = self.wires
        table, queue = wires.table("ops"), wires.queue("ops-taken")
        made = wires.pipe("ops", table, queue, SourceParameters=stream(), Description="words", Tags={"a": "1"})
        self.assertEqual(("CREATING", "RUNNING"), (made["CurrentState"], made["DesiredState"]))
        described = self.pipes.describe_pipe(Name="ops")
        self.assertEqual(("RUNNING", "words", {"a": "1"}, {
            "BatchSize": 10, "MaximumRecordAgeInSeconds": -1, "MaximumRetryAttempts": -1,
            "ParallelizationFactor": 1, "StartingPosition": "TRIM_HORIZON"}),
            (described["CurrentState"], described["Description"], described["Tags"],
             described["SourceParameters"]["DynamoDBStreamParameters"]))
        self.refused("ConflictException", "Pipe ops already exists.", wires.pipe, "ops", table, queue,
                     SourceParameters=stream())
        self.assertEqual("STOPPING", self.pipes.stop_pipe(Name="ops")["CurrentState"])
        self.dynlog.drain()
        self.assertEqual("STOPPED", wires.state("ops"))
        wires.put("ops", "while stopped")
        self.assertEqual([], self.bodies("ops-taken"))
        self.assertEqual("STARTING", self.pipes.start_pipe(Name="ops")["CurrentState"])
        self.assertEqual(1, len(self.bodies("ops-taken")))
        self.pipes.update_pipe(Name="ops", RoleArn=ROLE, TargetParameters={"InputTemplate": '"new"'},
                               SourceParameters={"DynamoDBStreamParameters": {"BatchSize": 2}})
        self.dynlog.drain()
        wires.put("ops", "after")
        self.assertEqual(["new"], self.bodies("ops-taken"))
        self.assertEqual((2, "TRIM_HORIZON"), tuple(self.pipes.describe_pipe(Name="ops")["SourceParameters"][
            "DynamoDBStreamParameters"][k] for k in ("BatchSize", "StartingPosition")))
        arn = made["Arn"]
        self.pipes.tag_resource(resourceArn=arn, tags={"b": "2"})
        self.pipes.untag_resource(resourceArn=arn, tagKeys=["a"])
        self.assertEqual({"b": "2"}, self.pipes.list_tags_for_resource(resourceArn=arn)["tags"])
        self.assertIn("ops", [p["Name"] for page in self.pipes.get_paginator("list_pipes").paginate(
            PaginationConfig={"PageSize": 1}) for p in page["Pipes"]])
        self.assertEqual(["ops"], [p["Name"] for p in self.pipes.list_pipes(
            NamePrefix="ops", SourcePrefix=table, DesiredState="RUNNING", CurrentState="RUNNING")["Pipes"]])
        self.assertEqual("DELETED", self.pipes.delete_pipe(Name="ops")["DesiredState"])
        self.dynlog.drain()
        self.refused("NotFoundException", "Pipe ops does not exist.", self.pipes.describe_pipe, Name="ops")
        # A new one of that name begins anew.
        wires.pipe("ops", table, queue, SourceParameters=stream())
        self.assertEqual(2, len(self.bodies("ops-taken")))

    def test_no_such_source(self):
        wires = self.wires
        wires.pipe("lost", arn_of("dynamodb", "table/none/stream/2026-01-01T00:00:00.000"), wires.queue("lost-q"),
                   SourceParameters=stream())
        described = self.pipes.describe_pipe(Name="lost")
        self.assertEqual("CREATE_FAILED", described["CurrentState"])
        self.assertIn("Stream not found", described["StateReason"])
        self.pipes.delete_pipe(Name="lost")
        self.dynlog.drain()
        self.refused("NotFoundException", None, self.pipes.describe_pipe, Name="lost")

    def test_aws_cli(self):
        need_aws()
        wires = self.wires
        table, queue = wires.table("cli"), wires.queue("cli-taken")

        def aws(*arguments):
            result = self.dynlog.aws("pipes", *arguments)
            self.assertEqual(0, result.returncode, result.stderr)
            return json.loads(result.stdout) if result.stdout.strip() else None

        aws("create-pipe", "--name", "cli", "--source", table, "--target", queue, "--role-arn", ROLE,
            "--source-parameters", json.dumps(stream(BatchSize=1)),
            "--target-parameters", json.dumps({"InputTemplate": '<$.dynamodb.Keys.pk.S>'}))
        wires.put("cli", "one")
        self.assertEqual(["one"], self.bodies("cli-taken"))
        self.assertEqual("RUNNING", aws("describe-pipe", "--name", "cli")["CurrentState"])
        self.assertEqual(["cli"], [p["Name"] for p in aws("list-pipes", "--name-prefix", "cli")["Pipes"]])
        aws("stop-pipe", "--name", "cli")
        aws("start-pipe", "--name", "cli")
        aws("update-pipe", "--name", "cli", "--role-arn", ROLE, "--description", "words")
        arn = aws("describe-pipe", "--name", "cli")["Arn"]
        aws("tag-resource", "--resource-arn", arn, "--tags", "k=v")
        self.assertEqual({"k": "v"}, aws("list-tags-for-resource", "--resource-arn", arn)["tags"])
        aws("untag-resource", "--resource-arn", arn, "--tag-keys", "k")
        aws("delete-pipe", "--name", "cli")
        refused = self.dynlog.aws("pipes", "describe-pipe", "--name", "nobody")
        self.assertIn("NotFoundException", refused.stderr)

    def test_sdk_for_javascript(self):
        wires = self.wires
        table, queue = wires.table("node"), wires.queue("node-taken")
        self.assertEqual({"created": "CREATING", "described": "RUNNING", "stopped": "STOPPING", "kms": "alias/key",
                          "missing": "NotFoundException", "conflict": "Pipe"}, json.loads(
                              self.dynlog.node("pipes.mjs", table, queue, ROLE)))

    def test_api_destination(self):
        """As a target and as an enrichment; its one event is the body."""
        target = Target()
        self.addCleanup(target.close)
        wires = Destinations(self.dynlog, target)
        connection = wires.connection("pipes")
        make = wires.events.create_api_destination
        out = make(Name="pipes-out", ConnectionArn=connection, HttpMethod="POST",
                   InvocationEndpoint=target.url("/out/*"))["ApiDestinationArn"]
        enrich = make(Name="pipes-enrich", ConnectionArn=connection, HttpMethod="POST",
                      InvocationEndpoint=target.url("/enrich"))["ApiDestinationArn"]
        target.answers["/enrich"] = [(200, {}, b'{"from": "outside"}')]
        table = self.wires.table("outside")
        self.wires.pipe("outside", table, out, Enrichment=enrich, SourceParameters=stream(BatchSize=1),
                        EnrichmentParameters={"InputTemplate": '{"key": <$.dynamodb.Keys.pk.S>}'},
                        TargetParameters={"HttpParameters": {"PathParameterValues": ["$.from"],
                                                             "HeaderParameters": {"X-From": "$.from"}}})
        self.wires.put("outside", "k")
        [asked] = target.wait("/enrich", 1)
        [taken] = target.wait("/out/outside", 1)
        self.assertEqual({"key": "k"}, json.loads(asked.body))
        self.assertEqual({"from": "outside"}, json.loads(taken.body))
        self.assertEqual("outside", taken.headers["X-From"])
        self.refused("ValidationException", None, self.wires.pipe, "large", table, out,
                     SourceParameters=stream(BatchSize=2))
        self.dynlog.drain()


class Failures(unittest.TestCase):
    """What fails: retries, bisecting, dead letters, by a clock that the test moves."""

    def setUp(self):
        self.dynlog = Dynlog(FILES, CLOCK)
        self.addCleanup(self.dynlog.remove)
        self.dynlog.start()
        self.wires = Piped(self.dynlog)

    def finish(self):
        self.dynlog.waiting(retries_now=True)

    def test_poisoned_record(self):
        """Of ten records one fails: bisecting isolates it, its neighbours are handled, and the dead letter says
        where it is."""
        wires = self.wires
        table, dead = wires.table("poisoned"), wires.queue("dead")
        wires.pipe("poisoned", table, function("target"), DesiredState="STOPPED",
                   SourceParameters=stream(BatchSize=10, MaximumRetryAttempts=1,
                                           OnPartialBatchItemFailure="AUTOMATIC_BISECT",
                                           DeadLetterConfig={"Arn": dead}))
        for i in range(10):
            wires.put("poisoned", "k", "raise" if i == 4 else "n%d" % i)
        wires.pipes.start_pipe(Name="poisoned")
        self.finish()
        handled = [event["dynamodb"]["NewImage"]["name"]["S"] for batch in wires.lines("taken.jsonl")
                   for event in batch if "raise" not in [e["dynamodb"]["NewImage"]["name"]["S"] for e in batch]]
        self.assertEqual(["n%d" % i for i in range(10) if i != 4], handled)
        [letter] = wires.bodies("dead")
        info = letter["DDBStreamBatchInfo"]
        self.assertEqual({"partnerResourceArn": arn_of("pipes", "pipe/poisoned"),
                          "condition": "RetryAttemptsExhausted"}, letter["context"])
        self.assertEqual(("1.0", 1, table, info["startSequenceNumber"]),
                         (letter["version"], info["batchSize"], info["streamArn"], info["endSequenceNumber"]))
        failed = [e for batch in wires.lines("taken.jsonl") for e in batch
                  if e["dynamodb"]["NewImage"]["name"]["S"] == "raise"]
        self.assertEqual(failed[0]["dynamodb"]["SequenceNumber"], info["startSequenceNumber"])
        self.dynlog.stop()

    def test_batch_item_failures(self):
        """The target names the record that failed: what comes before it is done with."""
        wires = self.wires
        table, dead = wires.table("named"), wires.queue("dead")
        wires.pipe("named", table, function("target"), DesiredState="STOPPED",
                   SourceParameters=stream(BatchSize=5, MaximumRetryAttempts=2, DeadLetterConfig={"Arn": dead}))
        for i in range(5):
            wires.put("named", "k", "report" if i == 4 else "n%d" % i)
        wires.pipes.start_pipe(Name="named")
        self.finish()
        batches = [[e["dynamodb"]["NewImage"]["name"]["S"] for e in batch] for batch in wires.lines("taken.jsonl")]
        self.assertEqual(["n0", "n1", "n2", "n3", "report"], batches[0])
        self.assertTrue(len(batches) > 1 and all(batch == ["report"] for batch in batches[1:]), batches)
        self.assertEqual(1, wires.bodies("dead")[0]["DDBStreamBatchInfo"]["batchSize"])
        self.dynlog.stop()

    def test_enrichment_fails(self):
        """The whole batch is tried again; then it is a dead letter, and the target has none of it."""
        wires = self.wires
        table, dead, taken = wires.table("bad"), wires.queue("dead"), wires.queue("taken")
        wires.pipe("bad", table, taken, Enrichment=function("enrich"), DesiredState="STOPPED",
                   SourceParameters=stream(BatchSize=3, MaximumRetryAttempts=1, DeadLetterConfig={"Arn": dead}))
        for name in ("a", "raise", "c", "d"):
            wires.put("bad", "k", name)
        wires.pipes.start_pipe(Name="bad")
        self.finish()
        self.assertEqual(["d"], [body["name"] for body in wires.bodies("taken")])
        self.assertEqual([3], [letter["DDBStreamBatchInfo"]["batchSize"] for letter in wires.bodies("dead")])
        self.assertEqual([3, 3, 1], [len(batch) for batch in wires.lines("enriched.jsonl")])
        self.dynlog.stop()

    def test_target_is_missing(self):
        """What comes before the event that fails is at the target; it waits, and goes on when it can."""
        wires = self.wires
        table = wires.table("late")
        wires.pipe("late", table, arn_of("sqs", "late"), SourceParameters=stream())
        wires.put("late", "k")
        self.assertTrue(self.dynlog.waiting())
        wires.queue("late")
        self.finish()
        self.assertEqual(["k"], [body["dynamodb"]["Keys"]["pk"]["S"] for body in wires.bodies("late")])
        self.dynlog.stop()

    def test_messages_that_fail(self):
        """Of a queue: what failed is received again, and in the end is in the queue's own dead-letter queue."""
        wires = self.wires
        dead = wires.queue("dead")
        source = wires.queue("source", VisibilityTimeout="30", RedrivePolicy=json.dumps(
            {"deadLetterTargetArn": dead, "maxReceiveCount": 2}))
        url = wires.sqs.get_queue_url(QueueName="source")["QueueUrl"]
        wires.pipe("messages", source, arn_of("events", "event-bus/default"),
                   TargetParameters={"InputTemplate": "<$.body>"})
        wires.sqs.send_message(QueueUrl=url, MessageBody='"no object"')
        wires.sqs.send_message(QueueUrl=url, MessageBody='{"an": "object"}')
        for _ in range(4):
            self.dynlog.waiting()
            self.dynlog.advance("31s")
        self.assertEqual(["no object"], wires.bodies("dead"))
        self.assertEqual([], wires.messages("source"))
        self.dynlog.stop()


OUTBOX = """
service: shop
provider: {name: aws, runtime: python3.11}
resources:
  Resources:
    Table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: outbox
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: NEW_IMAGE}
    Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: taken}}
"""
OUTBOX_PIPE = """
    Pipe:
      Type: AWS::Pipes::Pipe
      Properties:
        Name: outbox
        RoleArn: arn:aws:iam::000000000000:role/r
        Source: !GetAtt Table.StreamArn
        SourceParameters:
          FilterCriteria: {Filters: [{Pattern: '{"eventName": ["INSERT"]}'}]}
          DynamoDBStreamParameters: {StartingPosition: TRIM_HORIZON, BatchSize: "5"}
        Target: !GetAtt Queue.Arn
        TargetParameters: {InputTemplate: '{"v": %s, "key": <$.dynamodb.Keys.pk.S>}'}
        Tags: {team: shop}
"""
OUTBOX_LESS = """
    Pipe:
      Type: AWS::Pipes::Pipe
      Properties:
        Name: outbox
        RoleArn: arn:aws:iam::000000000000:role/r
        Source: !GetAtt Table.StreamArn
        SourceParameters: {DynamoDBStreamParameters: {StartingPosition: TRIM_HORIZON}}
        Target: !GetAtt Queue.Arn
        Tags: {team: store}
"""


class Stack(unittest.TestCase):
    """A pipe of a stack file: made, changed, removed as the file changes."""

    def test_stack_file(self):
        with Dynlog({"serverless.yml": OUTBOX + OUTBOX_PIPE % 1}) as dynlog:
            wires = Piped(dynlog)
            self.assertEqual({"team": "shop"}, wires.pipes.describe_pipe(Name="outbox")["Tags"])
            wires.put("outbox", "a")
            dynlog.drain()
            self.assertEqual([{"v": 1, "key": "a"}], wires.bodies("taken"))
            dynlog.stop()
            dynlog.write("serverless.yml", OUTBOX + OUTBOX_PIPE % 2)
            dynlog.start()
            wires = Piped(dynlog)
            wires.put("outbox", "b")
            dynlog.drain()
            self.assertEqual([{"v": 2, "key": "b"}], wires.bodies("taken"))
            # What it says no more is gone, and what a client changed.
            wires.pipes.stop_pipe(Name="outbox")
            dynlog.stop()
            dynlog.write("serverless.yml", OUTBOX + OUTBOX_LESS)
            dynlog.start()
            wires = Piped(dynlog)
            wires.dynamodb.delete_item(TableName="outbox", Key={"pk": s("b")})
            dynlog.drain()
            self.assertEqual(["REMOVE"], [body["eventName"] for body in wires.bodies("taken")])
            self.assertEqual({"team": "store"}, wires.pipes.describe_pipe(Name="outbox")["Tags"])
            dynlog.stop()
            dynlog.write("serverless.yml", OUTBOX)
            dynlog.start()
            dynlog.drain()
            self.assertEqual([], dynlog.client("pipes").list_pipes()["Pipes"])
            dynlog.stop()


class Killed(unittest.TestCase):
    """kill -9 in the middle: nothing is lost, and what is written comes exactly once."""

    def test_exactly_once(self):
        with Dynlog() as dynlog:
            wires = Piped(dynlog)
            table, queue = wires.table("outbox"), wires.queue("taken")
            wires.pipe("outbox", table, queue,
                       SourceParameters=stream(BatchSize=10, ParallelizationFactor=4),
                       TargetParameters={"InputTemplate": "<$.dynamodb.Keys.pk.S>"})
            keys = ["%04d" % i for i in range(1000)]
            for at in range(0, len(keys), 200):
                for first in range(at, at + 200, 25):
                    wires.dynamodb.batch_write_item(RequestItems={"outbox": [
                        {"PutRequest": {"Item": {"pk": s(key)}}} for key in keys[first:first + 25]]})
                dynlog.kill()
                dynlog.start()
                wires = Piped(dynlog)
            dynlog.drain()
            found = sorted(json.loads(m["Body"]) for m in wires.messages("taken"))
            self.assertEqual(keys, found)
            self.assertEqual("RUNNING", wires.state("outbox"))
            wires.pipes.delete_pipe(Name="outbox")
            dynlog.kill()
            dynlog.start()
            dynlog.drain()
            self.assertEqual([], dynlog.client("pipes").list_pipes()["Pipes"])
            dynlog.stop()


if __name__ == "__main__":
    unittest.main()
