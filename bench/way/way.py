"""bench/way/way.py BUILD [WAY ...] [--seconds S] - from an append to its handler: a JSON line for each way and each load.

A server of its own with a stack of its own for each way: a table with a change stream; what puts its events on the bus (the
built-in trigger, or the trigger function of examples/users-node or examples/users-python with its SDK); one rule; one handler
in C, Node.js or Python that notes when it was called (board.h). bench_way (drive.c) appends and waits. Loads:

    calm        100 appends a second: each meets a server that rests
    half        half of what is sustained, a second; with --rate so many a second, and nothing sustained comes before it
    sustained   64 connections append as fast as they are answered, until drain says that all is handled

Beside what bench_way prints: processor time of the server and of all workers, microseconds an event; works and synced groups
of the store, an event. The table and the data are on the disk that TMPDIR is on."""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SDK = os.path.join(TOP, "test/e2e/node/node_modules")
TICKS = os.sysconf("SC_CLK_TCK")
CALM = 100
BOARD_SIZE = 4096 * 1024 * 24

STACK = """service: way
provider:
  name: aws
  region: us-east-1
  environment:
    WAY_BOARD: %(board)s
    EVENT_BUS: dynamodb-log
custom:
  dynlog:
    archive: false
functions:
%(trigger)s  handler:
    handler: %(handler)s
    runtime: %(runtime)s
    events:
      - eventBridge:
          eventBus: !Ref bus
          pattern: {source: [dynamodb-log], detail-type: [stream changes], detail: {log: [way]}}
resources:
  Resources:
    logs:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-dynamodb-logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
    bus:
      Type: AWS::Events::EventBus
      Properties: {Name: dynamodb-log}
"""
TRIGGER = """  trigger:
    handler: %s
    runtime: %s
    timeout: 30
    events:
      - stream: {type: dynamodb, arn: !GetAtt logs.StreamArn, batchSize: 100, startingPosition: TRIM_HORIZON}
"""
HANDLERS = {"C": ("bootstrap", "provided.al2023"), "Node.js": ("handler.handler", "nodejs20.x"),
            "Python": ("handler.handler", "python3.12")}
TRIGGERS = {"built-in": "", "Node.js": TRIGGER % ("src/trigger.handler", "nodejs20.x"),
            "Python": TRIGGER % ("src/trigger.handler", "python3.12")}
WAYS = {"built-in/C": 120000, "built-in/Node.js": 20000, "built-in/Python": 20000,
        "Node.js/C": 20000, "Python/C": 10000}  # events of the sustained load


def make_folder(folder, build, trigger, handler):
    for name in ("handler.mjs", "handler.py"):
        shutil.copy(os.path.join(HERE, name), folder)
    shutil.copy(os.path.join(build, "bench/bench_way_bootstrap"), os.path.join(folder, "bootstrap"))
    if trigger != "built-in":
        example = os.path.join(TOP, "examples/users-%s" % {"Node.js": "node", "Python": "python"}[trigger])
        shutil.copytree(os.path.join(example, "src"), os.path.join(folder, "src"))
    if trigger == "Node.js":
        shutil.copy(os.path.join(example, "package.json"), folder)
        os.symlink(SDK, os.path.join(folder, "node_modules"))


def processes_below(pid):
    found = []
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
        for child in map(int, file.read().split()):
            found += [child, *processes_below(child)]
    return found


def processor_seconds(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            words = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return (int(words[11]) + int(words[12])) / TICKS


class Server:
    def __init__(self, folder, board, build, trigger, handler):
        self.folder, self.board, self.build = folder, board, build
        make_folder(folder, build, trigger, handler)
        words = {"board": board, "trigger": TRIGGERS[trigger], "handler": HANDLERS[handler][0], "runtime": HANDLERS[handler][1]}
        with open(os.path.join(folder, "serverless.yml"), "w", encoding="utf-8") as file:
            file.write(STACK % words)
        self.process = subprocess.Popen(
            [os.path.join(build, "dynlog"), "start", "--port", "0", "--events-port", "0", "--lambda-port", "0",
             "--quiet"], cwd=folder, stdout=subprocess.PIPE, text=True)
        self.port = next((int(found.group(1)) for found in (re.search(r"ports +(\d+) all", line) for line in self.process.stdout)
                          if found), None)
        if self.port is None:
            raise RuntimeError("the server did not start")
        self.first = 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()

    def figure(self, name):
        with urllib.request.urlopen("http://127.0.0.1:%d/_dynlog/metrics" % self.port) as answer:
            return sum(float(line.split()[1]) for line in answer.read().decode().splitlines()
                       if re.match(r"%s[ {]" % name, line))

    def figures(self):
        pid = self.process.pid
        return (processor_seconds(pid), sum(map(processor_seconds, processes_below(pid))),
                self.figure("dynlog_store_groups_total"), self.figure("dynlog_store_works_total"))

    def run(self, count, **words):
        before = self.figures()
        output = subprocess.run([os.path.join(self.build, "bench/bench_way"), "127.0.0.1:%d" % self.port, self.board,
                                 "--first", str(self.first), "--count", str(count),
                                 *(word for name, value in words.items() for word in ("--" + name, str(value)))],
                                check=True, stdout=subprocess.PIPE, text=True).stdout
        server, workers, groups, works = (after - before for after, before in zip(self.figures(), before))
        self.first += count
        return dict(json.loads(output), server_cpu=round(server / count * 1e6, 1), workers_cpu=round(workers / count * 1e6, 1),
                    groups=round(groups / count, 3), works=round(works / count, 2))


def measure(build, way, board, on):
    trigger, handler = way.split("/")
    with open(board, "wb") as file:
        file.truncate(BOARD_SIZE)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, board, build, trigger, handler)

        def tell(load, line):
            print(json.dumps({"trigger": trigger, "handler": handler, "load": load, **line}), flush=True)
        try:
            server.run(2000 if trigger == "built-in" else 500)  # what is hot gets compiled, and workers start
            if "calm" in on.loads:
                tell("calm", server.run(int(CALM * on.seconds), rate=CALM))
            if "half" in on.loads and on.rate > 0:
                tell("half", server.run(int(on.rate * on.seconds), rate=on.rate))
            if "sustained" not in on.loads and on.rate > 0:
                return
            sustained = server.run(WAYS[way])
            if "half" in on.loads and on.rate == 0:
                rate = max(int(sustained["handled"] / 2), 1)
                tell("half", server.run(int(rate * on.seconds), rate=rate))
            tell("sustained", sustained)
        finally:
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("ways", nargs="*", metavar="WAY", help=", ".join(WAYS))
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--loads", type=lambda text: text.split(","), default=["calm", "half", "sustained"])
    parser.add_argument("--rate", type=int, default=0, help="of half; 0: half of what was sustained")
    on = parser.parse_args()
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    for way in on.ways or WAYS:
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            if way.startswith("Node.js/") and not os.path.isdir(SDK):
                print("left out: %s needs the SDK in test/e2e/node/node_modules" % way, file=sys.stderr)
                continue
            measure(os.path.abspath(on.build), way, os.path.join(folder, "board"), on)


main()
