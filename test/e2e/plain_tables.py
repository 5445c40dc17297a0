"""Plain tables from the command line - tables, query, scan, get, put, update, delete - with boto3 beside them: what
the commands print is what boto3 reads. And the questions of `dynlog query` in a pseudo terminal."""

import base64
import json
import re
import signal
import subprocess
import termios
import unittest

from decimal import Decimal

from boto3.dynamodb.types import Binary, TypeDeserializer

from support.case import Case, n, s
from support.server import PROGRAM, WAIT_S
from support.terminal import CONTROL_C, DOWN, ENTER, ESCAPE, Terminal

DONE, FAILED, USAGE, LOST_RACE, UNREACHABLE = range(5)
EVERYTHING = {
    "pk": s("all"), "sk": n(1), "text": s("å \" \\ \u0001"), "number": n("12345678901234567890123456789012345678"),
    "small": n("-1E-130"), "binary": {"B": b"\x00\xffhello"}, "yes": {"BOOL": True}, "nothing": {"NULL": True},
    "list": {"L": [n(1), s("x"), {"L": []}, {"M": {}}]}, "map": {"M": {"a.b": {"M": {"$binary": s("aA==")}}}},
    "strings": {"SS": ["b", "a"]}, "numbers": {"NS": ["1", "2.5"]}, "binaries": {"BS": [b"a", b"b"]},
    "$odd name": s("x"),
}


def plain(value):
    """A value of boto3's resources as the commands print it, sets sorted."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Binary):
        return {"$binary": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, set):
        first = next(iter(value))
        kind = "$stringSet" if isinstance(first, str) else "$numberSet" if isinstance(first, Decimal) else "$binarySet"
        return {kind: sorted((plain(each)["$binary"] if kind == "$binarySet" else each) for each in value)}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        members = {name: plain(each) for name, each in value.items()}
        looks = len(members) == 1 and next(iter(members)) in ("$binary", "$stringSet", "$numberSet", "$binarySet",
                                                              "$map")
        return {"$map": members} if looks else members
    return value


def plain_item(item):
    deserializer = TypeDeserializer()
    return {name: plain(deserializer.deserialize(value)) for name, value in item.items()}


def sort_sets(value):
    if isinstance(value, list):
        return [sort_sets(each) for each in value]
    if isinstance(value, dict):
        return {name: sorted(each) if name in ("$stringSet", "$numberSet", "$binarySet") else sort_sets(each)
                for name, each in value.items()}
    return value


class PlainTables(Case):
    def run_command(self, status, *arguments, **more):
        result = self.dynlog.command(*arguments, **more)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in result.stdout.splitlines()]

    def failing(self, status, *arguments, **more):
        result = self.dynlog.command(*arguments, **more)
        self.assertEqual((status, ""), (result.returncode, result.stdout), result.stderr)
        return result.stderr

    def terminal(self, *arguments, term="xterm"):
        return Terminal([PROGRAM, *arguments], self.dynlog.work, self.dynlog.client_environment(NO_COLOR="1"), term=term)

    def people(self, *arguments):
        """What a command shows on a terminal."""
        with self.terminal(*arguments) as terminal:
            self.assertEqual(0, terminal.end(), terminal.text())
            self.raw = terminal.raw
            return terminal.text()

    def events(self, count=10):
        """A table with items of two partition keys; its name."""
        name = self.table(range_type="N")
        for entity in ("a", "b"):
            for version in range(1, count + 1):
                self.dynamodb.put_item(TableName=name, Item={
                    "pk": s(entity), "sk": n(version), "type": s("signup" if version == 1 else "moved"),
                    "payload": {"M": {"age": n(version), "name": s("n%d" % version)}}})
        return name

    # ---- reading ----

    def test_items_are_those_that_boto3_reads(self):
        name = self.table(range_type="N")
        self.dynamodb.put_item(TableName=name, Item=EVERYTHING)
        read = self.dynamodb.get_item(TableName=name, Key={"pk": s("all"), "sk": n(1)})["Item"]
        for line in (self.run_command(DONE, "get", name, "pk=all", "sk=1"),
                     self.run_command(DONE, "query", name, "all"), self.run_command(DONE, "scan", name)):
            self.assertEqual([plain_item(read)], sort_sets(line))
            self.assertEqual(["pk", "sk"], list(line[0])[:2])
        # back again, in either form, into other tables
        for form in ([], ["--dynamodb-json"]):
            other = self.table(range_type="N")
            lines = self.dynlog.command("scan", name, *form).stdout
            self.assertEqual([{"written": 1, "failed": 0}], self.run_command(DONE, "put", other, "-", *form, text=lines))
            self.assertEqual(read, self.dynamodb.get_item(TableName=other, Key={"pk": s("all"), "sk": n(1)})["Item"])

    def test_key_conditions(self):
        name = self.events()
        for words, expected in ((["pk=a"], range(1, 11)), (["a", "3"], [3]), (["pk=a", "sk>=8"], [8, 9, 10]),
                                (["pk=a", "sk < 3"], [1, 2]), (["pk=a", "sk=2..4"], [2, 3, 4]),
                                (["pk=a", "sk=9.."], [9, 10]), (["pk=a", "sk=..2", "--backward"], [2, 1]),
                                (["pk=a", "--limit", "2", "--backward", "--consistent"], [10, 9]), (["pk=c"], [])):
            lines = self.run_command(DONE, "query", name, *words)
            self.assertEqual([("a", version) for version in expected], [(line["pk"], line["sk"]) for line in lines])
        by_text = self.table(range_type="S")
        for sk in ("2026-01", "2026-02", "2027-01", "x..y"):
            self.dynamodb.put_item(TableName=by_text, Item={"pk": s("a"), "sk": s(sk)})
        for word, expected in (("sk^=2026-", ["2026-01", "2026-02"]), ("sk==x..y", ["x..y"]),
                               ("sk=2026-02..2027-01", ["2026-02", "2027-01"])):
            self.assertEqual(expected, [line["sk"] for line in self.run_command(DONE, "query", by_text, "a", word)])

    def test_filters(self):
        name = self.events()
        for filter_, expected in (
                ('type = "signup"', [1, 1]), ("type = 'moved' and payload.age > 9", [10, 10]),
                ("payload.name in (\"n2\", 'n3') and pk = 'a'", [2, 3]), ("not (sk between 2 and 10)", [1, 1]),
                ("payload.name ^= 'n1' and pk <> \"b\"", [1, 10]), ("missing(other) && sk == 5", [5, 5]),
                ("contains(payload.name, '7') or size(type) = 0", [7, 7]), ("exists(`payload`.`nothing`)", [])):
            lines = self.run_command(DONE, "scan", name, "--filter", filter_)
            self.assertEqual(sorted(expected), sorted(line["sk"] for line in lines), filter_)
        self.assertEqual([4, 5], [line["sk"] for line in self.run_command(
            DONE, "query", name, "a", "--filter", "payload.age >= 4", "--limit", "2")])
        self.assertEqual([{"sk": 1, "payload": {"name": "n1"}}], self.run_command(
            DONE, "query", name, "a", "1", "--attributes", "sk, payload.name"))

    def test_pages_and_counts(self):
        name = self.table(range_type="N")
        lines = "".join('{"pk":"p","sk":%d,"text":"%s"}\n' % (i, "x" * 30000) for i in range(100))
        self.assertEqual([{"written": 100, "failed": 0}], self.run_command(DONE, "put", name, "-", text=lines))
        read = self.run_command(DONE, "query", name, "p")  # three pages of 1 MB
        self.assertEqual(list(range(100)), [line["sk"] for line in read])
        self.assertEqual([[100, 100]], [[line["count"], line["lookedAt"]] for line in self.run_command(
            DONE, "scan", name, "--count", "--consistent")])
        count = self.run_command(DONE, "query", name, "p", "--count", "--filter", "text ^= 'y'")[0]
        self.assertEqual((0, 100), (count["count"], count["lookedAt"]))
        segments = self.run_command(DONE, "scan", name, "--segments", "4")
        self.assertEqual(list(range(100)), sorted(line["sk"] for line in segments))
        self.assertEqual(7, len(self.run_command(DONE, "scan", name, "--segments", "3", "--limit", "7")))
        # page by page, as an answer's --start says
        found, start = [], []
        while True:
            text = self.people("query", name, "p", "--attributes", "pk,sk", "--limit", "30", *start)
            rows = re.findall(r"^p +(\d+)$", text, re.M)
            found += [int(row) for row in rows]
            more = re.search(r"There is more: --start '(.*)'", text)
            if more is None:
                break
            start = ["--start", more.group(1)]
        self.assertEqual(list(range(100)), found)

    def test_indexes(self):
        name = "indexed"
        self.dynamodb.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": a, "AttributeType": t} for a, t in
                                  (("pk", "S"), ("mail", "S"), ("age", "N"))],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[{"IndexName": "by-mail", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [
                {"AttributeName": "mail", "KeyType": "HASH"}, {"AttributeName": "age", "KeyType": "RANGE"}]}])
        for i in range(5):
            self.dynamodb.put_item(TableName=name, Item={"pk": s("u%d" % i), "mail": s("m"), "age": n(i)})
        lines = self.run_command(DONE, "query", name, "mail=m", "age=1..3", "--index", "by-mail")
        self.assertEqual(["u1", "u2", "u3"], [line["pk"] for line in lines])
        self.assertEqual(["mail", "age", "pk"], list(lines[0]))
        self.assertEqual(5, len(self.run_command(DONE, "scan", name, "--index", "by-mail")))
        self.assertIn("by-mail", self.failing(FAILED, "query", name, "m", "--index", "by-male"))
        self.assertIn("global index", self.failing(USAGE, "query", name, "m", "--index", "by-mail", "--consistent"))
        table = self.run_command(DONE, "tables", name)[0]
        self.assertEqual(("indexed", 5, [{"name": "pk", "type": "S", "part": "partition"}]),
                         (table["name"], table["items"], table["key"]))
        self.assertEqual(("by-mail", "global"), (table["indexes"][0]["name"], table["indexes"][0]["kind"]))
        self.assertIn("indexed", [line["name"] for line in self.run_command(DONE, "tables")])

    # ---- writing ----

    def test_put(self):
        name = self.table()
        self.run_command(DONE, "put", name, '{"pk":"a","n":1}')
        self.run_command(DONE, "put", name, '{"pk":{"S":"b"},"n":{"N":"2"}}', "--dynamodb-json")
        message = self.failing_put(LOST_RACE, name, '{"pk":"a","n":2}', "--if-absent")
        self.assertIn("an item with this key is there already", message)
        self.failing_put(LOST_RACE, name, '{"pk":"a","n":2}', "--condition", "n > 1")
        self.run_command(DONE, "put", name, '{"pk":"a","n":3}', "--condition", "n = 1")
        items = {item["pk"]["S"]: item["n"]["N"] for item in self.dynamodb.scan(TableName=name)["Items"]}
        self.assertEqual({"a": "3", "b": "2"}, items)
        for item, words in (('{"pk":1}', "the key's pk is text, not a number"), ("{}", "it has no pk"), ("[]", "object"),
                            ("{no", "JSON"), ('{"pk":{"S":"a"}}', "--dynamodb-json")):
            self.assertIn(words, self.failing(USAGE, "put", name, item), item)
        large = '{"pk":"large","text":"%s"}'
        self.assertIn("400 KB", self.failing_put(FAILED, name, "-", text=large % ("x" * (400 * 1024))))
        self.assertEqual("", self.failing_put(DONE, name, "-", text=large % ("x" * (399 * 1024))))
        self.assertIn("ITEM is missing", self.failing(USAGE, "put", name))

    def failing_put(self, status, *arguments, **more):
        result = self.dynlog.command("put", *arguments, **more)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        return result.stderr

    def test_put_many(self):
        name = self.table(range_type="N")
        lines = ['{"pk":"a","sk":%d}' % i for i in range(1000)]
        bad = {10: '{"pk":"a"}', 20: '{"pk":"a","sk":"x"}', 30: "{", 40: '{"pk":"a","sk":1,"s":{"$stringSet":[]}}'}
        mixed = "\n".join(bad.get(i, line) for i, line in enumerate(lines, 1)) + "\n"
        path = self.dynlog.write("items.jsonl", mixed)
        message = self.failing(FAILED, "put", name, "--file", path)
        self.assertIn("4 of 1,000 cannot be put: nothing was written", message)
        self.assertEqual(0, self.dynamodb.scan(TableName=name)["Count"])
        result = self.dynlog.command("put", name, "-", text=mixed)
        self.assertEqual((FAILED, '{"written":996,"failed":4}\n'), (result.returncode, result.stdout))
        self.assertEqual(sorted(bad), [int(line) for line in re.findall(r"Line (\d+):", result.stderr)])
        self.assertEqual(996, self.dynamodb.scan(TableName=name)["Count"])
        path = self.dynlog.write("items.jsonl", "\n".join(lines))
        result = self.dynlog.command("put", name, "--file", path, "--if-absent")
        self.assertEqual((LOST_RACE, '{"written":4,"failed":996}\n'), (result.returncode, result.stdout))
        self.assertIn("cannot be read", self.failing(FAILED, "put", name, "--file", "nowhere"))

    def test_the_later_of_two_stays(self):
        name = self.table()
        text = "".join('{"pk":"p%d","n":%d}\n' % (i % 7, i) for i in range(100))
        self.run_command(DONE, "put", name, "-", text=text)
        items = {item["pk"]["S"]: int(item["n"]["N"]) for item in self.dynamodb.scan(TableName=name)["Items"]}
        self.assertEqual({"p%d" % (i % 7): i for i in range(93, 100)}, items)

    def test_update_and_delete(self):
        name = self.table()
        line = self.run_command(DONE, "update", name, "a", "--set", 'name = "Ann", visits = if_not_exists(visits, 0) + 1',
                                "--add", 'tags {"$stringSet":["x","y"]}')
        self.assertEqual([{"pk": "a", "name": "Ann", "visits": 1, "tags": {"$stringSet": ["x", "y"]}}], sort_sets(line))
        line = self.run_command(DONE, "update", name, "pk=a", "--set", "visits = visits - 3", "--delete",
                                'tags {"$stringSet":["x"]}', "--remove", "name", "--condition", "visits = 1")
        self.assertEqual([{"pk": "a", "visits": -2, "tags": {"$stringSet": ["y"]}}], line)
        self.failing(LOST_RACE, "update", name, "a", "--set", "visits = 0", "--condition", "visits = 1")
        self.assertIn("What is to change?", self.failing(USAGE, "update", name, "a"))
        self.failing(LOST_RACE, "delete", name, "a", "--condition", "visits = 1")
        self.assertEqual([-2], [line["visits"] for line in self.run_command(DONE, "delete", name, "a")])
        self.assertEqual([], self.run_command(DONE, "delete", name, "a"))
        self.assertIn("no such item", self.failing(FAILED, "get", name, "a"))

    # ---- what is said ----

    def test_wrong_command_lines(self):
        name = self.events(1)
        for arguments, words in (
                (["query", name, "kp=1"], 'no attribute "kp": it is pk (text) and sk (a number)'),
                (["query", name, "pk=a", "sk=x"], 'sk is a number, not "x"'), (["query", name], "dynlog scan"),
                (["query", name, "a", "--filter", "sk = 1"], "sk is the key's"), (["query"], "TABLE is missing"),
                (["scan", name, "--filter", "type = = 1"], "At character 8"), (["scan", name, "--start", "x"], "JSON"),
                (["scan", name, "--attributes", "a,,b"], "--attributes"), (["get", name, "a"], "sk is missing"),
                (["scan", name, "--segments", "2", "--start", "{}"], "--segments"),
                (["scan", name, "--count", "--limit", "1"], "--count"), (["get", name, "a", "sk>1"], "dynlog query")):
            self.assertIn(words, self.failing(USAGE, *arguments), arguments)

    def test_no_such_table(self):
        for arguments in (["query", "local-cor", "pk=a"], ["scan", "local-cor"], ["get", "local-cor", "a"],
                          ["put", "local-cor", '{"pk":"a"}'], ["tables", "local-cor"]):
            message = self.failing(FAILED, *arguments)
            self.assertIn("There is no table local-cor", message)
            self.assertIn("Did you mean local-core?", message)

    def test_reading_into_a_closed_pipe(self):
        name = self.events()
        result = self.dynlog.run("sh", "-c", '"$0" scan "$1" | head -n 1', PROGRAM, name)
        self.assertEqual((0, ""), (result.returncode, result.stderr))

    # ---- on a terminal ----

    def test_a_table_in_80_columns(self):
        name = self.events(3)
        self.dynamodb.put_item(TableName=name, Item={"pk": s("a"), "sk": n(9), "x": s("\u001b[31m" + "y" * 200)})
        text = self.people("query", name, "a")
        self.assertLessEqual(max(len(line) for line in text.splitlines()), 80, text)
        self.assertNotIn("\x1b[31m", self.raw)
        self.assertRegex(text, r"^pk +sk +type +payload")
        self.assertIn("4 items, 0.5 read units", text)
        self.assertIn('"age": 2', self.people("get", name, "a", "2", "--attributes", "payload", "--json").replace(":", ": "))
        self.assertIn('  "type": "moved",\n', self.people("get", name, "a", "2"))
        self.assertEqual("4 items, 0.5 read units\n", self.people("query", name, "a", "--count"))
        self.assertRegex(self.people("scan", name, "--long"), r'(?m)^\{\n  "pk": "a",\n')
        self.assertIn("y" * 200, self.people("query", name, "a", "--wide"))
        self.assertRegex(self.people("tables"), r"TABLE +ITEMS +SIZE +KEY +INDEXES")
        self.assertIn("pk (text) and sk (a number)", self.people("tables", name))

    def test_questions(self):
        name = "asked"
        self.table(range_type="N", name=name)
        for i in range(40):
            self.dynamodb.put_item(TableName=name, Item={"pk": s("p%d" % (i % 2)), "sk": n(i), "even": {"BOOL": i % 4 == 0}})
        with self.terminal("query") as terminal:
            def press(keys, pattern):
                terminal.send(keys)
                return terminal.wait(pattern)

            terminal.wait("Esc goes back")
            press("ask", "Table: ask")
            press(ENTER, "pk: ")
            terminal.wait("p0")             # what is there is suggested
            press("p\t", "> p0")
            press(ENTER, "sk: ")
            press("x" + ENTER, "sk is a number")
            terminal.wait("sk: x")          # the question again, with what was typed
            terminal.wait("Esc goes back")
            press("\x15>=2" + ENTER, "Filter: ")
            press("even = true" + ENTER, "dynlog query asked pk=p0 'sk>=2' --filter 'even = true'")
            self.assertEqual(["4", "8", "12"], re.findall(r"^p0 +(\d+)", terminal.text(), re.M)[:3])
            terminal.wait("q quit")
            press("r", "--backward")
            terminal.wait("q quit")
            press("o", "Item")
            terminal.wait("Esc goes back")
            press(DOWN + ENTER, '"sk": 32,')
            terminal.wait("q quit")
            press("c", "Filter: ")
            terminal.wait("Esc goes back")
            press("\x15" + ENTER, "n next")
            press("n", "Page 2: 4 items.*that is the end")
            terminal.wait("q quit")
            press("p", "Page 1: ")
            terminal.wait("q quit")
            press("h", "Again")
            terminal.wait("Esc goes back")
            press(DOWN + DOWN + ENTER, r"dynlog query asked pk=p0 'sk>=2' --filter 'even = true'\n")
            terminal.wait("q quit")
            press("t", "Table")
            terminal.wait("Esc goes back")
            terminal.send(ESCAPE)
            self.assertEqual(0, terminal.end())

    def is_raw(self, terminal):
        return not termios.tcgetattr(terminal.tail)[3] & termios.ICANON

    def test_the_terminal_is_restored(self):
        with self.terminal("query") as terminal:
            terminal.wait("Esc goes back")
            self.assertTrue(self.is_raw(terminal))
            terminal.send(CONTROL_C)
            self.assertEqual(0, terminal.end())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.terminal("query") as terminal:
                terminal.wait("Esc goes back")
                terminal.signal(number)
                self.assertEqual(-number, terminal.end())

    def test_questions_on_a_plain_terminal(self):
        name = self.events(2)
        with self.terminal("query", term="dumb") as terminal:
            terminal.wait("goes back")
            for keys, pattern in ((name, "pk: "), ("b", "sk: "), ("", "Filter: "), ("<", "sk: "), ("2", "Filter: "),
                                  ("", "Page 1: 1 item")):
                terminal.send(keys + "\n")
                terminal.wait(pattern)
            terminal.wait("q quit: ")
            terminal.send("q\n")
            self.assertEqual(0, terminal.end())
            self.assertNotIn("\x1b[", terminal.raw)

    def test_no_questions_in_a_pipe(self):
        result = subprocess.run([PROGRAM, "query"], env=self.dynlog.client_environment(), stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=WAIT_S, check=False)
        self.assertEqual(USAGE, result.returncode)
        self.assertIn("needs a terminal", result.stderr)


if __name__ == "__main__":
    unittest.main()
