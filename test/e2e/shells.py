"""Manual pages and shell completion, as they are made from the table of commands: read by groff and mandoc, completed
by bash, zsh and fish themselves."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from support.server import PROGRAM, Dynlog, environment
from support.terminal import Terminal

STACK = """
service: shells
provider: {name: aws, runtime: nodejs20.x}
functions: {hello: {handler: hello.handler}}
resources:
  Resources:
    Log:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-dynamodb-logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
    Core:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-core
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
"""

BASH = r"""
source "$1"
COMP_WORDS=("${@:2}")
COMP_LINE="${COMP_WORDS[*]}"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_dynlog
printf '%s\n' "${COMPREPLY[@]}"
"""


def need(program):
    if shutil.which(program) is None:
        raise unittest.SkipTest("there is no %s" % program)


class Shells(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="dynlog-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.server = Dynlog({"serverless.yml": STACK, "hello.js": "exports.handler = async () => 1\n"})
        cls.addClassCleanup(cls.server.remove)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        for command in (("append", "users", "1", "signup"), ("append", "orders", "1", "made"),
                        ("append", "$(touch harm)", "1", "made"), ("tail", "--group", "mail", "--until-end")):
            assert cls.server.command(*command).returncode == 0, command
        os.makedirs(cls.home + "/bin")
        os.symlink(PROGRAM, cls.home + "/bin/dynlog")
        cls.path = "%s/bin:%s" % (cls.home, os.environ["PATH"])
        cls.env = {**environment(cls.home), "AWS_ENDPOINT_URL": cls.server.endpoint}
        cls.pages = os.path.join(cls.home, "man1")
        cls.dynlog("help", "--man-pages", cls.pages)
        cls.commands = re.findall(r"^  ([a-z]+) {2,}", cls.dynlog("help"), re.M)

    @classmethod
    def dynlog(cls, *arguments):
        return cls.run_it(PROGRAM, *arguments)

    @classmethod
    def run_it(cls, *command, text=""):
        result = subprocess.run(command, cwd=cls.home, env={**cls.env, "PATH": cls.path}, input=text,
                                capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 0 and result.stderr == "", (command, result.stdout, result.stderr)
        return result.stdout

    # ---- manual pages ----

    def test_every_command_has_a_page(self):
        names = {os.path.basename(path) for path in glob.glob(self.pages + "/*")}
        self.assertGreater(len(self.commands), 15)
        self.assertEqual({"dynlog.1", *("dynlog-%s.1" % name for name in self.commands)}, names)
        with open(self.pages + "/dynlog-append.1", encoding="ascii") as file:
            self.assertEqual(file.read(), self.dynlog("help", "append", "--man"))

    def test_two_builds_are_the_same(self):
        again = os.path.join(self.home, "again")
        self.dynlog("help", "--man-pages", again)
        for path in glob.glob(self.pages + "/*"):
            with open(path, "rb") as one, open(os.path.join(again, os.path.basename(path)), "rb") as other:
                self.assertEqual(one.read(), other.read())
        for epoch, date in (("1767225600", "2026-01-01"), ("0", "1970-01-01"), ("soon", r"2026-\d\d-\d\d")):
            result = subprocess.run([PROGRAM, "help", "append", "--man"], env={**self.env, "SOURCE_DATE_EPOCH": epoch},
                                    capture_output=True, text=True, check=True)
            self.assertRegex(result.stdout, r'(?m)^\.TH .* 1 "%s" ' % date)

    def test_groff(self):
        need("groff")
        for path in glob.glob(self.pages + "/*"):
            with self.subTest(path=os.path.basename(path)):
                text = self.run_it("groff", "-man", "-ww", "-Tascii", "-P-c", path)
                text = re.sub(".\b", "", text)
                self.assertRegex(text, r"(?m)^EXIT STATUS$")
                self.assertLessEqual(max(len(line) for line in text.split("\n")), 80)

    def test_mandoc(self):
        need("mandoc")
        for path in glob.glob(self.pages + "/*"):
            with self.subTest(path=os.path.basename(path)):
                self.assertEqual("", self.run_it("mandoc", "-T", "lint", "-W", "warning", path))

    def test_man(self):
        need("man")
        text = self.run_it("man", "-l", self.pages + "/dynlog-append.1")
        self.assertIn("dynlog append [LOG] [ID] [TYPE]", re.sub(".\b|\033\\[[0-9;]*m", "", text))

    # ---- completion ----

    def script(self, shell, name):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.dynlog("completion", shell))
        return path

    def check(self, complete):
        """complete(words): what is offered for the last one."""
        self.assertEqual(set(self.commands), set(complete("")) - {"--help", "--version"})
        self.assertEqual(["append"], complete("app"))
        self.assertEqual(["--expect"], complete("append", "--exp"))
        self.assertLessEqual({"--from", "--to", "--limit", "--json", "--help"}, set(complete("read", "users", "--")))
        self.assertEqual({"bash", "zsh", "fish"}, set(complete("completion", "")))
        self.assertEqual(["status"], complete("help", "stat"))
        self.assertEqual({"list", "show", "export", "import", "prune"}, set(complete("archive", "")))
        self.assertEqual({"db", "bus-archive", "change-stream", "table"}, set(complete("replay", "--from", "")))
        self.assertEqual(["function"], complete("replay", "--to", "fu"))
        self.assertEqual({"users", "orders"}, set(complete("read", "")))
        self.assertEqual(["orders"], complete("tail", "--log", "o"))
        self.assertEqual(["local-dynamodb-logs"], complete("query", "local-d"))
        self.assertEqual(["local-core"], complete("replay", "--to-table", "local-c"))
        self.assertEqual(["mail"], complete("parked", ""))
        self.assertEqual(["hello"], complete("invoke", "hel"))
        for name in ("stack-file.yml", "stack-other.yml", "other"):
            with open(os.path.join(self.home, name), "w", encoding="utf-8"):
                pass
        os.makedirs(os.path.join(self.home, "stack-folder"), exist_ok=True)
        self.assertLessEqual({"stack-file.yml", "stack-other.yml"}, set(complete("start", "--config", "stack-")))
        self.assertEqual(["stack-folder"], [name.rstrip("/") for name in complete("start", "--data", "stack-")])

    def test_bash(self):
        script = self.script("bash", "dynlog.bash")
        self.run_it("bash", "-n", script)
        self.check(lambda *words: self.run_it("bash", "-c", BASH, "bash", script, "dynlog", *words).split())

    def test_fish(self):
        need("fish")
        script = self.script("fish", "dynlog.fish")
        self.run_it("fish", "-n", script)

        def complete(*words):
            line = "source %s; complete -C '%s'" % (script, " ".join(("dynlog", *words)))
            return [row.split("\t")[0] for row in self.run_it("fish", "-c", line).split("\n") if row]
        self.check(complete)

    def test_zsh(self):
        """In a terminal: its completion works nowhere else. Each answer is what a Tab lists, or puts in."""
        need("zsh")
        self.run_it("zsh", "-n", self.script("zsh", "_dynlog"))
        env = {**self.env, "PATH": self.path}
        with Terminal(["zsh", "-f", "-i"], self.home, env, columns=80, rows=60) as terminal:
            terminal.send("PS1='> '; fpath=(%s $fpath); autoload -U compinit; compinit -u -D; echo rea''dy\n" % self.home)
            terminal.wait("\nready")
            terminal.wait("> ")
            terminal.send("dynlog app\t")
            terminal.wait("dynlog append ")
            terminal.send("--exp\t")
            terminal.wait("--expect=")
            terminal.send("\025")  # not Ctrl-C: while zsh draws it is lost
            terminal.send("dynlog \t")
            for name in ("append", "completion", "version"):
                terminal.wait(r"%s +-- " % name) if name == "append" else terminal.wait(name)
            terminal.send("\025")
            terminal.send("dynlog completion f\t")
            terminal.wait("dynlog completion fish")
            terminal.send("\025")
            terminal.send("dynlog tail --log ord\t")
            terminal.wait("dynlog tail --log orders ")
            terminal.send("\025")
            terminal.send("dynlog replay --from bus\t")
            terminal.wait("--from bus-archive ")
            terminal.send("\025")
            terminal.send("dynlog query local-c\t")
            terminal.wait("dynlog query local-core ")
            terminal.send("\025")
            terminal.send("exit\n")
            terminal.popen.wait(60)

    def test_names(self):
        """The line says who is asked; what a shell would run is no name; when none answers there is none."""
        place = ["--endpoint", self.server.endpoint]
        values = lambda *words: self.dynlog("completion", "--values", *words).split("\n")[:-1]
        self.assertEqual(["orders", "users"], sorted(values("logs", "--", "dynlog", "read", *place)))
        self.assertEqual(["orders", "users"], sorted(values("logs", "--", "dynlog", "read", "=".join(place))))
        self.assertEqual({"local-core", "local-dynamodb-logs"}, set(values("tables")))
        self.assertEqual([], values("logs", "--", "dynlog", "read", "--table", "nothing"))
        self.assertEqual([], values("logs", "--", "dynlog", "read", "--endpoint", "http://127.0.0.1:1"))
        self.assertEqual([], values("tables", "--", "dynlog", "query", "--region", "eu-north-1"))
        self.assertEqual([], values("logs", "--", "dynlog", "read", "--data", "folder"))
        result = subprocess.run([PROGRAM, "completion", "--values", "users"], capture_output=True, text=True, check=False)
        self.assertEqual(2, result.returncode)

    def test_wrong_shell(self):
        result = subprocess.run([PROGRAM, "completion", "ksh"], env=self.env, capture_output=True, text=True, check=False)
        self.assertEqual(2, result.returncode)
        self.assertIn("SHELL is bash, zsh or fish, not \"ksh\".", result.stderr)


if __name__ == "__main__":
    unittest.main()
