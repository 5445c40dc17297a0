"""Mixed load for so many minutes, and a verdict: scripts/soak.

The clients (clients.py) rest once a minute, until nothing is under way anywhere (drain); then figures are taken. A row is
printed for each; in the end the rules of verdict.py are."""

import json
import os
import random
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "../.."))
sys.path[:0] = [HERE, os.path.join(HERE, "../long"), os.path.join(HERE, "../e2e"), os.path.join(HERE, "../history")]

import figures  # noqa: E402
import rows as tables  # noqa: E402
import stack  # noqa: E402
import verdict  # noqa: E402
import works  # noqa: E402
from support.server import Dynlog  # noqa: E402

SAMPLES = 30  # of a run of any length, and one a minute of a long one
COLUMNS = [("minute", "minute", 6), ("operations", "asked", 9), ("invocations", "invoked", 8), ("errors", "errors", 6),
           ("resident MB", "RSS MB", 7), ("store MB", "store", 6), ("other MB", "other", 6), ("disk MB", "disk MB", 7),
           ("descriptors", "fds", 5), ("threads", "thr", 4), ("processes", "proc", 5)]


class Clients:
    """The two processes of clients.py."""

    def __init__(self, dynlog, seed, rate):
        self.processes = {name: subprocess.Popen(
            [sys.executable, os.path.join(HERE, "clients.py"), name, str(dynlog.port), str(seed), more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for name, more in (("dynamodb", str(rate)), ("services", dynlog.work))}

    def say(self, line):
        for process in self.processes.values():
            process.stdin.write(line + "\n")
            process.stdin.flush()

    def rest(self):
        """What each did, now that nothing moves."""
        self.say("rest")
        answers = {}
        for name, process in self.processes.items():
            line = process.stdout.readline()
            if not line.startswith("resting "):
                raise AssertionError("the clients %s ended: %r" % (name, line))
            answers[name] = json.loads(line[len("resting "):])
        return answers

    def end(self):
        for process in self.processes.values():
            process.stdin.close()
        for process in self.processes.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def prepare(dynlog):
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("scripts/soak: there is no cc to compile examples/bootstrap-c with")
    subprocess.run([compiler, "-O1", "-o", dynlog.path("bootstrap"), os.path.join(TOP, "examples/bootstrap-c/bootstrap.c")],
                   check=True)
    for table in works.tables():
        status, answer = dynlog.call("DynamoDB_20120810.CreateTable", table)
        if status != 200:
            raise AssertionError(answer)


def sample(dynlog, answers, minute):
    taken = figures.take(dynlog)
    said = [text for answer in answers.values() for text in answer.get("said", ())]
    return {"minute": round(minute, 2), **taken, "operations": sum(answer["operations"] for answer in answers.values()),
            "errors": sum(answer["errors"] for answer in answers.values()), "works": answers,
            **({"said": said} if said else {}),
            "resident MB": taken["resident KB"] // 1024, "store MB": taken["store KB"] // 1024,
            "other MB": round(taken["other KB"] / 1024, 1), "disk MB": taken["disk KB"] // 1024,
            "descriptors": sum(taken[name] for name in figures.DESCRIPTORS)}


def run(minutes, rate, seed, rows):
    """All samples."""
    every_s = min(60.0, minutes * 60 / SAMPLES)
    samples = []
    with Dynlog(stack.FILES, ["--quiet"]) as dynlog:
        prepare(dynlog)
        clients = Clients(dynlog, seed, rate)
        try:
            begun = resumed = time.monotonic()
            while time.monotonic() - begun < minutes * 60 or len(samples) < verdict.SAMPLES_NEEDED:
                # on a machine that is late there is load between two rests all the same
                due = max(begun + every_s * (len(samples) + 1), resumed + every_s / 2)
                try:
                    dynlog.process.popen.wait(due - time.monotonic())
                    raise AssertionError("dynlog ended:\n" + dynlog.process.err.text())
                except subprocess.TimeoutExpired:
                    pass
                answers = clients.rest()
                dynlog.drain()
                samples.append(sample(dynlog, answers, (time.monotonic() - begun) / 60))
                rows.row(**{name: value for name, value in samples[-1].items() if name != "works"})
                for text in samples[-1].get("said", ()):
                    print("  " + text, file=sys.stderr)
                clients.say("go")
                resumed = time.monotonic()
        finally:
            clients.end()
    return samples


def main(minutes, rate, seed, as_json):
    rows = tables.Rows(COLUMNS, as_json)
    rows.say("soak: %g minutes, %g requests a second of histories beside everything else, seed %d" % (minutes, rate, seed),
             minutes=minutes, rate=rate, seed=seed)
    samples = run(minutes, rate, seed, rows)
    failed = 0
    for name, found, limit, holds in verdict.judge(samples, stack.PROCESSES_MAX):
        failed += not holds
        rows.say("%-7s %-28s %-18s %s" % ("ok" if holds else "FAILED", name, found, limit),
                 rule=name, found=found, limit=limit, holds=holds)
    last = samples[-1]
    if rows.as_json:
        rows.say("", works=last["works"])
    rows.say("%s: %d operations, %d invocations, %d MB on disk; replay: scripts/soak --minutes %g --rate %g --seed %d" % (
        "FAILED" if failed else "flat", last["operations"], last["invocations"], last["disk MB"], minutes, rate, seed),
        verdict="failed" if failed else "flat", operations=last["operations"], invocations=last["invocations"], seed=seed)
    return 1 if failed else 0


def random_seed():
    return random.SystemRandom().randrange(2 ** 32)
