"""What becomes of an event on its way to its targets: kinds of targets, retry policies, dead letters with
their attributes, and kill -9 in the middle. Each target is a real one of a running server."""

import json
import re
import unittest

from support.case import Case
from support.server import Dynlog

ACCOUNT = "000000000000"
REGION = "us-east-1"

STACK = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  target:
    handler: handler.handle
    maximumRetryAttempts: 1
custom:
  serverless-offline-aws-eventbridge: {retryDelayMs: 10}
"""
HANDLER = """
import json

def handle(event, context):
    with open("events.jsonl", "a") as file:
        file.write(json.dumps(event) + "\\n")
    if event["detail"].get("fail"):
        raise ValueError("asked to")
"""


def arn_of(service, resource):
    return "arn:aws:%s:%s:%s:%s" % (service, REGION, ACCOUNT, resource)


class Wires:
    """Clients and short ways, for a Dynlog."""

    def __init__(self, dynlog):
        self.dynlog = dynlog
        self.events = dynlog.client("events")
        self.sqs = dynlog.client("sqs")

    def queue(self, name, **attributes):
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return arn_of("sqs", name)

    def url(self, name):
        return self.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def rule(self, name, *targets, bus="default", pattern=None):
        """A rule for everything of the source `name`, unless a pattern says otherwise."""
        pattern = pattern if pattern is not None else {"source": [name]}
        arn = self.events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
        answer = self.events.put_targets(Rule=name, EventBusName=bus, Targets=list(targets))
        assert answer["FailedEntryCount"] == 0, answer
        return arn

    def put(self, source, *details, bus="default", **more):
        """The ids of the events."""
        ids = []
        for at in range(0, len(details), 10):
            answer = self.events.put_events(Entries=[
                {"Source": source, "DetailType": "thing", "Detail": json.dumps(detail), "EventBusName": bus, **more}
                for detail in details[at:at + 10]])
            assert answer["FailedEntryCount"] == 0, answer
            ids += [entry["EventId"] for entry in answer["Entries"]]
        return ids

    def messages(self, name, drain=True):
        """All that is in a queue, taken out: [(body as JSON, attributes, system attributes)]."""
        if drain:
            self.dynlog.drain()
        url, found = self.url(name), []
        while True:
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600,
                                              AttributeNames=["All"], MessageAttributeNames=["All"])
            batch = answer.get("Messages", [])
            if not batch:
                return found
            for message in batch:
                attributes = {key: value["StringValue"] for key, value in message.get("MessageAttributes", {}).items()}
                found.append((json.loads(message["Body"]), attributes, message["Attributes"]))
            self.sqs.delete_message_batch(QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(batch)])

    def metric(self, name):
        text = self.dynlog.request("GET", "/_dynlog/metrics")[2].decode()
        return int(re.search(r"^dynlog_%s (\d+)$" % name, text, re.M).group(1))


class Deliveries(Case):
    files = {"serverless.yml": STACK, "handler.py": HANDLER}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.on = Wires(cls.dynlog)

    def handled(self):
        """What the function has seen since the last call."""
        self.dynlog.drain()
        path = self.dynlog.path("events.jsonl")
        try:
            with open(path, encoding="utf-8") as file:
                lines = [json.loads(line) for line in file]
        except FileNotFoundError:
            return []
        with open(path, "w", encoding="utf-8"):
            return lines

    # ---- kinds of targets ----

    def test_a_queue(self):
        arn = self.on.queue("plain")
        self.on.rule("to-queue", {"Id": "whole", "Arn": arn},
                     {"Id": "part", "Arn": arn, "InputPath": "$.detail"},
                     {"Id": "group", "Arn": arn, "Input": '{"x":1}', "SqsParameters": {"MessageGroupId": "g"}})
        event_id, = self.on.put("to-queue", {"n": 1}, TraceHeader="Root=1-5759e988-bd862e3fe1be46a994272793")
        found = self.on.messages("plain")
        self.assertEqual(3, len(found))
        whole, = [body for body, _, _ in found if "id" in body]
        self.assertEqual((event_id, "to-queue", {"n": 1}), (whole["id"], whole["source"], whole["detail"]))
        self.assertIn({"n": 1}, [body for body, _, _ in found])
        group, = [system for body, _, system in found if body == {"x": 1}]
        self.assertEqual("g", group["MessageGroupId"])
        for _, attributes, system in found:
            self.assertEqual({}, attributes)
            self.assertEqual("Root=1-5759e988-bd862e3fe1be46a994272793", system["AWSTraceHeader"])

    def test_a_fifo_queue(self):
        arn = self.on.queue("ordered.fifo", FifoQueue="true", ContentBasedDeduplication="true")
        self.on.rule("to-fifo", {"Id": "1", "Arn": arn, "SqsParameters": {"MessageGroupId": "g"}})
        ids = self.on.put("to-fifo", *({"n": n} for n in range(25)))
        found = self.on.messages("ordered.fifo")
        self.assertEqual(ids, [body["id"] for body, _, _ in found])
        self.assertEqual({"g"}, {system["MessageGroupId"] for _, _, system in found})
        self.refused("ValidationException", "Parameter(s) SqsParameters must be specified for target: 2.",
                     self.on.events.put_targets, Rule="to-fifo", Targets=[{"Id": "2", "Arn": arn}])

    def test_a_fifo_queue_that_does_not_deduplicate(self):
        arn, dead = self.on.queue("bare.fifo", FifoQueue="true"), self.on.queue("bare-dead")
        self.on.rule("to-bare", {"Id": "1", "Arn": arn, "SqsParameters": {"MessageGroupId": "g"},
                                 "DeadLetterConfig": {"Arn": dead}})
        self.on.put("to-bare", {})
        (_, attributes, _), = self.on.messages("bare-dead")
        self.assertEqual(("INVALID_PARAMETER", "0"), (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]))
        self.assertNotIn("EXHAUSTED_RETRY_CONDITION", attributes)

    def test_a_function_is_tried_by_its_own_settings(self):
        """A rule's retry policy is about the way to the function, which ends at its queue."""
        arn = arn_of("lambda", "function:app-local-target")
        dead = self.on.queue("function-dead")
        self.on.rule("to-function", {"Id": "1", "Arn": arn, "DeadLetterConfig": {"Arn": dead},
                                     "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}})
        self.handled()
        event_id, = self.on.put("to-function", {"fail": True})
        self.assertEqual([event_id] * 2, [event["id"] for event in self.handled()])
        self.assertEqual([], self.on.messages("function-dead"))

    def test_another_bus_and_no_third_one(self):
        for name in ("second", "third"):
            self.on.events.create_event_bus(Name=name)
        first, second, dead = self.on.queue("at-first"), self.on.queue("at-second"), self.on.queue("hop-dead")
        role = "arn:aws:iam::%s:role/forward" % ACCOUNT
        self.on.rule("hop", {"Id": "queue", "Arn": first},
                     {"Id": "bus", "Arn": arn_of("events", "event-bus/second"), "RoleArn": role})
        rule = self.on.rule("hop", {"Id": "queue", "Arn": second},
                            {"Id": "bus", "Arn": arn_of("events", "event-bus/third"), "RoleArn": role,
                             "DeadLetterConfig": {"Arn": dead}}, bus="second")
        self.on.rule("hop", {"Id": "queue", "Arn": self.on.queue("at-third")}, bus="third")
        event_id, = self.on.put("hop", {"n": 1})
        (at_first, _, _), = self.on.messages("at-first")
        (at_second, _, _), = self.on.messages("at-second")
        self.assertEqual(event_id, at_first["id"])
        self.assertEqual(at_first, at_second)
        self.assertEqual([], self.on.messages("at-third"))
        (letter, attributes, _), = self.on.messages("hop-dead")
        self.assertEqual(at_first, letter)
        self.assertEqual((rule, "THIRD_ACCOUNT_HOP_DETECTED"), (attributes["RULE_ARN"], attributes["ERROR_CODE"]))
        self.refused("ValidationException", "Modifying the input for target x is not supported.",
                     self.on.events.put_targets, Rule="hop", Targets=[
                         {"Id": "x", "Arn": arn_of("events", "event-bus/second"), "InputPath": "$.detail"}])

    def test_a_bus_that_sends_to_itself(self):
        """The one hop is made, and no more."""
        queue = self.on.queue("loop")
        self.on.rule("loop", {"Id": "queue", "Arn": queue}, {"Id": "bus", "Arn": arn_of("events", "event-bus/default")})
        event_id, = self.on.put("loop", {})
        self.assertEqual([event_id] * 2, [body["id"] for body, _, _ in self.on.messages("loop")])

    # ---- dead letters ----

    def test_attributes_of_a_dead_letter(self):
        """Of targets that are not there; the body is the event, whatever the target's input."""
        dead = self.on.queue("gone-dead")
        targets = {"function": arn_of("lambda", "function:gone"), "queue": arn_of("sqs", "gone"),
                   "bus": arn_of("events", "event-bus/gone"),
                   "destination": arn_of("events", "api-destination/gone/11111111-2222-3333-4444-555555555555")}
        rule = self.on.rule("gone", *({"Id": name, "Arn": arn, "DeadLetterConfig": {"Arn": dead},
                                       **({} if name == "bus" else {"InputPath": "$.detail"})}
                                      for name, arn in targets.items()))
        event_id, = self.on.put("gone", {"n": 1})
        found = self.on.messages("gone-dead")
        self.assertEqual(sorted(targets.values()), sorted(attributes["TARGET_ARN"] for _, attributes, _ in found))
        for body, attributes, _ in found:
            self.assertEqual((event_id, {"n": 1}), (body["id"], body["detail"]))
            self.assertEqual({"RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE", "RETRY_ATTEMPTS"},
                             set(attributes))
            self.assertEqual((rule, "NO_RESOURCE", "0"), (attributes["RULE_ARN"], attributes["ERROR_CODE"],
                                                          attributes["RETRY_ATTEMPTS"]))
            self.assertIn(attributes["TARGET_ARN"], attributes["ERROR_MESSAGE"])

    def test_a_queue_that_is_deleted(self):
        arn, dead = self.on.queue("short-lived"), self.on.queue("short-dead")
        self.on.rule("short", {"Id": "1", "Arn": arn, "DeadLetterConfig": {"Arn": dead}})
        first, = self.on.put("short", {})
        self.assertEqual([first], [body["id"] for body, _, _ in self.on.messages("short-lived")])
        self.on.sqs.delete_queue(QueueUrl=self.on.url("short-lived"))
        second, = self.on.put("short", {})
        self.assertEqual([second], [body["id"] for body, _, _ in self.on.messages("short-dead")])

    def test_an_event_that_the_queue_does_not_take(self):
        arn, dead = self.on.queue("small", MaximumMessageSize="1024"), self.on.queue("small-dead")
        self.on.rule("small", {"Id": "1", "Arn": arn, "DeadLetterConfig": {"Arn": dead}})
        event_id, = self.on.put("small", {"text": "x" * 1024})
        (body, attributes, _), = self.on.messages("small-dead")
        self.assertEqual((event_id, "INVALID_PARAMETER"), (body["id"], attributes["ERROR_CODE"]))

    def test_dropped_counted_and_told(self):
        """Without a dead-letter queue, and with one that is gone or takes no more."""
        small = self.on.queue("full-dead", MaximumMessageSize="1024")
        before = {name: self.on.metric("deliveries_%s_total" % name) for name in ("failed", "dropped", "dead_letters")}
        gone = arn_of("lambda", "function:gone")
        self.on.rule("dropped", {"Id": "none", "Arn": gone},
                     {"Id": "missing", "Arn": gone, "DeadLetterConfig": {"Arn": arn_of("sqs", "no-such-queue")}},
                     {"Id": "full", "Arn": gone, "DeadLetterConfig": {"Arn": small}})
        self.on.put("dropped", {"text": "x" * 1024})
        self.dynlog.drain()
        after = {name: self.on.metric("deliveries_%s_total" % name) for name in before}
        self.assertEqual({"failed": 3, "dropped": 3, "dead_letters": 0},
                         {name: after[name] - before[name] for name in before})
        for target in ("none", "missing", "full"):
            self.dynlog.process.err.wait(r"dropped what \S+:rule/dropped has for its target %s .*NO_RESOURCE" % target)


if __name__ == "__main__":
    unittest.main()
