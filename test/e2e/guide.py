"""The programs of docs/test-guide.md (examples/*/offline) against this dynlog: what the page shows, works."""

import importlib.util
import os
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


if __name__ == "__main__":
    unittest.main()
