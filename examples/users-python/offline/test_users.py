"""The whole stack without AWS, without sleeping: dynlog with a clock that stands still until it is moved.

    pytest offline        DYNLOG=path/of/dynlog, else the one on the PATH
"""

import json
import os
import re
import signal
import subprocess
import urllib.request

import boto3
import pytest

DYNLOG = os.environ.get("DYNLOG", "dynlog")
STACK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Server:
    def __init__(self):
        options = ["--memory", "--clock", "manual", "--quiet", "--port", "0", "--events-port", "0", "--lambda-port", "0"]
        self.process = subprocess.Popen([DYNLOG, "start", *options], cwd=STACK, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            found = re.search(r"ports +(\d+) all services", line)
            if found:
                break
        else:
            raise AssertionError("dynlog did not start")
        self.endpoint = "http://127.0.0.1:" + found.group(1)
        self.dynamodb = boto3.client("dynamodb", endpoint_url=self.endpoint, region_name="us-east-1",
                                     aws_access_key_id="x", aws_secret_access_key="x")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait() == 0
        self.process.stdout.close()

    def ask(self, what, body=None, method="POST"):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.endpoint + "/_dynlog/" + what, data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def append(self, user, kind, **payload):
        subprocess.run([DYNLOG, "append", "users", user, kind, json.dumps({"id": user, **payload}),
                        "--endpoint", self.endpoint], check=True, stdout=subprocess.DEVNULL)

    def row(self, user):
        pk = {"S": "users#" + user}
        return self.dynamodb.get_item(TableName="local-core", Key={"pk": pk, "sk": pk}).get("Item")


@pytest.fixture(scope="module")
def running():
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def dynlog(running):
    running.ask("faults", method="DELETE")
    return running


def test_an_event_becomes_a_row(dynlog):
    dynlog.append("1", "signup", name="Ada", email="ada@example.com")
    assert dynlog.ask("drain") == {"drained": True}  # everything that was appended is processed
    assert dynlog.row("1")["name"] == {"S": "Ada"}


def test_a_busy_table(dynlog):
    """The handler is tried again a minute later."""
    dynlog.ask("faults", {"Throttle": [{"TableName": "local-core", "Operation": "UpdateItem", "Probability": 1}]})
    dynlog.append("2", "signup", name="Bob", email="bob@example.com")
    answer = dynlog.ask("drain")  # only time can bring the rest
    assert not answer["drained"] and answer["waiting"][0]["what"] == "invocations"
    assert dynlog.row("2") is None

    dynlog.ask("faults", method="DELETE")
    dynlog.ask("clock", {"advance": "1m"})
    assert dynlog.ask("drain") == {"drained": True}
    assert dynlog.row("2")["version"] == {"N": "1"}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_aws_may_do(dynlog, seed):
    """Events that come twice, late and in another order, and handlers that die: the row is the same. The seed repeats
    the run that failed."""
    name = "users-python-local-eventHandler"
    dynlog.ask("faults", {"Seed": seed,
                          "Duplicate": [{"FunctionName": name, "Probability": 0.5}],
                          "Reorder": [{"FunctionName": name, "Probability": 0.5}],
                          "Delay": [{"FunctionName": name, "Probability": 0.3, "Milliseconds": 5000}],
                          "KillWorker": [{"FunctionName": name, "Probability": 0.2, "Count": 2}]})
    user = "seed-%d" % seed
    dynlog.append(user, "signup", name="Eve", email="eve@example.com")
    dynlog.append(user, "addPhoneNumber", phoneNumber="+46 8 123")
    dynlog.append(user, "verifyPhoneNumber")
    dynlog.ask("clock", {"advance": "1h"})
    assert dynlog.ask("drain") == {"drained": True}
    row = dynlog.row(user)
    assert (row["version"], row["verifiedPhoneNumber"]) == ({"N": "3"}, {"BOOL": True})
