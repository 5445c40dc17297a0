"""Names and groups: dynlog tail with --as, --group, --exec and --exec-lines; members and a server that are killed."""

import fcntl
import http.client
import json
import resource
import signal

from support.case import Case, event
from support.server import PROGRAM, WAIT_S, Dynlog, Process

LOGS = "local-dynamodb-logs"
STREAMS = 100
VERSIONS = 100

# Notes each event, whole lines at a time; then it is done.
NOTE = """
import json, os, sys
out = os.open("noted", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for count, line in enumerate(sys.stdin, 1):
    event = json.loads(line)
    os.write(out, ("%s %d %d\\n" % (event["id"], event["version"], event["position"])).encode())
    if count % 100 == 0:
        print("noted", count, file=sys.stderr, flush=True)
    print("done", flush=True)
"""


class Groups(Case):
    def setUp(self):
        self.dynlog = Dynlog({"note.py": NOTE}).start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop, check=False)

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def fill(self, streams, versions):
        client = self.dynlog.client("dynamodb")
        keys = [(stream, version) for version in range(1, versions + 1) for stream in range(streams)]
        for first in range(0, len(keys), 25):
            client.batch_write_item(RequestItems={LOGS: [
                {"PutRequest": {"Item": event("users", str(stream), version)}}
                for stream, version in keys[first:first + 25]]})

    def command(self, *arguments, status=0):
        result = self.dynlog.command(*arguments)
        self.assertEqual(result.returncode, status, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]

    def member(self, *arguments):
        return self.dynlog.spawn_beside(PROGRAM, "tail", *arguments)

    def noted(self):
        with open(self.dynlog.path("noted"), encoding="utf-8") as file:
            return [tuple(int(word) for word in line.split()) for line in file]

    def check_noted(self, streams, versions):
        """Each at least once, those of a stream first seen in their order. (A command whose reader was killed may end its
        event while another one has it already.)"""
        last, seen = {}, set()
        for stream, version, _ in self.noted():
            if (stream, version) in seen:
                continue
            self.assertEqual(version, last.get(stream, 0) + 1, stream)
            last[stream] = version
            seen.add((stream, version))
        self.assertEqual(len(seen), streams * versions)

    def test_three_members_one_killed_and_the_server_too(self):
        self.fill(STREAMS, VERSIONS)
        arguments = ["--group", "g", "--from", "start", "--until-end", "--exec-lines", "/usr/bin/python3 note.py"]
        members = [self.member(*arguments) for _ in range(3)]
        members[0].err.wait(r"noted 700")
        members[0].end(signal.SIGKILL)
        members[1].err.wait(r"noted 1500")
        self.dynlog.kill()
        self.dynlog.restart()
        for member in members[1:]:
            self.assertEqual(member.wait(240), 0, member.err.text())
        self.check_noted(STREAMS, VERSIONS)
        self.assertLess(len(self.noted()), STREAMS * VERSIONS + 20)  # and few of them twice
        (view,) = self.command("subscriptions", "--json")
        self.assertEqual((view["behind"], view["parked"], view["out"]), (0, 0, 0))
        # It goes on where it was.
        self.fill_one("1", VERSIONS + 1)
        self.assertEqual(self.member(*arguments).wait(), 0)
        self.assertEqual(self.noted()[-1][:2], (1, VERSIONS + 1))

    def fill_one(self, stream, version):
        self.dynlog.client("dynamodb").put_item(TableName=LOGS, Item=event("users", stream, version))

    def test_a_name_goes_on_behind_what_was_done(self):
        self.fill(2, 3)
        first = self.command("tail", "--as", "mail", "--from", "start", "--count", "2", "--json")
        rest = self.command("tail", "--as", "mail", "--until-end")
        self.assertEqual([line["position"] for line in first + rest],
                         sorted(line["position"] for line in first + rest))
        self.assertEqual(len(first + rest), 6)
        self.assertEqual(self.command("tail", "--as", "mail", "--until-end"), [])
        result = self.dynlog.command("tail", "--as", "mail", "--log", "users", "--until-end")
        self.assertIn('The name "mail" is a subscription of every log', result.stderr)
        self.assertNotEqual(result.returncode, 0)

    def test_parked_and_unparked(self):
        self.fill(3, 2)
        self.dynlog.write("handle", 'cat > last\ntest "$DYNLOG_ID $DYNLOG_VERSION" != "1 1" || test -e mended || exit 3\n'
                                    'echo "$DYNLOG_LOG $DYNLOG_ID $DYNLOG_VERSION $DYNLOG_TYPE $DYNLOG_TRY" >> handled\n')
        arguments = ["tail", "--group", "g", "--from", "start", "--until-end", "--tries", "2", "--exec", "sh ./handle"]
        self.command(*arguments)
        (parked,) = self.command("parked", "g")
        self.assertEqual((parked["id"], parked["version"], parked["tries"], parked["reason"]),
                         ("1", 1, 2, "the command ended with exit status 3"))
        self.dynlog.kill()
        self.dynlog.restart()
        self.assertEqual(len(self.command("parked", "g")), 1)
        self.dynlog.write("mended", "")
        self.assertEqual(self.command("unpark", "g", str(parked["position"])), [{"unparked": 1}])
        self.command("unpark", "g", str(parked["position"]), status=1)
        self.command(*arguments)
        with open(self.dynlog.path("handled"), encoding="utf-8") as file:
            handled = file.read().splitlines()
        self.assertEqual(len(handled), 6)
        self.assertEqual(handled[-1], "users 1 1 signup 1")
        self.assertEqual(self.command("parked", "g"), [])

    def test_changes_and_beginnings(self):
        self.fill(1, 3)
        self.command("tail", "--as", "a", "--from", "2000-01-01T00:00:00Z", "--until-end")
        positions = [line["position"] for line in self.command("tail", "--from", "2000-01-01T00:00:00Z", "--until-end")]
        self.assertEqual(len(positions), 3)
        self.command("subscriptions", "--reset", "a", "--to", str(positions[0]))
        (view,) = self.command("subscriptions")
        self.assertEqual(view["behind"], 2)
        self.assertEqual(len(self.command("tail", "--as", "a", "--until-end")), 2)
        self.command("subscriptions", "--delete", "a")
        self.assertEqual(self.command("subscriptions"), [])
        self.command("subscriptions", "--delete", "a", status=1)

    def test_ctrl_c_ends_after_the_event(self):
        self.fill(1, 2)
        member = self.member("--group", "g", "--from", "start", "--exec",
                             "echo begun; exec 9>>gate; flock 9; echo ended")
        with open(self.dynlog.path("gate"), "a", encoding="utf-8") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            member.out.wait("begun")
            member.popen.send_signal(signal.SIGINT)
        member.wait()
        (view,) = self.command("subscriptions")
        self.assertEqual(view["behind"], 1)

    # ---- a disk that takes nothing ----

    def limit_files(self, size):
        """No file of the server's can grow past it: writes fail, as on a disk that is broken."""
        resource.prlimit(self.dynlog.process.popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def start_with_signal_ignored(self):
        """Whose writes past the limit fail in place of killing it."""
        self.dynlog.stop()
        ports = [word for name, port in (("port", self.dynlog.port), ("events-port", self.dynlog.events_port),
                                         ("lambda-port", self.dynlog.lambda_port)) for word in ("--" + name, str(port))]
        self.dynlog.process = Process(["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh", PROGRAM, "start", *ports],
                                      self.dynlog.work, self.dynlog.environment())
        self.dynlog.process.out.wait(r"^  .* aws dynamodb list-tables ")

    def answer(self, how, **body):
        status, _, text = self.dynlog.request("POST", "/_dynlog/subscriptions/" + how, json.dumps(body))
        return status, json.loads(text)

    def test_an_answer_that_is_not_stored(self):
        """The member is told, has its event as before, and answers again; who leaves in place of that gives it to others."""
        self.start_with_signal_ignored()
        self.fill(1, 3)
        connection = http.client.HTTPConnection("127.0.0.1", self.dynlog.port, timeout=WAIT_S)
        connection.request("GET", "/_dynlog/subscriptions/events?name=g&group=true&from=start")
        lines = connection.getresponse()
        member = json.loads(lines.readline())["member"]
        first = json.loads(lines.readline())["position"]
        self.limit_files(0)
        for how in ("done", "failed"):
            status, answer = self.answer(how, member=member, position=first, reason="why")
            self.assertEqual((503, "UNAVAILABLE"), (status, answer["error"]))
            self.assertTrue(answer["message"])
        result = self.dynlog.command("tail", "--group", "other", "--from", "start", "--count", "1")
        self.assertEqual(1, result.returncode, result)
        self.assertNotEqual("", result.stderr)
        self.limit_files(resource.RLIM_INFINITY)
        status = 503
        while status == 503:  # it looks for its disk again only now and then
            status, answer = self.answer("done", member=member, position=first)
        self.assertEqual((200, {}), (status, answer))
        second = json.loads(lines.readline())
        self.assertEqual((2, 1), (second["version"], second["try"]))
        self.limit_files(0)
        self.assertEqual(503, self.answer("done", member=member, position=second["position"])[0])
        self.limit_files(resource.RLIM_INFINITY)
        self.dynlog.kill()
        connection.close()
        self.dynlog.restart()
        versions = [line["version"] for line in self.command("tail", "--group", "g", "--until-end", "--json")]
        self.assertEqual([2, 3], versions)
        self.dynlog.stop()
