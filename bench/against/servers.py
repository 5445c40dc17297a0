"""bench/against/servers.py - the servers that are asked: how each is started, made ready and ended.

Each has its own folder below one that is given, and a free port of the loopback. None of them is asked for more than it
promises: which of them sync what they acknowledge is said beside the figures (DURABLE)."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.path.join(TOP, ".deps/peers/node_modules")
START_SECONDS = 30
TABLE = "load"
BUS = "load"

TABLE_SHAPE = {
    "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]}


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def memory_mb(pid):
    """Resident, of a process."""
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


class Server:
    """One server: `words` starts it; `speaks` is dynamodb, http (a constant for everything) or redis."""

    name = words = None
    durable = False  # what it acknowledged was synced
    speaks = "dynamodb"
    wait_seconds = 0.002  # between two looks whether it answers
    lacks = ("events",)  # works that it has no operation for

    def __init__(self, folder, build):
        self.folder, self.build = os.path.join(folder, self.__class__.__name__), build
        os.makedirs(self.folder)
        self.port = free_port()
        self.process = None
        self.next_first = 0

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    executable = None  # where it is not what its command says

    def start(self):
        self.process = subprocess.Popen(self.command(), executable=self.executable, cwd=self.folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("%s did not start: %s" % (self.name, " ".join(self.command())))
            time.sleep(self.wait_seconds)
        return self

    def answers(self):
        with socket.socket() as asked:
            return asked.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def command(self):
        raise NotImplementedError

    def call(self, target, body, service="dynamodb"):
        request = urllib.request.Request("http://" + self.address, json.dumps(body).encode(), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target, "X-Amz-Date": "20260101T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/%s/aws4_request, "
                             "SignedHeaders=host;x-amz-date, Signature=0000" % service})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def make_ready(self):
        """A table with nothing in it."""
        if self.speaks != "dynamodb":
            return
        self.call("DynamoDB_20120810.CreateTable", TABLE_SHAPE)
        while self.call("DynamoDB_20120810.DescribeTable", {"TableName": TABLE})["Table"]["TableStatus"] != "ACTIVE":
            time.sleep(0.05)


class Dynlog(Server):
    name, durable, lacks = "dynlog", True, ()

    def command(self):
        return [os.path.join(self.build, "dynlog"), "start", "--data", os.path.join(self.folder, "data"),
                "--port", str(self.port), "--events-port", "0", "--lambda-port", "0"]

    def make_ready(self):
        super().make_ready()
        arn = self.call("AWSEvents.CreateEventBus", {"Name": BUS}, "events")["EventBusArn"]
        # else there would be nothing to store, and to sync
        self.call("AWSEvents.CreateArchive", {"ArchiveName": BUS, "EventSourceArn": arn}, "events")


class DynlogMemory(Dynlog):
    name, durable = "dynlog --memory", False

    def command(self):
        return [*(word for word in super().command() if "data" not in word), "--memory"]


class Floor(Server):
    name, speaks = "HTTP alone", "http"

    def command(self):
        return [os.path.join(self.build, "bench/bench_floor"), str(self.port)]


class FloorLog(Floor):
    name, durable = "HTTP and a bare log", True

    def command(self):
        return [*super().command(), os.path.join(self.folder, "log")]


class Bare(Server):
    """No server: one append after the other to a log, each synced (bench/bare.c)."""
    name, speaks, durable = "a bare append", "file", True

    def start(self):
        return self

    def asked_by(self, seconds):
        return [os.path.join(self.build, "bench/bench_bare"), os.path.join(self.folder, "log"), str(seconds)]


class Dynoxide(Server):
    name = "dynoxide, file"

    def command(self):
        return [os.path.join(PEERS, "@dynoxide/linux-x64/dynoxide"), "--port", str(self.port), "--db-path",
                os.path.join(self.folder, "db")]


class DynoxideMemory(Server):
    name = "dynoxide, memory"

    def command(self):
        return [os.path.join(PEERS, "@dynoxide/linux-x64/dynoxide"), "--port", str(self.port)]


class Dynalite(Server):
    name, lacks = "dynalite, file", ("events", "transact")

    def command(self):
        return ["node", os.path.join(PEERS, "dynalite/cli.js"), "--host", "127.0.0.1", "--port", str(self.port),
                "--path", os.path.join(self.folder, "db"), "--createTableMs", "0"]


class Redis(Server):
    name, speaks, durable = "Redis, appendfsync always", "redis", True
    executable = "/usr/bin/redis-check-rdb"  # the same program, which looks how it is called

    def command(self):
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder,
                "--appendonly", "yes", "--appendfsync", "always", "--save", ""]


ALL = [Dynlog, DynlogMemory, Bare, Floor, FloorLog, Dynoxide, DynoxideMemory, Dynalite, Redis]
