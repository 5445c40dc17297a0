"""dynlog menu in a pseudo terminal: by arrow keys, by letters, by numbers in a plain terminal; what it starts, and
that the terminal is as it was at every way out."""

import os
import signal
import unittest

from support.server import PROGRAM, Dynlog, unused_port
from support.terminal import CONTROL_C, CONTROL_D, DOWN, ENTER, ESCAPE, Terminal

STACK = """
service: menu
provider:
  name: aws
  runtime: nodejs20.x
custom:
  serverless-offline:
    lambdaPort: %d
  serverless-offline-aws-eventbridge:
    port: %d
functions:
  hello:
    handler: hello.handler
resources:
  Resources:
    Log:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: local-dynamodb-logs
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions:
          - {AttributeName: pk, AttributeType: S}
          - {AttributeName: sk, AttributeType: N}
        KeySchema:
          - {AttributeName: pk, KeyType: HASH}
          - {AttributeName: sk, KeyType: RANGE}
"""


class Menu(unittest.TestCase):
    def setUp(self):
        self.dynlog = Dynlog({"serverless-node.yml": STACK % (unused_port(), unused_port()),
                              "hello.js": "exports.handler = async () => 'hello'\n"})
        self.dynlog.port = unused_port()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.stop)

    def stop(self):
        self.dynlog.command("stop", "--endpoint", self.dynlog.endpoint)

    def menu(self, **more):
        return Terminal([PROGRAM, "menu", "--endpoint", self.dynlog.endpoint], self.dynlog.work,
                        self.dynlog.environment(), **more)

    def test_first_hour(self):
        """Start, fake, clean up and exit, by arrow keys."""
        with self.menu() as terminal:
            terminal.wait("What")
            terminal.send(ENTER)
            terminal.wait("Start offline with")
            terminal.wait(r"serverless-node.yml +.*Node.js")
            terminal.send(ENTER)
            terminal.wait("Where")
            terminal.send(ENTER)
            terminal.wait(r"\$ dynlog start --config serverless-node.yml --port %d" % self.dynlog.port)
            terminal.wait("It runs; its lines go into dynlog.log")
            terminal.wait("What")
            terminal.send(DOWN, ENTER)
            terminal.wait("How many users")
            terminal.send("0", ENTER)  # behind the 100 that stands there
            terminal.wait("For")
            terminal.send(ENTER)
            terminal.wait(r"\$ dynlog fake 1000 --endpoint")
            terminal.wait(r"Written: 4,000 events to local-dynamodb-logs")
            terminal.wait("What")
            terminal.send(ENTER)  # the mark stands where it was
            terminal.wait("How many users")
            terminal.send(ESCAPE)
            terminal.wait("What")
            terminal.send("replay", ENTER)
            terminal.wait("Replay from")
            terminal.send("table", ENTER)
            terminal.wait("Replay to")
            terminal.send("table", ENTER)
            terminal.wait("Table")
            terminal.send("fresh", ENTER)
            terminal.wait("Since")
            terminal.send(ENTER)
            terminal.wait("Until")
            terminal.send(ENTER)
            terminal.wait("Log")  # the one that there is, or all
            terminal.wait("users")
            terminal.send(ENTER)
            terminal.wait(r"\$ dynlog replay --from table --to table --to-table fresh --create --endpoint")
            terminal.wait(r"4,000 +4,000 +0")
            terminal.wait("What")
            terminal.send("clean", ENTER)
            terminal.wait("Stop the running dynlog")
            terminal.send("y")
            terminal.wait("Stopped")
            terminal.wait("Delete the data and the archive")
            terminal.send("y")
            terminal.wait("This will be deleted")
            terminal.send("y\n")
            terminal.wait("Deleted")
            terminal.wait("What")
            terminal.send("exit", ENTER)
            self.assertEqual(0, terminal.end())
        self.assertFalse(os.path.exists(self.dynlog.path(".dynlog")))

    def archived(self):
        """A dynlog without a stack file runs here, and has archived two logs into ./db."""
        self.dynlog.start()
        self.addCleanup(self.dynlog.stop)
        for command in (("fake", "3"), ("append", "orders", "1", "made", "{}"), ("drain",)):
            self.assertEqual(0, self.dynlog.command(*command).returncode, command)

    def test_replay_of_what_is_archived(self):
        """Archive, target, dates, logs and types: from what ./db has, by arrow keys."""
        self.dynlog.arguments.append("--no-journeys")
        os.remove(self.dynlog.path("serverless-node.yml"))
        self.archived()
        with self.menu() as terminal:
            terminal.wait("What")
            terminal.send("replay", ENTER)
            terminal.wait("Replay from")
            terminal.send(ENTER)
            terminal.wait("Archive")
            terminal.send(ENTER)  # db stands there
            terminal.wait("Replay to")
            terminal.send(DOWN, ENTER)
            terminal.wait("Table")
            terminal.send("fresh", ENTER)
            terminal.wait("Since")
            terminal.send("1h", ENTER)
            terminal.wait("Until")
            terminal.send(ENTER)
            terminal.wait("Log")
            terminal.wait("all")
            terminal.wait("orders")
            terminal.wait("users")
            terminal.send(DOWN, DOWN, ENTER)
            terminal.wait("Log.* users")
            terminal.wait("Type")
            terminal.wait("addLocation")
            terminal.send("sign", ENTER)
            terminal.wait(r"\$ dynlog replay --from db --archive db --to table --to-table fresh --create --since 1h "
                          r"--log users --type signup --endpoint")
            terminal.wait(r"\n +3 +3 +0 +0 +0")
            terminal.wait("What")
            terminal.send(ENTER)
            terminal.wait("Replay from")
            terminal.send("bus", ENTER)
            terminal.wait("Archive of the bus")
            terminal.send(ENTER)
            terminal.wait("Since")
            terminal.send(ENTER)
            terminal.wait("Until")
            terminal.send(ENTER)
            terminal.wait(r"\$ dynlog replay --from bus-archive --bus-archive dynamodb-logs-archive --to bus --endpoint")
            terminal.wait("COMPLETED")
            terminal.wait("What")
            terminal.send(ENTER)
            terminal.wait("Replay from")
            terminal.send(ENTER)
            terminal.wait("Archive")
            terminal.send("x", ENTER)
            terminal.wait("There is no archive dbx")
            terminal.wait("What")
            terminal.send(CONTROL_C)
            self.assertEqual(0, terminal.end())
        rows = self.dynlog.command("scan", "fresh").stdout.splitlines()
        self.assertEqual(3, len(rows))

    def test_replay_on_a_plain_terminal(self):
        os.remove(self.dynlog.path("serverless-node.yml"))
        self.archived()
        with self.menu(term="dumb") as terminal:
            terminal.wait(r"(\d)\W+Replay")
            terminal.wait("goes back")
            for question, answer in (("", "replay"), ("Replay from", "1"), ("Archive", ""), ("Replay to", "table"),
                                     ("Table", "plain"), ("Since", ""), ("Until", ""), ("Log", "orders"), ("Type", "1")):
                terminal.wait(question)
                terminal.wait("")
                terminal.send(answer + "\n")
            terminal.wait(r"\$ dynlog replay --from db --archive db --to table --to-table plain --create --log orders ")
            terminal.wait(r"\n +1 +1 +0 +0 +0")
            terminal.send(CONTROL_D)
            self.assertEqual(0, terminal.end())
            self.assertNotIn("\033", terminal.raw)

    def test_plain_terminal(self):
        with self.menu(term="dumb") as terminal:
            terminal.wait(r"1\W+Start offline")
            terminal.send("7\n")
            terminal.wait(r"\$ dynlog doctor")
            terminal.wait(r"(No problem|\d problems?)")
            terminal.wait(r"\d\W+Exit")
            terminal.send(CONTROL_D)
            self.assertEqual(0, terminal.end())
            self.assertNotIn("\033", terminal.raw)

    def test_lines_fit(self):
        with self.menu() as terminal:
            terminal.wait("Exit")
            terminal.send(CONTROL_C)
            terminal.end()
            for line in terminal.text().split("\n"):
                self.assertLessEqual(max(len(part) for part in line.split("\r")), 80, line)

    def test_ways_out(self):
        for keys in (CONTROL_C, CONTROL_D, ESCAPE):
            with self.subTest(keys=keys), self.menu() as terminal:
                terminal.wait("What")
                terminal.send(keys)
                self.assertEqual(0, terminal.end())

    def test_signal(self):
        """In a question, and while a command runs."""
        with self.menu() as terminal:
            terminal.wait("What")
            terminal.signal(signal.SIGTERM)
            terminal.end()
        with self.menu() as terminal:
            terminal.wait("What")
            terminal.send(ENTER)
            terminal.wait("Start offline with")
            terminal.send(ENTER)
            terminal.wait("Where")
            terminal.send(DOWN, ENTER)
            terminal.wait("is ready after")
            terminal.send(CONTROL_C)  # of the server alone
            terminal.wait("What")
            terminal.send(ENTER)
            terminal.wait("Start offline with")
            terminal.send(ENTER)
            terminal.wait("Where")
            terminal.send(DOWN, ENTER)
            terminal.wait("is ready after")
            terminal.signal(signal.SIGTERM)
            self.assertEqual(0, terminal.end())
        self.assertEqual(4, self.dynlog.command("stop", "--endpoint", self.dynlog.endpoint).returncode)

    def test_nobody_there(self):
        with self.menu() as terminal:
            terminal.wait("What")
            terminal.send("status", ENTER)
            terminal.wait("Nothing answers")
            terminal.wait("What")
            terminal.send(ESCAPE)
            self.assertEqual(0, terminal.end())


if __name__ == "__main__":
    unittest.main()
