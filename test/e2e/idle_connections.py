"""Many connections that do little or nothing: idle ones, heads and bodies that never end, answers that nobody takes,
floods; at the limit of connections, of descriptors and of memory. The others are served meanwhile, and what each
connection costs is measured (with sanitizers several times as much, so the bounds are for both kinds of build)."""

import json
import mmap
import os
import resource
import select
import socket
import struct
import unittest

from hostile_http import LISTED, Connection, head, honest
from support.case import Case, s
from support.server import PROGRAM, WAIT_S, Dynlog, Process, unused_port

MB = 1024 * 1024


def has_sanitizers():
    with open(PROGRAM, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return text.find(b"__asan_init") >= 0


SANITIZED = has_sanitizers()
# AddressSanitizer keeps up to 256 MB of freed memory, and zones around what is allocated.
KEPT_BY_SANITIZER = 320 * MB if SANITIZED else 0


def descriptors_for(count):
    """This process may open that many; else the test is skipped."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise unittest.SkipTest("%d descriptors are allowed here (ulimit -Hn); %d are needed" % (hard, wanted))
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Crowd(Case):
    def setUp(self):
        self.sockets = []

    def tearDown(self):
        self.leave()
        self.served()

    def leave(self):
        for one in self.sockets:
            # A reset: no port waits for late packets afterwards.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        self.sockets = []

    def connect(self, count, data=b"", port=None):
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port or self.dynlog.port), timeout=WAIT_S)
            self.sockets.append(one)
            if data:
                one.sendall(data)
        return self.sockets[-count:]

    def served(self, dynlog=None):
        """A new client; when it has its answer, the server has read what came before."""
        with Connection((dynlog or self.dynlog).port) as connection:
            self.assertEqual(200, connection.send(honest()).answer()[0])

    def status_file(self, name):
        with open("/proc/%d/%s" % (self.dynlog.process.popen.pid, name), encoding="ascii") as file:
            return file.read()

    def rss(self):
        return int(self.status_file("statm").split()[1]) * mmap.PAGESIZE

    def open_connections(self):
        text = self.dynlog.request("GET", "/_dynlog/metrics")[2].decode()
        return int(next(line.split()[1] for line in text.split("\n") if line.startswith("dynlog_connections ")))

    def each_costs_at_most(self, count, limit, data=b"", answered=False):
        """So many connections, each of which sends this: bytes of memory for each."""
        self.served()
        before = self.rss()
        sockets = self.connect(count, data)
        for one in sockets if answered else ():
            received = b""
            while b"TableNames" not in received:
                received += one.recv(65536)
        self.assertGreaterEqual(self.open_connections(), count)
        each = (self.rss() - before) / count
        print("\n%s: %d bytes each of %d connections%s" % (self.id(), each, count, " (sanitizers)" * SANITIZED))
        self.assertLess(each, limit * (4 if SANITIZED else 1))
        self.served()

    def ticks(self):
        return sum(int(word) for word in self.status_file("stat").rpartition(")")[2].split()[11:13])


class Costs(Crowd):
    """Many, and each does nothing. Each case has a server of its own, whose memory nobody has used before."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.dynlog = Dynlog()
        self.addCleanup(self.dynlog.remove)
        self.dynlog.start()
        self.addCleanup(self.dynlog.stop)

    def test_10_000_idle_connections(self):
        descriptors_for(10000)
        self.each_costs_at_most(10000, 2048)

    def test_5_000_that_were_answered(self):
        descriptors_for(5000)
        self.each_costs_at_most(5000, 4096, honest(), answered=True)

    def test_5_000_heads_that_never_end(self):
        descriptors_for(5000)
        self.each_costs_at_most(5000, 28 * 1024, head()[:200])

    def test_1_000_bodies_that_never_end(self):
        """Whoever announces 16 MB and sends nothing gets no 16 MB."""
        self.each_costs_at_most(1000, 48 * 1024, head("Content-Length: 16777216") + b"{")

    def test_1_000_chunks_that_never_end(self):
        self.each_costs_at_most(1000, 48 * 1024, head("Transfer-Encoding: chunked") + b"ffffff\r\n{")


class Many(Crowd):
    # ---- many, and each does much ----

    def test_bodies_of_all_clients_together(self):
        """80 bodies of 10 MB, none of which ends: those that wait longest are refused, and an honest one is not."""
        before = self.rss()
        sockets = self.connect(80, head("Content-Length: 16777216"))
        piece = b" " * MB
        for _ in range(10):
            for one in sockets:
                try:
                    one.sendall(piece)
                except OSError:
                    pass  # refused
        body = b'{"Limit":1' + b" " * 4 * MB + b"}"
        with Connection(self.dynlog.port) as connection:
            self.assertEqual(200, connection.send(honest(body)).answer()[0])
        used = self.rss() - before
        print("\n800 MB of bodies: %d MB" % (used / MB))
        self.assertLess(used, 700 * MB + KEPT_BY_SANITIZER)
        refused = select.select(sockets, [], [], 0)[0]
        self.assertGreater(len(refused), 20)
        self.assertIn(b"HTTP/1.1 503 ", refused[0].recv(1000))

    def test_answers_that_nobody_takes(self):
        """50 answers of 16 MB that are asked for and not taken: what takes nothing for longest is closed."""
        table = self.table()
        for i in range(45):
            self.dynamodb.put_item(TableName=table, Item={"pk": s("%d" % i), "x": s("x" * 390000)})
        keys = [{"pk": s("%d" % i)} for i in range(45)]
        body = json.dumps({"RequestItems": {table: {"Keys": keys}}}).encode()
        before = self.rss()
        for _ in range(50):
            self.connect(1, honest(body, "DynamoDB_20120810.BatchGetItem"))
            self.served()
        used = self.rss() - before
        print("\n800 MB of answers: %d MB" % (used / MB))
        self.assertLess(used, 900 * MB + KEPT_BY_SANITIZER)
        self.assertLess(self.open_connections(), 48)

    # ---- floods ----

    def test_a_flood_of_connections(self):
        """20,000 come and go, some with a reset, some in the middle of a word: nothing stays."""
        self.served()
        before, connections = len(os.listdir("/proc/%d/fd" % self.dynlog.process.popen.pid)), self.open_connections()
        for _ in range(100):
            self.connect(200, b"POST / HT")
            self.leave()
        while self.open_connections() > connections:  # the last of them are being closed
            pass
        self.assertLessEqual(len(os.listdir("/proc/%d/fd" % self.dynlog.process.popen.pid)), before + 4)

    def test_no_descriptor_is_left(self):
        """The limit is reached in the middle of life: those who are there are served, the processor is not burnt by
        asking for what cannot be had, and newcomers are served again as soon as there is room."""
        with Connection(self.dynlog.port) as early:
            self.assertEqual(200, early.send(honest()).answer()[0])
            pid = self.dynlog.process.popen.pid
            soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            used = max(int(fd) for fd in os.listdir("/proc/%d/fd" % pid))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 20, hard))
            try:
                self.connect(100)
                ticks = self.ticks()
                for _ in range(200):
                    if early.send(honest()).answer() is None:  # it was given up for a newcomer
                        break
                self.assertLess(self.ticks() - ticks, 5 * os.sysconf("SC_CLK_TCK"))
                self.leave()
                self.served()
            finally:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


class Few(Dynlog):
    """A dynlog that may open 200 descriptors, and cannot raise that."""

    def spawn(self, *arguments):
        self.port, self.events_port, self.lambda_port = (unused_port() for _ in range(3))
        self.process = Process(
            ["sh", "-c", 'ulimit -n 200 && exec "$@"', "sh", PROGRAM, "start", "--port", str(self.port), "--events-port",
             str(self.events_port), "--lambda-port", str(self.lambda_port), *self.arguments, *arguments],
            self.work, self.environment())
        return self.process


class Limits(Crowd):
    @classmethod
    def setUpClass(cls):
        cls.dynlog = Few()
        cls.addClassCleanup(cls.dynlog.remove)
        cls.dynlog.start()
        cls.dynamodb = cls.dynlog.client("dynamodb")

    def test_more_than_there_are_descriptors_for(self):
        """Half of them are for connections; the next ones are told so."""
        first = self.connect(90)
        for one in first:
            one.sendall(honest())
            self.assertIn(b"HTTP/1.1 200 ", one.recv(100))
        refused = 0
        for one in self.connect(30):
            first[0].sendall(honest())  # when it has its answer, the server has seen the newcomer
            first[0].recv(65536)
            if select.select([one], [], [], 0)[0]:
                self.assertIn(b"HTTP/1.1 503 Service Unavailable\r\n", one.recv(1000))
                refused += 1
        self.assertGreaterEqual(refused, 15)
        self.leave()
        status = 503
        while status == 503:  # until those have gone
            with Connection(self.dynlog.port) as connection:
                status = connection.send(honest()).answer()[0]


if __name__ == "__main__":
    unittest.main()
