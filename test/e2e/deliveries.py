"""What becomes of an event on its way to its targets: kinds of targets, retry policies, dead letters with
their attributes, and kill -9 in the middle. Each target is a real one of a running server."""

import collections
import http.server
import json
import re
import threading
import unittest

from support.case import Case
from support.server import Dynlog, WAIT_S

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


class Endpoint:
    """An HTTP server. answer(number of the event, attempt from 1): a status, or (status, headers)."""

    def __init__(self, answer):
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answered = answer(body["detail"]["n"], endpoint.count(body))
                status, headers = answered if isinstance(answered, tuple) else (answered, {})
                if status < 300:
                    endpoint.taken[body["detail"]["n"]] += 1
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass  # a client that was killed

        self.attempts, self.taken, self.changed = collections.Counter(), collections.Counter(), threading.Condition()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def count(self, body):
        with self.changed:
            self.attempts[body["detail"]["n"]] += 1
            self.changed.notify_all()
            return self.attempts[body["detail"]["n"]]

    def wait(self, number, attempts):
        with self.changed:
            if not self.changed.wait_for(lambda: self.attempts[number] >= attempts, WAIT_S):
                raise AssertionError("%d attempts of %s" % (self.attempts[number], number))

    def url(self):
        return "http://127.0.0.1:%d/" % self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(WAIT_S)


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

    def destination(self, name, endpoint, **more):
        """An API destination; its ARN."""
        connection = self.events.create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters={
            "ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "k"}})["ConnectionArn"]
        return self.events.create_api_destination(Name=name, ConnectionArn=connection, HttpMethod="POST",
                                                  InvocationEndpoint=endpoint.url(), **more)["ApiDestinationArn"]

    def advance(self, seconds):
        status, _, body = self.dynlog.request("POST", "/_dynlog/clock", json.dumps({"advance": seconds}))
        assert status == 200, body

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


class Retries(Case):
    """Time is moved by hand: a day takes no time, and nothing is tried before its time."""
    arguments = ["--clock", "manual"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.on = Wires(cls.dynlog)

    def setUp(self):
        self.answer = lambda number, attempt: 503
        self.endpoint = Endpoint(lambda number, attempt: self.answer(number, attempt))
        self.addCleanup(self.endpoint.close)

    def target(self, name, **more):
        """A rule `name` whose target is the endpoint; the ARNs of rule and target."""
        arn = self.on.destination(name, self.endpoint)
        dead = self.on.queue("%s-dead" % name)
        return self.on.rule(name, {"Id": "1", "Arn": arn, "DeadLetterConfig": {"Arn": dead}, **more}), arn

    def letters(self, name):
        return self.on.messages("%s-dead" % name, drain=False)

    def test_retries_exhausted(self):
        rule, arn = self.target("exhausted", RetryPolicy={"MaximumRetryAttempts": 3})
        event_id, = self.on.put("exhausted", {"n": 1})
        self.endpoint.wait(1, 1)
        for attempts in (2, 3):  # 1 s, 2 s, less up to a half
            self.on.advance(2 ** (attempts - 2))
            self.endpoint.wait(1, attempts)
        self.assertEqual([], self.letters("exhausted"))
        self.on.advance(4)
        self.assertEqual(4, self.endpoint.attempts[1])
        (body, attributes, _), = self.letters("exhausted")
        self.assertEqual(event_id, body["id"])
        message = attributes.pop("ERROR_MESSAGE")
        self.assertIn("503", message)
        self.assertEqual({"RULE_ARN": rule, "TARGET_ARN": arn, "ERROR_CODE": "ERROR_FROM_TARGET",
                          "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "3"}, attributes)

    def test_too_old(self):
        self.target("old", RetryPolicy={"MaximumEventAgeInSeconds": 60})
        self.on.put("old", {"n": 1})
        self.endpoint.wait(1, 1)
        self.on.advance(59)
        attempts = self.endpoint.attempts[1]
        self.assertGreaterEqual(attempts, 6)
        self.assertEqual([], self.letters("old"))
        self.on.advance(1)
        (_, attributes, _), = self.letters("old")
        self.assertEqual(("MaximumEventAgeInSeconds", str(attempts - 1)),
                         (attributes["EXHAUSTED_RETRY_CONDITION"], attributes["RETRY_ATTEMPTS"]))
        self.assertEqual(attempts, self.endpoint.attempts[1])

    def test_a_day_by_default(self):
        self.target("day")
        self.on.put("day", {"n": 1})
        self.on.advance(24 * 60 * 60)
        (_, attributes, _), = self.letters("day")
        self.assertIn(attributes["EXHAUSTED_RETRY_CONDITION"], ("MaximumRetryAttempts", "MaximumEventAgeInSeconds"))
        self.assertGreater(int(attributes["RETRY_ATTEMPTS"]), 140)
        self.assertEqual(int(attributes["RETRY_ATTEMPTS"]) + 1, self.endpoint.attempts[1])

    def test_it_passes(self):
        self.target("passes")
        self.answer = lambda number, attempt: 200 if attempt == 3 else 500
        self.on.put("passes", {"n": 1})
        self.endpoint.wait(1, 1)
        self.on.advance(10)
        self.assertEqual((3, 1), (self.endpoint.attempts[1], self.endpoint.taken[1]))
        self.assertEqual([], self.letters("passes"))

    def test_an_error_that_stays(self):
        self.target("stays")
        self.answer = lambda number, attempt: 404
        self.on.put("stays", {"n": 1})
        (_, attributes, _), = self.on.messages("stays-dead")
        self.assertEqual("0", attributes["RETRY_ATTEMPTS"])
        self.assertNotIn("EXHAUSTED_RETRY_CONDITION", attributes)

    def test_as_long_as_the_target_asks(self):
        self.target("asks")
        self.answer = lambda number, attempt: (503, {"Retry-After": "100"}) if attempt == 1 else 200
        self.on.put("asks", {"n": 1})
        self.endpoint.wait(1, 1)
        self.on.advance(98)
        self.assertEqual(1, self.endpoint.attempts[1])
        self.on.advance(2)
        self.assertEqual(2, self.endpoint.attempts[1])

    def test_no_retry_at_all(self):
        self.target("none", RetryPolicy={"MaximumRetryAttempts": 0})
        self.on.put("none", {"n": 1})
        (_, attributes, _), = self.on.messages("none-dead")
        self.assertEqual(("MaximumRetryAttempts", "0"),
                         (attributes["EXHAUSTED_RETRY_CONDITION"], attributes["RETRY_ATTEMPTS"]))

    def test_retries_now(self):
        self.target("now", RetryPolicy={"MaximumRetryAttempts": 5})
        self.on.put("now", {"n": 1})
        status, _, body = self.dynlog.request("POST", "/_dynlog/drain", json.dumps({"retries": "now"}))
        self.assertEqual((200, {"drained": True}), (status, json.loads(body)))
        self.assertEqual(6, self.endpoint.attempts[1])
        self.assertEqual(1, len(self.letters("now")))

    def test_one_slow_target_delays_no_other(self):
        """Requests of one target are held; those of another one, and a queue of the same rule, go through."""
        held = threading.Event()
        self.addCleanup(held.set)
        self.answer = lambda number, attempt: 200 if held.wait(WAIT_S) else 500
        fast = Endpoint(lambda number, attempt: 200)
        self.addCleanup(fast.close)
        self.on.rule("slow", {"Id": "slow", "Arn": self.on.destination("slow", self.endpoint)},
                     {"Id": "fast", "Arn": self.on.destination("fast", fast)},
                     {"Id": "queue", "Arn": self.on.queue("beside-slow")})
        self.on.put("slow", *({"n": n} for n in range(40)))
        for n in range(40):
            fast.wait(n, 1)
        self.assertEqual(40, len(self.on.messages("beside-slow", drain=False)))
        self.assertEqual(0, sum(self.endpoint.taken.values()))
        held.set()
        self.dynlog.drain()
        self.assertEqual({n: 1 for n in range(40)}, dict(self.endpoint.taken))


class Overrides(Case):
    """The offline plugin's settings stand in for every retry policy."""
    files = {"serverless.yml": STACK.replace("retryDelayMs: 10", "retryDelayMs: 10, maximumRetryAttempts: 1"),
             "handler.py": HANDLER}

    def test_of_the_stack_file(self):
        on, endpoint = Wires(self.dynlog), Endpoint(lambda number, attempt: 500)
        self.addCleanup(endpoint.close)
        on.rule("all", {"Id": "1", "Arn": on.destination("all", endpoint),
                        "DeadLetterConfig": {"Arn": on.queue("dead")}, "RetryPolicy": {"MaximumRetryAttempts": 100}})
        on.put("all", {"n": 1})
        (_, attributes, _), = on.messages("dead")
        self.assertEqual(("MaximumRetryAttempts", "1"),
                         (attributes["EXHAUSTED_RETRY_CONDITION"], attributes["RETRY_ATTEMPTS"]))
        self.assertEqual(2, endpoint.attempts[1])


class Restarts(unittest.TestCase):
    def test_a_restart_goes_on_counting(self):
        """kill -9 after each attempt: times and counts go on, and nothing is tried before its time."""
        endpoint = Endpoint(lambda number, attempt: 500)
        self.addCleanup(endpoint.close)
        with Dynlog({"serverless.yml": STACK.replace("retryDelayMs: 10", "retryDelayMs: 60000"),
                     "handler.py": HANDLER}, ["--clock", "manual"]) as dynlog:
            on = Wires(dynlog)
            on.rule("all", {"Id": "1", "Arn": on.destination("all", endpoint),
                            "DeadLetterConfig": {"Arn": on.queue("dead")},
                            "RetryPolicy": {"MaximumRetryAttempts": 2}})
            on.put("all", {"n": 1})
            for attempt in range(1, 4):
                endpoint.wait(1, attempt)
                dynlog.request("POST", "/_dynlog/drain")  # nothing moves: the attempt is on disk
                self.assertEqual(attempt, endpoint.attempts[1])
                dynlog.kill()
                dynlog.restart()
                if attempt < 3:
                    Wires(dynlog).advance(59)
                    self.assertEqual(attempt, endpoint.attempts[1])
                    Wires(dynlog).advance(1)
            (_, attributes, _), = Wires(dynlog).messages("dead")
            self.assertEqual(("MaximumRetryAttempts", "2"),
                             (attributes["EXHAUSTED_RETRY_CONDITION"], attributes["RETRY_ATTEMPTS"]))

    def test_a_call_that_was_under_way(self):
        """It is made again, and what was told to it is not lost: at least once, and no dead letter."""
        held = threading.Event()
        self.addCleanup(held.set)
        endpoint = Endpoint(lambda number, attempt: 200 if attempt > 1 or held.wait(WAIT_S) else 500)
        self.addCleanup(endpoint.close)
        with Dynlog({"serverless.yml": STACK, "handler.py": HANDLER}) as dynlog:
            on = Wires(dynlog)
            on.rule("all", {"Id": "1", "Arn": on.destination("all", endpoint),
                            "DeadLetterConfig": {"Arn": on.queue("dead")}, "RetryPolicy": {"MaximumRetryAttempts": 0}})
            on.put("all", {"n": 1})
            endpoint.wait(1, 1)
            dynlog.kill()
            dynlog.restart()
            self.assertEqual([], Wires(dynlog).messages("dead"))
            self.assertEqual(2, endpoint.attempts[1])
            held.set()
            dynlog.stop()
            dynlog.restart()
            dynlog.drain()
            self.assertEqual(2, endpoint.attempts[1])


if __name__ == "__main__":
    unittest.main()
