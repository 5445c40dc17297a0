"""EventBridge: buses, rules, targets, events and patterns; with boto3, the AWS CLI and the SDK of Node.js."""

import json
import unittest

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
        event = {"id": "1", "account": "000000000000", "source": "shop.orders", "time": "2024-01-01T00:00:00Z",
                 "region": "us-east-1", "resources": [], "detail-type": "created",
                 "detail": {"state": "new", "count": 7, "tags": ["a", "b"], "deep": {"x": None}, "file": "a.png"}}
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
        ]
        for pattern, matches in cases:
            with self.subTest(json.dumps(pattern)):
                answer = self.events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))
                self.assertEqual(matches, answer["Result"])
        self.refused("InvalidEventPatternException", None, self.events.test_event_pattern,
                     EventPattern="{", Event=json.dumps(event))

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
