"""libdynlog as a program of somebody else's finds it: installed, found by pkg-config, linked shared and static, from C
and from C++. The programs are those of docs/library.md (examples/library), on a folder and on a server."""

import glob
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from support.case import event
from support.elsewhere import Elsewhere
from support.server import PROGRAM, SANITIZER, TOP, Dynlog, environment

BUILD = os.path.dirname(PROGRAM)
EXAMPLES = os.path.join(TOP, "examples", "library")
PROGRAMS = os.path.join(TOP, "test", "e2e", "programs")
LOGS = "local-dynamodb-logs"
# Where dependencies are unpacked that this system does not have (scripts/dependencies).
UNPACKED = glob.glob(os.path.join(TOP, ".deps", "root", "usr", "lib", "*-linux-*"))


def run(*command, **more):
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **more)
    if result.returncode != 0:
        raise AssertionError("%r ended with %d\n%s%s" % (command, result.returncode, result.stdout, result.stderr))
    return result.stdout


class Installed:
    """`meson install` into a folder of the test's own, and programs that are built against it."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="dynlog-e2e-")
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--tags", "runtime,devel", "--destdir", os.path.join(self.top, "to"))
        self.pc_folder = os.path.dirname(self.find("dynlog.pc"))
        self.lib_folder = os.path.dirname(self.pc_folder)
        self.prefix = os.path.join(self.top, "to") + run("pkg-config", "--variable=prefix", self.find("dynlog.pc")).strip()
        symbols = run("nm", "-D", self.find("libdynlog.so"))
        self.sanitizers = (["-fsanitize=address,undefined"] if "__asan_init" in symbols else
                           ["-fsanitize=thread"] if "__tsan_init" in symbols else [])

    def find(self, name):
        for parent, _, names in os.walk(os.path.join(self.top, "to")):
            if name in names:
                return os.path.join(parent, name)
        raise AssertionError("%s is not installed" % name)

    def environment(self):
        return {**environment(self.top), "PKG_CONFIG_PATH": self.pc_folder,
                "LD_LIBRARY_PATH": ":".join([self.lib_folder, *UNPACKED])}

    def pkg_config(self, *options):
        return run("pkg-config", "--define-variable=prefix=" + self.prefix, *options, "dynlog",
                   env=self.environment()).split()

    def compile(self, source, static=False):
        """The path of a program that is linked with what pkg-config says."""
        cplusplus = source.endswith(".cpp")
        program = os.path.join(self.top, "%s%s" % (os.path.basename(source), "-static" if static else ""))
        flags = ["-std=c++17" if cplusplus else "-std=c17", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic",
                 "-Werror"]
        flags += self.sanitizers
        libraries = self.pkg_config("--libs")
        if static:  # as docs/library.md says
            libraries = ["-L" + self.lib_folder, "-l:libdynlog.a",
                         *[word for word in self.pkg_config("--static", "--libs") if word != "-ldynlog"]]
        run("c++" if cplusplus else "cc", *flags, *self.pkg_config("--cflags"), source, "-o", program, *libraries,
            *["-L" + folder for folder in UNPACKED], env=self.environment())
        return program

    def remove(self):
        shutil.rmtree(self.top)


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installed = Installed()
        cls.addClassCleanup(cls.installed.remove)
        cls.programs = {os.path.basename(path): cls.installed.compile(path)
                        for path in glob.glob(os.path.join(EXAMPLES, "*.c*")) +
                        glob.glob(os.path.join(PROGRAMS, "*.c"))}

    def setUp(self):
        self.data = tempfile.mkdtemp(prefix="dynlog-e2e-")
        self.addCleanup(shutil.rmtree, self.data)

    def run_program(self, name, *arguments, status=0):
        result = subprocess.run([self.programs.get(name, name), *arguments], env=self.installed.environment(),
                                capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        self.assertIsNone(SANITIZER.search(result.stderr), result.stderr)
        return result.stdout.splitlines()

    def use(self, place):
        """Every example, in the order of the page."""
        self.assertEqual(["version 1"], self.run_program("append.c", place))
        self.assertEqual(["version 1, again", "lost the race: users/12 is at version 2, not 1."],
                         self.run_program("append.c", place))
        self.assertEqual(["a is at version 1, b at 2"], self.run_program("several.c", place))
        self.run_program("several.c", place, status=1)  # b is not new
        self.assertEqual(['2 addPhoneNumber {"id":"12","number":"+46700000000"}', '1 signup {"id":"12","name":"test"}'],
                         self.run_program("read.c", place, "users", "12"))
        self.assertEqual([], self.run_program("read.c", place, "users", "nobody"))
        self.assertEqual(["version 2: 1 phone numbers"], self.run_program("read_model.c", place))
        self.assertEqual(["accounts 3", "users 2"], self.run_program("logs.cpp", place))

    def follow(self, place, *arguments, lines):
        """The lines of follow.c, which is ended by Ctrl-C."""
        process = subprocess.Popen([self.programs["follow.c"], place, *arguments], env=self.installed.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        got = [process.stdout.readline().strip() for _ in range(lines)]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((0, "", ""), (process.returncode, out, err))
        return [line.split(" ", 1) for line in got]

    def test_folder(self):
        self.use(self.data)
        first, second = self.follow(self.data, lines=2)
        self.assertEqual(["users/12 1 signup", "users/12 2 addPhoneNumber"], [first[1], second[1]])
        self.assertEqual([second], self.follow(self.data, first[0], lines=1))

    def test_server(self):
        with Dynlog() as dynlog:
            place = "http://127.0.0.1:%d" % dynlog.port
            self.use(place)
            first, second = self.follow(place, lines=2)
            self.assertEqual(["users/12 1 signup", "users/12 2 addPhoneNumber"], [first[1], second[1]])
            self.assertEqual([second], self.follow(place, first[0], lines=1))
            # what an append is told is where followers find it
            client = dynlog.client("dynamodb")
            answer = client.put_item(TableName=LOGS, Item=event("users", 12, 3))
            position = answer["ResponseMetadata"]["HTTPHeaders"]["x-dynlog-position"]
            self.assertEqual([position, "users/12 3 %s" % event("users", 12, 3)["type"]["S"]],
                             self.follow(place, second[0], lines=1)[0])

    def test_a_server_goes_on_from_a_folder(self):
        with Dynlog() as dynlog:
            dynlog.stop()
            shutil.rmtree(dynlog.path(".dynlog"))
            self.use(dynlog.path(".dynlog"))
            dynlog.restart()
            client = dynlog.client("dynamodb")
            client.put_item(TableName=LOGS, Item=event("users", 12, 3))
            dynlog.drain()  # the built-in trigger has handed all of it on, to the archive
            lines = dynlog.command("read", "users", "12", "--json").stdout.splitlines()
            self.assertEqual([1, 2, 3], [json.loads(line)["version"] for line in lines])
            self.assertEqual(6, len(self.archived(dynlog)))
            self.run_program("append.c", dynlog.path(".dynlog"), status=1)  # it is in use
            dynlog.stop()
            self.assertEqual(["version 1, again", "lost the race: users/12 is at version 3, not 1."],
                             self.run_program("append.c", dynlog.path(".dynlog")))
            dynlog.restart()

    def share(self, place):
        """A group's member that leaves in the middle, and one that goes on from there."""
        users = [("a", "signup"), ("b", "signup"), ("a", "bad"), ("b", "moved")]
        for user, kind in users:
            self.run_command("append", "users", user, kind, place)
        self.assertEqual(["users/a 1 signup, try 1", "users/b 1 signup, try 1"], self.run_program("work.c", place, "mail", "2"))
        lines = self.run_program("work.c", place, "mail")
        self.assertEqual(["users/a 2 bad, try %d" % number for number in (1, 2, 3)], [line for line in lines if "bad" in line])
        self.assertEqual(["users/b 2 moved, try 1"], [line for line in lines if "bad" not in line])
        self.assertEqual([], self.run_program("work.c", place, "mail"))

    def run_command(self, *arguments):
        *words, place = arguments
        where = ["--endpoint", place] if place.startswith("http") else ["--data", place]
        run(PROGRAM, *words, *where, env=self.installed.environment())

    def test_a_group_in_a_folder(self):
        self.share(self.data)

    def test_a_group_on_a_server(self):
        with Dynlog() as dynlog:
            self.share("http://127.0.0.1:%d" % dynlog.port)

    def test_another_engine(self):
        """Where only DynamoDB's operations are answered, the change stream is read: each event once, in the order of its
        stream, while shards roll and split; and a cursor goes on."""
        with Dynlog() as dynlog, Elsewhere(dynlog) as elsewhere:
            place = elsewhere.endpoint
            self.use(place)
            client = dynlog.client("dynamodb")
            for where, names in ((place, {"time"}), (dynlog.endpoint, {"time", "position"})):
                lines = [json.loads(line) for line in
                         dynlog.command("read", "users", "12", "--endpoint", where).stdout.splitlines()]
                self.assertEqual([1, 2], [line["version"] for line in lines])
                self.assertEqual([names] * 2, [set(line) & {"time", "position"} for line in lines])
            expected = ["users/12 1 signup", "users/12 2 addPhoneNumber"]
            for version in range(1, 21):
                for user in ("a", "b", "c"):
                    client.put_item(TableName=LOGS, Item=event("users", user, version))
                    expected.append("users/%s %d %s" % (user, version, event("users", user, version)["type"]["S"]))
                if version % 7 == 0:
                    self.assertEqual(200, dynlog.request("POST", "/_dynlog/shards", json.dumps(
                        {"table": LOGS, "action": "split" if version == 7 else "roll"}))[0])
            lines = self.follow(place, lines=62)
            self.assertEqual(sorted(expected), sorted(line for _, line in lines))
            for user in ("12", "a", "b", "c"):
                versions = [int(line.split()[1]) for _, line in lines if line.startswith("users/%s " % user)]
                self.assertEqual(sorted(versions), versions)
            rest = self.follow(place, lines[30][0], lines=31)
            self.assertEqual([line for _, line in lines[31:]], [line for _, line in rest])

    def test_streams_of_another_engine(self):
        """The table is read once, whatever number of pages its streams make."""
        with Dynlog() as dynlog, Elsewhere(dynlog) as elsewhere:
            place = elsewhere.endpoint
            self.assertEqual(0, dynlog.command("fake", "1100", "--log", "many").returncode)
            self.assertEqual(0, dynlog.command("logs", "--endpoint", place).returncode)
            once = elsewhere.count("Scan")
            lines = [json.loads(line) for line in dynlog.command("streams", "many", "--endpoint", place).stdout.splitlines()]
            self.assertEqual(2 * once, elsewhere.count("Scan"))
            self.assertEqual([4] * 1100, [line["version"] for line in lines])
            here = [json.loads(line) for line in dynlog.command("streams", "many").stdout.splitlines()]
            self.assertEqual([line["id"] for line in here], [line["id"] for line in lines])
            rest = dynlog.command("streams", "many", "--endpoint", place, "--after", lines[9]["id"], "--limit", "600")
            self.assertEqual(lines[10:610], [json.loads(line) for line in rest.stdout.splitlines()])

    def archived(self, dynlog):
        import sqlite3
        with sqlite3.connect("file:%s?mode=ro" % dynlog.path("db"), uri=True) as db:
            return db.execute("select log, type from events").fetchall()

    def make_users(self):
        """examples/users-c as its Makefile builds it."""
        folder = os.path.join(self.data, "users-c")
        shutil.copytree(os.path.join(TOP, "examples", "users-c"), folder)
        paths = " ".join("-Wl,-rpath,%s -L%s" % (path, path) for path in [self.installed.lib_folder, *UNPACKED])
        prefix = "--define-variable=prefix=" + self.installed.prefix
        pkg_config = os.path.join(self.data, "pkg-config")
        with open(pkg_config, "w", encoding="ascii") as file:
            file.write('#!/bin/sh\nexec /usr/bin/pkg-config %s "$@"\n' % prefix)
        os.chmod(pkg_config, 0o755)
        variables = self.installed.environment()
        run("make", "CFLAGS=-O1 -Wall -Wextra -Werror -std=c17 -D_POSIX_C_SOURCE=200809L " + " ".join(self.installed.sanitizers),
            "LDFLAGS=-Wl,--disable-new-dtags " + paths, cwd=folder,
            env={**variables, "PATH": self.data + ":" + variables["PATH"]})
        return folder

    def test_users(self):
        folder = self.make_users()
        users = os.path.join(folder, "users")
        with Dynlog(copy=folder) as dynlog:
            for place in (os.path.join(self.data, "data"), "http://127.0.0.1:%d" % dynlog.port):
                self.assertEqual(["users/12 version 1 signup"],
                                 self.run_program(users, place, "signup", "12", 'te"st', "test@example.com"))
                self.run_program(users, place, "signup", "12", "another", "x", status=3)
                self.run_program(users, place, "add-phone-number", "13", "+4670", status=1)
                self.run_program(users, place, "add-phone-number", "12", "+46700000000")
                self.run_program(users, place, "verify-phone-number", "12")
                self.run_program(users, place, "add-location", "12", "18.07", "59.33")
                shown = json.loads(self.run_program(users, place, "show", "12")[0])
                self.assertEqual({"id": "12", "version": 4, "name": 'te"st', "email": "test@example.com",
                                  "phoneNumber": "+46700000000", "verifiedPhoneNumber": True,
                                  "location": {"long": 18.07, "lat": 59.33}}, shown)
                self.assertEqual(4, len(self.run_program(users, place, "history", "12")))
                self.assertEqual([shown] * 4, [json.loads(line) for line in self.run_program(users, place, "follow", "4")])
            dynlog.drain()  # the function has seen every event of the bus
            answer = dynlog.command("invoke", "user", "--data", '{"user":"12"}')
            self.assertEqual(shown, json.loads(answer.stdout), answer.stderr)
            # each event of the bus was answered with the user as it was by then, or later
            printed = dynlog.command("logs", "user", "--since", "1h", "--filter", '"version"').stdout
            self.assertIn('\\"version\\":4', printed)

    def test_eight_threads_that_race(self):
        """With expected versions: none is lost, none is there twice, whatever the place."""
        self.assertEqual(["400 won"], self.run_program("race.c", self.data))
        with Dynlog() as dynlog:
            self.assertEqual(["400 won"], self.run_program("race.c", "http://127.0.0.1:%d" % dynlog.port))

    def test_eight_threads_that_race_elsewhere(self):
        """The same where one answer of twenty is lost or refused: all of them append the same event, often within one
        millisecond, and each knows its own again."""
        seed = random.randrange(1 << 32)
        with self.subTest(seed=seed), Dynlog() as dynlog, Elsewhere(dynlog) as elsewhere:
            elsewhere.shake(seed, 0.05)
            self.assertEqual(["400 won"], self.run_program("race.c", elsewhere.endpoint, "lossy"))

    def test_killed(self):
        """kill -9 of a program that has the folder: what was acknowledged is there, without a gap."""
        for round_number in range(3):
            folder = os.path.join(self.data, str(round_number))
            process = subprocess.Popen([self.programs["endless.c"], folder], env=self.installed.environment(),
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            acknowledged = {}
            for _ in range(random.randrange(50, 300)):
                stream, version = process.stdout.readline().split()
                acknowledged[stream] = int(version)
            process.kill()
            for line in process.stdout.read().splitlines():
                if re.fullmatch(r"\d \d+", line):  # the last one may be cut
                    stream, version = line.split()
                    acknowledged[stream] = max(int(version), acknowledged.get(stream, 0))
            process.stdout.close()
            process.wait()
            for stream, version in acknowledged.items():
                lines = subprocess.run([PROGRAM, "read", "users", stream, "--data", folder], capture_output=True, text=True,
                                       env=self.installed.environment(), check=True).stdout.splitlines()
                versions = [json.loads(line)["version"] for line in lines]
                self.assertEqual(list(range(1, len(versions) + 1)), versions)
                self.assertIn(len(versions), (version, version + 1))  # one may not have been told yet
            self.run_program("append.c", folder)

    def test_static(self):
        program = self.installed.compile(os.path.join(EXAMPLES, "append.c"), static=True)
        self.assertNotIn("libdynlog", run("ldd", program, env=self.installed.environment()))
        self.assertEqual(["version 1"], self.run_program(program, self.data))

    def test_only_what_the_header_says_is_seen(self):
        with open(os.path.join(TOP, "include", "dynlog.h"), encoding="utf-8") as file:
            declared = set(re.findall(r"^[a-z][\w \*]*?\b(dynlog_\w+)\(", file.read(), re.M))
        shared = {line.split()[-1] for line in run("nm", "-D", "--defined-only", self.installed.find(
            "libdynlog.so")).splitlines()}
        self.assertEqual({name + "@@DYNLOG_0.1" for name in declared} | {"DYNLOG_0.1"},
                         {name for name in shared if not name.startswith(("__", "_"))})
        static = {line.split()[-1] for line in run("nm", "-g", "--defined-only", self.installed.find(
            "libdynlog.a")).splitlines() if " T " in line}
        self.assertEqual(declared, static)
        self.assertIn("libdynlog.so.0", run("readelf", "-d", self.installed.find("libdynlog.so")))
        self.assertEqual("0.1.0", self.installed.pkg_config("--modversion")[0])


if __name__ == "__main__":
    unittest.main()
