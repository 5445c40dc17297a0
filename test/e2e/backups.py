"""Backups, restores and point-in-time recovery; with boto3 and the AWS CLI; kill -9 in the middle of each."""

import json
import threading
import unittest

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from support.case import Case, n, s
from support.server import Dynlog

KB = 1024
RECOVERY = {"PointInTimeRecoveryEnabled": True}


def large_items(count, mark, size=100 * KB):
    """Items of which a copy takes many steps."""
    return [{"pk": s("item %04d" % i), "v": n(i), "mark": s(mark), "padding": {"B": b"x" * size}} for i in range(count)]


def put_all(client, table, items):
    for at in range(0, len(items), 20):
        answer = client.batch_write_item(RequestItems={
            table: [{"PutRequest": {"Item": item}} for item in items[at:at + 20]]})
        assert not answer["UnprocessedItems"]


def scan(client, table):
    """pk -> mark of all items."""
    found = {}
    for page in client.get_paginator("scan").paginate(TableName=table, ProjectionExpression="pk, mark"):
        for item in page["Items"]:
            assert item["pk"]["S"] not in found
            found[item["pk"]["S"]] = item.get("mark", {}).get("S")
    return found


class Backups(Case):
    def restored(self, name):
        """Waits for a table that is being restored."""
        self.dynlog.drain()
        table = self.dynamodb.describe_table(TableName=name)["Table"]
        self.assertEqual("ACTIVE", table["TableStatus"])
        self.assertNotIn("RestoreSummary", table)
        return table

    def test_back_up_and_restore(self):
        name = self.table(range_type="N")
        for i in range(30):
            self.dynamodb.put_item(TableName=name, Item={"pk": s("a"), "sk": n(i)})
        details = self.dynamodb.create_backup(TableName=name, BackupName="first")["BackupDetails"]
        self.assertEqual("CREATING", details["BackupStatus"])
        arn = details["BackupArn"]
        self.dynamodb.delete_table(TableName=name)
        description = self.dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]
        self.assertEqual("AVAILABLE", description["BackupDetails"]["BackupStatus"])
        self.assertEqual(30, description["SourceTableDetails"]["ItemCount"])
        self.assertEqual([arn], [backup["BackupArn"] for backup in
                                 self.dynamodb.list_backups(TableName=name)["BackupSummaries"]])
        answer = self.dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)["TableDescription"]
        self.assertEqual("CREATING", answer["TableStatus"])
        self.assertEqual(arn, answer["RestoreSummary"]["SourceBackupArn"])
        self.assertTrue(answer["RestoreSummary"]["RestoreInProgress"])
        self.assertEqual(details["BackupCreationDateTime"], answer["RestoreSummary"]["RestoreDateTime"])
        self.assertEqual(30, self.restored("restored")["ItemCount"])
        items = self.dynamodb.query(TableName="restored", KeyConditionExpression="pk = :a",
                                    ExpressionAttributeValues={":a": s("a")})["Items"]
        self.assertEqual(list(range(30)), [int(item["sk"]["N"]) for item in items])
        deleted = self.dynamodb.delete_backup(BackupArn=arn)["BackupDescription"]
        self.assertEqual("DELETED", deleted["BackupDetails"]["BackupStatus"])
        self.refused("BackupNotFoundException", "Backup not found: " + arn,
                     self.dynamodb.describe_backup, BackupArn=arn)

    def test_pages_of_backups(self):
        name = self.table()
        made = [self.dynamodb.create_backup(TableName=name, BackupName="same")["BackupDetails"]["BackupArn"]
                for _ in range(5)]
        paginator = self.dynamodb.get_paginator("list_backups")
        listed = [backup["BackupArn"] for page in paginator.paginate(
            TableName=name, PaginationConfig={"PageSize": 2}) for backup in page["BackupSummaries"]]
        self.assertEqual(sorted(made), sorted(listed))
        self.assertEqual([arn.rsplit("/", 1)[1][:14] for arn in listed],
                         sorted(arn.rsplit("/", 1)[1][:14] for arn in made))

    def test_to_the_latest_moment(self):
        name = self.table()
        self.dynamodb.put_item(TableName=name, Item={"pk": s("a"), "v": n(1)})
        self.dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=RECOVERY)
        self.dynamodb.put_item(TableName=name, Item={"pk": s("a"), "v": n(2)})
        answer = self.dynamodb.restore_table_to_point_in_time(
            SourceTableName=name, TargetTableName="latest", UseLatestRestorableTime=True)["TableDescription"]
        self.assertEqual("CREATING", answer["TableStatus"])
        self.assertNotIn("SourceBackupArn", answer["RestoreSummary"])
        self.dynamodb.put_item(TableName=name, Item={"pk": s("a"), "v": n(3)})
        self.restored("latest")
        self.assertEqual(n(2), self.dynamodb.get_item(TableName="latest", Key={"pk": s("a")})["Item"]["v"])

    def test_to_the_earliest_moment(self):
        name = self.table()
        self.dynamodb.put_item(TableName=name, Item={"pk": s("a"), "v": n(1)})
        self.dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=RECOVERY)
        for i in range(20):
            self.dynamodb.put_item(TableName=name, Item={"pk": s("a"), "v": n(10 + i)})
        window = self.dynamodb.describe_continuous_backups(TableName=name)[
            "ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        self.assertEqual("ENABLED", window["PointInTimeRecoveryStatus"])
        earliest = window["EarliestRestorableDateTime"]  # boto3 sends whole seconds
        self.dynamodb.restore_table_to_point_in_time(
            SourceTableName=name, TargetTableName="earliest", RestoreDateTime=earliest)
        # a moment with its fraction, as other SDKs send it
        status, answer = self.dynlog.call("DynamoDB_20120810.RestoreTableToPointInTime", {
            "SourceTableName": name, "TargetTableName": "precise",
            "RestoreDateTime": window["LatestRestorableDateTime"].timestamp()})
        self.assertEqual(200, status, answer)
        self.restored("earliest")
        self.assertEqual(n(1), self.dynamodb.get_item(TableName="earliest", Key={"pk": s("a")})["Item"]["v"])
        self.restored("precise")
        self.assertEqual(n(29), self.dynamodb.get_item(TableName="precise", Key={"pk": s("a")})["Item"]["v"])

    def test_recovery_is_off_at_first(self):
        name = self.table()
        self.refused("PointInTimeRecoveryUnavailableException",
                     "Point in time recovery is not enabled for table '%s'" % name,
                     self.dynamodb.restore_table_to_point_in_time,
                     SourceTableName=name, TargetTableName="never", UseLatestRestorableTime=True)
        self.refused("TableNotFoundException", "Table not found: nowhere",
                     self.dynamodb.describe_continuous_backups, TableName="nowhere")

    def test_a_deleted_table_with_recovery(self):
        name = self.table()
        self.dynamodb.put_item(TableName=name, Item={"pk": s("a")})
        self.dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=RECOVERY)
        self.dynamodb.delete_table(TableName=name)
        self.assertEqual([], self.dynamodb.list_backups(TableName=name)["BackupSummaries"])
        backup = self.dynamodb.list_backups(TableName=name, BackupType="SYSTEM")["BackupSummaries"][0]
        self.assertEqual(name + "$DeletedTableBackup", backup["BackupName"])
        self.assertEqual(35, (backup["BackupExpiryDateTime"] - backup["BackupCreationDateTime"]).days)
        self.refused("ValidationException", None, self.dynamodb.delete_backup, BackupArn=backup["BackupArn"])
        self.dynamodb.restore_table_from_backup(TargetTableName=name, BackupArn=backup["BackupArn"])
        self.assertEqual(1, self.restored(name)["ItemCount"])

    def test_aws_cli(self):
        name = self.table(name="cli")
        self.dynamodb.put_item(TableName=name, Item={"pk": s("a")})
        result = self.dynlog.aws("dynamodb", "create-backup", "--table-name", name, "--backup-name", "cli-backup")
        self.assertEqual(0, result.returncode, result.stderr)
        arn = json.loads(result.stdout)["BackupDetails"]["BackupArn"]
        for command in (["list-backups", "--table-name", name],
                        ["describe-backup", "--backup-arn", arn],
                        ["update-continuous-backups", "--table-name", name,
                         "--point-in-time-recovery-specification", "PointInTimeRecoveryEnabled=true"],
                        ["restore-table-from-backup", "--target-table-name", "cli-restored", "--backup-arn", arn,
                         "--billing-mode-override", "PROVISIONED",
                         "--provisioned-throughput-override", "ReadCapacityUnits=1,WriteCapacityUnits=2"],
                        ["restore-table-to-point-in-time", "--source-table-name", name,
                         "--target-table-name", "cli-past", "--use-latest-restorable-time"]):
            result = self.dynlog.aws("dynamodb", *command)
            self.assertEqual(0, result.returncode, result.stderr)
        table = self.restored("cli-restored")
        self.assertEqual(2, table["ProvisionedThroughput"]["WriteCapacityUnits"])
        self.restored("cli-past")
        result = self.dynlog.aws("dynamodb", "describe-backup", "--backup-arn", arn[:-1] + "!")
        self.assertIn("(ValidationException) when calling the DescribeBackup operation: Invalid Backup ARN",
                      result.stderr)

    def test_every_operation_of_the_service(self):
        """Each is there, or is refused by name with a reason."""
        model = botocore.session.Session().get_service_model("dynamodb")
        for operation in model.operation_names:
            status, answer = self.dynlog.call("DynamoDB_20120810." + operation, {})
            message = answer.get("message", "")
            self.assertIn(status, (200, 400), operation)
            self.assertNotIn("does not know", message, operation)
            if answer.get("__type", "").endswith("UnknownOperationException"):
                self.assertEqual("com.amazon.coral.service#UnknownOperationException", answer["__type"])
                self.assertIn("dynlog does not have the operation DynamoDB_20120810.%s: " % operation, message)


class Killed(unittest.TestCase):
    """kill -9 in the middle; each dynlog here has a table whose copy takes many steps."""

    ITEMS = 300

    def setUp(self):
        self.dynlog = Dynlog().start()
        self.addCleanup(self.dynlog.remove)
        self.addCleanup(self.dynlog.stop, check=False)
        client = self.client()
        client.create_table(TableName="source", BillingMode="PAY_PER_REQUEST",
                            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                                  {"AttributeName": "mark", "AttributeType": "S"}],
                            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                            GlobalSecondaryIndexes=[{
                                "IndexName": "marks", "KeySchema": [{"AttributeName": "mark", "KeyType": "HASH"}],
                                "Projection": {"ProjectionType": "KEYS_ONLY"}}])
        put_all(client, "source", large_items(self.ITEMS, "first"))

    def client(self):
        return self.dynlog.client("dynamodb")

    def kill(self):
        self.dynlog.kill()
        self.dynlog.restart()
        return self.client()

    def status(self, client, name):
        return client.describe_table(TableName=name)["Table"]["TableStatus"]

    def expect(self, client, name, mark, count=None):
        count = self.ITEMS if count is None else count
        self.assertEqual({"item %04d" % i: mark for i in range(count)}, scan(client, name))
        table = client.describe_table(TableName=name)["Table"]
        self.assertEqual(count, table["ItemCount"])
        self.assertEqual(count, table["GlobalSecondaryIndexes"][0]["ItemCount"])
        self.assertEqual(count, sum(page["Count"] for page in client.get_paginator("query").paginate(
            TableName=name, IndexName="marks", KeyConditionExpression="mark = :m",
            ExpressionAttributeValues={":m": s(mark)})))

    def test_a_backup_that_nobody_was_told_of(self):
        """It is gone; the table is not; what was told is there."""
        client = self.client()
        whole = client.create_backup(TableName="source", BackupName="whole")["BackupDetails"]["BackupArn"]
        told = []

        def create():
            try:
                told.append(self.client().create_backup(TableName="source", BackupName="cut"))
            except (BotoCoreError, ClientError, ConnectionError):
                pass

        thread = threading.Thread(target=create)
        thread.start()
        while len(client.list_backups()["BackupSummaries"]) < 2 and not told:
            pass
        self.dynlog.kill()
        thread.join()
        self.dynlog.restart()
        self.dynlog.drain()
        client = self.client()
        backups = client.list_backups()["BackupSummaries"]
        self.assertEqual(1 + len(told), len(backups))
        self.assertEqual({"AVAILABLE"}, {backup["BackupStatus"] for backup in backups})
        self.assertEqual(whole, backups[0]["BackupArn"])
        self.expect(client, "source", "first")
        client.restore_table_from_backup(TargetTableName="restored", BackupArn=whole)
        self.dynlog.drain()
        self.expect(client, "restored", "first")

    def test_a_restore_from_a_backup(self):
        client = self.client()
        arn = client.create_backup(TableName="source", BackupName="backup")["BackupDetails"]["BackupArn"]
        client.delete_table(TableName="source")
        client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
        kills = 0
        while self.status(client, "restored") == "CREATING" and kills < 5:
            client = self.kill()
            kills += 1
        self.assertGreater(kills, 0)
        self.dynlog.drain()
        self.expect(client, "restored", "first")
        client.delete_backup(BackupArn=arn)  # nobody reads it any more

    def test_a_restore_to_a_moment(self):
        """Everything changes, some of it goes and comes, before the restore and while it is killed again and again."""
        client = self.client()
        client.update_continuous_backups(TableName="source", PointInTimeRecoverySpecification=RECOVERY)
        earliest = client.describe_continuous_backups(TableName="source")["ContinuousBackupsDescription"][
            "PointInTimeRecoveryDescription"]["EarliestRestorableDateTime"]
        put_all(client, "source", large_items(self.ITEMS, "second", KB))
        for i in range(0, self.ITEMS, 3):
            client.delete_item(TableName="source", Key={"pk": s("item %04d" % i)})
        put_all(client, "source", [{"pk": s("late %d" % i), "mark": s("late")} for i in range(100)])
        client.restore_table_to_point_in_time(SourceTableName="source", TargetTableName="restored",
                                              RestoreDateTime=earliest)
        kills = 0
        while self.status(client, "restored") == "CREATING" and kills < 5:
            client.put_item(TableName="source", Item={"pk": s("item %04d" % kills), "mark": s("third")})
            client = self.kill()
            kills += 1
        self.assertGreater(kills, 0)
        client.delete_table(TableName="source")  # its past is held until the restore is over
        self.dynlog.drain()
        self.expect(client, "restored", "first")


if __name__ == "__main__":
    unittest.main()
