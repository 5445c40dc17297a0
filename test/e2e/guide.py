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

    # What a section says once for several commands.
    SHARED = {"Who is asked": None, "Plain tables": ("tables", "query", "scan", "get", "put", "update", "delete"),
              "query": ("scan",), "help, manual pages, completion": ("help", "completion", "version")}

    def help_of(self, *command):
        return subprocess.run([PROGRAM, "help", *command], capture_output=True, text=True, check=True).stdout

    def test_the_page_has_all_options_and_no_others(self):
        """docs/commands.md and the tables of options say the same."""
        with open(os.path.join(TOP, "docs", "commands.md"), encoding="utf-8") as file:
            top, *rest = re.split(r"^## (.*)\n", file.read(), flags=re.M)
        sections = dict(zip(rest[::2], rest[1::2]))
        names = re.findall(r"^  ([a-z]+)  ", self.help_of().split("First steps")[0], re.M)
        options = {name: set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", self.help_of(name), re.M)) for name in names}
        every = set().union(*options.values())
        for name, section in sections.items():
            for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", section):
                self.assertIn(option, every | {"--version"}, "in the section " + name)
            for command, line in re.findall(r"^(?:build/)?dynlog ([a-z]+)(.*)$", section, re.M):
                for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.split(r" [|>] ", line)[0]):
                    self.assertIn(option, options[command], line)
        for name in options:
            said = top + sections.get(name, "") + "".join(
                sections[title] for title, commands in self.SHARED.items() if commands is None or name in commands)
            self.assertTrue(name in sections or any(name in (commands or ()) for commands in self.SHARED.values()), name)
            for option in options[name]:
                self.assertRegex(said, r"(?<![\w-])%s(?![\w-])" % option, "dynlog %s: docs/commands.md does not tell of it" % name)


if __name__ == "__main__":
    unittest.main()
