"""Records histories of a dynlog and verifies them: scripts/histories. A round is a server of its own:

    clients write (record.py, two processes), the server is killed with -9 and started again in the middle, as often as
    asked, its shards are split while they write; then every key is read for the last time, the change streams are read,
    and all of it is verified: registers key by key (linearizable.py), with and without the order of the change records;
    lists and streams of events together (serializable.py); reads of the index; the order of events of /_dynlog/log."""

import json
import os
import random
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "../e2e"))

import changes  # noqa: E402
import history  # noqa: E402
import linearizable  # noqa: E402
import serializable  # noqa: E402
import works  # noqa: E402
from record import TOLD_EVERY  # noqa: E402

PROCESSES = 2
THREADS = 6  # of the program that uses libdynlog


class Clients:
    """record.py, so many times; and `library`, the program of append.c, when there is one. data: that one alone, on a
    data folder of its own process."""

    def __init__(self, port, seed, connections, folder, library=None, data=None):
        self.begun = time.monotonic_ns()
        self.paths = [os.path.join(folder, "%d.jsonl" % number) for number in range(PROCESSES + (library is not None))]
        self.counts = [0] * len(self.paths)
        commands = [[sys.executable, os.path.join(HERE, "record.py"), "--port", str(port), "--seed", str(seed), "--process",
                     str(number), "--connections", str(connections // PROCESSES), "--begun", str(self.begun), "--out", path]
                    for number, path in enumerate(self.paths[:PROCESSES])]
        if library is not None:
            commands.append([library, data or "http://127.0.0.1:%d" % port, str(seed), str(PROCESSES), str(THREADS),
                             str(self.begun), self.paths[-1]])
        if data is not None:
            self.paths, self.counts, commands = self.paths[-1:], [0], commands[-1:]
        env = {**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
        self.processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
                          for command in commands]

    def wait(self, count):
        """Until so many operations have ended."""
        with selectors.DefaultSelector() as selector:
            for number, process in enumerate(self.processes):
                selector.register(process.stdout, selectors.EVENT_READ, number)
            while sum(self.counts) < count:
                for ready, _ in selector.select():
                    data = os.read(ready.fd, 65536)
                    if not data:
                        raise AssertionError("process %d of the clients ended early" % ready.data)
                    self.counts[ready.data] += TOLD_EVERY * data.count(b"\n")

    def end(self):
        for process in self.processes:
            process.stdin.close()
        self.repeated = 0
        for process in self.processes:
            self.repeated += sum(int(count) for count in re.findall(rb"asked again: (\d+)", process.stdout.read()))
            if process.wait() != 0:
                raise AssertionError("a process of the clients ended with %d" % process.returncode)

    def kill(self):
        for process in self.processes:
            process.kill()
            process.wait()
            process.stdout.close()


class Caller:
    """One operation after the other of a server, noted as operations of a history where that is wanted."""

    def __init__(self, dynlog, begun):
        self.dynlog, self.begun, self.number = dynlog, begun, 0
        self.operations = []

    def call(self, target, body):
        status, answer = self.dynlog.call(target, body)
        if status != 200:
            raise AssertionError("%s: %d %r" % (target, status, answer))
        return answer

    def read_all(self, keys):
        """The last word on every key."""
        for family, key in sorted(keys):
            asked = time.monotonic_ns() - self.begun
            self.number += 1
            operation = {"id": "last.%d" % self.number, "client": "last", "name": "last read", "asked": asked, "outcome": "ok"}
            if family == "events":
                answer = self.call("DynamoDB_20120810.Query", {
                    "TableName": works.EVENTS, "KeyConditionExpression": "pk = :p", "ConsistentRead": True,
                    "ExpressionAttributeValues": {":p": works.s(key)}})
                operation["reads"] = [[key, [works.event_id(item) for item in answer["Items"]]]]
            else:
                answer = self.call("DynamoDB_20120810.GetItem", {"TableName": family, "Key": {"pk": works.s(key)},
                                                                 "ConsistentRead": True}).get("Item")
                if family == works.LISTS:
                    operation["reads"] = [[key, [one["S"] for one in answer["l"]["L"]] if answer else []]]
                else:
                    operation["steps"] = [{"key": key, "did": "ok", "saw": works.register_of(answer)}]
                    self.read_index(key)
            operation["answered"] = time.monotonic_ns() - self.begun
            self.operations.append(operation)

    def read_index(self, key):
        """Nothing writes any more: the index has what the table has. As a step of the history it must be the last state."""
        asked = time.monotonic_ns() - self.begun
        items = self.call("DynamoDB_20120810.Query", {
            "TableName": works.REGISTERS, "IndexName": "by-g", "KeyConditionExpression": "g = :g",
            "ExpressionAttributeValues": {":g": works.s(key)}})["Items"]
        self.operations.append({
            "id": "last.%d/index" % self.number, "client": "last", "name": "last read of the index", "asked": asked,
            "answered": time.monotonic_ns() - self.begun, "outcome": "ok",
            "steps": [{"key": key, "did": "ok", "saw": works.register_of(items[0]) if items else None}]})


def keys_of(operations):
    """(table, key) of all that was touched."""
    keys = set()
    for operation in operations:
        for step in operation.get("steps", ()):
            keys.add((works.REGISTERS, step["key"]))
        for key in operation.get("writes", []) + [read[0] for read in operation.get("reads", ())]:
            keys.add((works.EVENTS if key.startswith("users#") else works.LISTS, key))
    return keys


def check_past(operations, orders):
    """An index and an eventually consistent read may show the past, not what never was or was asked for only later."""
    asked = {operation["id"]: operation["asked"] for operation in operations}
    findings = []
    for operation in operations:
        for key, state in operation.get("past", ()):
            if state is None:
                continue
            if tuple(state) not in orders.get(key, ()):
                findings.append(["%s: %s by %s shows %s, which no change record made." % (
                    key, operation["name"], operation["id"], state)])
            elif asked[state[1]] > operation["answered"]:
                findings.append(["%s: %s by %s shows %s, which was asked for only later." % (
                    key, operation["name"], operation["id"], state)])
    return findings


def check_streams(operations, orders):
    """The change records of a stream of events are its events in order, all and no others."""
    last = {read[0]: read[1] for operation in operations if operation["client"] == "last"
            for read in operation.get("reads", ()) if read[0].startswith("users#")}
    return [["%s: its change records have %d events, the table %d, or another order." % (key, len(orders.get(key, [])), len(ids))]
            for key, ids in last.items() if orders.get(key, []) != ids]


def check_order(caller, orders):
    """The one order over events has each stream as its change records have it."""
    seen = {}
    body = caller.dynlog.request("GET", "/_dynlog/log?table=%s&from=0&follow=false" % works.EVENTS)[2].decode()
    for line in body.splitlines():
        if line:
            event = json.loads(line)
            seen.setdefault(event["key"]["pk"], []).append(event["meta"]["id"])
    return [["%s: /_dynlog/log has %d events of it, its change stream %d, or another order." % (
        key, len(seen.get(key, [])), len(orders.get(key, [])))]
        for key in set(seen) | set(orders) if seen.get(key) != orders.get(key)]


def verify(operations, caller=None):
    """(findings, figures)."""
    orders, findings = None, []
    if caller is not None:
        orders, findings = changes.chains(changes.records_of(caller.call, works.REGISTERS))
        events, more = changes.streams_of_events(changes.records_of(caller.call, works.EVENTS))
        findings += more + check_past(operations, orders) + check_streams(operations, events) + check_order(caller, events)
    begun = time.monotonic()
    more, figures = linearizable.check(operations, orders)
    findings += more
    figures["linearizable_s"] = round(time.monotonic() - begun, 2)
    begun = time.monotonic()
    more, other = serializable.check(operations)
    figures.update({"transaction_keys": other["keys"], "transactions": other["operations"],
                    "serializable_s": round(time.monotonic() - begun, 2)})
    outcomes = {outcome: sum(operation["outcome"] == outcome for operation in operations)
                for outcome in ("ok", "refused", "failed", "unknown")}
    return findings + more, {"operations": len(operations), **outcomes, **figures}


def keep_history(operations, findings, figures, path):
    if findings:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        history.store(path, operations)
        figures["kept"] = path


def split_shards(caller):
    for table in (works.REGISTERS, works.EVENTS):
        caller.dynlog.request("POST", "/_dynlog/shards", json.dumps({"table": table, "action": "roll"}))


def record(dynlog, seed, count, kills=0, connections=48, folder=None, library=None):
    """The operations of one history of at least `count`, with so many kill -9 in the middle; and a Caller for the rest."""
    draw = random.Random(seed)
    caller = Caller(dynlog, 0)
    for table in works.tables():
        caller.call("DynamoDB_20120810.CreateTable", table)
    clients = Clients(dynlog.port, seed, connections, folder, library)
    caller.begun = clients.begun
    try:
        moments = sorted(draw.randrange(count // 5, count) for _ in range(kills))
        for moment in moments:
            clients.wait(moment)
            dynlog.kill()
            dynlog.restart()
        clients.wait(max(moments + [count // 2]))
        split_shards(caller)
        clients.wait(count)
        clients.end()
    except BaseException:
        clients.kill()
        raise
    operations = history.load(clients.paths)
    caller.repeated = clients.repeated
    caller.read_all(keys_of(operations))
    return sorted(operations + caller.operations, key=lambda operation: operation["asked"]), caller


def one_round(seed, count, kills, connections, keep, arguments=(), library=None):
    """(findings, figures) of a server of its own. What was found is kept in the folder `keep`."""
    from support.server import Dynlog

    folder = tempfile.mkdtemp(prefix="dynlog-history-")
    try:
        with Dynlog(arguments=["--quiet", *arguments]) as dynlog:
            begun = time.monotonic()
            operations, caller = record(dynlog, seed, count, kills, connections, folder, library)
            seconds = time.monotonic() - begun
            findings, figures = verify(operations, caller)
        figures.update(recorded_s=round(seconds, 2), repeated=caller.repeated)
        keep_history(operations, findings, figures, os.path.join(keep, "history-%d.jsonl" % seed))
        return findings, figures
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def folder_round(seed, count, keep, library):
    """The same of libdynlog on a data folder, which a server opens afterwards for the last word."""
    from support.server import Dynlog

    folder = tempfile.mkdtemp(prefix="dynlog-history-")
    try:
        data = os.path.join(folder, "data")
        begun = time.monotonic()
        clients = Clients(0, seed, 0, folder, library, data)
        try:
            clients.wait(count)
            clients.end()
        except BaseException:
            clients.kill()
            raise
        operations = history.load(clients.paths)
        with Dynlog(arguments=["--quiet", "--data", data]) as dynlog:
            caller = Caller(dynlog, clients.begun)
            caller.read_all(keys_of(operations))
            orders, findings = changes.streams_of_events(changes.records_of(caller.call, works.EVENTS))
            operations += caller.operations
            findings += check_streams(operations, orders) + check_order(caller, orders)
        more, figures = verify(operations)
        figures["recorded_s"] = round(time.monotonic() - begun, 2)
        keep_history(operations, findings + more, figures, os.path.join(keep, "history-%d-folder.jsonl" % seed))
        return findings + more, figures
    finally:
        shutil.rmtree(folder, ignore_errors=True)
