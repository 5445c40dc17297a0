"""dynlog doctor: each finding, brought about; keys are never printed."""

import http.server
import json
import os
import shutil
import socket
import threading
import unittest

from support.server import Dynlog, unused_port


class Doctor(unittest.TestCase):
    def setUp(self):
        self.dynlog = Dynlog()
        self.addCleanup(self.dynlog.remove)
        self.ports = [unused_port() for _ in range(3)]

    def doctor(self, *arguments, status=None, **more):
        ports = [word for pair in zip(("--port", "--events-port", "--lambda-port"), map(str, self.ports)) for word in pair]
        result = self.dynlog.command("doctor", *ports, *arguments, **more)
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(any(row["level"] == "problem" for row in rows), result.returncode == 1)
        if status is not None:
            self.assertEqual(status, result.returncode, result.stdout)
        found = {}
        for row in rows:
            found.setdefault(row["what"], row)
            if row["level"] == "problem":
                self.assertIn("advice", row)
                found[row["what"]] = row
        return found

    def test_nothing_is_wrong(self):
        found = self.doctor(status=0)
        self.assertLessEqual({"stack file", "dynlog", "node", "python3", "aws", "sqlite3", "folder", "disk", "keys",
                              "open files", "watches", "clock", *map(str, self.ports)}, set(found))
        self.assertIn("none here", found["stack file"]["text"])
        self.assertEqual("free", found[str(self.ports[0])]["text"])
        self.assertIn(".dynlog is not there", found["folder"]["text"])
        self.assertRegex(found["python3"]["text"], r"^3\.\d+\.\d+ at /")

    def test_running(self):
        with self.dynlog:
            self.ports[0] = self.dynlog.port
            found = self.doctor(status=0)
            pid = self.dynlog.status()["pid"]
            self.assertIn("a dynlog answers", found[str(self.ports[0])]["text"])
            self.assertIn("process %d" % pid, found[str(self.ports[0])]["text"])
            self.assertRegex(found["folder"]["text"], r"^\.dynlog: format 2, ")
            self.assertEqual("a running dynlog uses it: process %d" % pid, found["use"]["text"])
        self.dynlog = Dynlog()  # the folder of the other is gone
        self.addCleanup(self.dynlog.remove)

    def test_ports_of_others(self):
        class Other(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_error(404)

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Other)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        silent = socket.socket()
        self.addCleanup(silent.close)
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        self.ports = [server.server_port, silent.getsockname()[1], self.ports[2]]
        found = self.doctor(status=1)
        row = found[str(self.ports[0])]
        self.assertRegex(row["text"], r"another program answers at .*BaseHTTP.*404")
        self.assertIn("--port PORT", row["advice"])
        self.assertIn("does not speak HTTP", found[str(self.ports[1])]["text"])
        self.assertEqual("ok", found[str(self.ports[2])]["level"])

    def test_folders(self):
        os.makedirs(self.dynlog.path("theirs"))
        self.dynlog.write("theirs/file", "")
        self.assertIn("is not dynlog's", self.doctor("--data", "theirs", status=1)["folder"]["text"])
        self.dynlog.write("file", "")
        self.assertIn("is no folder", self.doctor("--data", "file", status=1)["folder"]["text"])
        self.dynlog.write("newer/dynlog.lock", "")
        self.dynlog.write("newer/format", "dynlog store 99\n")
        self.assertIn("has format 99, this dynlog reads 2", self.doctor("--data", "newer", status=1)["folder"]["text"])
        self.dynlog.write("newer/format", "what\n")
        self.assertIn("is damaged", self.doctor("--data", "newer", status=1)["folder"]["text"])
        os.remove(self.dynlog.path("newer/format"))
        self.assertIn("was interrupted", self.doctor("--data", "newer", status=0)["folder"]["text"])

    def test_stack(self):
        self.dynlog.write("serverless.yml", "service: x\nprovider:\n  name: aws\n  runtime: nodejs20.x\n"
                                            "functions:\n  a:\n    handler: a.b\n")
        self.assertEqual("serverless.yml: x, stage local, 1 function", self.doctor()["stack file"]["text"])
        found = self.doctor(status=1, PATH="/nowhere")
        self.assertEqual(("problem", "warning"), (found["node"]["level"], found["python3"]["level"]))
        self.dynlog.write("serverless.yml", "service: [\n")
        row = self.doctor(status=1)["stack file"]
        self.assertRegex(row["text"], r"^serverless.yml:\d+:\d+: ")
        self.assertIn("nothing.yml can't be read", self.doctor("-c", "nothing.yml", status=1)["stack file"]["text"])

    def test_program_that_says_nothing(self):
        os.makedirs(self.dynlog.path("bin"))
        path = self.dynlog.write("bin/node", "#!/bin/sh\nexit 3\n")
        os.chmod(path, 0o755)
        found = self.doctor(PATH=self.dynlog.path("bin") + ":" + os.path.dirname(shutil.which("env")))
        self.assertIn("does not tell its version", found["node"]["text"])

    def test_programs_that_are_too_old(self):
        """A problem only when the stack needs them."""
        for name, says in (("node", "v16.20.2"), ("python3", "Python 3.6.15")):
            os.chmod(self.dynlog.write("bin/" + name, "#!/bin/sh\necho '%s'\n" % says), 0o755)
        path = self.dynlog.path("bin") + ":" + os.path.dirname(shutil.which("env"))
        found = self.doctor(PATH=path, status=0)
        self.assertEqual(("warning", "warning"), (found["node"]["level"], found["python3"]["level"]))
        self.dynlog.write("serverless.yml", "service: x\nprovider: {name: aws, runtime: nodejs20.x}\n"
                                            "functions: {a: {handler: a.b}, b: {handler: a.b, runtime: python3.12}}\n")
        found = self.doctor(PATH=path, status=1)
        for name, version, least in (("node", "16.20.2", "Node.js 18"), ("python3", "3.6.15", "Python 3.8")):
            self.assertEqual("problem", found[name]["level"])
            self.assertIn("%s at " % version, found[name]["text"])
            self.assertIn("is too old", found[name]["text"])
            self.assertIn(least, found[name]["advice"])

    def test_a_folder_that_cannot_be_written(self):
        """Nobody writes there, whoever they are: nothing is made below a file."""
        self.dynlog.write("file", "")
        row = self.doctor("--data", "file/data", status=1)["folder"]
        self.assertEqual("problem", row["level"])
        self.assertIn("--data DIR", row["advice"])
        self.assertEqual("file/data can't be used: Not a directory", row["text"])

    def test_keys_are_not_printed(self):
        secrets = {"AWS_ACCESS_KEY_ID": "AKIDsecretid", "AWS_SECRET_ACCESS_KEY": "verysecret"}
        result = self.dynlog.command("doctor", **secrets)
        self.assertIn("found in the environment", result.stdout)
        for value in secrets.values():
            self.assertNotIn(value, result.stdout + result.stderr)
        self.assertIn("neither is used", self.doctor(AWS_SECRET_ACCESS_KEY="")["environment"]["text"])
        self.dynlog.write("keys", "[there]\naws_access_key_id = AKIDsecretid\naws_secret_access_key = verysecret\n")
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SHARED_CREDENTIALS_FILE": "keys"}
        self.assertIn("none for AWS; a dynlog takes any", self.doctor(**none)["keys"]["text"])
        self.assertEqual("found, of profile there", self.doctor("--profile", "there", **none)["keys"]["text"])
        self.assertEqual("problem", self.doctor("--profile", "gone", status=1, **none)["keys"]["level"])


if __name__ == "__main__":
    unittest.main()
