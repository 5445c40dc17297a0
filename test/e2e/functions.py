"""Functions: invoked by name, with Node.js and Python handlers, what they get and what they answer when they
fail; with boto3, the AWS CLI and the SDK of Node.js."""

import base64
import concurrent.futures
import json
import socket
import unittest

from support.case import Case, n, s

STACK = """
service: app
provider:
  name: aws
  runtime: nodejs20.x
  timeout: 5
  environment:
    COMMON: common
functions:
  node:
    handler: node.handler
    memorySize: 256
    environment: {OWN: own}
  python:
    handler: handlers.handle
    runtime: python3.11
    environment: {OWN: own}
  broken:
    handler: broken.handler
  missing:
    handler: node.nothing
  brokenPython:
    handler: broken_python.handle
    runtime: python3.11
  slow:
    handler: node.handler
    timeout: 1
  slowPython:
    handler: handlers.handle
    runtime: python3.11
    timeout: 1
  single:
    handler: node.handler
    reservedConcurrency: 1
  none:
    handler: node.handler
    reservedConcurrency: 0
  left:
    handler: node.handler
  failing:
    handler: node.handler
    maximumRetryAttempts: 1
    destinations: {onFailure: failed, onSuccess: node}
  failed:
    handler: handlers.record
    runtime: python3.11
  fromStream:
    handler: handlers.record
    runtime: python3.11
    events:
      - stream:
          type: dynamodb
          arn: !GetAtt table.StreamArn
          batchSize: 3
          startingPosition: TRIM_HORIZON
  held:
    handler: held.handler
    events:
      - stream: {type: dynamodb, arn: !GetAtt held.StreamArn, batchSize: 1}
custom:
  serverless-offline-aws-eventbridge: {retryDelayMs: 10}
resources:
  Resources:
    table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: ${self:service}-table
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: NEW_IMAGE}
    held:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: ${self:service}-held
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: KEYS_ONLY}
"""

NODE = """
const fs = require('fs')
let calls = 0

exports.handler = async (event, context) => {
  calls++
  switch (event?.do) {
    case 'environment': return process.env
    case 'context': return { ...context, remaining: context.getRemainingTimeInMillis() }
    case 'throw': { const error = new TypeError('that went wrong'); throw error }
    case 'throw text': throw 'only text'
    case 'exit': process.exit(3)
    case 'never': return new Promise(() => { setInterval(() => {}, 1000) })
    case 'print': console.log('to stdout'); console.error('to stderr\\nsecond line'); return null
    case 'write': fs.appendFileSync(event.file ?? 'calls.jsonl', JSON.stringify(event) + '\\n'); return null
    case 'calls': return { calls, pid: process.pid }
    case 'wait': // until the file is there
      fs.appendFileSync('waiting', 'x')
      await new Promise(resolve => {
        const look = () => fs.existsSync(event.file) && resolve(watcher.close())
        const watcher = fs.watch('.', look)
        look()
      })
      return process.pid
    default: return event
  }
}
"""

PYTHON = """
import json, os, sys, threading

def handle(event, context):
    what = event.get("do") if isinstance(event, dict) else None
    if what == "environment":
        return dict(os.environ)
    if what == "context":
        return {"name": context.function_name, "version": context.function_version, "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb, "id": context.aws_request_id, "group": context.log_group_name,
                "stream": context.log_stream_name, "remaining": context.get_remaining_time_in_millis()}
    if what == "throw":
        raise KeyError("that went wrong")
    if what == "exit":
        os._exit(3)
    if what == "never":
        threading.Event().wait()
    if what == "print":
        print("to stdout")
        print("to stderr", file=sys.stderr)
    return event

def record(event, context):
    with open("recorded.jsonl", "a") as file:
        file.write(json.dumps(event) + "\\n")
"""

HELD = """
const node = require('./node.js')

exports.handler = (event, context) => node.handler({ do: 'wait', file: 'held-no-more' }, context)
"""

FILES = {"serverless.yml": STACK, "node.js": NODE, "held.js": HELD, "handlers.py": PYTHON, "broken.js": "exports.handler = (",
         "broken_python.py": "def handle(:"}


class Functions(Case):
    files = FILES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.functions = cls.dynlog.client("lambda", endpoint="http://127.0.0.1:%d" % cls.dynlog.lambda_port)

    def invoke(self, name, event=None, **more):
        answer = self.functions.invoke(FunctionName="app-local-" + name, Payload=json.dumps(event or {}), **more)
        return answer, json.loads(answer["Payload"].read() or "null")

    def recorded(self, name="recorded.jsonl"):
        self.dynlog.drain()
        try:
            with open(self.dynlog.path(name), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def test_list_and_describe(self):
        functions = {function["FunctionName"]: function for function in self.functions.list_functions()["Functions"]}
        self.assertEqual({"app-local-" + name for name in (
            "node", "python", "broken", "missing", "brokenPython", "slow", "slowPython", "single", "none", "left",
            "failing", "failed", "fromStream", "held")}, set(functions))
        node = functions["app-local-node"]
        self.assertEqual(("nodejs20.x", "node.handler", 256, 5),
                         (node["Runtime"], node["Handler"], node["MemorySize"], node["Timeout"]))
        self.assertEqual({"COMMON": "common", "OWN": "own"}, node["Environment"]["Variables"])
        self.assertEqual(node["FunctionArn"], self.functions.get_function(
            FunctionName="app-local-node")["Configuration"]["FunctionArn"])
        self.assertEqual(1, self.functions.get_function_configuration(FunctionName="app-local-slow")["Timeout"])
        self.refused("ResourceNotFoundException", None, self.functions.get_function, FunctionName="nobody")

    def test_what_is_given_comes_back(self):
        for name in ("node", "python"):
            for event in ({"a": [1, 2.5, None, True, "å😀"]}, [], "text", 7, None, {"big": "x" * 200000}):
                answer = self.functions.invoke(FunctionName="app-local-" + name, Payload=json.dumps(event))
                self.assertEqual((200, "$LATEST"), (answer["StatusCode"], answer["ExecutedVersion"]))
                self.assertNotIn("FunctionError", answer)
                self.assertEqual(event, json.loads(answer["Payload"].read()), name)

    def test_by_arn(self):
        arn = self.functions.get_function_configuration(FunctionName="app-local-node")["FunctionArn"]
        answer = self.functions.invoke(FunctionName=arn, Payload="{}")
        self.assertEqual(200, answer["StatusCode"])

    def test_environment(self):
        for name, runtime in (("node", "nodejs"), ("python", "python")):
            _, env = self.invoke(name, {"do": "environment"})
            self.assertEqual(("own", "common", "true"), (env["OWN"], env["COMMON"], env["IS_OFFLINE"]))
            self.assertEqual(("app-local-" + name, "$LATEST", "us-east-1"),
                             (env["AWS_LAMBDA_FUNCTION_NAME"], env["AWS_LAMBDA_FUNCTION_VERSION"], env["AWS_REGION"]))
            self.assertIn(runtime, env["AWS_EXECUTION_ENV"].lower())
            self.assertEqual(self.dynlog.endpoint, env["AWS_ENDPOINT_URL"])
            self.assertEqual("/aws/lambda/app-local-" + name, env["AWS_LAMBDA_LOG_GROUP_NAME"])
            self.assertTrue(env["AWS_ACCESS_KEY_ID"])
            self.assertNotIn("ASAN_OPTIONS", env)

    def test_context(self):
        answer, context = self.invoke("node", {"do": "context"})
        request_id = answer["ResponseMetadata"]["RequestId"]
        self.assertEqual(("app-local-node", "$LATEST", request_id, "/aws/lambda/app-local-node"),
                         (context["functionName"], context["functionVersion"], context["awsRequestId"],
                          context["logGroupName"]))
        self.assertEqual("256", str(context["memoryLimitInMB"]))
        self.assertTrue(context["invokedFunctionArn"].endswith(":function:app-local-node"))
        self.assertTrue(0 < context["remaining"] <= 5000, context["remaining"])
        answer, context = self.invoke("python", {"do": "context"})
        self.assertEqual(("app-local-python", answer["ResponseMetadata"]["RequestId"]),
                         (context["name"], context["id"]))
        self.assertTrue(0 < context["remaining"] <= 5000, context["remaining"])

    def test_client_context(self):
        context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
        _, answer = self.invoke("node", {"do": "context"}, ClientContext=context)
        self.assertEqual({"a": "b"}, answer["clientContext"]["custom"])
        for wrong in (b"%%%", base64.b64encode(b"{"), base64.b64encode(b"[]"), base64.b64encode(b'"text"')):
            answer = self.refused("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.",
                                  self.functions.invoke, FunctionName="app-local-node", ClientContext=wrong.decode())
            self.assertEqual(400, answer["ResponseMetadata"]["HTTPStatusCode"])
        largest = base64.b64encode(b'{"a": "%s"}' % (b"x" * 2675)).decode()  # 3,580 of 3,583
        self.invoke("node", {"do": "context"}, ClientContext=largest)
        self.refused("InvalidRequestContentException", "Client context must not be larger than 3583 bytes.",
                     self.functions.invoke, FunctionName="app-local-node", ClientContext=largest + "AAAA")

    def test_an_error(self):
        answer, error = self.invoke("node", {"do": "throw"})
        self.assertEqual((200, "Unhandled"), (answer["StatusCode"], answer["FunctionError"]))
        self.assertEqual(("TypeError", "that went wrong"), (error["errorType"], error["errorMessage"]))
        self.assertEqual("TypeError: that went wrong", error["trace"][0])
        self.assertIn("node.js", error["trace"][1])
        answer, error = self.invoke("python", {"do": "throw"})
        self.assertEqual(("Unhandled", "KeyError", "'that went wrong'"),
                         (answer["FunctionError"], error["errorType"], error["errorMessage"]))
        self.assertIn("handlers.py", "".join(error["stackTrace"]))
        _, error = self.invoke("node", {"do": "throw text"})
        self.assertEqual("only text", error["errorMessage"])

    def test_the_worker_goes_on_after_an_error_and_is_warm(self):
        _, before = self.invoke("single", {"do": "calls"})
        self.invoke("single", {"do": "throw"})
        _, after = self.invoke("single", {"do": "calls"})
        self.assertEqual((before["pid"], before["calls"] + 2), (after["pid"], after["calls"]))

    def test_a_crash(self):
        for name in ("node", "python"):
            answer, error = self.invoke(name, {"do": "exit"})
            self.assertEqual(("Unhandled", "Runtime.ExitError"), (answer["FunctionError"], error["errorType"]))
            self.assertRegex(error["errorMessage"],
                             r"^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$")
            self.assertEqual({"x": 1}, self.invoke(name, {"x": 1})[1])

    def test_a_timeout(self):
        for name in ("slow", "slowPython"):
            answer, error = self.invoke(name, {"do": "never"})
            self.assertEqual("Unhandled", answer["FunctionError"])
            self.assertRegex(error["errorMessage"], r"Task timed out after 1\.00 seconds$")
            self.assertEqual({"x": 1}, self.invoke(name, {"x": 1})[1])

    def test_handlers_that_cannot_be_loaded(self):
        for name, kind in (("broken", "Runtime.UserCodeSyntaxError"), ("missing", "Runtime.HandlerNotFound"),
                           ("brokenPython", "Runtime.UserCodeSyntaxError")):
            answer, error = self.invoke(name)
            self.assertEqual(("Unhandled", kind), (answer.get("FunctionError"), error["errorType"]), error)

    def test_log_result(self):
        answer, _ = self.invoke("node", {"do": "print"}, LogType="Tail")
        log = base64.b64decode(answer["LogResult"]).decode()
        request_id = answer["ResponseMetadata"]["RequestId"]
        self.assertIn("START RequestId: %s Version: $LATEST" % request_id, log)
        self.assertIn("END RequestId: %s" % request_id, log)
        self.assertRegex(log, r"REPORT RequestId: %s\s+Duration: [\d.]+ ms\s+Billed Duration: \d+ ms\s+Memory Size: "
                              r"256 MB" % request_id)
        self.assertIn("to stdout", log)

    def test_lines_of_handlers(self):
        mark = len(self.dynlog.process.out.list)
        self.invoke("python", {"do": "print"})
        self.dynlog.process.out.wait(r"\[app-local-python\] .*to stdout", mark)
        self.dynlog.process.out.wait(r"\[app-local-python\] .*to stderr", mark)

    def test_dry_run_and_wrong_requests(self):
        self.assertEqual(204, self.functions.invoke(FunctionName="app-local-node", InvocationType="DryRun")["StatusCode"])
        answer = self.refused("ResourceNotFoundException", None, self.functions.invoke, FunctionName="nobody")
        self.assertEqual(404, answer["ResponseMetadata"]["HTTPStatusCode"])
        self.assertRegex(answer["Error"]["Message"], r"^Function not found: arn:aws:lambda:us-east-1:\d{12}:function:nobody")
        self.refused("InvalidRequestContentException", None, self.functions.invoke, FunctionName="app-local-node",
                     Payload="{not json")

    def test_async(self):
        event = {"do": "write", "how": "async"}
        answer = self.functions.invoke(FunctionName="app-local-node", InvocationType="Event", Payload=json.dumps(event))
        self.assertEqual((202, b""), (answer["StatusCode"], answer["Payload"].read()))
        status, _, _ = self.dynlog.request("POST", "/2014-11-13/functions/app-local-node/invoke-async/",
                                           json.dumps({**event, "how": "old"}), port=self.dynlog.lambda_port)
        self.assertEqual(202, status)
        self.assertEqual({"async", "old"}, {line["how"] for line in self.recorded("calls.jsonl")})

    def test_async_failure(self):
        event = {"do": "throw", "of": "destination"}
        self.functions.invoke(FunctionName="app-local-failing", InvocationType="Event", Payload=json.dumps(event))
        records = [record for record in self.recorded() if record.get("requestPayload") == event]
        self.assertEqual(1, len(records))
        record = records[0]
        self.assertEqual(("1.0", "RetriesExhausted", 2),
                         (record["version"], record["requestContext"]["condition"],
                          record["requestContext"]["approximateInvokeCount"]))
        self.assertTrue(record["requestContext"]["functionArn"].startswith("arn:aws:lambda:"))
        self.assertEqual({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
                         record["responseContext"])
        self.assertEqual(("TypeError", "that went wrong"),
                         (record["responsePayload"]["errorType"], record["responsePayload"]["errorMessage"]))

    def test_reserved_concurrency(self):
        answer = self.refused("TooManyRequestsException", None, self.functions.invoke, FunctionName="app-local-none")
        self.assertEqual(429, answer["ResponseMetadata"]["HTTPStatusCode"])
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first = pool.submit(self.invoke, "single", {"do": "wait", "file": "go-on"})
            self.dynlog.process.out.wait(r"\[app-local-single\] START", self.mark_of("single"))
            self.refused("TooManyRequestsException", None, self.functions.invoke, FunctionName="app-local-single")
            self.dynlog.write("go-on", "")
            self.assertNotIn("FunctionError", first.result()[0])

    def leave(self, name, event):
        """A connection that has invoked, and does not wait for the answer."""
        body = json.dumps(event)
        caller = socket.create_connection(("127.0.0.1", self.dynlog.lambda_port), timeout=60)
        caller.sendall(("POST /2015-03-31/functions/app-local-%s/invocations HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Length: %d\r\n\r\n%s" % (name, len(body), body)).encode())
        return caller

    def test_a_caller_that_goes_away_stops_nothing(self):
        mark = self.mark_of("left")
        self.leave("left", {"do": "write", "file": "left.jsonl"}).close()
        _, mark = self.dynlog.process.out.wait(r"\[app-local-left\] REPORT", mark)
        caller = self.leave("left", {"do": "wait", "file": "caller-gone"})
        _, mark = self.dynlog.process.out.wait(r"\[app-local-left\] START", mark)
        caller.close()
        self.dynlog.write("caller-gone", "")
        report, _ = self.dynlog.process.out.wait(r"\[app-local-left\] REPORT", mark)
        self.assertNotIn("Status:", report.string)  # neither an error nor a time-out
        self.assertEqual(1, len(self.recorded("left.jsonl")))

    def mark_of(self, name):
        """Where the lines of this function's next invocation begin."""
        lines = self.dynlog.process.out.list
        ends = [at for at, line in enumerate(lines) if "[app-local-%s] REPORT" % name in line]
        return ends[-1] + 1 if ends else 0

    def test_side_by_side(self):
        mark = len(self.dynlog.process.out.list)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            calls = [pool.submit(self.invoke, "node", {"do": "wait", "file": "all-here"}) for _ in range(3)]
            for _ in calls:  # when all three have begun, each in a worker of its own
                mark = self.dynlog.process.out.wait(r"\[app-local-node\] START", mark)[1] + 1
            self.dynlog.write("all-here", "")
            self.assertEqual(3, len({call.result()[1] for call in calls}))

    def test_event_source_mapping(self):
        mappings = self.functions.list_event_source_mappings(FunctionName="app-local-fromStream")["EventSourceMappings"]
        self.assertEqual((1, 3, "Enabled", "TRIM_HORIZON"),
                         (len(mappings), mappings[0]["BatchSize"], mappings[0]["State"], mappings[0]["StartingPosition"]))
        for i in range(7):
            self.dynamodb.put_item(TableName="app-table", Item={"pk": s("same"), "v": n(i)})
        batches = [event["Records"] for event in self.recorded() if "Records" in event]
        records = [record for batch in batches for record in batch]
        self.assertEqual([str(i) for i in range(7)], [record["dynamodb"]["NewImage"]["v"]["N"] for record in records])
        self.assertLessEqual(max(map(len, batches)), 3)
        record = records[0]
        arn = self.dynamodb.describe_table(TableName="app-table")["Table"]["LatestStreamArn"]
        self.assertEqual(("INSERT", "aws:dynamodb", arn, {"pk": {"S": "same"}}),
                         (record["eventName"], record["eventSource"], record["eventSourceARN"],
                          record["dynamodb"]["Keys"]))

    def test_records_on_their_way_are_counted(self):
        before = self.dynlog.status()["inFlight"]["records"]
        mark = self.mark_of("held")
        for i in range(3):
            self.dynamodb.put_item(TableName="app-held", Item={"pk": s("a%d" % i)})
        self.dynlog.process.out.wait(r"\[app-local-held\] START", mark)
        in_flight = self.dynlog.status()["inFlight"]
        self.assertEqual((before + 3, False), (in_flight["records"], in_flight["moreRecords"]))
        waiting = self.dynlog.command("drain", "--timeout", "1")
        self.assertEqual(5, waiting.returncode)
        self.assertIn("%d records on their way, 1 invocation running." % (before + 3), waiting.stderr)
        self.dynlog.write("held-no-more", "")
        self.dynlog.drain()
        self.assertEqual(0, self.dynlog.status()["inFlight"]["records"])

    def test_node_sdk(self):
        self.dynlog.node("lambda.mjs", "app-local-node", "app-local-python")

    def test_aws_cli(self):
        result = self.dynlog.aws("lambda", "invoke", "--function-name", "app-local-python", "--cli-binary-format",
                                 "raw-in-base64-out", "--payload", '{"from": "cli"}', "answer.json")
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual({"StatusCode": 200, "ExecutedVersion": "$LATEST"}, json.loads(result.stdout))
        with open(self.dynlog.path("answer.json"), encoding="utf-8") as file:
            self.assertEqual({"from": "cli"}, json.load(file))


if __name__ == "__main__":
    unittest.main()
