"""A proxy in front of a dynlog that cuts connections at given bytes, or holds an end open that is gone.

    with Proxy(dynlog.port, rb"GET /_dynlog/log", sizes) as proxy:
        dynlog.command("tail", "--endpoint", proxy.endpoint)

Each request that begins like the pattern takes the next of `sizes`: so many bytes of its answer reach the client, then the
connection is reset. None, or none left, or `cuts` were made: it is not cut."""

import re
import socket
import struct
import threading

PIECE = 65536


class Connection:
    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = None
        self.left = None  # bytes of an answer until it is cut

    def run(self):
        try:
            self.server = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=60)
        except OSError:
            self.reset(self.client)  # the server is away
            return
        self.server.settimeout(None)
        threading.Thread(target=self.carry_back, daemon=True).start()
        try:
            for data in iter(lambda: self.client.recv(PIECE), b""):
                if re.match(self.proxy.pattern, data):
                    self.left = self.proxy.next_size()
                self.server.sendall(data)
        except OSError:
            pass
        if not self.proxy.half_open.is_set():
            self.end(self.server)

    def carry_back(self):
        try:
            for data in iter(lambda: self.server.recv(PIECE), b""):
                left = self.left
                if left is not None:
                    data, self.left = data[:left], left - len(data)
                self.client.sendall(data)
                if left is not None and self.left <= 0:
                    self.proxy.count_cut()
                    self.reset(self.client)
                    return
        except OSError:
            pass
        self.end(self.client)

    @staticmethod
    def end(sock):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def reset(self, sock):
        """The client is told by a reset; a thread that waits for its bytes, by the end."""
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.end(sock)
        sock.close()

    def close(self):
        for sock in (self.client, self.server):
            if sock is not None:
                self.end(sock)
                sock.close()


class Proxy:
    def __init__(self, port, pattern=rb"(?!)", sizes=(), cuts=None):
        self.port, self.pattern, self.sizes, self.cuts_max = port, pattern, iter(sizes), cuts
        self.half_open = threading.Event()  # while it is set: the server is not told that a client has gone
        self.changed = threading.Condition()
        self.cuts = 0
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", 0))

    @property
    def endpoint(self):
        return "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def next_size(self):
        with self.changed:
            return next(self.sizes, None) if self.cuts_max is None or self.cuts < self.cuts_max else None

    def count_cut(self):
        with self.changed:
            self.cuts += 1
            self.changed.notify_all()

    def wait_cuts(self, count, timeout_s=60):
        with self.changed:
            assert self.changed.wait_for(lambda: self.cuts >= count, timeout_s), "cut %d times" % self.cuts

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            connection = Connection(self, client)
            self.connections.append(connection)
            threading.Thread(target=connection.run, daemon=True).start()

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()
