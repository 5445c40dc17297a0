"""libdynlog as a program of somebody else's finds it: installed, found by pkg-config, linked shared and static, from C
and from C++. The programs are those of docs/library.md (examples/library), on a folder and on a server."""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from support.case import event
from support.server import PROGRAM, SANITIZER, TOP, Dynlog, environment

BUILD = os.path.dirname(PROGRAM)
EXAMPLES = os.path.join(TOP, "examples", "library")
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
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", os.path.join(self.top, "to"))
        self.pc_folder = os.path.dirname(self.find("dynlog.pc"))
        self.lib_folder = os.path.dirname(self.pc_folder)
        self.prefix = os.path.join(self.top, "to") + run("pkg-config", "--variable=prefix", self.find("dynlog.pc")).strip()
        self.sanitized = "__asan_init" in run("nm", "-D", self.find("libdynlog.so"))

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
        if self.sanitized:
            flags += ["-fsanitize=address,undefined"]
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
                        for path in glob.glob(os.path.join(EXAMPLES, "*.c*"))}

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

    def archived(self, dynlog):
        import sqlite3
        with sqlite3.connect("file:%s?mode=ro" % dynlog.path("db"), uri=True) as db:
            return db.execute("select log, type from events").fetchall()

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
