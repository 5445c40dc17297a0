"""EventBridge: buses, rules, targets, events and patterns; with boto3, the AWS CLI and the SDK of Node.js."""

import json
import unittest

import botocore.session

from support.case import Case

# What a rule matched, as lines of the function's log: one directory, no network.
STACK = """
service: shop
provider:
  name: aws
  runtime: python3.11
functions:
  target:
    handler: handler.handle
  other:
    handler: handler.handle
"""
HANDLER = """
import json

def handle(event, context):
    with open("events.jsonl", "a") as file:
        file.write(json.dumps({"function": context.function_name, "event": event}) + "\\n")
"""


class Events(Case):
    files = {"serverless.yml": STACK, "handler.py": HANDLER}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = cls.dynlog.client("events", endpoint="http://127.0.0.1:%d" % cls.dynlog.events_port)
        names = [function["FunctionArn"] for function in cls.dynlog.client("lambda").list_functions()["Functions"]]
        cls.target = [name for name in names if name.endswith("target")][0]
        cls.other = [name for name in names if name.endswith("other")][0]

    def seen(self):
        """What arrived since the last call, all of it."""
        self.dynlog.drain()
        path = self.dynlog.path("events.jsonl")
        try:
            with open(path, encoding="utf-8") as file:
                lines = [json.loads(line) for line in file]
            with open(path, "w", encoding="utf-8"):
                pass
        except FileNotFoundError:
            return []
        return lines

    def rule(self, name, pattern, bus, target=None, **more):
        arn = self.events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern), **more)["RuleArn"]
        answer = self.events.put_targets(Rule=name, EventBusName=bus, Targets=[
            {"Id": "1", "Arn": target or self.target}])
        self.assertEqual((0, []), (answer["FailedEntryCount"], answer["FailedEntries"]))
        return arn

    def entry(self, bus, detail=None, source="test", kind="thing happened", **more):
        return {"EventBusName": bus, "Source": source, "DetailType": kind,
                "Detail": json.dumps(detail if detail is not None else {}), **more}

    def test_buses(self):
        arn = self.events.create_event_bus(Name="orders")["EventBusArn"]
        self.assertTrue(arn.endswith(":event-bus/orders"), arn)
        self.assertEqual(arn, self.events.describe_event_bus(Name="orders")["Arn"])
        self.assertEqual("default", self.events.describe_event_bus()["Name"])
        self.assertEqual(["orders"], [bus["Name"] for bus in self.events.list_event_buses(NamePrefix="ord")["EventBuses"]])
        self.refused("ResourceAlreadyExistsException", "Event bus orders already exists.",
                     self.events.create_event_bus, Name="orders")
        self.events.delete_event_bus(Name="orders")
        self.refused("ResourceNotFoundException", "Event bus orders does not exist.",
                     self.events.describe_event_bus, Name="orders")
        self.refused("ValidationException", None, self.events.delete_event_bus, Name="default")

    def test_rules(self):
        bus, pattern = "with-rules", {"source": ["test"]}
        self.events.create_event_bus(Name=bus)
        arn = self.rule("one", pattern, bus, Description="words")
        self.rule("two", pattern, bus, State="DISABLED")
        rule = self.events.describe_rule(Name="one", EventBusName=bus)
        self.assertEqual((arn, "ENABLED", "words", bus, pattern),
                         (rule["Arn"], rule["State"], rule["Description"], rule["EventBusName"],
                          json.loads(rule["EventPattern"])))
        self.assertEqual(["one", "two"], [each["Name"] for each in self.events.list_rules(EventBusName=bus)["Rules"]])
        self.events.disable_rule(Name="one", EventBusName=bus)
        self.events.enable_rule(Name="two", EventBusName=bus)
        self.assertEqual({"one": "DISABLED", "two": "ENABLED"}, {
            each["Name"]: each["State"] for each in self.events.list_rules(EventBusName=bus)["Rules"]})
        self.assertEqual(["one", "two"], self.events.list_rule_names_by_target(
            TargetArn=self.target, EventBusName=bus)["RuleNames"])
        targets = self.events.list_targets_by_rule(Rule="one", EventBusName=bus)["Targets"]
        self.assertEqual([{"Id": "1", "Arn": self.target}], targets)
        self.refused("ValidationException", None, self.events.delete_rule, Name="one", EventBusName=bus)
        self.events.remove_targets(Rule="one", EventBusName=bus, Ids=["1"])
        self.events.delete_rule(Name="one", EventBusName=bus)
        self.refused("ResourceNotFoundException", "Rule one does not exist on EventBus with-rules.",
                     self.events.describe_rule, Name="one", EventBusName=bus)
        self.refused("InvalidEventPatternException", None, self.events.put_rule, Name="three", EventBusName=bus,
                     EventPattern='{"source": "not a list"}')

    def test_an_event_reaches_its_targets(self):
        bus = "reaching"
        self.events.create_event_bus(Name=bus)
        self.rule("all", {"source": ["test"]}, bus)
        self.rule("some", {"detail": {"amount": [{"numeric": [">", 10]}]}}, bus, self.other)
        self.rule("off", {"source": ["test"]}, bus, self.other, State="DISABLED")
        answer = self.events.put_events(Entries=[
            self.entry(bus, {"amount": 5}), self.entry(bus, {"amount": 11, "nested": {"å": [None, 1.5]}}),
            self.entry(bus, {"amount": 11}, source="else")])
        self.assertEqual(0, answer["FailedEntryCount"])
        ids = [entry["EventId"] for entry in answer["Entries"]]
        self.assertEqual(3, len(set(ids)))
        seen = self.seen()
        self.assertEqual(sorted([("target", ids[0]), ("target", ids[1]), ("other", ids[1]), ("other", ids[2])]),
                         sorted((line["function"].split("-")[-1], line["event"]["id"]) for line in seen))
        event = [line["event"] for line in seen if line["event"]["id"] == ids[1]][0]
        self.assertEqual({"version": "0", "detail-type": "thing happened", "source": "test", "region": "us-east-1",
                          "resources": [], "detail": {"amount": 11, "nested": {"å": [None, 1.5]}}},
                         {name: value for name, value in event.items() if name not in ("id", "account", "time")})
        self.assertRegex(event["account"], r"^\d{12}$")
        self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def test_every_entry_has_its_own_answer(self):
        bus = "answering"
        self.events.create_event_bus(Name=bus)
        self.rule("all", {"source": ["test"]}, bus)
        good = self.entry(bus, {"n": 1})
        answer = self.events.put_events(Entries=[
            good, self.entry("nowhere"), {**good, "Detail": "{not json"}, {**good, "Detail": "[]"},
            {name: value for name, value in good.items() if name != "Source"},
            {name: value for name, value in good.items() if name != "DetailType"},
            {name: value for name, value in good.items() if name != "Detail"}, good])
        codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
        self.assertIsNone(codes[0])
        self.assertIsNone(codes[-1])
        self.assertEqual(["MalformedDetail", "MalformedDetail", "InvalidArgument", "InvalidArgument",
                          "InvalidArgument"], codes[2:7])
        self.assertEqual(sum(code is not None for code in codes), answer["FailedEntryCount"])
        self.assertEqual("Parameter Source is not valid. Reason: Source is a required argument.",
                         answer["Entries"][4]["ErrorMessage"])
        self.assertEqual("Detail is malformed.", answer["Entries"][2]["ErrorMessage"])
        self.assertEqual(2, len(self.seen()))

    def test_limits_of_put_events(self):
        self.refused("ValidationException", None, self.events.put_events,
                     Entries=[self.entry("default")] * 11)
        big = self.entry("default", {"x": "y" * (256 * 1024)})
        self.refused("ValidationException", "Total size of the entries in the request is over the limit.",
                     self.events.put_events, Entries=[big])

    def test_bus_by_arn_and_default_bus(self):
        arn = self.events.create_event_bus(Name="by-arn")["EventBusArn"]
        self.rule("all", {"source": ["test"]}, arn)
        self.rule("all", {"source": ["default"]}, "default")
        entry = self.entry(arn)
        self.events.put_events(Entries=[entry, {name: value for name, value in self.entry("", source="default").items()
                                                if name != "EventBusName"}])
        self.assertEqual(["default", "test"], sorted(line["event"]["source"] for line in self.seen()))

    def test_time_and_resources(self):
        self.events.create_event_bus(Name="timed")
        self.rule("all", {"resources": ["arn:b"]}, "timed")
        self.events.put_events(Entries=[self.entry("timed", Time=1700000000, Resources=["arn:a", "arn:b"])])
        event = self.seen()[0]["event"]
        self.assertEqual(("2023-11-14T22:13:20Z", ["arn:a", "arn:b"]),
                         (event["time"].replace(".000", ""), event["resources"]))

    def test_patterns(self):
        """TestEventPattern and rules say the same."""
        event = {"id": "1", "account": "000000000000", "source": "shop.orders", "time": "2024-01-01T00:00:00Z",
                 "region": "us-east-1", "resources": [], "detail-type": "created",
                 "detail": {"state": "new", "count": 7, "tags": ["a", "b"], "deep": {"x": None}, "file": "a.png",
                            "price": 300, "ip": "10.0.0.255", "ip6": "2001:db8::1", "path": "a*/b",
                            "items": [{"k": 1, "v": "x"}, {"k": 2, "v": "y"}]}}
        cases = [
            ({"source": ["shop.orders"]}, True), ({"source": ["x", "shop.orders"]}, True), ({"source": ["x"]}, False),
            ({"source": [{"prefix": "shop."}]}, True), ({"detail": {"file": [{"suffix": ".png"}]}}, True),
            ({"detail": {"state": [{"anything-but": ["old", "new"]}]}}, False),
            ({"detail": {"state": [{"anything-but": "old"}]}}, True),
            ({"detail": {"state": [{"exists": True}], "gone": [{"exists": False}]}}, True),
            ({"detail": {"count": [{"numeric": [">", 0, "<=", 7]}]}}, True),
            ({"detail": {"count": [{"numeric": ["=", 8]}]}}, False), ({"detail": {"tags": ["b"]}}, True),
            ({"detail": {"deep": {"x": [None]}}}, True), ({"detail": {"deep": {"x": [""]}}}, False),
            ({"detail": {"count": ["7"]}}, False), ({"detail-type": ["created"], "detail": {"state": ["old"]}}, False),
            ({"detail": {"price": [3.0e2]}}, True), ({"detail": {"deep": [{"exists": True}]}}, False),
            ({"detail": {"items": {"k": [2], "v": ["y"]}}}, True),
            ({"detail": {"items": {"k": [1], "v": ["y"]}}}, False),
            ({"detail": {"state": [{"equals-ignore-case": "NEW"}]}}, True),
            ({"detail": {"state": [{"prefix": {"equals-ignore-case": "NE"}}]}}, True),
            ({"detail": {"file": [{"suffix": {"equals-ignore-case": ".PNG"}}]}}, True),
            ({"detail": {"state": [{"anything-but": {"prefix": "n"}}]}}, False),
            ({"detail": {"file": [{"anything-but": {"suffix": ".txt"}}]}}, True),
            ({"detail": {"state": [{"anything-but": {"equals-ignore-case": ["OLD", "NEW"]}}]}}, False),
            ({"detail": {"file": [{"anything-but": {"wildcard": "*.p*g"}}]}}, False),
            ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, True),
            ({"detail": {"ip": [{"cidr": "10.0.1.0/24"}]}}, False),
            ({"detail": {"ip6": [{"cidr": "2001:db8::/32"}]}}, True),
            ({"detail": {"file": [{"wildcard": "a*.*png"}]}}, True),
            ({"detail": {"path": [{"wildcard": "a\\*/*"}]}}, True),
            ({"detail": {"file": [{"wildcard": "a\\*png"}]}}, False),
            ({"$or": [{"source": ["x"]}, {"detail": {"count": [7]}}]}, True),
            ({"source": ["shop.orders"], "detail": {"$or": [{"count": [8]}, {"state": ["old"]}]}}, False),
        ]
        sqs, bus = self.dynlog.client("sqs"), "patterns"
        queue = sqs.create_queue(QueueName=bus)["QueueUrl"]
        self.events.create_event_bus(Name=bus)
        for number, (pattern, matches) in enumerate(cases):
            with self.subTest(json.dumps(pattern)):
                answer = self.events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))
                self.assertEqual(matches, answer["Result"])
            self.events.put_rule(Name=str(number), EventBusName=bus, EventPattern=json.dumps(pattern))
            self.events.put_targets(Rule=str(number), EventBusName=bus, Targets=[
                {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:" + bus, "Input": str(number)}])
        self.events.put_events(Entries=[{"Source": event["source"], "DetailType": event["detail-type"],
                                         "Detail": json.dumps(event["detail"]), "EventBusName": bus}])
        self.dynlog.drain()
        found = []
        while batch := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            found += [int(message["Body"]) for message in batch]
        self.assertEqual([number for number, (_, matches) in enumerate(cases) if matches], sorted(found))
        self.refused("InvalidEventPatternException", None, self.events.test_event_pattern,
                     EventPattern="{", Event=json.dumps(event))

    def transform(self, bus, template, paths=None, **more):
        """A rule of the bus with this template for the target."""
        self.events.create_event_bus(Name=bus)
        arn = self.events.put_rule(Name="changed", EventBusName=bus, EventPattern='{"source": ["test"]}')["RuleArn"]
        self.events.put_targets(Rule="changed", EventBusName=bus, Targets=[{
            "Id": "1", "Arn": self.target, **more,
            "InputTransformer": {"InputTemplate": template, **({"InputPathsMap": paths} if paths else {})}}])
        return arn

    def test_input_transformer(self):
        bus = "transforming"
        arn = self.transform(bus, """{
            "instance" : <instance>, "state": [9, <state>, true], "text": "instance \\"<instance>\\" is <state>",
            "rule": <aws.events.rule-name>, "arn": "<aws.events.rule-arn>", "at": <aws.events.event.ingestion-time>,
            "all": <aws.events.event.json>, "head": <aws.events.event>, "none": <none>, "ids": <ids>}""", {
                "instance": "$.detail.instance-id", "state": "$.detail.state", "none": "$.detail.none",
                "ids": "$.detail.list[*].id"})
        detail = {"instance-id": "i-1", "state": {"now": "å", "n": 1.50}, "list": [{"id": 1}, {"id": "b"}]}
        event_id = self.events.put_events(Entries=[self.entry(bus, detail)])["Entries"][0]["EventId"]
        seen = [line["event"] for line in self.seen()]
        self.assertEqual(1, len(seen))
        event = seen[0]
        self.assertEqual(("i-1", [9, detail["state"], True], "changed", arn, "", [1, "b"]),
                         (event["instance"], event["state"], event["rule"], event["arn"], event["none"], event["ids"]))
        self.assertEqual('instance "i-1" is {now:å,n:1.5}', event["text"])
        self.assertEqual((event_id, detail), (event["all"]["id"], event["all"]["detail"]))
        self.assertEqual((event_id, "thing happened"), (event["head"]["id"], event["head"]["detailType"]))
        self.assertNotIn("detail", event["head"])
        self.assertRegex(event["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def test_a_template_that_gives_no_json(self):
        bus, sqs = "not-escaping", self.dynlog.client("sqs")
        queue = sqs.create_queue(QueueName="no-json")["QueueUrl"]
        queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        arn = self.transform(bus, '"said <text>"', {"text": "$.detail.text"}, DeadLetterConfig={"Arn": queue_arn})
        ids = [entry["EventId"] for entry in self.events.put_events(Entries=[
            self.entry(bus, {"text": 'a "quote"'}), self.entry(bus, {"text": "plain"})])["Entries"]]
        self.assertEqual(["said plain"], [line["event"] for line in self.seen()])
        letters = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
        attributes = {name: value["StringValue"] for name, value in letters[0]["MessageAttributes"].items()}
        self.assertEqual((1, ids[0]), (len(letters), json.loads(letters[0]["Body"])["id"]))
        self.assertEqual(("INVALID_JSON", arn, self.target),
                         (attributes["ERROR_CODE"], attributes["RULE_ARN"], attributes["TARGET_ARN"]))

    def test_a_template_of_several_strings(self):
        """A queue gets the lines; a function can't read them."""
        bus, sqs = "lines", self.dynlog.client("sqs")
        urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("lines", "unread")]
        arns = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
                for url in urls]
        transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '"one <n>"\n"two"\n'}
        self.transform(bus, transformer["InputTemplate"], transformer["InputPathsMap"], DeadLetterConfig={"Arn": arns[1]})
        self.events.put_targets(Rule="changed", EventBusName=bus, Targets=[
            {"Id": "2", "Arn": arns[0], "InputTransformer": transformer}])
        self.events.put_events(Entries=[self.entry(bus, {"n": 1})])
        self.assertEqual([], self.seen())
        lines, letter = [sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0] for url in urls]
        self.assertEqual('"one 1"\n"two"', lines["Body"])
        self.assertEqual("INVALID_JSON", letter["MessageAttributes"]["ERROR_CODE"]["StringValue"])

    def test_input_transformer_of_the_aws_cli(self):
        self.events.create_event_bus(Name="cli-transforming")
        self.events.put_rule(Name="r", EventBusName="cli-transforming", EventPattern='{"source": ["test"]}')
        result = self.dynlog.aws("events", "put-targets", "--rule", "r", "--event-bus-name", "cli-transforming",
                                 "--targets", json.dumps([{
                                     "Id": "1", "Arn": self.target,
                                     "InputTransformer": {"InputPathsMap": {"n": "$.detail.n"},
                                                          "InputTemplate": '"number <n>"'}}]))
        self.assertEqual(0, result.returncode, result.stderr)
        result = self.dynlog.aws("events", "put-targets", "--rule", "r", "--event-bus-name", "cli-transforming",
                                 "--targets", json.dumps([{
                                     "Id": "1", "Arn": self.target, "InputPath": "$.detail",
                                     "InputTransformer": {"InputTemplate": '"x"'}}]))
        self.assertIn("Only one of Input, InputPath, or InputTransformer must be provided for target 1.", result.stderr)
        self.events.put_events(Entries=[self.entry("cli-transforming", {"n": 7})])
        self.assertEqual(["number 7"], [line["event"] for line in self.seen()])

    def test_tags(self):
        bus = self.events.create_event_bus(Name="tagged", Tags=[{"Key": "team", "Value": "a"}])["EventBusArn"]
        rule = self.rule("one", {"source": ["x"]}, "tagged", Tags=[{"Key": "of", "Value": "rule"}])
        self.events.tag_resource(ResourceARN=bus, Tags=[{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": ""}])
        self.events.tag_resource(ResourceARN=rule, Tags=[{"Key": "k", "Value": "v"}])
        self.events.untag_resource(ResourceARN=rule, TagKeys=["of"])
        self.assertEqual([{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": ""}],
                         self.events.list_tags_for_resource(ResourceARN=bus)["Tags"])
        self.assertEqual([{"Key": "k", "Value": "v"}], self.events.list_tags_for_resource(ResourceARN=rule)["Tags"])
        result = self.dynlog.aws("events", "tag-resource", "--resource-arn", bus, "--tags", "Key=cli,Value=1")
        self.assertEqual(0, result.returncode, result.stderr)
        result = self.dynlog.aws("events", "list-tags-for-resource", "--resource-arn", bus)
        self.assertEqual("cli", json.loads(result.stdout)["Tags"][-1]["Key"], result.stderr)
        self.refused("ResourceNotFoundException", "Rule no does not exist on EventBus tagged.",
                     self.events.list_tags_for_resource, ResourceARN=rule.replace("/one", "/no"))

    def test_permissions(self):
        self.events.create_event_bus(Name="open")
        self.events.put_permission(EventBusName="open", Action="events:PutEvents", Principal="111122223333",
                                   StatementId="account")
        result = self.dynlog.aws("events", "put-permission", "--event-bus-name", "open", "--action", "events:PutEvents",
                                 "--principal", "*", "--statement-id", "org", "--condition",
                                 "Type=StringEquals,Key=aws:PrincipalOrgID,Value=o-1")
        self.assertEqual(0, result.returncode, result.stderr)
        policy = json.loads(self.events.describe_event_bus(Name="open")["Policy"])
        self.assertEqual(["account", "org"], [statement["Sid"] for statement in policy["Statement"]])
        self.assertEqual({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, policy["Statement"][1]["Condition"])
        self.events.remove_permission(EventBusName="open", StatementId="account")
        self.refused("ResourceNotFoundException", None, self.events.remove_permission, EventBusName="open",
                     StatementId="account")
        self.events.remove_permission(EventBusName="open", RemoveAllPermissions=True)
        self.assertNotIn("Policy", self.events.describe_event_bus(Name="open"))

    def test_every_operation_is_there_or_refused_by_name(self):
        """What botocore's model has."""
        model = botocore.session.Session().get_service_model("events")
        for operation in model.operation_names:
            status, answer = self.dynlog.call("AWSEvents." + operation, {})
            message = answer.get("message", "")
            self.assertIn(status, (200, 400), operation)
            self.assertNotIn("does not know", message)
            if answer.get("__type", "").endswith("UnknownOperationException"):
                self.assertIn("dynlog does not have the operation AWSEvents.%s: " % operation, message)

    def test_node_sdk(self):
        self.events.create_event_bus(Name="from-node")
        self.rule("all", {"source": ["node"]}, "from-node")
        self.dynlog.node("events.mjs", "from-node")
        self.assertEqual([1, 2], sorted(line["event"]["detail"]["n"] for line in self.seen()))

    def test_aws_cli(self):
        self.events.create_event_bus(Name="from-cli")
        self.rule("all", {"source": ["cli"]}, "from-cli")
        result = self.dynlog.aws("events", "put-events", "--entries", json.dumps([
            self.entry("from-cli", {"n": 1}, source="cli")]))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual(0, json.loads(result.stdout)["FailedEntryCount"])
        self.assertEqual([{"n": 1}], [line["event"]["detail"] for line in self.seen()])


if __name__ == "__main__":
    unittest.main()
