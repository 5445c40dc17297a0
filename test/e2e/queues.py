"""SQS with the clients of both protocols: Debian's boto3 and AWS CLI speak Query, the AWS SDK for JavaScript
JSON. What was acknowledged is there after kill -9; long polls wake, and end when the server stops."""

import concurrent.futures
import json
import threading
import unittest

from botocore.exceptions import BotoCoreError, ClientError

from support.case import Case
from support.server import Dynlog

ACCOUNT = "000000000000"


def bodies(answer):
    return [message["Body"] for message in answer.get("Messages", [])]


class Queues(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sqs = cls.dynlog.client("sqs")

    def test_a_message_through_its_life(self):
        url = self.sqs.create_queue(QueueName="life", Attributes={"VisibilityTimeout": "0"},
                                    tags={"a": "b"})["QueueUrl"]
        self.assertEqual("%s/%s/life" % (self.dynlog.endpoint, ACCOUNT), url)
        self.assertEqual({"a": "b"}, self.sqs.list_queue_tags(QueueUrl=url)["Tags"])
        # boto3 checks the MD5 of bodies itself.
        sent = self.sqs.send_message(QueueUrl=url, MessageBody="a < b & \u00fc", MessageAttributes={
            "kind": {"DataType": "String", "StringValue": "x"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"}})
        for count in ("1", "2"):
            message, = self.sqs.receive_message(QueueUrl=url, AttributeNames=["All"],
                                                MessageAttributeNames=["All"])["Messages"]
            self.assertEqual("a < b & \u00fc", message["Body"])
            self.assertEqual(b"\0\xff", message["MessageAttributes"]["bytes"]["BinaryValue"])
            self.assertEqual(sent["MD5OfMessageAttributes"], message["MD5OfMessageAttributes"])
            self.assertEqual(count, message["Attributes"]["ApproximateReceiveCount"])
        self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"],
                                           VisibilityTimeout=600)
        self.assertEqual([], bodies(self.sqs.receive_message(QueueUrl=url)))
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        self.assertEqual("0", attributes["ApproximateNumberOfMessages"])
        self.assertEqual("1048576", attributes["MaximumMessageSize"])
        self.sqs.delete_queue(QueueUrl=url)
        self.refused("AWS.SimpleQueueService.NonExistentQueue", None, self.sqs.receive_message,
                     QueueUrl=url)

    def test_long_poll(self):
        url = self.sqs.create_queue(QueueName="poll")["QueueUrl"]
        other = self.dynlog.client("sqs")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(other.receive_message, QueueUrl=url, WaitTimeSeconds=20)
            self.sqs.send_message(QueueUrl=url, MessageBody="woken")
            self.assertEqual(["woken"], bodies(waiting.result()))

    def test_dead_letters_and_back(self):
        dead = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        arn = arn["Attributes"]["QueueArn"]
        url = self.sqs.create_queue(QueueName="source", Attributes={
            "VisibilityTimeout": "0",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})})["QueueUrl"]
        self.sqs.send_message(QueueUrl=url, MessageBody="poison")
        self.assertEqual(["poison"], bodies(self.sqs.receive_message(QueueUrl=url)))
        self.assertEqual([], bodies(self.sqs.receive_message(QueueUrl=url)))
        message, = self.sqs.receive_message(QueueUrl=dead, AttributeNames=["All"], VisibilityTimeout=0,
                                            WaitTimeSeconds=20)["Messages"]
        self.assertEqual("poison", message["Body"])
        self.assertTrue(message["Attributes"]["DeadLetterQueueSourceArn"].endswith(":source"))
        self.assertEqual([url], self.sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"])
        # Debian's boto3 does not know move tasks.
        status, answer = self.dynlog.call("AmazonSQS.StartMessageMoveTask", {"SourceArn": arn})
        self.assertEqual(200, status, answer)
        self.dynlog.drain()
        self.assertEqual(["poison"], bodies(self.sqs.receive_message(QueueUrl=url)))

    def test_fifo(self):
        url = self.sqs.create_queue(QueueName="q.fifo", Attributes={
            "FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
        for body in ("1", "2", "2", "3"):
            self.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
        answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2)
        self.assertEqual(["1", "2"], bodies(answer))
        self.assertEqual([], bodies(self.sqs.receive_message(QueueUrl=url)))
        failed = self.sqs.delete_message_batch(QueueUrl=url, Entries=[
            {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
            for i, message in enumerate(answer["Messages"])]).get("Failed", [])
        self.assertEqual([], failed)
        self.assertEqual(["3"], bodies(self.sqs.receive_message(QueueUrl=url)))

    def test_errors(self):
        self.refused("AWS.SimpleQueueService.NonExistentQueue", None, self.sqs.get_queue_url,
                     QueueName="none")
        self.sqs.create_queue(QueueName="errors")
        self.refused("QueueAlreadyExists", None, self.sqs.create_queue, QueueName="errors",
                     Attributes={"DelaySeconds": "1"})
        url = "%s/%s/errors" % (self.dynlog.endpoint, ACCOUNT)
        self.refused("InvalidParameterValue", None, self.sqs.send_message, QueueUrl=url,
                     MessageBody="x" * (1024 * 1024 + 1))

    def test_drain_with_messages_that_wait(self):
        url = self.sqs.create_queue(QueueName="waiting")["QueueUrl"]
        self.sqs.send_message(QueueUrl=url, MessageBody="waits")
        self.sqs.send_message(QueueUrl=url, MessageBody="is delayed", DelaySeconds=900)
        self.assertEqual(["waits"], bodies(self.sqs.receive_message(QueueUrl=url)))
        self.dynlog.drain()

    def test_aws_cli(self):
        def aws(*arguments):
            result = self.dynlog.aws(*arguments)
            self.assertEqual(0, result.returncode, result.stderr)
            return json.loads(result.stdout)

        url = aws("sqs", "create-queue", "--queue-name", "cli")["QueueUrl"]
        sent = aws("sqs", "send-message", "--queue-url", url, "--message-body", "hello")
        message, = aws("sqs", "receive-message", "--queue-url", url, "--attribute-names",
                       "All")["Messages"]
        self.assertEqual((sent["MessageId"], "hello"), (message["MessageId"], message["Body"]))
        self.assertIn(url, aws("sqs", "list-queues", "--queue-name-prefix", "cl")["QueueUrls"])

    def test_node(self):
        self.dynlog.node("queues.mjs")


class Lives(unittest.TestCase):
    def setUp(self):
        self.dynlog = Dynlog().start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop, check=False)

    def queue(self, name, **attributes):
        return self.dynlog.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def receive_all(self, url):
        sqs, found = self.dynlog.client("sqs"), []
        while True:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            if not bodies(answer):
                return found
            found += bodies(answer)

    def test_kill(self):
        """What was acknowledged is there, what was deleted is gone, what was received is not visible."""
        self.queue("jobs", VisibilityTimeout="600")
        acknowledged, deleted, begun = set(), set(), set()

        def work(worker):
            sqs = self.dynlog.client("sqs")
            url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
            for i in range(100000):
                body = "%d-%d" % (worker, i)
                try:
                    sqs.send_message(QueueUrl=url, MessageBody=body)
                    acknowledged.add(body)
                    for message in sqs.receive_message(QueueUrl=url).get("Messages", []):
                        begun.add(message["Body"])
                        if i % 2 == 0:
                            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                            deleted.add(message["Body"])
                except (BotoCoreError, ClientError):
                    return
                if len(acknowledged) >= 150:
                    full.set()

        full = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for worker in range(4):
                pool.submit(work, worker)
            self.assertTrue(full.wait(120))
            self.dynlog.kill()
        self.dynlog.start()
        url = self.dynlog.client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]
        there = self.receive_all(url)
        self.assertEqual(len(there), len(set(there)))
        self.assertEqual(set(), set(there) & deleted)
        # The others are in flight. Each of four workers may have received one, or deleted one, without hearing
        # of it.
        hidden = acknowledged - deleted - set(there)
        self.assertLessEqual(len(hidden - begun), 4)
        attributes = self.dynlog.client("sqs").get_queue_attributes(QueueUrl=url,
                                                                    AttributeNames=["All"])["Attributes"]
        self.assertGreaterEqual(int(attributes["ApproximateNumberOfMessagesNotVisible"]),
                                len(there) + len(hidden) - 4)

    def test_stop_ends_long_polls(self):
        url = self.queue("q")
        sqs = self.dynlog.client("sqs")
        sqs.send_message(QueueUrl=url, MessageBody="stays")
        sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
        empty = self.queue("empty", ReceiveMessageWaitTimeSeconds="20")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(self.dynlog.client("sqs").receive_message, QueueUrl=empty)
            self.dynlog.client("sqs").list_queues()
            self.dynlog.stop()
            try:
                self.assertEqual([], bodies(waiting.result()))
            except (BotoCoreError, ClientError):
                pass  # it came too late to wait
        self.dynlog.start()
        url = self.dynlog.client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
        self.assertEqual(["stays"], self.receive_all(url))
