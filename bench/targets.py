"""bench/targets.py - what dynlog wants to reach, beside what was measured last (build-bench/figures).

A target is a ratio to something of the same run where that is possible: machines differ."""

import json
import os


class Figures:
    """The kept lines of the programs, by their names; [] of one that did not run."""

    def __init__(self, folder):
        self.folder = folder

    def lines(self, name, **members):
        path = os.path.join(self.folder, name + ".jsonl")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [line for line in lines if all(line.get(key) == value for key, value in members.items())]

    def one(self, name, member, **members):
        lines = self.lines(name, **members)
        return lines[0][member] if lines else None

    def against(self, server, work="put", connections=64, member="per_second", **more):
        return self.one("against", member, server=server, work=work, connections=connections, **more)

    def scale(self, work, items, server="dynlog", member="per_second"):
        return self.one("scale", member, server=server, work=work, items=items)


def over(a, b):
    return a / b if a is not None and b else None


def beside(server, **more):
    return lambda f: over(f.against("dynlog"), f.against(server, **more))


def of_floor(work):
    def ratio(figures):
        floors = [line for line in figures.lines("scale", work=work) if line["server"] != "dynlog"]
        return over(figures.scale(work, 1_000_000), floors[0]["per_second"]) if floors else None
    return ratio


def way(load, member, at=None, handler="C", scale=1000):
    def figure(figures):
        value = figures.one("way", member, trigger="built-in", handler=handler, load=load)
        return None if value is None else (value if at is None else value[at] / scale)
    return figure


def start(server, member="first_answer_ms"):
    return lambda f: f.one("startup", member, server=server)


MORE, LESS = ">=", "<="
TARGETS = [  # what, its target, how it is printed, what it is
    ("durable PutItem of a new key, under a condition; 64 connections : dynoxide on a file", MORE, 10, "%.1f", beside("dynoxide, file")),
    ("the same : dynalite on a file, which does not sync", MORE, 10, "%.1f", beside("dynalite, file")),
    ("the same : Redis XADD, always synced", MORE, 1, "%.2f", beside("Redis, appendfsync always", asked="xadd")),
    ("the same : floor with a bare log", MORE, 0.5, "%.2f", beside("HTTP and a bare log")),
    ("the same, p99, ms", LESS, 5, "%.1f", lambda f: over(f.against("dynlog", member="p99_us"), 1000)),
    ("the same with 10 million items : with 10 thousand", MORE, 0.8, "%.2f",
     lambda f: over(f.scale("put", 10_000_000), f.scale("put", 10_000))),
    ("GetItem among a million : floor", MORE, 0.6, "%.2f", of_floor("get")),
    ("Query of 10 among a million : floor", MORE, 0.4, "%.2f", of_floor("query")),
    ("PutItem, one connection: time : a bare append's", LESS, 1.5, "%.2f",
     lambda f: over(f.against("dynlog", connections=1, member="p50_us"), f.against("a bare append", connections=1, member="p50_us"))),
    ("from an append's answer to its handler in C, 100 a second, p50, ms", LESS, 1, "%.2f", way("calm", "after_answer", "p50")),
    ("the same, p99, ms", LESS, 5, "%.2f", way("calm", "after_answer", "p99")),
    ("appended and handled in C, sustained, events a second", MORE, 20_000, "%.0f", way("sustained", "handled")),
    ("start to first answer in an empty folder, ms", LESS, 50, "%.0f", start("dynlog")),
    ("the same with --memory, ms", LESS, 15, "%.0f", start("dynlog --memory")),
    ("resident when idle, MB", LESS, 25, "%.1f", start("dynlog", "idle_mb")),
]


def table(folder):
    figures = Figures(folder)
    rows = ["| | target | measured | |", "|---|---|---|---|"]
    for what, sign, target, form, measure in TARGETS:
        value = measure(figures)
        met = value is not None and (value >= target if sign == MORE else value <= target)
        rows.append("| %s | %s %g | %s | %s |" % (what, sign, target, "not measured" if value is None else form % value,
                                                   "" if value is None else "met" if met else "not met"))
    return "\n".join(rows) + "\n"
