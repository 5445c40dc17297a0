"""A history: what many clients asked at once, and what each of them was answered. One JSON line an operation:

    {"id": "0.17", "client": "0/3", "name": "update-if", "asked": 1200, "answered": 1900, "outcome": "ok", ...}

asked, answered   nanoseconds of one clock that only goes forward; answered null: no answer came (the connection was
                  lost, the server was killed), so the operation was done at any time after it was asked, or never
outcome           ok | refused (a condition did not hold) | failed (nothing was done, and nothing is known from it) | unknown

What an operation did has one of two forms, because two things are checked:

steps     of registers: what it did to each key by itself. linearizable.py checks key by key.
          {"key", "if", "then", "did", "saw", "made"}: the condition, the effect, whether it was done, what stood there before
reads,    of lists: what it read and wrote of all its keys at one moment. serializable.py checks all of them together.
writes    reads [[KEY, [IDS] | VERSION | {"least": VERSION}]], writes [KEY]: it appended its id to the key's list.
          "stale": true - it was allowed to read the past (an eventually consistent index).
past      [[KEY, REGISTER]]: reads of registers that may be of the past (run.py)

A register is null (there is no item) or [VERSION, WRITER]; who wrote it is an operation's id, so no value is written twice."""

import json

FOREVER = 1 << 62   # the answer of who was never answered


def load(paths):
    """All operations of some files, by the time at which they were asked."""
    operations = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            operations += [json.loads(line) for line in file]
    return sorted(operations, key=lambda operation: operation["asked"])


def store(path, operations):
    with open(path, "w", encoding="utf-8") as file:
        for operation in operations:
            file.write(json.dumps(operation, separators=(",", ":")) + "\n")


def interval(operation, origin=0):
    """[1.200 ms, 1.900 ms] for people."""
    answered = operation["answered"]
    return "[%.3f ms, %s]" % ((operation["asked"] - origin) / 1e6,
                              "never answered" if answered is None else "%.3f ms" % ((answered - origin) / 1e6))
