"""A life: one data folder over many starts, with what its clients were told. The ways in which a start ends."""

import random
import signal
import time

from load import Load, Notes, event, n, s
from machine import ALWAYS, CLOCK_NS, DELAY_US, LYING, RECORDING, WAIT_S
from power import Disk
from support.server import SANITIZER
from stack import LATE, LOG, PLAIN
from verify import Verifier
from wire import Refused, Wire

CHANGES = ("write", "sync", "truncate", "rename", "unlink", "open", "mkdir")  # moments at which a process is killed
MOMENT_MAX = {"write": 400, "sync": 200, "truncate": 8, "rename": 6, "unlink": 12, "open": 25, "mkdir": 2}
START_MOMENT_MAX = 40
ANSWERS_MAX = 500
LOAD_MAX_S = 20  # far above what so many answers take
READY = r"^  .* aws dynamodb list-tables "  # the last line of a start
LATE_MAX_S = 10  # of a message that is due after one second
HEALED_MAX_S = 10  # far above the pause between two attempts of the store to open its files again


class Found(Exception):
    """A promise that does not hold."""


class Life:
    def __init__(self, machine, seed, own_trigger):
        self.seed = seed
        self.random = random.Random(str(seed))
        self.machine = machine
        self.notes = Notes()
        self.notes.is_up = lambda: self.machine.is_up
        self.verifier = Verifier(self.machine, self.notes)
        self.control = self.machine.control
        self.rounds = 0
        self.story = []  # what was done to it, for a failure
        self.own_trigger = own_trigger  # the stack's: it may be given a batch again after a failure
        self.hours = 0
        self.figures = {"starts": 0, "killed": 0, "lost": 0, "faults": 0, "errors": 0}

    def tell(self, words, *values):
        self.story.append(words % values if values else words)

    def start(self):
        """Starts it as it is; it has to come."""
        self.control.heal()
        self.figures["starts"] += 1
        self.machine.start()

    def verify(self):
        self.verifier.run()

    def load(self):
        return Load(self.notes, self.machine.port, "%s/%d" % (self.seed, self.rounds))

    def answers(self, load, count=None):
        """Until so many more were given, or it has ended."""
        count = self.random.randrange(ANSWERS_MAX) if count is None else count
        before = self.notes.count + self.notes.failed
        self.notes.wait(self.notes.count + self.notes.failed + count, LOAD_MAX_S, lambda: load.ended)
        if count > 0 and not load.ended and self.notes.count + self.notes.failed == before:
            raise Found("for %d s nobody is answered" % LOAD_MAX_S)
        return count

    def killed(self):
        self.figures["killed"] += 1
        return self.machine.kill()

    def check_problems(self):
        if self.notes.problems:
            raise Found("; ".join(self.notes.problems[:5]))

    # ---- ends of a start ----

    def pick_moment(self, most=None):
        call = self.random.choice(CHANGES)
        return call, self.random.randrange(min(most or MOMENT_MAX[call], MOMENT_MAX[call]))

    def end_under_load(self):
        """At some number of answers, or at some call on the disk."""
        at_call = self.random.random() < 0.6
        if at_call:
            call, after = self.pick_moment()
            self.tell("killed under load before %s %d", call, after)
            self.control.fault([call], "kill", after)
        load = self.load()
        count = self.answers(load)
        if not at_call:
            self.tell("killed under load after %d answers", count)
        self.killed()
        load.end()

    def end_in_shutdown(self):
        load = self.load()
        self.answers(load)
        call, after = self.pick_moment(START_MOMENT_MAX)
        self.tell("killed in its shutdown before %s %d", call, after)
        self.control.fault([call], "kill", after)
        self.machine.begin_shutdown()
        self.machine.ended(WAIT_S)
        self.killed()
        load.end()

    def end_well(self):
        load = self.load()
        self.answers(load)
        self.tell("stopped")
        try:
            self.stop()
        finally:
            load.end()

    def killed_starts(self):
        """Starts that are killed before or after they answer."""
        for _ in range(self.random.choice((1, 1, 2, 3))):
            if self.random.random() < 0.8:
                call, after = self.pick_moment(START_MOMENT_MAX)
                self.tell("killed in its start before %s %d", call, after)
                self.control.fault([call], "kill", after)
                self.machine.spawn()
                self.machine.ended(0.12)
            else:
                within_s = self.random.random() * 0.08
                self.tell("killed in its start after %.0f ms", within_s * 1000)
                self.control.heal()
                self.machine.spawn()
                self.machine.ended(within_s)
            self.killed()

    def end(self):
        way = self.random.random()
        if way < 0.6:
            self.end_under_load()
        elif way < 0.8:
            self.end_in_shutdown()
        elif way < 0.95:
            self.end_under_load()
            self.killed_starts()
        else:
            self.end_well()

    # ---- rounds ----

    def round_kill(self):
        if not self.machine.is_up:
            self.start()
        self.control.set(DELAY_US, self.random.choice((0, 0, 200, 1000)))
        self.end()
        self.start()
        self.verify()
        self.check_problems()

    def round_torn(self):
        """The power goes: what was not synced is lost, torn, or there."""
        self.machine_was = self.machine.record()
        self.start()
        if self.notes.count == 0 or self.random.random() < 0.5:
            self.verify()
        self.end()
        self.lose_power()
        if self.random.random() < 0.25:  # and again, while it comes up
            self.machine_was = self.machine.record()
            call, after = self.pick_moment(START_MOMENT_MAX)
            self.tell("killed in its start before %s %d", call, after)
            self.control.fault([call], "kill", after)
            self.machine.spawn()
            self.machine.ended(0.15)
            self.killed()
            self.lose_power()
        self.control.set(RECORDING, 0)
        self.start()
        self.verify()
        self.check_problems()
        self.machine.kill()

    def lose_power(self):
        disk = Disk(self.machine.disk, self.machine_was, self.machine.journal)
        lost = disk.lose_power(self.random)
        disk.write()
        self.figures["lost"] += lost
        self.machine.was_cut = True
        self.machine.expect_whole()
        self.tell("its power was cut: %d changes of the disk lost or torn", lost)

    # ---- a disk that fails ----

    # ---- a clock that is set ----

    def round_clock(self):
        """The machine's time is set back and forth by hours, while it runs and while it is away."""
        if not self.machine.is_up:
            self.start()
        self.expect_times()
        load = self.load()
        self.answers(load, self.random.randrange(100))
        self.step_clock()
        self.answers(load, self.random.randrange(200))
        self.end_somehow()
        load.end()
        self.step_clock()
        self.start()
        self.verify()
        self.check_problems()

    def step_clock(self, small=False):
        """Within a day: who sets a clock back by more had a wrong one (src/server/machine_clock.c)."""
        hours = self.random.choice((0.01,) if small else (1, 2, 4)) * (0.5 + self.random.random())
        back = self.hours > 5 or (self.hours > -5 and self.random.random() < 0.6)
        self.hours += -hours if back else hours
        self.notes.clock_was_set = True
        self.tell("the clock is set to %+.2f h", self.hours)
        self.control.set(CLOCK_NS, int(self.hours * 3600e9))

    def expect_times(self):
        """A message that is delayed by a second, and one that is in flight for a second, come in time, whatever is
        done to the clock meanwhile."""
        wire = Wire(self.machine.port)
        url = "http://127.0.0.1:%d/000000000000/%s" % (self.machine.port, LATE)
        names = [self.notes.name("late"), self.notes.name("late")]
        wire.call("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": names[0]})
        taken = wire.call("sqs", "ReceiveMessage", {"QueueUrl": url, "VisibilityTimeout": 1}).get("Messages", [])
        wire.call("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": names[1], "DelaySeconds": 1})
        self.step_clock(self.random.random() < 0.3)
        began, found = time.monotonic(), set()
        while found != set(names):
            for message in wire.call("sqs", "ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10,
                                                               "WaitTimeSeconds": 5}).get("Messages", []):
                found.add(message["Body"])
                wire.call("sqs", "DeleteMessage", {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]})
            if time.monotonic() - began > LATE_MAX_S:
                raise Found("after %d s only %s of %s have come, and %s was taken" % (
                    LATE_MAX_S, found, names, [message["Body"] for message in taken]))
        wire.close()

    def round_eio(self):
        """A call on the disk fails; or a write is shorter than it was asked for, which is no failure."""
        self.fail(self.random.choice(("EIO", "EIO", "EIO", "short")), (
            "write", "sync", "sync", "sync", "open", "rename", "truncate", "unlink", "mkdir", "read"))

    def round_full(self):
        """There is no room for what is written, or for a new name."""
        self.fail("ENOSPC", ("write", "write", "open", "rename", "truncate", "allocate", "sync", "mkdir"))

    def round_disk(self):
        """A disk that is really full: before it starts, or while it runs."""
        if self.machine.is_up and self.random.random() < 0.25:
            self.end_somehow()
            self.machine.fill()
            self.tell("full before it starts")
            self.start_on_full_disk()
        if not self.machine.is_up:
            self.start()
        self.notes.failing, self.notes.again = True, self.own_trigger
        load = self.load()
        self.answers(load, self.random.randrange(200))
        self.machine.fill()
        self.answers(load, self.random.randrange(50, 200))
        self.expect_reads()
        load.end()
        self.tell("full while it runs: %s", dict(self.notes.errors) or "no errors")
        if self.random.random() < 0.3:  # killed on a full disk
            self.killed()
            self.start_on_full_disk()
        self.machine.make_room()
        if not self.machine.is_up:
            self.start()
        self.expect_writes()
        self.notes.failing = False
        if self.random.random() < 0.5:
            self.verify()
        self.end_somehow()
        self.start()
        self.verify()
        self.check_problems()

    def start_on_full_disk(self):
        """It says that the disk is full, or it comes up."""
        process = self.machine.spawn()
        try:
            process.out.wait(READY, timeout_s=WAIT_S)
        except AssertionError:
            status, words = process.wait(), process.err.text()
            self.machine.process = None
            if status != 1 or SANITIZER.search(words) or "full" not in words.lower():
                raise Found("its start on a full disk ended with status %d: %s" % (status, words[-3000:])) from None
        self.machine.make_room()

    def fail(self, fault, calls):
        if not self.machine.is_up:
            self.start()
        way = self.random.random()
        if way < 0.75:
            self.fail_under_load(fault, calls)
        else:
            self.end_somehow()
            self.fail_in_start(fault, calls)
        if self.random.random() < 0.4:
            self.verify()
            self.check_problems()
        self.end_somehow()
        self.start()
        self.verify()
        self.check_problems()

    def end_somehow(self):
        if self.random.random() < 0.7:
            self.killed()
        else:
            self.stop()

    def stop(self):
        self.machine.begin_shutdown()
        if not self.machine.ended(WAIT_S):
            raise Found("it did not stop")
        status = self.machine.process.popen.returncode
        words = self.machine.kill()
        if status != 0:
            raise Found("it stopped with status %d: %s" % (status, words[-2000:]))

    def fail_under_load(self, fault, calls):
        notes = self.notes
        notes.failing = True
        notes.again = self.own_trigger
        call = "write" if fault == "short" else self.random.choice(calls)
        after, times = self.random.randrange(MOMENT_MAX.get(call, 50)), self.random.choice((1, 1, 3, 20, ALWAYS))
        self.tell("%s of %s after %d, %s times", fault, call, after, "all" if times == ALWAYS else times)
        load = self.load()
        self.answers(load, self.random.randrange(50))
        self.control.fault([call], fault, after, times)
        self.answers(load, self.random.randrange(100, 400))
        if call in ("write", "sync", "rename", "unlink") and not load.ended:
            self.expect_reads()
        self.control.heal()
        self.figures["faults"] += min(self.control.fired, times)
        load.end()
        if not self.machine.is_up:
            status = self.machine.process.popen.returncode
            raise Found("it ended with status %d: %s" % (status, self.machine.process.err.text()[-3000:]))
        self.expect_writes()
        notes.failing = False
        self.story[-1] += "; met %d times, %s" % (min(self.control.fired, times), dict(notes.errors) or "no errors")

    def expect_reads(self):
        """Of what was acknowledged, while the disk fails."""
        wire, acked = Wire(self.machine.port), list(self.notes.acked.items())
        for (pk, sk), name in self.random.sample(acked, min(10, len(acked))):
            item = wire.call("dynamodb", "GetItem", {"TableName": LOG, "Key": {"pk": s(pk), "sk": n(sk)}}).get("Item")
            if item != event(pk, sk, name):
                raise Found("while the disk fails, %s of %s is read as %s" % (sk, pk, item))
        wire.close()

    def expect_writes(self):
        """The disk is well again: so is the server, with the next requests."""
        wire, until = Wire(self.machine.port), time.monotonic() + HEALED_MAX_S
        while True:
            try:
                wire.call("dynamodb", "PutItem", {"TableName": PLAIN, "Item": {"pk": s("ledger#healed"), "x": n(1)}})
                wire.call("dynamodb", "DeleteItem", {"TableName": PLAIN, "Key": {"pk": s("ledger#healed")}})
                break
            except Refused as error:
                if time.monotonic() > until:
                    raise Found("the disk is well again, and writes are not: %s" % error) from error
        wire.close()

    def fail_in_start(self, fault, calls):
        """It says what is wrong and ends with status 1, or it comes up and is well when the disk is."""
        self.notes.again = self.own_trigger
        call = "write" if fault == "short" else self.random.choice(calls)
        after, times = self.random.randrange(START_MOMENT_MAX), self.random.choice((1, 1, 3, ALWAYS))
        self.tell("%s of %s after %d in its start, %s times", fault, call, after, "all" if times == ALWAYS else times)
        self.control.fault([call], fault, after, times)
        process = self.machine.spawn()
        try:
            process.out.wait(READY, timeout_s=WAIT_S)
        except AssertionError:
            status, words = process.wait(), process.err.text()
            self.machine.process = None
            if status != 1 or "dynlog: " not in words or SANITIZER.search(words):
                raise Found("its start ended with status %d: %s" % (status, words[-3000:])) from None
            self.story[-1] += ": " + words.strip().split("\n")[-1][:200]
            self.start()
            return
        finally:
            self.control.heal()
            self.figures["faults"] += min(self.control.fired, times)
        self.expect_writes()

    def lie(self):
        """For the harness itself: syncs answer and do nothing."""
        self.control.set(LYING, 1)

    def close(self):
        if self.machine.process is not None:
            self.machine.process.end(signal.SIGKILL)
        self.machine.remove()
