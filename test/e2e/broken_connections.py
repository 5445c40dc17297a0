"""Connections to the one order that break: server-sent events as browsers read them, `dynlog tail`, members of groups. Cut at
random bytes, by kill -9, by a stop, by a reader that does not read."""

import http.client
import itertools
import json
import random
import selectors
import signal
import socket
import threading
import unittest

from support.case import Case, event, s
from support.proxy import Proxy
from support.server import PROGRAM, WAIT_S, Dynlog

LOGS = "local-dynamodb-logs"
EVENTS = {"Accept": "text/event-stream"}


class EventSource:
    """What a browser does: an event counts when its blank line is there; after a break it asks again with the last id."""

    def __init__(self, port, path):
        self.port, self.path, self.last_id = port, path, ""
        self.connects, self.comments = 0, 0
        self.answer = None

    def connect(self):
        while not self.try_connect():
            pass

    def try_connect(self):
        """False: the connection broke in the head of the answer."""
        headers = {**EVENTS, **({"Last-Event-ID": self.last_id} if self.last_id else {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        connection.request("GET", self.path, headers=headers)
        self.connects += 1
        try:
            self.answer = connection.getresponse()
        except (http.client.HTTPException, ConnectionError):
            return False
        assert self.answer.status == 200, self.answer.read()
        kind = self.answer.headers["Content-Type"] or ""
        assert "text/event-stream".startswith(kind), kind
        return kind == "text/event-stream"

    def event(self):
        """The next one's data, or None: the connection has ended."""
        data, event_id = [], None
        while True:
            line = self.answer.readline().decode()
            if not line.endswith("\n"):
                return None
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "id":
                event_id = value
            elif name == "data":
                data.append(value)
            elif name == ":":
                self.comments += 1
            elif not name:
                self.last_id = self.last_id if event_id is None else event_id
                if data:
                    return json.loads("\n".join(data))

    def close(self):
        if self.answer is not None:
            self.answer.close()
        self.answer = None

    def __iter__(self):
        """Events without end, over any number of connections."""
        while True:
            try:
                if self.answer is None:
                    self.connect()
                got = self.event()
            except (OSError, http.client.HTTPException):
                got = None
            if got is None:
                self.close()
            else:
                yield got


def key_of(line):
    return line["log"], line["id"], line["version"]


class Cut(unittest.TestCase):
    """One dynlog a test, which is killed."""

    def setUp(self):
        self.seed = random.randrange(1 << 32)
        self.chosen = random.Random(self.seed)
        self.addCleanup(lambda: print("seed %d" % self.seed) if self._outcome.result.failures else None)
        self.dynlog = Dynlog().start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop, check=False)

    def fill(self, first, count, streams=7):
        """Events number `first` and so on, of some streams: their keys, in order."""
        client, keys = self.dynlog.client("dynamodb"), []
        for number in range(first, first + count, 25):
            items = [event("users", str(one % streams), one // streams + 1) for one in range(number, min(number + 25, first + count))]
            client.batch_write_item(RequestItems={LOGS: [{"PutRequest": {"Item": item}} for item in items]})
            keys += [("users", item["pk"]["S"].split("#")[1], int(item["sk"]["N"])) for item in items]
        return keys

    def sizes(self, most):
        while True:
            yield self.chosen.randrange(1, most)

    def test_events_are_resumed(self):
        """Nothing is missing and nothing comes twice, wherever connections break, and over kill -9."""
        first = self.fill(0, 400)
        with Proxy(self.dynlog.port, rb"GET /_dynlog/log", self.sizes(8000)) as proxy:
            source = EventSource(int(proxy.endpoint.rsplit(":", 1)[1]), "/_dynlog/log?from=0")
            got = [key_of(line) for line in itertools.islice(source, 300)]
            self.dynlog.kill(check=False)
            self.dynlog.restart()
            second = self.fill(400, 200)
            got += [key_of(line) for line in itertools.islice(source, 300)]
            source.close()
            self.assertGreater(proxy.cuts, 20)
        self.assertEqual(first + second, got)
        self.dynlog.stop()

    def test_tail_goes_on(self):
        """dynlog tail prints every event once, in order, wherever its connection breaks, and over kill -9."""
        first = self.fill(0, 400)
        with Proxy(self.dynlog.port, rb"GET /_dynlog/log", self.sizes(16000), cuts=12) as proxy:
            tail = self.dynlog.spawn_beside(PROGRAM, "tail", "--endpoint", proxy.endpoint, "--from", "start", "--count", "600")
            proxy.wait_cuts(3)
            self.dynlog.kill(check=False)
            self.dynlog.restart()
            second = self.fill(400, 200)
            self.assertEqual(0, tail.wait(), tail.err.text())
            self.assertEqual(first + second, [key_of(json.loads(line)) for line in tail.out.text().splitlines()])
        self.dynlog.expect_clean(tail)
        self.dynlog.stop()

    def noted(self, members):
        return [[key_of(json.loads(line)) for line in member.out.text().splitlines() if line.startswith("{")] for member in members]

    def check_group(self, members, keys):
        """Each at least once, those of a stream in their order with every member; all are done."""
        seen = self.noted(members)
        self.assertEqual(set(keys), {key for lines in seen for key in lines})
        for lines in seen:
            for stream in {key[1] for key in lines}:
                versions = [key[2] for key in lines if key[1] == stream]
                self.assertEqual(sorted(versions), versions)
        view = json.loads(self.dynlog.command("subscriptions", "--json").stdout)
        self.assertEqual((0, 0, 0), (view["behind"], view["parked"], view["out"]))

    def test_members_of_a_group(self):
        """Events and answers that are cut; one member dies, and the server too."""
        keys = self.fill(0, 300)
        with Proxy(self.dynlog.port, rb"GET /_dynlog/subscriptions/events|POST /_dynlog/subscriptions/done",
                   self.sizes(1500), cuts=60) as proxy:
            members = [self.dynlog.spawn_beside(PROGRAM, "tail", "--endpoint", proxy.endpoint, "--group", "g", "--from", "start",
                                                "--until-end", "--json") for _ in range(3)]
            proxy.wait_cuts(5)
            members[0].end(signal.SIGKILL)
            proxy.wait_cuts(15)
            self.dynlog.kill(check=False)
            self.dynlog.restart()
            for member in members[1:]:
                self.assertEqual(0, member.wait(), member.err.text())
                self.dynlog.expect_clean(member)
            self.check_group(members, keys)
        self.dynlog.stop()

    def test_a_name_whose_connection_is_cut(self):
        """One reader at a time: the one that comes back is not taken for a second one, though the server believes that the
        first one is still there; nor is what it had kept from others of its group."""
        keys = self.fill(0, 40)
        for option, name in (("--as", "n"), ("--group", "g")):
            with self.subTest(option), Proxy(self.dynlog.port, rb"GET /_dynlog/subscriptions/events", [900, 1200, 2000]) as proxy:
                proxy.half_open.set()
                tail = self.dynlog.spawn_beside(PROGRAM, "tail", "--endpoint", proxy.endpoint, option, name, "--from", "start",
                                                "--until-end", "--json")
                self.assertEqual(0, tail.wait(), tail.err.text())
                self.assertEqual(3, proxy.cuts)
                self.assertEqual(keys, sorted(set(self.noted([tail])[0]), key=keys.index))
        self.dynlog.stop()

    def test_a_stop_ends_them_whole(self):
        """Whoever listens is told that it is the end, in the protocol's words, and the stop waits for nobody."""
        self.fill(0, 10)
        sockets = []
        for path in ("/_dynlog/log?from=0", "/_dynlog/log?log=nobody", "/_dynlog/subscriptions/events?name=n",
                     "/_dynlog/subscriptions/events?name=g&group=true"):
            for accept in ("text/event-stream", "*/*"):
                if "name=n" in path and accept == "*/*":
                    continue  # it has one reader
                sock = socket.create_connection(("127.0.0.1", self.dynlog.port), timeout=WAIT_S)
                sock.sendall(("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\n\r\n" % (path, accept)).encode())
                head = sock.recv(17, socket.MSG_WAITALL)
                self.assertEqual(b"HTTP/1.1 200 OK\r\n", head)
                sockets.append(sock)
        self.dynlog.stop()
        for sock in sockets:
            data = b"".join(iter(lambda sock=sock: sock.recv(65536), b""))
            self.assertTrue(data.endswith(b"\r\n0\r\n\r\n"), data[-200:])
            sock.close()


class Readers(Case):
    def setUp(self):
        self.log = self.table(range_type="N")
        self.path = "/_dynlog/log?table=" + self.log

    def append(self, version, **more):
        self.dynamodb.put_item(TableName=self.log, Item={**event("users", 1, version), **more})

    def test_a_comment_says_that_it_is_alive(self):
        source = EventSource(self.dynlog.port, self.path)
        source.connect()
        line = source.answer.readline()  # after ten seconds without events
        self.assertEqual(b":\n", line)
        self.append(1)
        self.assertEqual(("users", "1", 1), key_of(source.event()))
        source.close()

    def test_two_hundred_readers(self):
        """Each sees each event once, in order."""
        readers, count = selectors.DefaultSelector(), 20
        for number in range(200):
            sock = socket.create_connection(("127.0.0.1", self.dynlog.port), timeout=WAIT_S)
            accept = "text/event-stream" if number % 2 else "*/*"
            sock.sendall(("GET %s&from=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\n\r\n" % (self.path, accept)).encode())
            readers.register(sock, selectors.EVENT_READ, bytearray())
        writer = threading.Thread(target=lambda: [self.append(version) for version in range(1, count + 1)])
        writer.start()
        open_count = 200
        while open_count:
            ready = readers.select(WAIT_S)
            self.assertTrue(ready, "%d readers wait for more" % open_count)
            for key, _ in ready:
                key.data.extend(key.fileobj.recv(65536))
                if key.data.count(b'"version":') == count and key.data.endswith(b"\n\r\n"):
                    versions = [int(piece.split(b",")[0]) for piece in bytes(key.data).split(b'"version":')[1:]]
                    self.assertEqual(list(range(1, count + 1)), versions)
                    readers.unregister(key.fileobj)
                    key.fileobj.close()
                    open_count -= 1
        writer.join()
        readers.close()

    def test_two_events_at_one_position(self):
        """A table and the one that was restored from it: both events are shown, though a connection breaks between them."""
        for version in range(1, 4):
            self.append(version)
        backup = self.dynamodb.create_backup(TableName=self.log, BackupName="both")["BackupDetails"]["BackupArn"]
        copy = self.log + "-copy"
        self.dynamodb.restore_table_from_backup(TargetTableName=copy, BackupArn=backup)
        self.dynlog.drain()
        first = json.loads(self.dynlog.request("GET", self.path + "&follow=false&limit=1")[2])["position"]
        path = "/_dynlog/log?from=%d&follow=false" % (first - 1)
        body = self.dynlog.request("GET", path, headers=EVENTS)[2].decode()
        whole = [(line["table"], line["version"]) for line in
                 (json.loads(line.removeprefix("data: ")) for line in body.splitlines() if line.startswith("data: "))]
        self.assertEqual([(name, version) for version in range(1, 4) for name in (self.log, copy)], whole)
        for size in range(0, len(body) + 1, 7):  # what a browser has of it, and asks for then
            events = body[:size].split("\n\n")[:-1]
            ids = [line.removeprefix("id: ") for one in events for line in one.splitlines() if line.startswith("id: ")]
            headers = {**EVENTS, **({"Last-Event-ID": ids[-1]} if ids else {})}
            rest = self.dynlog.request("GET", path, headers=headers)[2].decode()
            seen = [json.loads(line.removeprefix("data: ")) for one in events + rest.split("\n\n")
                    for line in one.splitlines() if line.startswith("data: ")]
            self.assertEqual(set(whole), {(line["table"], line["version"]) for line in seen}, size)

    def test_backward_is_not_resumed_upward(self):
        """Who reads backward and has got as far as Last-Event-ID gets what is below it."""
        for version in range(1, 6):
            self.append(version)
        path = self.path + "&backward=true"
        lines = [json.loads(line) for line in self.dynlog.request("GET", path)[2].decode().splitlines()]
        rest = self.dynlog.request("GET", path, headers={**EVENTS, "Last-Event-ID": str(lines[1]["position"])})[2].decode()
        self.assertEqual([3, 2, 1], [json.loads(line.removeprefix("data: "))["version"] for line in rest.splitlines()
                                     if line.startswith("data: ")])


class Slow(unittest.TestCase):
    READERS, EVENTS, SIZE = 8, 120, 390000  # 47 MB for each

    def test_who_does_not_read(self):
        """A reader that takes nothing costs the server little more than a page; when it reads, it gets everything."""
        # The sanitizer would keep what is freed.
        with Dynlog(env={"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}) as dynlog:
            client = dynlog.client("dynamodb")
            for version in range(1, self.EVENTS + 1):
                client.put_item(TableName=LOGS, Item=event("users", 1, version, payload={"x": s("y" * self.SIZE)}))
            dynlog.drain()
            before, sockets = self.memory(dynlog), []
            for number in range(self.READERS):
                sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.settimeout(WAIT_S)
                sock.connect(("127.0.0.1", dynlog.port))
                accept = "text/event-stream" if number % 2 else "*/*"
                sock.sendall(("GET /_dynlog/log?from=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\n\r\n" % accept).encode())
                self.assertEqual(b"HTTP/1.1 200 OK", sock.recv(15, socket.MSG_WAITALL))
                sockets.append(sock)
            client.put_item(TableName=LOGS, Item=event("users", 2, 1))  # they are woken, and others are served
            grown = self.memory(dynlog) - before
            self.assertLess(grown, self.READERS * 6 << 20, "%d MB" % (grown >> 20))
            for sock in sockets[:2]:
                self.assertEqual(self.EVENTS + 1, self.count(sock))
            for sock in sockets:
                sock.close()

    @staticmethod
    def memory(dynlog):
        with open("/proc/%d/status" % dynlog.process.popen.pid, encoding="ascii") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS"))

    @staticmethod
    def count(sock):
        """Events up to that of the stream 2."""
        count, rest = 0, b""
        while b'"id":"2"' not in rest:
            rest += sock.recv(1 << 20)
            *pieces, last = rest.split(b'"version":')
            count += len(pieces)
            rest = rest[-100:] if not pieces else last
        return count


if __name__ == "__main__":
    unittest.main()
