#!/usr/bin/python3
"""scripts/crash - attacks a dynlog and looks whether anything is lost (docs/durability.md).

    scripts/crash                         100 rounds of every mode
    scripts/crash --mode torn --rounds 500
    scripts/crash --mode torn --seed 4711 --rounds 12     the same choices again: what is written, when it is killed

    kill    kill -9 under load, in a start, in a stop; at a number of answers, or before the nth call on the disk
    torn    the power goes: what was not synced is lost, torn, or there
    full    ENOSPC at the nth write, open, rename ...
    eio     EIO at the nth write, sync, open, rename, read ...; writes that are shorter than asked for
    clock   the machine's time is set back and forth by hours, while it runs and while it is away
    disk    a small disk of its own that is really full (needs to be allowed to mount one)

A round: clients of every kind write, the server or its machine comes to harm, it is started again, and everything
that is there is compared with what the clients were told. Twelve rounds are a life, with one data folder and a seed
of its own. What was found is printed with the seed, and what it was found on is kept in a folder. Exit status 0:
nothing was found; 1: something was."""

import argparse
import os
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "../.."))
sys.path[:0] = [path for path in (HERE, os.path.join(TOP, "test/e2e")) if path not in sys.path]
os.environ["DYNLOG"] = os.path.abspath(os.environ.get("DYNLOG", os.path.join(TOP, "build", "dynlog")))
sys.dont_write_bytecode = True

from machine import Machine, NoDisk, SmallDisk, build, fast_folder  # noqa: E402
from life import Life  # noqa: E402
from stack import files  # noqa: E402

MODES = ("kill", "torn", "full", "eio", "clock", "disk")
LIFE_ROUNDS = 12


class Attack:
    """Lives of one mode. What was found is in `found`, as text."""

    def __init__(self, library, mode, seed, told=None, keep=True):
        self.library, self.mode, self.seed, self.keep = library, mode, seed, keep
        self.told = told or (lambda attack: None)
        self.rounds = 0
        self.figures = {"starts": 0, "answers": 0, "lost": 0, "faults": 0}
        self.found = None
        self.began = time.monotonic()

    def machine(self, own_trigger):
        kind = SmallDisk if self.mode == "disk" else Machine
        return kind(self.library, files(own_trigger))

    def live(self, seed, rounds, prepare=None):
        """One life."""
        own_trigger = seed % 3 == 2
        life = Life(self.machine(own_trigger), "%s/%d" % (self.mode, seed), own_trigger)
        try:
            if prepare is not None:
                prepare(life)
            for _ in range(rounds):
                life.rounds += 1
                getattr(life, "round_" + self.mode)()
                self.rounds += 1
                self.told(self)
        except Exception:  # whatever it is, it is a finding, and its folder is kept
            self.found = self.words(life, seed)
        finally:
            life.figures["answers"] = life.notes.count
            for name in self.figures:
                self.figures[name] += life.figures[name]
            life.close()

    def words(self, life, seed):
        lines = ["%s, seed %d, round %d:" % (self.mode, seed, life.rounds)]
        lines += ["  " + line for line in life.story[-8:]]
        lines.append(traceback.format_exc().strip())
        if life.machine.process is not None:
            lines.append("it is up" if life.machine.is_up else "it has ended with status %d" %
                         life.machine.process.popen.returncode)
            lines.append("its stderr: " + life.machine.process.err.text()[-3000:])
        if self.keep:
            lines.append("kept: " + life.machine.keep("%s-%d" % (self.mode, seed)))
        lines.append("replay: scripts/crash --mode %s --seed %d --rounds %d" % (self.mode, seed, life.rounds))
        return "\n".join(lines)

    def run(self, rounds):
        seed = self.seed
        while self.rounds < rounds and self.found is None:
            self.live(seed, min(LIFE_ROUNDS, rounds - self.rounds))
            seed += 1

    def line(self):
        return "%s: %d rounds from seed %d, %.2f s each; %d starts, %d answers, %d changes of the disk lost or torn, " \
               "%d faults met" % (self.mode, self.rounds, self.seed, (time.monotonic() - self.began) / max(self.rounds, 1),
                                  self.figures["starts"], self.figures["answers"], self.figures["lost"],
                                  self.figures["faults"])


def progress(total):
    if not sys.stdout.isatty():
        return None

    def told(attack):
        print("\r\033[K%s %d of %d, %.2f s each" % (attack.mode, attack.rounds, total, (
            time.monotonic() - attack.began) / attack.rounds), end="", flush=True)
    return told


def main():
    options = argparse.ArgumentParser(prog="scripts/crash", description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mode", choices=MODES + ("all",), default="all")
    options.add_argument("--rounds", type=int, default=100, metavar="N", help="of each mode (100)")
    options.add_argument("--seed", type=int, default=None, metavar="N", help="of the first life; else a new one")
    given = options.parse_args()
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(3), "big")
    tempfile.tempdir = fast_folder()
    done, found, began = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dynlog-crash-") as folder:
        library = build(folder)
        for mode in MODES if given.mode == "all" else (given.mode,):
            attack = Attack(library, mode, seed, progress(given.rounds))
            try:
                attack.run(given.rounds)
            except NoDisk as error:
                print("%s: skipped: %s" % (mode, error), flush=True)
                continue
            print(("\r\033[K" if sys.stdout.isatty() else "") + attack.line(), flush=True)
            if attack.found is not None:
                print("FOUND " + attack.found, flush=True)
                found += 1
            done += attack.rounds
    print("%d rounds in %.0f s: %s" % (done, time.monotonic() - began,
                                       "%d findings" % found if found else "nothing is lost"), flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
