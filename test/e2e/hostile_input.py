"""What a hostile client, file or sender puts into a request that is well-formed HTTP: too deep, too many, too long, no
text, or made so that reading it is work. Each is refused with words that say what is wrong, in bounded memory (the
server's, before and after all of them), and the next client is served. What people see of it steers no terminal."""

import base64
import gzip
import io
import json
import os
import sqlite3
import stat
import subprocess
import unittest
import zipfile

from hostile_http import Connection, head, honest
from idle_connections import KEPT_BY_SANITIZER, MB
from support.case import Case, n, s
from support.server import PROGRAM, SANITIZER, Dynlog
from support.terminal import Terminal

PUT, GET, SCAN = ("DynamoDB_20120810." + name for name in ("PutItem", "GetItem", "Scan"))
BOMB = 15 * 1000 * 1000  # most of the 16 MB that a body may have


def item(attributes):
    return '{"TableName":"attacked","Item":{"pk":{"S":"a"},%s}}' % attributes


def nested(levels):
    return '"x":' + '{"L":[' * levels + "]}" * levels


def listed(count, form):
    return ",".join(form % i for i in range(count))


def condition(text, more=""):
    return '{"TableName":"attacked","Item":{"pk":{"S":"a"}},"ConditionExpression":"%s"%s}' % (text, more)


# name -> (operation, body, words of the answer)
BODIES = {
    "depth of items": (PUT, item(nested(33)), "Nesting Levels have exceeded supported limits"),
    "depth of JSON": (PUT, item(nested(100)), "nested too deeply"),
    "depth of a bomb": (PUT, "[" * BOMB, "nested too deeply"),
    "depth of objects": (PUT, '{"a":' * (BOMB // 5), "nested too deeply"),
    "digits": (PUT, item('"x":{"N":"%s"}' % ("1" * 100000)), "Number overflow"),
    "digits, as many as there is room for": (PUT, item('"x":{"N":"%s"}' % ("1" * BOMB)), "Number overflow"),
    "an exponent": (PUT, item('"x":{"N":"1e%s"}' % ("9" * 100000)), "Number overflow"),
    "an exponent below": (PUT, item('"x":{"N":"1e-%s"}' % ("9" * 100000)), "Number underflow"),
    "zeros before a digit": (PUT, item('"x":{"N":"0.%s1"}' % ("0" * BOMB)), "Number underflow"),
    "digits of JSON": (SCAN, '{"TableName":"attacked","Limit":%s}' % ("9" * 100000), "Unexpected value for an integer"),
    "an infinite number": (SCAN, '{"TableName":"attacked","Limit":1e999}', "Unexpected value for an integer"),
    "no number": (SCAN, '{"TableName":"attacked","Limit":NaN}', "not JSON"),
    "a text": (PUT, item('"x":{"S":"%s"}' % ("y" * BOMB)), "Item size has exceeded the maximum allowed size"),
    "a text of escapes": (PUT, item('"x":{"S":"%s"}' % ("\\u0001" * (BOMB // 6))), "Item size has exceeded"),
    "base64": (PUT, item('"x":{"B":"%s"}' % ("A" * BOMB)), "Item size has exceeded"),
    "a million attributes": (PUT, item(listed(700000, '"k%d":{"S":"1"}')), "Item size has exceeded"),
    "a million members": (PUT, "{%s}" % listed(1000000, '"k%d":1'), "tableName"),
    "a million members with one name": (PUT, "{%s}" % ",".join(['"k":1'] * 1000000), "tableName"),
    "millions of empty objects": (PUT, item('"x":{"L":[%s]}' % ",".join(["{}"] * 4000000)), "Supplied AttributeValue is empty"),
    "a set of a million": (PUT, item('"x":{"SS":[%s]}' % listed(1500000, '"%d"')), "Item size has exceeded"),
    "a set of a million numbers": (PUT, item('"x":{"NS":[%s]}' % listed(1200000, '"%d"')), "Item size has exceeded"),
    "a set of one a million times": (PUT, item('"x":{"BS":[%s]}' % ",".join(['"AAAA"'] * 1000000)), "Input collection [AAAA"),
    "names and values of an expression": (
        PUT, condition("#k1 = :k1", ',"ExpressionAttributeNames":{%s},"ExpressionAttributeValues":{%s}' % (
            listed(300000, '"#k%d":"a"'), listed(300000, '":k%d":{"S":"a"}'))), "unused in expressions"),
    "an expression of 4,097 bytes": (PUT, condition("a" * 4097), "Expression size has exceeded the maximum allowed size"),
    "an expression of all bytes": (PUT, condition("(" * BOMB), "Expression size has exceeded the maximum allowed size"),
    "301 operators": (PUT, condition(" OR ".join(["a=b"] * 301)), "too many operators"),
    "2,000 parentheses": (PUT, condition("(" * 2000 + "a=b" + ")" * 2000), "too many operators"),
    "1,000 times NOT": (PUT, condition("NOT " * 1000 + "a=b"), "too many operators"),
    "a path of 1,300 steps": (GET, '{"TableName":"attacked","Key":{"pk":{"S":"a"}},"ProjectionExpression":"a%s"}' % (
        "[0]" * 1300), "too many nesting levels"),
    "an index of many digits": (GET, '{"TableName":"attacked","Key":{"pk":{"S":"a"}},"ProjectionExpression":"a[%s]"}' % (
        "9" * 3000), "ProjectionExpression"),
    "a statement of parentheses": ("DynamoDB_20120810.ExecuteStatement",
                                   '{"Statement":"SELECT * FROM attacked WHERE %s"}' % ("(" * 8000), "inside each"),
    "a statement of lists": ("DynamoDB_20120810.ExecuteStatement",
                             "{\"Statement\":\"INSERT INTO attacked VALUE {'pk':'a','x':%s}\"}" % ("[" * 3900), "inside each"),
    "wildcards": ("AWSEvents.PutRule", json.dumps({"Name": "w", "EventPattern": json.dumps(
        {"detail": {"a": [{"wildcard": "*a" * 100 + "*b"}]}})}), "Rule is too complex"),
    "alternatives of alternatives": ("AWSEvents.PutRule", json.dumps({"Name": "w", "EventPattern": json.dumps({"detail": {
        "p%d" % j: {"$or": [{"a%d" % i: ["x"]} for i in range(8)]} for j in range(8)}})}), "Rule is too complex"),
    "a pattern of 10 MB": ("AWSEvents.PutRule", json.dumps({"Name": "w", "EventPattern": json.dumps(
        {"detail": {"a": ["%d" % i for i in range(900000)]}})}), "validation error"),
    "a cron of a thousand lists": ("AWSEvents.PutRule", json.dumps({
        "Name": "w", "ScheduleExpression": "cron(%s * * * ? *)" % ",".join(["0-59/1"] * 1000)}), "validation error"),
    "a rate of 200 digits": ("AWSEvents.PutRule", json.dumps({"Name": "w", "ScheduleExpression": "rate(%s days)" % ("9" * 200)}),
                             "not valid"),
    "a filter of wildcards": ("Logs_20140328.FilterLogEvents", '{"logGroupName":"g","filterPattern":"%s"}' % ("*a" * 500),
                              "Invalid character"),
    "a filter that backtracks": ("Logs_20140328.FilterLogEvents", '{"logGroupName":"g","filterPattern":"%(a+)+$%"}',
                                 "Invalid filter pattern"),
    "a message above 1 MB": ("AmazonSQS.SendMessage", '{"QueueUrl":"http://localhost/000000000000/q","MessageBody":"%s"}' % (
        "x" * 1100000), "must be shorter"),
}

TEXTS = {  # bytes in a JSON text that is no text
    "no UTF-8": b"\xff\xfe", "cut short": b"a\xc3", "overlong": b"\xc0\x80", "overlong slash": b"\xe0\x80\xaf",
    "a surrogate": b"\xed\xa0\x80", "two surrogates": b"\xed\xa0\x80\xed\xb0\x80", "above Unicode": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80", "a lone escape": b"\\ud800", "a lone low escape": b"\\udc00",
    "escapes in the wrong order": b"\\udc00\\ud800", "half an escape": b"\\ud800\\u0041", "a control": b"\x01",
    "a line end": b"\n", "no escape": b"\\x41", "a cut escape": b"\\u12",
}
PLACES = {  # where such a text may stand
    "a table's name": (PUT, b'{"TableName":"%s","Item":{"pk":{"S":"a"}}}'),
    "a key": (PUT, b'{"TableName":"attacked","Item":{"pk":{"S":"%s"}}}'),
    "an attribute's name": (PUT, b'{"TableName":"attacked","Item":{"pk":{"S":"a"},"%s":{"S":"b"}}}'),
    "an expression": (PUT, b'{"TableName":"attacked","Item":{"pk":{"S":"a"}},"ConditionExpression":"%s"}'),
    "a name of an expression": (PUT, b'{"TableName":"attacked","Item":{"pk":{"S":"a"}},"ConditionExpression":"#a = #a",'
                                     b'"ExpressionAttributeNames":{"#a":"%s"}}'),
    "an event's source": ("AWSEvents.PutEvents", b'{"Entries":[{"Source":"%s","DetailType":"d","Detail":"{}"}]}'),
    "a message": ("AmazonSQS.SendMessage", b'{"QueueUrl":"http://localhost/000000000000/q","MessageBody":"%s"}'),
    "a log group": ("Logs_20140328.CreateLogGroup", b'{"logGroupName":"%s"}'),
}


class Bodies(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table(name="attacked")
        cls.dynlog.client("sqs").create_queue(QueueName="q")
        cls.dynlog.client("logs").create_log_group(logGroupName="g")

    def rss(self):
        with open("/proc/%d/statm" % self.dynlog.process.popen.pid, encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def ask(self, target, body):
        with Connection(self.dynlog.port) as connection:
            body = body if isinstance(body, bytes) else body.encode()
            return connection.send(honest(body, target)).answer()

    def nothing_was_written(self):
        self.assertEqual([], self.dynamodb.scan(TableName="attacked")["Items"])

    def test_bodies(self):
        before = self.rss()
        for name, (target, body, words) in BODIES.items():
            with self.subTest(name):
                status, headers, text = self.ask(target, body)
                self.assertEqual(400, status, text[:300])
                self.assertIn(words, text.decode(), name)
                self.assertNotIn("connection", headers)  # it was a request
        kept = self.rss() - before
        print("\n%d MB more after %d MB of hostile bodies" % (kept / MB, sum(len(row[1]) for row in BODIES.values()) / MB))
        self.assertLess(kept, 100 * MB + KEPT_BY_SANITIZER)
        self.nothing_was_written()

    def test_many_at_once_stay_within_memory(self):
        """20 bodies of 15 MB that are read at the same time, each to be refused by its operation."""
        before = self.rss()
        body = item('"x":{"S":"%s"}' % ("y" * BOMB)).encode()
        connections = [Connection(self.dynlog.port) for _ in range(20)]
        for connection in connections:
            connection.send(honest(body, PUT)[:-1])
        for connection in connections:
            self.assertEqual(400, connection.send(b"}").answer()[0])
            connection.__exit__()
        kept = self.rss() - before
        print("\n%d MB more after 20 bodies of 15 MB at once" % (kept / MB))
        self.assertLess(kept, 100 * MB + KEPT_BY_SANITIZER)

    def test_texts_that_are_none(self):
        for place, (target, form) in PLACES.items():
            for name, text in TEXTS.items():
                status, _, answer = self.ask(target, form % text)
                self.assertEqual(400, status, (place, name, answer))
                self.assertIn(b"is not JSON", answer, (place, name))
        self.nothing_was_written()

    def test_bodies_in_other_encodings(self):
        good = '{"TableName":"attacked","Item":{"pk":{"S":"a"}}}'
        for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7"):
            data = good.encode(encoding) if encoding != "utf-7" else good.replace('"', "+ACI-").encode()
            status, _, answer = self.ask(PUT, data)
            self.assertEqual(400, status, encoding)
            self.assertIn(b"is not JSON", answer)
        self.nothing_was_written()

    def test_names_that_are_paths(self):
        functions = self.dynlog.client("lambda")
        for name in ("../../etc/passwd", "a/../../b", "..", "/etc", "a\0b", "%2e%2e%2f", "a\x1b[2J"):
            for target, form in ((PUT, {"TableName": name, "Item": {"pk": {"S": "a"}}}),
                                 ("AmazonSQS.CreateQueue", {"QueueName": name}), ("AWSEvents.CreateEventBus", {"Name": name})):
                status, _, answer = self.ask(target, json.dumps(form))
                # an event bus may be called so by AWS's pattern, and is a key of the store like any other
                self.assertIn(status, (400,) if target != "AWSEvents.CreateEventBus" else (200, 400), (name, answer))
        for path in ("/2015-03-31/functions/..%2f..%2fetc", "/2015-03-31/functions/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                     "/../../etc/passwd", "/_dynlog/../../etc/passwd", "/2015-03-31/functions/%00", "/2015-03-31/functions/%ff"):
            status, _, body = self.dynlog.request("GET", path)
            self.assertIn(status, (400, 404), path)
            self.assertNotIn(b"root:", body)
        self.refused("ValidationException", "dynlog does not support S3Bucket yet", functions.create_function, FunctionName="zip", Role="arn:aws:iam::000000000000:role/r",
                     Runtime="python3.12", Handler="a.b", Code={"S3Bucket": "../..", "S3Key": "../../etc/passwd"})

    def test_changes_in_a_row(self):
        """Pipelined changes of one thing: each waits for the one before it, which replaces what it names."""
        calls = [("AWSEvents.CreateEventBus", {"Name": "rows"})]
        for i in range(6):
            calls.append(("AWSEvents.PutPermission", {"EventBusName": "rows", "Action": "events:PutEvents", "Principal": "*",
                                                      "StatementId": "s%d" % i}))
            calls.append(("AWSEvents.PutRule", {"EventBusName": "rows", "Name": "r%d" % i, "EventPattern": '{"source":["a"]}'}))
        calls += [("AWSEvents.DeleteRule", {"EventBusName": "rows", "Name": "r%d" % i}) for i in range(6)]
        calls += [("AWSEvents.RemovePermission", {"EventBusName": "rows", "StatementId": "s%d" % i}) for i in range(6)]
        with Connection(self.dynlog.port) as connection:
            connection.send(b"".join(honest(json.dumps(body).encode(), target) for target, body in calls[:1]))
            self.assertEqual(200, connection.answer()[0])
            connection.send(b"".join(honest(json.dumps(body).encode(), target) for target, body in calls[1:]))
            for target, _ in calls[1:]:
                self.assertEqual(200, connection.answer()[0], target)

    # ---- compressed ----

    def test_gzip_bodies(self):
        good = b'{"TableName":"attacked","Item":{"pk":{"S":"zipped"}}}'
        bomb = gzip.compress(b" " * (200 * MB), 9)
        rows = {
            "a bomb": (bomb, 413), "a bomb of members": (gzip.compress(b" " * MB, 9) * 200, 413),
            "a bomb in a bomb": (gzip.compress(bomb), 400), "cut": (gzip.compress(good)[:-5], 400),
            "a wrong sum": (gzip.compress(good)[:-8] + b"\0" * 8, 400), "something behind": (gzip.compress(good) + b"x", 400),
            "deflate": (__import__("zlib").compress(good), 400), "empty members": (gzip.compress(b"") * 100000, 400),
            "a name without end": (b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"a" * 100000, 400),
        }
        before = self.rss()
        for name, (body, status) in rows.items():
            with self.subTest(name), Connection(self.dynlog.port) as connection:
                connection.send(head("Content-Length: %d" % len(body), "Content-Encoding: gzip", target=PUT) + body)
                self.assertEqual(status, connection.answer()[0])
        self.assertLess(self.rss() - before, 64 * MB + KEPT_BY_SANITIZER)
        self.nothing_was_written()

    def create(self, name, code):
        return self.dynlog.client("lambda").create_function(
            FunctionName=name, Role="arn:aws:iam::000000000000:role/r", Runtime="python3.12", Handler="a.b", Code={"ZipFile": code})

    def test_zips(self):
        def zipped(*entries):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
                for name, text, mode in entries:
                    info = zipfile.ZipInfo(name)
                    info.external_attr = mode << 16
                    info.compress_type = zipfile.ZIP_DEFLATED
                    file.writestr(info, text)
            return out.getvalue()

        plain, link = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777
        rows = {
            "a bomb": zipped(*(("a%d.py" % i, b"\0" * (30 * MB), plain) for i in range(10))),
            "a link out": zipped(("a.py", "/etc/passwd", link)), "a link up": zipped(("d", "../..", link), ("d/a.py", "x", plain)),
            "up and down": zipped(("d/../../a.py", "x", plain)),
            "a device": zipped(("a.py", "", stat.S_IFCHR | 0o644)), "a pipe": zipped(("a.py", "", stat.S_IFIFO | 0o644)),
            "a file that is a folder": zipped(("a", "x", plain), ("a/b.py", "x", plain)),
        }
        before = self.rss()
        for name, code in rows.items():
            with self.subTest(name):
                answer = self.refused("InvalidParameterValueException", None, self.create, "zip", code)
                self.assertTrue(answer["Error"]["Message"])
        folder = self.dynlog.path(".dynlog", "functions")
        self.assertFalse([name for name in os.listdir(folder) if name.startswith("new-")] if os.path.isdir(folder) else [])
        self.assertFalse(os.path.exists(self.dynlog.path("a.py")))
        self.assertLess(self.rss() - before, 100 * MB + KEPT_BY_SANITIZER)

    # ---- events that are work for patterns ----

    def test_patterns_do_not_backtrack(self):
        """The hardest wildcards that are taken, on the longest texts that an event has."""
        events = self.dynlog.client("events")
        for name, pattern in (("hard", "*a*b"), ("prefix", "a*b")):
            events.put_rule(Name=name, EventPattern=json.dumps({"detail": {"a": [{"wildcard": pattern}]}}))
            events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"}])
        detail = json.dumps({"a": "a" * 250000})
        for _ in range(20):
            self.assertEqual(0, events.put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": detail}])["FailedEntryCount"])


class Stacks(unittest.TestCase):
    """Stack files: each is refused at its place, quickly, or costs nothing."""
    FILES = {
        "laughs": ("serverless.yml", "service: a\ncustom:\n  a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n" + "".join(
            "  a%d: &a%d [%s]\n" % (i, i, ",".join(["*a%d" % (i - 1)] * 9)) for i in range(1, 12)) +
            "functions:\n  f:\n    handler: a.b\n    environment:\n      X: ${self:custom.a11}\n", r"serverless\.yml:\d+:\d+: "),
        "an alias of itself": ("serverless.yml", "service: a\ncustom: &a\n  b: *a\n", r"serverless\.yml:3:6: \*a: expected an anchor"),
        "depth": ("serverless.yml", "service: a\ncustom: " + "[" * 100000, r"at most 64 lists and mappings"),
        "a variable of itself": ("serverless.yml", "service: a\ncustom:\n  a: ${self:custom.b}\n  b: ${self:custom.a}\nfunctions:\n"
                                 "  f:\n    handler: ${self:custom.a}\n", r"a variable leads back to itself"),
        "variables that double": ("serverless.yml", "service: a\ncustom:\n  a0: xxxxxxxxxx\n" + "".join(
            "  a%d: %s\n" % (i, "${self:custom.a%d}" % (i - 1) * 9) for i in range(1, 14)) +
            "functions:\n  f:\n    handler: ${self:custom.a13}\n", r"a text of at most 262144 bytes"),
        "variables inside each other": ("serverless.yml", "service: " + "${env:A, " * 5000 + "'x'" + "}" * 5000 + "\n", r"at most 32"),
        "no text": ("serverless.yml", b"service: \xff\xfe\n", r"expected UTF-8 text"),
        "5 MB": ("serverless.yml", "service: a\nx: " + "y" * 5000000 + "\n", r"at most 4194304 bytes"),
        "references in a ring": ("template.yaml", '{"Resources":{"A":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Ref":"B"}}},'
                                 '"B":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Ref":"A"}}}}}', r"lead to each other"),
        "joins in joins": ("template.yaml", '{"Resources":{"A":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":' +
                           '{"Fn::Join":["",[' * 3000 + '"a"' + "]]}" * 3000 + "}}}}", r"at most 64"),
        "conditions in a ring": ("template.yaml", "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\nResources:\n  Q:\n"
                                 "    Type: AWS::SQS::Queue\n    Condition: A\n", r"lead to each other"),
        "a Sub of 80 MB": ("template.yaml", "Parameters:\n  P:\n    Type: String\n    Default: " + "x" * 4000 + "\nResources:\n  Q:\n"
                           "    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Sub \"" + "${P}" * 20000 + "\"\n",
                           r"at most 262144 bytes"),
    }

    def test_files(self):
        for name, (path, text, words) in self.FILES.items():
            dynlog = Dynlog()
            try:
                with open(dynlog.path(path), "wb") as file:
                    file.write(text if isinstance(text, bytes) else text.encode())
                with self.subTest(name):
                    process = dynlog.spawn("--memory")
                    self.assertEqual(1, process.wait())
                    self.assertRegex(process.err.text(), words)
                    self.assertIsNone(SANITIZER.search(process.err.text()))
            finally:
                dynlog.remove()


STEER = "\x1b]0;owned\x07\x1b[2J\x1b[?25l\u009b31m\u202e"


class People(Case):
    """On a terminal."""

    def terminal(self, *arguments):
        return Terminal([PROGRAM, *arguments], self.dynlog.work, self.dynlog.client_environment(NO_COLOR="1"))

    def expect_harmless(self, raw):
        for wrong in ("\x07", "\x1b]", "\x1b[2J", "\u009b", "\u202e", "owned\x1b"):
            self.assertNotIn(wrong, raw)

    def test_commands(self):
        self.dynamodb.put_item(TableName="local-core", Item={"pk": s("evil" + STEER), "sk": s("a"), STEER: s(STEER)})
        self.dynamodb.put_item(TableName="local-dynamodb-logs", Item={
            "pk": s("us" + STEER + "#1#stream"), "sk": n(1), "type": s("t" + STEER), "log": s("us" + STEER),
            "payload": {"M": {"id": s(STEER)}}})
        logs = self.dynlog.client("logs")
        logs.create_log_group(logGroupName="/g")
        logs.create_log_stream(logGroupName="/g", logStreamName="s")
        logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=[
            {"timestamp": int(__import__("time").time() * 1000), "message": "m" + STEER}])
        for arguments in (("scan", "local-core"), ("query", "local-core", "evil" + STEER), ("logs", "/g"), ("scan", STEER),
                          ("get", "local-core", "evil" + STEER, "a"), ("streams", "us" + STEER), ("archive", "show"), (STEER,),
                          ("journey", STEER), ("status",), ("replay", "--from", STEER)):
            with self.terminal(*arguments) as terminal:
                terminal.end()
                terminal.text()
                self.expect_harmless(terminal.raw)
        with self.terminal("tail", "--from", "start") as terminal:
            terminal.wait("owned")
            self.expect_harmless(terminal.raw)

    def test_what_handlers_print(self):
        """Of the server's own output: a handler prints what somebody sent to it. Its colours stay."""
        server = Dynlog({"serverless.yml": "service: p\nfunctions:\n  prints:\n    handler: p.handle\n    name: prints\n"
                                           "    runtime: python3.11\n",
                         "p.py": "def handle(event, context):\n    print('\\x1b[32mgot\\x1b[0m ' + event)\n"})
        try:
            with Terminal([PROGRAM, "start", "--memory", "--port", "0", "--events-port", "0", "--lambda-port", "0"],
                          server.work, server.environment()) as terminal:
                server.port = int(terminal.wait(r"ports +(\d+)").group(1))
                terminal.wait("list-tables")
                server.client("lambda").invoke(FunctionName="prints", Payload=json.dumps(STEER + "end"))
                terminal.wait("REPORT")
                self.expect_harmless(terminal.raw)
                self.assertIn("\x1b[32mgot\x1b[0m \ufffd]0;owned", terminal.raw)
                terminal.send("\x03")
                terminal.end()
        finally:
            server.remove()


class Commands(Case):
    """Files and pipes that the commands read."""

    def test_lines_without_end(self):
        """A line of hundreds of megabytes on standard input: refused when it is longer than an event can be."""
        process = subprocess.Popen([PROGRAM, "append", "--file", "-"], cwd=self.dynlog.work, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.dynlog.client_environment())
        peak = 0
        try:
            for _ in range(300):
                process.stdin.write(b"x" * MB)
                with open("/proc/%d/statm" % process.pid, encoding="ascii") as file:
                    words = file.read().split()
                    peak = max(peak, int(words[1]) * os.sysconf("SC_PAGESIZE") if words else 0)
        except (BrokenPipeError, FileNotFoundError):
            pass  # it has read enough
        try:
            _, errors = process.communicate()
        except (BrokenPipeError, ValueError):
            errors = process.stderr.read()
        process.wait()
        self.assertIn(process.returncode, (1, 2), errors)
        self.assertRegex(errors.decode(), r"line 1 of standard input: it has more than 16 MB")
        print("\n%d MB for a line of 300 MB" % (peak / MB))
        self.assertLess(peak, 150 * MB + KEPT_BY_SANITIZER)

    def test_archives_that_lie(self):
        """SQLite files that are none, are damaged, have another scheme, or views that never end."""
        def database(*statements):
            path = self.dynlog.path("lie.db")
            if os.path.exists(path):
                os.remove(path)
            connection = sqlite3.connect(path)
            for statement in statements:
                connection.execute(statement)
            connection.commit()
            connection.close()
            with open(path, "rb") as file:
                return file.read()

        endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS id FROM c"
        good = database("CREATE TABLE events (id TEXT, log TEXT)", *("INSERT INTO events VALUES ('%d', 'a')" % i for i in range(500)))
        rows = {
            "text": b"hello" * 1000, "a head alone": b"SQLite format 3\0" + os.urandom(100), "noise": b"SQLite format 3\0" + b"\xff" * 8192,
            "cut": good[:5000], "zeros inside": good[:4096] + b"\0" * (len(good) - 4096), "no table": database("CREATE TABLE x (a)"),
            "another table": good, "a view without end": database("CREATE VIEW events AS " + endless),
        }
        for name, content in rows.items():
            with open(self.dynlog.path("lie.db"), "wb") as file:
                file.write(content)
            for command in (("archive", "show", "--archive", "lie.db"), ("archive", "list", "--archive", "lie.db"),
                            ("replay", "--from", "db", "--archive", "lie.db", "--to", "table", "--to-table", "fresh", "--create")):
                with self.subTest(name, command=command):
                    result = self.dynlog.command(*command)
                    self.assertEqual(1, result.returncode, result)
                    self.assertIn("lie.db", result.stderr)
                    self.assertEqual("", result.stdout)

    def test_lines_that_are_no_events(self):
        for text in ("[" * 100000, '{"log":"a","id":"1","type":"t","payload":%s}' % ('{"a":' * 200 + "1" + "}" * 200), "\xff", "null",
                     '{"log":"a","id":"1","type":"t","payload":{"n":%s}}' % ("9" * 100000), '{"log":"a\\ud800"}', "{}\0"):
            result = self.dynlog.command("append", "--file", "-", text=text + "\n")
            self.assertIn(result.returncode, (1, 2), (text[:40], result))
            self.assertRegex(result.stderr, r"line 1( of standard input)?: ", text[:40])


if __name__ == "__main__":
    unittest.main()
