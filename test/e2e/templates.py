"""The main job from every form of a stack file: AWS SAM, CloudFormation, and what the Serverless Framework 2 and 3,
osls and CDK generate - as they wrote it, with the code where they leave it."""

import json
import os
import shutil
import unittest
import zipfile

from support.server import TOP, Dynlog

USERS = 4
EVENTS = 4
EXAMPLE = os.path.join(TOP, "examples/users-node")
GENERATED = os.path.join(TOP, "test/unit/stack/data/generated")
PACKAGED = "cloudformation-template-update-stack.json"


class MainJob(unittest.TestCase):
    maxDiff = None

    def run_job(self, dynlog, logs="local-dynamodb-logs", core="local-core", notes=()):
        with dynlog:
            self.assertEqual(list(notes), [line.split(": ", 2)[2] for line in self.notes(dynlog)])
            self.append(dynlog, logs)
            dynlog.drain()
            rows = dynlog.client("dynamodb").scan(TableName=core)["Items"]
            self.assertEqual({"users#%d" % user: "4" for user in range(1, USERS + 1)},
                             {row["pk"]["S"]: row["version"]["N"] for row in rows})
            self.assertFalse(dynlog.status()["builtInTrigger"])
            return dynlog.status()

    def append(self, dynlog, logs):
        appender = dynlog.spawn_beside("node", os.path.join(TOP, "test/e2e/node/append_users.mjs"), logs, "1", str(USERS))
        appender.out.wait(r"^done %d$" % (USERS * EVENTS), timeout_s=240)
        self.assertEqual(0, appender.wait())

    @staticmethod
    def notes(dynlog):
        lines = dynlog.process.out.text() + dynlog.process.err.text()
        return [line for line in lines.splitlines() if line.startswith("note: ")]

    def example(self, template, *arguments):
        return Dynlog(copy=EXAMPLE, arguments=["--quiet", "-c", template, *arguments])

    # ---- what people write ----

    def test_sam(self):
        status = self.run_job(self.example("template.yaml"))
        self.assertEqual({"BusArn": "arn:aws:events:us-east-1:000000000000:event-bus/dynamodb-log"}, status["outputs"])

    def test_sam_with_a_parameter(self):
        """And without -c: template.yaml is found when there is no serverless.yml."""
        dynlog = Dynlog(copy=EXAMPLE, arguments=["--quiet", "--parameter", "Stage=dev"])
        os.remove(dynlog.path("serverless.yml"))
        self.run_job(dynlog, "dev-dynamodb-logs", "dev-core")

    def test_cloudformation(self):
        """Without a name for anything but the bus; the code in a folder, one function's in the template."""
        dynlog = self.example("stack.json")
        with open(dynlog.path("template.yaml"), encoding="utf-8") as file:
            self.assertIn("AWS::Serverless", file.read())
        dynlog.write("stack.json", json.dumps(cloudformation()))
        self.run_job(dynlog, "work-Logs", "work-Core")

    # ---- what tools write ----

    def packaged(self, tool):
        """A project with .serverless/, as `package` leaves it."""
        template = os.path.join(".serverless", PACKAGED)
        dynlog = self.example(template)
        shutil.copytree(os.path.join(GENERATED, tool), dynlog.path(".serverless"))
        with zipfile.ZipFile(dynlog.path(".serverless/users-node.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ["package.json", *("src/" + name for name in os.listdir(dynlog.path("src")))]:
                archive.write(dynlog.path(name), name)
        shutil.rmtree(dynlog.path("src"))
        return dynlog

    def test_serverless_3(self):
        self.run_job(self.packaged("serverless-3"))

    def test_serverless_2(self):
        """Its rules are custom resources."""
        self.run_job(self.packaged("serverless-2"))

    def test_osls(self):
        self.run_job(self.packaged("osls"))

    def test_cdk(self):
        """The folder of an asset is used in place; tables have no names of their own."""
        dynlog = self.example("cdk.out/UsersStack.template.json")
        shutil.copytree(os.path.join(GENERATED, "cdk"), dynlog.path("cdk.out"))
        with open(dynlog.path("cdk.out/UsersStack.assets.json"), encoding="utf-8") as file:
            files = json.load(file)["files"]
        for asset in files.values():
            if "Failed" in asset["displayName"]:
                folder = dynlog.path("cdk.out", asset["source"]["path"])
                shutil.copytree(dynlog.path("src"), os.path.join(folder, "src"))
                shutil.copy(dynlog.path("package.json"), folder)
            elif "LogRetention" in asset["displayName"]:
                dynlog.write(os.path.join("cdk.out", asset["source"]["path"], "index.js"), "exports.handler = () => {};")
        shutil.rmtree(dynlog.path("src"))
        status = self.run_job(dynlog, "UsersStack-Logs6819BB44", "UsersStack-CoreC65142A7")
        self.assertEqual({"CoreTable": "UsersStack-CoreC65142A7"}, status["outputs"])

    def test_sam_build(self):
        """.aws-sam/build: a folder for each function."""
        dynlog = self.example(".aws-sam/build/template.yaml")
        with open(dynlog.path("template.yaml"), encoding="utf-8") as file:
            text = file.read().replace("    CodeUri: .\n", "")
        for function in ("Trigger", "EventHandler", "Failed"):
            head = "  %s:\n    Type: AWS::Serverless::Function\n    Properties:\n" % function
            self.assertIn(head, text)
            text = text.replace(head, head + "      CodeUri: %s\n" % function)
            shutil.copytree(dynlog.path("src"), dynlog.path(".aws-sam/build", function, "src"))
            shutil.copy(dynlog.path("package.json"), dynlog.path(".aws-sam/build", function))
        dynlog.write(".aws-sam/build/template.yaml", text)
        shutil.rmtree(dynlog.path("src"))
        self.run_job(dynlog)


def cloudformation():
    """The users' stack in plain CloudFormation, as JSON."""
    def table(sort_type, **more):
        return {"Type": "AWS::DynamoDB::Table", "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                                     {"AttributeName": "sk", "AttributeType": sort_type}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            **more}}

    def function(handler, code):
        return {"Type": "AWS::Lambda::Function", "DependsOn": "Role", "Properties": {
            "Runtime": {"Fn::FindInMap": ["Runtimes", "Node", "Version"]}, "Handler": handler, "Code": code,
            "Timeout": 6, "MemorySize": 256, "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Environment": {"Variables": {"DYNAMODB_LOGS_TABLE": {"Ref": "Logs"}, "DYNAMODB_CORE_TABLE": {"Ref": "Core"},
                                          "EVENT_BUS": {"Ref": "Bus"}}}}}

    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Mappings": {"Runtimes": {"Node": {"Version": "nodejs20.x"}}},
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
            "Logs": table("N", StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"}),
            "Core": table("S"),
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "dynamodb-log"}},
            "Trigger": function("src/trigger.handler", "."),
            "Handler": function("src/handler.handler", "."),
            "Failed": function("index.handler", {"ZipFile": "exports.handler = async (event) => console.log(event);"}),
            "Live": {"Type": "AWS::Lambda::Alias", "Properties": {
                "FunctionName": {"Ref": "Handler"}, "Name": "live",
                "FunctionVersion": {"Fn::GetAtt": ["HandlerVersion", "Version"]}}},
            "HandlerVersion": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Handler"}}},
            "Async": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
                "FunctionName": {"Ref": "Handler"}, "Qualifier": "live", "MaximumRetryAttempts": 1,
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Failed", "Arn"]}}}}},
            "Changes": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Logs", "StreamArn"]}, "FunctionName": {"Ref": "Trigger"},
                "StartingPosition": "TRIM_HORIZON", "BatchSize": 25}},
            "Users": {"Type": "AWS::Events::Rule", "Properties": {
                "EventBusName": {"Ref": "Bus"}, "EventPattern": {"source": ["dynamodb-log"]},
                "Targets": [{"Id": "handler", "Arn": {"Ref": "Live"}}]}},
        },
    }


class Wrong(unittest.TestCase):
    """What is said of templates that cannot be."""

    def refused(self, template, message, *arguments):
        dynlog = Dynlog(files={"template.yaml": template}, arguments=arguments)
        try:
            process = dynlog.spawn()
            self.assertEqual(1, process.wait())
            self.assertIn(message, process.err.text())
            return process.err.text() + process.out.text()
        finally:
            dynlog.remove()

    def test_places(self):
        self.refused("Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    DependsOn: Z\n",
                     'template.yaml:4:16: DependsOn of Q: expected the name of a resource of this stack, got "Z"')
        self.refused("Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: ./nowhere\n",
                     "template.yaml:5:13: F: expected a folder or a zip file at ./nowhere")

    def test_parameters(self):
        template = ("Parameters:\n  Size: {Type: Number, MaxValue: 5}\n  Word: {Type: String, Default: secret,"
                    " NoEcho: true, AllowedPattern: '[0-9]+'}\nResources:\n  Q:\n    Type: AWS::SQS::Queue\n")
        self.refused(template, "template.yaml:2:3: parameter Size: expected a value", "--parameter", "Word=1")
        self.refused(template, 'parameter Size: expected a number up to 5, got "6"', "--parameter", "Size=6")
        self.refused(template, "--parameter Other: expected the name of one of the template's Parameters",
                     "--parameter", "Other=1")
        text = self.refused(template, 'parameter Word: expected what matches [0-9]+, got "****"', "--parameter", "Size=1")
        self.assertNotIn("secret", text)


if __name__ == "__main__":
    unittest.main()
