#!/usr/bin/env python3
"""bench/against/against.py - dynlog beside other servers, asked in the same minutes.

    against.py BUILD [--rounds N] [--seconds S] [--items N] [--only NAME,...] [--works WORK,...] [--connections N,...]

All servers are up at once; each round goes through works, connections and servers, so that what the machine does beside
meets all of them alike. Prints a JSON line for each figure: the median of the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import servers

WORKS = {  # work -> what it is divided by: the floor that does the same without a database
    "put": "HTTP and a bare log", "update": "HTTP and a bare log", "batch": "HTTP and a bare log",
    "transact": "HTTP and a bare log", "events": "HTTP and a bare log",
    "get": "HTTP alone", "query": "HTTP alone"}
TARGETED = (("put", 1), ("put", 64))  # of reads, targets speak of what scale.py measures
REDIS_WORKS = {"put": ("xadd", "xadd-if")}
KEYS_A_RUN = 100_000_000  # new keys that no other run has


def load(server, build, work, connections, options, seconds):
    """One run of the load generator against a server; its line."""
    words = [os.path.join(build, "bench/bench_load"), server.address, work, "--connections", str(connections),
             "--seconds", str(seconds), "--warm-up", "0.3" if work != "fill" else "0", "--items", str(options.items),
             "--table", servers.TABLE, "--bus", servers.BUS, "--first", str(server.next_first),
             "--seed", str(server.next_first // KEYS_A_RUN + 1)]
    if server.speaks == "file":
        words = server.asked_by(seconds)
    server.next_first += KEYS_A_RUN
    ran = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if ran.returncode != 0:
        raise RuntimeError("%s, %s: %s" % (server.name, work, ran.stderr[:600]))
    return json.loads(ran.stdout)


def works_of(server, work, connections):
    """What a server is asked where dynlog is asked `work`; nothing: it can't do it."""
    if server.speaks == "file":
        return ("bare",) if work == "put" and connections == 1 else ()
    if server.speaks == "redis":
        return REDIS_WORKS.get(work, ())
    if server.speaks == "http":
        return ("put",) if WORKS[work] == server.name else ()
    return () if work in server.lacks else (work,)


def rotated(things, by):
    by %= len(things)
    return things[by:] + things[:by]


def plan(options):
    """(round, work, connections) in the order in which they run. What targets speak of has more rounds than all the rest, and
    has them after it: in other minutes."""
    every = [(number, work, connections) for number in range(options.rounds) for work in options.works
             for connections in options.connections]
    return every + [(number, work, connections) for number in range(options.rounds, 2 * options.rounds + 1)
                    for work, connections in TARGETED if work in options.works and connections in options.connections]


def measure(options, running):
    """(server, asked, work, connections) -> lines of all rounds."""
    lines = {}
    floors = {}  # a floor does the same for every work: it is asked once a round and number of connections
    for number, work, connections in plan(options):
        for server in rotated(running, number):
            for asked in works_of(server, work, connections):
                key = (server.name, number, connections)
                line = floors.get(key) or load(server, options.build, asked, connections, options, options.seconds)
                if server.speaks == "http":
                    floors[key] = line
                lines.setdefault((server, asked, work, connections), []).append(line)
        print("against: round %d, %s, connections: %d" % (number + 1, work, connections), file=sys.stderr)
    return lines


def summary(server, asked, work, connections, lines):
    middle = {name: statistics.median(line[name] for line in lines)
              for name in ("per_second", "units_per_second", "p50_us", "p99_us", "generator_cpu")}
    return {"server": server.name, "durable": server.durable, "work": work, "asked": asked, "connections": connections,
            "rounds": len(lines), "least": min(line["per_second"] for line in lines),
            "most": max(line["per_second"] for line in lines), **middle}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--only", type=lambda text: text.split(","), help="class names of servers.py")
    parser.add_argument("--works", type=lambda text: text.split(","), default=list(WORKS))
    parser.add_argument("--connections", type=lambda text: [int(word) for word in text.split(",")], default=[1, 8, 64, 512])
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    return options


def main():
    options = arguments()
    running = []
    with tempfile.TemporaryDirectory(prefix="against-", dir=options.build) as folder:
        try:
            for kind in servers.ALL:
                if options.only is None or kind.__name__ in options.only:
                    running.append(kind(folder, options.build))
                    running[-1].start().make_ready()
                    if running[-1].speaks == "dynamodb":
                        load(running[-1], options.build, "fill", 8, options, 600)
            for key, lines in measure(options, running).items():
                print(json.dumps(summary(*key, lines)), flush=True)
        finally:
            for server in running:
                server.stop()


if __name__ == "__main__":
    main()
