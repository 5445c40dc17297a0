"""The commands where no dynlog answers: AWS, and another engine that speaks DynamoDB, as far as a client can see
(support/elsewhere.py). What gets lost on the way is done once, what is refused is said, and botocore is the referee of
signatures, hosts and profiles."""

import io
import json
import os
import unittest
import zipfile

import botocore.session

from support.case import Case, event, s
from support.elsewhere import LOSSES, REGIONS, Elsewhere
from support.server import PROGRAM

LOGS = "local-dynamodb-logs"
KEYS = {"AKIAPLAIN": "se/cr+et=", "AKIATOKEN": ("secret2", "to/ken+=%")}
FAILED, USAGE, LOST_RACE, UNREACHABLE = 1, 2, 3, 4


class Commands(Case):
    keys = None

    def setUp(self):
        self.elsewhere = Elsewhere(self.dynlog, self.keys)
        self.elsewhere.__enter__()
        self.addCleanup(self.elsewhere.__exit__)
        self.log = "log%s" % self.id().rsplit("_", 1)[-1]

    def run_command(self, *arguments, status=0, text=None, key="AKIAPLAIN", **more):
        where = ["--endpoint", self.elsewhere.endpoint]
        if self.keys is not None:
            where = ["--region", more.pop("region", "us-east-1")]
            more = {**self.elsewhere.environment(key), **more}
        result = self.dynlog.command(*arguments, *where, text=text, **more)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        self.err = result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def stream(self, log, entity):
        """What the table has of it, whoever asks."""
        return self.dynamodb.query(TableName=LOGS, KeyConditionExpression="pk = :pk", ConsistentRead=True,
                                   ExpressionAttributeValues={":pk": s("%s#%s#stream" % (log, entity))})["Items"]

    def types(self, entity):
        items = self.stream(self.log, entity)
        self.assertEqual(list(range(1, len(items) + 1)), [int(item["sk"]["N"]) for item in items])
        return [item["type"]["S"] for item in items]


class Lost(Commands):
    """Exactly once, whichever answer gets lost."""

    def test_one_event(self):
        for number, loss in enumerate(LOSSES):
            with self.subTest(loss):
                for turn, more in enumerate((["--expect", "none"], ["--expect", "1"], [], ["--event-id", "e"])):
                    self.elsewhere.fail("PutItem", loss)
                    line = self.run_command("append", self.log, str(number), "t%d" % turn, *more)[0]
                    self.assertEqual((turn + 1, None), (line["version"], line.get("repeated")))
                again = self.run_command("append", self.log, str(number), "t3", "--event-id", "e")[0]
                self.assertEqual((4, True), (again["version"], again["repeated"]))
                self.assertEqual(["t0", "t1", "t2", "t3"], self.types(number))
        # what came late found its place taken, each time
        self.assertEqual({("PutItem", 400)}, set(self.elsewhere.late_answers))

    def test_somebody_else_was_first(self):
        """The place is taken by the same event of somebody else: ours was not written, and is told so."""
        for more, types in ((["--expect", "none"], ["t"]), ([], ["t", "t"])):
            entity = "1" if more else "2"
            self.dynamodb.put_item(TableName=LOGS, Item=event(self.log, entity, 1, "t"))
            self.elsewhere.fail("PutItem", "undone")
            if more:
                self.run_command("append", self.log, entity, "t", *more, status=LOST_RACE)
            else:
                self.assertEqual(2, self.run_command("append", self.log, entity, "t")[0]["version"])
            self.assertEqual(types, self.types(entity))

    def test_several_events(self):
        rows = [{"log": self.log, "id": "a", "type": "sent", "expect": "none"}, {"log": self.log, "id": "b", "type": "got"}]
        for number, faults in enumerate((["lost"], ["undone"], ["late"], ["fault after"], ["damaged"], ["conflict", "conflict"],
                                         ["lost", "conflict"], ["lost", "in progress"], ["throttled", "lost", "throughput"])):
            with self.subTest(faults):
                lines = [{**row, "id": "%s%d" % (row["id"], number)} for row in rows]
                self.elsewhere.fail("TransactWriteItems", *faults)
                told = self.run_command("append", "--atomic", "-", text="".join(json.dumps(line) + "\n" for line in lines))
                self.assertEqual([1, 1], [line["version"] for line in told])
                self.assertEqual((["sent"], ["got"]), (self.types("a%d" % number), self.types("b%d" % number)))

    def test_nobody_knows(self):
        """Lost to the end: it is said, and the same again is right."""
        self.elsewhere.fail("PutItem", *["undone"] * 10)  # libcurl tries again by itself, too
        self.run_command("append", self.log, "1", "t", "--event-id", "e", status=UNREACHABLE)
        self.assertIn("it may have been done", self.err)
        self.elsewhere.faults.clear()
        self.assertEqual(1, self.run_command("append", self.log, "1", "t", "--event-id", "e")[0]["version"])
        self.elsewhere.fail("PutItem", "lost", *["throughput"] * 9)
        self.assertEqual(2, self.run_command("append", self.log, "1", "u", "--event-id", "f")[0]["version"])
        self.assertEqual(["t", "u"], self.types("1"))

    def test_a_slow_answer(self):
        self.elsewhere.fail("PutItem", "slow")
        self.assertEqual(1, self.run_command("append", self.log, "1", "t")[0]["version"])
        self.assertEqual((["t"], 2), (self.types("1"), self.elsewhere.count("PutItem")))

    def test_throttled(self):
        self.elsewhere.fail("PutItem", "throughput", "throttled", "unavailable")
        self.run_command("append", self.log, "1", "t")
        self.elsewhere.fail("PutItem", *["throughput"] * 6)
        self.run_command("append", self.log, "1", "u", status=FAILED)
        self.assertIn("ProvisionedThroughputExceededException", self.err)
        self.assertEqual(["t"], self.types("1"))

    def test_many_by_chance(self):
        """A file, fake users and a replay, with a fifth of all answers lost or refused."""
        seed = int.from_bytes(os.urandom(4), "big")
        self.elsewhere.shake(seed, 0.2)
        with self.subTest(seed=seed):
            lines = [{"log": self.log, "id": str(number % 7), "type": "t%d" % (number // 7)} for number in range(70)]
            told = self.run_command("append", "--file", "-", text="".join(json.dumps(line) + "\n" for line in lines))
            self.assertEqual(70, len(told))
            for entity in range(7):
                self.assertEqual(["t%d" % number for number in range(10)], self.types(entity))
            for single in (False, True):
                fakes = "fakes%d" % single
                if single:
                    self.elsewhere.fail("TransactWriteItems", *["unknown"] * 100)
                end = self.run_command("fake", "20", "--log", fakes, "--seed", "7")[0]
                self.assertEqual((80, 0), (end["written"] + end["skipped"], end["different"]))
            self.elsewhere.faults.clear()
            end = self.run_command("replay", "--from", "table", "--to", "table", "--to-table", "copy", "--create")[0]
            self.assertEqual((0, 0), (end["different"], end["failed"]))
        self.elsewhere.shake(seed, 0)
        copies = [sorted(json.dumps(item, sort_keys=True) for item in self.dynamodb.scan(TableName=table)["Items"]
                         if item["pk"]["S"].endswith("#stream")) for table in (LOGS, "copy")]
        self.assertEqual(copies[0], copies[1])

    def test_a_table_is_made_once(self):
        """Its answer is lost: the second try finds it made."""
        self.run_command("append", self.log, "1", "signup")
        self.elsewhere.fail("CreateTable", "lost")
        end = self.run_command("replay", "--from", "table", "--to", "table", "--to-table", "made", "--create")[0]
        self.assertEqual((0, 0), (end["different"], end["failed"]))
        of_log = [item for item in self.dynamodb.scan(TableName="made")["Items"] if item["pk"]["S"] == "%s#1#stream" % self.log]
        self.assertEqual(1, len(of_log))
        self.assertEqual(self.dynamodb.scan(TableName=LOGS)["Count"], self.dynamodb.scan(TableName="made")["Count"])

    def test_batches(self):
        """What AWS hands back of a batch is put again."""
        table = self.table(range_type="N")
        self.elsewhere.fail("BatchWriteItem", "half", "lost", "half", "throughput", "half")
        text = "".join('{"pk":"a","sk":%d}\n' % number for number in range(60))
        self.assertEqual([{"written": 60, "failed": 0}], self.run_command("put", table, "-", text=text))
        self.assertEqual(60, self.dynamodb.scan(TableName=table)["Count"])

    def test_what_is_made_once(self):
        """A number that is added to is not added to twice: it is said that nobody knows."""
        table = self.table(range_type="N")
        self.run_command("put", table, '{"pk":"a","sk":1,"n":1}')
        self.elsewhere.fail("UpdateItem", "lost")
        self.run_command("update", table, "a", "1", "--add", "n 1", status=UNREACHABLE)
        self.assertEqual([{"pk": "a", "sk": 1, "n": 2}], self.run_command("get", table, "a", "1"))
        self.elsewhere.fail("PutItem", "lost")
        end = self.run_command("put", table, '{"pk":"a","sk":2}', "--if-absent")  # it looks: that is its own
        self.assertEqual([{"written": 1, "failed": 0}], end)
        self.elsewhere.fail("DeleteItem", "lost")
        self.run_command("delete", table, "a", "2")
        self.assertEqual(1, self.dynamodb.scan(TableName=table)["Count"])


class Reading(Commands):
    def test_pages(self):
        for number in range(7):
            self.dynamodb.put_item(TableName=LOGS, Item=event("paged", number % 2, number // 2 + 1))
        self.elsewhere.page = 2
        self.elsewhere.fail("Query", "damaged", "unavailable")
        self.assertEqual([1, 2, 3, 4], [line["version"] for line in self.run_command("read", "paged", "0")])
        self.assertEqual([4, 3, 2], [line["version"] for line in self.run_command("read", "paged", "0", "--backward",
                                                                                   "--limit", "3")])
        self.assertEqual([2, 3], [line["version"] for line in self.run_command("read", "paged", "0", "--from", "2", "--to", "3")])
        self.assertIn({"log": "paged", "events": 7}, self.run_command("logs"))
        self.assertEqual([("0", 4), ("1", 3)], [(line["id"], line["version"]) for line in self.run_command("streams", "paged")])
        self.assertEqual(4, len(self.run_command("query", LOGS, "paged#0#stream")))
        self.assertLessEqual(7, len(self.run_command("scan", LOGS)))

    def follow(self, *arguments):
        """The lines of a `tail`, one after the other."""
        process = self.dynlog.spawn_beside(*self.program("tail", *arguments))
        at = 0
        while True:
            match, at = process.out.wait(r"^\{.*\}$", at)
            at += 1
            yield json.loads(match.group(0))

    def program(self, *arguments):
        return [PROGRAM, *arguments, "--endpoint", self.elsewhere.endpoint]

    def test_tail(self):
        """Shards that roll and split, iterators that expire, pages of one: each event once, in the order of its stream."""
        expected = []
        self.elsewhere.fail("GetRecords", "iterator", "throughput", "lost", "iterator")
        lines = self.follow("--log", "followed", "--from", "start")
        for version in range(1, 13):
            for user in ("a", "b", "c"):
                self.dynamodb.put_item(TableName=LOGS, Item=event("followed", user, version))
                expected.append((user, version))
            if version % 4 == 0:
                self.dynlog.request("POST", "/_dynlog/shards", json.dumps(
                    {"table": LOGS, "action": "split" if version == 4 else "roll"}))
                self.elsewhere.fail("GetRecords", "iterator")
        got = [next(lines) for _ in expected]
        self.assertEqual(sorted(expected), sorted((line["id"], line["version"]) for line in got))
        for user in ("a", "b", "c"):
            versions = [line["version"] for line in got if line["id"] == user]
            self.assertEqual(sorted(versions), versions)

    def test_tail_from_a_cursor(self):
        """Where there are no positions a line has a cursor: behind its event it goes on, over shards that split."""
        for version in range(1, 4):
            self.dynamodb.put_item(TableName=LOGS, Item=event("resumed", "a", version))
        lines = self.run_command("tail", "--log", "resumed", "--from", "start", "--count", "2")
        self.assertEqual([1, 2], [line["version"] for line in lines])
        self.assertFalse([line for line in lines if "position" in line])
        self.dynlog.request("POST", "/_dynlog/shards", json.dumps({"table": LOGS, "action": "split"}))
        self.dynamodb.put_item(TableName=LOGS, Item=event("resumed", "a", 4))
        more = self.run_command("tail", "--log", "resumed", "--from", lines[-1]["cursor"], "--count", "2")
        self.assertEqual([3, 4], [line["version"] for line in more])
        self.run_command("tail", "--from", "no/cursor", "--count", "1", status=USAGE)
        self.assertIn("none of this change stream", self.err)
        told = self.run_command("append", "--file", "-", text=json.dumps({**more[-1], "id": "copied"}) + "\n")
        self.assertEqual(1, told[0]["version"])  # a cursor is of its place: nothing that is appended

    def test_tail_from_now(self):
        self.dynamodb.put_item(TableName=LOGS, Item=event("now", "old", 1))
        before = self.elsewhere.count("GetRecords")
        process = self.dynlog.spawn_beside(*self.program("tail", "--log", "now"))
        while self.elsewhere.count("GetRecords") == before:  # it has its iterators
            self.assertIsNone(process.popen.poll())
        self.dynamodb.put_item(TableName=LOGS, Item=event("now", "new", 1))
        match, _ = process.out.wait(r"^\{.*\}$")
        self.assertEqual("new", json.loads(match.group(0))["id"])

    def test_what_was_trimmed(self):
        self.dynamodb.put_item(TableName=LOGS, Item=event("trimmed", "a", 1))
        self.elsewhere.fail("GetRecords", "trimmed")
        self.run_command("tail", "--from", "start", status=FAILED)
        self.assertIn("keeps 24 hours", self.err)

    def test_replay_of_the_change_stream(self):
        for number in range(1, 6):
            self.dynamodb.put_item(TableName=LOGS, Item=event("changes", "a", number))
        self.elsewhere.page = 2
        self.elsewhere.fail("GetRecords", "iterator", "lost", "iterator")
        end = self.run_command("replay", "--from", "change-stream", "--log", "changes", "--to", "table", "--to-table", "changed",
                               "--create")[0]
        self.assertEqual((5, 0), (end["sent"], end["failed"]))

    def test_refused_by_name(self):
        for arguments in (["tail", "--as", "name"], ["tail", "--group", "g"], ["subscriptions"], ["forget", "users", "1"],
                          ["private", "users"], ["status"], ["drain"], ["parked", "g"],
                          ["rebuild", "f", "--clear", "t"], ["journey", "x"]):
            with self.subTest(arguments):
                self.run_command(*arguments, status=FAILED)
                self.assertRegex(self.err, "is no dynlog|needs a dynlog")


class Bus(Commands):
    """replay --to bus is at least once: what was refused is put again, and what nobody knows of."""

    def replayed(self, log):
        for number in range(1, 6):
            self.dynamodb.put_item(TableName=LOGS, Item=event(log, "a", number))
        end = self.run_command("replay", "--from", "table", "--log", log, "--to", "bus", "--bus", "default")[0]
        self.assertEqual((5, 0), (end["sent"], end["failed"]))
        return [[json.loads(entry["Detail"]) for entry in entries] for entries in self.elsewhere.entries]

    @staticmethod
    def versions(puts):
        return sorted(detail["key"]["sk"] for details in puts for detail in details)

    def test_an_entry_is_throttled(self):
        """It alone comes again."""
        status, _, text = self.dynlog.request("POST", "/_dynlog/faults", json.dumps(
            {"Throttle": [{"Service": "events", "Operation": "PutEvents", "Count": 1}]}))
        self.assertEqual(200, status, text)
        puts = self.replayed("entries")
        self.assertEqual(puts[0][:1], puts[1])
        self.assertEqual([1, 1, 2, 3, 4, 5], self.versions(puts))

    def test_a_lost_answer(self):
        self.elsewhere.fail("PutEvents", "lost")
        puts = self.replayed("twice")
        self.assertEqual(puts[0], puts[1])
        self.assertEqual([1, 2, 3, 4, 5], self.versions(puts[1:]))


class Aws(Commands):
    """Hosts, signatures and errors as AWS has them."""
    keys = KEYS

    def test_every_service_is_signed(self):
        for key in KEYS:
            log = "signed-" + key
            self.run_command("append", log, "1", "signup", '{"name":"å/+=%"}', key=key)
            self.run_command("append", log, "1", "moved", "--expect", "1", key=key)
            self.assertEqual(2, len(self.run_command("read", log, "1", key=key)))
            self.run_command("replay", "--from", "change-stream", "--log", log, "--to", "bus", "--bus", "default", key=key)
            for name in ("nobody", "nobody:live", "nobody:$LATEST"):
                self.run_command("invoke", name, key=key, status=FAILED)
                self.assertIn("Function not found", self.err)
            self.run_command("logs", "nobody", key=key, status=FAILED)
        self.assertLessEqual({"dynamodb", "streams.dynamodb", "events", "lambda"},
                             {host.split(".us-east-1")[0] for host, _ in self.elsewhere.requests})
        self.assertEqual([], self.elsewhere.own)

    def test_a_function(self):
        """It is invoked by a command and by a replay, and its lines are read: each request with its signature."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as code:
            code.writestr("main.py", "def handle(event, context):\n    print('came')\n    return {'got': event}\n")
        self.dynlog.client("lambda").create_function(
            FunctionName="signed", Runtime="python3.11", Role="arn:aws:iam::000000000000:role/any", Handler="main.handle",
            Code={"ZipFile": out.getvalue()})
        self.dynlog.client("lambda").get_waiter("function_active_v2").wait(FunctionName="signed")
        for key in KEYS:
            self.assertEqual([{"got": {"a": "å"}}], self.run_command("invoke", "signed", "--data", '{"a":"å"}', key=key))
        self.run_command("append", "functions", "1", "signup")
        end = self.run_command("replay", "--from", "table", "--log", "functions", "--to", "function", "--function", "signed")[0]
        self.assertEqual((1, 0), (end["sent"], end["failed"]))
        lines = self.run_command("logs", "signed", "--json")
        self.assertEqual(3, len([line for line in lines if "came" in json.dumps(line)]), lines)
        self.assertEqual(3, self.elsewhere.count("Invoke"))
        self.assertEqual({"lambda.us-east-1.amazonaws.com"}, {host for host, name in self.elsewhere.requests if name == "Invoke"})

    def test_wrong_keys(self):
        for more, message in (({"AWS_SECRET_ACCESS_KEY": "another"}, "InvalidSignatureException"),
                              ({"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, "UnrecognizedClientException"),
                              ({"AWS_SESSION_TOKEN": "another"}, "UnrecognizedClientException")):
            self.run_command("read", "users", "1", status=FAILED, **more)
            self.assertIn(message, self.err)
        self.elsewhere.expired.add("AKIATOKEN")
        self.run_command("read", "users", "1", status=FAILED, key="AKIATOKEN")
        self.assertIn("ExpiredTokenException", self.err)

    def test_nothing_of_dynlogs_own_is_asked(self):
        for arguments in (["logs"], ["streams", "users"], ["tail", "--as", "name"], ["subscriptions"], ["forget", "users", "1"],
                          ["private", "users"], ["status"], ["drain"], ["rebuild", "f", "--clear", "t"], ["tables"],
                          ["scan", LOGS], ["fake", "1"], ["append", "users", "x", "t"]):
            self.dynlog.command(*arguments, "--region", "us-east-1", **self.elsewhere.environment("AKIAPLAIN"))
        self.assertEqual([], self.elsewhere.own)

    def test_hosts(self):
        """Where botocore would ask."""
        for region in REGIONS:
            for fips in ("false", "true"):
                more = {"AWS_USE_FIPS_ENDPOINT": fips}
                with self.subTest(region=region, **more):
                    self.elsewhere.requests.clear()
                    self.run_command("logs", region=region, **more)
                    self.dynlog.command("tail", "--from", "start", "--limit", "1", "--region", region,
                                        **self.elsewhere.environment("AKIAPLAIN"), **more)
                    self.run_command("invoke", "nobody", region=region, status=FAILED, **more)
                    self.assertEqual({self.host(name, region, fips) for name in ("dynamodb", "lambda")},
                                     {host for host, name in self.elsewhere.requests if name in ("Scan", "Invoke")})

    @staticmethod
    def host(service, region, fips):
        os.environ["AWS_USE_FIPS_ENDPOINT"] = fips
        try:
            client = botocore.session.Session().create_client(service, region_name=region, aws_access_key_id="a",
                                                              aws_secret_access_key="b")
            return client.meta.endpoint_url[len("https://"):]
        finally:
            del os.environ["AWS_USE_FIPS_ENDPOINT"]

    # ---- profiles ----

    def write_profiles(self):
        counter = self.dynlog.path("asked")
        self.dynlog.write("process.sh", """echo >> '%s'
key=AKIAPLAIN secret=se/cr+et=
if test "$(wc -l < '%s')" -gt 1; then key=AKIANEXT secret=next; fi
echo '{"Version":1,"AccessKeyId":"'$key'","SecretAccessKey":"'$secret'"%s}'
""" % (counter, counter, ""))
        self.dynlog.write("config", "[profile process]\nregion = eu-west-1\ncredential_process = sh \"%s\"\n"
                          "[profile config]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = c\n"
                          "[profile both]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = c\n"
                          "[profile sso]\nsso_session = x\n[profile role]\nrole_arn = arn:aws:iam::1:role/x\n"
                          "source_profile = config\n" % self.dynlog.path("process.sh"))
        self.dynlog.write("credentials", "[both]\naws_access_key_id = AKIABOTH\naws_secret_access_key = b\n"
                          "aws_session_token = t/k=\n")
        return {"AWS_CONFIG_FILE": self.dynlog.path("config"), "AWS_SHARED_CREDENTIALS_FILE": self.dynlog.path("credentials")}

    def run_profile(self, profile, files, status=0):
        more = {**self.elsewhere.environment(), **files, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        result = self.dynlog.command("append", "profiles", profile, "t", "--region", "us-east-1", "--profile", profile, **more)
        self.assertEqual(status, result.returncode, result.stderr)
        return result.stderr

    def test_profiles(self):
        """The keys that botocore would take."""
        files = self.write_profiles()
        self.elsewhere.keys = {**KEYS, "AKIACONFIG": "c", "AKIABOTH": ("b", "t/k="), "AKIANEXT": "next"}
        os.environ.update(files)
        try:
            for profile in ("config", "both"):
                keys = botocore.session.Session(profile=profile).get_credentials()
                expected = self.elsewhere.secret_of(keys.access_key)
                self.assertEqual(expected, (keys.secret_key, keys.token))
                for other in list(self.elsewhere.keys):  # nobody else gets in
                    if other != keys.access_key:
                        self.elsewhere.expired.add(other)
                self.run_profile(profile, files)
                self.elsewhere.expired.clear()
        finally:
            for name in files:
                del os.environ[name]

    def test_a_process(self):
        """It is asked again when its keys are over, in the middle of a command."""
        files = self.write_profiles()
        self.elsewhere.keys = {**KEYS, "AKIANEXT": "next"}
        self.run_profile("process", files)
        os.remove(self.dynlog.path("asked"))
        self.elsewhere.expired.add("AKIAPLAIN")
        self.run_profile("process", files)
        self.assertEqual(["t", "t"], [item["type"]["S"] for item in self.stream("profiles", "process")])

    def test_keys_that_are_not_fetched(self):
        files = self.write_profiles()
        for profile, word in (("sso", "sso_session"), ("role", "role_arn"), ("nobody", "There is no profile")):
            said = self.run_profile(profile, files, status=USAGE)
            self.assertIn(word, said)
            if profile != "nobody":
                self.assertIn("credential_process = aws configure export-credentials --profile " + profile, said)


if __name__ == "__main__":
    unittest.main()
