"""CloudWatch Logs with Debian's AWS CLI and boto3 and the AWS SDK for JavaScript; what a rule writes into a
group; what was acknowledged is there after kill -9."""

import collections
import concurrent.futures
import json
import threading
import time
import unittest

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from support.case import Case
from support.server import Dynlog

ARN = "arn:aws:logs:us-east-1:000000000000:log-group:"


def now_ms():
    return int(time.time() * 1000)


def events_of(messages, start_ms):
    return [{"timestamp": start_ms + i, "message": message} for i, message in enumerate(messages)]


def messages(answer):
    return [event["message"] for event in answer["events"]]


def follow(client, group, start_ms, **more):
    """What `aws logs tail --follow` of today's AWS CLI asks, as a generator: each next() is one question, its
    value what the command would print. So each question can be looked at (function_logs runs the command itself)."""
    request = dict(more, logGroupName=group, interleaved=True, startTime=start_ms)
    printed = collections.defaultdict(set)
    while True:
        answer = client.filter_log_events(**request)
        lines = []
        for event in answer["events"]:
            if event["eventId"] not in printed[event["timestamp"]]:
                printed[event["timestamp"]].add(event["eventId"])
                lines.append((event["logStreamName"], event["message"]))
        if printed:
            latest = max(printed)
            printed = collections.defaultdict(set, {latest: printed[latest]})
        if "nextToken" in answer:
            request["nextToken"] = answer["nextToken"]
        else:
            request.pop("nextToken", None)
            request["startTime"] = max(printed, default=start_ms)
        yield lines


class Logs(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.logs = cls.dynlog.client("logs")
        cls.events = cls.dynlog.client("events")

    def group(self, name, *streams):
        self.logs.create_log_group(logGroupName=name)
        for stream in streams:
            self.logs.create_log_stream(logGroupName=name, logStreamName=stream)
        return name

    def put(self, group, stream, *texts, start_ms=None):
        return self.logs.put_log_events(logGroupName=group, logStreamName=stream,
                                        logEvents=events_of(texts, start_ms or now_ms()))

    def test_groups_and_streams(self):
        self.group("/life", "a", "b")
        self.logs.put_retention_policy(logGroupName="/life", retentionInDays=30)
        self.logs.tag_resource(resourceArn=ARN + "/life", tags={"team": "x"})
        group, = self.logs.describe_log_groups(logGroupNamePrefix="/life")["logGroups"]
        self.assertEqual((30, ARN + "/life:*"), (group["retentionInDays"], group["arn"]))
        self.assertEqual({"team": "x"}, self.logs.list_tags_log_group(logGroupName="/life")["tags"])
        pages = self.logs.get_paginator("describe_log_streams").paginate(
            logGroupName="/life", PaginationConfig={"PageSize": 1})
        self.assertEqual(["a", "b"], [stream["logStreamName"] for page in pages
                                      for stream in page["logStreams"]])
        self.refused("ResourceAlreadyExistsException", "The specified log group already exists",
                     self.logs.create_log_group, logGroupName="/life")
        self.logs.delete_log_stream(logGroupName="/life", logStreamName="a")
        self.logs.delete_log_group(logGroupName="/life")
        self.refused("ResourceNotFoundException", "The specified log group does not exist.",
                     self.logs.describe_log_streams, logGroupName="/life")

    def test_pages_both_ways(self):
        group = self.group("/pages", "s")
        texts = ["line %03d" % i for i in range(100)]
        self.put(group, "s", *texts)
        forward, token = [], None
        while True:
            more = {"nextToken": token} if token else {}
            page = self.logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True,
                                            limit=30, **more)
            forward += messages(page)
            if page["nextForwardToken"] == token:
                break
            token = page["nextForwardToken"]
        self.assertEqual(texts, forward)
        last = self.logs.get_log_events(logGroupName=group, logStreamName="s", limit=10)
        self.assertEqual(texts[90:], messages(last))
        before = self.logs.get_log_events(logGroupName=group, logStreamName="s", limit=10,
                                          nextToken=last["nextBackwardToken"])
        self.assertEqual(texts[80:90], messages(before))
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern="?003 ?07", PaginationConfig={"PageSize": 4})
        found = [event["message"] for page in pages for event in page["events"]]
        self.assertEqual([text for text in texts if "003" in text or "07" in text], found)

    def test_following_a_group(self):
        group = self.group("/tail", "one", "two")
        start_ms = now_ms() - 600000
        self.put(group, "one", "old", start_ms=start_ms - 1)
        self.put(group, "one", "a", "b", start_ms=start_ms)
        tail = follow(self.logs, group, start_ms, filterPattern="-noise")
        self.assertEqual([("one", "a"), ("one", "b")], next(tail))
        self.assertEqual([], next(tail))
        # Others of the very time of the last line, and later ones, in two streams.
        self.put(group, "two", "same time", start_ms=start_ms + 1)
        self.put(group, "one", "c", "noise", "d", start_ms=start_ms + 5)
        self.assertEqual([("two", "same time"), ("one", "c"), ("one", "d")], next(tail))
        self.assertEqual([], next(tail))
        # More than a page holds.
        self.put(group, "two", *["%05d" % i for i in range(10000)], start_ms=start_ms + 10)
        self.put(group, "two", *["1%04d" % i for i in range(500)], start_ms=start_ms + 11000)
        lines = []
        while len(lines) < 10500:
            lines += next(tail)
        self.assertEqual(["%05d" % i for i in range(10500)], [text for _, text in lines])
        self.assertEqual([], next(tail))

    def test_cli(self):
        start_ms = now_ms()
        for command in (["create-log-group", "--log-group-name", "/cli", "--tags", "a=b"],
                        ["create-log-stream", "--log-group-name", "/cli", "--log-stream-name", "s"],
                        ["put-log-events", "--log-group-name", "/cli", "--log-stream-name", "s",
                         "--log-events", json.dumps(events_of(["hello", "[ERROR] bye"], start_ms))],
                        ["put-retention-policy", "--log-group-name", "/cli", "--retention-in-days", "7"]):
            result = self.dynlog.aws("logs", *command)
            self.assertEqual(0, result.returncode, result.stderr)
        result = self.dynlog.aws("logs", "filter-log-events", "--log-group-name", "/cli",
                                 "--filter-pattern", "ERROR", "--query", "events[].message")
        self.assertEqual(["[ERROR] bye"], json.loads(result.stdout))
        result = self.dynlog.aws("logs", "get-log-events", "--log-group-name", "/cli", "--log-stream-name",
                                 "s", "--start-from-head", "--query", "events[].message")
        self.assertEqual(["hello", "[ERROR] bye"], json.loads(result.stdout))
        result = self.dynlog.aws("logs", "describe-log-streams", "--log-group-name", "none")
        self.assertIn("(ResourceNotFoundException) when calling the DescribeLogStreams operation: The "
                      "specified log group does not exist.", result.stderr)

    def test_node(self):
        self.assertEqual("ok", self.dynlog.node("logs.mjs").strip())

    def test_a_rule_writes_into_a_group(self):
        group = self.group("/aws/events/orders")
        self.dynlog.client("sqs").create_queue(QueueName="dead")
        dead = "arn:aws:sqs:us-east-1:000000000000:dead"
        transformer = {"InputPathsMap": {"time": "$.time", "kind": "$.detail-type", "n": "$.detail.n"},
                       "InputTemplate": '{"timestamp": <time>, "message": "<kind> of <n>"}'}
        self.events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
        answer = self.events.put_targets(Rule="orders", Targets=[
            {"Id": "whole", "Arn": ARN + group},
            {"Id": "line", "Arn": ARN + group + ":*", "InputTransformer": transformer},
            {"Id": "wrong", "Arn": ARN + group, "Input": '{"no": "message"}',
             "DeadLetterConfig": {"Arn": dead}},
            {"Id": "missing", "Arn": ARN + "none", "DeadLetterConfig": {"Arn": dead}}])
        self.assertEqual(0, answer["FailedEntryCount"], answer)
        time_s = int(time.time()) - 3600
        self.events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": '{"n": 7}',
                                         "Time": time_s}])
        self.dynlog.drain()
        found = self.logs.filter_log_events(logGroupName=group)["events"]
        self.assertEqual([("orders/line", time_s * 1000, "order of 7"), "orders/whole"],
                         [(found[0]["logStreamName"], found[0]["timestamp"], found[0]["message"]),
                          found[1]["logStreamName"]])
        self.assertEqual({"n": 7}, json.loads(found[1]["message"])["detail"])
        self.assertEqual(2, len(found))
        sqs = self.dynlog.client("sqs")
        url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
        letters = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                      MessageAttributeNames=["All"])["Messages"]
        codes = sorted(letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] for letter in letters)
        self.assertEqual(["INVALID_PARAMETER", "NO_RESOURCE"], codes)

    def test_every_operation_of_the_service(self):
        """Each is there, or is refused by name with a reason."""
        model = botocore.session.Session().get_service_model("logs")
        for operation in model.operation_names:
            status, answer = self.dynlog.call("Logs_20140328." + operation, {})
            message = answer.get("message", "")
            self.assertIn(status, (200, 400), operation)
            self.assertNotIn("does not know", message, operation)
            if answer.get("__type") == "UnknownOperationException":
                self.assertIn("dynlog does not have the operation Logs_20140328.%s: " % operation, message)


class Time(unittest.TestCase):
    """Retention goes by the clock."""

    def test_retention(self):
        dynlog = Dynlog(arguments=["--clock", "manual"]).start()
        self.addCleanup(dynlog.remove)
        self.addCleanup(dynlog.stop)
        logs = dynlog.client("logs")
        logs.create_log_group(logGroupName="g")
        logs.create_log_stream(logGroupName="g", logStreamName="s")
        logs.put_retention_policy(logGroupName="g", retentionInDays=1)
        start_ms = logs.describe_log_groups()["logGroups"][0]["creationTime"]
        logs.put_log_events(logGroupName="g", logStreamName="s",
                            logEvents=events_of(["a", "b"], start_ms))

        def advance(by):
            status, _, body = dynlog.request("POST", "/_dynlog/clock", json.dumps({"advance": by}))
            self.assertEqual(200, status, body)

        advance("24h")
        self.assertEqual(["b"], messages(logs.filter_log_events(logGroupName="g")))
        advance("1h")
        self.assertEqual(0, logs.describe_log_groups()["logGroups"][0]["storedBytes"])


class Killed(unittest.TestCase):
    def setUp(self):
        self.dynlog = Dynlog().start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop, check=False)

    def put_until_killed(self, client, stream, underway):
        """The messages that were acknowledged, in their order. Each timestamp is above the one before: events are
        in the order of timestamps, and two batches may come within the same three milliseconds."""
        acknowledged = []
        start_ms = now_ms()
        client.create_log_stream(logGroupName="g", logStreamName=stream)
        while True:
            texts = ["%s %d" % (stream, len(acknowledged) + i) for i in range(3)]
            try:
                client.put_log_events(logGroupName="g", logStreamName=stream,
                                      logEvents=events_of(texts, start_ms + len(acknowledged)))
            except (BotoCoreError, ClientError):
                return acknowledged
            acknowledged += texts
            if len(acknowledged) == 60:
                underway.release()

    def test_what_was_acknowledged_is_there(self):
        underway = threading.Semaphore(0)
        clients = {stream: self.dynlog.client("logs") for stream in ("x", "y", "z")}
        clients["x"].create_log_group(logGroupName="g")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            writers = {stream: pool.submit(self.put_until_killed, client, stream, underway)
                       for stream, client in clients.items()}
            for _ in writers:
                self.assertTrue(underway.acquire(timeout=60))
            self.dynlog.kill()
            acknowledged = {stream: writer.result() for stream, writer in writers.items()}
        self.dynlog.restart()
        client = self.dynlog.client("logs")
        for stream, texts in acknowledged.items():
            found = messages(client.get_log_events(logGroupName="g", logStreamName=stream,
                                                   startFromHead=True))
            self.assertEqual(texts, found[:len(texts)])
            self.assertIn(len(found) - len(texts), (0, 3))  # a batch is there whole, or not

    def test_a_deletion_goes_on(self):
        client = self.dynlog.client("logs")
        client.create_log_group(logGroupName="g")
        client.create_log_stream(logGroupName="g", logStreamName="s")
        start_ms = now_ms()
        for _ in range(5):
            client.put_log_events(logGroupName="g", logStreamName="s",
                                  logEvents=events_of(["x"] * 10000, start_ms))
        client.delete_log_stream(logGroupName="g", logStreamName="s")
        self.dynlog.kill()
        self.dynlog.restart()
        client = self.dynlog.client("logs")
        self.assertEqual([], client.filter_log_events(logGroupName="g")["events"])
        client.create_log_stream(logGroupName="g", logStreamName="s")
        client.put_log_events(logGroupName="g", logStreamName="s", logEvents=events_of(["new"], start_ms))
        self.dynlog.drain()
        self.assertEqual(["new"], messages(client.filter_log_events(logGroupName="g")))
        self.assertEqual(29, client.describe_log_groups()["logGroups"][0]["storedBytes"])
