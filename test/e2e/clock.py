"""A clock that stands still until it is moved: step by step, through retries, windows, visibility and time to live;
it stays where it was over kill -9; and drain says what waits for it, or hurries it."""

import concurrent.futures
import json
import os
import time
import unittest

from support.case import Case, n, s
from support.server import Dynlog

START = "2026-01-31T09:30:00.000Z"
START_S = 1769851800
STACK = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  failing:
    handler: handlers.fail
    destinations: {onFailure: failed}
  patient:
    handler: handlers.fail
    maximumRetryAttempts: 1
    maximumEventAge: 90
  failed:
    handler: handlers.record
  held:
    handler: handlers.hold
  windowed:
    handler: handlers.record
    events:
      - stream: {type: dynamodb, arn: !GetAtt window.StreamArn, batchSize: 100, batchWindow: 60, startingPosition: TRIM_HORIZON}
  stubborn:
    handler: handlers.fail_until_told
    events:
      - stream: {type: dynamodb, arn: !GetAtt stubborn.StreamArn, startingPosition: TRIM_HORIZON}
  expired:
    handler: handlers.record
    events:
      - stream: {type: dynamodb, arn: !GetAtt expiring.StreamArn, startingPosition: TRIM_HORIZON}
resources:
  Resources:
"""
TABLE = """
    %s:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: %s
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
        %s
"""
STACK += TABLE % ("window", "window", "") + TABLE % ("stubborn", "stubborn", "")
STACK += TABLE % ("expiring", "expiring", "TimeToLiveSpecification: {AttributeName: until, Enabled: true}")

HANDLERS = """
import json, os

def note(name, event):
    with open(name + ".jsonl", "a") as file:
        file.write(json.dumps(event) + "\\n")

def record(event, context):
    note(context.function_name.split("-")[-1], event)

def fail(event, context):
    note("tried", event)
    raise RuntimeError("as it should")

def fail_until_told(event, context):
    note("stubborn", {})
    if not os.path.exists("told"):
        raise RuntimeError("not yet")

def hold(event, context):
    note("held", event)
    os.open("gate", os.O_RDONLY)  # a pipe: until the test opens it
"""
FILES = {"serverless.yml": STACK, "handlers.py": HANDLERS}


class Manual(Case):
    files = FILES
    arguments = ["--clock", "manual=" + START, "--memory"]

    def setUp(self):
        self.lambda_ = self.dynlog.client("lambda")
        for name in os.listdir(self.dynlog.work):
            if name.endswith(".jsonl") or name == "told":
                os.remove(self.dynlog.path(name))
        self.start = self.now()

    def now(self):
        status, answer = self.dynlog.clock()
        self.assertEqual((200, "manual"), (status, answer["clock"]))
        return answer["now"]

    def seconds(self, text=None):
        """Since the test began."""
        form = "%Y-%m-%dT%H:%M:%S"
        at, since = (time.mktime(time.strptime(t[:19], form)) for t in (text or self.now(), self.start))
        return at - since

    def noted(self, name):
        try:
            with open(self.dynlog.path(name + ".jsonl"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def invoke(self, name, event):
        self.lambda_.invoke(FunctionName="app-local-" + name, InvocationType="Event", Payload=json.dumps(event))

    def test_retries_in_one_move(self):
        self.invoke("failing", {"n": 1})
        waiting = self.dynlog.waiting()
        self.assertEqual(["invocations"], list(waiting))
        self.assertEqual(60, self.seconds(waiting["invocations"]["due"]))
        self.assertEqual(1, len(self.noted("tried")))
        self.assertEqual(1, self.dynlog.advance("59s")["steps"])
        self.assertEqual(1, len(self.noted("tried")))
        answer = self.dynlog.advance("1s")
        self.assertEqual(2, len(self.noted("tried")))
        self.assertEqual(180, self.seconds(answer["next"]))
        self.dynlog.advance("PT1H")
        self.assertEqual(3, len(self.noted("tried")))
        self.dynlog.drain()
        failure, = self.noted("failed")
        self.assertEqual("RetriesExhausted", failure["requestContext"]["condition"])
        self.assertEqual(180, self.seconds(failure["timestamp"]))  # at its time, not at the end of the move
        self.assertEqual(3660, self.seconds())

    def test_too_old_while_waiting(self):
        self.invoke("patient", {"n": 2})
        self.dynlog.advance("1h")
        self.assertEqual(2, len(self.noted("tried")))  # the second would be at 60 s; it is the last
        self.dynlog.drain()

    def test_retries_now(self):
        self.invoke("failing", {"n": 3})
        self.assertEqual({}, self.dynlog.waiting(retries_now=True))
        self.assertEqual(3, len(self.noted("tried")))
        self.assertEqual(1, len(self.noted("failed")))
        self.assertEqual(0, self.seconds())

    def test_a_window(self):
        for pk in "abc":
            self.dynamodb.put_item(TableName="window", Item={"pk": s(pk)})
        waiting = self.dynlog.waiting()
        self.assertEqual(60, self.seconds(waiting["records of a mapping"]["due"]))
        self.assertEqual([], self.noted("windowed"))
        self.dynlog.clock(to="next")
        batch, = self.noted("windowed")
        self.assertEqual(3, len(batch["Records"]))
        self.dynlog.drain()

    def test_a_mapping_that_fails_holds_nobody_up(self):
        self.dynamodb.put_item(TableName="stubborn", Item={"pk": s("a")})
        self.assertIn("records of a mapping", self.dynlog.waiting())
        before = len(self.noted("stubborn"))
        self.dynlog.advance("10s")  # 100 ms, 200 ms, 400 ms ... 6.4 s
        self.assertEqual(before + 6, len(self.noted("stubborn")))
        self.dynlog.write("told", "")
        self.assertEqual({}, self.dynlog.waiting(retries_now=True))
        self.assertEqual(before + 7, len(self.noted("stubborn")))

    def test_visibility_and_delay(self):
        sqs = self.dynlog.client("sqs")
        url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=600)
        self.dynlog.drain()  # messages hold nobody up
        self.assertNotIn("Messages", sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1))  # by the wall
        self.dynlog.advance("10m")
        self.assertEqual(1, len(sqs.receive_message(QueueUrl=url)["Messages"]))
        self.assertNotIn("Messages", sqs.receive_message(QueueUrl=url))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(self.dynlog.client("sqs").receive_message, QueueUrl=url, WaitTimeSeconds=20)
            self.dynlog.advance(30)
            self.assertEqual(1, len(waiting.result()["Messages"]))

    def test_dead_letters_at_a_rate(self):
        """A move task of one message a second is moved by the clock, and no retry."""
        sqs = self.dynlog.client("sqs")
        dead = sqs.create_queue(QueueName="slow-dead")["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:000000000000:slow-dead"
        url = sqs.create_queue(QueueName="slow", Attributes={"VisibilityTimeout": "0", "RedrivePolicy": json.dumps(
            {"deadLetterTargetArn": arn, "maxReceiveCount": 1})})["QueueUrl"]
        for body in "abc":
            sqs.send_message(QueueUrl=url, MessageBody=body)
        for _ in range(2):
            sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        status, _ = self.dynlog.call("AmazonSQS.StartMessageMoveTask", {
            "SourceArn": arn, "MaxNumberOfMessagesPerSecond": 1})
        self.assertEqual(200, status)
        self.assertEqual(["message move tasks"], list(self.dynlog.waiting(retries_now=True)))
        self.dynlog.advance(10)
        self.dynlog.drain()
        self.assertEqual(3, len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]))
        self.assertNotIn("Messages", sqs.receive_message(QueueUrl=dead))

    def test_time_to_live(self):
        """Each item goes at its time, though the move is longer."""
        now = START_S + int((self.seconds(START) * -1))
        for i, after in enumerate((600, 1200, 86400)):
            self.dynamodb.put_item(TableName="expiring", Item={"pk": s(str(i)), "until": n(now + after)})
        self.dynlog.drain()
        self.dynlog.advance("1h")
        removed = [record for batch in self.noted("expired") for record in batch["Records"]
                   if record["eventName"] == "REMOVE"]
        self.assertEqual([now + 601, now + 1201],  # once its time lies before now
                         [record["dynamodb"]["ApproximateCreationDateTime"] for record in removed])
        self.assertEqual("Service", removed[0]["userIdentity"]["type"])
        self.assertEqual(1, self.dynamodb.scan(TableName="expiring")["Count"])
        self.dynlog.advance("1d")
        self.assertEqual(0, self.dynamodb.scan(TableName="expiring")["Count"])

    def test_a_year_is_quick(self):
        self.dynamodb.put_item(TableName="window", Item={"pk": s("old")})
        self.dynlog.advance("1m")
        began = time.monotonic()
        answer = self.dynlog.advance("365d")
        self.assertLess(answer["steps"], 20)
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(365 * 86400 + 60, self.seconds())
        self.dynlog.drain()

    def test_what_is_refused(self):
        for body in ("", "[]", "{}", '{"advance":"1x"}', '{"advance":-1}', '{"to":"then"}', '{"by":1}',
                     '{"advance":1,"to":"next"}', '{"advance":"1001y"}', '{"to":null}'):
            status, _, text = self.dynlog.request("POST", "/_dynlog/clock", body)
            self.assertEqual(400, status, body)
            self.assertIn("moves the clock", json.loads(text)["message"])
        status, answer = self.dynlog.clock(to="2020-01-01T00:00:00Z")
        self.assertEqual(409, status)
        self.assertIn("does not go back", answer["message"])
        status, _, _ = self.dynlog.request("POST", "/_dynlog/drain", '{"retries":"soon"}')
        self.assertEqual(400, status)

    def test_moves_queue_and_a_client_that_goes_away(self):
        """The step that is under way goes on; the rest of that move is not made; the others are."""
        os.mkfifo(self.dynlog.path("gate"))
        try:
            self.invoke("failing", {"n": 4})
            self.dynlog.waiting()
            before = self.now()
            self.invoke("held", {})
            gone = self.dynlog.spawn_beside("/usr/bin/curl", "-s", "-d", '{"advance":"2h"}',
                                            self.dynlog.endpoint + "/_dynlog/clock")
            with concurrent.futures.ThreadPoolExecutor() as pool:
                others = [pool.submit(self.dynlog.advance, "30s") for _ in range(2)]
                with open(self.dynlog.path("gate"), "w"):  # its handler stands here
                    self.assertEqual(before, self.now())
                    gone.end(9)
                for other in others:
                    other.result()
            self.assertLess(self.seconds(), 7200)
            self.assertGreaterEqual(self.seconds(), 60)
        finally:
            os.remove(self.dynlog.path("gate"))
        self.dynlog.waiting(retries_now=True)

    def test_the_command(self):
        result = self.dynlog.command("clock", "--endpoint", self.dynlog.endpoint)
        self.assertEqual(self.start, json.loads(result.stdout)["now"])
        result = self.dynlog.command("clock", "--advance", "90m", "--endpoint", self.dynlog.endpoint)
        self.assertEqual((0, 5400), (result.returncode, self.seconds(json.loads(result.stdout)["now"])))
        for wrong in (["--advance", "1x"], ["--to", "then"], ["--next", "--to", "2030-01-01T00:00:00Z"]):
            self.assertEqual(2, self.dynlog.command("clock", *wrong).returncode)
        self.invoke("failing", {"n": 5})
        drained = json.loads(self.dynlog.command("drain", "--endpoint", self.dynlog.endpoint).stdout)
        self.assertEqual((False, "invocations"), (drained["drained"], drained["waiting"][0]["what"]))
        drained = json.loads(self.dynlog.command("drain", "--retries", "now", "--endpoint",
                                                 self.dynlog.endpoint).stdout)
        self.assertTrue(drained["drained"])


class OverARestart(unittest.TestCase):
    def test_it_stands_where_it_was(self):
        dynlog = Dynlog(FILES)
        with dynlog:
            self.assertEqual(409, dynlog.clock(advance=1)[0])
            self.assertEqual("real", dynlog.clock()[1]["clock"])
            dynlog.kill()
            # A folder whose records are from today does not go back to another year.
            dynlog.spawn("--clock", "manual=" + START)
            self.assertEqual(1, dynlog.process.wait())
            self.assertIn("does not go back", dynlog.process.err.text())
            dynlog.process = None
            dynlog.start("--clock", "manual=2031-01-01T00:00:00Z")
            dynlog.client("lambda").invoke(FunctionName="app-local-failing", InvocationType="Event", Payload="{}")
            self.assertEqual("2031-01-01T00:01:00.000Z", dynlog.waiting()["invocations"]["due"])
            dynlog.advance("59.5s")
            dynlog.kill()
            dynlog.start("--clock", "manual")
            self.assertEqual("2031-01-01T00:00:59.500Z", dynlog.clock()[1]["now"])
            self.assertEqual("2031-01-01T00:01:00.000Z", dynlog.clock()[1]["next"])
            dynlog.stop()
            for arguments, words in ((["--clock", "manual=2030-12-31T00:00:00Z"], "does not go back"),
                                     ([], "yet to come"), (["--clock", "slow"], "--clock is real")):
                dynlog.spawn(*arguments)
                self.assertIn(dynlog.process.wait(), (1, 2))
                self.assertIn(words, dynlog.process.err.text())
                dynlog.process = None
            dynlog.start("--clock", "manual=2031-01-01T01:00:00Z")
            dynlog.waiting(retries_now=True)
            with open(dynlog.path("failed.jsonl"), encoding="utf-8") as file:
                self.assertEqual(1, len(file.readlines()))

    def test_retries_now_by_the_real_clock(self):
        with Dynlog(FILES, arguments=["--memory"]) as dynlog:
            dynlog.client("lambda").invoke(FunctionName="app-local-failing", InvocationType="Event", Payload="{}")
            self.assertEqual({}, dynlog.waiting(retries_now=True))
            with open(dynlog.path("tried.jsonl"), encoding="utf-8") as file:
                self.assertEqual(3, len(file.readlines()))


if __name__ == "__main__":
    unittest.main()
