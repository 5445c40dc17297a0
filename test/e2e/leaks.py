"""Nothing is left of what has been: after many reloads and many invocations the server has the descriptors,
processes, threads and watched folders that it had, and its memory is flat.

Log groups are off: what is kept in them is kept. DYNLOG_SOAK=N makes it N times as long, and prints what it counted (scripts/soak
--reloads). Here too: scripts/soak in short (test/soak), and whether its verdict can fail."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

from support.case import Case
from support.server import PROGRAM, TOP

sys.path[:0] = [os.path.join(TOP, "test", name) for name in ("soak", "long")]
import figures  # noqa: E402
import others  # noqa: E402
import rows  # noqa: E402
import soak  # noqa: E402
import verdict  # noqa: E402

TIMES = int(os.environ.get("DYNLOG_SOAK", "1"))
RELOADS = {"c": 100 * TIMES, "node": max(10, 3 * TIMES), "python": max(10, 3 * TIMES)}
INVOCATIONS = 1000 * TIMES
CLOSING = 2  # connections of ours that the server has not closed yet
MEMORY_GROWTH_MAX_KB = 8 * 1024  # of buffers and caches that come to their size

STACK = """
service: app
provider: {name: aws, runtime: nodejs20.x, timeout: 20, memorySize: 512}
functions:
  c: {handler: main.handler, runtime: provided.al2023, reservedConcurrency: 1, disableLogs: true, environment: {GREETING_FILE: greeting}}
  node: {handler: node/main.handler, reservedConcurrency: 1, disableLogs: true}
  python: {handler: snake/main.handler, runtime: python3.11, reservedConcurrency: 1, disableLogs: true}
"""

FILES = {
    "serverless.yml": STACK,
    "greeting": "0",
    "node/main.js": "const part = require('./part')\nexports.handler = async () => ({ greeting: part })\n",
    "node/part.js": "module.exports = '0'\n",
    "snake/__init__.py": "",
    "snake/main.py": "from snake import part\n\ndef handler(event, context):\n    return {'greeting': part.value}\n",
    "snake/part.py": "value = '0'\n",
}
PARTS = {"c": ("greeting", "%d"), "node": ("node/part.js", "module.exports = '%d'\n"),
         "python": ("snake/part.py", "value = '%d'\n")}


def has_sanitizers():
    """Theirs keep what is freed, so that memory grows."""
    with open(PROGRAM, "rb") as file:
        return b"__asan_init" in file.read()


class Leaks(Case):
    files = FILES
    arguments = ("--memory", "--quiet")

    @classmethod
    def setUpClass(cls):
        compiler = shutil.which("cc")
        if compiler is None:
            raise unittest.SkipTest("there is no cc to compile examples/bootstrap-c with")
        super().setUpClass()
        subprocess.run([compiler, "-O1", "-o", cls.dynlog.path("bootstrap"),
                        os.path.join(TOP, "examples/bootstrap-c/bootstrap.c")], check=True)

    def setUp(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.dynlog.lambda_port, timeout=60)
        self.addCleanup(self.connection.close)

    def invoke(self, name, payload="{}", kind="RequestResponse"):
        self.connection.request("POST", "/2015-03-31/functions/app-local-%s/invocations" % name, payload,
                                {"X-Amz-Invocation-Type": kind})
        answer = self.connection.getresponse()
        body = answer.read()
        self.assertIn(answer.status, (200, 202), body)
        self.assertIsNone(answer.headers.get("X-Amz-Function-Error"), body)
        return json.loads(body or "null")

    def figures(self):
        """Of the server's process. Old workers are gone: a function of one worker waits for that."""
        taken = figures.process_figures(self.dynlog.process.popen.pid, os.path.realpath(self.dynlog.path(".dynlog")))
        return {"descriptors": sum(taken[name] for name in figures.DESCRIPTORS), "processes": taken["processes"],
                "threads": taken["threads"], "watched folders": taken["watched folders"], "memory KB": taken["resident KB"]}

    def expect_flat(self, what, before, seconds):
        after = self.figures()
        if TIMES > 1:
            print("%s in %.0f s: %s" % (what, seconds, ", ".join(
                "%s %d -> %d" % (name, before[name], after[name]) for name in before)), flush=True)
        growth = after.pop("memory KB") - before.pop("memory KB")
        self.assertLessEqual(after.pop("descriptors"), before.pop("descriptors") + CLOSING)
        for name, number in after.items():  # fewer: in a long run workers of the other functions grow old
            self.assertLessEqual(number, before[name], name)
        if not has_sanitizers():
            self.assertLess(growth, MEMORY_GROWTH_MAX_KB)

    def reload(self, name, number):
        path, text = PARTS[name]
        self.dynlog.write(path, text % number)
        self.assertEqual(str(number), self.invoke(name)["greeting"])

    def test_reloads(self):
        for name, count in RELOADS.items():
            self.invoke(name)
        for name, count in RELOADS.items():
            with self.subTest(name):
                for number in range(count // 10):
                    self.reload(name, number)
                before, begun = self.figures(), time.monotonic()
                for number in range(count // 10, count):
                    self.reload(name, number)
                self.expect_flat("%d reloads of %s" % (count - count // 10, name), before, time.monotonic() - begun)

    def invoke_both(self, name, count):
        """Every tenth asynchronously; those come last, because one that waits has the only worker throttle."""
        for _ in range(count - count // 10):
            self.invoke(name)
        for _ in range(count // 10):
            self.invoke(name, kind="Event")
        self.dynlog.drain()

    def test_invocations(self):
        for name in PARTS:
            self.invoke(name)
        for name, count in (("node", INVOCATIONS), ("python", INVOCATIONS // 10), ("c", INVOCATIONS // 10)):
            with self.subTest(name):
                self.invoke_both(name, count // 10)
                before, begun = self.figures(), time.monotonic()
                self.invoke_both(name, count - count // 10)
                self.expect_flat("%d invocations of %s" % (count - count // 10, name), before,
                                 time.monotonic() - begun)


class Figures(Case):
    files = FILES
    arguments = ("--memory", "--quiet")

    def test_worker_comes_late(self):
        """Its pipes are told apart: a soak in which the last worker starts near the end is flat."""
        look = lambda: figures.process_figures(self.dynlog.process.popen.pid, os.path.realpath(self.dynlog.path(".dynlog")))
        before = look()
        self.assertEqual((0, 0), (before["processes"], before["worker descriptors"]))
        status, _, body = self.dynlog.request(
            "POST", "/2015-03-31/functions/app-local-node/invocations", b"{}", port=self.dynlog.lambda_port)
        self.assertEqual((200, {"greeting": "0"}), (status, json.loads(body)))
        after = look()
        self.assertEqual((1, figures.PIPES), (after["processes"], after["worker descriptors"]))
        self.assertEqual(before["other descriptors"], after["other descriptors"])


class Verdict(unittest.TestCase):
    """The rules of scripts/soak hold for what is flat, and each fails for what is not."""

    FLAT = {"store KB": 90000, "store files": 40, "sockets": 30, "other descriptors": 23, "watched folders": 14, "threads": 9,
            "processes": 6, "errors": 0, "invocation errors": 0}

    def failed(self, count=30, **figures):
        """Names of the rules that fail; figures: name -> a function of the minute."""
        samples = [{"minute": minute, **self.FLAT, "other KB": 5000, "requests": 30000 * minute, **{
            name.replace("_", " "): of(minute) for name, of in figures.items()}} for minute in range(1, count + 1)]
        return [name for name, _, _, holds in verdict.judge(samples, 6) if not holds]

    def test_flat(self):
        self.assertEqual([], self.failed())
        # it came to its size; it goes up and down with flushes; once it was elsewhere
        self.assertEqual([], self.failed(other_KB=lambda minute: min(minute, 9) * 2000))
        self.assertEqual([], self.failed(other_KB=lambda minute: 5000 + minute % 4 * 2000))
        self.assertEqual([], self.failed(other_KB=lambda minute: 90000 if minute == 29 else 5000))
        self.assertEqual([], self.failed(threads=lambda minute: 9 if minute < 10 else 11))

    def test_not_flat(self):
        for figure, of, rule in (
                ("other_KB", lambda minute: 5000 + minute * 400, "memory of its own, growth"),
                ("other_KB", lambda minute: 5000 + minute * 600 + minute % 4 * 2000, "memory of its own, growth"),
                ("store_KB", lambda minute: 30000 * minute, "memory of the store"),
                ("store_files", lambda minute: 20 * minute, "files of the store"),
                ("sockets", lambda minute: 30 + minute, "sockets"),
                ("other_descriptors", lambda minute: 23 + minute // 10, "other descriptors"),
                ("watched_folders", lambda minute: 14 + (minute == 30), "watched folders"),
                ("threads", lambda minute: 9 + minute // 6, "threads"),
                ("processes", lambda minute: 6 + (minute > 20), "processes"),
                ("requests", lambda minute: 30000 + minute, "requests"),
                ("errors", lambda minute: minute // 30, "errors of clients"),
                ("invocation_errors", lambda minute: minute // 30, "failed invocations")):
            with self.subTest(rule):
                self.assertEqual([rule], self.failed(**{figure: of}))

    def test_too_short(self):
        with self.assertRaises(ValueError):
            self.failed(count=8)


class Soak(unittest.TestCase):
    def test_in_short(self):
        """Every work of it does what it should, and what is counted at rest stays as it is; memory takes longer to tell."""
        seen = []
        table = rows.Rows([], True)
        table.row = lambda **members: seen.append(members)
        samples = soak.run(0.25, 100, 7, table)
        self.assertEqual(len(samples), len(seen))
        last = samples[-1]
        self.assertEqual(0, last["errors"], [sample.get("said") for sample in samples])
        for work in others.Others.works:
            self.assertGreater(last["works"]["services"].get(work.__name__, 0), 0, work.__name__)
        self.assertGreater(last["works"]["dynamodb"]["ok"], 20)
        for name, found, limit, holds in verdict.judge(samples, soak.stack.PROCESSES_MAX):
            if "memory" not in name:
                self.assertTrue(holds, "%s: %s, not %s" % (name, found, limit))


if __name__ == "__main__":
    unittest.main()
