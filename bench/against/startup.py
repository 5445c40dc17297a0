#!/usr/bin/env python3
"""bench/against/startup.py - from the start of a process to its first answer, and what it holds when nothing is asked.

    startup.py BUILD [--rounds N]

Each round starts every server once in an empty folder, asks it until it answers ListTables, and reads its resident memory a
moment later. Prints a JSON line a server: medians.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import urllib.error

import servers

IDLE_SECONDS = 0.5
KINDS = [servers.Dynlog, servers.DynlogMemory, servers.Dynoxide, servers.DynoxideMemory, servers.Dynalite]


class Again(servers.Dynlog):
    """In the folder of a run before, where tables, bus and trigger are already."""
    name = "dynlog, again"

    def start(self):
        super().start()
        self.stop()
        return self

    def started_again(self):
        return super().start()


def asks(server):
    def answers():
        try:
            server.call("DynamoDB_20120810.ListTables", {})
            return True
        except (urllib.error.URLError, ConnectionError):
            return False
    return answers


def one(kind, build):
    with tempfile.TemporaryDirectory(prefix="startup-", dir=build) as folder:
        server = kind(folder, build)
        if kind is Again:
            server.start()
        server.answers = asks(server)
        began = time.monotonic()
        try:
            server.started_again() if kind is Again else server.start()
            milliseconds = (time.monotonic() - began) * 1000
            time.sleep(IDLE_SECONDS)
            return milliseconds, servers.memory_mb(server.process.pid)
        finally:
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    seen = {kind: [] for kind in [*KINDS, Again]}
    for _ in range(options.rounds):
        for kind, figures in seen.items():
            figures.append(one(kind, build))
    for kind, figures in seen.items():
        print(json.dumps({"server": kind.name, "rounds": options.rounds,
                          "first_answer_ms": statistics.median(figure[0] for figure in figures),
                          "least_ms": min(figure[0] for figure in figures),
                          "idle_mb": statistics.median(figure[1] for figure in figures)}), flush=True)


if __name__ == "__main__":
    main()
