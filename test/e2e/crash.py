"""test/crash, a few rounds of each mode; and that it finds a dynlog whose promises do not hold. For more: scripts/crash."""

import os
import random
import sys
import tempfile
import unittest

from support.server import TOP

sys.path.append(os.path.join(TOP, "test", "crash"))

from attack import Attack  # noqa: E402
from machine import NoDisk, build, fast_folder  # noqa: E402

ROUNDS = 3
LIES_MAX = 12  # rounds; the second or third finds it


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        before, tempfile.tempdir = tempfile.tempdir, fast_folder()
        cls.addClassCleanup(setattr, tempfile, "tempdir", before)
        folder = tempfile.TemporaryDirectory(prefix="dynlog-crash-")
        cls.addClassCleanup(folder.cleanup)
        cls.library = build(folder.name)

    def attack(self, mode):
        attack = Attack(self.library, mode, random.randrange(1 << 24))
        try:
            attack.run(ROUNDS)
        except NoDisk as error:
            self.skipTest(str(error))
        self.assertIsNone(attack.found, attack.found)
        print(attack.line())

    def test_kill(self):
        self.attack("kill")

    def test_torn(self):
        self.attack("torn")

    def test_full(self):
        self.attack("full")

    def test_eio(self):
        self.attack("eio")

    def test_clock(self):
        self.attack("clock")

    def test_disk(self):
        self.attack("disk")

    def test_a_disk_that_lies_is_found(self):
        """Syncs that answer and do nothing: what was acknowledged is missing when the power goes."""
        attack = Attack(self.library, "torn", random.randrange(1 << 24), keep=False)
        attack.live(attack.seed, LIES_MAX, prepare=lambda life: life.lie())
        self.assertIsNotNone(attack.found, "%d rounds, and nobody has noticed" % LIES_MAX)


if __name__ == "__main__":
    unittest.main()
