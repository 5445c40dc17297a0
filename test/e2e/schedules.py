"""Scheduled rules and EventBridge Scheduler with the AWS CLI, boto3 and the AWS SDK for JavaScript, on a
server whose clock the test moves: what is due comes at its time, once, also over kill -9."""

import datetime
import json
import unittest

from support.case import Case
from support.server import Dynlog

ACCOUNT = "000000000000"
CLOCK = ["--clock", "manual=2026-07-25T12:00:00Z"]
ROLE = "arn:aws:iam::%s:role/r" % ACCOUNT
OFF = {"Mode": "OFF"}

STACK = """
service: app
provider: {name: aws, runtime: python3.11}
functions:
  target: {handler: handler.handle}
"""
HANDLER = """
import json

def handle(event, context):
    with open("events.jsonl", "a") as file:
        file.write(json.dumps(event) + "\\n")
"""


def arn_of(service, resource):
    return "arn:aws:%s:us-east-1:%s:%s" % (service, ACCOUNT, resource)


class Wires:
    """Clients and short ways, for a Dynlog."""

    def __init__(self, dynlog):
        self.dynlog = dynlog
        self.events = dynlog.client("events")
        self.scheduler = dynlog.client("scheduler")
        self.sqs = dynlog.client("sqs")

    def queue(self, name, **attributes):
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return arn_of("sqs", name)

    def messages(self, name):
        """All that wait, and they are gone."""
        url, found = self.sqs.get_queue_url(QueueName=name)["QueueUrl"], []
        while True:
            some = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"],
                                            MessageAttributeNames=["All"]).get("Messages", [])
            if not some:
                return found
            found += some
            self.sqs.delete_message_batch(QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(some)])

    def bodies(self, name):
        return [message["Body"] for message in self.messages(name)]

    def schedule(self, name, expression, arn, window=None, **more):
        target = {"Arn": arn, "RoleArn": ROLE, **more.pop("target", {})}
        return self.scheduler.create_schedule(Name=name, ScheduleExpression=expression, Target=target,
                                              FlexibleTimeWindow=window or OFF, **more)["ScheduleArn"]

    def scheduled_rule(self, name, expression, *targets):
        arn = self.events.put_rule(Name=name, ScheduleExpression=expression)["RuleArn"]
        answer = self.events.put_targets(Rule=name, Targets=[
            {"Id": str(i), **target} for i, target in enumerate(targets)])
        assert answer["FailedEntryCount"] == 0, answer
        return arn


def times(bodies):
    return [json.loads(body)["time"][:19] for body in bodies]


class Schedules(Case):
    files = {"serverless.yml": STACK, "handler.py": HANDLER}
    arguments = CLOCK

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.on = Wires(cls.dynlog)

    def handled(self):
        self.dynlog.drain()
        try:
            with open(self.dynlog.path("events.jsonl"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def now(self):
        text = self.dynlog.clock()[1]["now"]
        return datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)

    def test_every_minute_of_an_hour(self):
        queue = self.on.queue("minutes")
        begin = self.now()
        self.on.schedule("minutes", "rate(1 minute)", queue, target={"Input": "<aws.scheduler.scheduled-time>"})
        self.dynlog.advance("59m")
        self.on.scheduler.delete_schedule(Name="minutes")
        wanted = [(begin + datetime.timedelta(minutes=i)).strftime("%Y-%m-%dT%H:%M:%SZ") for i in range(60)]
        self.assertEqual(wanted, sorted(self.on.bodies("minutes")))

    def test_a_rule(self):
        queue = self.on.queue("rule")
        begin = self.now()
        arn = self.on.scheduled_rule("hourly", "rate(1 hour)", {"Arn": queue},
                                     {"Arn": queue, "Input": json.dumps({"constant": 1})})
        self.on.events.put_rule(Name="others", EventPattern=json.dumps({"source": ["aws.events"]}))
        self.on.events.put_targets(Rule="others", Targets=[{"Id": "1", "Arn": self.on.queue("others")}])
        self.dynlog.advance("2h")
        bodies = [json.loads(body) for body in self.on.bodies("rule")]
        self.assertEqual(2, bodies.count({"constant": 1}))
        events = sorted((body for body in bodies if "id" in body), key=lambda event: event["time"])
        self.assertEqual([(begin + datetime.timedelta(hours=i)).strftime("%Y-%m-%dT%H:%M:%S") for i in (1, 2)],
                         [event["time"][:19] for event in events])
        for event in events:
            self.assertEqual(("aws.events", "Scheduled Event", [arn], {}, "0", ACCOUNT),
                             (event["source"], event["detail-type"], event["resources"], event["detail"],
                              event["version"], event["account"]))
        self.assertEqual([], self.on.bodies("others"))
        self.assertEqual("rate(1 hour)", self.on.events.describe_rule(Name="hourly")["ScheduleExpression"])
        rule, = self.on.events.list_rules(NamePrefix="hourly")["Rules"]
        self.assertEqual("rate(1 hour)", rule["ScheduleExpression"])
        self.on.events.disable_rule(Name="hourly")
        self.dynlog.advance("3h")
        self.assertEqual([], self.on.bodies("rule"))
        self.on.events.enable_rule(Name="hourly")
        self.dynlog.advance("1h")
        self.assertEqual(2, len(self.on.bodies("rule")))
        self.on.events.remove_targets(Rule="hourly", Ids=["0", "1"])
        self.on.events.delete_rule(Name="hourly")

    def test_rules_that_aws_refuses(self):
        put = self.on.events.put_rule
        for wrong in ("rate(1 minutes)", "rate(5 minute)", "cron(0 1 * * * *)", "at(2030-01-01T00:00:00)", "now"):
            self.refused("ValidationException", "Parameter ScheduleExpression is not valid.", put,
                         Name="x", ScheduleExpression=wrong)
        self.on.events.create_event_bus(Name="other")
        self.refused("ValidationException", "ScheduleExpression is supported only on the default event bus.", put,
                     Name="x", EventBusName="other", ScheduleExpression="rate(1 minute)")

    def test_functions(self):
        function = arn_of("lambda", "function:app-local-target")
        before = len(self.handled())
        arn = self.on.schedule("plain", "at(%s)" % self.now().strftime("%Y-%m-%dT%H:%M:%S"), function)
        self.on.schedule("input", "at(%s)" % self.now().strftime("%Y-%m-%dT%H:%M:%S"), function, target={
            "Input": json.dumps({"arn": "<aws.scheduler.schedule-arn>", "attempt": "<aws.scheduler.attempt-number>",
                                 "id": "<aws.scheduler.execution-id>", "at": "<aws.scheduler.scheduled-time>"})})
        self.dynlog.advance("1s")
        got = self.handled()[before:]
        self.assertEqual(2, len(got))
        plain = next(event for event in got if "source" in event)
        self.assertEqual(("aws.scheduler", "Scheduled Event", "{}", [arn]),
                         (plain["source"], plain["detail-type"], plain["detail"], plain["resources"]))
        given = next(event for event in got if "attempt" in event)
        self.assertTrue(given["arn"].endswith(":schedule/default/input"))
        self.assertEqual(("1", 16), (given["attempt"], len(given["id"])))

    def test_event_bus(self):
        self.on.events.create_event_bus(Name="app")
        self.on.events.put_rule(Name="all", EventBusName="app", EventPattern=json.dumps({"source": ["my.app"]}))
        self.on.events.put_targets(Rule="all", EventBusName="app", Targets=[
            {"Id": "1", "Arn": self.on.queue("from-app")}])
        arn = self.on.schedule("to-bus", "rate(1 day)", arn_of("events", "event-bus/app"), target={
            "EventBridgeParameters": {"DetailType": "ping", "Source": "my.app"},
            "Input": json.dumps({"n": 1})})
        self.dynlog.drain()
        event, = [json.loads(body) for body in self.on.bodies("from-app")]
        self.assertEqual(("my.app", "ping", {"n": 1}, [arn]),
                         (event["source"], event["detail-type"], event["detail"], event["resources"]))
        self.on.scheduler.delete_schedule(Name="to-bus")

    def test_fifo_queue(self):
        queue = self.on.queue("ordered.fifo", FifoQueue="true", ContentBasedDeduplication="true")
        self.on.schedule("fifo", "rate(1 day)", queue, target={
            "Input": "first", "SqsParameters": {"MessageGroupId": "g"}})
        self.dynlog.drain()
        message, = self.on.messages("ordered.fifo")
        self.assertEqual(("first", "g"), (message["Body"], message["Attributes"]["MessageGroupId"]))
        self.on.scheduler.delete_schedule(Name="fifo")

    def test_dead_letters(self):
        dead = self.on.queue("dead")
        missing = arn_of("sqs", "nowhere")
        begin = self.now()
        arn = self.on.schedule("lost", "rate(1 day)", missing, target={
            "Input": "the payload", "DeadLetterConfig": {"Arn": dead}})
        self.dynlog.drain()
        message, = self.on.messages("dead")
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        self.assertEqual("the payload", message["Body"])
        self.assertEqual((arn, missing, begin.strftime("%Y-%m-%dT%H:%M:%SZ"), "0", "false"),
                         tuple(attributes[name] for name in ("SCHEDULE_ARN", "TARGET_ARN", "SCHEDULED_TIME",
                                                             "RETRY_ATTEMPTS", "IS_PAYLOAD_TRUNCATED")))
        self.assertEqual(16, len(attributes["EXECUTION_ID"]))
        self.assertIn("ERROR_CODE", attributes)
        self.on.scheduler.delete_schedule(Name="lost")

    def test_time_zones(self):
        queue = self.on.queue("zones")
        try:
            self.on.schedule("zone", "cron(0 9 * * ? *)", queue, ScheduleExpressionTimezone="America/New_York",
                             target={"Input": "<aws.scheduler.scheduled-time>"})
        except self.on.scheduler.exceptions.ValidationException as error:
            if "tzdata" not in str(error):
                raise
            self.skipTest("this machine has no time zone database")
        self.dynlog.advance("24h")
        body, = self.on.bodies("zones")
        self.assertTrue(body.endswith("T13:00:00Z"), body)  # in July, four hours behind
        self.on.scheduler.delete_schedule(Name="zone")
        self.refused("ValidationException", "Invalid ScheduleExpressionTimezone Mars/Base.", self.on.schedule,
                     "mars", "rate(1 day)", queue, ScheduleExpressionTimezone="Mars/Base")

    def test_windows(self):
        queue = self.on.queue("windows")
        self.on.schedule("window", "cron(0 * * * ? *)", queue,
                         window={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10})
        self.dynlog.advance("10h11m")
        self.on.scheduler.delete_schedule(Name="window")
        after = set()
        messages = self.on.messages("windows")
        for message in messages:
            due = json.loads(message["Body"])["time"]
            due = datetime.datetime.strptime(due, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
            sent = int(message["Attributes"]["SentTimestamp"]) / 1000
            self.assertLess(sent - due.timestamp(), 600)
            self.assertGreaterEqual(sent, due.timestamp())
            after.add(sent - due.timestamp())
        self.assertIn(len(messages), (10, 11))
        self.assertGreater(len(after), 3)

    def test_debian_cli(self):
        target = json.dumps({"Arn": self.on.queue("cli"), "RoleArn": ROLE, "Input": "from the CLI"})

        def aws(*arguments):
            result = self.dynlog.aws(*arguments)
            self.assertEqual(0, result.returncode, result.stderr)
            return json.loads(result.stdout or "{}")
        answer = aws("scheduler", "create-schedule", "--name", "cli", "--schedule-expression", "rate(2 hours)",
                     "--flexible-time-window", "Mode=OFF", "--target", target)
        self.assertEqual(arn_of("scheduler", "schedule/default/cli"), answer["ScheduleArn"])
        self.dynlog.drain()
        self.assertEqual(["from the CLI"], self.on.bodies("cli"))
        self.assertEqual("ENABLED", aws("scheduler", "get-schedule", "--name", "cli")["State"])
        listed = aws("scheduler", "list-schedules", "--name-prefix", "cli", "--max-items", "1")
        self.assertEqual("cli", listed["Schedules"][0]["Name"])
        refused = self.dynlog.aws("scheduler", "create-schedule", "--name", "cli", "--schedule-expression",
                                  "rate(2 hours)", "--flexible-time-window", "Mode=OFF", "--target", target)
        self.assertIn("(ConflictException) when calling the CreateSchedule operation: Schedule cli already exists.",
                      refused.stderr)
        aws("scheduler", "delete-schedule", "--name", "cli")
        arn = aws("scheduler", "create-schedule-group", "--name", "cli-group", "--tags",
                  "Key=a,Value=b")["ScheduleGroupArn"]
        aws("scheduler", "untag-resource", "--resource-arn", arn, "--tag-keys", "a")
        self.assertEqual([], aws("scheduler", "list-tags-for-resource", "--resource-arn", arn)["Tags"])
        aws("scheduler", "delete-schedule-group", "--name", "cli-group")
        aws("events", "put-rule", "--name", "cli-rule", "--schedule-expression", "cron(0 12 * * ? *)")
        self.assertEqual("cron(0 12 * * ? *)",
                         aws("events", "describe-rule", "--name", "cli-rule")["ScheduleExpression"])
        aws("events", "delete-rule", "--name", "cli-rule")

    def test_node(self):
        self.dynlog.node("scheduler.mjs")

    def test_paths(self):
        status, headers, text = self.dynlog.request("GET", "/schedules/none")
        self.assertEqual((404, "ResourceNotFoundException"), (status, headers["x-amzn-ErrorType"]))
        self.assertEqual("Schedule none does not exist.", json.loads(text)["Message"])
        for method, path in (("GET", "/schedules/"), ("POST", "/schedules"), ("GET", "/tags"), ("GET", "/tagsx"),
                             ("PATCH", "/schedules/a")):
            self.assertEqual(404, self.dynlog.request(method, path)[0], (method, path))
        self.assertEqual(400, self.dynlog.request("GET", "/schedules?MaxResults=0")[0])
        self.assertEqual(400, self.dynlog.request("GET", "/schedules?MaxResults=many")[0])
        self.assertEqual(400, self.dynlog.request("POST", "/schedules/a", "[]")[0])
        self.assertEqual(400, self.dynlog.request("POST", "/schedules/a", "{")[0])
        self.assertEqual(400, self.dynlog.request("GET", "/schedules/%22a%0a")[0])

    def test_every_operation_of_the_model(self):
        for name in self.on.scheduler.meta.service_model.operation_names:
            status, answer = self.dynlog.call("AWSScheduler." + name, {})
            self.assertNotEqual("UnknownOperationException", answer.get("__type"), name)


class Killed(unittest.TestCase):
    """kill -9: a due time and its message are one batch."""

    def setUp(self):
        self.dynlog = Dynlog(arguments=CLOCK)
        self.addCleanup(self.dynlog.remove)
        self.dynlog.start()
        self.on = Wires(self.dynlog)

    def again(self):
        self.dynlog.kill()
        self.dynlog.arguments = ["--clock", "manual"]  # on from where it stands
        self.dynlog.start()
        self.on = Wires(self.dynlog)

    def test_once_is_once(self):
        queue = self.on.queue("q")
        for i in range(20):
            self.on.schedule("s%d" % i, "at(2026-07-25T13:00:00)", queue, target={"Input": str(i)})
        self.on.scheduled_rule("rule", "cron(0 13 * * ? *)", {"Arn": queue, "Input": "\"rule\""})
        self.again()
        self.dynlog.advance("59m59s")
        self.again()
        self.dynlog.advance("1s")
        self.again()
        self.dynlog.advance("1h")
        self.again()
        self.dynlog.drain()
        self.assertEqual(sorted([str(i) for i in range(20)] + ["\"rule\""]), sorted(self.on.bodies("q")))
        self.dynlog.stop()

    def test_killed_while_it_is_due(self):
        """The clock is told to move and the process killed at once: each one happens once, before or after."""
        queue = self.on.queue("q")
        for i in range(100):
            self.on.schedule("s%d" % i, "at(2026-07-25T12:%02d:00)" % (1 + i % 50), queue, target={"Input": str(i)})
        for _ in range(3):
            mover = self.dynlog.spawn_beside(
                "/usr/bin/python3", "-c",
                "import sys, urllib.request as r\n"
                "print('go', flush=True)\n"
                "try: r.urlopen(r.Request(sys.argv[1] + '/_dynlog/clock', b'{\"advance\":\"20m\"}'))\n"
                "except Exception: pass\n", self.dynlog.endpoint)
            mover.out.wait("go")
            self.again()
            mover.wait()
        self.dynlog.advance("2h")
        self.dynlog.drain()
        self.assertEqual(sorted(str(i) for i in range(100)), sorted(self.on.bodies("q")))
        self.dynlog.stop()
