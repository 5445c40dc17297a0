"""HTTP as clients of every kind speak it: requests in pieces and in a row, bodies chunked and gzipped, limits,
requests that a web page could forge, signatures."""

import concurrent.futures
import gzip
import json
import re
import socket
import unittest
import zlib

from support.case import Case, n, s
from support.server import AWS, SIGNED, Dynlog, need_aws

LIST = b'{"Limit":1}'
TARGET = "DynamoDB_20120810.ListTables"


def head(body=LIST, length=True, target=TARGET, **headers):
    lines = ["POST / HTTP/1.1"]
    values = {"Host": "localhost", "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0",
              **SIGNED}
    if length:
        values["Content-Length"] = str(len(body))
    values.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines += ["%s: %s" % (name, value) for name, value in values.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Connection:
    """One connection, byte by byte."""

    def __init__(self, dynlog, address="127.0.0.1", port=None):
        self.socket = socket.create_connection((address, port or dynlog.port), timeout=60)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def answer(self):
        """(status, headers, body); None at the end of the connection."""
        line = self.file.readline()
        if not line:
            return None
        status = int(re.match(rb"HTTP/1\.1 (\d{3}) ", line).group(1))
        headers = {}
        while True:
            line = self.file.readline().rstrip(b"\r\n")
            if not line:
                break
            name, value = line.split(b":", 1)
            headers[name.decode().lower()] = value.strip().decode()
        body = self.file.read(int(headers["content-length"])) if "content-length" in headers else b""
        return status, headers, body


class Http(Case):
    def connect(self, **more):
        return Connection(self.dynlog, **more)

    def expect_tables(self, answer):
        self.assertEqual(200, answer[0], answer)
        self.assertEqual(["local-core"], json.loads(answer[2])["TableNames"])

    def test_headers_of_an_answer(self):
        with self.connect() as connection:
            status, headers, body = connection.send(head() + LIST).answer()
        self.assertEqual((200, "application/x-amz-json-1.0"), (status, headers["content-type"]))
        self.assertEqual(zlib.crc32(body), int(headers["x-amz-crc32"]))
        self.assertRegex(headers["x-amzn-requestid"], r"^[0-9A-Za-z-]{20,}$")

    def test_errors_have_crc_and_request_id_too(self):
        with self.connect() as connection:
            body = b'{"TableName":"nowhere"}'
            status, headers, answer = connection.send(head(body, target="DynamoDB_20120810.DescribeTable") + body).answer()
        self.assertEqual((400, zlib.crc32(answer)), (status, int(headers["x-amz-crc32"])))
        self.assertEqual("com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", json.loads(answer)["__type"])

    def test_keep_alive(self):
        with self.connect() as connection:
            for _ in range(20):
                self.expect_tables(connection.send(head() + LIST).answer())

    def test_connection_close(self):
        with self.connect() as connection:
            answer = connection.send(head(Connection="close") + LIST).answer()
            self.expect_tables(answer)
            self.assertEqual("close", answer[1]["connection"])
            self.assertIsNone(connection.answer())

    def test_a_connection_for_every_request(self):
        def one(_):
            with self.connect() as connection:
                self.expect_tables(connection.send(head(Connection="close") + LIST).answer())

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(one, range(300)))

    def test_pipelining(self):
        body = b'{"TableName":"local-core","Key":{"pk":{"S":"%d"},"sk":{"S":"x"}}}'
        puts = [b'{"TableName":"local-core","Item":{"pk":{"S":"%d"},"sk":{"S":"x"},"i":{"N":"%d"}}}' % (i, i)
                for i in range(40)]
        with self.connect() as connection:
            connection.send(b"".join(head(put, target="DynamoDB_20120810.PutItem") + put for put in puts))
            for _ in puts:
                self.assertEqual(200, connection.answer()[0])
            gets = [body % i for i in range(40)]
            connection.send(b"".join(head(get, target="DynamoDB_20120810.GetItem") + get for get in gets))
            for i in range(40):
                self.assertEqual(str(i), json.loads(connection.answer()[2])["Item"]["i"]["N"])

    def test_one_byte_at_a_time(self):
        with self.connect() as connection:
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in head() + LIST:
                connection.send(bytes([byte]))
            self.expect_tables(connection.answer())

    def test_chunked(self):
        with self.connect() as connection:
            connection.send(head(length=False, Transfer_Encoding="chunked"))
            connection.send(b"4;ext=1\r\n" + LIST[:4] + b"\r\n").send(b"7\r\n" + LIST[4:] + b"\r\n0\r\nTrailer: x\r\n\r\n")
            self.expect_tables(connection.answer())
            self.expect_tables(connection.send(head() + LIST).answer())

    def test_gzip(self):
        body = gzip.compress(LIST)
        with self.connect() as connection:
            self.expect_tables(connection.send(head(body, Content_Encoding="gzip") + body).answer())
            status, _, _ = connection.send(head(b"no gzip", Content_Encoding="gzip") + b"no gzip").answer()
            self.assertEqual(400, status)

    def test_a_gzip_bomb(self):
        body = gzip.compress(b" " * (17 * 1024 * 1024))
        with self.connect() as connection:
            self.assertEqual(413, connection.send(head(body, Content_Encoding="gzip") + body).answer()[0])

    def test_expect_continue(self):
        with self.connect() as connection:
            connection.send(head(Expect="100-continue"))
            self.assertEqual(b"HTTP/1.1 100 Continue\r\n", connection.file.readline())
            self.assertEqual(b"\r\n", connection.file.readline())
            self.expect_tables(connection.send(LIST).answer())

    def test_the_largest_body(self):
        largest = 16 * 1024 * 1024
        body = b'{"Limit":1' + b" " * (largest - 11) + b"}"
        with self.connect() as connection:
            self.expect_tables(connection.send(head(body) + body).answer())
        with self.connect() as connection:
            connection.send(head(b" " * (largest + 1)))
            self.assertEqual(413, connection.answer()[0])

    def test_half_closed(self):
        with self.connect() as connection:
            connection.send(head() + LIST).socket.shutdown(socket.SHUT_WR)
            self.expect_tables(connection.answer())
            self.assertIsNone(connection.answer())

    def test_what_is_no_request(self):
        both = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"
        twice = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
        for wrong, status in ((b"NONSENSE\r\n\r\n", 400), (b"GET / HTTP/9.9\r\n\r\n", 505), (both, 400),
                              (twice, 400), (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400)):
            with self.connect() as connection:
                self.assertEqual(status, connection.send(wrong).answer()[0], wrong)
                self.assertIsNone(connection.answer())

    def test_a_head_too_large(self):
        with self.connect() as connection:
            connection.send(head(X_Large="x" * 70000))
            self.assertEqual(431, connection.answer()[0])

    def test_unknown_operations_and_bodies(self):
        cases = [("DynamoDB_20120810.Nothing", b"{}", "UnknownOperationException"),
                 ("Nobody_1.ListTables", b"{}", "UnknownOperationException"),
                 (TARGET, b"{no json", "SerializationException"), (TARGET, b"[]", "SerializationException"),
                 (TARGET, b'{"Limit":"x"}', "SerializationException")]
        for target, body, name in cases:
            status, answer = self.dynlog.call(target, body)
            self.assertEqual((400, name), (status, answer["__type"].split("#")[-1]), (target, body))

    def test_both_loopback_addresses(self):
        with self.connect() as connection:
            self.expect_tables(connection.send(head() + LIST).answer())
        try:
            connection = self.connect(address="::1")
        except OSError as error:
            self.skipTest("no IPv6 on this machine: %s" % error)
        with connection:
            self.expect_tables(connection.send(head(Host="[::1]:%d" % self.dynlog.port) + LIST).answer())

    def test_what_a_web_page_could_forge(self):
        for headers, allowed in (
                ({"Host": "localhost:8000"}, True), ({"Host": "127.0.0.1"}, True), ({"Host": "0.0.0.0:8000"}, True),
                ({"Host": "dynamodb.us-east-1.amazonaws.com"}, True), ({"Host": "evil.example.com"}, False),
                ({"Host": "localhost.evil.example"}, False), ({"Origin": "http://localhost:3000"}, True),
                ({"Origin": "https://evil.example.com"}, False), ({"Origin": "null"}, False),
                ({"Origin": "http://localhost.evil.example"}, False), ({"Sec_Fetch_Site": "cross-site"}, False)):
            with self.subTest(headers), self.connect() as connection:
                answer = connection.send(head(**headers) + LIST).answer()
                self.assertEqual(200 if allowed else 403, answer[0], answer)
                if not allowed:
                    self.assertNotIn(b"local-core", answer[2])
        status, _, body = self.dynlog.request("POST", "/_dynlog/stop", headers={"Origin": "https://evil.example.com"})
        self.assertEqual(403, status, body)

    def test_health(self):
        status, headers, body = self.dynlog.request("GET", "/_dynlog/health")
        self.assertEqual((200, "application/json", "ok"), (status, headers["Content-Type"], json.loads(body)["status"]))
        self.assertEqual(405, self.dynlog.request("GET", "/_dynlog/drain")[0])
        self.assertEqual(404, self.dynlog.request("GET", "/_dynlog/none")[0])

    def test_metrics(self):
        text = self.dynlog.request("GET", "/_dynlog/metrics")[2].decode()
        metrics = dict(re.findall(r"^(dynlog_\w+) (\d+)$", text, re.M))
        self.assertGreater(int(metrics["dynlog_requests_total"]), 0)
        self.assertIn("dynlog_position", metrics)

    def test_many_side_by_side(self):
        client = self.dynlog.client("dynamodb")
        name = self.table(range_type="N")

        def put(i):
            client.put_item(TableName=name, Item={"pk": s("p"), "sk": n(i)})

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            list(pool.map(put, range(500)))
        self.assertEqual(500, client.query(TableName=name, KeyConditionExpression="pk = :p", Select="COUNT",
                                           ExpressionAttributeValues={":p": s("p")})["Count"])


class Signatures(Case):
    files = {"keys": "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = right\n\n"
                     "[other]\naws_access_key_id=AKIDOTHER\naws_secret_access_key=other/right+\n"}
    arguments = ["--credentials", "keys"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dynamodb = cls.dynlog.client("dynamodb", key="AKIDEXAMPLE", secret="right")

    def test_right_keys(self):
        name = self.table()
        self.dynamodb.put_item(TableName=name, Item={"pk": s("å b"), "x": s("y" * 100000)})
        other = self.dynlog.client("dynamodb", key="AKIDOTHER", secret="other/right+", region="eu-west-1")
        self.assertIn(name, other.list_tables()["TableNames"])
        functions = self.dynlog.client("lambda", key="AKIDEXAMPLE", secret="right")
        self.refused("ResourceNotFoundException", None, functions.get_function, FunctionName="a-b_c")
        events = self.dynlog.client("events", key="AKIDEXAMPLE", secret="right")
        self.assertEqual(2, len(events.list_event_buses()["EventBuses"]))

    def test_wrong_keys(self):
        wrong = self.dynlog.client("dynamodb", key="AKIDEXAMPLE", secret="wrong")
        answer = self.refused("InvalidSignatureException", None, wrong.list_tables)
        self.assertIn("The request signature we calculated does not match the signature you provided.",
                      answer["Error"]["Message"])
        unknown = self.dynlog.client("dynamodb", key="AKIDNOBODY", secret="right")
        self.refused("UnrecognizedClientException", "The security token included in the request is invalid.",
                     unknown.list_tables)

    def test_aws_cli(self):
        good = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "right"}
        need_aws()
        command = [AWS, "dynamodb", "list-tables", "--endpoint-url", self.dynlog.endpoint]
        self.assertEqual(0, self.dynlog.run(*command, **good).returncode)
        result = self.dynlog.run(*command, **{**good, "AWS_SECRET_ACCESS_KEY": "x"})
        self.assertIn("InvalidSignatureException", result.stderr)

    def test_node_sdk(self):
        name = self.table(range_type="N")
        self.dynlog.node("items.mjs", name, AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="right")

    def test_commands(self):
        good = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "right"}
        result = self.dynlog.command("append", "users", "1", "signup", **good)
        self.assertEqual(0, result.returncode, result.stderr)
        result = self.dynlog.command("append", "users", "1", "signup", **{**good, "AWS_SECRET_ACCESS_KEY": "x"})
        self.assertEqual(1, result.returncode)
        self.assertIn("signature", result.stderr)

    def test_a_file_that_is_wrong(self):
        for text, place in (("[a]\naws_access_key_id = x\n", "line 1"), ("nonsense\n", "line 1")):
            dynlog = Dynlog({"keys": text}, ["--credentials", "keys"])
            try:
                process = dynlog.spawn()
                self.assertEqual(1, process.wait())
                self.assertRegex(process.err.text(), r"keys, %s: " % place)
            finally:
                dynlog.remove()


if __name__ == "__main__":
    unittest.main()
