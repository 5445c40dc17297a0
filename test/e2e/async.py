"""Asynchronous invocation with real functions: each of its settings, what destinations of every kind and dead-letter
queues get, what waits for concurrency, by a clock that the test moves; kill -9 around the end of invocations."""

import json
import os
import random
import unittest
from datetime import datetime

from support.case import Case
from support.server import Dynlog

START = "2026-01-31T09:30:00.000Z"
ACCOUNT = "000000000000"
REGION = "us-east-1"
STACK = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  failing: &failing
    handler: handlers.fail
    destinations: {onFailure: {type: sqs, arn: !GetAtt ends.Arn}}
  once: {<<: *failing, maximumRetryAttempts: 0}
  retriedOnce: {<<: *failing, maximumRetryAttempts: 1}
  young: {<<: *failing, maximumEventAge: 60}
  older: {<<: *failing, maximumEventAge: 61}
  none: {<<: *failing, reservedConcurrency: 0, onError: !GetAtt letters.Arn}
  letter:
    handler: handlers.fail
    maximumRetryAttempts: 0
    onError: !GetAtt letters.Arn
  both: {<<: *failing, maximumRetryAttempts: 0, onError: !GetAtt letters.Arn}
  toFunction:
    handler: handlers.fail
    maximumRetryAttempts: 0
    destinations: {onFailure: record, onSuccess: record}
  toBus:
    handler: handlers.fail
    maximumRetryAttempts: 0
    destinations: &bus
      onFailure: {type: eventBridge, arn: !GetAtt bus.Arn}
      onSuccess: {type: eventBridge, arn: !GetAtt bus.Arn}
  toQueue:
    handler: handlers.answer
    destinations: {onSuccess: {type: sqs, arn: !GetAtt ends.Arn}}
  toNowhere:
    handler: handlers.answer
    destinations: {onSuccess: arn:aws:sqs:us-east-1:000000000000:gone}
  node:
    runtime: nodejs20.x
    handler: node.fail
    maximumRetryAttempts: 0
    destinations: {onFailure: {type: sqs, arn: !GetAtt ends.Arn}}
  record: {handler: handlers.record}
  single:
    handler: handlers.hold
    timeout: 900
    reservedConcurrency: 1
    maximumEventAge: 3600
    destinations: {onFailure: {type: sqs, arn: !GetAtt ends.Arn}}
resources:
  Resources:
    ends: {Type: AWS::SQS::Queue, Properties: {QueueName: ends}}
    letters: {Type: AWS::SQS::Queue, Properties: {QueueName: letters}}
    bus: {Type: AWS::Events::EventBus, Properties: {Name: results}}
    rule:
      Type: AWS::Events::Rule
      Properties:
        Name: results
        EventBusName: !Ref bus
        EventPattern: {source: [lambda]}
        Targets: [{Id: queue, Arn: !GetAtt ends.Arn}]
"""
HANDLERS = """
import json, os

def note(name, event):
    with open(name + ".jsonl", "a") as file:
        file.write(json.dumps(event) + "\\n")

def record(event, context):
    note("record", event)

def answer(event, context):
    note("answered", event)
    return event.get("answer")

def fail(event, context):
    note("tried", event)
    if event.get("exit"):
        os._exit(7)
    if "succeed" not in event:
        raise ValueError("no %s" % event.get("n"))
    return {"n": event["n"]}

def hold(event, context):
    note("begun", event)
    if event.get("gate"):
        open("gate").read()  # a pipe: until the test closes it
    note("held", event)
"""
NODE = """
exports.fail = async event => { throw new Error('no ' + event.n) }
"""

# The seed's record, with what is its own at each invocation left open.
SEED = {
    "version": "1.0",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "requestContext": {
        "requestId": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "functionArn": r"arn:aws:lambda:us-east-1:000000000000:function:app-local-node:\$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 1,
    },
    "requestPayload": {
        "version": "0", "id": ".+", "detail-type": "stream changes", "source": "dynamodb-log", "account": ".+",
        "time": ".+", "region": ".+", "resources": [],
        "detail": {"log": "users", "key": {"pk": ".+", "sk": 0}, "type": "signup", "payload": {"id": "12"}},
    },
    "responseContext": {"statusCode": 200, "executedVersion": r"\$LATEST", "functionError": "Unhandled"},
    "responsePayload": {"errorType": "Error", "errorMessage": "no undefined", "trace": list},
}
EVENT = {"version": "0", "id": "1", "detail-type": "stream changes", "source": "dynamodb-log", "account": ACCOUNT,
         "time": "2026-01-31T09:30:00Z", "region": REGION, "resources": [],
         "detail": {"log": "users", "key": {"pk": "users#12#stream", "sk": 0}, "type": "signup", "payload": {"id": "12"}}}


def matches(case, expected, found, path="record"):
    """Member by member, in the same order."""
    if isinstance(expected, dict):
        case.assertEqual(list(expected), list(found), path)
        for name, value in expected.items():
            matches(case, value, found[name], path + "." + name)
    elif isinstance(expected, str):
        case.assertRegex(found, "^(%s)$" % expected, path)
    elif isinstance(expected, type):
        case.assertIsInstance(found, expected, path)
    else:
        case.assertEqual(expected, found, path)


class Settings(Case):
    files = {"serverless.yml": STACK, "handlers.py": HANDLERS, "node.js": NODE}
    arguments = ["--clock", "manual=" + START, "--memory"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lambda_ = cls.dynlog.client("lambda")
        cls.sqs = cls.dynlog.client("sqs")

    def setUp(self):
        for name in os.listdir(self.dynlog.work):
            if name.endswith(".jsonl"):
                os.remove(self.dynlog.path(name))
        for name in ("ends", "letters"):
            self.received(name)
        self.start = self.time()

    def time(self, text=None):
        return datetime.fromisoformat((text or self.dynlog.clock()[1]["now"]).replace("Z", "+00:00"))

    def seconds(self, text=None):
        return (self.time(text) - self.start).total_seconds()

    def noted(self, name):
        try:
            with open(self.dynlog.path(name + ".jsonl"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def received(self, queue, attributes=False):
        """All messages of a queue, which are deleted: bodies, or (body, attributes)."""
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        messages = []
        while True:
            page = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                            MessageAttributeNames=["All"]).get("Messages", [])
            if not page:
                break
            for message in page:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                body = json.loads(message["Body"])
                messages.append((body, {name: (value["DataType"], value["StringValue"]) for name, value in
                                        message.get("MessageAttributes", {}).items()}) if attributes else body)
        return messages

    def invoke(self, name, event):
        answer = self.lambda_.invoke(FunctionName="app-local-" + name, InvocationType="Event",
                                     Payload=json.dumps(event))
        self.assertEqual(202, answer["StatusCode"])
        return answer["ResponseMetadata"]["RequestId"]

    def ended(self, name, event, condition, count, response=True):
        """The one record of the queue `ends`, looked at."""
        record, = self.received("ends")
        self.assertEqual({"requestId": record["requestContext"]["requestId"],
                          "functionArn": "arn:aws:lambda:%s:%s:function:app-local-%s:$LATEST" % (REGION, ACCOUNT, name),
                          "condition": condition, "approximateInvokeCount": count}, record["requestContext"])
        self.assertEqual(event, record["requestPayload"])
        if response:
            self.assertEqual({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
                             record["responseContext"])
            self.assertEqual("no %s" % event["n"], record["responsePayload"]["errorMessage"])
        return record

    # ---- attempts ----

    def test_retries_by_the_clock(self):
        self.invoke("failing", {"n": 1})
        for due, tries in ((60, 1), (180, 2)):
            waiting = self.dynlog.waiting()
            self.assertEqual(due, self.seconds(waiting["invocations"]["due"]))
            self.assertEqual(tries, len(self.noted("tried")))
            self.assertEqual([], self.received("ends"))
            self.dynlog.advance("%ds" % (due - self.seconds()))
        self.assertEqual(3, len(self.noted("tried")))
        record = self.ended("failing", {"n": 1}, "RetriesExhausted", 3)
        self.assertEqual(180, self.seconds(record["timestamp"]))
        self.assertEqual({}, self.dynlog.waiting())

    def test_no_retry_and_one(self):
        self.invoke("once", {"n": 2})
        self.dynlog.drain()
        self.ended("once", {"n": 2}, "RetriesExhausted", 1)
        self.invoke("retriedOnce", {"n": 3})
        self.assertEqual(["invocations"], list(self.dynlog.waiting()))
        self.dynlog.advance("60s")
        self.ended("retriedOnce", {"n": 3}, "RetriesExhausted", 2)

    def test_age(self):
        """No attempt begins that would be too late: then it is over at once, as on AWS."""
        self.invoke("young", {"n": 4})
        self.dynlog.drain()
        self.ended("young", {"n": 4}, "EventAgeExceeded", 1)
        self.invoke("older", {"n": 5})
        self.assertEqual(["invocations"], list(self.dynlog.waiting()))
        self.dynlog.advance("60s")
        self.ended("older", {"n": 5}, "EventAgeExceeded", 2)

    def test_a_crash_is_a_failure(self):
        self.invoke("once", {"n": 6, "exit": True})
        self.dynlog.drain()
        record, = self.received("ends")
        self.assertEqual("Runtime.ExitError", record["responsePayload"]["errorType"])
        self.assertRegex(record["responsePayload"]["errorMessage"],
                         "^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 7$")

    # ---- destinations ----

    def test_the_record_is_the_seeds(self):
        self.invoke("node", EVENT)
        self.dynlog.drain()
        record, = self.received("ends")
        matches(self, SEED, record)
        self.assertEqual(EVENT, record["requestPayload"])

    def test_success_to_a_queue(self):
        for answer in ({"done": [1, 2.5, None]}, None, "text"):
            event = {"n": 7, "answer": answer}
            self.invoke("toQueue", event)
            self.dynlog.drain()
            record, = self.received("ends")
            self.assertEqual(["version", "timestamp", "requestContext", "requestPayload", "responseContext",
                              "responsePayload"], list(record))
            self.assertEqual("Success", record["requestContext"]["condition"])
            self.assertEqual({"statusCode": 200, "executedVersion": "$LATEST"}, record["responseContext"])
            self.assertEqual(answer, record["responsePayload"])

    def test_to_a_function(self):
        self.invoke("toFunction", {"n": 8})
        self.invoke("toFunction", {"n": 9, "succeed": True})
        self.dynlog.drain()
        self.assertEqual({("RetriesExhausted", 8), ("Success", 9)},
                         {(record["requestContext"]["condition"], record["requestPayload"]["n"])
                          for record in self.noted("record")})

    def test_to_a_bus(self):
        for event, result in (({"n": 10}, "Failure"), ({"n": 11, "succeed": True}, "Success")):
            self.invoke("toBus", event)
            self.dynlog.drain()
            found, = self.received("ends")
            self.assertEqual(("lambda", "Lambda Function Invocation Result - " + result, ACCOUNT, REGION),
                             tuple(found[name] for name in ("source", "detail-type", "account", "region")))
            self.assertEqual(["arn:aws:events:%s:%s:event-bus/results" % (REGION, ACCOUNT),
                              "arn:aws:lambda:%s:%s:function:app-local-toBus:$LATEST" % (REGION, ACCOUNT)],
                             found["resources"])
            self.assertEqual(event, found["detail"]["requestPayload"])
            self.assertEqual("1.0", found["detail"]["version"])

    def test_a_destination_that_is_gone(self):
        """Told once, counted, and nothing waits for it."""
        before = self.dynlog.status()["deliveries"]["dropped"]
        self.invoke("toNowhere", {"n": 12})
        self.dynlog.drain()
        self.assertEqual(before + 1, self.dynlog.status()["deliveries"]["dropped"])
        self.assertEqual([{"n": 12}], self.noted("answered"))

    def test_a_destination_that_fails_for_a_while(self):
        """It is tried again, as deliveries are, and then it is there."""
        self.dynlog.faults(TargetFailure=[{"FunctionName": "app-local-once", "TargetId": "OnFailure", "Count": 1}])
        self.invoke("once", {"n": 13})
        self.assertEqual(["deliveries"], list(self.dynlog.waiting()))
        self.assertEqual([], self.received("ends"))
        self.dynlog.advance("2s")
        self.ended("once", {"n": 13}, "RetriesExhausted", 1)

    def test_a_large_record_goes_without_payloads(self):
        large = "x" * (600 * 1024)
        self.invoke("toQueue", {"n": 14, "answer": large})
        self.dynlog.drain()
        record, = self.received("ends")
        self.assertEqual(["version", "timestamp", "requestContext", "responseContext"], list(record))

    # ---- dead letters ----

    def test_dead_letter_queue(self):
        request_id = self.invoke("letter", {"n": 15, "text": "\u00e9"})
        self.dynlog.drain()
        (body, attributes), = self.received("letters", attributes=True)
        self.assertEqual({"n": 15, "text": "\u00e9"}, body)
        self.assertEqual({"RequestID": ("String", request_id), "ErrorCode": ("Number", "200"),
                          "ErrorMessage": ("String", "no 15")}, attributes)

    def test_dead_letter_queue_and_destination(self):
        self.invoke("both", {"n": 16})
        self.dynlog.drain()
        record = self.ended("both", {"n": 16}, "RetriesExhausted", 1)
        (body, attributes), = self.received("letters", attributes=True)
        self.assertEqual({"n": 16}, body)
        self.assertEqual(record["requestContext"]["requestId"], attributes["RequestID"][1])

    # ---- concurrency ----

    def test_no_concurrency_at_all(self):
        """AWS does not wait for another setting."""
        self.invoke("none", {"n": 17})
        self.dynlog.drain()
        record = self.ended("none", {"n": 17}, "ZeroReservedConcurrency", 0, response=False)
        self.assertEqual(["version", "timestamp", "requestContext", "requestPayload"], list(record))
        (body, attributes), = self.received("letters", attributes=True)
        self.assertEqual({"n": 17}, body)
        self.assertNotIn("ErrorCode", attributes)
        self.assertIn("zero reserved concurrent executions", attributes["ErrorMessage"][1])

    def gate(self):
        os.mkfifo(self.dynlog.path("gate"))
        self.addCleanup(os.remove, self.dynlog.path("gate"))

    def test_events_wait_for_concurrency(self):
        """They run in their order as soon as the one worker is free, whatever the clock says."""
        self.gate()
        self.invoke("single", {"n": 1, "gate": True})
        for n in (2, 3):
            self.invoke("single", {"n": n})
        gate = open(self.dynlog.path("gate"), "w", encoding="utf-8")  # the first one stands there
        self.addCleanup(gate.close)
        self.assertEqual([{"n": 1, "gate": True}], self.noted("begun"))
        answer = self.refused("TooManyRequestsException", "Rate Exceeded.", self.lambda_.invoke,
                              FunctionName="app-local-single", Payload=b"{}")
        self.assertEqual("ReservedFunctionConcurrentInvocationLimitExceeded", answer["Reason"])
        self.assertEqual("User", answer["Type"])
        self.assertEqual("1", answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"])
        gate.close()
        self.dynlog.drain()
        self.assertEqual([1, 2, 3], [event["n"] for event in self.noted("held")])
        self.assertEqual([1, 2, 3], [event["n"] for event in self.noted("begun")])
        self.assertEqual([], self.received("ends"))

    def test_concurrency_that_is_raised(self):
        """What waited runs at once, beside the one that holds the first worker."""
        self.gate()
        self.invoke("single", {"n": 1, "gate": True})
        self.invoke("single", {"n": 2})
        with open(self.dynlog.path("gate"), "w", encoding="utf-8"):
            before = len(self.dynlog.process.out.list)
            self.addCleanup(self.lambda_.put_function_concurrency, FunctionName="app-local-single",
                            ReservedConcurrentExecutions=1)
            self.lambda_.put_function_concurrency(FunctionName="app-local-single", ReservedConcurrentExecutions=2)
            self.dynlog.process.out.wait("REPORT RequestId", after=before)
            self.assertEqual([2], [event["n"] for event in self.noted("held")])
        self.dynlog.drain()
        self.assertEqual([2, 1], [event["n"] for event in self.noted("held")])

    # ---- settings that a client changes ----

    def test_event_invoke_config(self):
        queue = "arn:aws:sqs:%s:%s:ends" % (REGION, ACCOUNT)
        self.lambda_.put_function_event_invoke_config(
            FunctionName="app-local-record", MaximumRetryAttempts=0, MaximumEventAgeInSeconds=60,
            DestinationConfig={"OnSuccess": {"Destination": queue}})
        self.invoke("record", {"n": 19})
        self.dynlog.drain()
        record, = self.received("ends")
        self.assertEqual(("Success", {"n": 19}), (record["requestContext"]["condition"], record["requestPayload"]))
        for arn in (queue + ".fifo", "arn:aws:sns:%s:%s:topic" % (REGION, ACCOUNT), "arn:aws:s3:::bucket"):
            self.refused("InvalidParameterValueException", None, self.lambda_.put_function_event_invoke_config,
                         FunctionName="app-local-record", DestinationConfig={"OnFailure": {"Destination": arn}})
        self.lambda_.delete_function_event_invoke_config(FunctionName="app-local-record")
        self.invoke("record", {"n": 20})
        self.dynlog.drain()
        self.assertEqual([], self.received("ends"))

    def test_throttled_events_grow_too_old(self):
        """No attempts: they wait longer and longer, up to their age."""
        self.dynlog.faults(Throttle=[{"FunctionName": "app-local-young", "Operation": "AsynchronousInvocation",
                                      "Probability": 1}])
        self.addCleanup(self.dynlog.request, "DELETE", "/_dynlog/faults")
        self.invoke("young", {"n": 18})
        for due in (1, 3, 7, 15, 31, 60):
            self.assertEqual(due, self.seconds(self.dynlog.waiting()["invocations"]["due"]))
            self.dynlog.advance("%ds" % (due - self.seconds()))
        record = self.ended("young", {"n": 18}, "EventAgeExceeded", 0, response=False)
        self.assertEqual({"statusCode": 429}, record["responseContext"])
        self.assertNotIn("responsePayload", record)
        self.assertEqual([], self.noted("tried"))


class Refused(unittest.TestCase):
    """What AWS would not take is refused at its place in the file; what dynlog has not is noted there."""

    def start(self, lines):
        dynlog = Dynlog({"serverless.yml": "service: app\nprovider: {name: aws, runtime: python3.11}\nfunctions:\n"
                                           "  f:\n    handler: h.h\n" + lines, "h.py": "def h(event, context): pass\n"})
        self.addCleanup(dynlog.remove)
        return dynlog

    def test_fifo(self):
        for line, at in (("    onError: arn:aws:sqs:us-east-1:1:q.fifo\n", "6:14: onError"),
                         ("    destinations: {onSuccess: arn:aws:sqs:us-east-1:1:q.fifo}\n", "6:31: onSuccess")):
            dynlog = self.start(line)
            process = dynlog.spawn()
            self.assertEqual(1, process.wait())
            self.assertIn(at + ": expected a standard queue", process.err.text())

    def test_topics(self):
        dynlog = self.start("    onError: arn:aws:sns:us-east-1:1:t\n"
                            "    destinations: {onSuccess: arn:aws:s3:::bucket}\n")
        dynlog.start()
        dynlog.process.err.wait('onError: dynlog has nothing of the service "sns"')
        dynlog.process.err.wait('onSuccess: dynlog has nothing of the service "s3"')
        dynlog.stop()


LOOP = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  loop:
    handler: handlers.answer
    destinations: {onSuccess: loop}
"""


class Loop(unittest.TestCase):
    def test_drain_says_that_it_goes_round(self):
        """It moves for as long as its owner lets it; nothing hangs for that."""
        dynlog = Dynlog({"serverless.yml": LOOP, "handlers.py": HANDLERS})
        self.addCleanup(dynlog.remove)
        dynlog.start()
        dynlog.client("lambda").invoke(FunctionName="app-local-loop", InvocationType="Event", Payload=b"{}")
        run = dynlog.command("drain", "--timeout", "1")
        self.assertEqual(5, run.returncode, run.stderr)
        dynlog.stop()


KILLED = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  f:
    handler: handlers.fail
    maximumRetryAttempts: 1
    onError: !GetAtt letters.Arn
    destinations:
      onFailure: {type: sqs, arn: !GetAtt failed.Arn}
      onSuccess: {type: sqs, arn: !GetAtt succeeded.Arn}
custom:
  serverless-offline-aws-eventbridge: {retryDelayMs: 20}
resources:
  Resources:
    letters: {Type: AWS::SQS::Queue, Properties: {QueueName: letters}}
    failed: {Type: AWS::SQS::Queue, Properties: {QueueName: failed}}
    succeeded: {Type: AWS::SQS::Queue, Properties: {QueueName: succeeded}}
"""


class Killed(unittest.TestCase):
    """kill -9 while invocations end: each has one end, which its destination is told exactly once, because the batch
    that removes the invocation has it; and a dead letter for each failure."""

    EVENTS, ROUNDS = 40, 5

    def count(self, dynlog, queue):
        sqs = dynlog.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = []
        while page := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in page]
            for message in page:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def test_ends_are_told_once(self):
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        dynlog = Dynlog({"serverless.yml": KILLED, "handlers.py": HANDLERS})
        self.addCleanup(dynlog.remove)
        dynlog.start()
        numbers = iter(range(1, 1 << 20))
        sent = []
        for _ in range(self.ROUNDS):
            lambda_ = dynlog.client("lambda")
            for n in (next(numbers) for _ in range(self.EVENTS)):
                lambda_.invoke(FunctionName="app-local-f", InvocationType="Event",
                               Payload=json.dumps({"n": n, **({"succeed": True} if n % 2 else {})}))
                sent.append(n)
                if chance.random() < 0.03:
                    dynlog.kill()
                    dynlog.start()
                    lambda_ = dynlog.client("lambda")
            dynlog.kill()
            dynlog.start()
        dynlog.drain()
        failed = sorted(record["requestPayload"]["n"] for record in self.count(dynlog, "failed"))
        succeeded = sorted(record["requestPayload"]["n"] for record in self.count(dynlog, "succeeded"))
        letters = sorted(event["n"] for event in self.count(dynlog, "letters"))
        dynlog.stop()
        self.assertEqual([n for n in sent if n % 2], succeeded, "seed %d" % seed)
        self.assertEqual([n for n in sent if not n % 2], failed, "seed %d" % seed)
        self.assertEqual(failed, letters, "seed %d" % seed)
