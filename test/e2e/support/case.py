"""The test case of the end-to-end tests: one Dynlog for a class."""

import itertools
import unittest

from botocore.exceptions import ClientError

from support.server import Dynlog

numbers = itertools.count(1)


class Case(unittest.TestCase):
    files = {}      # in the server's folder
    arguments = []  # more of `dynlog start`
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.dynlog = Dynlog(cls.files, cls.arguments)
        cls.addClassCleanup(cls.dynlog.remove)
        cls.dynlog.start()
        cls.dynamodb = cls.dynlog.client("dynamodb")

    @classmethod
    def tearDownClass(cls):
        cls.dynlog.stop()

    def refused(self, code, message, call, /, *arguments, **more):
        """The call fails with this error of AWS's; message None: any. Returns the error's answer."""
        with self.assertRaises(ClientError) as caught:
            call(*arguments, **more)
        answer = caught.exception.response
        self.assertEqual(code, answer["Error"]["Code"], answer["Error"]["Message"])
        if message is not None:
            self.assertEqual(message, answer["Error"]["Message"])
        return answer

    @classmethod
    def table(cls, hash_type="S", range_type=None, stream=None, name=None):
        """A new table pk (sk) of the class's server; its name."""
        name = name or "table-%d" % next(numbers)
        attributes = [{"AttributeName": "pk", "AttributeType": hash_type}]
        keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
        more = {}
        if range_type is not None:
            attributes.append({"AttributeName": "sk", "AttributeType": range_type})
            keys.append({"AttributeName": "sk", "KeyType": "RANGE"})
        if stream is not None:
            more["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": stream}
        cls.dynamodb.create_table(TableName=name, AttributeDefinitions=attributes, KeySchema=keys,
                                   BillingMode="PAY_PER_REQUEST", **more)
        return name


def s(text):
    return {"S": text}


def n(number):
    return {"N": str(number)}


def event(log, entity, version, kind="signup", payload=None):
    """One event of a log as an item, in the shape that README shows."""
    return {"pk": s("%s#%s#stream" % (log, entity)), "sk": n(version), "type": s(kind), "log": s(log),
            "payload": {"M": payload if payload is not None else {"id": s(str(entity))}}}
