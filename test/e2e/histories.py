"""Histories: what many clients asked at once and were answered is linearizable per key and strictly serialisable - and the
verification can fail (test/history). Long ones: scripts/histories, a part of make check-long."""

import os
import random
import sys
import tempfile
import time
import unittest

from support.server import PROGRAM, TOP

sys.path.insert(0, os.path.join(TOP, "test/history"))
import linearizable  # noqa: E402
import run  # noqa: E402
import serializable  # noqa: E402
import wrong  # noqa: E402

OPERATIONS = 3500
LIBRARY = os.path.join(os.path.dirname(PROGRAM), "test/history/history_append")


def op(name, asked, answered, *steps, outcome="ok", **more):
    """One operation; steps of registers, or reads= and writes= of lists."""
    operation = {"id": name, "client": name, "name": "op", "asked": asked, "answered": answered, "outcome": outcome, **more}
    if steps:
        operation["steps"] = list(steps)
    return operation


def saw(state, key="k"):
    return {"key": key, "did": "ok", "saw": state}


def wrote(version, condition=None, did="ok", **more):
    return {"key": "k", "if": condition, "then": ["set", version], "did": did, **more}


ADDED = {"key": "k", "if": None, "then": ["next"], "did": "ok"}
DELETED = {"key": "k", "if": None, "then": ["delete"], "did": "ok"}
UNKNOWN = {"outcome": "unknown"}

# name, operations, the words of the first line of what is found (None: it is right), how many operations are told
REGISTERS = [
    ("one after the other", [op("a", 1, 2, wrote(1, "absent")), op("b", 3, 4, wrote(2, ["v", 1])),
                             op("c", 5, 6, saw([2, "b"]))], None, 0),
    ("two at once, in the order that nobody asked in",
     [op("a", 1, 9, wrote(1)), op("b", 2, 8, wrote(1)), op("c", 3, 4, saw([1, "b"])), op("d", 5, 6, saw([1, "a"])),
      op("e", 10, 11, saw([1, "a"]))], None, 0),
    ("no answer, done later", [op("a", 1, None, wrote(1, did="unknown"), **UNKNOWN), op("b", 2, 3, saw(None)),
                               op("c", 8, 9, saw([1, "a"]))], None, 0),
    ("no answer, never done", [op("a", 1, None, wrote(1, did="unknown"), **UNKNOWN), op("b", 8, 9, saw(None))], None, 0),
    ("refused, and rightly so", [op("a", 1, 2, wrote(1)), op("b", 3, 4, wrote(1, "absent", "refused", saw=[1, "a"]),
                                                             outcome="refused")], None, 0),
    ("deleted and put again", [op("a", 1, 2, wrote(1)), op("b", 3, 4, DELETED), op("c", 5, 6, wrote(1, "absent")),
                               op("d", 7, 8, saw([1, "c"]))], None, 0),
    ("a stale read", [op("a", 1, 2, wrote(1)), op("b", 3, 4, wrote(2, ["v", 1])), op("c", 5, 6, saw([1, "a"]))], "Stale", 3),
    ("a lost update", [op("a", 1, 2, wrote(1)), op("b", 3, 6, wrote(2, ["w", "a"])), op("c", 4, 7, wrote(2, ["w", "a"]))],
     "Lost update", 2),
    ("a lost update by versions", [op("a", 1, 2, wrote(1)), op("b", 3, 6, wrote(2, ["v", 1])),
                                   op("c", 4, 7, wrote(2, ["v", 1])), op("d", 8, 9, saw([2, "c"]))], "there is no order", 1),
    ("an acknowledged write that is gone", [op("a", 1, 2, wrote(1)), op("b", 3, 4, saw(None))], "there is no order", 1),
    ("a refused write that is seen", [op("x", 1, 2, wrote(1)), op("a", 3, 4, wrote(1, "absent", "refused"), outcome="refused"),
                                      op("b", 5, 6, saw([1, "a"]))], "It saw what was refused", 2),
    ("a value of nowhere", [op("b", 3, 4, saw([1, "a"]))], "nobody wrote", 1),
    ("a read of the future", [op("b", 1, 2, saw([1, "a"])), op("a", 3, 4, wrote(1))], "only later", 2),
    ("refused without a reason", [op("a", 1, 2, wrote(1, "absent", "refused"), outcome="refused")], "there is no order", 1),
    ("a condition that was not looked at", [op("a", 1, 2, wrote(1)), op("b", 3, 4, wrote(1, "absent"))],
     "there is no order", 1),
    ("a version that was left out", [op("a", 1, 2, wrote(1)), op("b", 3, 4, {**ADDED, "made": 3})], "there is no order", 1),
    ("back in time: two read the same change the other way round",
     [op("a", 1, 2, wrote(1)), op("b", 3, 20, wrote(1)), op("c", 4, 5, saw([1, "b"])), op("d", 6, 7, saw([1, "a"]))],
     "there is no order", 2),
    ("deleted, and there again", [op("a", 1, 2, wrote(1)), op("b", 3, 4, DELETED), op("c", 5, 6, saw([1, "a"]))],
     "there is no order", 2),
]

LISTS = [
    ("one after the other", [op("a", 1, 2, reads=[], writes=["x", "y"]), op("b", 3, 4, reads=[["x", ["a"]], ["y", ["a"]]])],
     None, 0),
    ("an aborted one that nobody saw", [op("a", 1, 2, writes=["x"], outcome="refused"), op("b", 3, 4, reads=[["x", []]])],
     None, 0),
    ("no answer, done", [op("a", 1, None, writes=["x", "y"], **UNKNOWN), op("b", 3, 4, reads=[["x", []]]),
                         op("c", 5, 6, reads=[["x", ["a"]], ["y", ["a"]]])], None, 0),
    ("the past of an index", [op("a", 1, 2, writes=["x", "y"]), op("b", 3, 4, writes=["x", "y"]),
                              op("c", 5, 6, reads=[["x", ["a"]], ["y", ["a"]]], stale=True),
                              op("d", 7, 8, reads=[["x", ["a", "b"]], ["y", ["a", "b"]]])], None, 0),
    ("a half past of an index", [op("a", 1, 2, writes=["x", "y"]), op("b", 3, 4, writes=["x", "y"]),
                                 op("c", 5, 6, reads=[["x", ["a"]], ["y", ["a", "b"]]], stale=True),
                                 op("d", 7, 8, reads=[["x", ["a", "b"]], ["y", ["a", "b"]]])], "G-single: a fractured read", 2),
    ("dirty writes", [op("a", 1, 9, writes=["x", "y"]), op("b", 2, 8, writes=["x", "y"]),
                      op("c", 10, 11, reads=[["x", ["a", "b"]], ["y", ["b", "a"]]])], "G0: dirty writes", 2),
    ("a dirty read", [op("a", 1, 2, writes=["x"], outcome="refused"), op("b", 3, 4, reads=[["x", ["a"]]])], "G1a", 2),
    ("a circle of information", [op("a", 1, 9, reads=[["y", ["b"]]], writes=["x"]), op("b", 2, 8, reads=[["x", ["a"]]],
                                                                                       writes=["y"])], "G1c: a circle", 2),
    ("a fractured read", [op("a", 1, 9, writes=["x", "y"]), op("b", 2, 8, reads=[["x", ["a"]], ["y", []]]),
                          op("c", 10, 11, reads=[["y", ["a"]]])], "G-single: a fractured read", 2),
    ("a lost update", [op("a", 1, 9, reads=[["x", 0]], writes=["x"]), op("b", 2, 8, reads=[["x", 0]], writes=["x"]),
                       op("c", 10, 11, reads=[["x", ["a", "b"]]])], "Lost update", 2),
    ("write skew", [op("a", 1, 9, reads=[["y", 0]], writes=["x"]), op("b", 2, 8, reads=[["x", 0]], writes=["y"]),
                    op("c", 10, 11, reads=[["x", ["a"]], ["y", ["b"]]])], "G2: write skew", 2),
    ("two who see two writes the other way round",
     [op("a", 1, 9, writes=["x"]), op("b", 1, 9, writes=["y"]), op("c", 2, 8, reads=[["x", ["a"]], ["y", []]]),
      op("d", 2, 8, reads=[["x", []], ["y", ["b"]]]), op("e", 10, 11, reads=[["x", ["a"]], ["y", ["b"]]])], "G2", 4),
    ("a stale read", [op("a", 1, 2, writes=["x"]), op("b", 3, 4, reads=[["x", []]]), op("c", 5, 6, reads=[["x", ["a"]]])],
     "G-single-realtime", 2),
    ("writes back in time", [op("a", 1, 2, writes=["x"]), op("b", 3, 4, writes=["x"]), op("c", 5, 6, reads=[["x", ["b", "a"]]])],
     "G0-realtime", 2),
    ("a read of the future by an index", [op("c", 1, 2, reads=[["x", ["a"]]], stale=True), op("a", 3, 4, writes=["x"])],
     "G1c-realtime", 2),
    ("an acknowledged write that is gone", [op("a", 1, 2, writes=["x"]), op("b", 3, 4, reads=[["x", []]])], "Lost: ", 2),
    ("an acknowledged write that is gone, and looks as before",
     [op("a", 1, 2, writes=["x"]), op("b", 3, 4, reads=[["x", ["a"]]]), op("c", 5, 6, writes=["x"]),
      op("d", 7, 8, reads=[["x", ["a"]]])], "Lost: ", 2),
    ("half of it", [op("a", 1, None, writes=["x", "y"], **UNKNOWN), op("b", 3, 4, reads=[["x", ["a"]]]),
                    op("c", 5, 6, reads=[["y", []]])], "Half", 2),
    ("twice", [op("a", 1, 2, writes=["x"]), op("b", 3, 4, reads=[["x", ["a", "a"]]])], "Doubled", 2),
    ("two orders", [op("a", 1, 9, writes=["x"]), op("b", 1, 9, writes=["x"]), op("c", 2, 8, reads=[["x", ["a", "b"]]]),
                    op("d", 2, 8, reads=[["x", ["b"]]])], "Two orders", 2),
    ("a value of nowhere", [op("b", 3, 4, reads=[["x", ["a"]]])], "by nobody", 1),
]


class Checkers(unittest.TestCase):
    def check(self, checker, name, operations, words, count):
        with self.subTest(name):
            findings, _ = checker(operations)
            if words is None:
                self.assertEqual([], findings)
                return
            self.assertTrue(findings, "it was taken for right")
            self.assertIn(words, findings[0][0])
            told = {line.split(" by ")[0].split()[-1] for line in findings[0][1:] if " by " in line and "[" in line}
            self.assertEqual(count, len(told), "\n".join(findings[0]))

    def test_registers(self):
        for case in REGISTERS:
            self.check(lambda operations: linearizable.check(operations), *case)

    def test_lists(self):
        for case in LISTS:
            self.check(serializable.check, *case)

    def test_order_of_change_records(self):
        history = [op("a", 1, 9, wrote(1)), op("b", 2, 8, wrote(1)), op("c", 10, 11, saw([1, "b"]))]
        one, other = (1, "a"), (1, "b")
        self.assertEqual([], linearizable.check(history, {"k": [one, other]})[0])
        for order in ([other, one], [one], [one, other, one], []):
            self.assertIn("another order", linearizable.check(history, {"k": order})[0][0][0])

    def test_explanations_are_short(self):
        """Hidden in a long history: what is told is no longer."""
        history = [op("w0", 0, 1, wrote(1))]
        for number in range(1, 3000):
            at = 10 * number
            history.append(op("w%d" % number, at, at + 9, wrote(number + 1, ["v", number])))
            history.append(op("r%d" % number, at + 1, at + 8, saw([number, "w%d" % (number - 1)])))
        self.assertEqual([], linearizable.check(history)[0])
        history.append(op("bad", 20015, 20016, {"key": "k", "if": ["v", 1000], "then": None, "did": "ok"}))
        findings, _ = linearizable.check(history)
        self.assertLessEqual(len(findings[0]), 6, "\n".join(findings[0]))
        self.assertIn("bad", "\n".join(findings[0]))

    def test_it_is_linear(self):
        """100,000 operations by 50 clients in a few seconds, also where nothing tells the order of the writes."""
        draw, history, clock = random.Random(3), [], 0
        states = {key: None for key in range(20)}
        for number in range(100000):
            key, clock = draw.randrange(20), clock + 10
            lag = draw.randrange(500)  # at clock it had its moment; some fifty are under way
            if draw.random() < 0.4:
                states[key] = [1, "o%d" % number]
                step = {"key": "k%d" % key, "if": None, "then": ["set", 1], "did": "ok"}
            else:
                step = {"key": "k%d" % key, "did": "ok", "saw": states[key]}
            history.append(op("o%d" % number, clock - lag, clock + 500 - lag, step))
        begun = time.monotonic()
        self.assertEqual([], linearizable.check(history)[0])
        self.assertLess(time.monotonic() - begun, 60)  # seconds; a search that is not linear never ends


class WrongServers(unittest.TestCase):
    """A server that is wrong in one way is found out by a recorded history."""

    def test_ways(self):
        for way in wrong.WAYS:
            with self.subTest(way), tempfile.TemporaryDirectory() as folder, wrong.Wrong(way) as server:
                operations, _ = run.record(server, 7, 1500, connections=16, folder=folder)
                findings, figures = run.verify(operations)
                if way == "right":
                    self.assertEqual([], findings[:1])
                else:
                    self.assertNotEqual([], findings, figures)


class Histories(unittest.TestCase):
    def verify(self, kills):
        """Figures of a round in which nothing was found."""
        seed = random.randrange(2 ** 32)
        keep = tempfile.gettempdir()
        library = LIBRARY if os.path.exists(LIBRARY) else None
        findings, figures = run.one_round(seed, OPERATIONS, kills, 48, keep, library=library)
        self.assertEqual([], findings[:3], "seed %d, %r" % (seed, figures))
        for least in ("ok", "refused"):
            self.assertGreater(figures[least], OPERATIONS // 10, figures)
        return figures

    def test_of_a_server(self):
        self.verify(0)

    def test_over_kill_9(self):
        figures = self.verify(2)
        self.assertGreater(figures["unknown"], 0)
        self.assertGreater(figures["repeated"], 0)  # transactions with their tokens, once all the same

    def test_of_libdynlog_on_a_folder(self):
        if not os.path.exists(LIBRARY):
            self.skipTest("%s is not built" % LIBRARY)
        seed = random.randrange(2 ** 32)
        findings, figures = run.folder_round(seed, OPERATIONS // 4, tempfile.gettempdir(), LIBRARY)
        self.assertEqual([], findings[:3], "seed %d, %r" % (seed, figures))
        self.assertGreater(figures["refused"], 0)


if __name__ == "__main__":
    unittest.main()
