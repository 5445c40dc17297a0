"""Requests to a dynlog over one connection that is kept, without a client library between: a load of thousands a
second, and no attempt that the harness does not know of."""

import json
import re
import socket

from support.server import SIGNED, WAIT_S

HEADERS = "".join("%s: %s\r\n" % pair for pair in SIGNED.items())
LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: *(\d+)")
CHUNKED = re.compile(rb"\r\n[Tt]ransfer-[Ee]ncoding: *chunked")
SERVICES = {"dynamodb": "DynamoDB_20120810", "streams": "DynamoDBStreams_20120810", "events": "AWSEvents",
            "sqs": "AmazonSQS"}


class Lost(Exception):
    """The connection ended without an answer: what was asked may have been done."""


class Refused(Exception):
    """An answer that is an error: its status, its name, its words."""

    def __init__(self, status, body):
        self.status, self.body = status, body
        self.name = body.get("__type", body.get("error", "")).split("#")[-1]
        super().__init__("%d %s" % (status, json.dumps(body)[:300]))


class Wire:
    def __init__(self, port):
        self.port = port
        self.socket = None
        self.rest = b""

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket, self.rest = None, b""

    def send(self, text):
        try:
            if self.socket is None:
                self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(text)
        except OSError as error:
            self.lose(error)

    def lose(self, error):
        self.close()
        if isinstance(error, TimeoutError):
            raise AssertionError("no answer within %d s" % WAIT_S) from error
        raise Lost(str(error)) from error

    def more(self):
        try:
            piece = self.socket.recv(1 << 18)
        except OSError as error:
            self.lose(error)
        if not piece:
            self.lose(ConnectionError("it was closed"))
        self.rest += piece

    def until(self, mark):
        """What comes before the mark."""
        while mark not in self.rest:
            self.more()
        text, self.rest = self.rest.split(mark, 1)
        return text

    def take(self, size):
        while len(self.rest) < size:
            self.more()
        text, self.rest = self.rest[:size], self.rest[size:]
        return text

    def chunks(self):
        while True:
            size = int(self.until(b"\r\n"), 16)
            chunk = self.take(size + 2)[:-2]
            if size == 0:
                return
            yield chunk

    def answer(self):
        """(status, body)"""
        head = self.until(b"\r\n\r\n")
        length = LENGTH.search(head)
        if CHUNKED.search(head):
            return int(head.split(b" ", 2)[1]), b"".join(self.chunks())
        return int(head.split(b" ", 2)[1]), self.take(int(length.group(1)) if length else 0)

    def ask(self, method, path, body=b"", headers=""):
        """(status, body) of any request."""
        body = body.encode() if isinstance(body, str) else body
        self.send(("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Length: %d\r\n\r\n" % (
            method, path, headers, len(body))).encode() + body)
        return self.answer()

    def call(self, service, operation, body):
        """The answer of an operation of AWS's."""
        status, text = self.ask("POST", "/", json.dumps(body), "X-Amz-Target: %s.%s\r\n"
                                "Content-Type: application/x-amz-json-1.%d\r\n%s" % (
                                    SERVICES[service], operation, service == "events", HEADERS))
        answer = json.loads(text or b"{}")
        if status != 200:
            raise Refused(status, answer)
        return answer

    def dynlog(self, method, path, body=None):
        status, text = self.ask(method, "/_dynlog/" + path, json.dumps(body) if body is not None else "")
        answer = json.loads(text or b"{}")
        if status != 200:
            raise Refused(status, answer)
        return answer

    def pages(self, operation, body):
        """The items of all pages of a Scan or Query."""
        body = dict(body)
        while True:
            answer = self.call("dynamodb", operation, body)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            body["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
