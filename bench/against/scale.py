#!/usr/bin/env python3
"""bench/against/scale.py - dynlog with few and with many items, asked in the same minutes.

    scale.py BUILD [--items N,...] [--rounds N] [--seconds S]

A server for each number of items, filled before anything is measured, and the floors of bench/floor.c. Each round goes through works
and servers at 64 connections. Prints a JSON line for each figure: the median of the rounds, and what the server holds in
memory and on the disk at the end.
"""

import argparse
import copy
import json
import os
import statistics
import sys
import tempfile
import time

import against
import servers

CONNECTIONS = 64
WORKS = ("put", "update", "get", "query")
FLOORS = {"put": servers.FloorLog, "update": servers.FloorLog, "get": servers.Floor, "query": servers.Floor}
FILL_SECONDS = 3600
SETTLED_SECONDS, SETTLED_PART, SETTLE_SECONDS_MAX = 2, 0.05, 300


def processor_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settle(server):
    """Until what filling left to be compacted is compacted: the process rests."""
    end = time.monotonic() + SETTLE_SECONDS_MAX
    while time.monotonic() < end:
        before = processor_seconds(server.process.pid)
        time.sleep(SETTLED_SECONDS)
        if processor_seconds(server.process.pid) - before < SETTLED_PART * SETTLED_SECONDS:
            return


def folder_mb(folder):
    return sum(os.path.getsize(os.path.join(place, name)) for place, _, names in os.walk(folder) for name in names) / 1e6


def with_items(options, items):
    options = copy.copy(options)
    options.items = items
    return options


def fill(server, options, items):
    server.options = with_items(options, items)
    print("scale: filling a table with %d items" % items, file=sys.stderr, flush=True)
    began = time.monotonic()
    against.load(server, options.build, "fill", 8, server.options, FILL_SECONDS)
    server.fill_seconds = time.monotonic() - began
    settle(server)


def ask(server, work, options):
    return against.load(server, options.build, work, CONNECTIONS, server.options, options.seconds)


def summary(server, work, lines):
    line = {"server": server.name, "work": work, "items": server.options.items, "rounds": len(lines)}
    for name in ("per_second", "p50_us", "p99_us"):
        line[name] = statistics.median(one[name] for one in lines)
    return line


def held(server):
    return {"items": server.options.items, "filled_per_second": server.options.items / server.fill_seconds,
            "resident_mb": servers.memory_mb(server.process.pid), "disk_mb": folder_mb(server.folder)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--items", type=lambda text: [int(word) for word in text.split(",")], default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    return options


def measure(options, filled, floors):
    lines = {}
    for number in range(options.rounds):
        for work in WORKS:
            for server in against.rotated([*filled, floors[FLOORS[work]]], number):
                asked = "put" if server.speaks == "http" else work
                lines.setdefault((server, work), []).append(ask(server, asked, options))
        print("scale: round %d of %d" % (number + 1, options.rounds), file=sys.stderr, flush=True)
    return lines


def main():
    options = arguments()
    running = []
    with tempfile.TemporaryDirectory(prefix="scale-", dir=options.build) as folder:
        try:
            for items in options.items:
                os.makedirs(os.path.join(folder, str(items)))
                running.append(servers.Dynlog(os.path.join(folder, str(items)), options.build))
                running[-1].start().make_ready()
                fill(running[-1], options, items)
            filled = list(running)
            floors = {}
            for kind in (servers.Floor, servers.FloorLog):
                floors[kind] = kind(folder, options.build)
                running.append(floors[kind].start())
                running[-1].options = with_items(options, options.items[0])
            for (server, work), lines in measure(options, filled, floors).items():
                print(json.dumps(summary(server, work, lines)), flush=True)
            for server in filled:
                print(json.dumps(held(server)), flush=True)
        finally:
            for server in running:
                server.stop()


if __name__ == "__main__":
    main()
