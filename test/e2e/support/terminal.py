"""A program in a pseudo terminal, as a person sees it: what it wrote is waited for, keys are sent, and at its end
the terminal must be as it was.

    with Terminal([PROGRAM, "menu"], folder, env) as terminal:
        terminal.wait("What")
        terminal.send(DOWN, ENTER)
"""

import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from support.server import SANITIZER, WAIT_S

UP, DOWN, ENTER, ESCAPE, CONTROL_C, CONTROL_D = "\033[A", "\033[B", "\r", "\033", "\003", "\004"
SEQUENCE = re.compile(r"\033(\[[0-9;?]*[A-Za-z]|[()][AB0]|[=>78])")


class Terminal:
    def __init__(self, command, folder, env, columns=80, rows=24, term="xterm"):
        self.fd, tail = pty.openpty()
        fcntl.ioctl(tail, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(tail)
        self.tail = tail  # kept open, so that its settings can be looked at
        self.raw = ""
        self.seen = 0
        self.popen = subprocess.Popen(command, cwd=folder, env={**env, "TERM": term}, stdin=tail, stdout=tail,
                                      stderr=tail, start_new_session=True, preexec_fn=self._lead)

    def _lead(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # its Ctrl-C is a signal for those who run in it

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print("--- what the terminal showed\n%s" % self.text()[-6000:])
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        os.close(self.fd)
        os.close(self.tail)

    def _read(self, wait_s):
        if not select.select([self.fd], [], [], wait_s)[0]:
            return False
        try:
            self.raw += os.read(self.fd, 65536).decode("utf-8", "replace")
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        return True

    def text(self):
        """All that was written, without colours and movements."""
        while self._read(0):
            pass
        return SEQUENCE.sub("", self.raw).replace("\r\n", "\n")

    def wait(self, pattern, timeout_s=WAIT_S):
        """Until what was written since the last wait has the pattern; the match."""
        end = time.monotonic() + timeout_s
        while True:
            match = re.compile(pattern).search(self.text(), self.seen)
            if match:
                self.seen = match.end()
                return match
            if time.monotonic() > end or (self.popen.poll() is not None and not self._read(0)):
                raise AssertionError("no %r in:\n%s" % (pattern, self.text()[self.seen:]))
            self._read(0.2)

    def send(self, *keys):
        for key in keys:
            os.write(self.fd, key.encode())

    def signal(self, number):
        self.popen.send_signal(number)

    def end(self, timeout_s=WAIT_S):
        """Its exit status; the terminal is as it was, and the cursor is shown."""
        end = time.monotonic() + timeout_s
        while self.popen.poll() is None:
            if time.monotonic() > end:
                self.popen.send_signal(signal.SIGKILL)
                raise AssertionError("it did not end:\n%s" % self.text())
            self._read(0.05)
        text = self.text()
        assert not SANITIZER.search(text), text
        assert termios.tcgetattr(self.tail) == self.before, "the terminal was left in another state"
        assert self.raw.rfind("\033[?25l") <= self.raw.rfind("\033[?25h"), "the cursor was left hidden"
        return self.popen.returncode
