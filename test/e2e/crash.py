"""test/crash, a few rounds of each mode; and that it finds a dynlog whose promises do not hold. For more: scripts/crash."""

import os
import random
import subprocess
import sys
import tempfile
import unittest

from support.server import TOP

sys.path.append(os.path.join(TOP, "test", "crash"))

from attack import Attack  # noqa: E402
from machine import RECORDING, Control, NoDisk, build, fast_folder  # noqa: E402
from power import Disk  # noqa: E402

ROUNDS = 2
LIES_MAX = 12  # rounds; the second or third finds it


VICTIM = """
import os, sys
top = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)

def write(name, text):
    fd = os.open(os.path.join(sys.argv[1], name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(fd, text)
    return fd

kept = write("kept", b"synced ")
os.fdatasync(kept)
moved = write("moved.new", b"whole")
os.fsync(moved)
os.rename(os.path.join(sys.argv[1], "moved.new"), os.path.join(sys.argv[1], "moved"))
os.fsync(top)
write("kept", b"x" * 5000)
unnamed = write("unnamed", b"synced, and its name is not")
os.fsync(unnamed)
os.rename(os.path.join(sys.argv[1], "moved"), os.path.join(sys.argv[1], "late"))
os.kill(os.getpid(), 9)
"""


class Harness(unittest.TestCase):
    """Of a case: the library, built, and a fast disk."""

    @classmethod
    def setUpClass(cls):
        before, tempfile.tempdir = tempfile.tempdir, fast_folder()
        cls.addClassCleanup(setattr, tempfile, "tempdir", before)
        folder = tempfile.TemporaryDirectory(prefix="dynlog-crash-")
        cls.addClassCleanup(folder.cleanup)
        cls.library = build(folder.name)


class Power(Harness):
    def test_what_a_cut_may_leave(self):
        """What was synced is there, with its name if that was; all else may be there, in part, or not."""
        with tempfile.TemporaryDirectory() as top:
            disk, before, journal = (os.path.join(top, name) for name in ("disk", "before", "journal"))
            os.mkdir(disk)
            os.mkdir(before)
            control = Control(os.path.join(top, "control"))
            control.set(RECORDING, 1)
            subprocess.run([sys.executable, "-c", VICTIM, disk], check=False, env={
                **os.environ, "LD_PRELOAD": self.library, "CRASH_DISK": disk, "CRASH_CONTROL": control.path,
                "CRASH_JOURNAL": journal})
            control.close()
            seen = set()
            for seed in range(100):
                cut = Disk(disk, before, journal)
                cut.lose_power(random.Random(seed))
                cut.write()
                found = {}
                for name in os.listdir(disk):
                    with open(os.path.join(disk, name), "rb") as file:
                        found[name] = file.read()
                self.assertTrue(found["kept"].startswith(b"synced "), found)
                self.assertLessEqual(len(found["kept"]), 7 + 5000)
                self.assertEqual([b"whole"], [found[name] for name in ("moved", "late") if name in found])
                self.assertLessEqual(set(found), {"kept", "moved", "late", "unnamed"})
                self.assertIn(found.get("unnamed"), (None, b"synced, and its name is not"))
                if "late" in found:
                    self.assertIn("unnamed", found, "names are made in their order")
                seen.add(("late" in found, "unnamed" in found, len(found["kept"]) == 7, len(found["kept"]) == 5007))
            self.assertGreaterEqual(len(seen), 8, seen)


class Crash(Harness):
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
