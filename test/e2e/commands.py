"""The commands, in a pipe: JSON lines, messages on stderr, an exit status for every end."""

import json
import os
import pty
import signal
import time
import unittest

from support.case import Case, event, s
from support.server import PROGRAM, Dynlog

DONE, FAILED, USAGE, LOST_RACE, UNREACHABLE, TIMED_OUT = range(6)
LOGS = "local-dynamodb-logs"


class Commands(Case):
    def run_command(self, status, *arguments, **more):
        """The lines of a command that ends so, as JSON."""
        result = self.dynlog.command(*arguments, **more)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def failing(self, status, *arguments, **more):
        result = self.dynlog.command(*arguments, **more)
        self.assertEqual((status, ""), (result.returncode, result.stdout), result.stderr)
        return result.stderr

    def test_append_and_read(self):
        first = self.run_command(DONE, "append", "users", "1", "signup", '{"name":"å","n":1.50,"l":[null]}')
        self.assertGreater(first[0]["position"], 0)
        self.assertAlmostEqual(time.time() * 1000, first[0]["time"], delta=60000)
        self.assertEqual([{"position": first[0]["position"], "time": first[0]["time"], "log": "users", "id": "1", "version": 1,
                           "type": "signup", "payload": {"id": "1", "name": "å", "n": 1.5, "l": [None]}}], first)
        self.assertEqual(first, self.run_command(DONE, "read", "users", "1"))
        for version in range(2, 6):
            line = self.run_command(DONE, "append", "users", "1", "moved", json.dumps({"to": version}))[0]
            self.assertEqual(version, line["version"])
        item = self.dynamodb.get_item(TableName=LOGS, Key={"pk": s("users#1#stream"), "sk": {"N": "1"}})["Item"]
        self.assertEqual((s("users"), s("signup"), s("å")), (item["log"], item["type"], item["payload"]["M"]["name"]))
        self.assertEqual([1, 2, 3, 4, 5], [line["version"] for line in self.run_command(DONE, "read", "users", "1")])
        self.assertEqual([3, 4], [line["version"] for line in self.run_command(
            DONE, "read", "users", "1", "--from", "3", "--to", "4")])
        self.assertEqual([5, 4], [line["version"] for line in self.run_command(
            DONE, "read", "users", "1", "--backward", "--limit", "2")])
        self.assertEqual([], self.run_command(DONE, "read", "users", "nobody"))

    def test_lines_of_append_read_and_tail_are_the_same(self):
        for version in range(1, 4):
            self.dynamodb.put_item(TableName=LOGS, Item=event("same", 1, version))  # without meta
        ids = ["--event-id", "e", "--correlation-id", "c", "--causation-id", "b"]
        last = self.run_command(DONE, "append", "same", "1", "moved", "{}", *ids)[0]
        self.assertEqual(["e", "c", "b"], [last[name] for name in ("eventId", "correlationId", "causationId")])
        read = self.run_command(DONE, "read", "same", "1")
        self.assertEqual(read, self.run_command(DONE, "tail", "--log", "same", "--from", "0", "--count", "4"))
        self.assertEqual(last, read[3])
        self.assertTrue(all(line["position"] > 0 and line["time"] > 0 for line in read))
        self.assertEqual(sorted(line["position"] for line in read), [line["position"] for line in read])
        self.assertEqual(read[::-1], self.run_command(DONE, "read", "same", "1", "--backward"))
        again = self.run_command(DONE, "append", "same", "1", "moved", "{}", *ids)[0]
        self.assertEqual({**{name: last[name] for name in last if name not in ("payload", "correlationId", "causationId")},
                          "repeated": True}, again)

    def test_append_from_stdin(self):
        line = self.run_command(DONE, "append", "users", "stdin", "signup", "-", text='{"a": "b"}')[0]
        self.assertEqual({"id": "stdin", "a": "b"}, line["payload"])

    def test_a_lost_race(self):
        self.run_command(DONE, "append", "users", "race", "signup", "--expect", "none")
        message = self.failing(LOST_RACE, "append", "users", "race", "signup", "--expect", "none")
        self.assertEqual("dynlog append: users/race is at version 1, not new.\n", message)
        self.run_command(DONE, "append", "users", "race", "moved", "--expect", "1")
        message = self.failing(LOST_RACE, "append", "users", "race", "moved", "--expect", "1")
        self.assertEqual("dynlog append: users/race is at version 2, not 1.\n", message)

    def test_many_appends_at_once_all_get_a_place(self):
        running = [self.dynlog.spawn_beside(PROGRAM, "append", "users", "busy", "moved") for _ in range(8)]
        self.assertEqual([DONE] * 8, [process.wait() for process in running])
        self.assertEqual(list(range(1, 9)), [line["version"] for line in self.run_command(DONE, "read", "users", "busy")])

    def test_wrong_command_lines(self):
        for arguments, words in ((["append", "users"], "ID"), (["append", "users", "1", "x", "{no"], "JSON"),
                                 (["append", "users", "1", "x", "[]"], "object"), (["read", "users", "1", "--form", "2"],
                                                                                   "--from"),
                                 (["appendd"], "append"), (["read", "a#b", "1"], "#"), (["tail", "--count", "x"], "count")):
            message = self.failing(USAGE, *arguments)
            self.assertIn(words, message, arguments)

    def test_nobody_there(self):
        message = self.failing(UNREACHABLE, "status", "--endpoint", "http://127.0.0.1:1")
        self.assertIn("http://127.0.0.1:1", message)
        self.failing(UNREACHABLE, "read", "users", "1", "--endpoint", "http://127.0.0.1:1")

    def test_no_such_table(self):
        self.assertIn("nowhere", self.failing(FAILED, "append", "users", "1", "x", "--table", "nowhere"))

    def test_status_and_drain(self):
        status = self.run_command(DONE, "status")[0]
        self.assertEqual((self.dynlog.process.popen.pid, "local", self.dynlog.port),
                         (status["pid"], status["stage"], status["ports"]["api"]))
        self.assertEqual({"local-core", LOGS}, {table["name"] for table in status["tables"]})
        self.assertTrue(self.run_command(DONE, "drain", "--timeout", "60")[0]["drained"])

    def test_tail(self):
        tail = self.dynlog.spawn_beside(PROGRAM, "tail", "--log", "tail", "--from", "0", "--count", "2")
        for version in (1, 2):
            self.dynamodb.put_item(TableName=LOGS, Item=event("tail", 1, version))
        self.assertEqual(DONE, tail.wait())
        lines = [json.loads(line) for line in tail.out.list]
        self.assertEqual([1, 2], [line["version"] for line in lines])
        again = self.run_command(DONE, "tail", "--log", "tail", "--from", str(lines[0]["position"]), "--count", "1")
        self.assertEqual([2], [line["version"] for line in again])

    def test_tail_goes_on_when_dynlog_is_started_again(self):
        with Dynlog() as dynlog:
            client = dynlog.client("dynamodb")
            client.put_item(TableName=LOGS, Item=event("users", 1, 1))
            tail = dynlog.spawn_beside(PROGRAM, "tail", "--from", "0", "--count", "2")
            tail.out.wait(r'"version":1')
            dynlog.kill()
            dynlog.restart()
            client.put_item(TableName=LOGS, Item=event("users", 1, 2))
            tail.out.wait(r'"version":2')
            self.assertEqual(DONE, tail.wait())

    def test_reading_into_a_closed_pipe(self):
        for _ in range(3):
            self.run_command(DONE, "append", "users", "pipe", "x")
        result = self.dynlog.run("sh", "-c", '"$0" read users pipe | head -n 1', PROGRAM)
        self.assertEqual((0, ""), (result.returncode, result.stderr))

    def test_people_see_no_json(self):
        self.run_command(DONE, "append", "users", "people", "signup", '{"name":"\\u001b[31mred"}')
        outer, inner = pty.openpty()
        pid = os.fork()
        if pid == 0:
            os.close(outer)
            os.login_tty(inner) if hasattr(os, "login_tty") else [os.dup2(inner, fd) for fd in (0, 1, 2)]
            os.execve(PROGRAM, [PROGRAM, "read", "users", "people"],
                      {**self.dynlog.client_environment(), "TERM": "xterm"})
        os.close(inner)
        text = b""
        try:
            while True:
                piece = os.read(outer, 4096)
                if not piece:
                    break
                text += piece
        except OSError:  # the terminal's other end is closed
            pass
        os.close(outer)
        self.assertEqual(0, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        self.assertIn(b"signup", text)
        self.assertFalse(text.lstrip().startswith(b"{"), text)
        self.assertNotIn(b"\x1b[31mred", text)

    def test_help(self):
        result = self.dynlog.command("--help")
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        for command in ("start", "stop", "clean", "append", "read", "tail", "status", "drain", "clock"):
            self.assertIn("  %s " % command, result.stdout)
            result_of = self.dynlog.command(command, "--help")
            self.assertEqual(0, result_of.returncode)
            self.assertIn("Usage: dynlog %s" % command, result_of.stdout)

    def test_version(self):
        self.assertRegex(self.dynlog.command("version").stdout, r"\d+\.\d+\.\d+")


class Ends(unittest.TestCase):
    def test_stop(self):
        with Dynlog() as dynlog:
            process, dynlog.process = dynlog.process, None
            result = dynlog.command("stop")
            self.assertEqual(DONE, result.returncode, result.stderr)
            answer = json.loads(result.stdout)
            self.assertEqual((True, process.popen.pid), (answer["stopped"], answer["pid"]))
            self.assertEqual(0, process.wait())
            dynlog.expect_clean(process)
            self.assertEqual(UNREACHABLE, dynlog.command("stop").returncode)

    def test_clean(self):
        with Dynlog() as dynlog:
            dynlog.client("dynamodb").put_item(TableName=LOGS, Item=event("users", 1, 1))
            dynlog.drain()
            result = dynlog.command("clean", "--yes")
            self.assertEqual(FAILED, result.returncode, "a running dynlog's data")
            dynlog.stop()
            self.assertEqual(USAGE, dynlog.command("clean").returncode)
            self.assertTrue(os.path.exists(dynlog.path(".dynlog")))
            result = dynlog.command("clean", "--yes")
            self.assertEqual(DONE, result.returncode, result.stderr)
            self.assertEqual([], [name for name in os.listdir(dynlog.work)])
            self.assertEqual(DONE, dynlog.command("clean", "--yes").returncode)

    def test_clean_leaves_what_is_not_dynlogs(self):
        dynlog = Dynlog({"db": "somebody's notes", "data/file": "x"})
        try:
            self.assertEqual(DONE, dynlog.command("clean", "--yes").returncode)
            self.assertEqual(FAILED, dynlog.command("clean", "--yes", "--data", "data").returncode)
            self.assertEqual(["data", "db"], sorted(os.listdir(dynlog.work)))
        finally:
            dynlog.remove()

    def test_drain_that_takes_too_long(self):
        stack = "service: a\nprovider: {name: aws, runtime: nodejs20.x, timeout: 30}\nfunctions: {f: {handler: h.f}}\n"
        with Dynlog({"serverless.yml": stack, "h.js": "exports.f = () => new Promise(() => setInterval(() => {}, 1e6))"},
                    ["--memory"]) as dynlog:
            dynlog.client("lambda").invoke(FunctionName="a-local-f", InvocationType="Event", Payload="{}")
            result = dynlog.command("drain", "--timeout", "1")
            self.assertEqual(TIMED_OUT, result.returncode, result.stderr)
            process, dynlog.process = dynlog.process, None
            process.end(signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
