"""What functions print: their log groups with the clients of CloudWatch Logs, `dynlog logs`, `dynlog invoke`."""

import json
import re
import signal
import unittest

from support.case import Case
from support.server import AWS, PROGRAM, Dynlog, need_aws

STACK = """
service: app
provider: {name: aws, runtime: python3.11, timeout: 3, logRetentionInDays: 7}
functions:
  print: {handler: handlers.print_it}
  node: {handler: node.print, runtime: nodejs20.x}
  fail: {handler: handlers.fail}
  broken: {handler: broken.handler}
  slow: {handler: handlers.stall, timeout: 1}
  silent: {handler: handlers.print_it, disableLogs: true}
  elsewhere: {handler: handlers.print_it, logs: {logGroup: /shared}}
  second-print: {handler: handlers.print_it}
  log: {handler: handlers.log}
resources:
  Resources:
    group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/lambda/app-local-fail, RetentionInDays: 3}}
"""
HANDLERS = """
import logging, os, signal, sys

def print_it(event, context):
    for line in event.get("lines", []):
        print(line)
    for line in event.get("errors", []):
        print(line, file=sys.stderr)
    if "large" in event:
        print("x" * event["large"])
    return {"group": context.log_group_name, "stream": context.log_stream_name, "id": context.aws_request_id}

def fail(event, context):
    print("before it fails")
    raise ValueError("as it should")

def log(event, context):
    logging.getLogger().error("one\\ntwo")
    try:
        raise KeyError("caught")
    except KeyError:
        logging.exception("with its trace")
    return {"group": context.log_group_name, "stream": context.log_stream_name}

def stall(event, context):
    signal.pause()
"""
NODE = """
exports.print = async (event, context) => {
  console.log('one\\ntwo')
  console.error('to stderr')
  return { group: context.logGroupName, stream: context.logStreamName }
}
"""
FILES = {"serverless.yml": STACK, "handlers.py": HANDLERS, "node.js": NODE, "broken.py": "raise KeyError('no')\n"}


def group_of(name):
    return "/aws/lambda/app-local-" + name


class Logs(Case):
    files = FILES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lambda_, cls.logs = cls.dynlog.client("lambda"), cls.dynlog.client("logs")

    def invoke(self, name, event, **more):
        answer = self.lambda_.invoke(FunctionName="app-local-" + name, Payload=json.dumps(event), **more)
        self.dynlog.drain()  # what it printed is durable
        return json.loads(answer["Payload"].read())

    def messages(self, group, stream, after=None):
        found = self.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
        messages = [event["message"] for event in found]
        return messages if after is None else messages[messages.index(after):]

    def test_an_invocation(self):
        result = self.invoke("print", {"lines": ["one", "two words", ""], "errors": ["wrong \u00e9"]})
        self.assertEqual(group_of("print"), result["group"])
        self.assertRegex(result["stream"], r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        found = self.messages(result["group"], result["stream"],
                              "START RequestId: %s Version: $LATEST\n" % result["id"])
        self.assertEqual(sorted(["one\n", "two words\n", "\n", "wrong \u00e9\n"]), sorted(found[1:5]))
        self.assertEqual(["one\n", "two words\n", "\n"], [line for line in found[1:5] if "wrong" not in line])
        self.assertEqual("END RequestId: %s\n" % result["id"], found[5])
        self.assertRegex(found[6], r"^REPORT RequestId: %s\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: "
                                   r"1024 MB\tMax Memory Used: \d+ MB\t(Init Duration: [\d.]+ ms\t)?\n$" % result["id"])
        first = self.messages(result["group"], result["stream"])[0]
        self.assertEqual("INIT_START Runtime Version: python3.11\n", first)
        streams = self.logs.describe_log_streams(logGroupName=result["group"], logStreamNamePrefix=result["stream"])
        stream, = streams["logStreams"]
        self.assertLessEqual(stream["firstEventTimestamp"], stream["lastEventTimestamp"])

    def test_node(self):
        result = self.invoke("node", {})
        found = self.messages(result["group"], result["stream"])
        self.assertEqual(group_of("node"), result["group"])
        self.assertEqual(group_of("node"), result["group"])
        lines = [line for line in found if "\tINFO\t" in line or "\tERROR\t" in line]
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\tINFO\tone\ntwo\n$")  # one event
        self.assertRegex(lines[1], r"\tERROR\tto stderr\n$")

    def test_python(self):
        result = self.invoke("log", {})
        first, second = [line for line in self.messages(result["group"], result["stream"]) if "[ERROR]" in line]
        self.assertRegex(first, r"^\[ERROR\]\t\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\tone\ntwo\n$")  # one event
        self.assertRegex(second, r"(?s)\twith its trace\nTraceback .*\nKeyError: 'caught'\n$")

    def test_failures(self):
        self.invoke("fail", {})
        found = self.logs.filter_log_events(logGroupName=group_of("fail"))["events"]
        self.assertIn("before it fails\n", [event["message"] for event in found])
        error, = [event["message"] for event in found if "[ERROR]" in event["message"]]
        self.assertRegex(error, r"(?s)^\[ERROR\] ValueError: as it should\nTraceback \(most recent call last\):\n  File .*\n$")  # one event
        self.assertRegex(found[-1]["message"], r"\tStatus: error\tError Type: ValueError\t\n$")
        self.invoke("broken", {})
        found = [event["message"] for event in self.logs.filter_log_events(logGroupName=group_of("broken"))["events"]]
        self.assertEqual(1, len([line for line in found if re.match(
            r"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\tError Type: ", line)]))
        self.invoke("slow", {})
        found = [event["message"] for event in self.logs.filter_log_events(logGroupName=group_of("slow"))["events"]]
        self.assertRegex(found[-3], r"^\d{4}-\d\d-\d\dT[\d:.]+Z [0-9a-f-]{36} Task timed out after 1.00 seconds\n$")
        self.assertRegex(found[-1], r"\tStatus: timeout\t\n$")

    def test_large_lines(self):
        """More than 256 KB are several events, as Lambda has them."""
        result = self.invoke("second-print", {"large": 600 * 1024})
        found = [line for line in self.messages(result["group"], result["stream"]) if line.startswith("x")]
        self.assertEqual([256 * 1024, 256 * 1024, 88 * 1024], [len(line.rstrip("\n")) for line in found])

    def test_groups(self):
        """Where a function is told to log, with the retention of the stack; or nowhere."""
        self.assertEqual("/shared", self.invoke("elsewhere", {"lines": ["it is here"]})["group"])
        self.invoke("silent", {"lines": ["nowhere"]})
        groups = {group["logGroupName"]: group.get("retentionInDays")
                  for group in self.logs.describe_log_groups()["logGroups"]}
        self.assertEqual(7, groups["/shared"])
        self.assertEqual(7, groups[group_of("print")])
        self.assertEqual(3, groups[group_of("fail")])  # as its resource says
        self.assertNotIn(group_of("silent"), groups)
        found = self.logs.filter_log_events(logGroupName="/shared", filterPattern='"it is"')["events"]
        self.assertEqual(["it is here\n"], [event["message"] for event in found])
        self.assertIn("it is here\n", [line["message"] for line in self.lines("elsewhere")])

    def test_a_deleted_group_comes_again(self):
        self.invoke("elsewhere", {"lines": ["before"]})
        self.logs.delete_log_group(logGroupName="/shared")
        self.invoke("elsewhere", {"lines": ["after"]})
        found = [event["message"] for event in self.logs.filter_log_events(logGroupName="/shared")["events"]]
        self.assertIn("after\n", found)
        self.assertNotIn("before\n", found)
        self.logs.put_retention_policy(logGroupName="/shared", retentionInDays=7)

    def test_aws_logs_tail(self):
        need_aws()
        result = self.invoke("print", {"lines": ["for the CLI"]})
        tail = self.dynlog.run(AWS, "logs", "tail", result["group"], "--since", "1h", "--endpoint-url",
                               self.dynlog.endpoint).stdout
        self.assertIn("%s for the CLI" % result["stream"], tail)
        self.assertIn("%s END RequestId: %s" % (result["stream"], result["id"]), tail)
        following = self.dynlog.spawn_beside(AWS, "logs", "tail", result["group"], "--follow", "--since", "1h",
                                             "--endpoint-url", self.dynlog.endpoint, PYTHONUNBUFFERED="1")
        self.addCleanup(following.end, signal.SIGKILL)
        following.out.wait("for the CLI")
        self.invoke("print", {"lines": ["followed"]})
        following.out.wait("followed")

    # ---- the commands ----

    def test_invoke(self):
        run = self.dynlog.command("invoke", "print", "--data", '{"lines":["printed"]}', "--tail")
        result = json.loads(run.stdout)
        self.assertEqual((0, group_of("print")), (run.returncode, result["group"]))
        self.assertRegex(run.stderr, "^START RequestId: %s (.|\n)*\nprinted\nEND RequestId: " % result["id"])
        run = self.dynlog.command("invoke", "app-local-print", "--data", "-", text='{"lines":["from stdin"]}')
        self.assertEqual((0, ""), (run.returncode, run.stderr))
        self.dynlog.write("event.json", '{"lines":["from a file"]}')
        run = self.dynlog.command("invoke", "print", "-d", "@event.json")
        self.assertEqual(0, run.returncode, run.stderr)
        run = self.dynlog.command("invoke", "fail")
        self.assertEqual((1, ""), (run.returncode, run.stderr))
        self.assertEqual("as it should", json.loads(run.stdout)["errorMessage"])
        run = self.dynlog.command("invoke", "print", "--event", "-d", '{"lines":["queued"]}')
        self.assertEqual({"function": "app-local-print", "status": 202}, json.loads(run.stdout))
        self.dynlog.drain()
        text = " ".join(event["message"] for event in self.logs.filter_log_events(logGroupName=group_of("print"))["events"])
        for line in ("from stdin", "from a file", "queued"):
            self.assertIn(line, text)

    def test_invoke_wrongly(self):
        for arguments, status, words in (
                (["nothing"], 1, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nothing"),
                (["print", "-d", "{"], 2, "The event is no JSON"),
                (["print", "-d", "@none.json"], 2, "none.json can't be read"),
                (["print", "--event", "--tail"], 2, "--event waits for none"),
                ([], 2, "FUNCTION")):
            run = self.dynlog.command("invoke", *arguments)
            self.assertEqual((status, ""), (run.returncode, run.stdout), run.stderr)
            self.assertIn(words, run.stderr)

    def lines(self, *arguments):
        run = self.dynlog.command("logs", *arguments)
        self.assertEqual((0, ""), (run.returncode, run.stderr))
        return [json.loads(line) for line in run.stdout.splitlines()]

    def test_logs(self):
        result = self.invoke("second-print", {"lines": ["alpha", "beta ERROR"]})
        found = self.lines("second-print")
        self.assertEqual(["time", "group", "stream", "message", "id"], list(found[0]))
        own = [line["message"] for line in found if line["stream"] == result["stream"]]
        self.assertLess(own.index("START RequestId: %s Version: $LATEST\n" % result["id"]), own.index("alpha\n"))
        self.assertEqual(["beta ERROR\n"], [line["message"] for line in self.lines("second-print", "--filter", "ERROR")])
        self.assertEqual([], self.lines(group_of("second-print"), "--since", "2100-01-01T00:00:00Z"))
        self.assertEqual(found, self.lines("arn:aws:lambda:us-east-1:000000000000:function:app-local-second-print"))

    def test_logs_wrongly(self):
        for arguments, status, words in ((["print2"], 1, "There is no log group /aws/lambda/print2"),
                                         (["print", "--since", "yesterday"], 2, "--since needs a duration or a time"),
                                         (["print", "--filter", "{"], 1, "InvalidParameterException")):
            run = self.dynlog.command("logs", *arguments)
            self.assertEqual((status, ""), (run.returncode, run.stdout), run.stderr)
            self.assertIn(words, run.stderr)

    def test_following(self):
        """New events once each, until Ctrl-C; also of a function that has printed nothing yet."""
        self.invoke("print", {"lines": ["there before"]})
        following = self.dynlog.spawn_beside(PROGRAM, "logs", "print", "--follow")
        self.addCleanup(following.end, signal.SIGKILL)
        following.out.wait("there before")
        for n in range(3):
            self.invoke("print", {"lines": ["new %d" % n]})
            following.out.wait("new %d" % n)
        self.assertEqual(0, following.end(signal.SIGINT))
        found = [json.loads(line)["id"] for line in following.out.text().splitlines()]
        self.assertEqual(len(found), len(set(found)))


class Life(unittest.TestCase):
    def test_kill_and_stop(self):
        """A stop loses no line; after kill -9 what drain saw is there."""
        dynlog = Dynlog(FILES)
        self.addCleanup(dynlog.remove)
        dynlog.start()
        for n, end in enumerate(("stop", "kill")):
            answer = dynlog.client("lambda").invoke(FunctionName="app-local-print",
                                                    Payload=json.dumps({"lines": ["line %d" % n]}))
            stream = json.loads(answer["Payload"].read())["stream"]
            if end == "kill":
                dynlog.drain()
                dynlog.kill()
            else:
                dynlog.stop()
            dynlog.start()
            found = dynlog.client("logs").get_log_events(logGroupName=group_of("print"), logStreamName=stream,
                                                         startFromHead=True)["events"]
            self.assertIn("line %d\n" % n, [event["message"] for event in found])
        dynlog.stop()

    def test_retention(self):
        """By the clock that a test moves; events have its times."""
        dynlog = Dynlog(FILES, ["--clock", "manual=2026-01-31T09:30:00Z", "--memory"])
        self.addCleanup(dynlog.remove)
        dynlog.start()
        lambda_, logs = dynlog.client("lambda"), dynlog.client("logs")
        lambda_.invoke(FunctionName="app-local-print", Payload=b'{"lines":["old"]}')
        dynlog.drain()
        found = logs.filter_log_events(logGroupName=group_of("print"), filterPattern="old")["events"]
        self.assertEqual([1769851800000], [event["timestamp"] for event in found])
        run = dynlog.command("logs", "print", "--since", "1m", "--filter", "old")
        self.assertEqual(1, len(run.stdout.splitlines()), run.stderr)
        dynlog.advance("8d")
        self.assertEqual([], logs.filter_log_events(logGroupName=group_of("print"))["events"])
        dynlog.stop()
