"""What people see, command by command: lines that fit into 80 columns, no JSON, no colour where none is wanted; --json on
a terminal is what a pipe gets, and every line of that is JSON; what is wrong is said with what to do next."""

import json
import os
import re
import subprocess
import unicodedata
import unittest

from support.case import Case
from support.server import PROGRAM, Dynlog
from support.terminal import Terminal

DONE, FAILED, USAGE, LOST_RACE, UNREACHABLE, TIMED_OUT = range(6)
LOGS = "local-dynamodb-logs"
NOBODY = "http://127.0.0.1:1"
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"  # one character of five

# Commands that read, and change nothing. What they print is the same each time, but for TIMES.
READING = [
    ("read", "users", "wide"), ("read", "people", "1"), ("tail", "--from", "start", "--until-end"),
    ("tail", "--from", "start", "--until-end", "--log", "users", "--type", "signup"), ("streams", "users"), ("logs",),
    ("subscriptions",), ("parked", "mail"), ("archive", "list"), ("archive", "show"), ("tables",), ("tables", LOGS),
    ("query", LOGS, "users#wide#stream"), ("query", LOGS, "users#wide#stream", "--count"), ("scan", LOGS),
    ("scan", LOGS, "--filter", 'type = "signup"', "--attributes", "pk,payload.name"), ("scan", LOGS, "--limit", "2"),
    ("get", "local-core", "wide", "a"), ("status",), ("drain",), ("clock",), ("journey",),
    ("journey", "users#4181b152-fb77-416f-969c-646d52269d62#stream/1"), ("doctor", "--data", "."),
    ("replay", "--from", "db", "--to", "table", "--to-table", "fresh", "--create", "--dry-run"), ("version",)]
TIMES = {"status", "drain", "clock", "journey", "doctor", "replay"}
ALWAYS_JSON = {"get"}  # an item is JSON for people, too, indented


def columns(line):
    return sum(0 if unicodedata.combining(c) or c in "\u200d\ufe0f" else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


class People(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run = cls.dynlog.command
        payload = json.dumps({"name": "山田太郎 %s e\u0301" % FAMILY, "long": "x" * 300}, ensure_ascii=False)
        for command in (("fake", "3"), ("append", "users", "wide", "signup", payload), ("private", "people"),
                        ("append", "people", "1", "signup", '{"name":"ada"}'), ("forget", "people", "1"),
                        ("put", "local-core", json.dumps({"pk": "wide", "sk": "a", "long": payload})),
                        ("tail", "--group", "mail", "--from", "start", "--tries", "1", "--until-end", "--exec", "false"),
                        ("drain",)):
            result = run(*command)
            assert result.returncode == DONE, (command, result.stdout + result.stderr)

    def terminal(self, *command, **more):
        """(raw text, its lines, exit status)"""
        env = self.dynlog.client_environment(TZ="UTC", **more)
        with Terminal([PROGRAM, *command], self.dynlog.work, env, term=env.get("TERM", "xterm-256color")) as terminal:
            status = terminal.end()
            return terminal.raw, terminal.text().split("\n"), status

    def test_lines_fit_and_are_no_json(self):
        for command in READING:
            with self.subTest(command=command):
                raw, lines, status = self.terminal(*command)
                self.assertIn(status, (DONE, FAILED) if command[0] == "doctor" else (DONE,), raw)
                if command[0] not in ALWAYS_JSON:
                    self.assertLessEqual(max(columns(line) for line in lines if "--start '" not in line), 80, raw)
                    self.assertNotRegex(raw, r"(?m)^\{")
                self.assertTrue(any(lines), "it says something")

    def test_json_on_a_terminal_is_what_a_pipe_gets(self):
        for command in READING:
            with self.subTest(command=command):
                piped = self.dynlog.command(*command, *(["--json"] if command[0] == "version" else []))
                self.assertNotIn("\033", piped.stdout + piped.stderr)
                for line in piped.stdout.splitlines():
                    json.loads(line)
                self.assertGreater(len(piped.stdout), 0)
                raw, lines, _ = self.terminal(*command, "--json", TERM="dumb")
                if command[0] not in TIMES:
                    self.assertEqual(piped.stdout.splitlines(), [line for line in lines if line.startswith("{")], raw)

    def test_no_colour(self):
        for command in READING:
            for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
                with self.subTest(command=command, **more):
                    self.assertNotIn("\033", self.terminal(*command, **more)[0])

    def test_nobody_reads_on(self):
        for command in READING:
            with self.subTest(command=command):
                result = self.dynlog.run("bash", "-c", 'set -o pipefail; "$0" "$@" | head -c 1 > /dev/null; '
                                                       "echo ${PIPESTATUS[0]}", PROGRAM, *command)
                self.assertEqual("", result.stderr)
                self.assertIn(int(result.stdout), (DONE, FAILED, 128 + 13))

    def test_helps_fit(self):
        names = re.findall(r"^  ([a-z]+)  ", self.dynlog.command("help").stdout, re.M)
        self.assertGreater(len(names), 30)
        for name in names:
            text = self.dynlog.command(name, "--help").stdout
            self.assertLessEqual(max(map(columns, text.split("\n"))), 80, name)
            self.assertRegex(text, r"\nExamples?\n  dynlog %s|\n  .*\bdynlog %s" % (name, name))

    def test_what_is_wrong(self):
        for status, words, *command in (
                (USAGE, "--from needs a position (a number), start, now or a time", "tail", "--from", "foo"),
                (USAGE, "--since needs a time, a day or a duration", "journey", "--since", "1x"),
                (USAGE, "A position or --all, not both", "unpark", "mail", "4", "--all"),
                (USAGE, "`dynlog start --data DIR` runs one", "subscriptions", "--data", "x"),
                (USAGE, "`dynlog start --data DIR` runs one", "parked", "mail", "--data", "x"),
                (USAGE, "`dynlog start --data DIR` runs one", "unpark", "mail", "1", "--data", "x"),
                (USAGE, "dynlog append --file - --data DIR", "fake", "--data", "x"),
                (USAGE, "`dynlog tables` lists them", "scan"), (USAGE, "`dynlog tables` lists them", "get"),
                (FAILED, "`dynlog subscriptions` lists them", "parked", "nobody"),
                (FAILED, "`dynlog subscriptions` lists them", "unpark", "nobody", "1"),
                (FAILED, "`dynlog status` lists", "invoke", "nobody"),
                (FAILED, "There is no function nobody", "replay", "--from", "db", "--to", "function", "--function", "nobody"),
                (FAILED, "There is no bus nobody", "replay", "--from", "db", "--to", "bus", "--bus", "nobody"),
                (FAILED, "takes no events", "replay", "--from", "db", "--to", "table", "--to-table", "local-core"),
                (FAILED, "has the keys pk, text, and sk, a number", "read", "users", "1", "--table", "local-core"),
                (FAILED, "has the keys pk, text, and sk, a number", "append", "users", "1", "x", "--table", "local-core"),
                (FAILED, "has the keys pk, text, and sk, a number", "fake", "1", "--table", "local-core"),
                (FAILED, "refuses this: there is no table nothing.", "tail", "--table", "nothing", "--count", "1"),
                (FAILED, "There is no data folder nothing", "read", "users", "1", "--data", "nothing"),
                (FAILED, "There is no data folder nothing", "tail", "--data", "nothing"),
                (FAILED, "holds other files and no dynlog store", "read", "users", "1", "--data", "."),
                (FAILED, "`dynlog tables` lists what there is", "read", "users", "1", "--table", "nothing"),
                (FAILED, "start dynlog with --clock manual", "clock", "--next"),
                (UNREACHABLE, "`dynlog start`", "subscriptions", "--endpoint", NOBODY),
                (UNREACHABLE, "`dynlog start`", "replay", "--from", "table", "--to", "bus", "--endpoint", NOBODY)):
            with self.subTest(command=command):
                result = self.dynlog.command(*command)
                self.assertNotIn("nothing", os.listdir(self.dynlog.work))
                self.assertEqual((status, ""), (result.returncode, result.stdout), result.stderr)
                self.assertIn(words, result.stderr)
                self.assertTrue(result.stderr.startswith("dynlog %s: " % command[0]))
                self.assertEqual(status == USAGE, "Help: dynlog %s --help" % command[0] in result.stderr)

    def test_places_of_aws_variables(self):
        """--endpoint, the variables, in their order; a profile that is not there is named."""
        nobody = {"AWS_ENDPOINT_URL": NOBODY, "AWS_ENDPOINT_URL_DYNAMODB": self.dynlog.endpoint}
        self.assertEqual(DONE, self.dynlog.command("read", "users", "wide", **nobody).returncode)
        nobody = {"AWS_ENDPOINT_URL": self.dynlog.endpoint, "AWS_ENDPOINT_URL_DYNAMODB": NOBODY}
        self.assertEqual(UNREACHABLE, self.dynlog.command("read", "users", "wide", **nobody).returncode)
        self.assertEqual(DONE, self.dynlog.command("read", "users", "wide", "--endpoint", self.dynlog.endpoint,
                                                   **nobody).returncode)
        result = self.dynlog.command("read", "users", "wide", "--profile", "nobody")
        self.assertEqual(USAGE, result.returncode)
        self.assertIn("nobody", result.stderr)


class Typing(Case):
    """Standard input is a person: who is waited for is said."""

    def typed(self, *command):
        with Terminal([PROGRAM, *command], self.dynlog.work, self.dynlog.client_environment()) as terminal:
            terminal.wait("from the terminal.*Ctrl-D ends")
            yield terminal
            self.assertEqual(DONE, terminal.end())

    def test_input(self):
        line = '{"log":"a","id":"%s","type":"x"}\n'
        for terminal in self.typed("append", "a", "1", "x", "-"):
            terminal.send('{"n":1}\n', "\004")
            terminal.wait("a/1 version 1 x")
        for terminal in self.typed("append", "--file", "-"):
            terminal.send(line % 2, "\004")
            terminal.wait("Appended: 1 event")
        for terminal in self.typed("put", "local-core", "-"):
            terminal.send('{"pk":"a","sk":"b"}\n', "\004")
            terminal.wait("1 item written")
        for terminal in self.typed("archive", "import", "--archive", "mine.db"):
            terminal.send("\004")
            terminal.wait("Standard input has no events: nothing was imported.")


class Starting(unittest.TestCase):
    def test_banner(self):
        """Fits, has no colour where none is wanted, and what it shows works as it stands."""
        for more in ({"TERM": "dumb"}, {"NO_COLOR": "1"}, {}):
            dynlog = Dynlog()
            self.addCleanup(dynlog.remove)
            env = {**dynlog.environment(), **more}
            with Terminal([PROGRAM, "start", "--memory", "--port", "0", "--events-port", "0", "--lambda-port", "0"],
                          dynlog.work, env, term=more.get("TERM", "xterm")) as terminal:
                terminal.wait(r"aws dynamodb list-tables .*\n")
                self.assertEqual(not more, "\033" in terminal.raw)
                self.assertLessEqual(max(columns(line) for line in terminal.text().split("\n")
                                         if PROGRAM not in line), 81, "81: ports of five digits")
                terminal.send("\003")
                self.assertEqual(DONE, terminal.end())

    def test_an_error(self):
        """Its lines fit a terminal; in a pipe it is one."""
        with Dynlog() as running:
            command = [PROGRAM, "start", "--data", running.path(".dynlog"), "--port", "0", "--events-port", "0", "--lambda-port", "0"]
            with Terminal(command, running.work, running.environment()) as terminal:
                self.assertNotEqual(DONE, terminal.end())
                lines = terminal.text().rstrip("\n").split("\n")
            result = running.run(*command)
            self.assertEqual(1, result.stderr.count("\n"), result.stderr)
            self.assertTrue(result.stderr.startswith("dynlog: "), result.stderr)
            self.assertEqual(1, result.stderr.count(running.path(".dynlog")), result.stderr)
            self.assertEqual(result.stderr.split(), " ".join(lines).split())
            self.assertLess(1, len(lines), lines)
            self.assertLessEqual(max(columns(line) for line in lines if " " in line), 80, lines)


class Cleaning(unittest.TestCase):
    def test_lines_of_what_was_deleted(self):
        with Dynlog() as dynlog:
            dynlog.stop()
            lines = [json.loads(line) for line in dynlog.command("clean", "--yes").stdout.splitlines()]
            self.assertEqual([("the data folder", "data"), ("the SQLite archive", "db")],
                             [(line["what"], "db" if line["deleted"] == "db" else "data") for line in lines])
            self.assertTrue(all(line["bytes"] > 0 for line in lines))
            again = dynlog.command("clean", "--yes")
            self.assertEqual((DONE, "", ""), (again.returncode, again.stdout, again.stderr))

    def test_ctrl_c_at_the_question(self):
        with Dynlog() as dynlog:
            dynlog.stop()
            env = dynlog.client_environment()
            with Terminal([PROGRAM, "clean"], dynlog.work, env) as terminal:
                terminal.wait("Delete it")
                terminal.send("\003")
                self.assertNotEqual(DONE, terminal.end())
            listing = subprocess.run(["ls", "-a", dynlog.work], capture_output=True, text=True, check=True).stdout
            self.assertIn(".dynlog", listing)


if __name__ == "__main__":
    unittest.main()
