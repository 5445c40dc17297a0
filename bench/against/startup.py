#!/usr/bin/env python3
"""bench/against/startup.py - from the start of a process to its first answer, and what it holds when nothing is asked.

    startup.py BUILD [--rounds N]

Each round starts every server once in an empty folder, asks it until it answers ListTables, and reads its resident memory a
moment later. Who asks tries to connect five thousand times a second, says a request that was made before, and waits for the
answer: what asking takes is a tenth of a millisecond, and on the other core. Prints a JSON line a server: medians.
"""

import argparse
import json
import os
import socket
import statistics
import tempfile
import time

import servers

IDLE_SECONDS = 0.5
WAIT_SECONDS = 0.0002
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
    request = ("POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n"
               "X-Amz-Target: DynamoDB_20120810.ListTables\r\nX-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 "
               "Credential=local/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000\r\n"
               "\r\n{}" % server.address).encode()

    def answers():
        with socket.socket() as asked:
            try:
                asked.connect(("127.0.0.1", server.port))
                if asked.getsockname() == asked.getpeername():
                    return False  # nobody listens, and it met itself
                asked.sendall(request)
                return asked.recv(4096).startswith(b"HTTP/1.1 200 ")
            except ConnectionError:
                return False
    return answers


def one(kind, build):
    with tempfile.TemporaryDirectory(prefix="startup-", dir=build) as folder:
        server = kind(folder, build)
        if kind is Again:
            server.start()
        server.answers = asks(server)
        server.wait_seconds = WAIT_SECONDS
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
