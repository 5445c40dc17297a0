"""kill -9 at random points while 10,000 events are put whose targets fail in every way."""

import collections
import concurrent.futures
import json
import random
import sqlite3
import threading
import unittest

from botocore.exceptions import BotoCoreError, ClientError

from deliveries import Endpoint, Wires, arn_of
from support.server import Dynlog, WAIT_S

EVENTS = 10000
KILLS = 6
WRITERS = 4
BATCH = 10
KILL_STACK = """
service: app
provider: {name: aws, runtime: python3.11}
custom:
  serverless-offline-aws-eventbridge: {retryDelayMs: 50, maximumRetryAttempts: 2}
resources:
  Resources:
    bus: {Type: 'AWS::Events::EventBus', Properties: {Name: load}}
    archive: {Type: 'AWS::Events::Archive', Properties: {SourceArn: !GetAtt bus.Arn}}
"""


class Killed(unittest.TestCase):
    """What was acknowledged is everywhere it belongs; a request that got no answer is there whole or not at all."""

    def setUp(self):
        self.seed = random.randrange(1 << 32)
        self.random = random.Random(self.seed)
        self.lock, self.up = threading.Condition(), threading.Event()
        self.acknowledged, self.unsure, self.next, self.given_up = set(), [], 0, False
        # of the called ones: always, at first, never
        self.endpoint = Endpoint(lambda n, attempt: 503 if n // 8 % 4 == 0 or (n // 8 % 4 == 1 and attempt == 1) else 200)
        self.addCleanup(self.endpoint.close)

    @staticmethod
    def kind(n):
        return {0: "http", 1: "gone", 2: "forward"}.get(n % 8, "plain")

    def connect(self, dynlog):
        self.on = Wires(dynlog)
        self.up.set()

    def rules(self):
        on = self.on
        http = on.destination("load", self.endpoint)
        on.events.create_event_bus(Name="second")
        on.rule("all", {"Id": "queue", "Arn": on.queue("good")}, bus="load", pattern={"source": ["load"]})
        on.rule("http", {"Id": "1", "Arn": http, "DeadLetterConfig": {"Arn": on.queue("http-dead")}},
                bus="load", pattern={"detail": {"kind": ["http"]}})
        on.rule("gone", {"Id": "1", "Arn": arn_of("lambda", "function:gone"),
                         "DeadLetterConfig": {"Arn": on.queue("gone-dead")}},
                bus="load", pattern={"detail": {"kind": ["gone"]}})
        on.rule("forward", {"Id": "1", "Arn": arn_of("events", "event-bus/second")},
                bus="load", pattern={"detail": {"kind": ["forward"]}})
        on.rule("forwarded", {"Id": "queue", "Arn": on.queue("forwarded")},
                {"Id": "back", "Arn": arn_of("events", "event-bus/load"),
                 "DeadLetterConfig": {"Arn": on.queue("hop-dead")}},
                bus="second", pattern={"source": ["load"]})

    def write(self):
        while True:
            if not self.up.wait(WAIT_S):
                raise AssertionError("dynlog is not there again")
            with self.lock:
                if self.given_up or len(self.acknowledged) >= EVENTS:
                    return
                numbers = list(range(self.next, self.next + BATCH))
                self.next += BATCH
                events = self.on.events
            try:
                answer = events.put_events(Entries=[
                    {"EventBusName": "load", "Source": "load", "DetailType": "thing",
                     "Detail": json.dumps({"n": n, "kind": self.kind(n)})} for n in numbers])
                assert answer["FailedEntryCount"] == 0, answer
                with self.lock:
                    self.acknowledged.update(numbers)
                    self.lock.notify_all()
            except (BotoCoreError, ClientError, ConnectionError):
                with self.lock:
                    self.unsure.append(numbers)

    def kill_at_random_points(self, dynlog):
        for at in sorted(self.random.sample(range(EVENTS // 20, EVENTS - EVENTS // 20), KILLS)):
            with self.lock:
                self.assertTrue(self.lock.wait_for(lambda: len(self.acknowledged) >= at, WAIT_S))
            self.up.clear()
            dynlog.kill()
            dynlog.restart()
            self.connect(dynlog)

    def numbers(self, name):
        """Of all messages of a queue, each as often as it is there."""
        url = self.on.url(name)

        def take(_):
            found = []
            while True:
                answer = self.on.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3600,
                                                     MessageAttributeNames=["All"])
                if not answer.get("Messages"):
                    return found
                for message in answer["Messages"]:
                    attributes = message.get("MessageAttributes", {})
                    found.append((json.loads(message["Body"])["detail"]["n"],
                                  tuple(sorted((name, attributes[name]["StringValue"]) for name in (
                                      "ERROR_CODE", "EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS")
                                      if name in attributes))))

        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            return sorted(number for part in pool.map(take, range(WRITERS)) for number in part)

    def expect(self, name, numbers, *attributes):
        self.same(name, collections.Counter((n, attributes) for n in numbers), collections.Counter(self.numbers(name)))

    def same(self, what, wanted, found):
        """Of two sets or counts of thousands only what is in one of them is told."""
        missing, more = sorted(wanted - found), sorted(found - wanted)
        if missing or more:
            self.fail("seed %d: %s: %d missing: %s; %d too many: %s" % (
                self.seed, what, len(missing), missing[:20], len(more), more[:20]))

    def test_10000_events(self):
        print("seed %d" % self.seed)
        with Dynlog({"serverless.yml": KILL_STACK}) as dynlog:
            self.connect(dynlog)
            self.rules()
            with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
                writers = [pool.submit(self.write) for _ in range(WRITERS)]
                try:
                    self.kill_at_random_points(dynlog)
                except BaseException:
                    self.given_up = True  # nobody writes to a server that does not come back
                    raise
                finally:
                    self.up.set()
                for writer in writers:
                    writer.result()
            dynlog.drain()
            good = collections.Counter(n for n, _ in self.numbers("good"))
            there = set(good)
            # A request without an answer is there whole or not at all.
            whole = [numbers for numbers in self.unsure if numbers[0] in there]
            self.same("acknowledged", self.acknowledged.union(*whole), there)
            self.same("once", collections.Counter(there), good)
            self.expect("gone-dead", {n for n in there if self.kind(n) == "gone"},
                        ("ERROR_CODE", "NO_RESOURCE"), ("RETRY_ATTEMPTS", "0"))
            forwarded = {n for n in there if self.kind(n) == "forward"}
            self.expect("forwarded", forwarded)
            self.expect("hop-dead", forwarded, ("ERROR_CODE", "THIRD_ACCOUNT_HOP_DETECTED"), ("RETRY_ATTEMPTS", "0"))
            called = {n for n in there if self.kind(n) == "http"}
            failing = {n for n in called if n // 8 % 4 == 0}
            self.expect("http-dead", failing, ("ERROR_CODE", "ERROR_FROM_TARGET"),
                        ("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts"), ("RETRY_ATTEMPTS", "2"))
            self.same("called", called - failing, set(self.endpoint.taken))  # at least once
            self.same("tried", failing, {n for n, attempts in self.endpoint.attempts.items()
                                         if n in failing and attempts >= 3})
            archived = sqlite3.connect("file:%s?mode=ro" % dynlog.path(".dynlog", "archive.db"), uri=True)
            rows = [json.loads(row[0])["detail"]["n"] for row in archived.execute("select event from events")]
            archived.close()
            self.same("archived", collections.Counter(there), collections.Counter(rows))


if __name__ == "__main__":
    unittest.main()
