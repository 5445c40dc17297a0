"""Event source mappings as clients make them, and queues as their sources: with boto3, the AWS CLI and the SDK of
Node.js; partial failures, dead letters, order in groups; over restarts and kill -9."""

import json
import os
import unittest

from support.case import Case, s
from support.server import Dynlog

ACCOUNT = "000000000000"

# Prints each batch as a line of calls.jsonl; what a message asks for is done: {"fail": true} is reported as failed,
# {"throw": true} fails the batch, {"hold": "FILE"} waits until the file is there; an item with the key "throw" fails it too.
HANDLER = """
import json, os, threading

lock = threading.Lock()

def note(**line):
    with open('calls.jsonl', 'a') as file:
        file.write(json.dumps(line) + '\\n')

def records(event, context):
    note(function=context.function_name, version=context.function_version, records=event['Records'])
    failures = []
    for record in event['Records']:
        try:
            body = json.loads(record.get('body', '{}'))
        except ValueError:
            body = {}
        if not isinstance(body, dict):
            body = {}
        if body.get('hold'):
            note(holding=body['hold'])
            while not os.path.exists(body['hold']):
                pass
        if record.get('dynamodb', {}).get('Keys', {}).get('pk', {}).get('S') == 'throw':
            raise ValueError('told to')
        if body.get('throw') and not os.path.exists('healed'):
            raise ValueError('told to')
        if body.get('fail') and not os.path.exists('healed'):
            failures.append({'itemIdentifier': record['messageId']})
    return {'batchItemFailures': failures}
"""

FUNCTIONS = """
service: app
provider: {name: aws, runtime: python3.11, timeout: 5}
functions:
  one: {handler: handlers.records}
  two: {handler: handlers.records}
"""

RESOURCES = """
resources:
  Resources:
    table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: app-table
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        StreamSpecification: {StreamViewType: NEW_IMAGE}
    jobs:
      Type: AWS::SQS::Queue
      Properties:
        QueueName: jobs
        VisibilityTimeout: 30
        RedrivePolicy: {deadLetterTargetArn: !GetAtt dead.Arn, maxReceiveCount: 2}
    dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
"""

FILES = {"serverless.yml": FUNCTIONS + RESOURCES, "handlers.py": HANDLER}


def arn_of(queue):
    return "arn:aws:sqs:us-east-1:%s:%s" % (ACCOUNT, queue)


def calls(dynlog):
    """The lines that handlers wrote, but for those about waiting."""
    path = dynlog.path("calls.jsonl")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.endswith("\n")]  # the last one may be half written
    return [line for line in lines if "records" in line]


def keys(dynlog):
    return [record["dynamodb"]["Keys"]["pk"]["S"] for call in calls(dynlog) for record in call["records"]]


def bodies(dynlog):
    return [record["body"] for call in calls(dynlog) for record in call["records"]]


class OwnCalls(Case):
    """Each test sees the calls that it caused."""

    def setUp(self):
        if os.path.exists(self.dynlog.path("calls.jsonl")):
            os.remove(self.dynlog.path("calls.jsonl"))


class Mappings(OwnCalls):
    files = FILES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.functions = cls.dynlog.client("lambda")
        cls.sqs = cls.dynlog.client("sqs")

    def stream(self):
        name = self.table(stream="NEW_IMAGE")
        return name, self.dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]

    def put(self, table, key):
        self.dynamodb.put_item(TableName=table, Item={"pk": s(key)})

    def settled(self, uuid, state):
        """What is under way has no time of its own; drain waits for it."""
        self.dynlog.drain()
        answer = self.functions.get_event_source_mapping(UUID=uuid)
        self.assertEqual(state, answer["State"])
        return answer

    def test_a_streams_mapping_through_its_life(self):
        table, arn = self.stream()
        self.put(table, "before")
        made = self.functions.create_event_source_mapping(
            EventSourceArn=arn, FunctionName="app-local-one", StartingPosition="LATEST", BatchSize=7,
            MaximumRetryAttempts=3, DestinationConfig={"OnFailure": {"Destination": arn_of("dead")}},
            FilterCriteria={"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]})
        uuid = made["UUID"]
        self.assertEqual(202, made["ResponseMetadata"]["HTTPStatusCode"])
        self.assertEqual("Creating", made["State"])
        self.assertEqual("No records processed", made["LastProcessingResult"])
        self.assertEqual("arn:aws:lambda:us-east-1:%s:function:app-local-one" % ACCOUNT, made["FunctionArn"])
        self.put(table, "a")
        self.settled(uuid, "Enabled")
        self.assertEqual(["a"], keys(self.dynlog))  # LATEST: what was before is not handed over

        self.refused("ResourceConflictException", 'The event source arn (" %s ") and function (" app-local-one ") '
                     "provided mapping already exists. Please update or delete the existing mapping with UUID %s"
                     % (arn, uuid), self.functions.create_event_source_mapping, EventSourceArn=arn,
                     FunctionName="app-local-one", StartingPosition="LATEST")

        disabled = self.functions.update_event_source_mapping(UUID=uuid, Enabled=False)
        self.assertEqual("Disabling", disabled["State"])
        self.settled(uuid, "Disabled")
        self.put(table, "b")
        self.dynlog.drain()
        self.assertEqual(["a"], keys(self.dynlog))
        enabled = self.functions.update_event_source_mapping(UUID=uuid, Enabled=True, BatchSize=500)
        self.assertEqual("Enabling", enabled["State"])
        answer = self.settled(uuid, "Enabled")  # and goes on where it was
        self.assertEqual(500, answer["BatchSize"])
        self.assertEqual("OK", answer["LastProcessingResult"])
        self.assertEqual(["a", "b"], keys(self.dynlog))
        updated = self.functions.update_event_source_mapping(UUID=uuid, ParallelizationFactor=4)
        self.assertEqual("Updating", updated["State"])
        self.settled(uuid, "Enabled")

        listed = self.functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
        self.assertEqual([uuid], [mapping["UUID"] for mapping in listed])
        deleted = self.functions.delete_event_source_mapping(UUID=uuid)
        self.assertEqual("Deleting", deleted["State"])
        self.dynlog.drain()
        self.refused("ResourceNotFoundException", "The resource you requested does not exist.",
                     self.functions.get_event_source_mapping, UUID=uuid)
        self.put(table, "c")
        self.dynlog.drain()
        self.assertEqual(["a", "b"], keys(self.dynlog))
        # Another one begins anew.
        again = self.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="app-local-one",
                                                           StartingPosition="TRIM_HORIZON")
        self.assertNotEqual(uuid, again["UUID"])
        self.settled(again["UUID"], "Enabled")
        self.assertEqual(["a", "b", "before", "a", "b", "c"], keys(self.dynlog))

    def test_pages(self):
        uuids = set()
        for _ in range(5):
            _, arn = self.stream()
            uuids.add(self.functions.create_event_source_mapping(
                EventSourceArn=arn, FunctionName="app-local-two", StartingPosition="LATEST")["UUID"])
        pages = list(self.functions.get_paginator("list_event_source_mappings").paginate(
            FunctionName="app-local-two", PaginationConfig={"PageSize": 2}))
        self.assertEqual([2, 2, 1], [len(page["EventSourceMappings"]) for page in pages])
        self.assertEqual(uuids, {m["UUID"] for page in pages for m in page["EventSourceMappings"]})

    def test_a_deleted_table(self):
        table, arn = self.stream()
        uuid = self.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="app-local-one",
                                                          StartingPosition="LATEST")["UUID"]
        self.dynamodb.delete_table(TableName=table)
        self.dynlog.drain()
        self.settled(uuid, "Enabled")
        self.functions.delete_event_source_mapping(UUID=uuid)
        self.dynlog.drain()
        self.refused("ResourceNotFoundException", None, self.functions.get_event_source_mapping, UUID=uuid)

    def test_a_version_and_an_alias(self):
        """What the mapping names runs, also when the alias moves on; a failure record says which it was."""
        one = self.functions.publish_version(FunctionName="app-local-two")["Version"]
        self.functions.create_alias(FunctionName="app-local-two", Name="live", FunctionVersion=one)
        url = self.sqs.create_queue(QueueName="of-versions")["QueueUrl"]
        table, arn = self.stream()
        for qualifier in ("live", one):
            name = "app-local-two:" + qualifier
            made = self.functions.create_event_source_mapping(
                EventSourceArn=arn, FunctionName=name, StartingPosition="LATEST", MaximumRetryAttempts=0,
                DestinationConfig={"OnFailure": {"Destination": arn_of("of-versions")}})
            self.assertEqual("arn:aws:lambda:us-east-1:%s:function:%s" % (ACCOUNT, name), made["FunctionArn"])
            self.settled(made["UUID"], "Enabled")
            listed = self.functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
            self.assertEqual([made["UUID"]], [mapping["UUID"] for mapping in listed])
            self.put(table, "to " + qualifier)
            self.dynlog.drain()
        self.assertEqual({one}, {call["version"] for call in calls(self.dynlog)})
        self.assertEqual(3, len(calls(self.dynlog)))  # the alias alone, then both
        self.put(table, "throw")
        self.dynlog.drain()
        letters = [json.loads(message["Body"]) for message in self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
        self.assertEqual({(one, "app-local-two:live"), (one, "app-local-two:" + one)}, {
            (letter["responseContext"]["executedVersion"],
             letter["requestContext"]["functionArn"].split(":function:")[1]) for letter in letters})
        self.functions.update_function_configuration(FunctionName="app-local-two", Description="another one")
        two = self.functions.publish_version(FunctionName="app-local-two")["Version"]
        self.functions.update_alias(FunctionName="app-local-two", Name="live", FunctionVersion=two)
        os.remove(self.dynlog.path("calls.jsonl"))
        self.put(table, "moved")
        self.dynlog.drain()
        self.assertEqual(sorted([one, two]), sorted(call["version"] for call in calls(self.dynlog)))

    def test_a_function_that_may_not_run(self):
        """Reserved concurrency 0: what waits for its turn is withdrawn when its mapping is disabled or deleted."""
        url = self.sqs.create_queue(QueueName="throttled")["QueueUrl"]
        self.functions.put_function_concurrency(FunctionName="app-local-two", ReservedConcurrentExecutions=0)
        uuid = self.functions.create_event_source_mapping(EventSourceArn=arn_of("throttled"),
                                                          FunctionName="app-local-two")["UUID"]

        def in_flight(count):
            while count != self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][
                    "ApproximateNumberOfMessagesNotVisible"]:
                pass

        def until(state):
            while self.functions.get_event_source_mapping(UUID=uuid)["State"] != state:
                pass

        self.sqs.send_message(QueueUrl=url, MessageBody="first")
        in_flight("1")
        self.functions.update_event_source_mapping(UUID=uuid, Enabled=False)
        until("Disabled")
        self.functions.update_event_source_mapping(UUID=uuid, Enabled=True)
        until("Enabled")
        self.sqs.send_message(QueueUrl=url, MessageBody="second")
        in_flight("2")
        self.functions.delete_event_source_mapping(UUID=uuid)
        self.functions.delete_function_concurrency(FunctionName="app-local-two")
        self.dynlog.drain()
        self.refused("ResourceNotFoundException", None, self.functions.get_event_source_mapping, UUID=uuid)
        in_flight("2")  # they are the queue's
        self.assertEqual([], bodies(self.dynlog))

    def test_the_cli(self):
        _, arn = self.stream()
        made = self.dynlog.aws("lambda", "create-event-source-mapping", "--function-name", "app-local-one",
                               "--event-source-arn", arn, "--starting-position", "TRIM_HORIZON")
        self.assertEqual(0, made.returncode, made.stderr)
        uuid = json.loads(made.stdout)["UUID"]
        self.dynlog.drain()
        for arguments, member, value in (
                (["get-event-source-mapping", "--uuid", uuid], "State", "Enabled"),
                (["update-event-source-mapping", "--uuid", uuid, "--batch-size", "3"], "BatchSize", 3),
                (["delete-event-source-mapping", "--uuid", uuid], "UUID", uuid)):
            result = self.dynlog.aws("lambda", *arguments)
            self.assertEqual(0, result.returncode, result.stderr)
            self.assertEqual(value, json.loads(result.stdout)[member])
            self.dynlog.drain()
        listed = self.dynlog.aws("lambda", "list-event-source-mappings", "--event-source-arn", arn)
        self.assertEqual({"EventSourceMappings": []}, json.loads(listed.stdout))

    def test_the_sdk_of_node(self):
        self.sqs.create_queue(QueueName="of-node")
        said = json.loads(self.dynlog.node("mappings.mjs", arn_of("of-node"), "app-local-two"))
        self.assertEqual("Creating", said["created"]["State"])
        self.assertEqual({"MaximumConcurrency": 7}, said["created"]["ScalingConfig"])
        self.assertEqual("USER_INITIATED", said["created"]["StateTransitionReason"])
        self.assertEqual(["ReportBatchItemFailures"], said["updated"]["FunctionResponseTypes"])
        self.assertNotIn("ScalingConfig", said["updated"])
        self.assertEqual({"team": "a", "more": "b"}, said["tags"])
        self.assertEqual({"more": "b"}, said["fewerTags"])
        self.assertEqual("ResourceNotFoundException", said["afterwards"])
        self.assertEqual("ValidationException", said["refused"]["name"])

    def test_a_queues_record(self):
        url = self.sqs.create_queue(QueueName="record.fifo", Attributes={
            "FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
        self.functions.create_event_source_mapping(EventSourceArn=arn_of("record.fifo"),
                                                   FunctionName="app-local-one")
        sent = self.sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageAttributes={
            "t": {"DataType": "String", "StringValue": "v"}, "b": {"DataType": "Binary", "BinaryValue": b"\0"}})
        self.dynlog.drain()
        record, = calls(self.dynlog)[0]["records"]
        attributes = record.pop("attributes")
        self.assertTrue(record.pop("receiptHandle"))
        self.assertEqual({
            "messageId": sent["MessageId"], "body": "x", "md5OfBody": sent["MD5OfMessageBody"],
            "messageAttributes": {
                "t": {"stringValue": "v", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
                "b": {"binaryValue": "AA==", "stringListValues": [], "binaryListValues": [],
                      "dataType": "Binary"}},
            "md5OfMessageAttributes": sent["MD5OfMessageAttributes"], "eventSource": "aws:sqs",
            "eventSourceARN": arn_of("record.fifo"), "awsRegion": "us-east-1"}, record)
        self.assertEqual(
            {"ApproximateReceiveCount", "SentTimestamp", "SequenceNumber", "MessageGroupId", "SenderId",
             "MessageDeduplicationId", "ApproximateFirstReceiveTimestamp"}, set(attributes))
        self.assertEqual(["1", "g", sent["SequenceNumber"]],
                         [attributes[name] for name in ("ApproximateReceiveCount", "MessageGroupId",
                                                        "SequenceNumber")])
        self.assertEqual("0", self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][
            "ApproximateNumberOfMessagesNotVisible"])

    def test_order_in_groups(self):
        """The first of group a is held, so a waits; b goes on meanwhile, in other batches."""
        url = self.sqs.create_queue(QueueName="order.fifo", Attributes={
            "FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
        self.functions.create_event_source_mapping(EventSourceArn=arn_of("order.fifo"), FunctionName="app-local-one",
                                                   BatchSize=1)
        for number in range(5):
            for group in "ab":
                body = {"group": group, "number": number}
                if (group, number) == ("a", 0):
                    body["hold"] = "go-on"
                self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body), MessageGroupId=group)
        while sum(json.loads(body)["group"] == "b" for body in bodies(self.dynlog)) < 5:
            pass
        self.assertEqual(1, sum(json.loads(body)["group"] == "a" for body in bodies(self.dynlog)))
        self.dynlog.write("go-on", "")
        self.dynlog.drain()
        seen = [json.loads(body) for body in bodies(self.dynlog)]
        for group in "ab":
            self.assertEqual(list(range(5)), [body["number"] for body in seen if body["group"] == group])

    def test_a_window(self):
        """A standard queue's batch may be larger than ten; its window ends it."""
        url = self.sqs.create_queue(QueueName="window")["QueueUrl"]
        self.functions.create_event_source_mapping(EventSourceArn=arn_of("window"), FunctionName="app-local-one",
                                                   BatchSize=25, MaximumBatchingWindowInSeconds=1)
        for ten in range(3):
            self.sqs.send_message_batch(QueueUrl=url, Entries=[
                {"Id": str(i), "MessageBody": str(10 * ten + i)} for i in range(10)])
        self.dynlog.drain()
        self.assertEqual([25, 5], [len(call["records"]) for call in calls(self.dynlog)])

    def test_refused(self):
        create = self.functions.create_event_source_mapping
        self.sqs.create_queue(QueueName="short", Attributes={"VisibilityTimeout": "1"})
        self.sqs.create_queue(QueueName="plain")
        _, arn = self.stream()
        for words, more in (
                ("Function does not exist", {"FunctionName": "nobody"}),
                ("The Destination field is required for an OnFailure configuration.",
                 {"EventSourceArn": arn, "StartingPosition": "LATEST", "DestinationConfig": {"OnFailure": {}}}),
                ("Queue visibility timeout: 1 seconds is less than Function timeout: 5 seconds",
                 {"EventSourceArn": arn_of("short")}),
                ("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
                 {"BatchSize": 11}),
                ("StartingPosition is not valid for SQS event sources.", {"StartingPosition": "LATEST"}),
                ("Unsupported BisectBatchOnFunctionError parameter for given event source mapping type.",
                 {"BisectBatchOnFunctionError": True}),
                ("Invalid filter pattern definition.", {"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}),
                ("Unsupported starting position for arn type: " + arn,
                 {"EventSourceArn": arn, "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1})):
            given = {"EventSourceArn": arn_of("plain"), "FunctionName": "app-local-one", **more}
            self.refused("InvalidParameterValueException", words, create, **given)


class Retries(OwnCalls):
    """By a clock that the test moves: visibility, receive counts, dead letters."""

    files = {**FILES, "serverless.yml": FUNCTIONS.replace("one: {handler: handlers.records}", """one:
    handler: handlers.records
    events:
      - sqs: {arn: !GetAtt jobs.Arn, batchSize: 10, functionResponseType: ReportBatchItemFailures}
      - sqs:
          arn: !GetAtt filtered.Arn
          filterPatterns: [{body: {kind: [a]}}]""") + RESOURCES +
             "    filtered: {Type: AWS::SQS::Queue, Properties: {QueueName: filtered}}\n"}
    arguments = ["--clock", "manual"]

    def test_partial_failures_and_dead_letters(self):
        sqs = self.dynlog.client("sqs")
        url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(i), "MessageBody": json.dumps({"i": i, "fail": i == 3})} for i in range(10)])
        waiting = self.dynlog.waiting()
        self.assertEqual(1, waiting["messages for a mapping"]["count"])
        self.assertEqual(10, len(bodies(self.dynlog)))
        self.dynlog.advance("29s")
        self.assertEqual(10, len(bodies(self.dynlog)))  # not visible yet
        self.dynlog.advance("1s")
        self.dynlog.waiting()
        again = calls(self.dynlog)[-1]["records"]
        self.assertEqual([3], [json.loads(record["body"])["i"] for record in again])
        self.assertEqual("2", again[0]["attributes"]["ApproximateReceiveCount"])
        self.dynlog.advance("30s")  # received twice: a dead letter
        self.assertEqual({}, self.dynlog.waiting())
        dead = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="dead")["QueueUrl"])["Messages"]
        self.assertEqual([3], [json.loads(message["Body"])["i"] for message in dead])
        self.assertEqual(11, len(bodies(self.dynlog)))

    def test_a_table_that_goes(self):
        """Its stream can be read for a day; then the mapping says that there is none, and nothing moves."""
        functions, dynamodb = self.dynlog.client("lambda"), self.dynlog.client("dynamodb")
        name = self.table(stream="NEW_IMAGE")
        arn = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
        uuid = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="app-local-two",
                                                     StartingPosition="TRIM_HORIZON", Enabled=False)["UUID"]
        self.dynlog.drain()
        dynamodb.put_item(TableName=name, Item={"pk": s("last")})
        dynamodb.delete_table(TableName=name)
        functions.update_event_source_mapping(UUID=uuid, Enabled=True)
        self.dynlog.drain()
        self.assertEqual(["last"], keys(self.dynlog))
        mapping = functions.get_event_source_mapping(UUID=uuid)
        self.assertEqual(("Enabled", "OK"), (mapping["State"], mapping["LastProcessingResult"]))
        self.dynlog.advance("25h")
        self.dynlog.drain()
        for restarted in (False, True):
            mapping = functions.get_event_source_mapping(UUID=uuid)
            self.assertEqual(("Enabled", "PROBLEM: Stream not found"),
                             (mapping["State"], mapping["LastProcessingResult"]), restarted)
            self.dynlog.kill()
            self.dynlog.restart()
        functions.delete_event_source_mapping(UUID=uuid)
        self.dynlog.drain()
        self.refused("ResourceNotFoundException", None, functions.get_event_source_mapping, UUID=uuid)

    def test_filters_delete_what_they_do_not_match(self):
        sqs = self.dynlog.client("sqs")
        url = sqs.get_queue_url(QueueName="filtered")["QueueUrl"]
        for body in ('{"kind": "a"}', '{"kind": "b"}', "a", '["a"]'):
            sqs.send_message(QueueUrl=url, MessageBody=body)
        self.assertNotIn("messages for a mapping", self.dynlog.waiting())
        self.assertEqual(['{"kind": "a"}'], [record["body"] for call in calls(self.dynlog)
                                             for record in call["records"] if "filtered" in record["eventSourceARN"]])
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        self.assertEqual("0", counts["ApproximateNumberOfMessages"])

    def test_hurried(self):
        """A drain with "retries now" does not wait for visibility."""
        sqs = self.dynlog.client("sqs")
        url = sqs.create_queue(QueueName="hurried")["QueueUrl"]
        self.dynlog.client("lambda").create_event_source_mapping(EventSourceArn=arn_of("hurried"),
                                                                 FunctionName="app-local-two")
        sqs.send_message(QueueUrl=url, MessageBody='{"throw": true, "name": "hurried"}')
        self.assertEqual(1, self.dynlog.waiting()["messages for a mapping"]["count"])
        self.dynlog.write("healed", "")
        self.assertNotIn("messages for a mapping", self.dynlog.waiting(retries_now=True))
        os.remove(self.dynlog.path("healed"))
        self.assertEqual(2, sum("hurried" in body for body in bodies(self.dynlog)))


class Durable(unittest.TestCase):
    def test_a_mapping_and_its_cursor(self):
        with Dynlog(files=FILES) as dynlog:
            functions, dynamodb = dynlog.client("lambda"), dynlog.client("dynamodb")
            arn = dynamodb.describe_table(TableName="app-table")["Table"]["LatestStreamArn"]
            dynamodb.put_item(TableName="app-table", Item={"pk": s("before")})
            made = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="app-local-one",
                                                         StartingPosition="LATEST", BatchSize=3)
            dynlog.kill()
            dynlog.restart()
            dynamodb.put_item(TableName="app-table", Item={"pk": s("a")})
            dynlog.drain()
            after = functions.get_event_source_mapping(UUID=made["UUID"])
            self.assertEqual(("Enabled", 3), (after["State"], after["BatchSize"]))
            self.assertEqual(made["LastModified"], after["LastModified"])
            self.assertEqual(["a"], keys(dynlog))
            functions.update_event_source_mapping(UUID=made["UUID"], Enabled=False)
            dynlog.kill()
            dynlog.restart()
            dynamodb.put_item(TableName="app-table", Item={"pk": s("b")})
            dynlog.drain()
            self.assertEqual("Disabled", functions.get_event_source_mapping(UUID=made["UUID"])["State"])
            self.assertEqual(["a"], keys(dynlog))
            functions.update_event_source_mapping(UUID=made["UUID"], Enabled=True)
            dynlog.drain()
            self.assertEqual(["a", "b"], keys(dynlog))
            functions.delete_event_source_mapping(UUID=made["UUID"])
            dynlog.kill()
            dynlog.restart()
            dynlog.drain()
            self.assertEqual([], functions.list_event_source_mappings()["EventSourceMappings"])

    def test_a_stack_files_mapping(self):
        """Known by function and source: its UUID stays, and each start has it as the file says."""
        stack = FUNCTIONS.replace("one: {handler: handlers.records}", """one:
    handler: handlers.records
    events:
      - stream: {type: dynamodb, arn: !GetAtt table.StreamArn, batchSize: 5}""") + RESOURCES
        with Dynlog(files={**FILES, "serverless.yml": stack}) as dynlog:
            functions = dynlog.client("lambda")
            mapping, = functions.list_event_source_mappings()["EventSourceMappings"]
            self.assertEqual(("Enabled", 5), (mapping["State"], mapping["BatchSize"]))
            functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=9)
            dynlog.drain()
            self.assertEqual(9, functions.get_event_source_mapping(UUID=mapping["UUID"])["BatchSize"])
            dynlog.stop()
            dynlog.restart()
            again, = functions.list_event_source_mappings()["EventSourceMappings"]
            self.assertEqual((mapping["UUID"], 5), (again["UUID"], again["BatchSize"]))

    def test_killed_while_messages_are_handled(self):
        """Every message is handled at least once, and none stays behind."""
        count = 200
        files = {**FILES, "serverless.yml": (FUNCTIONS + RESOURCES).replace("VisibilityTimeout: 30",
                                                                            "VisibilityTimeout: 6")
                                            .replace("maxReceiveCount: 2", "maxReceiveCount: 100")}
        with Dynlog(files=files) as dynlog:
            sqs = dynlog.client("sqs")
            url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
            dynlog.client("lambda").create_event_source_mapping(EventSourceArn=arn_of("jobs"),
                                                                FunctionName="app-local-one", BatchSize=5)
            for ten in range(count // 10):
                sqs.send_message_batch(QueueUrl=url, Entries=[
                    {"Id": str(i), "MessageBody": str(10 * ten + i)} for i in range(10)])
                if ten % 7 == 3:
                    dynlog.kill()
                    dynlog.restart()
            dynlog.drain()
            self.assertEqual({str(i) for i in range(count)}, set(bodies(dynlog)))
            counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            self.assertEqual(["0", "0"], [counts["ApproximateNumberOfMessages"],
                                          counts["ApproximateNumberOfMessagesNotVisible"]])


if __name__ == "__main__":
    unittest.main()
