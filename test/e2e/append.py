"""dynlog append: files of events, event ids, several streams at once or in one transaction; and an endpoint
that takes a write and never says so."""

import json

from support.case import Case, event, n, s
from support.elsewhere import Elsewhere
from support.server import PROGRAM, Dynlog

DONE, FAILED, USAGE, LOST_RACE, UNREACHABLE = range(5)
LOGS = "local-dynamodb-logs"


class Append(Case):
    def run_command(self, status, *arguments, **more):
        """The lines of a command that ends so, as JSON."""
        result = self.dynlog.command(*arguments, **more)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        self.said = result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def stream(self, log, entity, dynlog=None):
        """The items of a stream, in order."""
        client = self.dynamodb if dynlog is None else dynlog.client("dynamodb")
        return client.query(TableName=LOGS, KeyConditionExpression="pk = :pk",
                            ExpressionAttributeValues={":pk": s("%s#%s#stream" % (log, entity))})["Items"]

    def types(self, log, entity):
        return [item["type"]["S"] for item in self.stream(log, entity)]

    @staticmethod
    def lines(*events):
        return "".join(json.dumps(one) + "\n" for one in events)

    # ---- one event ----

    def test_event_ids(self):
        first = self.run_command(DONE, "append", "ids", "1", "signup", "{}", "--event-id", "a", "--correlation-id", "c",
                                 "--causation-id", "b")[0]
        self.assertEqual(1, first["version"])
        self.assertNotIn("repeated", first)
        meta = self.stream("ids", 1)[0]["meta"]["M"]
        self.assertEqual((s("a"), s("c"), s("b")), (meta["id"], meta["correlationId"], meta["causationId"]))
        self.assertGreater(int(meta["time"]["N"]), 0)
        self.run_command(DONE, "append", "ids", "1", "moved", "--event-id", "b")
        again = self.run_command(DONE, "append", "ids", "1", "signup", "{}", "--event-id", "a")[0]
        self.assertEqual((1, True), (again["version"], again["repeated"]))
        again = self.run_command(DONE, "append", "ids", "1", "moved", "--event-id", "b", "--expect", "1")[0]
        self.assertEqual((2, True), (again["version"], again["repeated"]))
        self.run_command(LOST_RACE, "append", "ids", "1", "moved", "--event-id", "c", "--expect", "1")
        self.assertEqual(["signup", "moved"], self.types("ids", 1))

    def test_a_lost_answer_appends_once(self):
        for expect in ([], ["--expect", "none"]):
            entity = "lost-%d" % len(expect)
            with Elsewhere(self.dynlog, hides=False) as way:
                way.fail("PutItem", "lost")
                line = self.run_command(DONE, "append", "users", entity, "signup", "--event-id", "x", "--endpoint",
                                        way.endpoint, *expect)[0]
                self.assertEqual((1, 0), (line["version"], len(way.faults["PutItem"])))
            self.assertEqual(["signup"], self.types("users", entity))

    def test_wrong_command_lines(self):
        for arguments, words in ((["append"], "LOG is missing"), (["append", "users", "1"], "TYPE is missing"),
                                 (["append", "users", "--file", "x"], "in the lines"),
                                 (["append", "--file", "x", "--expect", "1"], '"expect"'),
                                 (["append", "--atomic", "x", "--event-id", "1"], '"eventId"'),
                                 (["append", "--atomic", "x", "--file", "y"], "choose one"),
                                 (["append", "u", "1", "t", "--in-flight", "2"], "--in-flight")):
            self.run_command(USAGE, *arguments)
            self.assertIn(words, self.said, arguments)

    # ---- a file ----

    def test_a_file(self):
        events = [{"log": "file", "id": str(user), "type": "t%d" % turn, "payload": {"turn": turn, "n": 1.50}}
                  for turn in range(5) for user in range(40)]
        self.dynlog.write("events.jsonl", self.lines(*events))
        answers = self.run_command(DONE, "append", "--file", "events.jsonl", "--correlation-id", "all")
        self.assertEqual(sorted(range(1, 201)), sorted(answer["line"] for answer in answers))
        for answer in answers:
            self.assertEqual((answer["line"] - 1) // 40 + 1, answer["version"])
        for user in range(40):
            items = self.stream("file", user)
            self.assertEqual(["t0", "t1", "t2", "t3", "t4"], [item["type"]["S"] for item in items])
            self.assertEqual({"turn": n(0), "n": n(1.5), "id": s(str(user))}, items[0]["payload"]["M"])
            self.assertEqual(s("all"), items[0]["meta"]["M"]["correlationId"])

    def test_a_copy_to_another_endpoint(self):
        for version in range(1, 31):
            self.dynamodb.put_item(TableName=LOGS, Item=event("copied", "1", version, "t%d" % version))
        with Dynlog() as other:
            result = self.dynlog.run("sh", "-c", '"$0" read copied 1 | "$0" append --file - --endpoint "$1"', PROGRAM,
                                     other.endpoint)
            self.assertEqual((0, ""), (result.returncode, result.stderr))
            self.assertEqual([(item["type"], item["payload"]) for item in self.stream("copied", 1)],
                             [(item["type"], item["payload"]) for item in self.stream("copied", 1, other)])
            result = self.dynlog.run("sh", "-c", '"$0" tail --log copied --from 0 --count 30 | "$0" append --file - '
                                     '--endpoint "$1"', PROGRAM, other.endpoint)
            self.assertEqual(60, len(self.stream("copied", 1, other)), result.stderr)

    def test_a_copy_keeps_ids(self):
        for version in ("1", "2"):
            self.run_command(DONE, "append", "kept", "1", "t", "{}", "--event-id", "e" + version, "--correlation-id", "c",
                             "--causation-id", "b" + version)
        with Dynlog() as other:
            for _ in range(2):  # the second time they are there
                result = self.dynlog.run("sh", "-c", '"$0" read kept 1 | "$0" append --file - --endpoint "$1"', PROGRAM,
                                         other.endpoint)
                self.assertEqual((0, ""), (result.returncode, result.stderr))
            result = self.dynlog.run("sh", "-c", 'curl -s "$1/_dynlog/log?log=kept&follow=false" | '
                                     '"$0" append --file - --endpoint "$2"', PROGRAM, self.dynlog.endpoint, other.endpoint)
            self.assertEqual((0, ""), (result.returncode, result.stderr))
            self.assertEqual([True, True], [json.loads(line)["repeated"] for line in result.stdout.splitlines()])
            here, there = ([{name: value for name, value in item["meta"]["M"].items() if name != "time"}
                            for item in self.stream("kept", 1, dynlog)] for dynlog in (self.dynlog, other))
            self.assertEqual(["e1", "e2"], [meta["id"]["S"] for meta in here])
            self.assertEqual(here, there)

    def test_an_atomic_append_says_where_its_events_are(self):
        answers = self.run_command(DONE, "append", "--atomic", "-", text=self.lines(
            *({"log": "where", "id": user, "type": "t", "eventId": user + str(turn)} for user in ("a", "b") for turn in range(3))))
        for user in ("a", "b"):
            read = self.run_command(DONE, "read", "where", user)
            self.assertEqual([(line["position"], line["time"], line["version"], line["eventId"]) for line in read],
                             [(line["position"], line["time"], line["version"], line["eventId"]) for line in answers
                              if line["id"] == user])

    def test_what_failed_is_told_by_line(self):
        self.run_command(DONE, "append", "told", "a", "first")
        answers = self.run_command(LOST_RACE, "append", "--file", "-", text=self.lines(
            {"log": "told", "id": "a", "type": "x", "expect": "none"}, {"log": "told", "id": "b", "type": "x", "expect": 0},
            {"log": "told", "id": "a", "type": "y"}, {"log": "told", "id": "b", "type": "y", "expect": 1}))
        self.assertEqual([2, 4], [answer["line"] for answer in answers])
        self.assertIn("line 1: told/a is at version 1, not new.", self.said)
        self.assertIn("2 events were not appended, those among them that follow a failed one", self.said)
        self.assertEqual((["first"], ["x", "y"]), (self.types("told", "a"), self.types("told", "b")))

    def test_a_file_with_a_wrong_line_appends_nothing(self):
        good = {"log": "wrong", "id": "1", "type": "x"}
        for wrong, words in (('{"log":', "no JSON"), ("[1]", "must be an object"), ('{"log":"a","id":"1"}', '"type" is missing'),
                             ('{"log":"a#b","id":"1","type":"x"}', "#"), ('{"log":"a","id":1,"type":"x"}', "text"),
                             ('{"log":"a","id":"1","type":"x","ttl":5}', '"ttl" is nothing'),
                             ('{"log":"a","id":"1","type":"x","payload":[]}', "payload"),
                             ('{"log":"a","id":"1","type":"x","expect":-1}', "expect")):
            self.dynlog.write("wrong.jsonl", self.lines(good) + "\n" + wrong + "\n" + self.lines(good))
            self.run_command(USAGE, "append", "--file", "wrong.jsonl")
            self.assertIn("line 3 of wrong.jsonl: ", self.said)
            self.assertIn(words, self.said)
            self.assertIn("Nothing was appended", self.said)
        self.assertEqual([], self.types("wrong", 1))
        self.run_command(FAILED, "append", "--file", "-", text=self.lines(good) + "{\n")
        self.assertIn("line 2 of standard input", self.said)
        self.assertEqual(["x"], self.types("wrong", 1))
        self.run_command(FAILED, "append", "--file", "nowhere.jsonl")

    def test_event_ids_make_a_file_safe_to_give_again(self):
        events = [{"log": "again", "id": str(i % 7), "type": "t", "eventId": "e%d" % i} for i in range(70)]
        self.run_command(DONE, "append", "--file", "-", text=self.lines(*events[:30]))
        answers = self.run_command(DONE, "append", "--file", "-", text=self.lines(*events))
        self.assertEqual(30, sum(answer.get("repeated", False) for answer in answers))
        self.assertEqual([10] * 7, [len(self.stream("again", i)) for i in range(7)])

    def test_nobody_there(self):
        self.run_command(UNREACHABLE, "append", "--file", "-", "--endpoint", "http://127.0.0.1:1",
                         text=self.lines({"log": "a", "id": "1", "type": "x"}))

    def test_a_server_that_is_killed_in_the_middle(self):
        text = self.lines(*({"log": "kill", "id": str(i % 11), "type": "t%d" % (i // 11), "eventId": "e%d" % i}
                            for i in range(2200)))
        with Dynlog() as dynlog:
            dynlog.write("kill.jsonl", text)
            running = dynlog.spawn_beside(PROGRAM, "append", "--file", "kill.jsonl")
            running.out.wait(r'"line":300\b')
            dynlog.kill()
            self.assertEqual(UNREACHABLE, running.wait())
            told = {json.loads(line)["line"] for line in running.out.list}
            dynlog.restart()
            for i in range(11):  # what was told is there, in order and without a gap
                types = [item["type"]["S"] for item in self.stream("kill", i, dynlog)]
                self.assertEqual(["t%d" % at for at in range(len(types))], types)
                self.assertLessEqual(sum((line - 1) % 11 == i for line in told), len(types))
            result = dynlog.command("append", "--file", "kill.jsonl")
            self.assertEqual(0, result.returncode, result.stderr)
            for i in range(11):
                self.assertEqual(["t%d" % at for at in range(200)],
                                 [item["type"]["S"] for item in self.stream("kill", i, dynlog)])

    # ---- a transaction ----

    def test_atomic(self):
        self.dynlog.write("atomic.jsonl", self.lines(
            {"log": "accounts", "id": "a", "type": "opened", "expect": "none"},
            {"log": "accounts", "id": "b", "type": "opened"},
            {"log": "accounts", "id": "a", "type": "paid", "payload": {"to": "b"}, "expect": 1}))
        answers = self.run_command(DONE, "append", "--atomic", "atomic.jsonl")
        self.assertEqual([(1, "a", 1), (3, "a", 2), (2, "b", 1)],
                         [(answer["line"], answer["id"], answer["version"]) for answer in answers])
        self.run_command(LOST_RACE, "append", "--atomic", "atomic.jsonl")
        self.assertIn("accounts/a is at version 2, not new.", self.said)
        self.assertEqual((["opened", "paid"], ["opened"]), (self.types("accounts", "a"), self.types("accounts", "b")))

    def test_atomic_limits(self):
        def many(count):
            return self.lines(*({"log": "hundred", "id": str(i % 3), "type": "t"} for i in range(count)))

        self.run_command(USAGE, "append", "--atomic", "-", text=many(101))
        self.assertIn("more than 100 events", self.said)
        self.run_command(USAGE, "append", "--atomic", "-", text="\n")
        self.assertIn("has no event", self.said)
        self.run_command(USAGE, "append", "--atomic", "-", text=self.lines(
            {"log": "hundred", "id": "0", "type": "t", "expect": 0}, {"log": "hundred", "id": "0", "type": "t", "expect": 5}))
        self.assertIn("line 2 of standard input", self.said)
        self.assertEqual([], self.types("hundred", 0))
        self.assertEqual(100, len(self.run_command(DONE, "append", "--atomic", "-", text=many(100))))
        self.assertEqual(34, len(self.stream("hundred", 0)))

    def test_a_lost_answer_of_a_transaction_appends_once(self):
        text = self.lines({"log": "lost", "id": "a", "type": "t", "eventId": "1"}, {"log": "lost", "id": "b", "type": "t",
                                                                                    "eventId": "2"})
        with Elsewhere(self.dynlog, hides=False) as way:
            way.fail("TransactWriteItems", "lost")
            self.run_command(DONE, "append", "--atomic", "-", "--endpoint", way.endpoint, text=text)
            self.assertFalse(way.faults["PutItem"] or way.faults["TransactWriteItems"])
        answers = self.run_command(DONE, "append", "--atomic", "-", text=text)
        self.assertEqual([True, True], [answer["repeated"] for answer in answers])
        self.assertEqual((1, 1), (len(self.stream("lost", "a")), len(self.stream("lost", "b"))))

    # ---- without a server ----

    def test_a_folder(self):
        self.run_command(DONE, "append", "--file", "-", "--data", "folder", text=self.lines(
            {"log": "f", "id": "1", "type": "x", "eventId": "1"}, {"log": "f", "id": "2", "type": "x"}))
        again = self.run_command(DONE, "append", "f", "1", "x", "--event-id", "1", "--data", "folder")
        self.assertTrue(again[0]["repeated"])
