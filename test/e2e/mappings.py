"""What a mapping over a change stream does with its settings, with real functions: a table, one case a setting.
Time is a clock that the test moves."""

import json
import os
import random
import unittest

from support.case import Case, n, s
from support.server import Dynlog

ACCOUNT = "000000000000"
START = "2030-01-01T00:00:00Z"

# Notes each batch in calls.jsonl, and does what its records say: {"do": "throw"}, "report" (as failed),
# "report once", "meet" (waits until four batches are there).
NODE = """
const { appendFileSync, existsSync, readdirSync, writeFileSync } = require('fs')

const note = (line) => appendFileSync('calls.jsonl', JSON.stringify(line) + '\\n')
const moment = () => new Promise((resolve) => setTimeout(resolve, 5))

const act = async (record) => {
  const image = record.dynamodb.NewImage, key = image.pk.S + image.sk.N
  if (image.do === undefined) return false
  if (image.do.S === 'throw') throw new Error('told to')
  if (image.do.S === 'meet') {
    writeFileSync('here.' + key, '')
    while (readdirSync('.').filter((name) => name.startsWith('here.')).length < 4) await moment()
  }
  if (image.do.S === 'report') return true
  if (image.do.S !== 'report once' || existsSync('reported.' + key)) return false
  writeFileSync('reported.' + key, '')
  return true
}

exports.records = async ({ Records, ...event }, context) => {
  const keys = Records.map(({ dynamodb }) => dynamodb.Keys.pk.S + dynamodb.Keys.sk.N)
  note({ function: context.functionName, keys, ...event })
  const failures = []
  for (const record of Records)
    if (await act(record)) failures.push({ itemIdentifier: record.dynamodb.SequenceNumber })
  note({ ended: keys })
  if (event.window === undefined) return { batchItemFailures: failures }
  return { state: { keys: [...(event.state.keys ?? []), ...keys] }, batchItemFailures: failures }
}
"""

PYTHON = """
import json

def note(line):
    with open('calls.jsonl', 'a') as file:
        file.write(json.dumps(line) + '\\n')

def records(event, context):
    keys = [record['dynamodb']['Keys'] for record in event['Records']]
    keys = [key['pk']['S'] + key['sk']['N'] for key in keys]
    note({'function': context.function_name, 'keys': keys})
    failures = []
    for record in event['Records']:
        do = record['dynamodb']['NewImage'].get('do', {}).get('S')
        if do == 'throw':
            raise ValueError('told to')
        if do == 'report':
            failures.append({'itemIdentifier': record['dynamodb']['SequenceNumber']})
    return {'batchItemFailures': failures}
"""

STACK = """
service: app
provider: {name: aws, runtime: nodejs20.x, timeout: 30}
functions:
  node: {handler: handlers.records}
  single: {handler: handlers.records, reservedConcurrency: 1}
  python: {handler: snakes.records, runtime: python3.11}
  staged:
    handler: handlers.records
    events:
      - stream:
          arn: !GetAtt table.StreamArn
          startingPosition: TRIM_HORIZON
          batchSize: 4
          bisectBatchOnFunctionError: true
          maximumRetryAttempts: 0
          functionResponseType: ReportBatchItemFailures
          filterPatterns: [{dynamodb: {NewImage: {kind: {S: [wanted]}}}}]
          destinations: {onFailure: !GetAtt failed.Arn}
resources:
  Resources:
    failed: {Type: AWS::SQS::Queue, Properties: {QueueName: failed}}
    table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: app-table
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
"""

FILES = {"serverless.yml": STACK, "handlers.js": NODE, "snakes.py": PYTHON}
QUEUE = "arn:aws:sqs:us-east-1:%s:failed" % ACCOUNT
ON_FAILURE = {"OnFailure": {"Destination": QUEUE}}
REPORTS = ["ReportBatchItemFailures"]


def wanted(kind):
    return {"Filters": [{"Pattern": json.dumps({"dynamodb": {"NewImage": {"kind": {"S": [kind]}}}})}]}


def span(*keys):
    """"1-3" is ["a1", "a2", "a3"]."""
    found = []
    for key in keys:
        first, _, last = str(key).partition("-")
        found += ["a%d" % number for number in range(int(first), int(last or first) + 1)]
    return found


# name: settings, {number: what its record is}, of how many records, batches, failed (first, last)
TABLE = {
    "BatchSize": ({"BatchSize": 3}, {}, 7, ["1-3", "4-6", "7"], []),
    "MaximumRetryAttempts": (
        {"BatchSize": 3, "MaximumRetryAttempts": 2}, {2: "throw"}, 6, ["1-3", "1-3", "1-3", "4-6"], [(1, 3, 3)]),
    "no retries": ({"BatchSize": 3, "MaximumRetryAttempts": 0}, {5: "throw"}, 6, ["1-3", "4-6"], [(4, 6, 1)]),
    "BisectBatchOnFunctionError": (
        {"BatchSize": 10, "BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 1}, {7: "throw"}, 10,
        ["1-10", "1-5", "6-10", "6-7", "6", "7", "7", "8-10"], [(7, 7, 2)]),
    "two poisoned records": (
        {"BatchSize": 8, "BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0}, {1: "throw", 8: "throw"}, 8,
        ["1-8", "1-4", "1-2", "1", "2", "3-4", "5-8", "5-6", "7-8", "7", "8"], [(1, 1, 1), (8, 8, 1)]),
    "ReportBatchItemFailures": (
        {"BatchSize": 6, "FunctionResponseTypes": REPORTS}, {4: "report once", 6: "report once"}, 6,
        ["1-6", "4-6"], []),
    "reported to the end": (
        {"BatchSize": 6, "FunctionResponseTypes": REPORTS, "MaximumRetryAttempts": 1}, {3: "report"}, 6,
        ["1-6", "3-6"], [(3, 6, 2)]),
    "reported and bisected": (
        {"BatchSize": 6, "FunctionResponseTypes": REPORTS, "MaximumRetryAttempts": 0,
         "BisectBatchOnFunctionError": True}, {3: "report"}, 6, ["1-6", "3-6", "3-4", "3", "4", "5-6"], [(3, 3, 1)]),
    "a report that nobody asked for": ({"BatchSize": 6}, {3: "report"}, 6, ["1-6"], []),
    "FilterCriteria": (
        {"BatchSize": 2, "FilterCriteria": wanted("even")}, {}, 9, ["2,4", "6,8"], []),
    "FilterCriteria, nothing": ({"FilterCriteria": wanted("none")}, {2: "throw"}, 6, [], []),
}


class Recorded(Case):
    files = FILES
    mappings = []

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.functions = cls.dynlog.client("lambda")
        cls.sqs = cls.dynlog.client("sqs")
        cls.queue = cls.sqs.get_queue_url(QueueName="failed")["QueueUrl"]

    def setUp(self):
        for name in os.listdir(self.dynlog.path()):
            if name == "calls.jsonl" or name.startswith(("here.", "reported.")):
                os.remove(self.dynlog.path(name))

    def tearDown(self):
        for uuid in self.mappings:
            self.dynlog.waiting()  # what is being made is not deleted
            self.functions.delete_event_source_mapping(UUID=uuid)
        self.mappings = []

    def lines(self):
        path = self.dynlog.path("calls.jsonl")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def batches(self, function="app-local-node"):
        return [line["keys"] for line in self.lines() if line.get("function") == function]

    def failures(self):
        """The messages of the queue, which is empty then."""
        found = []
        while True:
            messages = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
            if not messages:
                return found
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def item(self, number, do=None, key="a"):
        item = {"pk": s(key), "sk": n(number), "kind": s("even" if number % 2 == 0 else "odd")}
        if do is not None:
            item["do"] = s(do)
        return item

    def stream(self):
        table = self.table(range_type="N", stream="NEW_AND_OLD_IMAGES")
        return table, self.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]

    def write(self, table, items):
        """All at once: they are one batch where BatchSize lets them."""
        self.dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": item}}
                                                          for item in items])

    def map(self, arn, function="app-local-node", **settings):
        made = self.functions.create_event_source_mapping(
            EventSourceArn=arn, FunctionName=function, StartingPosition="TRIM_HORIZON", **settings)
        self.mappings = self.mappings + [made["UUID"]]
        return made["UUID"]

    def sequence_numbers(self, arn):
        streams = self.dynlog.client("dynamodbstreams")
        shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        found = {}
        for shard in shards:
            iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"],
                                                  ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            for record in streams.get_records(ShardIterator=iterator)["Records"]:
                keys = record["dynamodb"]["Keys"]
                found[keys["pk"]["S"] + keys["sk"]["N"]] = (shard["ShardId"], record["dynamodb"]["SequenceNumber"])
        return found


class Settings(Recorded):
    arguments = ["--clock", "manual=" + START, "--memory"]

    def expect_failures(self, function, arn, expected, reported):
        numbers = self.sequence_numbers(arn)
        failures = sorted(self.failures(), key=lambda record: record["DDBStreamBatchInfo"]["startSequenceNumber"])
        self.assertEqual(len(expected), len(failures), failures)
        for (first, last, count), record in zip(expected, failures):
            self.assertRegex(record["requestContext"].pop("requestId"), "^[0-9a-f-]{36}$")
            context = {"statusCode": 200, "executedVersion": "$LATEST"}
            if not reported:
                context["functionError"] = "Unhandled"
            time = record.pop("timestamp")
            self.assertRegex(time, r"^2030-01-01T\d\d:\d\d:\d\d\.\d{3}Z$")
            arrival = record["DDBStreamBatchInfo"]["approximateArrivalOfFirstRecord"]
            self.assertRegex(arrival, r"^2030-01-01T\d\d:\d\d:\d\dZ$")
            self.assertEqual({
                "requestContext": {
                    "functionArn": "arn:aws:lambda:us-east-1:%s:function:%s" % (ACCOUNT, function),
                    "condition": "RetryAttemptsExhausted", "approximateInvokeCount": count},
                "responseContext": context,
                "version": "1.0",
                "DDBStreamBatchInfo": {
                    "shardId": numbers["a%d" % first][0],
                    "startSequenceNumber": numbers["a%d" % first][1],
                    "endSequenceNumber": numbers["a%d" % last][1],
                    "approximateArrivalOfFirstRecord": arrival, "approximateArrivalOfLastRecord": arrival,
                    "batchSize": last - first + 1, "streamArn": arn},
            }, record)

    def run_case(self, function, settings, records, count, batches, failed):
        self.setUp()
        table, arn = self.stream()
        self.write(table, [self.item(number, records.get(number)) for number in range(1, count + 1)])
        uuid = self.map(arn, function, DestinationConfig=ON_FAILURE, **settings)
        self.assertEqual({}, self.dynlog.waiting(retries_now=True))
        expected = [span(*batch.split(",")) for batch in batches]
        self.assertEqual(expected, self.batches(function))
        reported = "FunctionResponseTypes" in settings
        self.expect_failures(function, arn, failed, reported)
        self.assertEqual("Enabled", self.functions.get_event_source_mapping(UUID=uuid)["State"])
        self.tearDown()

    def test_settings(self):
        for name, case in TABLE.items():
            with self.subTest(name):
                self.run_case("app-local-node", *case)

    def test_settings_in_python(self):
        for name in ("BisectBatchOnFunctionError", "reported and bisected"):
            with self.subTest(name):
                self.run_case("app-local-python", *TABLE[name])

    def test_a_stack_file(self):
        items = [{**self.item(number, "throw" if number == 3 else None), "kind": s("wanted")} for number in range(1, 5)]
        self.write("app-table", [self.item(9)] + items)
        self.assertEqual({}, self.dynlog.waiting(retries_now=True))
        self.assertEqual([span("1-4"), span("1-2"), span("3-4"), span("3"), span("4")],
                         self.batches("app-local-staged"))
        self.assertEqual([1], [record["DDBStreamBatchInfo"]["batchSize"] for record in self.failures()])

    def test_maximum_record_age(self):
        table, arn = self.stream()
        self.write(table, [self.item(1, "throw"), self.item(2)])
        self.map(arn, MaximumRecordAgeInSeconds=60, DestinationConfig=ON_FAILURE)
        self.assertEqual({"records of a mapping"}, set(self.dynlog.waiting()))
        self.dynlog.advance("59s")
        self.assertEqual([], self.failures())
        tries = len(self.batches())
        self.assertGreater(tries, 5)  # 100 ms, 200 ms and so on
        self.dynlog.advance("60s")
        self.dynlog.drain()
        failure, = self.failures()
        self.assertEqual("RecordAgeExceeded", failure["requestContext"]["condition"])
        self.assertEqual(2, failure["DDBStreamBatchInfo"]["batchSize"])
        self.write(table, [self.item(3)])
        self.dynlog.drain()
        self.assertEqual(span("3"), self.batches()[-1])

    def test_maximum_batching_window(self):
        table, arn = self.stream()
        self.map(arn, MaximumBatchingWindowInSeconds=20)
        self.dynlog.drain()
        self.write(table, [self.item(1)])
        self.assertEqual({"records of a mapping"}, set(self.dynlog.waiting()))
        self.dynlog.advance("19s")
        self.write(table, [self.item(2)])
        self.assertEqual([], self.batches())
        self.dynlog.advance("1s")
        self.dynlog.drain()
        self.assertEqual([span("1-2")], self.batches())

    def test_parallelization_factor(self):
        table, arn = self.stream()
        keys = ["key%d" % number for number in range(40)]
        for number in range(1, 4):
            for at in range(0, len(keys), 20):
                self.write(table, [self.item(number, "meet", key) for key in keys[at:at + 20]])
        self.map(arn, ParallelizationFactor=4, BatchSize=1)
        self.dynlog.drain()
        lines, running, most = self.lines(), set(), 0
        for line in lines:
            for key in line.get("keys", []):
                self.assertFalse([other for other in running if other.rstrip("123") == key[:-1]])  # none of its key
                running.add(key)
            running -= set(line.get("ended", []))
            most = max(most, len(running))
        self.assertEqual(4, most)
        for key in keys:
            seen = [line["keys"][0] for line in lines if line.get("keys", [""])[0][:-1] == key]
            self.assertEqual([key + "1", key + "2", key + "3"], seen)

    def test_one_at_a_time(self):
        """Reserved concurrency 1 under four batches: they wait for each other, and no attempt is lost."""
        table, arn = self.stream()
        self.write(table, [self.item(1, None, "key%d" % number) for number in range(40)])
        self.map(arn, "app-local-single", ParallelizationFactor=4, BatchSize=1, MaximumRetryAttempts=0,
                 DestinationConfig=ON_FAILURE)
        self.dynlog.drain()
        kinds = ["keys" in line for line in self.lines()]
        self.assertEqual([True, False] * 40, kinds)
        self.assertEqual([], self.failures())

    def test_tumbling_window(self):
        table, arn = self.stream()
        now = self.dynlog.clock()[1]["now"]
        self.map(arn, TumblingWindowInSeconds=900, BatchSize=2)
        self.dynlog.drain()
        self.write(table, [self.item(number) for number in range(1, 4)])
        waiting = self.dynlog.waiting()
        self.assertEqual({"records of a mapping"}, set(waiting), now)
        self.dynlog.advance("15m")
        self.dynlog.drain()
        calls = [line for line in self.lines() if "function" in line]
        self.assertEqual([span("1-2"), span("3"), []], [call["keys"] for call in calls])
        self.assertEqual([{}, {"keys": span("1-2")}, {"keys": span("1-3")}], [call["state"] for call in calls])
        self.assertEqual([False, False, True], [call["isFinalInvokeForWindow"] for call in calls])
        for call in calls:
            self.assertEqual({"start", "end"}, set(call["window"]))
            self.assertEqual(arn, call["eventSourceARN"])
            self.assertEqual(False, call["isWindowTerminatedEarly"])
            self.assertEqual(calls[0]["shardId"], call["shardId"])
            self.assertRegex(call["window"]["start"], r"^2030-01-01T\d\d:(00|15|30|45):00Z$")
        self.refused("InvalidParameterValueException", None, self.functions.create_event_source_mapping,
                     EventSourceArn=arn, FunctionName="app-local-python", StartingPosition="LATEST",
                     TumblingWindowInSeconds=60, ParallelizationFactor=2)

    def test_status_counts_what_is_left(self):
        table, arn = self.stream()
        self.write(table, [self.item(1, "throw"), self.item(2)])
        self.map(arn, BatchSize=1)
        self.dynlog.waiting()
        self.assertEqual(2, self.dynlog.status()["inFlight"]["records"])


class Killed(unittest.TestCase):
    def test_a_failure_is_recorded_once(self):
        """kill -9 again and again: each poisoned record is in the queue once, the others were all handled."""
        rng = random.Random(5)
        with Dynlog(FILES) as dynlog:
            case = Recorded()
            case.dynlog, case.mappings = dynlog, []
            self.connect(case)
            case.dynamodb.create_table(
                TableName="table", BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                      {"AttributeName": "sk", "AttributeType": "N"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
            arn = case.dynamodb.describe_table(TableName="table")["Table"]["LatestStreamArn"]
            case.map(arn, BatchSize=4, BisectBatchOnFunctionError=True, MaximumRetryAttempts=0,
                     DestinationConfig=ON_FAILURE)
            for round_number in range(5):
                for number in range(round_number * 20 + 1, round_number * 20 + 21):
                    case.write("table", [case.item(number, "throw" if number % 5 == 0 else None)])
                seen = len(case.lines()) + rng.randrange(1, 10)
                while len(case.lines()) < seen and "a%d" % (round_number * 20 + 20) not in sum(case.batches(), []):
                    dynlog.request("GET", "/_dynlog/health")
                dynlog.kill()
                dynlog.start()
                self.connect(case)
            dynlog.drain()
            handled = {key for line in case.lines() for key in line.get("ended", [])}
            numbers = {number: key for key, (_, number) in case.sequence_numbers(arn).items()}
            failed = [numbers[record["DDBStreamBatchInfo"]["startSequenceNumber"]] for record in case.failures()]
            self.assertEqual(["a%d" % number for number in range(5, 101, 5)], sorted(failed, key=lambda key: int(key[1:])))
            self.assertLessEqual({"a%d" % number for number in range(1, 101) if number % 5}, handled)

    def connect(self, case):
        case.dynamodb = case.dynlog.client("dynamodb")
        case.functions = case.dynlog.client("lambda")
        case.sqs = case.dynlog.client("sqs")
        case.queue = case.sqs.get_queue_url(QueueName="failed")["QueueUrl"]
