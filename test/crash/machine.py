"""A dynlog on a machine that the harness made up: its disk is recorded, fails when it is told to, or loses its
power; its clock is set; its store's memtables are small. disk.c, clock.c and small.c are that machine."""

import ctypes
import errno
import json
import mmap
import os
import shutil
import signal
import subprocess
import tempfile

from support.disk import own_disk
from support.server import PROGRAM, SANITIZER, WAIT_S, Dynlog, environment

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = ("disk.c", "clock.c", "small.c")
FLAGS = ("-std=c17", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Werror", "-shared",
         "-fPIC")

# The order of control.h.
CALLS = ("open", "write", "sync", "truncate", "allocate", "rename", "unlink", "mkdir", "read")
RECORDING, LYING, DELAY_US, CLOCK_NS, FAULT_CALLS, FAULT, FAULT_AFTER, FAULT_TIMES, FIRED, COUNTS = range(10)
FAULTS = {"kill": -1, "short": -2, "EIO": errno.EIO, "ENOSPC": errno.ENOSPC}
ALWAYS = 1 << 40


class NoDisk(Exception):
    """This machine does not let us mount one."""


def fast_folder():
    """Where the harness' disks are: in memory, because what a disk loses is the library's work, not a disk's."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def build(folder):
    """The library; its path."""
    library = os.path.join(folder, "libcrash.so")
    subprocess.run([os.environ.get("CC", "cc"), *FLAGS, "-o", library, *(os.path.join(HERE, name) for name in SOURCES),
                    "-ldl", "-lpthread"], check=True)
    return library


class Control:
    """The page of control.h."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.truncate(mmap.PAGESIZE)
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), mmap.PAGESIZE)
        self.slots = (ctypes.c_int64 * (COUNTS + len(CALLS))).from_buffer(self.map)

    def close(self):
        del self.slots
        self.map.close()
        self.file.close()

    def set(self, slot, value):
        self.slots[slot] = value

    def count(self, call):
        return self.slots[COUNTS + CALLS.index(call)]

    @property
    def fired(self):
        return self.slots[FIRED]

    def fault(self, calls, fault, after, times=ALWAYS):
        """From now on `after` of these calls go well, and `times` of them meet the fault."""
        self.heal()
        self.set(FAULT, FAULTS[fault])
        self.set(FAULT_AFTER, after)
        self.set(FAULT_TIMES, times)
        self.set(FIRED, 0)
        self.set(FAULT_CALLS, sum(1 << CALLS.index(call) for call in calls))

    def heal(self):
        self.set(FAULT_CALLS, 0)


class Machine(Dynlog):
    """A Dynlog (support/server.py) whose data folder is on a disk of the library's. It may end by itself: by a
    fault that kills it, or because it says that it cannot go on."""

    def __init__(self, library, files, arguments=()):
        super().__init__(files, arguments)
        self.disk = os.path.join(self.work, ".dynlog")
        self.was_cut = False  # its power, once
        self.control = Control(os.path.join(self.folder, "control"))
        self.journal = os.path.join(self.folder, "journal")
        self.env = {} if library is None else {"LD_PRELOAD": library, "CRASH_SMALL": "1", "CRASH_DISK": os.path.realpath(self.disk),
                    "CRASH_CONTROL": self.control.path, "CRASH_JOURNAL": self.journal}
        sanitizers = os.environ.get("ASAN_OPTIONS")
        self.env["ASAN_OPTIONS"] = (sanitizers + ":" if sanitizers else "") + "verify_asan_link_order=0"

    def remove(self):
        self.control.close()
        super().remove()

    @property
    def is_up(self):
        return self.process is not None and self.process.popen.poll() is None

    def ended(self, within_s):
        """Whether it has ended by itself; waits so long for it."""
        try:
            self.process.popen.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self):
        """kill -9, and what is left of it; returns what it had said on stderr."""
        process, self.process = self.process, None
        process.end(signal.SIGKILL)
        self.expect_clean(process)
        self.expect_whole()
        return process.err.text()

    def expect_whole(self):
        """`dynlog check` of what is left, on a machine that is well."""
        if not os.path.exists(os.path.join(self.disk, "format")):
            return
        result = subprocess.run([*self.prefix, PROGRAM, "check", "--gapless", ".dynlog"], cwd=self.work, text=True,
                                env=environment(self.home), capture_output=True, timeout=WAIT_S, check=False)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        found = [line for line in lines if "finding" in line and not self.is_torn_end(line)]
        assert result.returncode in (0, 6) and not found and not SANITIZER.search(result.stderr), \
            "dynlog check: exit status %d\n%s\n%s" % (result.returncode, found[:20], result.stderr[-3000:])

    def is_torn_end(self, finding):
        """The end of a log that was torn when the power went, and that is not needed any more: only the bytes of what
        was acknowledged could tell it from damage."""
        return self.was_cut and finding["finding"] == "damaged-log" and \
            "; 0 whole records stand behind them" in finding["there"]

    def begin_shutdown(self):
        self.process.popen.send_signal(signal.SIGINT)

    # ---- the disk's memory ----

    def record(self):
        """From the next start on everything is noted; beside it, the folder as it is now."""
        before = os.path.join(self.folder, "before")
        shutil.rmtree(before, ignore_errors=True)
        if os.path.isdir(self.disk):
            shutil.copytree(self.disk, before)
        else:
            os.makedirs(before)
        with open(self.journal, "wb"):
            pass
        self.control.set(RECORDING, 1)
        return before

    def keep(self, what):
        """A copy of everything for whoever looks for the reason, and where its threads are; its path."""
        kept = tempfile.mkdtemp(prefix="dynlog-crash-%s-" % what, dir=os.environ.get("TMPDIR", "/tmp"))
        if self.is_up:
            self.process.popen.send_signal(signal.SIGSTOP)  # its files stay as they are
        if self.is_up and shutil.which("gdb"):
            with open(os.path.join(kept, "threads"), "wb") as file:
                subprocess.run(["gdb", "-p", str(self.process.popen.pid), "-batch", "-ex", "thread apply all bt 16"],
                               stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False)
        shutil.copytree(self.folder, os.path.join(kept, "folder"), symlinks=True,
                        ignore=lambda folder, names: [name for name in names if name.endswith(".sock")])
        return kept


class SmallDisk(Machine):
    """Its data folder is a disk of its own in memory, mounted where nobody else sees it: a full one is full by the
    kernel's count. A process holds it while no dynlog runs."""

    SIZE = "64m"

    def __init__(self, library, files):
        super().__init__(library, files)
        os.makedirs(self.disk)
        self.holder = subprocess.Popen(own_disk(self.disk, self.SIZE, "echo ready && exec cat"), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            self.remove()
            raise NoDisk("no disk of its own can be mounted here")
        self.prefix = ("nsenter", "--mount=/proc/%d/ns/mnt" % self.holder.pid,
                       "sh", "-c", 'cd "$0" && exec "$@"', self.work)  # a new namespace begins at its root
        self.disk = "/proc/%d/root%s" % (self.holder.pid, self.disk)
        self.filler = os.path.join(self.disk, "filler")

    def fill(self):
        with open(self.filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass

    def make_room(self):
        if os.path.exists(self.filler):
            os.unlink(self.filler)

    def keep(self, what):
        """The disk, too: who copies the folder does not see it."""
        kept = super().keep(what)
        shutil.copytree(self.disk, os.path.join(kept, "folder", "work", ".dynlog"), dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("filler", "*.sock"))
        return kept

    def remove(self):
        self.holder.kill()
        self.holder.wait()
        super().remove()


__all__ = ["NoDisk", "SmallDisk", "ALWAYS", "CALLS", "CLOCK_NS", "DELAY_US", "LYING", "Machine", "WAIT_S", "build", "fast_folder"]
