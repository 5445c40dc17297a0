"""The works of the soak beside those of the histories: a thread each, at an interval of its own. Each does a little thing
whole - what it opened it closes - and says by an exception when an answer is not what it should be."""

import http.client
import json
import os
import socket
import threading
import time

import stack

WAIT_S = 30
STREAMS = 200   # of the log
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, "
                     "SignedHeaders=host;x-amz-date, Signature=0",
    "X-Amz-Date": "20260101T000000Z",
}


class Wrong(Exception):
    pass


class Others:
    def __init__(self, port, draw, folder):
        self.port, self.draw, self.folder = port, draw, folder
        self.lock, self.counts, self.errors, self.said = threading.Lock(), {}, 0, []
        self.active, self.idle = 0, threading.Condition()
        self.gone = threading.Event()
        self.control = None
        self.versions = {}
        self.number = 0
        self.wrote = threading.Event()

    # ---- asking ----

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ask(self, target, body, expected=200):
        status, text = self.request("POST", "/", json.dumps(body), {
            "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0", **SIGNED})
        if status != expected:
            raise Wrong("%s: %d %s" % (target, status, text[:300]))
        return json.loads(text or "{}")

    def dynamodb(self, operation, **body):
        return self.ask("DynamoDB_20120810." + operation, body)

    def queue(self, operation, name, **body):
        return self.ask("AmazonSQS." + operation, {"QueueUrl": "http://127.0.0.1:%d/000000000000/%s" % (self.port, name), **body})

    def next(self):
        with self.lock:
            self.number += 1
            return self.number

    # ---- works ----

    def append(self):
        stream = self.next() % STREAMS
        version = self.versions.get(stream, 0) + 1
        self.dynamodb("PutItem", TableName="local-dynamodb-logs", ConditionExpression="attribute_not_exists(pk)", Item={
            "pk": {"S": "users#%d#stream" % stream}, "sk": {"N": str(version)}, "log": {"S": "users"}, "type": {"S": "made"},
            "payload": {"M": {"id": {"S": str(stream)}, "text": {"S": "x" * (version % 300)}}}})
        self.versions[stream] = version

    def read_stream(self):
        self.dynamodb("Query", TableName="local-dynamodb-logs", Limit=10, ScanIndexForward=False,
                      KeyConditionExpression="pk = :p", ExpressionAttributeValues={
                          ":p": {"S": "users#%d#stream" % (self.next() % STREAMS)}})

    def put_events(self):
        entries = [{"EventBusName": "soak", "Source": "soak", "DetailType": "made",
                    "Detail": json.dumps({"n": self.next() % 100})} for _ in range(10)]
        if self.ask("AWSEvents.PutEvents", {"Entries": entries})["FailedEntryCount"]:
            raise Wrong("PutEvents failed in part")

    def send(self):
        self.queue("SendMessage", "soak", MessageBody="x")

    def receive(self):
        messages = self.queue("ReceiveMessage", "other", MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            self.queue("DeleteMessage", "other", ReceiptHandle=message["ReceiptHandle"])

    def invoke(self):
        for name in stack.FUNCTIONS:
            kind = "Event" if self.next() % 3 == 0 else "RequestResponse"
            status, body = self.request("POST", "/2015-03-31/functions/soak-local-%s/invocations" % name, "{}",
                                        {"X-Amz-Invocation-Type": kind})
            if status not in (200, 202, 429):  # all of its workers may be busy
                raise Wrong("invoking %s: %d %s" % (name, status, body[:300]))

    def save(self):
        name, text = stack.SAVED[self.next() % len(stack.SAVED)]
        with open(os.path.join(self.folder, name + "~"), "w", encoding="utf-8") as file:
            file.write(text % self.next())
        os.rename(os.path.join(self.folder, name + "~"), os.path.join(self.folder, name))

    def tail(self):
        """A reader that comes, reads some lines and goes, in the middle of one."""
        with socket.create_connection(("127.0.0.1", self.port), WAIT_S) as client:
            client.sendall(b"GET /_dynlog/log?from=0&follow=true HTTP/1.1\r\nHost: localhost\r\n\r\n")
            size = 0
            while size < 4096 * (1 + self.number % 8) and not self.control.resting:
                data = client.recv(4096)
                if not data:
                    raise Wrong("/_dynlog/log ended")
                size += len(data)

    def member(self):
        """A member of a group: some events done, the last one left to others."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request("GET", "/_dynlog/subscriptions/events?name=soak&group=true&from=now")
            answer = connection.getresponse()
            first = json.loads(answer.readline())
            done = 0
            while done < 20 and not self.control.resting:
                line = answer.readline().strip()
                event = json.loads(line) if line else {}
                if "position" not in event:
                    break  # nothing new
                status, body = self.request("POST", "/_dynlog/subscriptions/done", json.dumps(
                    {"member": first["member"], "position": event["position"]}), {"Content-Type": "application/json"})
                if status != 200:
                    raise Wrong("done: %d %s" % (status, body[:300]))
                done += 1
        finally:
            connection.close()

    def expire(self):
        self.dynamodb("PutItem", TableName="short", Item={"pk": {"S": str(self.next())}, "text": {"S": "x" * 200},
                                                          "until": {"N": str(int(time.time()) - 5)}})

    def schedule(self):
        name = "at-%d" % self.next()
        due = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2))
        status, body = self.request("POST", "/schedules/" + name, json.dumps({
            "ScheduleExpression": "at(%s)" % due, "FlexibleTimeWindow": {"Mode": "OFF"}, "ActionAfterCompletion": "DELETE",
            "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:other", "RoleArn": "arn:aws:iam::000000000000:role/x"}}),
            {"Content-Type": "application/json"})
        if status != 200:
            raise Wrong("CreateSchedule: %d %s" % (status, body[:300]))

    def make_table(self):
        name = "made-%d" % self.next()
        self.dynamodb("CreateTable", TableName=name, BillingMode="PAY_PER_REQUEST",
                      AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                      KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                      StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        for number in range(3):
            self.dynamodb("PutItem", TableName=name, Item={"pk": {"S": str(number)}})
        self.dynamodb("DeleteTable", TableName=name)

    def back_up(self):
        arn = self.dynamodb("CreateBackup", TableName="short", BackupName="soak-%d" % self.next())["BackupDetails"]["BackupArn"]
        self.dynamodb("DeleteBackup", BackupArn=arn)

    def read_changes(self):
        arn = self.dynamodb("DescribeTable", TableName="local-dynamodb-logs")["Table"]["LatestStreamArn"]
        ask = lambda operation, **body: self.ask("DynamoDBStreams_20120810." + operation, body)
        shard = ask("DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"][-1]["ShardId"]
        iterator = ask("GetShardIterator", StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        ask("GetRecords", ShardIterator=iterator, Limit=200)

    def big(self):
        item = {"pk": {"S": "big-%d" % (self.next() % 10)}, "text": {"S": "y" * 300000}}
        self.dynamodb("PutItem", TableName="short", Item=item)
        self.dynamodb("GetItem", TableName="short", Key={"pk": item["pk"]})

    def read_logs(self):
        self.ask("Logs_20140328.FilterLogEvents", {"logGroupName": "/aws/lambda/soak-local-node", "limit": 50})

    def look(self):
        for path in ("/_dynlog/status", "/_dynlog/metrics", "/_dynlog/streams?log=users", "/_dynlog/logs"):
            if self.request("GET", path)[0] != 200:
                raise Wrong(path)

    def rude(self):
        """Refused, or left in the middle."""
        self.ask("DynamoDB_20120810.PutItem", {"TableName": "nowhere", "Item": {"pk": {"S": "x"}}}, 400)
        self.ask("DynamoDB_20120810.Nothing", {}, 400)
        self.request("POST", "/", '{"TableName":', {"X-Amz-Target": "DynamoDB_20120810.GetItem", **SIGNED})
        with socket.create_connection(("127.0.0.1", self.port), WAIT_S) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")

    works = {append: 0.02, read_stream: 0.05, put_events: 0.1, send: 0.2, receive: 0.5, invoke: 0.3, save: 10, tail: 0.5,
             member: 1, expire: 0.1, schedule: 1, make_table: 5, back_up: 10, read_changes: 0.5, big: 1, read_logs: 1, look: 2,
             rude: 0.5}

    # ---- running ----

    def work(self, what, interval_s):
        while not self.control.over:
            with self.idle:
                self.idle.wait_for(lambda: not self.control.resting or self.control.over)
                if self.control.over:
                    return
                self.active += 1
            try:
                what(self)
                with self.lock:
                    self.counts[what.__name__] = self.counts.get(what.__name__, 0) + 1
            except (Wrong, OSError, http.client.HTTPException, ValueError, KeyError) as error:
                with self.lock:
                    self.errors += 1
                    self.said.append("%s: %r" % (what.__name__, error))
            finally:
                with self.idle:
                    self.active -= 1
                    self.idle.notify_all()
            self.gone.wait(interval_s)

    def run(self, control):
        self.control = control
        threads = [threading.Thread(target=self.work, args=work, daemon=True) for work in self.works.items()]
        for thread in threads:
            thread.start()
        while not control.over:
            with control.changed:
                control.changed.wait_for(lambda: control.resting or control.over)
            with self.idle:
                self.idle.wait_for(lambda: self.active == 0 or control.over)
            with self.lock:
                said, self.said = self.said[:5], []
                figures = {"operations": sum(self.counts.values()), "errors": self.errors, "said": said, **self.counts}
            control.told(figures)
            with self.idle:
                self.idle.notify_all()
        self.gone.set()
        with self.idle:
            self.idle.notify_all()
        for thread in threads:
            thread.join(WAIT_S)
