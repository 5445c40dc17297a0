"""Clients that write a history: so many connections, each with one operation in flight, in one process.

    record.py --port PORT --seed N --process P --connections C --begun NS --out FILE

Begun by run.py, several at once: their times are of one clock (CLOCK_MONOTONIC is the machine's). It prints a line each
time 100 more operations have ended, and goes on until its input ends; then it waits for the answers that are under way,
writes FILE and leaves. When the server goes away, what was asked has an unknown outcome, and it connects again.

The same seed draws the same operations as long as the answers are the same; which of them meet is up to the machine."""

import argparse
import json
import os
import random
import select
import socket
import time

import history
import works

TOLD_EVERY = 100
GENERATION_NS = 10 ** 9
RECONNECT_MS = 20
HEAD = ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Date: 20260101T000000Z\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date,"
        " Signature=0\r\nX-Amz-Target: DynamoDB_20120810.%s\r\nContent-Length: %d\r\n\r\n")


def request_bytes(target, body):
    body = body.encode()
    return (HEAD % (target, len(body))).encode() + body


def read_answer(data):
    """(status, body) of a whole answer; None: there is more to come."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[:end].decode("latin-1")
    size = None
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            size = int(value)
    if size is None:
        raise AssertionError("an answer without Content-Length:\n" + head)
    if len(data) < end + 4 + size:
        return None
    return int(head.split(" ", 2)[1]), data[end + 4:end + 4 + size]


class Connection:
    def __init__(self, recorder, number):
        self.recorder, self.number = recorder, number
        self.socket = self.request = None
        self.data, self.asked, self.id = b"", 0, ""

    def connect(self):
        """False: nobody listens."""
        self.socket = socket.socket()
        try:
            self.socket.connect(("127.0.0.1", self.recorder.port))
        except OSError:
            self.socket.close()
            self.socket = None
            return False
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.recorder.poll.register(self.socket, select.EPOLLIN)
        self.recorder.by_descriptor[self.socket.fileno()] = self
        return True

    def ask(self):
        recorder = self.recorder
        self.id = "%d.%d" % (recorder.process, recorder.drawn)
        recorder.drawn += 1
        now = time.monotonic_ns() - recorder.begun
        self.request = works.draw(recorder.random, self.id, now // GENERATION_NS, recorder.seen)
        data = request_bytes(self.request.target, self.request.body)
        self.asked = time.monotonic_ns() - recorder.begun
        self.send(data)

    def send(self, data):
        self.data = b""
        try:
            self.socket.sendall(data)
        except OSError:
            self.lose()

    def lose(self):
        """The connection is gone, and with it the answer."""
        del self.recorder.by_descriptor[self.socket.fileno()]
        self.socket.close()
        self.socket = None
        if self.request is not None and not self.request.repeatable:
            self.end(None, "unknown", self.request.unknown)

    def pursue(self, more):
        """Asks what there is to ask. False: nobody listens."""
        if self.request is None and not more or self.request is not None and self.socket is not None:
            return True
        if self.socket is None and not self.connect():
            return False
        if self.request is None:
            self.ask()
        else:
            self.ask_again()
        return True

    def ask_again(self):
        """What was lost on the way, with its token: whatever became of it, it is one operation."""
        self.recorder.repeated += 1
        self.send(request_bytes(self.request.target, self.request.body))

    def read(self):
        try:
            data = self.socket.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            self.lose()
            return
        self.data += data
        answer = read_answer(self.data)
        if answer is None:
            return
        answered = time.monotonic_ns() - self.recorder.begun
        told = json.loads(answer[1]) if answer[0] < 500 else {}
        if answer[0] >= 500 or works.error_of(told) == "TransactionInProgressException":
            self.end(None, "unknown", self.request.unknown)  # a server that stops, or has not done with the first try
        else:
            self.end(answered, *self.request.finish(answer[0], told))

    def end(self, answered, outcome, members):
        operation = {"id": self.id, "client": "%d/%d" % (self.recorder.process, self.number), "name": self.request.name,
                     "asked": self.asked, "answered": answered, "outcome": outcome}
        self.request = None
        apart = members.get("apart")
        if apart is None:
            self.recorder.note({**operation, **members})
            return
        for number, read in enumerate(apart):
            self.recorder.note({**operation, "id": "%s/%d" % (self.id, number), "reads": [read]})


class Recorder:
    def __init__(self, options):
        self.port, self.process, self.begun = options.port, options.process, options.begun
        self.random = random.Random("%d/%d" % (options.seed, options.process))
        self.poll = select.epoll()
        self.by_descriptor = {}
        self.seen = {}
        self.drawn = self.repeated = 0
        self.operations = []
        self.connections = [Connection(self, number) for number in range(options.connections)]

    def note(self, operation):
        self.operations.append(operation)
        if len(self.operations) % TOLD_EVERY == 0:
            print(len(self.operations), flush=True)

    def run(self):
        """Until the input ends and every answer has come, or its connection is lost."""
        os.set_blocking(0, False)
        self.poll.register(0, select.EPOLLIN | select.EPOLLHUP)
        more = True
        while more or any(connection.request is not None for connection in self.connections):
            down = False
            for connection in self.connections:
                if not connection.pursue(more):
                    down = True
                    break
            for descriptor, _ in self.poll.poll(RECONNECT_MS / 1000 if down else None):
                if descriptor == 0:
                    more = False
                    self.poll.unregister(0)
                elif descriptor in self.by_descriptor:
                    self.by_descriptor[descriptor].read()


def main():
    parser = argparse.ArgumentParser()
    for name in ("port", "seed", "process", "connections", "begun"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    recorder = Recorder(options)
    recorder.run()
    history.store(options.out, recorder.operations)
    print("asked again: %d" % recorder.repeated)


if __name__ == "__main__":
    main()
