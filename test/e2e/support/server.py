"""A dynlog of a test's own: the built program in a folder that nobody else has, on ports that nobody else
takes. It is waited for by its lines and answers, never by time, and ended by its process id.

    with Dynlog(files={"serverless.yml": "..."}) as dynlog:
        dynlog.client("dynamodb").list_tables()
"""

import codecs
import http.client
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "../../.."))
PROGRAM = os.environ.get("DYNLOG", os.path.join(TOP, "build-test", "dynlog"))
AWS = "/usr/bin/aws"
WAIT_S = 60  # for one line or answer; far above what any takes, so that a failure is a failure

SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|Assertion .* failed)")


# Whoever runs the tests in the background ignores Ctrl-C, and so would everything that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def environment(home, extra=None):
    """Nothing of the caller's but where programs are: keys and endpoints of a person's own stay out."""
    node = shutil.which("node")
    path = ["/usr/local/sbin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    kept = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
            if name in os.environ}
    return {
        "PATH": ":".join(path + ([os.path.dirname(node)] if node else [])),
        "HOME": home,
        "LANG": "C.UTF-8",
        "TMPDIR": home,
        **kept,
        **(extra or {}),
    }


# What every client of AWS sends, whatever its key: without it no operation is looked at.
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, "
                     "SignedHeaders=host;x-amz-date, Signature=0",
    "X-Amz-Date": "20260101T000000Z",
}

CLIENT_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PAGER": "",
    "PYTHONDONTWRITEBYTECODE": "1",
    "NODE_NO_WARNINGS": "1",
}


def claim(port):
    """False: another test, perhaps of another run, has it. A name in the kernel goes with its process."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind("\0dynlog-test-port-%d" % port)
    except OSError:
        name.close()
        return False
    name.detach()  # open as long as this process lives
    return True


def unused_port():
    """A port of loopback below those that the kernel gives away by itself, claimed for this process: while a
    killed dynlog is away, no other test's connection or listener can get it."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        end = int(file.read().split()[0])
    while True:
        port = random.randrange(end // 2, end)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if claim(port):
            return port


def need_aws():
    if not os.path.exists(AWS):
        raise unittest.SkipTest("there is no %s (Debian: awscli)" % AWS)


class Lines:
    """What a process prints, line by line, for whoever waits."""

    def __init__(self, stream):
        self.fd = stream.fileno()
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""
        self.list = []
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _take(self):
        """What is there now; whoever calls it has `changed`."""
        while not self.ended and select.select([self.fd], [], [], 0)[0]:
            data = os.read(self.fd, 65536)
            self.ended = not data
            *lines, self.rest = (self.rest + self.decoder.decode(data, self.ended)).split("\n")
            if self.ended and self.rest:
                lines.append(self.rest)
            self.list += lines
            self.changed.notify_all()

    def _read(self):
        while not self.ended:
            select.select([self.fd], [], [])
            with self.changed:
                self._take()

    def wait(self, pattern, after=0, timeout_s=WAIT_S):
        """The first line from number `after` on that has the pattern: (match, its number)."""
        at = after
        with self.changed:
            while True:
                for number in range(at, len(self.list)):
                    match = re.search(pattern, self.list[number])
                    if match:
                        return match, number
                at = len(self.list)
                if self.ended or not self.changed.wait(timeout_s):
                    raise AssertionError("no line %r (%s) among:\n%s" % (
                        pattern, "the output ended" if self.ended else "time-out", "\n".join(self.list)))

    def text(self):
        """All that was printed before this call."""
        with self.changed:
            self._take()
            return "\n".join(self.list)


class Process:
    """Any program whose lines are waited for; ends with the test at the latest."""

    def __init__(self, command, folder, env):
        self.command = command
        self.popen = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      encoding="utf-8", errors="replace")
        self.out = Lines(self.popen.stdout)
        self.err = Lines(self.popen.stderr)

    def end(self, number, timeout_s=WAIT_S):
        """Sends the signal and returns the exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.wait(timeout_s)

    def wait(self, timeout_s=WAIT_S):
        try:
            status = self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError("%s did not end; it said:\n%s\n%s" % (
                self.command, self.out.text(), self.err.text())) from None
        self.popen.stdin.close()
        self.out.thread.join(WAIT_S)
        self.err.thread.join(WAIT_S)
        self.popen.stdout.close()
        self.popen.stderr.close()
        return status


class Dynlog:
    """files: path in the folder -> text. arguments: more of `dynlog start`. copy: a folder to begin with."""

    prefix = ()  # words before the program's

    def __init__(self, files=None, arguments=(), env=None, copy=None):
        self.folder = tempfile.mkdtemp(prefix="dynlog-e2e-")
        self.home = os.path.join(self.folder, "home")
        self.work = os.path.join(self.folder, "work")
        if copy is not None:
            shutil.copytree(copy, self.work, symlinks=True,
                            ignore=shutil.ignore_patterns("node_modules", ".dynlog", "db*", "__pycache__"))
            if os.path.isdir(os.path.join(copy, "node_modules")):
                os.symlink(os.path.join(copy, "node_modules"), os.path.join(self.work, "node_modules"))
        os.makedirs(self.home)
        os.makedirs(self.work, exist_ok=True)
        for name, text in (files or {}).items():
            self.write(name, text)
        self.arguments = list(arguments)
        self.env = env or {}
        self.process = None
        self.port = self.events_port = self.lambda_port = 0
        self.others = []

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if kind is not None and self.process is not None:
                print("--- dynlog's output\n%s\n--- its errors\n%s" % (
                    self.process.out.text()[-4000:], self.process.err.text()[-8000:]))
            self.stop(check=kind is None)
        finally:
            self.remove()

    def path(self, *names):
        return os.path.join(self.work, *names)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def environment(self):
        return environment(self.home, self.env)

    # ---- its life ----

    def spawn(self, *arguments):
        """`dynlog start` without waiting for anything."""
        self.port = self.port or unused_port()
        self.events_port = self.events_port or unused_port()
        self.lambda_port = self.lambda_port or unused_port()
        command = [*self.prefix, PROGRAM, "start", "--port", str(self.port), "--events-port", str(self.events_port),
                   "--lambda-port", str(self.lambda_port), *self.arguments, *arguments]
        self.process = Process(command, self.work, self.environment())
        return self.process

    def start(self, *arguments):
        self.spawn(*arguments)
        try:
            self.process.out.wait(r"is ready after (\d+) ms")
            ports, _ = self.process.out.wait(r"ports +(\d+) all services, (\d+) events, (\d+) functions")
            self.process.out.wait(r"^  .* aws dynamodb list-tables ")  # the last line of the banner
        except AssertionError:
            self.process.end(signal.SIGKILL)
            raise AssertionError("dynlog did not start:\n%s\n%s" % (
                self.process.out.text(), self.process.err.text())) from None
        self.port, self.events_port, self.lambda_port = (int(port) for port in ports.groups())
        return self

    def stop(self, check=True):
        for other in self.others:
            if other.popen.poll() is None:
                other.end(signal.SIGKILL)
        self.others = []
        if self.process is None:
            return
        process, self.process = self.process, None
        status = process.end(signal.SIGINT)
        if check:
            self.expect_clean(process)
            assert status == 0, "exit status %d:\n%s" % (status, process.err.text())
            self.expect_whole()

    @staticmethod
    def expect_clean(process):
        assert not SANITIZER.search(process.err.text()), process.err.text()

    def kill(self, check=True):
        """kill -9; check=False: clients wait, and the folder is looked at after the next stop."""
        process, self.process = self.process, None
        process.end(signal.SIGKILL)
        self.expect_clean(process)
        if check:
            self.expect_whole()

    def data(self):
        """The data folder; None: it has none."""
        command = self.arguments
        if "--memory" in command:
            return None
        return self.path(command[command.index("--data") + 1] if "--data" in command else ".dynlog")

    def expect_whole(self):
        """`dynlog check` finds nothing wrong in the folder that was left, by whatever end."""
        folder = self.data()
        if folder is None or not os.path.exists(os.path.join(folder, "format")):
            return
        result = subprocess.run([PROGRAM, "check", folder], cwd=self.work, env=self.environment(), text=True,
                                capture_output=True, timeout=600, check=False)
        assert result.returncode == 0, "dynlog check: exit status %d\n%s\n%s" % (
            result.returncode, result.stdout, result.stderr)

    def restart(self, *arguments):
        """Again, on the same folder and ports."""
        return self.start(*arguments)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- talking to it ----

    @property
    def endpoint(self):
        return "http://127.0.0.1:%d" % self.port

    def request(self, method, path, body=None, headers=None, port=None, timeout_s=WAIT_S):
        """(status, headers, body) of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout_s)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def call(self, target, body, port=None, headers=None):
        """(status, answer) of one JSON operation, signed with no key at all."""
        body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        status, _, text = self.request("POST", "/", body, {
            "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0", **SIGNED, **(headers or {})}, port)
        return status, json.loads(text)

    def drain(self, timeout_s=600):
        status, _, body = self.request("POST", "/_dynlog/drain", timeout_s=timeout_s)
        assert status == 200 and json.loads(body) == {"drained": True}, (status, body)

    def waiting(self, retries_now=False):
        """Once nothing moves but by time: what waits for the clock, by name."""
        body = json.dumps({"retries": "now"}) if retries_now else None
        status, _, text = self.request("POST", "/_dynlog/drain", body, timeout_s=240)
        assert status == 200, (status, text)
        return {row["what"]: row for row in json.loads(text).get("waiting", [])}

    def clock(self, **move):
        """(status, answer) of /_dynlog/clock: to="TIME", to="next", advance="1h"; without: told."""
        status, _, text = self.request("POST" if move else "GET", "/_dynlog/clock",
                                       json.dumps(move) if move else None, timeout_s=240)
        return status, json.loads(text)

    def advance(self, by):
        status, answer = self.clock(advance=by)
        assert status == 200, (status, answer)
        return answer

    def faults(self, **kinds):
        """Adds faults; what waits then."""
        status, _, text = self.request("POST", "/_dynlog/faults", json.dumps(kinds))
        assert status == 200, (status, text)
        return json.loads(text)

    def status(self):
        return json.loads(self.request("GET", "/_dynlog/status")[2])

    def client(self, service, **more):
        from support import clients  # boto3 only where it is used
        return clients.client(self, service, **more)

    # ---- programs beside it ----

    def client_environment(self, **more):
        return environment(self.home, {
            **CLIENT_ENVIRONMENT, "AWS_ENDPOINT_URL": self.endpoint, "DYNLOG_ENDPOINT": self.endpoint,
            "DYNLOG_EVENTS_ENDPOINT": "http://127.0.0.1:%d" % self.events_port,
            "DYNLOG_LAMBDA_ENDPOINT": "http://127.0.0.1:%d" % self.lambda_port, **more})

    def spawn_beside(self, *command, **more):
        process = Process(list(command), self.work, self.client_environment(**more))
        self.others.append(process)
        return process

    def run(self, *command, text=None, timeout_s=120, **more):
        return subprocess.run(list(command), cwd=self.work, env=self.client_environment(**more),
                              input=text if text is not None else "", capture_output=True, text=True,
                              timeout=timeout_s, check=False)

    def command(self, *arguments, text=None, **more):
        """`dynlog ARGUMENTS` in a pipe."""
        result = self.run(PROGRAM, *arguments, text=text, **more)
        assert not SANITIZER.search(result.stderr), result.stderr
        return result

    def aws(self, *arguments):
        """Debian's AWS CLI; its answer as JSON."""
        need_aws()
        return self.run(AWS, *arguments, "--endpoint-url", self.endpoint, "--output", "json")

    def node(self, script, *arguments, timeout_s=240, **more):
        """A script of test/e2e/node; it fails by its exit status."""
        result = self.run("node", os.path.join(TOP, "test/e2e/node", script), *arguments,
                          timeout_s=timeout_s, **more)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout
