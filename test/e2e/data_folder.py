"""Data folders that cannot be used, ports that are taken, a disk that is full, `stop` and signals."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import unittest

from botocore.exceptions import ClientError

from support.case import Case, event, s
from support.server import PROGRAM, Dynlog, Process

LOGS = "local-dynamodb-logs"


class Refusals(unittest.TestCase):
    def refused(self, dynlog, pattern, *arguments):
        """A start that ends at once, with status 1 and one message on stderr."""
        process = dynlog.spawn(*arguments)
        self.assertEqual(1, process.wait(), process.err.text())
        dynlog.process = None
        self.assertNotIn("is ready", process.out.text())
        self.assertRegex(process.err.text(), pattern)
        dynlog.expect_clean(process)

    def setUp(self):
        self.dynlog = Dynlog()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop, check=False)

    def second(self, **more):
        second = Dynlog(**more)
        self.addCleanup(second.remove)
        self.addCleanup(second.stop, check=False)
        return second

    def test_in_use(self):
        self.dynlog.start()
        second = self.second(arguments=["--data", self.dynlog.path(".dynlog")])
        self.refused(second, r"is in use by another dynlog \(process %d\)" % self.dynlog.process.popen.pid)
        self.assertEqual(200, self.dynlog.request("GET", "/_dynlog/health")[0])
        self.dynlog.kill()
        second.start()  # the lock of a dead process holds nobody back

    def test_a_newer_format(self):
        self.dynlog.start()
        self.dynlog.stop()
        with open(self.dynlog.path(".dynlog", "format"), encoding="utf-8") as file:
            text = file.read()
        newer = re.sub(r"\d+", lambda number: str(int(number.group(0)) + 1), text)
        self.dynlog.write(".dynlog/format", newer)
        self.refused(self.dynlog, r"has store format 3; this dynlog \(\d+\.\d+\.\d+\) knows format 2")
        self.dynlog.write(".dynlog/format", text)
        self.dynlog.start()

    def test_an_event_of_a_newer_format(self):
        """It waits for SQLite: an older dynlog must neither leave it out nor delete it."""
        program = os.path.join(os.path.dirname(PROGRAM), "test", "unit", "programs", "newer_event")
        if not os.path.exists(program):
            self.skipTest("this build has no tests")
        self.dynlog.start()
        self.dynlog.stop()
        result = self.dynlog.run(program, self.dynlog.path(".dynlog"))
        self.assertEqual(0, result.returncode, result.stderr)
        for _ in range(2):  # the first start has deleted nothing
            self.refused(self.dynlog, "the data folder can't be read: written by a newer dynlog")

    def test_somebody_elses_folder(self):
        os.makedirs(self.dynlog.path("pictures"))
        self.dynlog.write("pictures/cat.png", "meow")
        self.refused(self.dynlog, r"pictures holds other files and no dynlog store", "--data", "pictures")
        self.dynlog.write("file", "")
        self.refused(self.dynlog, r"file cannot be used: it is not a folder", "--data", "file")

    def test_not_writable(self):
        if os.geteuid() == 0:
            setpriv = shutil.which("setpriv")
            prefix = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"] if setpriv else []
            if not setpriv or subprocess.run([*prefix, PROGRAM, "version"], capture_output=True,
                                             check=False).returncode != 0:
                self.skipTest("root may write anywhere, and the program cannot be run as somebody else")
            os.chmod(self.dynlog.folder, 0o755)
        else:
            prefix = []
        os.makedirs(self.dynlog.path("locked"))
        os.chmod(self.dynlog.path("locked"), 0o555)
        process = Process([*prefix, PROGRAM, "start", "--port", "0", "--data", "locked"], self.dynlog.work,
                          self.dynlog.environment())
        self.assertEqual(1, process.wait())
        self.assertRegex(process.err.text(), r"data folder locked cannot be used: .*Permission denied.*"
                                             r"Make it writable for this user, or choose another folder")

    def test_damage(self):
        self.dynlog.start()
        self.dynlog.client("dynamodb").put_item(TableName=LOGS, Item=event("users", 1, 1))
        self.dynlog.stop()
        store = self.dynlog.path(".dynlog", "store")
        current = [name for name in os.listdir(store) if name.startswith("MANIFEST")][0]
        with open(os.path.join(store, current), "r+b") as file:
            file.write(b"\xff" * 64)
        self.refused(self.dynlog, r"dynlog: .*damaged")

    def test_a_port_that_is_taken(self):
        self.dynlog.start()
        second = self.second()
        self.refused(second, r"port %d is in use.*--port" % self.dynlog.port, "--port", str(self.dynlog.port))
        self.refused(second, r"port %d is in use.*--events-port" % self.dynlog.port, "--events-port",
                     str(self.dynlog.port))

    def test_wrong_options(self):
        for arguments, pattern in ((["--port", "x"], "port"), (["--nothing"], "nothing"), (["--memory", "--data", "x"],
                                                                                          "memory"),
                                   (["--port", "65536"], "65535")):
            process = Process([PROGRAM, "start", *arguments], self.dynlog.work, self.dynlog.environment())
            self.assertEqual(2, process.wait())
            self.assertIn(pattern, process.err.text())


class Stopping(Case):
    def setUp(self):
        self.dynlog = Dynlog().start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop, check=False)

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.dynlog.client("dynamodb").put_item(TableName=LOGS, Item=event("users", int(number), 1))
            process, self.dynlog.process = self.dynlog.process, None
            self.assertEqual(0, process.end(number), process.err.text())
            self.dynlog.expect_clean(process)
            self.dynlog.start()
        self.assertEqual(2, self.dynlog.client("dynamodb").scan(TableName=LOGS)["Count"])

    def test_while_it_opens(self):
        """The folder has its store, and nothing of the stack yet, or some: what was begun is ended, and the next start goes on."""
        for name in ("store/CURRENT", "store/MANIFEST-000005", "store/000004.log", "log/000001") * 3:
            dynlog = Dynlog()
            self.addCleanup(dynlog.remove)
            process = dynlog.spawn()
            while not os.path.exists(dynlog.path(".dynlog", name)) and process.popen.poll() is None:
                pass
            dynlog.process = None
            self.assertEqual(0, process.end(signal.SIGINT), process.err.text())
            dynlog.expect_clean(process)
            dynlog.start()
            dynlog.stop()

    def test_what_is_in_flight_is_finished(self):
        """Events that were appended right before the stop are in the archive after it."""
        client = self.dynlog.client("dynamodb")
        for version in range(1, 51):
            client.put_item(TableName=LOGS, Item=event("users", 1, version))
        self.dynlog.stop()
        database = sqlite3.connect(self.dynlog.path("db"))
        self.assertEqual(50, database.execute("select count(*) from events").fetchone()[0])
        database.close()

    def test_over_http(self):
        status, _, _ = self.dynlog.request("POST", "/_dynlog/stop")
        self.assertEqual(202, status)
        process, self.dynlog.process = self.dynlog.process, None
        self.assertEqual(0, process.wait())
        self.dynlog.expect_clean(process)


class FullDisk(unittest.TestCase):
    SIZE = "96m"

    def test_a_full_disk(self):
        """Writes fail with an error while there is no room, reads go on, and writes go on when there is room.
        The disk is a small one in memory that only this dynlog sees."""
        dynlog = Dynlog()
        self.addCleanup(dynlog.remove)
        own = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
        mount = ["sh", "-c", 'mount -t tmpfs -o size=%s none "$0" && exec "$@"' % self.SIZE]
        disk = dynlog.path("disk")
        os.makedirs(disk)
        try:
            probe = subprocess.run([*own, *mount, disk, "true"], capture_output=True, text=True, timeout=30, check=False)
        except FileNotFoundError:
            self.skipTest("no unshare on this machine")
        if probe.returncode != 0:
            self.skipTest("no disk of its own can be mounted here: %s" % probe.stderr.strip())
        process = Process([*own, *mount, disk, PROGRAM, "start", "--port", "0", "--events-port", "0", "--lambda-port", "0",
                           "--data", "disk/data", "--archive", "disk/db"], dynlog.work, dynlog.environment())
        dynlog.process = process
        self.addCleanup(dynlog.stop, check=False)
        ports, _ = process.out.wait(r"ports +(\d+) all")
        dynlog.port = int(ports.group(1))
        client = dynlog.client("dynamodb")
        inside = "/proc/%d/root%s" % (process.popen.pid, disk)
        filler = os.path.join(inside, "filler")

        def put(i):
            client.put_item(TableName="local-core", Item={"pk": s("k%d" % i), "sk": s("x"), "x": s("y" * 100000)})

        put(0)
        acknowledged, errors = [0], []
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass
        for i in range(1, 2000):
            try:
                put(i)
                acknowledged.append(i)
            except ClientError as error:
                errors.append(error.response)
                break
        self.assertTrue(errors, "the disk was never full")
        self.assertEqual(500, errors[0]["ResponseMetadata"]["HTTPStatusCode"], errors[0])
        self.assertEqual("InternalServerError", errors[0]["Error"]["Code"])
        status, _, text = dynlog.request("POST", "/_dynlog/private?log=people")
        self.assertEqual((503, "NO_SPACE"), (status, json.loads(text)["error"]))
        for arguments in (["private", "people"], ["append", "users", "1", "signup", json.dumps({"text": "y" * 100000})]):
            result = dynlog.command(*arguments)  # libdynlog over HTTP: nobody has to guess whether it was done
            self.assertEqual(1, result.returncode, result)
            self.assertIn("The disk that holds the data folder is full", result.stderr)
        for i in acknowledged[-5:]:
            self.assertIn("Item", client.get_item(TableName="local-core", Key={"pk": s("k%d" % i), "sk": s("x")}))
        os.unlink(filler)
        more = 0
        for _ in range(50):  # it may look for room again only now and then
            try:
                put(5000 + more)
                more += 1
                if more == 3:
                    break
            except ClientError:
                dynlog.request("GET", "/_dynlog/health")
        self.assertEqual(3, more)
        dynlog.drain()
        for i in acknowledged:
            self.assertIn("Item", client.get_item(TableName="local-core", Key={"pk": s("k%d" % i), "sk": s("x")}))
        dynlog.stop()


if __name__ == "__main__":
    unittest.main()
