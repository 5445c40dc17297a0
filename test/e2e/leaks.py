"""Nothing is left of what has been: after many reloads and many invocations the server has the descriptors,
processes, threads and watched folders that it had, and its memory is flat.

Log groups are off: what is kept in them is kept. DYNLOG_SOAK=N makes it N times as long, and prints what it counted (scripts/soak)."""

import http.client
import json
import os
import re
import shutil
import subprocess
import time
import unittest

from support.case import Case
from support.server import PROGRAM, TOP

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
        process = self.dynlog.process.popen.pid
        read = lambda name: open("/proc/%d/%s" % (process, name), encoding="utf-8")
        descriptors = os.listdir("/proc/%d/fd" % process)
        watches = 0
        for descriptor in descriptors:
            try:
                with read("fdinfo/" + descriptor) as file:
                    watches += len(re.findall("^inotify wd", file.read(), re.M))
            except FileNotFoundError:
                pass
        with read("status") as file:
            status = file.read()
        with read("task/%d/children" % process) as file:
            children = len(file.read().split())
        number = lambda name: int(re.search(r"^%s:\s+(\d+)" % name, status, re.M).group(1))
        return {"descriptors": len(descriptors), "processes": children, "threads": number("Threads"),
                "watched folders": watches, "memory KB": number("VmRSS")}

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


if __name__ == "__main__":
    unittest.main()
