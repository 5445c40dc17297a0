"""bench/journeys.py PROGRAM [RUNS] - what journeys cost a server: its processor time with them, divided by that with
--no-journeys, for the same work. Runs alternate, each with a server of its own on a folder of its own; a JSON line for
each kind of work:

    append   appends that the built-in trigger puts on the bus, with a rule that has a queue
    events   PutEvents of ten events with a rule and a queue

Each run has twice as many events as journeys remember, so that half of it is measured with a full memory."""

import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile

HOPS = 20000
AT_ONCE = 32  # connections, each with a request under way
SIGNED = ("Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/any/aws4_request, "
          "SignedHeaders=host;x-amz-date, Signature=0\r\nX-Amz-Date: 20260101T000000Z\r\n")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


def request(target, body, kind="application/x-amz-json-1.1"):
    text = json.dumps(body)
    return ("POST / HTTP/1.1\r\nHost: localhost\r\n%sX-Amz-Target: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" %
            (SIGNED, target, kind, len(text), text)).encode()


def append(number):
    return request("DynamoDB_20120810.PutItem", {
        "TableName": "local-dynamodb-logs", "ConditionExpression": "attribute_not_exists(pk)",
        "Item": {"pk": {"S": "users#%d#stream" % number}, "sk": {"N": "1"}, "log": {"S": "users"},
                 "type": {"S": "user-added"}, "event": {"S": json.dumps({"name": "x" * 100})}}},
        "application/x-amz-json-1.0")


def events(number):
    return request("AWSEvents.PutEvents", {"Entries": [
        {"Source": "bench", "DetailType": "made", "EventBusName": "dynamodb-log",
         "Detail": json.dumps({"number": number * 10 + i, "name": "x" * 100})} for i in range(10)]})


WORKS = {"append": (append, HOPS), "events": (events, HOPS // 10)}


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def answer(self):
        status, size = int(self.file.readline().split()[1]), 0
        for line in iter(self.file.readline, b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        body = self.file.read(size)
        assert status == 200, body

    def ask(self, data):
        self.socket.sendall(data)
        self.answer()


def run(connections, requests):
    for at in range(0, len(requests), len(connections)):
        some = list(zip(connections, requests[at:at + len(connections)]))
        for connection, data in some:
            connection.socket.sendall(data)
        for connection, _ in some:
            connection.answer()


def measure(program, work, journeys):
    """Processor time of one server, start to end, in seconds."""
    make, count = WORKS[work]
    requests = [make(number) for number in range(count)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [program, "start", "--port", "0", "--events-port", "0", "--lambda-port", "0"] + ([] if journeys else ["--no-journeys"]),
            cwd=folder, env={"PATH": os.environ["PATH"], "HOME": folder}, stdout=subprocess.PIPE, text=True)
        try:
            port = next(int(found.group(1)) for found in (re.search(r"ports +(\d+) all", line) for line in server.stdout)
                        if found)
            connection = Connection(port)
            connection.ask(request("AmazonSQS.CreateQueue", {"QueueName": "q"}, "application/x-amz-json-1.0"))
            connection.ask(request("AWSEvents.PutRule", {"Name": "r", "EventBusName": "dynamodb-log",
                                                         "EventPattern": json.dumps({"source": [{"prefix": ""}]})}))
            connection.ask(request("AWSEvents.PutTargets", {"Rule": "r", "EventBusName": "dynamodb-log",
                                                            "Targets": [{"Id": "t", "Arn": QUEUE}]}))
            run([Connection(port) for _ in range(AT_ONCE)], requests)
            connection.ask(b"POST /_dynlog/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        finally:
            server.terminate()
            server.communicate()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime


def main():
    program, runs = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7
    for work in WORKS:
        times = {True: [], False: []}
        for run in range(runs):
            for journeys in (True, False) if run % 2 == 0 else (False, True):
                times[journeys].append(measure(program, work, journeys))
        pairs = sorted(with_them / without for with_them, without in zip(times[True], times[False]))
        print(json.dumps({"work": work, "runs": runs, "with": statistics.median(times[True]),
                          "without": statistics.median(times[False]),
                          "ratio": statistics.median(times[True]) / statistics.median(times[False]),
                          "pairs": [round(pair, 3) for pair in pairs]}), flush=True)


main()
