"""Functions that clients make: zips of every runtime, code and settings that change, versions, aliases, waiters,
concurrency, destinations, permissions, tags; with boto3, Debian's CLI and the SDK for JavaScript; over kill -9."""

import base64
import hashlib
import io
import json
import os
import random
import stat
import threading
import zipfile

from support.case import Case
from support.server import need_aws

ROLE = "arn:aws:iam::000000000000:role/any"
NODE_ESM = "export const handler = async (event, context) => ({ esm: event, version: context.functionVersion, " \
           "arn: context.invokedFunctionArn });"
NODE_COMMON = "exports.handler = (event, context, callback) => callback(null, { common: event });"
PYTHON = """import os
def handle(event, context):
    return {"python": event, "version": context.function_version, "value": os.environ.get("VALUE"),
            "folder": sorted(os.listdir(os.environ["LAMBDA_TASK_ROOT"]))}
"""
# A program that speaks the Runtime API by itself; any language would do.
BOOTSTRAP = """#!/usr/bin/env python3
import json, os, urllib.request
base = "http://%s/2018-06-01/runtime/" % os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    with urllib.request.urlopen(base + "invocation/next") as answer:
        request, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], json.load(answer)
    body = json.dumps({"provided": event, "handler": os.environ["_HANDLER"]}).encode()
    urllib.request.urlopen(urllib.request.Request(base + "invocation/%s/response" % request, body)).close()
"""


def zipped(files):
    """name -> text, or (text, mode)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            text, mode = content if isinstance(content, tuple) else (content, 0o644)
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(info, text)
    return out.getvalue()


def python_zip(text):
    return zipped({"main.py": "def handle(event, context):\n    return %r\n" % text})


class Functions(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.functions = cls.dynlog.client("lambda")

    def create(self, name, code, runtime="python3.11", handler="main.handle", **more):
        return self.functions.create_function(FunctionName=name, Runtime=runtime, Role=ROLE, Handler=handler,
                                              Code={"ZipFile": code}, **more)

    def invoke(self, name, event=None, **more):
        answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event), **more)
        result = json.load(answer["Payload"])
        self.assertNotIn("FunctionError", answer, result)
        return result, answer["ExecutedVersion"]

    # ---- runtimes ----

    def test_node(self):
        self.create("esm", zipped({"index.mjs": NODE_ESM}), "nodejs20.x", "index.handler")
        self.functions.get_waiter("function_active_v2").wait(FunctionName="esm")
        self.assertEqual(({"esm": {"a": 1}, "version": "$LATEST",
                           "arn": "arn:aws:lambda:us-east-1:000000000000:function:esm"}, "$LATEST"),
                         self.invoke("esm", {"a": 1}))
        self.create("common", zipped({"lib/index.js": NODE_COMMON}), "nodejs20.x", "lib/index.handler")
        self.assertEqual({"common": [1]}, self.invoke("common", [1])[0])

    def test_python(self):
        made = self.create("python", zipped({"main.py": PYTHON, "package/__init__.py": ""}),
                           Environment={"Variables": {"VALUE": "v"}}, MemorySize=256, Timeout=7)
        self.assertEqual((256, 7, "Active", "Successful"), (made["MemorySize"], made["Timeout"], made["State"],
                                                            made["LastUpdateStatus"]))
        self.assertEqual({"python": None, "version": "$LATEST", "value": "v", "folder": ["main.py", "package"]},
                         {**self.invoke("python")[0], "folder": ["main.py", "package"]})

    def test_provided(self):
        self.create("provided", zipped({"bootstrap": (BOOTSTRAP, 0o755)}), "provided.al2023", "any.thing")
        self.assertEqual({"provided": {"a": [1]}, "handler": "any.thing"}, self.invoke("provided", {"a": [1]})[0])

    def test_large_zip(self):
        noise = base64.b64encode(random.Random(1).randbytes(15 * 1024 * 1024)).decode()
        code = zipped({"main.py": PYTHON, "noise": noise})
        self.assertGreater(len(code), 14 * 1024 * 1024)
        made = self.create("large", code)
        self.assertEqual(len(code), made["CodeSize"])
        self.assertIn("noise", self.invoke("large")[0]["folder"])

    # ---- code ----

    def test_update_code(self):
        first, second = python_zip("first"), python_zip("second")
        made = self.create("updated", first)
        self.assertEqual(base64.b64encode(hashlib.sha256(first).digest()).decode(), made["CodeSha256"])
        self.assertEqual("first", self.invoke("updated")[0])
        dry = self.functions.update_function_code(FunctionName="updated", ZipFile=second, DryRun=True)
        self.assertEqual(base64.b64encode(hashlib.sha256(second).digest()).decode(), dry["CodeSha256"])
        self.assertEqual("first", self.invoke("updated")[0])
        self.refused("PreconditionFailedException", None, self.functions.update_function_code,
                     FunctionName="updated", ZipFile=second, RevisionId="other")
        changed = self.functions.update_function_code(FunctionName="updated", ZipFile=second,
                                                      RevisionId=made["RevisionId"])
        self.functions.get_waiter("function_updated_v2").wait(FunctionName="updated")
        self.assertNotEqual(made["RevisionId"], changed["RevisionId"])
        self.assertEqual("second", self.invoke("updated")[0])

    def test_configuration(self):
        made = self.create("configured", zipped({"main.py": PYTHON}))
        self.assertIsNone(self.invoke("configured")[0]["value"])
        changed = self.functions.update_function_configuration(
            FunctionName="configured", Environment={"Variables": {"VALUE": "new"}}, Description="d",
            VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}, TracingConfig={"Mode": "Active"})
        self.assertEqual(["subnet-1"], changed["VpcConfig"]["SubnetIds"])
        self.assertEqual(("d", 3, made["CodeSha256"]), (changed["Description"], changed["Timeout"],
                                                        changed["CodeSha256"]))
        self.assertEqual("new", self.invoke("configured")[0]["value"])
        self.refused("InvalidParameterValueException", None, self.functions.update_function_configuration,
                     FunctionName="configured", Environment={"Variables": {"AWS_REGION": "x"}})

    def test_hostile_zips(self):
        for name, code in (("none", b"no zip"), ("empty", zipped({})), ("outside", zipped({"../x.py": ""})),
                           ("absolute", zipped({"/x.py": ""}))):
            self.refused("InvalidParameterValueException", None, self.create, "hostile-" + name, code)
            self.refused("ResourceNotFoundException", None, self.functions.get_function,
                         FunctionName="hostile-" + name)
        self.assertFalse([name for name in os.listdir(self.dynlog.path(".dynlog", "functions"))
                          if name.startswith("new-")])

    def test_code_goes(self):
        folder = self.dynlog.path(".dynlog", "functions")
        code = python_zip("goes")
        name = hashlib.sha256(code).hexdigest()
        self.create("goes", code)
        self.create("goes-too", code)
        self.assertEqual("goes", self.invoke("goes")[0])
        self.functions.delete_function(FunctionName="goes")
        self.assertIn(name, os.listdir(folder))
        self.assertEqual("goes", self.invoke("goes-too")[0])
        self.functions.delete_function(FunctionName="goes-too")
        self.create("goes-after", python_zip("after"))  # code is taken and removed one after the other
        self.create("goes-later", python_zip("later"))
        self.assertNotIn(name, os.listdir(folder))

    # ---- versions and aliases ----

    def test_versions(self):
        self.create("versioned", python_zip("one"), Publish=True)
        self.functions.update_function_code(FunctionName="versioned", ZipFile=python_zip("two"))
        again = self.functions.publish_version(FunctionName="versioned", Description="the second")
        self.assertEqual(("2", "the second"), (again["Version"], again["Description"]))
        self.assertEqual("2", self.functions.publish_version(FunctionName="versioned")["Version"])  # nothing new
        self.functions.update_function_code(FunctionName="versioned", ZipFile=python_zip("three"))
        self.assertEqual([("one", "1"), ("two", "2"), ("three", "$LATEST"), ("three", "$LATEST")],
                         [self.invoke("versioned", Qualifier="1"), self.invoke("versioned:2"),
                          self.invoke("versioned", Qualifier="$LATEST"), self.invoke("versioned")])
        self.assertEqual(["$LATEST", "1", "2"], [version["Version"] for version in
                         self.functions.list_versions_by_function(FunctionName="versioned")["Versions"]])
        self.functions.create_alias(FunctionName="versioned", Name="live", FunctionVersion="1")
        self.refused("ResourceConflictException", None, self.functions.delete_function,
                     FunctionName="versioned", Qualifier="1")
        self.assertEqual(("one", "1"), self.invoke("versioned", Qualifier="live"))
        moved = self.functions.update_alias(FunctionName="versioned", Name="live", FunctionVersion="2")
        self.assertEqual(("two", "2"), self.invoke(moved["AliasArn"]))
        self.functions.delete_function(FunctionName="versioned", Qualifier="1")
        self.refused("ResourceNotFoundException",
                     "Function not found: arn:aws:lambda:us-east-1:000000000000:function:versioned:1",
                     self.functions.invoke, FunctionName="versioned", Qualifier="1")
        self.functions.delete_alias(FunctionName="versioned", Name="live")
        self.refused("ResourceNotFoundException", None, self.functions.get_alias, FunctionName="versioned",
                     Name="live")

    def test_weights(self):
        self.create("weighted", python_zip("one"), Publish=True)
        self.functions.update_function_code(FunctionName="weighted", ZipFile=python_zip("two"), Publish=True)
        self.functions.create_alias(FunctionName="weighted", Name="both", FunctionVersion="1",
                                    RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
        seen = {self.invoke("weighted:both")[1] for _ in range(40)}
        self.assertEqual({"1", "2"}, seen)  # neither in 40: one in 10^12
        self.functions.update_alias(FunctionName="weighted", Name="both",
                                    RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
        self.assertEqual({"2"}, {self.invoke("weighted:both")[1] for _ in range(5)})

    # ---- invocations ----

    def test_concurrency(self):
        self.create("throttled", python_zip("ran"))
        self.functions.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
        self.assertEqual(0, self.functions.get_function_concurrency(
            FunctionName="throttled")["ReservedConcurrentExecutions"])
        answer = self.refused("TooManyRequestsException", None, self.functions.invoke, FunctionName="throttled")
        self.assertEqual("ReservedFunctionConcurrentInvocationLimitExceeded", answer["Reason"])
        self.functions.delete_function_concurrency(FunctionName="throttled")
        self.assertEqual("ran", self.invoke("throttled")[0])

    def test_destinations(self):
        queues = self.dynlog.client("sqs")
        url = queues.create_queue(QueueName="ends")["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:000000000000:ends"
        self.create("told", python_zip("fine"), Publish=True)
        self.functions.create_alias(FunctionName="told", Name="live", FunctionVersion="1")
        set_to = self.functions.put_function_event_invoke_config(
            FunctionName="told", Qualifier="live", MaximumRetryAttempts=0,
            DestinationConfig={"OnSuccess": {"Destination": arn}})
        self.assertEqual((0, {"OnSuccess": {"Destination": arn}, "OnFailure": {}}),
                         (set_to["MaximumRetryAttempts"], set_to["DestinationConfig"]))
        self.functions.invoke(FunctionName="told", Qualifier="live", InvocationType="Event", Payload=b'{"a":1}')
        record = json.loads(queues.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]["Body"])
        self.assertTrue(record["requestContext"]["functionArn"].endswith(":told:live"), record)
        self.assertEqual(("1", "fine", {"a": 1}), (record["responseContext"]["executedVersion"],
                                                   record["responsePayload"], record["requestPayload"]))
        self.refused("InvalidParameterValueException", None, self.functions.put_function_event_invoke_config,
                     FunctionName="told",
                     DestinationConfig={"OnFailure": {"Destination": "arn:aws:sns:us-east-1:000000000000:t"}})

    def test_delete_while_it_runs(self):
        lock = self.dynlog.path("delete.lock")
        os.mkfifo(lock)
        handler = "def handle(event, context):\n    with open(%r) as file:\n        return file.read()\n" % lock
        self.create("deleted", zipped({"main.py": handler}), Timeout=60)
        results = []
        thread = threading.Thread(target=lambda: results.append(self.invoke("deleted")))
        thread.start()
        with open(lock, "w", encoding="utf-8") as writer:  # opens when the handler reads
            self.functions.delete_function(FunctionName="deleted")
            self.refused("ResourceNotFoundException", None, self.functions.invoke, FunctionName="deleted")
            writer.write("to its end")
        thread.join()
        self.assertEqual([("to its end", "$LATEST")], results)

    def test_rule_target_with_qualifier(self):
        events, queues = self.dynlog.client("events"), self.dynlog.client("sqs")
        url = queues.create_queue(QueueName="of-alias")["QueueUrl"]
        handler = "def handle(event, context):\n    return context.function_version\n"
        self.create("target", zipped({"main.py": handler}), Publish=True)
        alias = self.functions.create_alias(FunctionName="target", Name="live", FunctionVersion="1")["AliasArn"]
        self.functions.put_function_event_invoke_config(
            FunctionName="target", Qualifier="live",
            DestinationConfig={"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:000000000000:of-alias"}})
        events.put_rule(Name="of-alias", EventPattern='{"source": ["here"]}')
        events.put_targets(Rule="of-alias", Targets=[{"Id": "1", "Arn": alias}])
        events.put_events(Entries=[{"Source": "here", "DetailType": "d", "Detail": "{}"}])
        record = json.loads(queues.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]["Body"])
        self.assertEqual("1", record["responsePayload"])

    # ---- clients ----

    def test_refused(self):
        self.create("there", python_zip("there"))
        self.refused("ResourceConflictException", "Function already exist: there", self.create, "there",
                     python_zip("there"))
        for more in ({"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:l:1"]}, {"PackageType": "Image"},
                     {"Runtime": "java21"}):
            self.refused("InvalidParameterValueException", None, self.create, "refused", python_zip("x"),
                         **{"runtime": more.pop("Runtime", "python3.11"), **more})
        for call in ("list_layers", "list_code_signing_configs"):
            self.refused("UnknownOperationException", None, getattr(self.functions, call))

    def test_permissions_and_tags(self):
        made = self.create("allowed", python_zip("x"), Tags={"a": "b"})
        arn = made["FunctionArn"]
        self.functions.add_permission(FunctionName="allowed", StatementId="rule", Action="lambda:InvokeFunction",
                                      Principal="events.amazonaws.com", SourceArn="arn:aws:events:us-east-1:"
                                      "000000000000:rule/r")
        policy = json.loads(self.functions.get_policy(FunctionName="allowed")["Policy"])
        self.assertEqual([{"Sid": "rule", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                           "Action": "lambda:InvokeFunction", "Resource": arn, "Condition": {"ArnLike": {
                               "AWS:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/r"}}}],
                         policy["Statement"])
        self.functions.remove_permission(FunctionName="allowed", StatementId="rule")
        self.refused("ResourceNotFoundException", "The resource you requested does not exist.",
                     self.functions.get_policy, FunctionName="allowed")
        self.functions.tag_resource(Resource=arn, Tags={"c": "d"})
        self.functions.untag_resource(Resource=arn, TagKeys=["a"])
        self.assertEqual({"c": "d"}, self.functions.list_tags(Resource=arn)["Tags"])
        self.assertEqual({"c": "d"}, self.functions.get_function(FunctionName="allowed")["Tags"])

    def test_cli(self):
        need_aws()

        def aws(*arguments):
            result = self.dynlog.aws("lambda", *arguments)
            self.assertEqual(0, result.returncode, result.stderr)
            return json.loads(result.stdout) if result.stdout.strip() else None

        with open(self.dynlog.path("cli.zip"), "wb") as file:
            file.write(zipped({"main.py": PYTHON}))
        made = aws("create-function", "--function-name", "cli", "--runtime", "python3.11", "--role", ROLE,
                   "--handler", "main.handle", "--zip-file", "fileb://" + self.dynlog.path("cli.zip"))
        self.assertEqual("cli", made["FunctionName"])
        for waiter in ("function-exists", "function-active", "function-active-v2", "function-updated",
                       "function-updated-v2"):
            aws("wait", waiter, "--function-name", "cli")
        aws("invoke", "--function-name", "cli", "--payload", base64.b64encode(b'{"a":1}').decode(),
            self.dynlog.path("cli.out")) if self.is_version_2() else \
            aws("invoke", "--function-name", "cli", "--payload", '{"a":1}', self.dynlog.path("cli.out"))
        with open(self.dynlog.path("cli.out"), encoding="utf-8") as file:
            self.assertEqual({"a": 1}, json.load(file)["python"])
        self.assertEqual("1", aws("publish-version", "--function-name", "cli")["Version"])
        aws("create-alias", "--function-name", "cli", "--name", "live", "--function-version", "1")
        self.assertEqual(["live"], [alias["Name"] for alias in
                                    aws("list-aliases", "--function-name", "cli")["Aliases"]])
        self.assertIn("cli", [f["FunctionName"] for f in aws("list-functions")["Functions"]])
        self.assertEqual(1000, aws("get-account-settings")["AccountLimit"]["ConcurrentExecutions"])
        aws("delete-function", "--function-name", "cli")
        self.assertNotEqual(0, self.dynlog.aws("lambda", "get-function", "--function-name", "cli").returncode)

    def is_version_2(self):
        return "aws-cli/2" in self.dynlog.aws("--version").stdout

    def test_sdk_for_javascript(self):
        with open(self.dynlog.path("sdk.zip"), "wb") as file:
            file.write(zipped({"index.mjs": NODE_ESM}))
        self.dynlog.node("functions_api.mjs", self.dynlog.path("sdk.zip"))


class Killed(Case):
    """What was acknowledged is there after kill -9, and nothing half."""

    def test_kill(self):
        functions = self.dynlog.client("lambda")
        code = python_zip("kept")
        functions.create_function(FunctionName="kept", Runtime="python3.11", Role=ROLE, Handler="main.handle",
                                  Code={"ZipFile": code}, Publish=True, Tags={"a": "b"})
        functions.create_alias(FunctionName="kept", Name="live", FunctionVersion="1")
        functions.put_function_event_invoke_config(FunctionName="kept", MaximumRetryAttempts=1)
        functions.put_function_concurrency(FunctionName="kept", ReservedConcurrentExecutions=3)
        functions.add_permission(FunctionName="kept", StatementId="s", Action="lambda:InvokeFunction",
                                 Principal="000000000000")
        functions.update_function_configuration(FunctionName="kept", Description="changed")

        def described():
            return [functions.get_function(FunctionName="kept"), functions.get_policy(FunctionName="kept"),
                    functions.list_aliases(FunctionName="kept")["Aliases"],
                    functions.list_versions_by_function(FunctionName="kept")["Versions"],
                    functions.get_function_event_invoke_config(FunctionName="kept")]

        def plain(value):
            return json.loads(json.dumps(value, default=str), object_hook=lambda o: {
                name: member for name, member in o.items() if name != "ResponseMetadata"})

        before = plain(described())
        folder = self.dynlog.path(".dynlog", "functions")
        os.makedirs(os.path.join(folder, "new-7", "half"))  # as a death in the middle leaves it
        os.makedirs(os.path.join(folder, "f" * 64))
        self.dynlog.kill()
        self.dynlog.start()
        functions = self.dynlog.client("lambda")
        self.assertEqual(before, plain(described()))
        answer = functions.invoke(FunctionName="kept", Qualifier="live")
        self.assertEqual(b'"kept"', answer["Payload"].read())
        functions.create_function(FunctionName="next", Runtime="python3.11", Role=ROLE, Handler="main.handle",
                                  Code={"ZipFile": python_zip("next")})  # behind the removals
        self.assertEqual(sorted([hashlib.sha256(code).hexdigest(), hashlib.sha256(python_zip("next")).hexdigest()]),
                         sorted(os.listdir(folder)))

    def test_killed_at_random(self):
        """Whatever a client was told is so after the next start; what it was not told is whole or not there."""
        random_ = random.Random(7)
        known = {}
        for round_ in range(3):
            functions = self.dynlog.client("lambda")
            stop = random_.randrange(1, 12)
            for step in range(stop):
                name = "f%d" % random_.randrange(3)
                text = "%d-%d" % (round_, step)
                if name in known and random_.random() < 0.3:
                    functions.delete_function(FunctionName=name)
                    del known[name]
                elif name in known:
                    functions.update_function_code(FunctionName=name, ZipFile=python_zip(text), Publish=True)
                    known[name] = text
                else:
                    functions.create_function(FunctionName=name, Runtime="python3.11", Role=ROLE,
                                              Handler="main.handle", Code={"ZipFile": python_zip(text)})
                    known[name] = text
            self.dynlog.kill()
            self.dynlog.start()
            functions = self.dynlog.client("lambda")
            there = [f["FunctionName"] for f in functions.list_functions()["Functions"]]
            self.assertEqual(sorted(known), sorted(name for name in there if name.startswith("f")))
            for name, text in known.items():
                self.assertEqual(text, json.load(functions.invoke(FunctionName=name)["Payload"]))


class Hidden(Case):
    """A function of the stack file and one that a client made, of one name."""

    def test_file_wins(self):
        stack = "service: app\nprovider: {name: aws, runtime: python3.11}\nfunctions:\n  f:\n    name: same\n" \
                "    handler: file.handle\n"
        functions = self.dynlog.client("lambda")
        functions.create_function(FunctionName="same", Runtime="python3.11", Role=ROLE, Handler="main.handle",
                                  Code={"ZipFile": python_zip("client")})
        self.dynlog.stop()
        self.dynlog.write("serverless.yml", stack)
        self.dynlog.write("file.py", "def handle(event, context):\n    return 'file'\n")
        self.dynlog.start()
        self.dynlog.process.err.wait(r"function f hides the one of that name that a client made")
        functions = self.dynlog.client("lambda")
        self.assertEqual(b'"file"', functions.invoke(FunctionName="same")["Payload"].read())
        functions.update_function_code(FunctionName="same", ZipFile=python_zip("until the next start"))
        functions.update_function_configuration(FunctionName="same", Handler="main.handle")
        self.assertEqual(b'"until the next start"', functions.invoke(FunctionName="same")["Payload"].read())
        self.dynlog.kill()
        self.dynlog.start()
        self.assertEqual(b'"file"', self.dynlog.client("lambda").invoke(FunctionName="same")["Payload"].read())
        self.dynlog.stop()
        os.unlink(self.dynlog.path("serverless.yml"))
        self.dynlog.start()
        self.assertEqual(b'"client"', self.dynlog.client("lambda").invoke(FunctionName="same")["Payload"].read())
