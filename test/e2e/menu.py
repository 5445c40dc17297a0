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
