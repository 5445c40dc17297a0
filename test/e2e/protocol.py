"""What is looked at before an operation, as AWS's front end does: method, content type, JSON, target, signature; web
pages; compressed answers."""

import gzip
import json
import unittest
import zlib

from support.case import Case, n, s
from support.server import SIGNED, Dynlog

CORAL = "com.amazon.coral.service#"
JSON_1_0 = "application/x-amz-json-1.0"
LIST = "DynamoDB_20120810.ListTables"
UNKNOWN = "<UnknownOperationException/>\n"


class Front(Case):
    def ask(self, body=b"{}", target=LIST, type=JSON_1_0, signed=True, method="POST", path="/", **headers):
        """(status, headers, body) of a request; what is None is not sent."""
        given = {"X-Amz-Target": target, "Content-Type": type, **(SIGNED if signed else {}),
                 **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.dynlog.request(method, path, body, {k: v for k, v in given.items() if v is not None})

    def expect(self, name, message=None, status=400, **request):
        """One error of AWS's front end, which has a checksum and an id as every answer."""
        got, headers, body = self.ask(**request)
        answer = json.loads(body)
        self.assertEqual((status, CORAL + name), (got, answer["__type"]), answer)
        if message is not None:
            self.assertEqual(message, answer.get("message", answer.get("Message")))
        self.assertEqual(str(zlib.crc32(body)), headers["x-amz-crc32"])
        self.assertRegex(headers["x-amzn-RequestId"], r"^[0-9A-Za-z-]{20,}$")
        return headers

    def expect_not_found(self, **request):
        status, headers, body = self.ask(**request)
        self.assertEqual((404, UNKNOWN), (status, body.decode()))
        self.assertEqual("3552371480", headers["x-amz-crc32"])  # AWS's of this text
        self.assertIn("x-amzn-RequestId", headers)


class Protocol(Front):
    def test_methods(self):
        status, headers, body = self.ask(method="GET", body=None, target=None, type=None, signed=False)
        self.assertEqual((200, "healthy: dynamodb.us-east-1.amazonaws.com "), (status, body.decode()))
        self.assertEqual(str(zlib.crc32(body)), headers["x-amz-crc32"])
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            with self.subTest(method):
                self.expect_not_found(method=method)

    def test_content_types(self):
        for type in (JSON_1_0, "application/json", " application/json ; charset=utf-8", "Application/X-AMZ-JSON-1.0"):
            with self.subTest(type):
                status, headers, _ = self.ask(type=type)
                self.assertEqual(200, status)
                self.assertEqual(JSON_1_0 if "1.0" in type else "application/json", headers["Content-Type"])
        for type in (None, "", "whatever", "application/jsonasdf", "application/x-amz-json-1.1", "text/plain",
                     "application/x-amz-cbor-1.1", "application/x-www-form-urlencoded"):
            with self.subTest(type):
                self.expect_not_found(type=type)
                self.expect_not_found(type=type, body=b"hi", signed=False)
        events = self.ask(target="AWSEvents.ListEventBuses", type="application/x-amz-json-1.1")
        self.assertEqual((200, "application/x-amz-json-1.1"), (events[0], events[1]["Content-Type"]))

    def test_what_is_no_json(self):
        for body in (b"hi", b"{", b'{"Limit":1,}', b"{} {}", b"\xff", b"[" * 200):
            with self.subTest(body):
                self.expect("SerializationException", body=body)
                self.expect("SerializationException", body=body, target="whatever", signed=False)  # before these
        for body in (b"", b"[]", b"1", b"null"):
            with self.subTest(body):
                self.expect("SerializationException", body=body)

    def test_targets(self):
        for target in (None, "", "whatever", "DynamoDB_20120810", "DynamoDB_20120810.", "DynamoDB_20120810.ListTable",
                       "DynamoDB_20111205.ListTables", "dynamodb_20120810.ListTables",
                       "DynamoDBStreams_20120810.ListTables"):
            with self.subTest(target):
                self.expect("UnknownOperationException", target=target)
                self.expect("UnknownOperationException", target=target, body=b"", signed=False)
        self.expect("UnknownOperationException", target=None, type=None, body=b"")

    def test_no_signature(self):
        missing = ("MissingAuthenticationTokenException", "Request is missing Authentication Token")
        self.expect(*missing, signed=False)
        self.expect(*missing, signed=False, body=b"")
        self.expect(*missing, signed=False, target="DynamoDBStreams_20120810.ListStreams")
        for authorization in ("AWS4", "X", "Basic dXNlcjpwYXNz", "Bearer a.b.c"):
            with self.subTest(authorization):
                self.expect(*missing, signed=False, Authorization=authorization)
                self.expect(*missing, signed=False, Authorization=authorization, path="/?X-Amz-Algorith")
        self.expect(*missing, signed=False,
                    path="/?X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-SignedHeaders=c&X-Amz-Date=d")

    def test_half_a_signature(self):
        self.expect("InvalidSignatureException", "Found both 'X-Amz-Algorithm' as a query-string param and "
                    "'Authorization' as HTTP header.", path="/?X-Amz-Algorithm", Authorization="X")
        message = self.incomplete(Authorization="AWS4-HMAC-SHA256", X_Amz_Date=None)
        for part in ("'Credential' parameter", "'Signature' parameter", "'SignedHeaders' parameter",
                     "existence of either a 'X-Amz-Date' or a 'Date' header"):
            self.assertIn("Authorization header requires %s" % part, message)
        message = self.incomplete(Authorization="AWS4-HMAC-SHA256 Signature=b, Credential=a", X_Amz_Date=None, Date="a")
        self.assertTrue(message.startswith("Authorization header requires 'SignedHeaders' parameter. (Hashed"), message)
        query = "AWS query-string parameters must include '%s'. "
        names = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
        self.expect("IncompleteSignatureException", "".join(query % name for name in names) +
                    "Re-examine the query-string parameters.", signed=False, path="/?X-Amz-Algorithm")
        self.expect("IncompleteSignatureException", query % "X-Amz-SignedHeaders" +
                    "Re-examine the query-string parameters.", signed=False,
                    path="/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-Date=d")

    def incomplete(self, **headers):
        status, _, body = self.ask(**headers)
        answer = json.loads(body)
        self.assertEqual((400, CORAL + "IncompleteSignatureException"), (status, answer["__type"]), answer)
        return answer["message"]

    def test_any_key_signs(self):
        status, _, _ = self.ask(path="/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=any/20200101/r/s/aws4_request"
                                "&X-Amz-Signature=0&X-Amz-SignedHeaders=host&X-Amz-Date=20200101T000000Z", signed=False)
        self.assertEqual(200, status)

    def test_own_questions_need_no_signature(self):
        self.assertEqual(200, self.ask(method="GET", path="/_dynlog/health", signed=False, body=None)[0])

    def test_no_page_is_let_in(self):
        for headers in ({"Origin": "https://app.example.com"}, {"Origin": "null"}):
            for method in ("POST", "OPTIONS"):
                with self.subTest((headers, method)):
                    status, answered, _ = self.ask(method=method, **headers)
                    self.assertEqual((403, None), (status, answered["Access-Control-Allow-Origin"]))
        status, answered, _ = self.ask(Origin="http://localhost:3000")  # as before: asked, but not readable
        self.assertEqual((200, None), (status, answered["Access-Control-Allow-Origin"]))
        self.expect_not_found(method="OPTIONS", Origin="http://localhost:3000")

    def test_compressed_answers(self):
        name = self.table()
        self.dynamodb.put_item(TableName=name, Item={"pk": s("a"), "text": s("x" * 5000)})
        get = json.dumps({"TableName": name, "Key": {"pk": s("a")}}).encode()
        status, headers, body = self.ask(get, "DynamoDB_20120810.GetItem", Accept_Encoding="gzip")
        self.assertEqual((200, "gzip", str(zlib.crc32(body))),
                         (status, headers["Content-Encoding"], headers["x-amz-crc32"]))
        self.assertLess(len(body), 1000)
        self.assertEqual(5000, len(json.loads(gzip.decompress(body))["Item"]["text"]["S"]))
        for accepted in (None, "identity", "br"):
            status, headers, body = self.ask(get, "DynamoDB_20120810.GetItem", Accept_Encoding=accepted)
            self.assertEqual((200, None), (status, headers["Content-Encoding"]))
            self.assertEqual(str(zlib.crc32(body)), headers["x-amz-crc32"])
        status, headers, _ = self.ask(Accept_Encoding="gzip")  # too small to be worth it
        self.assertEqual((200, None), (status, headers["Content-Encoding"]))

    def test_bad_input_writes_nothing(self):
        name = self.table(range_type="N")
        put = {"PutRequest": {"Item": {"pk": s("p"), "sk": n(1)}}}
        for wrong in ({"PutRequest": {"Item": {"pk": s("p"), "sk": s("2")}}}, {"PutRequest": {"Item": {"pk": s("p")}}},
                      {"DeleteRequest": {"Key": {"pk": s("p")}}}, put,
                      {"PutRequest": {"Item": {"pk": s("p"), "sk": n(3), "x": s("x" * 410 * 1024)}}}):
            body = json.dumps({"RequestItems": {name: [put, wrong]}}).encode()
            status, _, answer = self.ask(body, "DynamoDB_20120810.BatchWriteItem")
            self.assertEqual(400, status, answer)
        self.assertEqual(0, self.dynamodb.scan(TableName=name, Select="COUNT")["Count"])


class Credentials(Front):
    files = {"keys": "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = right\n"}
    arguments = ["--credentials", "keys"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dynamodb = cls.dynlog.client("dynamodb", key="AKIDEXAMPLE", secret="right")

    def test_what_is_told_before_the_signature(self):
        self.expect_not_found(signed=False, type="text/plain")
        self.expect("SerializationException", signed=False, body=b"hi")
        self.expect("UnknownOperationException", signed=False, target="whatever")
        self.assertEqual(200, self.ask(method="GET", body=None, signed=False)[0])

    def test_no_signature(self):
        self.expect("MissingAuthenticationTokenException", "Request is missing Authentication Token", signed=False)
        self.expect("MissingAuthenticationTokenException", signed=False, method="GET", path="/_dynlog/status", body=None)
        self.expect("UnrecognizedClientException", "The security token included in the request is invalid.")

    def test_shapes_are_told_behind_it(self):
        self.expect("UnrecognizedClientException", body=b'{"Limit":"a"}')
        self.expect("UnrecognizedClientException", body=b"[]")


class Pages(Front):
    arguments = ["--cors", "*"]

    def test_preflight(self):
        status, headers, body = self.ask(method="OPTIONS", body=None, target=None, type=None, signed=False,
                                         Origin="https://app.example.com", Access_Control_Request_Headers="a, b, c",
                                         Access_Control_Request_Method="POST", Sec_Fetch_Site="cross-site")
        self.assertEqual((200, b""), (status, body))
        for name, value in (("Origin", "*"), ("Headers", "a, b, c"), ("Methods", "POST")):
            self.assertEqual(value, headers["Access-Control-Allow-" + name])
        self.assertEqual(("172800", "0"), (headers["Access-Control-Max-Age"], headers["Content-Length"]))
        status, headers, _ = self.ask(method="OPTIONS", body=None, Origin="null")
        self.assertEqual((200, None), (status, headers["Access-Control-Allow-Headers"]))
        self.expect_not_found(method="OPTIONS")  # of no page

    def test_requests(self):
        for headers in ({"Origin": "https://app.example.com", "Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors"},
                        {"Origin": "http://localhost:3000"}, {"Origin": "null"}):
            with self.subTest(headers):
                status, answered, _ = self.ask(**headers)
                self.assertEqual((200, "*"), (status, answered["Access-Control-Allow-Origin"]))
        headers = self.expect("UnknownOperationException", target="whatever", Origin="https://app.example.com")
        self.assertEqual("*", headers["Access-Control-Allow-Origin"])
        self.assertIsNone(self.ask()[1]["Access-Control-Allow-Origin"])

    def test_what_stays_shut(self):
        origin = {"Origin": "https://app.example.com"}
        self.assertEqual(403, self.ask(method="POST", path="/_dynlog/stop", body=None, **origin)[0])
        self.assertEqual(403, self.ask(method="GET", path="/_dynlog/status", body=None, **origin)[0])
        self.assertEqual(200, self.ask(method="GET", path="/_dynlog/status", body=None, target=None,
                                       Origin="http://localhost:3000")[0])
        self.assertEqual(403, self.ask(Host="evil.example.com", **origin)[0])
        self.assertEqual(403, self.ask(Sec_Fetch_Site="cross-site")[0])  # an image, a script: it names no origin


class SomePages(Front):
    arguments = ["--cors", "https://a.example, http://b.example:3000"]

    def test_which(self):
        for origin, let_in in (("https://a.example", True), ("http://b.example:3000", True),
                               ("http://a.example", False), ("https://a.example:1", False), ("null", False)):
            with self.subTest(origin):
                status, headers, _ = self.ask(Origin=origin)
                self.assertEqual((200, origin, "Origin") if let_in else (403, None, None),
                                 (status, headers["Access-Control-Allow-Origin"], headers["Vary"]))
        status, headers, _ = self.ask(Origin="http://localhost:3000")
        self.assertEqual((200, None), (status, headers["Access-Control-Allow-Origin"]))


class Options(unittest.TestCase):
    def test_what_is_no_origin(self):
        for origins in ("app.example.com", "https://a.example/", "*,https://a.example", ""):
            dynlog = Dynlog({}, ["--cors", origins])
            try:
                process = dynlog.spawn()
                self.assertEqual(2, process.wait())
                self.assertIn("--cors", process.err.text())
            finally:
                dynlog.remove()


if __name__ == "__main__":
    unittest.main()
