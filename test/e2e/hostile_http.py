"""Requests that two readers could read differently, and pages that ask for what is not theirs.

Every request of the lists below carries, somewhere in its bytes, a PutItem that must not happen: its key is the name
of the case (a canary). For each: the status of the answers, whether the connection closes, that no canary ever sang,
and that the next client is served. RFC 9112 says where each rule comes from."""

import json
import re
import socket
import unittest

from support.case import Case, s
from support.server import SIGNED

PUT = "DynamoDB_20120810.PutItem"
LIST = "DynamoDB_20120810.ListTables"
LISTED = b'{"Limit":1}'


def head(*lines, target=LIST, first="POST / HTTP/1.1", host="localhost"):
    """A head that is right but for the lines; each of them bytes or text."""
    all_lines = [first, *(["Host: " + host] if host is not None else []), "X-Amz-Target: " + target,
                 "Content-Type: application/x-amz-json-1.0", *("%s: %s" % pair for pair in SIGNED.items()), *lines]
    return b"".join((line if isinstance(line, bytes) else line.encode("latin-1")) + b"\r\n"
                    for line in all_lines) + b"\r\n"


def honest(body=LISTED, target=LIST, *lines):
    return head("Content-Length: %d" % len(body), *lines, target=target) + body


def canary(name):
    """The request that must not be executed."""
    body = json.dumps({"TableName": "canaries", "Item": {"pk": {"S": name}}}).encode()
    return honest(body, PUT)


class Connection:
    def __init__(self, port, address="127.0.0.1"):
        self.socket = socket.create_connection((address, port), timeout=60)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was answered and closed before everything was sent
        return self

    def answer(self):
        """(status, headers, body), or None at the end."""
        line = self.file.readline()
        if not line:
            return None
        match = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [ -~]*\r\n", line)
        assert match, line
        headers = {}
        while True:
            line = self.file.readline().rstrip(b"\r\n")
            if not line:
                break
            name, value = line.split(b":", 1)
            headers[name.decode().lower()] = value.strip().decode()
        return int(match.group(1)), headers, self.file.read(int(headers.get("content-length", 0)))

    def answers(self):
        """All until the server closes."""
        found = []
        while True:
            answer = self.answer()
            if answer is None:
                return found
            found.append(answer)


def chunks(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


# What follows: name -> (bytes before the canary, the status). The connection must close with the answer, and what
# stands behind must not be read as a request.

LENGTHS = {  # Content-Length: 1*DIGIT, once
    "signed": "+11", "negative": "-11", "hex": "0xb", "exponent": "1e1", "two words": "11 11", "a list": "11,11",
    "a list of others": "11, 12", "behind it something": "11;", "fraction": "11.0", "quoted": '"11"', "empty": "",
    "a vertical tab": "\x0b11", "a NUL": "11\0", "a letter": "11b", "2^64": "18446744073709551616",
    "twenty-two digits": "9" * 22, "a dot behind": "11.", "an underscore": "1_1",
}
TRANSFERS = {  # Transfer-Encoding without Content-Length: nothing but chunked is spoken
    "identity": ("identity", 501), "gzip first": ("gzip, chunked", 501), "chunked first": ("chunked, gzip", 400),
    "chunked twice": ("chunked, chunked", 400), "cut": ("chunke", 501), "more": ("xchunked", 501),
    "a parameter": ("chunked;q=1", 501), "quoted": ('"chunked"', 501), "a vertical tab": ("\x0bchunked", 400),
    "a NUL": ("chunked\0", 400), "a form feed": ("\x0cchunked", 400), "a comma before": (", chunked", 501),
    "a comma behind": ("chunked,", 400), "identity behind": ("chunked, identity", 400), "a space inside": ("chun ked", 501),
    "long s": ("chun\xc5\xbfed", 501),
}
HEADS = {  # lines of a head that ends a connection
    "length and chunks": (["Content-Length: 11", "Transfer-Encoding: chunked"], 400),
    "chunks and length": (["Transfer-Encoding: chunked", "Content-Length: 11"], 400),
    "no chunks and length": (["Transfer-Encoding: identity", "Content-Length: 11"], 400),
    "empty encoding and length": (["Transfer-Encoding:", "Content-Length: 11"], 501),
    "chunked and another": (["Transfer-Encoding: chunked", "Transfer-Encoding: x"], 400),
    "another and chunked": (["Transfer-Encoding: x", "Transfer-Encoding: chunked"], 400),
    "chunked in two lines": (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 400),
    "identity and chunked": (["Transfer-Encoding: identity", "Transfer-Encoding: chunked"], 400),
    "two lengths": (["Content-Length: 11", "Content-Length: 12"], 400),
    "two lengths alike": (["Content-Length: 11", "Content-Length: 11"], 400),
    "two lengths in two cases": (["Content-Length: 11", "content-length: 11"], 400),
    "a space before the colon": (["Transfer-Encoding : chunked"], 400),
    "a tab before the colon": (["Transfer-Encoding\t: chunked"], 400),
    "a length and a space": (["Content-Length : 11"], 400),
    "a space before a name": ([" Transfer-Encoding: chunked"], 400),
    "a folded value": (["X: a", " Transfer-Encoding: chunked"], 400),
    "a folded encoding": (["Transfer-Encoding:", " chunked"], 400),
    "a folded length": (["Content-Length:", " 11"], 400),
    "a folded tab": (["X: a", "\tb"], 400),
    "a bare line feed": (["X: a\nTransfer-Encoding: chunked"], 400),
    "a bare carriage return": (["X: a\rTransfer-Encoding: chunked"], 400),
    "two carriage returns": (["X: a\r"], 400),
    "a NUL in a value": (["X: a\0b"], 400), "a NUL in a name": (["X\0: a"], 400),
    "a bell in a value": (["X: \x07"], 400), "an escape in a value": (["X: \x1b[2J"], 400),
    "a delete in a value": (["X: \x7f"], 400), "a control in a name": (["X\x01: a"], 400),
    "a high byte in a name": (["X\xe5: a"], 400), "a quote in a name": (['"X": a'], 400),
    "a bracket in a name": (["X(1): a"], 400), "no name": ([": a"], 400), "no colon": (["Transfer-Encoding chunked"], 400),
    "no host": ("", 400), "two hosts": (["Host: localhost"], 400), "two hosts in two cases": (["HOST: localhost"], 400),
    "an unknown expectation": (["Expect: 200-ok", "Content-Length: 11"], 417),
    "two expectations": (["Expect: 100-continue, 200-ok", "Content-Length: 11"], 417),
    "an unknown coding": (["Content-Encoding: br", "Content-Length: 11"], 415),
    "two codings": (["Content-Encoding: gzip, gzip", "Content-Length: 11"], 415),
    "two targets of AWS": (["X-Amz-Target: " + PUT, "Content-Length: 11"], 400),
    "two types": (["Content-Type: text/plain", "Content-Length: 11"], 400),
    "two signatures": (["Authorization: x", "Content-Length: 11"], 400),
    "two origins": (["Origin: http://localhost", "Origin: http://evil.example", "Content-Length: 11"], 400),
    "two codings in two lines": (["Content-Encoding: gzip", "Content-Encoding: gzip", "Content-Length: 11"], 400),
    "too many headers": (["X: a"] * 101, 431), "a header too long": (["X: " + "a" * 70000], 431),
    "a name too long": (["X" * 70000 + ": a"], 431), "blanks too many": (["X: " + " " * 400000 + "a"], 431),
    "a length past the limit": (["Content-Length: 16777217"], 413),
    "a length of 2^64-1": (["Content-Length: 18446744073709551615"], 413),
}
LINES = {  # request lines
    "HTTP/0.9": ("GET /", 505), "no version": ("POST / ", 400), "HTTP/1.2": ("POST / HTTP/1.2", 505),
    "HTTP/2.0": ("POST / HTTP/2.0", 505), "HTTP/3.0": ("POST / HTTP/3.0", 505), "HTTP/1": ("POST / HTTP/1", 400),
    "HTTP/01.1": ("POST / HTTP/01.1", 505), "HTTP/1.10": ("POST / HTTP/1.10", 400), "http/1.1": ("POST / http/1.1", 400),
    "HTTP/-1.1": ("POST / HTTP/-1.1", 505),
    "a space in the target": ("POST / a HTTP/1.1", 400), "a tab": ("POST\t/ HTTP/1.1", 400),
    "a space behind": ("POST / HTTP/1.1 ", 400), "a NUL in the target": ("POST /\0 HTTP/1.1", 400),
    "a high byte in the target": ("POST /\xe5 HTTP/1.1", 400), "a control in the target": ("POST /\x01 HTTP/1.1", 400),
    "an unknown method": ("SMUGGLE / HTTP/1.1", 400), "a small method": ("post / HTTP/1.1", 400),
    "a method with a NUL": ("PO\0ST / HTTP/1.1", 400), "the preface of HTTP/2": ("PRI * HTTP/2.0", 505),
    "a tunnel": ("CONNECT localhost:80 HTTP/1.1", 501), "a proxy's for another": ("POST http://evil.example/ HTTP/1.1", 403),
    "userinfo": ("POST http://localhost@evil.example/ HTTP/1.1", 403),
    "userinfo of a name": ("POST http://evil.example@localhost/ HTTP/1.1", 403),
    "another scheme": ("POST ftp://localhost/ HTTP/1.1", 400), "a target that is no path": ("POST canaries HTTP/1.1", 400),
    "another protocol": ("POST / SIP/2.0", 400), "spaces before it": (" POST / HTTP/1.1", 400),
    "a target too long": ("POST /" + "a" * 70000 + " HTTP/1.1", 431),
    "an old one with chunks": ("POST / HTTP/1.0", 400),
}
CHUNKED = {  # bodies after Transfer-Encoding: chunked
    "no hex": b"g\r\n" + LISTED + b"\r\n0\r\n\r\n", "negative": b"-b\r\n" + LISTED + b"\r\n0\r\n\r\n",
    "signed": b"+b\r\n" + LISTED + b"\r\n0\r\n\r\n", "0x": b"0xb\r\n" + LISTED + b"\r\n0\r\n\r\n",
    "a space before": b" b\r\n" + LISTED + b"\r\n0\r\n\r\n", "a space behind": b"b \r\n" + LISTED + b"\r\n0\r\n\r\n",
    "a tab behind": b"b\t\r\n" + LISTED + b"\r\n0\r\n\r\n", "empty": b"\r\n" + LISTED + b"\r\n0\r\n\r\n",
    "2^64": b"10000000000000000\r\n" + LISTED, "2^68": b"100000000000000000\r\n" + LISTED,
    "2^64 + 11": b"1000000000000000b\r\n" + LISTED + b"\r\n0\r\n\r\n",
    "a bare line feed": b"b\n" + LISTED + b"\r\n0\r\n\r\n", "a bare carriage return": b"b\r" + LISTED + b"\r\n0\r\n\r\n",
    "a line feed behind the data": b"b\r\n" + LISTED + b"\n0\r\n\r\n", "no end of the data": b"b\r\n" + LISTED + b"0\r\n\r\n",
    "data too long": b"a\r\n" + LISTED + b"\r\n0\r\n\r\n", "a line feed at the end": b"b\r\n" + LISTED + b"\r\n0\n\n",
    "a bare line feed in an extension": b"b;a\n" + LISTED + b"\r\n0\r\n\r\n",
    "a line feed in a quoted extension": b'b;a="\n"\r\n' + LISTED + b"\r\n0\r\n\r\n",
    "an extension without a name": b"b;=\r\n" + LISTED + b"\r\n0\r\n\r\n",
    "a NUL in an extension": b"b;a=\0\r\n" + LISTED + b"\r\n0\r\n\r\n",
    "a trailer with a space": b"b\r\n" + LISTED + b"\r\n0\r\nX : a\r\n\r\n",
    "a trailer without a colon": b"b\r\n" + LISTED + b"\r\n0\r\nX\r\n\r\n",
    "a trailer with a bare line feed": b"b\r\n" + LISTED + b"\r\n0\r\nX: a\n\r\n",
    "a trailer that is a length": b"b\r\n" + LISTED + b"\r\n0\r\nContent-Length: 5\r\n\r\n",
    "a trailer that is an encoding": b"b\r\n" + LISTED + b"\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
}
TOO_MUCH_FRAMING = {  # refused with 431 or 413: what is no body may not go on for ever either
    "extensions": (b"b;" + b"a" * 70000 + b"\r\n", 431),
    "many extensions": (b"1;aaaaaaaa=bbbbbbbb\r\n \r\n" * 5000, 431),
    "trailers": (b"b\r\n" + LISTED + b"\r\n0\r\n" + b"X: aaaaaaaa\r\n" * 10000, 431),
    "zeros": (b"0" * 400000 + b"b\r\n", 431),
    "a chunk past the limit": (b"1000001\r\n", 413), "a chunk of 2^64-1": (b"ffffffffffffffff\r\n", 413),
}


class Smuggling(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table(name="canaries")

    def connect(self, port=None):
        return Connection(port or self.dynlog.port)

    def nothing_sang(self, *names):
        """Neither the canaries nor anything else was written, and the next client is served."""
        for name in names:
            self.assertNotIn("Item", self.dynamodb.get_item(TableName="canaries", Key={"pk": s(name)}), name)

    def tearDown(self):
        self.assertEqual([], self.dynamodb.scan(TableName="canaries")["Items"])

    def ends(self, name, data, status):
        """One answer with this status, then the end; a request behind it is not executed."""
        with self.subTest(name), self.connect() as connection:
            answers = connection.send(data + canary(name)).answers()
            self.assertEqual([status], [answer[0] for answer in answers], answers)
            _, headers, body = answers[0]
            self.assertEqual("close", headers["connection"])
            self.assertTrue(json.loads(body)["message"], body)
            self.assertNotRegex(body, rb"[^ -~]")  # what a client sent steers nobody's terminal
            self.nothing_sang(name)

    def test_lengths(self):
        for name, length in LENGTHS.items():
            self.ends("length: " + name, head("Content-Length: " + length) + LISTED, 400)

    def test_transfer_encodings(self):
        for name, (value, status) in TRANSFERS.items():
            self.ends("encoding: " + name, head("Transfer-Encoding: " + value) + chunks(LISTED), status)
            self.ends("both: " + name, head("Transfer-Encoding: " + value, "Content-Length: 11") + LISTED, 400)

    def test_heads(self):
        for name, (lines, status) in HEADS.items():
            host = None if name == "no host" else "localhost"
            self.ends("head: " + name, head(*lines, host=host), status)

    def test_lines(self):
        for name, (line, status) in LINES.items():
            more = ["Transfer-Encoding: chunked"] if name == "an old one with chunks" else []
            self.ends("line: " + name, head(*more, first=line), status)

    def test_chunks(self):
        for name, body in CHUNKED.items():
            self.ends("chunks: " + name, head("Transfer-Encoding: chunked") + body, 400)
        for name, (body, status) in TOO_MUCH_FRAMING.items():
            self.ends("framing: " + name, head("Transfer-Encoding: chunked") + body, status)

    def test_line_ends_of_all_kinds(self):
        for name, end in (("LF", b"\n"), ("CR", b"\r"), ("LFCR", b"\n\r"), ("CRCRLF", b"\r\r\n"), ("NUL", b"\0")):
            data = head("Content-Length: 0").replace(b"\r\n", end)
            with self.subTest(name), self.connect() as connection:
                connection.send(data + canary(name)).socket.shutdown(socket.SHUT_WR)
                self.assertEqual([400], [answer[0] for answer in connection.answers()])
                self.nothing_sang(name)

    def test_what_one_reader_reads_as_one_request(self):
        """Right, if odd: one answer each, and the canary is a body's bytes."""
        inside = canary("inside")
        rows = {
            "a request in a body": honest(LISTED + b" " * 5),
            "leading zeros": head("Content-Length: 0000000011") + LISTED,
            "blanks around a value": head("Content-Length:   11   ") + LISTED,
            "two spaces before the target": head("Content-Length: 11", first="POST  / HTTP/1.1") + LISTED,
            "an encoding in capitals": head("Transfer-Encoding: CHUNKED") + chunks(LISTED),
            "an encoding with blanks": head("Transfer-Encoding:  chunked") + chunks(LISTED),
            "an extension": head("Transfer-Encoding: chunked") + b'b;a=b;c="d;e"\r\n' + LISTED + b"\r\n0;f\r\n\r\n",
            "zeros of a chunk": head("Transfer-Encoding: chunked") + b"000b\r\n" + LISTED + b"\r\n000\r\n\r\n",
            "trailers that mean nothing": head("Transfer-Encoding: chunked") + b"b\r\n" + LISTED +
                                          b"\r\n0\r\nHost: evil.example\r\nX-Amz-Target: %s\r\n"
                                          b"Content-Encoding: gzip\r\nOrigin: null\r\n\r\n" % PUT.encode(),
            "an underscore": head("Content_Length: 3", "Transfer_Encoding: chunked", "Content-Length: 11") + LISTED,
            "an upgrade": head("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk",
                               "Content-Length: 11") + LISTED,
            "a socket": head("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Content-Length: 11") + LISTED,
            "a proxy's form": head("Content-Length: 11", first="POST http://localhost/ HTTP/1.1") + LISTED,
            "line ends before it": b"\r\n\r\n" + honest(),
        }
        for name, data in rows.items():
            with self.subTest(name), self.connect() as connection:
                self.assertEqual(200, connection.send(data).answer()[0])
                self.assertEqual(200, connection.send(honest()).answer()[0])
        with self.connect() as connection:  # whole requests as the body of one that is refused by its operation
            self.assertEqual(400, connection.send(honest(inside, PUT)).answer()[0])
            self.assertEqual(200, connection.send(honest()).answer()[0])
        self.nothing_sang("inside")

    def test_a_body_that_nobody_asked_for(self):
        """GET, DELETE and OPTIONS with a body: it is read as their body, whatever it looks like."""
        for method, target in (("GET", "/_dynlog/health"), ("GET", "/"), ("DELETE", "/_dynlog/none"), ("OPTIONS", "/"),
                               ("HEAD", "/nowhere"), ("OPTIONS", "*"), ("GET", "/2015-03-31/functions/")):
            name = "%s %s" % (method, target)
            body = canary(name)
            with self.subTest(name), self.connect() as connection:
                connection.send(b"%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (
                    method.encode(), target.encode(), len(body), body))
                answer = connection.answer() if method != "HEAD" else None
                if method == "HEAD":
                    connection.send(b"").socket.shutdown(socket.SHUT_WR)
                    self.assertIn(b"HTTP/1.1 4", connection.file.read()[:12])
                else:
                    self.assertIn(answer[0], (200, 400, 404, 405), answer)
                    self.assertEqual(200, connection.send(honest()).answer()[0])
                self.nothing_sang(name)

    def test_expectations(self):
        with self.connect() as connection:  # no body, no wait for one
            self.assertEqual(400, connection.send(head("Expect: 100-continue", "Content-Length: 0")).answer()[0])
        with self.connect() as connection:  # the body came along: whether asked for or not, it is one answer
            connection.send(head("Expect: 100-continue", "Content-Length: 11") + LISTED)
            statuses = [connection.answer()[0]]
            if statuses == [100]:
                statuses.append(connection.answer()[0])
            self.assertEqual(200, statuses[-1])
            self.assertEqual(200, connection.send(honest()).answer()[0])
        for lines, status in ((["Content-Length: 16777217"], 413), (["Origin: https://evil.example", "Content-Length: 11"], 403),
                              (["Host: localhost", "Content-Length: 11"], 400)):
            self.ends("expected: %s" % lines, head("Expect: 100-continue", *lines) + LISTED, status)  # no 100 before it
        old = head("Expect: 100-continue", "Content-Length: 11", first="POST / HTTP/1.0")
        with self.connect() as connection:
            self.assertEqual([200], [answer[0] for answer in connection.send(old + LISTED + canary("old")).answers()])
        self.nothing_sang("old")

    def test_old_clients(self):
        old = head("Content-Length: 11", first="POST / HTTP/1.0", host=None) + LISTED
        kept = head("Content-Length: 11", "Connection: keep-alive", first="POST / HTTP/1.0") + LISTED
        with self.connect() as connection:  # closed unless it asks
            self.assertEqual([200], [answer[0] for answer in connection.send(old + canary("1.0")).answers()])
        with self.connect() as connection:
            self.assertEqual(200, connection.send(kept).answer()[0])
            self.assertEqual([200], [answer[0] for answer in connection.send(old).answers()])
        self.nothing_sang("1.0")

    def test_behind_a_close_nothing_is_read(self):
        with self.connect() as connection:
            answers = connection.send(honest(LISTED, LIST, "Connection: close") + canary("behind")).answers()
        self.assertEqual([200], [answer[0] for answer in answers])
        self.nothing_sang("behind")

    def test_honest_ones_before_are_answered(self):
        with self.connect() as connection:
            answers = connection.send(honest() + honest() + head("Content-Length: x") + canary("third")).answers()
        self.assertEqual([200, 200, 400], [answer[0] for answer in answers])
        self.nothing_sang("third")

    def test_a_body_cut_short_is_no_request(self):
        name = "cut"
        whole = canary(name)
        for at in (len(whole) - 1, len(whole) - 30):
            with self.connect() as connection:
                connection.send(whole[:at]).socket.shutdown(socket.SHUT_WR)
                self.assertEqual([400], [answer[0] for answer in connection.answers()])
        with self.connect() as connection:
            connection.send(head("Transfer-Encoding: chunked", target=PUT) + chunks(whole.split(b"\r\n\r\n")[1])[:-2])
            connection.socket.shutdown(socket.SHUT_WR)
            self.assertEqual([400], [answer[0] for answer in connection.answers()])
        self.nothing_sang(name)


LOCAL_HOSTS = ["localhost", "LOCALHOST:8000", "localhost.", "localhost.:80", "a.localhost", "127.0.0.1", "127.0.0.1:65535",
               "127.1.2.3", "0.0.0.0", "[::1]", "[::1]:8000", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "192.168.0.7:8000",
               "dynlog:8000", "host.docker.internal", "sqs.us-east-1.amazonaws.com", "localhost:"]
FOREIGN_HOSTS = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example.", "evil.example:8000",
                 "localhost.localdomain.example", "evillocalhost.example", "notlocalhost.com", "localhost@evil.example",
                 "evil.example@localhost", "user:pass@localhost", "localhost:80:80", "localhost:http", "localhost:-1",
                 "localhost:65536", "localhost:0x50", "localhost:80 ,evil.example", "localhost, evil.example", "[::1",
                 "[::1]x", "[::1].evil.example", "::1", "[evil.example]", "[fe80::1%25lo]", "127.0.0.1.", "127.1",
                 "0x7f.0.0.1", "localhost..", ".", "..localhost.evil.example", "amazonaws.com.evil.example", "localhost/evil",
                 "localhost%2eevil.example", "l\xf6calhost.example", "xn--localhost-.example", "localhost\\evil", "a" * 300,
                 "evil-amazonaws.com", "http://localhost"]
LOCAL_ORIGINS = ["http://localhost", "http://localhost:3000", "HTTPS://LOCALHOST:3000", "http://127.0.0.1:5173", "http://[::1]:80",
                 "http://app.localhost:3000", "http://localhost.:3000", "http://0.0.0.0:3000"]
FOREIGN_ORIGINS = ["null", "NULL", "https://evil.example", "http://127.0.0.1.evil.example", "http://localhost.evil.example",
                   "http://evil.example:8000", "http://192.168.0.7", "http://[::2]", "http://[::ffff:127.0.0.1]",
                   "http://sqs.us-east-1.amazonaws.com", "http://dynlog:8000", "http://host.docker.internal",
                   "file://", "file://localhost", "chrome-extension://localhost", "localhost", "//localhost", "http:localhost",
                   "http://", "http:///localhost", "http://localhost@evil.example", "http://evil.example#localhost",
                   "http://evil.example/localhost", "http://localhost:3000 http://evil.example", "http://localhost/evil",
                   "http://localhost%00.evil.example", "http://localhost\\.evil.example", "http://127.1", "http://2130706433",
                   "http://localhost,http://evil.example", "http://evil.example?localhost", "about:blank", "data:", "blob:http://localhost"]


class Pages(Case):
    """What a page in the developer's browser could send, to each of the ports."""
    files = {"serverless.yml": "service: pages\nfunctions:\n  waits:\n    handler: waits.handle\n    name: waits\n    runtime: python3.11\n",
             "waits.py": "import os\ndef handle(event, context):\n    return os.environ['AWS_LAMBDA_RUNTIME_API']\n"}

    def ports(self):
        return self.dynlog.port, self.dynlog.events_port, self.dynlog.lambda_port

    def asks(self, *lines, host="localhost", port=None, first="POST / HTTP/1.1"):
        with Connection(port or self.dynlog.port) as connection:
            return connection.send(head("Content-Length: 11", *lines, host=host, first=first) + LISTED).answer()

    def test_hosts(self):
        for host in LOCAL_HOSTS:
            self.assertEqual(200, self.asks(host=host)[0], host)
        for host in FOREIGN_HOSTS:
            status, headers, body = self.asks(host=host)
            self.assertEqual((403, "close"), (status, headers["connection"]), (host, body))
            self.assertIn(b"is not local", body)

    def test_origins(self):
        for origin in LOCAL_ORIGINS:
            self.assertEqual(200, self.asks("Origin: " + origin)[0], origin)
        for origin in FOREIGN_ORIGINS:
            status, headers, body = self.asks("Origin: " + origin)
            self.assertEqual((403, "close"), (status, headers["connection"]), (origin, body))
            self.assertNotIn("access-control-allow-origin", headers)

    def test_no_operation_for_a_page(self):
        """Each operation that there is, asked as a form or a script of another place asks without a preflight."""
        status, _, text = self.dynlog.request("GET", "/_dynlog/operations")
        self.assertEqual(200, status)
        names = sorted(set(re.findall(r"\b[A-Z]\w+\b", text.decode())))
        self.assertGreater(len(names), 100)
        plain = ["Content-Type: text/plain", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site",
                 "Sec-Fetch-Mode: no-cors"]
        for port in self.ports():
            with self.subTest(port):
                for name in names:
                    raw = ("POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: DynamoDB_20120810.%s\r\n%s\r\n"
                           "Content-Length: 2\r\n\r\n{}" % (name, "\r\n".join(plain)))
                    with Connection(port) as connection:
                        self.assertEqual(403, connection.send(raw.encode()).answer()[0], name)

    def test_no_way_for_a_page(self):
        """Paths of every kind, by every way in which a page can ask."""
        ways = (["Origin: https://evil.example"], ["Origin: null"],
                ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"],
                ["Origin: https://evil.example", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="])
        paths = ("POST /_dynlog/stop", "POST /_dynlog/drain", "POST /_dynlog/faults", "GET /_dynlog/log?follow=true",
                 "GET /_dynlog/subscriptions/events?name=a&group=true", "PUT /_dynlog/private?log=a",
                 "GET /2015-03-31/functions", "POST /2015-03-31/functions/waits/invocations", "POST /schedules/a",
                 "POST /v1/pipes/a", "DELETE /2015-03-31/functions/waits", "POST /000000000000/a", "OPTIONS /")
        for port in self.ports():
            for way in ways:
                for path in paths:
                    status, headers, body = self.asks(*way, first=path + " HTTP/1.1", port=port)
                    self.assertEqual(403, status, (path, way, body))
                    self.assertFalse([name for name in headers if name.startswith("access-control-")])
        self.assertEqual(200, self.asks()[0])

    def test_a_preflight_lets_nobody_in(self):
        status, headers, _ = self.asks("Origin: https://evil.example", "Access-Control-Request-Method: POST",
                                       "Access-Control-Request-Headers: x-amz-target", first="OPTIONS / HTTP/1.1")
        self.assertEqual(403, status)
        self.assertNotIn("access-control-allow-origin", headers)

    def test_ports_of_workers(self):
        """A worker's Runtime API: what a page sends is refused, also one of this machine, and DNS does not help it."""
        answer = self.dynlog.client("lambda").invoke(FunctionName="waits")
        self.assertNotIn("FunctionError", answer, answer)
        port = int(json.loads(answer["Payload"].read()).rpartition(":")[2])
        ask = "GET /2018-06-01/runtime/invocation/next HTTP/1.1"
        for lines, host in ((["Origin: https://evil.example"], "localhost"), ([], "evil.example:%d" % port),
                            (["Origin: http://localhost:3000"], "127.0.0.1"),
                            (["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"], "127.0.0.1"),
                            (["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors"], "127.0.0.1"),
                            (["Sec-Fetch-Site: none"], "127.0.0.1")):
            for first in (ask, "POST /2018-06-01/runtime/invocation/x/response HTTP/1.1",
                          "POST /2018-06-01/runtime/init/error HTTP/1.1"):
                self.assertEqual(403, self.asks(*lines, host=host, port=port, first=first)[0], (lines, host, first))
        # A program may ask; without the id of an invocation, which is random, it answers none.
        self.assertEqual(403, self.asks(host="127.0.0.1", port=port,
                                        first="POST /2018-06-01/runtime/invocation/x/response HTTP/1.1")[0])
        answer = self.dynlog.client("lambda").invoke(FunctionName="waits")
        self.assertNotIn("FunctionError", answer, answer)


if __name__ == "__main__":
    unittest.main()
