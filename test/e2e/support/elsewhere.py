"""In front of a dynlog: another engine that speaks DynamoDB, or AWS itself, as far as a client can see.

    with Elsewhere(dynlog) as elsewhere:                  # http://127.0.0.1:PORT: all services, nothing of dynlog's own
        dynlog.command("read", "users", "12", "--endpoint", elsewhere.endpoint)

    with Elsewhere(dynlog, keys={"AKIA1": "secret"}) as elsewhere:   # https://SERVICE.REGION.amazonaws.com, by CONNECT
        dynlog.command("read", "users", "12", "--region", "us-east-1", **elsewhere.environment("AKIA1"))

Nothing of dynlog's own gets through: no /_dynlog, no X-Dynlog- header, in neither direction. With keys each host has its
service alone, and each request's signature is computed anew by botocore. What goes wrong is asked for, per operation, in
the order of its requests:

    elsewhere.fail("PutItem", "lost", "throttled")        # the first is done and not answered, the second refused
    elsewhere.shake(seed, 0.2)                            # any, by chance
    elsewhere.page = 3                                    # answers end after so many items
"""

import collections
import datetime
import http.client
import http.server
import json
import os
import random
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import unittest
import zlib

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.server import WAIT_S

SERVICES = {  # host -> name in signatures, begin of X-Amz-Target; an operation of Lambda is a path
    "dynamodb": ("dynamodb", "DynamoDB_20120810."),
    "streams.dynamodb": ("dynamodb", "DynamoDBStreams_20120810."),
    "events": ("events", "AWSEvents."),
    "logs": ("logs", "Logs_20140328."),
    "lambda": ("lambda", ""),
}
ENDS = {"cn-": ".amazonaws.com.cn", "us-iso-": ".c2s.ic.gov"}
REGIONS = ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1")
SKEW_S = 5 * 60

# Refused before anything is done: (HTTP status, error, message).
REFUSALS = {
    "throughput": (400, "ProvisionedThroughputExceededException",
                   "The level of configured provisioned throughput for the table was exceeded."),
    "throttled": (400, "ThrottlingException", "Rate exceeded"),
    "fault": (500, "InternalServerError", "Internal server error"),
    "unavailable": (503, None, None),
    "expired": (400, "ExpiredTokenException", "The security token included in the request is expired"),
    "denied": (400, "AccessDeniedException", "User: x is not authorized to perform this"),
    "iterator": (400, "ExpiredIteratorException", "Iterator expired."),
    "trimmed": (400, "TrimmedDataAccessException", "The requested sequence number is beyond the trim point."),
    "unknown": (400, "UnknownOperationException", None),
    "in progress": (400, "TransactionInProgressException", "The transaction with the given request token is in progress."),
}
# Done, and the answer does not come, or not as it was sent; "undone" is never done, "late" after the next request.
LOSSES = ("lost", "undone", "fault after", "damaged", "late")


def host_of(service, region):
    end = next((end for begin, end in ENDS.items() if region.startswith(begin)), ".amazonaws.com")
    return "%s.%s%s" % (service, region, end)


class Refused(Exception):
    def __init__(self, status, name, message):
        super().__init__(name)
        self.status, self.name, self.message = status, name, message


class Certificate:
    """Of all hosts of AWS that tests ask, signed by itself."""

    def __init__(self):
        if shutil.which("openssl") is None:
            raise unittest.SkipTest("there is no openssl")
        self.folder = tempfile.mkdtemp(prefix="dynlog-e2e-")
        self.path, key = os.path.join(self.folder, "ca.pem"), os.path.join(self.folder, "key.pem")
        names = [host_of(service + fips, region) for service in SERVICES for region in REGIONS for fips in ("", "-fips")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=" + ",".join("DNS:" + name for name in names), "-out", self.path,
                        "-keyout", key], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.path, key)

    def remove(self):
        shutil.rmtree(self.folder)


class Elsewhere:
    """keys: id -> secret, or (secret, session token). None: any signature will do, and no host. hides=False: it is a dynlog
    that can be seen."""

    def __init__(self, dynlog, keys=None, hides=True):
        self.dynlog, self.keys, self.hides, self.expired = dynlog, keys, hides, set()
        self.page = None
        self.lock = threading.Lock()
        self.requests = []  # (host, operation), as they came
        self.faults = collections.defaultdict(collections.deque)
        self.chance, self.random = 0, None
        self.late = collections.defaultdict(list)
        self.late_answers = []  # (operation, HTTP status)
        self.entries = []  # of each PutEvents, as it came
        self.own = []  # of dynlog's own that was asked of AWS
        self.certificate = Certificate() if keys is not None else None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"elsewhere": self}))
        self.server.daemon_threads = True
        self.endpoint = "http://127.0.0.1:%d" % self.server.server_port

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        if self.certificate is not None:
            self.certificate.remove()

    def environment(self, key=None):
        """For a command: the way to the hosts of AWS, and keys."""
        keys = {}
        if key is not None:
            secret, token = self.secret_of(key)
            keys = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
            if token is not None:
                keys["AWS_SESSION_TOKEN"] = token
        return {"https_proxy": self.endpoint, "AWS_CA_BUNDLE": self.certificate.path, **keys}

    def secret_of(self, key):
        secret = self.keys[key]
        return secret if isinstance(secret, tuple) else (secret, None)

    # ---- what goes wrong ----

    def fail(self, operation, *kinds):
        with self.lock:
            self.faults[operation].extend(kinds)

    def shake(self, seed, chance):
        self.random, self.chance = random.Random(seed), chance

    def fault_of(self, operation):
        with self.lock:
            if self.faults[operation]:
                return self.faults[operation].popleft()
            if self.random is not None and self.random.random() < self.chance:
                return self.random.choice(("throughput", "fault", "unavailable", *LOSSES))
        return None

    def count(self, operation):
        with self.lock:
            return sum(1 for _, name in self.requests if name == operation)

    # ---- signatures ----

    def check_signature(self, handler, host, body):
        authorization = handler.headers.get("Authorization")
        if not authorization:
            raise Refused(400, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
        if self.keys is None:
            return
        match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
                             r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", authorization)
        if match is None:
            raise Refused(400, "IncompleteSignatureException", "Authorization header is malformed")
        key, date, region, service, signed, signature = match.groups()
        if key not in self.keys:
            raise Refused(400, "UnrecognizedClientException", "The security token included in the request is invalid.")
        secret, token = self.secret_of(key)
        if key in self.expired:
            raise Refused(*REFUSALS["expired"])
        if handler.headers.get("X-Amz-Security-Token") != token:
            raise Refused(400, "UnrecognizedClientException", "The security token included in the request is invalid.")
        self.check_scope(handler, host, date, region, service, signed.split(";"))
        request = AWSRequest(method=handler.command, url="https://%s%s" % (host, handler.path), data=body, headers={
            name: handler.headers[name] for name in signed.split(";")})
        request.context["timestamp"] = handler.headers["X-Amz-Date"]
        auth = SigV4Auth(Credentials(key, secret), service, region)
        expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        if expected != signature:
            raise Refused(400, "InvalidSignatureException", "The request signature we calculated does not match the signature "
                          "you provided. Check your AWS Secret Access Key and signing method. Consult the service "
                          "documentation for details.")

    @staticmethod
    def check_scope(handler, host, date, region, service, signed):
        names = {name: signing for name, (signing, _) in SERVICES.items()}
        right = next((signing for name, signing in names.items()
                      if host in (host_of(name, region), host_of(name + "-fips", region))), None)
        if right != service:
            raise Refused(400, "InvalidSignatureException", "Credential should be scoped to a valid region and correct service.")
        unsigned = [name for name in handler.headers if name.lower() == "host" or name.lower().startswith("x-amz-")]
        if not {name.lower() for name in unsigned} <= set(signed):
            raise Refused(400, "InvalidSignatureException", "'Host' or an 'X-Amz-' header must be signed.")
        stamp = datetime.datetime.strptime(handler.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        now = datetime.datetime.now(datetime.timezone.utc)
        if abs((now - stamp).total_seconds()) > SKEW_S or not handler.headers["X-Amz-Date"].startswith(date):
            raise Refused(400, "InvalidSignatureException", "Signature expired")

    # ---- who answers ----

    def is_hidden(self, header):
        return self.hides and header.lower().startswith("x-dynlog-")

    def forward(self, method, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.dynlog.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body, {
                name: value for name, value in headers.items()
                if name.lower() not in ("host", "content-length", "accept-encoding", "expect") and
                not self.is_hidden(name)})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    elsewhere = None
    host = None  # of AWS

    def do_CONNECT(self):
        self.host = self.path.rsplit(":", 1)[0]
        self.send_response(200)
        self.end_headers()
        self.rfile.close()
        self.connection = self.elsewhere.certificate.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self):
        super().finish()
        if self.host is not None:
            self.connection.close()

    def do_GET(self):
        self.take()

    def do_POST(self):
        self.take()

    def log_message(self, *_):
        pass

    # ---- answers ----

    def answer(self, status, body, headers=(), damaged=False):
        self.send_response(status)
        if not any(name.lower() == "content-type" for name, _ in headers):
            self.send_header("Content-Type", "application/x-amz-json-1.0")
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("x-amz-crc32", str(zlib.crc32(body) ^ (1 if damaged else 0)))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, name, message):
        if name is None:
            self.answer(status, b"<html><body>%d</body></html>" % status, [("Content-Type", "text/html")])
            return
        self.answer(status, json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#" + name, "message": message}).encode(),
                    [("x-amzn-ErrorType", name)])

    def reset(self):
        """The connection is gone, without an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw = self.connection
        if isinstance(raw, ssl.SSLSocket):
            os.close(raw.detach())
            self.rfile.close = self.wfile.close = lambda: None
        else:
            raw.close()
        self.close_connection = True

    # ---- one request ----

    def operation(self):
        target = self.headers.get("X-Amz-Target", "")
        if self.host is not None:
            name = next((name for name in SERVICES if re.match(r"%s(-fips)?\.[a-z]" % re.escape(name), self.host)), None)
            if name is None or (target and not target.startswith(SERVICES[name][1] or "-")) or (not target and name != "lambda"):
                raise Refused(*((400, "UnknownOperationException", None) if target else (404, None, None)))
        if target:
            return target.split(".", 1)[1]
        if not self.elsewhere.hides and self.path.startswith("/_dynlog/"):
            return "dynlog"
        if not self.path.startswith(("/2015-03-31/", "/2014-11-13/")):
            raise Refused(404, None, None)
        return "Invoke" if self.path.split("?")[0].endswith("/invocations") else "Lambda"

    def take(self):
        elsewhere = self.elsewhere
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.host is not None and ("_dynlog" in self.path or any(name.lower().startswith("x-dynlog") for name in self.headers)):
            elsewhere.own.append((self.path, list(self.headers)))
        try:
            operation = self.operation()
            with elsewhere.lock:
                elsewhere.requests.append((self.host, operation))
                if operation == "PutEvents":
                    elsewhere.entries.append(json.loads(body)["Entries"])
            elsewhere.check_signature(self, self.host, body)
        except Refused as refused:
            self.refuse(refused.status, refused.name, refused.message)
            return
        fault = elsewhere.fault_of(operation)
        request = (self.command, self.path, dict(self.headers.items()), body)
        if fault in REFUSALS:
            self.refuse(*REFUSALS[fault])
        elif fault == "conflict":
            self.conflict(json.loads(body))
        elif fault == "undone":
            self.reset()
        elif fault == "late":
            with elsewhere.lock:
                elsewhere.late[operation].append(request)
            self.reset()
        else:
            self.do(operation, request, fault)
        if fault != "late":
            self.do_late(operation)

    def conflict(self, request):
        reasons = [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}] + [
            {"Code": "None"}] * (len(request["TransactItems"]) - 1)
        self.answer(400, json.dumps({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled", "CancellationReasons": reasons}).encode())

    def do_late(self, operation):
        with self.elsewhere.lock:
            requests, self.elsewhere.late[operation] = self.elsewhere.late[operation], []
        for request in requests:
            status = self.elsewhere.forward(*request)[0]
            with self.elsewhere.lock:
                self.elsewhere.late_answers.append((operation, status))

    def do(self, operation, request, fault):
        method, path, headers, body = request
        rest = None
        if fault == "half":
            body, rest = self.halve(json.loads(body))
        elif self.elsewhere.page is not None and operation in ("Query", "Scan", "GetRecords", "DescribeStream"):
            whole = json.loads(body)
            body = json.dumps({**whole, "Limit": min(whole.get("Limit", 1000), self.elsewhere.page)}).encode()
        status, answered, text = self.elsewhere.forward(method, path, headers, body)
        if rest is not None and status == 200:
            name = "UnprocessedItems" if operation == "BatchWriteItem" else "UnprocessedKeys"
            text = json.dumps({**json.loads(text), name: rest}).encode()
        kept = [(name, value) for name, value in answered.items()
                if not self.elsewhere.is_hidden(name) and name.lower() not in (
                    "content-length", "connection", "transfer-encoding", "x-amz-crc32", "date", "server", "keep-alive")]
        if fault == "lost":
            self.reset()
        elif fault == "slow":
            while self.connection.recv(1):  # until whoever waits is gone
                pass
            self.close_connection = True
        elif fault == "fault after":
            self.refuse(*REFUSALS["fault"])
        else:
            self.answer(status, text, kept, damaged=fault == "damaged")

    @staticmethod
    def halve(request):
        """The first half of a batch, and the rest as AWS hands it back."""
        done, rest = {}, {}
        for table, asked in request["RequestItems"].items():
            entries = asked if isinstance(asked, list) else asked["Keys"]
            half = (len(entries) + 1) // 2
            parts = [entries[:half], entries[half:]]
            if not isinstance(asked, list):
                parts = [{**asked, "Keys": part} if part else [] for part in parts]
            done[table] = parts[0]
            if parts[1]:
                rest[table] = parts[1]
        return json.dumps({**request, "RequestItems": done}).encode(), rest
