"""What AWS may do to a program, on demand (docs/faults.md): throttles with real SDKs, targets that fail, events that
come twice or in another order, delays, workers that are killed. Each does what it says, and nothing else; a seed
repeats a run."""

import json
import os
import unittest

from support.case import Case, s

STACK = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  work:
    handler: handlers.record
    destinations: {onFailure: failed}
    events:
      - eventBridge: {eventBus: !Ref bus, pattern: {source: [test]}}
  other:
    handler: handlers.record
  failed:
    handler: handlers.record
  pair:
    handler: handlers.pair
    destinations: {onSuccess: opens}
  opens:
    handler: handlers.opens
  stream:
    handler: handlers.record
    events:
      - stream: {type: dynamodb, arn: !GetAtt table.StreamArn, batchSize: 10, startingPosition: TRIM_HORIZON}
resources:
  Resources:
    bus: {Type: AWS::Events::EventBus, Properties: {Name: bus}}
    table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: streamed
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: NEW_IMAGE}
"""
HANDLERS = """
import json
import os

def record(event, context):
    with open(context.function_name.split("-")[-1] + ".jsonl", "a") as file:
        file.write(json.dumps({"id": context.aws_request_id, "event": event}) + "\\n")

def pair(event, context):  # n 0 ends after n 1
    if event["n"] == 0 and not os.path.exists("passed"):
        with open("gate") as gate:
            gate.read()
        open("passed", "w").close()
    record(event, context)

def opens(event, context):
    if event["requestPayload"]["n"] == 1 and not os.path.exists("passed"):
        open("gate", "w").close()  # waits until n 0 is there
"""


class Faults(Case):
    files = {"serverless.yml": STACK, "handlers.py": HANDLERS}
    arguments = ["--clock", "manual=2026-01-31T09:30:00Z", "--memory"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lambda_ = cls.dynlog.client("lambda")
        cls.events = cls.dynlog.client("events")
        cls.sqs = cls.dynlog.client("sqs")

    def setUp(self):
        self.dynlog.request("DELETE", "/_dynlog/faults")
        self.assertEqual({}, self.dynlog.waiting(retries_now=True))
        for name in os.listdir(self.dynlog.work):
            if name.endswith(".jsonl"):
                os.remove(self.dynlog.path(name))

    def tearDown(self):
        status, _, text = self.dynlog.request("GET", "/_dynlog/faults")
        self.assertEqual(200, status)
        left = {kind: faults for kind, faults in json.loads(text).items() if kind != "Seed" and faults}
        self.assertEqual({}, {kind: faults for kind, faults in left.items()
                              if any("Count" in fault for fault in faults)}, "not used up")

    def recorded(self, name):
        try:
            with open(self.dynlog.path(name + ".jsonl"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def invoke(self, name, event):
        self.lambda_.invoke(FunctionName="app-local-" + name, InvocationType="Event", Payload=json.dumps(event))

    def put(self, count):
        return self.events.put_events(Entries=[
            {"Source": "test", "DetailType": "t", "Detail": json.dumps({"n": n}), "EventBusName": "bus"}
            for n in range(count)])

    # ---- throttles ----

    def test_an_sdk_tries_again(self):
        """boto3 makes up for a throttle by itself, and tells of it when it may not."""
        once = self.dynamodb
        self.dynlog.faults(Throttle=[{"TableName": "streamed", "Operation": "PutItem", "Count": 2}])
        self.refused("ThrottlingException", None, once.put_item, TableName="streamed", Item={"pk": s("a")})
        self.assertEqual(0, once.scan(TableName="streamed", ConsistentRead=True,
                                      FilterExpression="pk = :a", ExpressionAttributeValues={":a": s("a")})["Count"])
        again = self.dynlog.client("dynamodb", retries={"total_max_attempts": 3, "mode": "standard"})
        answer = again.put_item(TableName="streamed", Item={"pk": s("a")})
        self.assertEqual(1, answer["ResponseMetadata"]["RetryAttempts"])

    def test_invoke_is_throttled(self):
        client = self.lambda_
        self.dynlog.faults(Throttle=[{"FunctionName": "app-local-work", "Operation": "Invoke"}])
        error = self.refused("TooManyRequestsException", "Rate Exceeded.", client.invoke,
                             FunctionName="app-local-work")
        self.assertEqual(429, error["ResponseMetadata"]["HTTPStatusCode"])
        client.invoke(FunctionName="app-local-work")

    def test_queue_is_throttled_in_both_protocols(self):
        url = self.sqs.create_queue(QueueName="throttled")["QueueUrl"]
        once = self.sqs
        self.dynlog.faults(Throttle=[{"QueueName": "throttled", "Count": 2}])
        self.refused("RequestThrottled", None, once.send_message, QueueUrl=url, MessageBody="x")
        status, answer = self.dynlog.call("AmazonSQS.SendMessage", {"QueueUrl": url, "MessageBody": "x"})
        self.assertEqual((403, "com.amazonaws.sqs#RequestThrottled"), (status, answer["__type"]))

    def test_entries_fail_one_by_one(self):
        self.dynlog.faults(Throttle=[{"EventBusName": "bus", "Count": 2}])
        answer = self.put(5)
        self.assertEqual(2, answer["FailedEntryCount"])
        self.assertEqual(["ThrottlingException"] * 2 + [None] * 3,
                         [entry.get("ErrorCode") for entry in answer["Entries"]])
        self.dynlog.drain()
        self.assertEqual([2, 3, 4], sorted(r["event"]["detail"]["n"] for r in self.recorded("work")))

    def test_asynchronous_invocations_are_throttled(self):
        """Back into the queue: after 1 s, 2 s, 4 s; and it is no attempt."""
        self.dynlog.faults(Throttle=[{"FunctionName": "app-local-work", "Operation": "AsynchronousInvocation",
                                      "Count": 3}])
        self.invoke("work", {"n": 1})
        self.assertIn("invocations", self.dynlog.waiting())
        self.assertEqual(3, self.dynlog.advance(7)["steps"])
        self.assertEqual(1, len(self.recorded("work")))
        self.dynlog.drain()

    # ---- targets ----

    def target(self, name, **more):
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:000000000000:" + name
        dead = self.sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
        self.events.put_rule(Name=name, EventBusName="bus", EventPattern=json.dumps({"source": [name]}))
        self.events.put_targets(Rule=name, EventBusName="bus", Targets=[
            {"Id": "q", "Arn": arn, "DeadLetterConfig": {"Arn": arn + "-dead"},
             "RetryPolicy": {"MaximumRetryAttempts": 3}}])
        self.events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": "{}", "EventBusName": "bus"}])
        return url, dead

    def messages(self, url):
        return self.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"],
                                        MaxNumberOfMessages=10).get("Messages", [])

    def test_a_target_fails_and_recovers(self):
        self.dynlog.faults(TargetFailure=[{"RuleName": "recovers", "TargetId": "q", "ErrorCode": "THROTTLING",
                                           "Count": 3}])
        url, dead = self.target("recovers")
        self.assertIn("deliveries", self.dynlog.waiting())
        self.assertEqual([], self.messages(url))
        self.dynlog.advance("1m")
        self.assertEqual(1, len(self.messages(url)))
        self.assertEqual([], self.messages(dead))

    def test_a_slow_target(self):
        """What the rule has for it waits, and counts as no attempt."""
        self.dynlog.faults(Delay=[{"RuleName": "slow", "TargetId": "q", "Milliseconds": 30000}])
        url, dead = self.target("slow")
        waiting = self.dynlog.waiting()["deliveries"]
        self.assertEqual(1, waiting["count"])
        self.dynlog.advance("29.999s")
        self.assertEqual([], self.messages(url))
        self.dynlog.advance("1ms")
        self.assertEqual(1, len(self.messages(url)))
        self.assertEqual([], self.messages(dead))

    def test_a_target_fails_for_good(self):
        for name, fault, code, condition in (
                ("given-up", {"ErrorCode": "TIMEOUT", "Probability": 1}, "TIMEOUT", "MaximumRetryAttempts"),
                ("refused", {"ErrorCode": "NO_PERMISSIONS", "Retriable": False}, "NO_PERMISSIONS", None)):
            self.dynlog.faults(TargetFailure=[{"RuleName": name, **fault}])
            url, dead = self.target(name)
            self.assertEqual({}, self.dynlog.waiting(retries_now=True))
            letter, = self.messages(dead)
            attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
            self.assertEqual(code, attributes["ERROR_CODE"])
            self.assertEqual(condition, attributes.get("EXHAUSTED_RETRY_CONDITION"))
            self.assertEqual([], self.messages(url))

    # ---- twice, in another order, late ----

    def test_an_event_comes_twice(self):
        self.dynlog.faults(Duplicate=[{"FunctionName": "app-local-work"}])
        self.invoke("work", {"n": 1})
        self.invoke("other", {"n": 2})
        self.dynlog.drain()
        first, second = self.recorded("work")
        self.assertEqual(first, second)  # the request's id too
        self.assertEqual(1, len(self.recorded("other")))

    def test_who_comes_twice_is_decided_as_they_begin(self):
        """They end in any order: a seed would repeat nothing."""
        os.mkfifo(self.dynlog.path("gate"))
        self.dynlog.faults(Duplicate=[{"FunctionName": "app-local-pair"}])
        self.invoke("pair", {"n": 0})
        self.invoke("pair", {"n": 1})
        self.dynlog.drain()
        self.assertEqual([1, 0, 0], [r["event"]["n"] for r in self.recorded("pair")])

    def test_a_batch_comes_twice(self):
        self.dynlog.faults(Duplicate=[{"FunctionName": "app-local-stream"}])
        self.dynamodb.put_item(TableName="streamed", Item={"pk": s("twice")})
        self.dynlog.drain()
        self.dynamodb.put_item(TableName="streamed", Item={"pk": s("once")})
        self.dynlog.drain()
        keys = [record["dynamodb"]["Keys"]["pk"]["S"] for batch in self.recorded("stream")
                for record in batch["event"]["Records"]]
        self.assertEqual(["twice", "twice", "once"], keys)

    def test_a_message_comes_twice(self):
        url = self.sqs.create_queue(QueueName="twice")["QueueUrl"]
        self.dynlog.faults(Duplicate=[{"QueueName": "twice", "Probability": 1}])
        self.sqs.send_message(QueueUrl=url, MessageBody="x")
        ids = []
        for _ in range(2):  # though it is deleted as soon as it was received
            message, = self.messages(url)
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            ids.append(message["MessageId"])
        self.assertEqual(ids[0], ids[1])
        self.assertEqual([], self.messages(url))  # a copy has no copies

    def test_never_in_a_fifo_queue(self):
        url = self.sqs.create_queue(QueueName="line.fifo", Attributes={
            "FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
        self.dynlog.faults(Duplicate=[{"Probability": 1}], Reorder=[{"Probability": 1}])
        for body in "abc":
            self.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
        self.assertEqual(["a", "b", "c"], [message["Body"] for message in self.messages(url)])

    def test_messages_out_of_order(self):
        url = self.sqs.create_queue(QueueName="order")["QueueUrl"]
        for body in "abcd":
            self.sqs.send_message(QueueUrl=url, MessageBody=body)
        self.dynlog.faults(Reorder=[{"QueueName": "order", "Count": 2}])
        self.assertEqual(["c", "d", "b", "a"], [message["Body"] for message in self.messages(url)])

    def test_invocations_out_of_order(self):
        name = "app-local-work"
        self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)  # as they begin they end
        self.addCleanup(self.lambda_.delete_function_concurrency, FunctionName=name)
        self.dynlog.faults(Reorder=[{"FunctionName": "app-local-work"}])
        self.invoke("work", {"n": 1})
        self.assertIn("invocations", self.dynlog.waiting())
        self.invoke("work", {"n": 2})
        self.dynlog.drain()
        self.assertEqual([2, 1], [r["event"]["n"] for r in self.recorded("work")])
        self.dynlog.faults(Reorder=[{"FunctionName": "app-local-work"}])
        self.invoke("work", {"n": 3})  # nobody overtakes it: it does not wait for ever
        self.dynlog.advance(1)
        self.assertEqual(3, len(self.recorded("work")))

    def test_delays(self):
        self.dynlog.faults(Delay=[{"FunctionName": "app-local-work", "Milliseconds": 5000},
                                  {"TableName": "streamed", "Milliseconds": 90000}])
        self.invoke("work", {"n": 1})
        self.dynamodb.put_item(TableName="streamed", Item={"pk": s("late")})
        self.assertEqual(["records of a mapping", "invocations"], list(self.dynlog.waiting()))
        self.dynlog.advance("4.999s")
        self.assertEqual([], self.recorded("work"))
        self.dynlog.advance("1ms")
        self.assertEqual(1, len(self.recorded("work")))
        self.assertEqual([], self.recorded("stream"))
        self.dynlog.advance("85s")
        self.assertEqual(1, len(self.recorded("stream")))

    # ---- killed ----

    def test_a_worker_is_killed(self):
        """At its end: all that it did is done, and nobody heard of it. At its start: nothing is."""
        for when, done in (("End", 2), ("Start", 1)):
            self.dynlog.faults(KillWorker=[{"FunctionName": "app-local-work", "When": when}])
            self.invoke("work", {"when": when})
            self.assertIn("invocations", self.dynlog.waiting())
            self.dynlog.advance("1m")
            recorded = [r for r in self.recorded("work") if r["event"] == {"when": when}]
            if when == "End":
                self.assertEqual(done, len(recorded))
            else:
                self.assertIn(len(recorded), (1, 2))  # the kernel may let it run that far
        self.dynlog.faults(KillWorker=[{"FunctionName": "app-local-work"}])
        answer = self.lambda_.invoke(FunctionName="app-local-work", Payload="{}")
        self.assertEqual("Unhandled", answer["FunctionError"])
        error = json.load(answer["Payload"])
        self.assertEqual("Runtime.ExitError", error["errorType"])
        self.assertIn("signal: killed", error["errorMessage"])
        self.assertNotIn("FunctionError", self.lambda_.invoke(FunctionName="app-local-work", Payload="{}"))

    # ---- seeds ----

    def run_with(self, seed):
        self.dynlog.request("DELETE", "/_dynlog/faults")
        self.dynlog.faults(Seed=seed, Throttle=[{"EventBusName": "bus", "Probability": 0.3}])
        found = [entry.get("ErrorCode") for _ in range(5) for entry in self.put(10)["Entries"]]
        self.dynlog.drain()
        return found

    def test_a_seed_repeats_a_run(self):
        first = self.run_with(7)
        self.assertEqual(first, self.run_with(7))
        self.assertNotEqual(first, self.run_with(8))
        self.assertIn("ThrottlingException", first)
        self.assertIn(None, first)


if __name__ == "__main__":
    unittest.main()
