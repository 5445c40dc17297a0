"""docs/tutorial.md: its commands, run one after the other in a terminal of 80 columns, print what the page shows. On the
page "..." stands for anything, alone in a line for any lines, and "[3]" behind an output is an exit status other
than 0. A block behind "`NAME`:" is a file that the reader saves. Times, positions, sizes, rates, ports and process ids
may be others."""

import os
import re
import stat
import unittest

from support.server import PROGRAM, TOP, Dynlog
from support.terminal import Terminal

PAGE = os.path.join(TOP, "docs/tutorial.md")
VARIES = [
    (r"\d\d:\d\d:\d\d\.\d{3}", "TIME"),
    (r'"position":\d+,"time":\d{13}', "PLACE"),
    (r"\([\d,]+/s\)", "(RATE)"),
    (r"\b\d+(\.\d+)? (ms|s|min \d+ s)\b", "DURATION"),
    (r" *\b\d+(\.\d+)? [kM]B\b *", " SIZE "),
    (r"\bprocess \d+", "process ID"),
    (r"\bposition \d+", "position N"),
    (r"(?m)^dynlog drain: Waiting: .*\n", ""),  # a machine that is slow enough to be asked before all is done
]
BAR = re.compile(r"\r[^\r\n]*(?=\r)")  # what a bar showed


def same(text):
    for pattern, word in VARIES:
        text = re.sub(pattern, word, text)
    return text


def pattern_of(shown):
    lines = [".*" if line == "..." else re.escape(line).replace(re.escape("..."), "[^\n]*")
             for line in same(shown).rstrip("\n").split("\n")]
    return re.compile("\n".join(lines) + "\n?", re.S)


def steps():
    """(command, what it prints, its exit status) of each block; (None, text, name) of a file to save."""
    with open(PAGE, encoding="utf-8") as file:
        blocks = re.findall(r"^(?:`([\w.]+)`:\n\n)?```(\w+)\n(.*?)^```$", file.read(), re.M | re.S)
    for name, kind, text in blocks:
        if name:
            yield None, text, name
        elif kind == "console":
            command, shown = text.removeprefix("$ ").split("\n", 1)
            status = re.search(r"^\[(\d+)\]\n\Z", shown, re.M)
            yield command, shown[:status.start()] if status else shown, int(status.group(1)) if status else 0


class Tutorial(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dynlog = Dynlog()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop)
        os.makedirs(self.dynlog.path("../bin"))
        path = self.dynlog.write("../bin/dynlog", '#!/bin/sh\nexec %s "$@"\n' % PROGRAM)
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

    def run_command(self, command):
        env = self.dynlog.client_environment(NO_COLOR="1", TZ="UTC")
        env["PATH"] = "%s:%s" % (self.dynlog.path("../bin"), env["PATH"])
        with Terminal(["/bin/bash", "-c", command], self.dynlog.work, env) as terminal:
            status = terminal.end(120)
            text = BAR.sub("", terminal.text()).replace("\r", "")
        for port, usual in ((self.dynlog.port, 8000), (self.dynlog.events_port, 4010), (self.dynlog.lambda_port, 3002)):
            text = text.replace(str(port), str(usual))
        return text, status

    def started(self, shown):
        """`dynlog start` runs on: what it printed until it was ready."""
        self.dynlog.stop()
        self.dynlog.start()
        text = self.dynlog.process.out.text() + "\n"
        for port, usual in ((self.dynlog.port, 8000), (self.dynlog.events_port, 4010), (self.dynlog.lambda_port, 3002)):
            text = text.replace(str(port), str(usual))
        self.assertRegex(same(text), pattern_of(shown))

    def test_page(self):
        commands = []
        for command, shown, status in steps():
            if command is None:
                self.dynlog.write(status, shown)
                continue
            commands.append(command.split()[1])
            if command == "dynlog start":
                self.started(shown)
                continue
            text, ended = self.run_command(command)
            if not pattern_of(shown).fullmatch(same(text)):
                self.assertEqual(same(shown), same(text), "$ " + command)
            self.assertEqual(status, ended, "$ %s\n%s" % (command, text))
        self.assertLessEqual({"start", "append", "read", "tail", "fake", "replay", "rebuild", "stop", "clean"}, set(commands))

    def test_lines_fit(self):
        for command, shown, name in steps():
            for line in shown.split("\n"):
                self.assertLessEqual(len(line), 80, command or name)


if __name__ == "__main__":
    unittest.main()
