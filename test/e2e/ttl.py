"""Time to live on the real clock: an item whose time is over goes, and the stream says that the service removed it. What
waits, waits for the line of a handler that reads the stream."""

import json
import time
import unittest

from support.case import n, s
from support.server import Dynlog

STACK = """
service: app
provider: {name: aws, runtime: nodejs20.x}
functions:
  watch:
    handler: handler.watch
    events:
      - stream: {type: dynamodb, arn: !GetAtt table.StreamArn, batchSize: 1, startingPosition: TRIM_HORIZON}
resources:
  Resources:
    table:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: table
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: a, AttributeType: S}]
        KeySchema: [{AttributeName: pk, KeyType: HASH}]
        GlobalSecondaryIndexes:
          - {IndexName: by_a, KeySchema: [{AttributeName: a, KeyType: HASH}], Projection: {ProjectionType: ALL}}
        StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
        TimeToLiveSpecification: {AttributeName: until, Enabled: true}
"""
HANDLER = """
exports.watch = async (event) => {
  for (const record of event.Records)
    console.log('record ' + JSON.stringify({name: record.eventName, by: record.userIdentity, ...record.dynamodb}))
}
"""


class TimeToLive(unittest.TestCase):
    def removed(self, dynlog, pk, after=0):
        match, _ = dynlog.process.out.wait(r'record (\{"name":"REMOVE".*"Keys":\{"pk":\{"S":"%s"\}\}.*)' % pk, after)
        return json.loads(match.group(1))

    def test_an_item_expires(self):
        with Dynlog({"serverless.yml": STACK, "handler.js": HANDLER}) as dynlog:
            dynamodb = dynlog.client("dynamodb")
            now = int(time.time())
            for pk, until in (("gone", now - 5), ("old", now - 6 * 366 * 86400), ("stays", now + 3600)):
                dynamodb.put_item(TableName="table", Item={"pk": s(pk), "a": s("x"), "until": n(until)})
            record = self.removed(dynlog, "gone")
            self.assertEqual({"type": "Service", "principalId": "dynamodb.amazonaws.com"}, record["by"])
            self.assertEqual(n(now - 5), record["OldImage"]["until"])
            self.assertNotIn("NewImage", record)
            found = dynamodb.query(TableName="table", IndexName="by_a", KeyConditionExpression="a = :a",
                                   ExpressionAttributeValues={":a": s("x")})["Items"]
            self.assertEqual(["old", "stays"], sorted(item["pk"]["S"] for item in found))
            dynamodb.delete_item(TableName="table", Key={"pk": s("stays")})
            self.assertNotIn("by", self.removed(dynlog, "stays"))

    def test_what_expires_while_it_is_stopped(self):
        with Dynlog({"serverless.yml": STACK, "handler.js": HANDLER}) as dynlog:
            dynamodb = dynlog.client("dynamodb")
            dynamodb.update_time_to_live(TableName="table", TimeToLiveSpecification={"AttributeName": "until", "Enabled": False})
            dynamodb.put_item(TableName="table", Item={"pk": s("gone"), "until": n(int(time.time()) - 5)})
            dynlog.kill()
            dynlog.start()  # the file switches it on again, and the item is found by its filled index
            self.assertIn("by", self.removed(dynlog, "gone"))
            self.assertNotIn("Item", dynlog.client("dynamodb").get_item(TableName="table", Key={"pk": s("gone")}))


if __name__ == "__main__":
    unittest.main()
