"""The programs of docs/test-guide.md (examples/*/offline) against this dynlog: what the page shows, works. And every
command line of dynlog's that a page shows is one."""

import glob
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

from support.server import CLIENT_ENVIRONMENT, PROGRAM, TOP, environment, need_aws


class Guide(unittest.TestCase):
    def run_in(self, example, *command):
        with tempfile.TemporaryDirectory(prefix="dynlog-e2e-") as home:
            result = subprocess.run(command, cwd=os.path.join(TOP, "examples", example), stdin=subprocess.DEVNULL,
                                    env=environment(home, {**CLIENT_ENVIRONMENT, "DYNLOG": PROGRAM}),
                                    capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        return result.stdout

    def test_node(self):
        self.assertIn("# pass 3", self.run_in("users-node", "node", "--test", "--test-reporter=tap",
                                              "offline/users.test.js"))

    @unittest.skipUnless(importlib.util.find_spec("pytest"), "there is no pytest (Debian: python3-pytest)")
    def test_pytest(self):
        out = self.run_in("users-python", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "offline")
        self.assertIn("5 passed", out)

    def test_shell(self):
        need_aws()
        self.assertEqual(3, self.run_in("users-python", "offline/users.sh").count("ok - "))

    def test_commands_of_the_pages(self):
        """Asked where nobody listens: each ends with 4, not with 2."""
        shown = set()
        for page in glob.glob(os.path.join(TOP, "docs", "*.md")) + [os.path.join(TOP, "README.md")]:
            with open(page, encoding="utf-8") as file:
                for kind, block in re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", file.read(), re.M | re.S):
                    if kind in ("", "sh"):
                        shown.update(re.findall(r"^(?:build/)?dynlog ((?:append|read|tail|status|drain|clock|tables|query|scan|"
                                                r"get|put|update|delete).*)",
                                                block, re.M))
        self.assertLessEqual({"clock --advance 1h", "drain --retries now"}, shown)
        with tempfile.TemporaryDirectory(prefix="dynlog-e2e-") as home:
            for line in sorted(shown):
                result = subprocess.run([PROGRAM, *shlex.split(line, comments=True), "--endpoint", "http://127.0.0.1:1"],
                                        env=environment(home), stdin=subprocess.DEVNULL, capture_output=True,
                                        text=True, timeout=60, check=False)
                self.assertEqual(4, result.returncode, line + "\n" + result.stderr)


if __name__ == "__main__":
    unittest.main()
