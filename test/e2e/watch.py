"""`dynlog start --watch`: a change of the stack file is shown, and made, and nothing is lost."""

import json
import os
import tempfile
import unittest

from support.case import Case, n, s
from support.server import Dynlog

INDEX = {"IndexName": "iii", "KeySchema": [{"AttributeName": "mate", "KeyType": "HASH"}],
         "Projection": {"ProjectionType": "ALL"}}
BEGIN = """
service: app
provider: {name: aws, runtime: python3.11}
"""
HANDLER = """
import os

def one(event, context):
    return {"name": "one", "value": os.environ.get("VALUE")}

def two(event, context):
    return {"name": "two"}
"""


def stack(functions="", resources="    Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}"):
    text = BEGIN
    if functions:
        text += "functions:\n" + functions + "\n"
    return text + "resources:\n  Resources:\n" + resources + "\n"


def table(key="pk", *indexes):
    attributes = [key] + (["mate"] if indexes else [])
    properties = {"TableName": "tab", "BillingMode": "PAY_PER_REQUEST",
                  "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in attributes],
                  "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}]}
    if indexes:
        properties["GlobalSecondaryIndexes"] = list(indexes)
    return "    T: " + json.dumps({"Type": "AWS::DynamoDB::Table", "Properties": properties})


def function(name, **settings):
    return "  %s: %s" % (name, json.dumps({"handler": "handler.one", **settings}))


class Watch(Case):
    def start(self, text, **files):
        self.dynlog = Dynlog({"serverless.yml": text, "handler.py": HANDLER, **files}, ["--watch"]).start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop)
        self.seen = 0

    def told(self, pattern, stream="out"):
        lines = getattr(self.dynlog.process, stream)
        match, number = lines.wait(pattern, self.seen if stream == "out" else 0)
        if stream == "out":
            self.seen = number + 1
        return match

    def save(self, text, name="serverless.yml"):
        """As an editor does: a new file in the place of the old one."""
        path = self.dynlog.path(name)
        with open(path + "~", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + "~", path)

    def apply(self, text, name="serverless.yml"):
        """The lines of the plan."""
        self.save(text, name)
        begin = self.seen
        self.told(r"^serverless.yml is applied$")
        lines = self.dynlog.process.out.list[begin:self.seen - 1]
        at = max(i for i, line in enumerate(lines) if line == "serverless.yml has changed:")
        return [line.strip() for line in lines[at + 1:]]

    def queues(self):
        answer = self.dynlog.client("sqs").list_queues()
        return sorted(url.rsplit("/", 1)[1] for url in answer.get("QueueUrls", []))

    def test_what_comes_and_goes(self):
        self.start(stack())
        plan = self.apply(stack(function("f"), """
    Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
    P: {Type: AWS::SQS::Queue, Properties: {QueueName: p}}
    R: {Type: AWS::Events::Rule, Properties: {Name: r, EventPattern: {source: [x]}, Targets: [{Id: "1", Arn: !GetAtt P.Arn}]}}
"""))
        self.assertEqual(sorted(plan), ["+ function app-local-f", "+ queue p", "+ rule r"])
        self.assertEqual(self.queues(), ["p", "q"])
        self.dynlog.client("events").put_events(Entries=[{"Source": "x", "DetailType": "y", "Detail": "{}"}])
        sqs = self.dynlog.client("sqs")
        url = sqs.get_queue_url(QueueName="p")["QueueUrl"]
        self.assertEqual(len(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]), 1)
        plan = self.apply(stack())
        self.assertEqual(sorted(plan), ["- function app-local-f", "- rule r",
                                        "= queue p is not in the file any more, and stays with its data"])
        self.assertEqual(self.queues(), ["p", "q"])
        self.assertEqual([rule["Name"] for rule in self.dynlog.client("events").list_rules()["Rules"]], [])
        self.assertEqual(self.dynlog.client("lambda").list_functions()["Functions"], [])

    def test_functions_change(self):
        self.start(stack(function("f")))
        client = self.dynlog.client("lambda")

        def call():
            return json.load(client.invoke(FunctionName="app-local-f")["Payload"])

        self.assertEqual(call(), {"name": "one", "value": None})
        self.assertEqual(self.apply(stack(function("f", environment={"VALUE": "1"}, timeout=9))),
                         ["~ function app-local-f: timeout 6 -> 9, environment"])
        self.assertEqual(call(), {"name": "one", "value": "1"})
        self.assertEqual(self.apply(stack(function("f", handler="handler.two", environment={"VALUE": "1"}, timeout=9))),
                         ['~ function app-local-f: handler "handler.one" -> "handler.two"'])
        self.assertEqual(call(), {"name": "two"})

    def test_what_is_wrong_changes_nothing(self):
        self.start(stack(function("f")))
        self.save(stack(function("f", timeout="x") + "\n" + function("g")))
        self.told(r'serverless.yml:\d+:\d+: timeout: expected a whole number', "err")
        self.assertEqual(len(self.dynlog.client("lambda").list_functions()["Functions"]), 1)
        self.assertEqual(self.apply(stack(function("f") + "\n" + function("g"))), ["+ function app-local-g"])

    def test_tables_keep_their_items(self):
        self.start(stack(resources=table()))
        client = self.dynlog.client("dynamodb")
        for number in range(20):
            client.put_item(TableName="tab", Item={"pk": s(str(number)), "mate": s("o"), "n": n(number)})
        self.assertEqual(self.apply(stack(resources=table("pk", INDEX))), ["~ table tab: AttributeDefinitions, GlobalSecondaryIndexes"])
        found = client.query(TableName="tab", IndexName="iii", KeyConditionExpression="mate = :o",
                             ExpressionAttributeValues={":o": s("o")})
        self.assertEqual(found["Count"], 20)

    def test_another_key_is_refused_before_anything_is_done(self):
        self.start(stack(resources=table()))
        self.save(stack(function("f"), table("mate")))
        self.told(r"serverless.yml:\d+:\d+: T: .*other keys", "err")
        self.assertEqual(self.dynlog.client("lambda").list_functions()["Functions"], [])
        self.assertEqual(self.apply(stack(function("f"), table())), ["+ function app-local-f"])

    def test_files_that_it_brings_in(self):
        self.start(stack("  f: {handler: handler.one, environment: '${file(more.yml)}'}"),
                   **{"more.yml": "VALUE: a\n"})
        self.assertEqual(self.apply("VALUE: b\n", "more.yml"), ["~ function app-local-f: environment"])

    def test_mappings_change(self):
        events = [{"sqs": {"arn": "!Q", "batchSize": 3}}]

        def text(events):
            return stack(function("f", events=events)).replace('"!Q"', "!GetAtt Q.Arn")

        self.start(text(events))
        client = self.dynlog.client("lambda")
        first = client.list_event_source_mappings()["EventSourceMappings"][0]
        self.assertEqual(first["BatchSize"], 3)
        events[0]["sqs"]["batchSize"] = 7
        self.assertEqual(self.apply(text(events)), ["~ mapping of q to app-local-f: batchSize 3 -> 7"])
        mapping = client.list_event_source_mappings()["EventSourceMappings"][0]
        self.assertEqual((mapping["UUID"], mapping["BatchSize"]), (first["UUID"], 7))
        self.assertEqual(self.apply(text([])), ["- mapping of q to app-local-f"])
        self.dynlog.drain()
        self.assertEqual(client.list_event_source_mappings()["EventSourceMappings"], [])

    def sam(self, **settings):
        """A SAM template with a function from the folder, called by its alias, and one in the template."""
        def function(code, **more):
            return {"Type": "AWS::Serverless::Function", "Properties": {
                "Runtime": "python3.11", "AutoPublishAlias": "live", **code, **more}}

        rule = {"Rule": {"Type": "EventBridgeRule", "Properties": {"Pattern": {"source": ["x"]}}}}
        return json.dumps({
            "Transform": "AWS::Serverless-2016-10-31",
            "Parameters": {"Word": {"Type": "String", "NoEcho": True, "Default": settings.get("word", "geheim1")}},
            "Resources": {
                "T": {"Type": "AWS::DynamoDB::Table", "Properties": {
                    "TableName": "got", "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}},
                "Out": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "out"}},
                "F": function({"CodeUri": ".", "Handler": "handler.one"}, FunctionName="f",
                              Timeout=settings.get("timeout", 5), Environment={"Variables": {"VALUE": {"Ref": "Word"}}},
                              EventInvokeConfig={"DestinationConfig": {"OnSuccess": {
                                  "Type": "SQS", "Destination": {"Fn::GetAtt": ["Out", "Arn"]}}}},
                              Events=rule if settings.get("rule", True) else {}),
                "G": function({"InlineCode": "def h(event, context): return %d" % settings.get("inline", 1),
                               "Handler": "index.h"}, FunctionName="g"),
                **settings.get("more", {})}})

    def start_sam(self, **settings):
        self.dynlog = Dynlog({"template.yaml": self.sam(**settings), "handler.py": HANDLER}, ["--watch"]).start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop)
        self.seen = 0

    def apply_sam(self, **settings):
        self.save(self.sam(**settings), "template.yaml")
        begin = self.seen
        self.told(r"^template.yaml is applied$")
        lines = self.dynlog.process.out.list[begin:self.seen - 1]
        at = max(i for i, line in enumerate(lines) if line == "template.yaml has changed:")
        return [line.strip() for line in lines[at + 1:] if line.startswith("  ")]

    def start_plain(self, resources):
        text = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
        self.dynlog = Dynlog({"stack.json": text, "handler.py": HANDLER}, ["--watch", "-c", "stack.json"]).start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop)
        self.seen = 0

    def apply_plain(self, resources):
        self.save(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}), "stack.json")
        begin = self.seen
        self.told(r"^stack.json is applied$")
        lines = self.dynlog.process.out.list[begin:self.seen - 1]
        at = max(i for i, line in enumerate(lines) if line == "stack.json has changed:")
        return sorted(line.strip() for line in lines[at + 1:] if line.startswith("  "))

    def test_plain_cloudformation(self):
        """Each resource comes, changes and goes; items, records, messages and the mapping's place stay."""
        handle, seen_path = tempfile.mkstemp()
        os.close(handle)
        self.addCleanup(os.remove, seen_path)
        code = ("import os\ndef h(event, context):\n  for r in event['Records']:\n"
                "    open(os.environ['SEEN'], 'a').write(r['dynamodb']['Keys']['pk']['S'] + '\\n')\n")

        def table(view="NEW_IMAGE", **more):
            return {"Type": "AWS::DynamoDB::Table", "Properties": {
                "TableName": "log", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamViewType": view}, **more}}

        def function(timeout):
            return {"Type": "AWS::Lambda::Function", "Properties": {
                "FunctionName": "f", "Runtime": "python3.11", "Handler": "index.h", "Code": {"ZipFile": code},
                "Timeout": timeout, "Role": "arn:aws:iam::000000000000:role/r",
                "Environment": {"Variables": {"SEEN": seen_path}}}}

        def mapping(batch):
            return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["T", "StreamArn"]}, "FunctionName": {"Ref": "F"},
                "StartingPosition": "TRIM_HORIZON", "BatchSize": batch}}

        def rule(source):
            return {"Type": "AWS::Events::Rule", "Properties": {
                "Name": "r", "EventBusName": {"Ref": "B"}, "EventPattern": {"source": [source]},
                "Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Q", "Arn"]}}]}}

        bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "b"}}
        queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}
        self.start_plain({"T": table()})
        database, keys = self.dynlog.client("dynamodb"), []

        def put():
            for _ in range(10):
                keys.append("k%d" % len(keys))
                database.put_item(TableName="log", Item={"pk": s(keys[-1])})

        def send(source):
            self.dynlog.client("events").put_events(
                Entries=[{"Source": source, "DetailType": "d", "Detail": "{}", "EventBusName": "b"}])
            self.dynlog.drain()

        def messages():
            client = self.dynlog.client("sqs")
            attributes = client.get_queue_attributes(QueueUrl=client.get_queue_url(QueueName="q")["QueueUrl"],
                                                     AttributeNames=["ApproximateNumberOfMessages"])
            return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

        put()
        self.assertEqual(self.apply_plain({"T": table(), "F": function(5), "M": mapping(1), "B": bus, "Q": queue,
                                           "R": rule("one")}),
                         ["+ bus b", "+ function f", "+ mapping of log to f", "+ queue q", "+ rule r of bus b",
                          "at the next start: the built-in trigger"])
        put()
        send("one")
        self.assertEqual(messages(), 1)
        stream = database.describe_table(TableName="log")["Table"]["LatestStreamArn"]
        plan = self.apply_plain({"T": table(Tags=[{"Key": "a", "Value": "b"}]), "F": function(9), "M": mapping(7), "B": bus,
                                 "Q": queue, "R": rule("two")})
        self.assertEqual([line for line in plan if "rule" not in line and "table" not in line],
                         ["~ function f: Timeout 5 -> 9", "~ mapping of log to f: BatchSize 1 -> 7"])
        self.assertEqual(len(plan), 4, plan)
        put()
        send("one")
        send("two")
        self.assertEqual(messages(), 2)
        self.assertEqual(stream, database.describe_table(TableName="log")["Table"]["LatestStreamArn"])
        with open(seen_path, encoding="utf-8") as file:
            self.assertEqual(file.read().split(), keys)  # once each, in order: nothing began anew
        plan = self.apply_plain({"T": table(Tags=[{"Key": "a", "Value": "b"}])})
        self.assertIn("- function f", plan)
        self.assertIn("- mapping of log to f", plan)
        self.assertIn("= queue q is not in the file any more, and stays with its data", plan)
        self.assertEqual(messages(), 2)
        self.assertEqual(database.scan(TableName="log")["Count"], 30)
        self.assertEqual(self.dynlog.client("lambda").list_functions()["Functions"], [])

    def test_retries_of_the_stack_file(self):
        """retryDelayMs and maximumRetryAttempts of the offline plugin, as they are when an attempt ends."""
        failing = "import os\ndef h(event, context):\n    open(os.environ['SEEN'], 'a').write('x')\n    raise ValueError('no')\n"
        handle, seen_path = tempfile.mkstemp()
        os.close(handle)
        self.addCleanup(os.remove, seen_path)

        def text(attempts):
            return (stack(function("f", handler="failing.h", environment={"SEEN": seen_path})) +
                    "custom:\n  serverless-offline-aws-eventbridge: {retryDelayMs: 1, maximumRetryAttempts: %d}\n" % attempts)

        def attempts():
            open(seen_path, "w", encoding="utf-8").close()
            self.dynlog.client("lambda").invoke(FunctionName="app-local-f", InvocationType="Event", Payload=b"{}")
            self.dynlog.drain()
            with open(seen_path, encoding="utf-8") as file:
                return len(file.read())

        self.start(text(0), **{"failing.py": failing})
        self.assertEqual(attempts(), 1)
        self.assertRegex("\n".join(self.apply(text(2))), "maximumRetryAttempts")
        self.assertEqual(attempts(), 3)
        self.assertRegex("\n".join(self.apply(text(1))), "maximumRetryAttempts")
        self.assertEqual(attempts(), 2)

    def call(self, name):
        return json.load(self.dynlog.client("lambda").invoke(FunctionName=name)["Payload"])

    def test_a_sam_template(self):
        self.start_sam()
        self.assertEqual(self.apply_sam(more={"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}}),
                         ["+ queue q"])  # aliases are there already: nothing is said, nothing fails
        self.assertEqual(self.call("f:live"), {"name": "one", "value": "geheim1"})
        plan = self.apply_sam(word="geheim2", timeout=9, inline=2)
        self.assertEqual(sorted(plan), ["= queue q is not in the file any more, and stays with its data",
                                        "~ function f: Timeout 5 -> 9, Environment",
                                        '~ function g: Code "def h(event, context): return 1" -> '
                                        '"def h(event, context): return 2"'])
        self.assertEqual(self.call("f:live"), {"name": "one", "value": "geheim2"})
        self.assertEqual(self.call("g:live"), 2)
        self.assertNotIn("geheim", self.dynlog.process.out.text() + self.dynlog.process.err.text())
        client = self.dynlog.client("lambda")
        self.assertEqual(["$LATEST", "1"], [v["Version"] for v in client.list_versions_by_function(FunctionName="f")["Versions"]])

    def test_things_of_a_template_come_change_and_go(self):
        """A pipe, an archive, a schedule, and a mapping of a change stream that changes while records flow."""
        def table(batch):
            mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["S", "StreamArn"]}, "FunctionName": {"Ref": "C"},
                "StartingPosition": "TRIM_HORIZON", "BatchSize": batch}}
            return {
                "Ticks": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "ticks"}},
                "S": {"Type": "AWS::DynamoDB::Table", "Properties": {
                    "TableName": "log", "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                    "StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}},
                "C": {"Type": "AWS::Serverless::Function", "Properties": {
                    "FunctionName": "c", "Runtime": "python3.11", "Handler": "index.h",
                    "Environment": {"Variables": {"SEEN": self.seen_path}}, "InlineCode":
                        "import os\ndef h(event, context):\n  for r in event['Records']:\n"
                        "    open(os.environ['SEEN'], 'a').write(r['dynamodb']['Keys']['pk']['S'] + '\\n')\n"}},
                **({"M": mapping} if batch else {})}

        def others(minutes):
            return {
                "P": {"Type": "AWS::Pipes::Pipe", "Properties": {
                    "Name": "p", "RoleArn": "arn:aws:iam::000000000000:role/r", "Source": {"Fn::GetAtt": ["S", "StreamArn"]},
                    "SourceParameters": {"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON", "BatchSize": minutes}},
                    "Target": {"Fn::GetAtt": ["Out", "Arn"]}}},
                "A": {"Type": "AWS::Events::Archive", "Properties": {
                    "ArchiveName": "a", "RetentionDays": minutes,
                    "SourceArn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}},
                "Z": {"Type": "AWS::Scheduler::Schedule", "Properties": {
                    "Name": "z", "ScheduleExpression": "rate(%d minutes)" % minutes, "FlexibleTimeWindow": {"Mode": "OFF"},
                    "Target": {"Arn": {"Fn::GetAtt": ["Ticks", "Arn"]}, "RoleArn": "arn:aws:iam::000000000000:role/r"}}}}

        handle, self.seen_path = tempfile.mkstemp()
        os.close(handle)
        self.addCleanup(os.remove, self.seen_path)
        self.start_sam(more=table(1))
        client, keys = self.dynlog.client("dynamodb"), []

        def put():
            for _ in range(10):
                keys.append("k%d" % len(keys))
                client.put_item(TableName="log", Item={"pk": s(keys[-1])})

        put()
        self.assertEqual(sorted(self.apply_sam(more={**table(3), **others(5)})),
                         ["+ archive a", "+ pipe p", "+ schedule default/z", "~ mapping of log to c: BatchSize 1 -> 3"])
        put()
        plan = "\n".join(self.apply_sam(more={**table(9), **others(7)}))
        for pattern in (r"~ archive a: RetentionDays 5 -> 7", r"~ pipe p: ", r"~ schedule default/z: .*rate\(7 minutes\)",
                        r"~ mapping of log to c: BatchSize 3 -> 9"):
            self.assertRegex(plan, pattern)
        put()
        self.dynlog.drain()
        with open(self.seen_path, encoding="utf-8") as file:
            self.assertEqual(set(file.read().split()), set(keys))
        queue = self.dynlog.client("sqs").get_queue_url(QueueName="out")["QueueUrl"]
        attributes = self.dynlog.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        self.assertEqual(attributes["ApproximateNumberOfMessages"], str(len(keys)))  # the pipe: each once
        plan = self.apply_sam(more=table(0))
        self.assertEqual(sorted(plan), ["- mapping of log to c", "- pipe p", "- schedule default/z",
                                        "= archive a is not in the file any more, and stays with its data",
                                        "at the next start: the built-in trigger"])
        put()
        self.dynlog.drain()
        self.assertEqual(self.dynlog.client("pipes").list_pipes()["Pipes"], [])
        self.assertEqual(self.dynlog.client("scheduler").list_schedules()["Schedules"], [])

    def test_no_event_is_lost_while_a_template_changes(self):
        """Events go to the alias, whose end goes to the queue of the function's OnSuccess: each of them once at least."""
        self.start_sam()
        events = self.dynlog.client("events")
        for number in range(12):
            for part in range(5):
                events.put_events(Entries=[{"Source": "x", "DetailType": "y", "Detail": json.dumps({"n": 5 * number + part})}])
            self.save(self.sam(timeout=number + 10), "template.yaml")
            if number % 4 == 3:
                self.told(r"^template.yaml is applied$")
        self.dynlog.drain()
        sqs, found = self.dynlog.client("sqs"), set()
        url = sqs.get_queue_url(QueueName="out")["QueueUrl"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.add(json.loads(message["Body"])["requestPayload"]["detail"]["n"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        self.assertEqual(found, set(range(60)))

    def test_what_takes_a_start(self):
        self.start(stack())
        self.save("custom: {serverless-offline: {lambdaPort: 1}}\n" + stack())
        self.told(r"^  at the next start: serverless-offline.lambdaPort$")

    def test_many_changes(self):
        self.start(stack(function("f")))
        folder = "/proc/%d/fd" % self.dynlog.process.popen.pid
        for number in range(10):
            self.apply(stack(function("f", timeout=number + 10)))
        before = len(os.listdir(folder))
        for number in range(60):
            self.apply(stack(function("f", timeout=number % 7 + 20)))
        self.assertLessEqual(len(os.listdir(folder)), before + 2)


if __name__ == "__main__":
    unittest.main()
