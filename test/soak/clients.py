"""The load of the soak: two processes, which rest when they are told to, so that figures can be taken when nothing moves.

    clients.py dynamodb PORT SEED RATE    the works of the histories (test/history/works.py), so many a second
    clients.py services PORT SEED FOLDER  everything else (others.py)

Input: a line `rest` - answers `resting {"operations": N, "errors": N, ...}` when nothing is under way; `go`; its end."""

import json
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../history")]

import others  # noqa: E402
import record  # noqa: E402

CONNECTIONS = 12
POLL_S = 0.01
SEEN_MAX = 2000  # keys that are remembered


class Steady(record.Recorder):
    """The clients of a history that keep no history, at a rate."""

    def __init__(self, port, seed, rate):
        options = type("Options", (), {"port": port, "process": 0, "begun": time.monotonic_ns(), "seed": seed,
                                       "connections": CONNECTIONS})
        super().__init__(options)
        self.rate, self.counts = rate, {}

    def note(self, operation):
        outcome = operation["outcome"]
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        if len(self.seen) > SEEN_MAX:
            self.seen.clear()

    def busy(self):
        return any(connection.request is not None for connection in self.connections)

    def turn(self, asking):
        for connection in self.connections:
            connection.pursue(asking and self.drawn < self.allowed)
        for descriptor, _ in self.poll.poll(POLL_S):
            if descriptor in self.by_descriptor:
                self.by_descriptor[descriptor].read()

    def run(self, control):
        self.allowed, last = 0.0, time.monotonic()
        while not control.over:
            now = time.monotonic()
            self.allowed = min(self.allowed + self.rate * (now - last), self.drawn + self.rate * POLL_S * 4)
            last = now
            self.turn(not control.resting)
            if control.resting and not self.busy():
                # an answer that did not come is an error here: nobody kills this server
                control.told({"operations": self.drawn, "errors": self.counts.get("unknown", 0), **self.counts})
                last = time.monotonic()


class Control:
    """What the input says. `turn` counts its lines: a rest that comes at once after another one is another one."""

    def __init__(self):
        self.resting = self.over = False
        self.turn = self.answered = 0
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in sys.stdin:
            with self.changed:
                self.resting = line.strip() == "rest"
                self.turn += 1
                self.changed.notify_all()
        with self.changed:
            self.over, self.resting = True, False
            self.changed.notify_all()

    def told(self, figures):
        """At rest: says so once, and waits until it is told something else."""
        with self.changed:
            turn = self.turn
            if self.resting and self.answered != turn:
                print("resting " + json.dumps(figures), flush=True)
                self.answered = turn
            self.changed.wait_for(lambda: self.turn != turn or not self.resting or self.over)


def main():
    kind, port, seed, more = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    control = Control()
    if kind == "dynamodb":
        Steady(port, seed, float(more)).run(control)
    else:
        others.Others(port, random.Random(seed), more).run(control)


if __name__ == "__main__":
    main()
