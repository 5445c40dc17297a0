"""A server that is wrong on purpose, in one way: whoever records histories with it must be told by the verification
(test/e2e/histories.py). It knows no more of DynamoDB than works.py asks for, and keeps everything in memory.

    right     it is not wrong
    stale     now and then a read answers what stood there some writes ago
    blind     now and then the condition of a write is not looked at
    forgets   now and then a write is acknowledged and not done
    dirty     a cancelled transaction leaves its first write
    torn      a transaction's writes can be seen one after the other
    unchecked the ConditionChecks of transactions are not looked at
    twice     now and then an append is done twice"""

import copy
import http.server
import json
import os
import threading

WAYS = ["right", "stale", "blind", "forgets", "dirty", "torn", "unchecked", "twice"]
EVERY = 40     # how often now and then is
PAST = 3       # writes


class Refused(Exception):
    def __init__(self, kind, **more):
        super().__init__(kind)
        self.answer = {"__type": "com.amazonaws.dynamodb.v20120810#" + kind, "message": kind, **more}


def key_of(keyed):
    return (keyed["pk"]["S"], keyed.get("sk", {}).get("N"))


def holds(body, item):
    condition = body.get("ConditionExpression")
    if condition is None:
        return True
    if condition == "attribute_not_exists(pk)":
        return item is None
    name, _, value = condition.split()
    return item is not None and item.get(name) == body["ExpressionAttributeValues"][value]


def updated(body, item):
    item = copy.deepcopy(item) if item is not None else dict(body["Key"])
    values, expression = body["ExpressionAttributeValues"], body["UpdateExpression"]
    if "list_append" in expression:
        item["l"] = {"L": item.get("l", {"L": []})["L"] + values[":me"]["L"]}
        item["g"] = values[":g"]
    else:
        item["w"], item["g"] = values[":me"], values[":g"]
    added = "n" if "ADD n" in expression else "v"
    item[added] = {"N": str(int(item.get(added, {"N": "0"})["N"]) + 1)} if "ADD" in expression else values[":n"]
    return item


class Store:
    def __init__(self, way):
        self.way, self.lock, self.count = way, threading.Lock(), 0
        self.items, self.past = {}, {}

    def now_and_then(self, way):
        if self.way != way:
            return False
        self.count += 1
        return self.count % EVERY == 0

    def read(self, table, key):
        if self.now_and_then("stale") and self.past.get((table, key)):
            return self.past[table, key][0]
        return self.items.get((table, key))

    def set(self, table, key, item):
        self.past[table, key] = (self.past.get((table, key), []) + [self.items.get((table, key))])[-PAST:]
        if not self.now_and_then("forgets"):
            self.items[table, key] = item

    def check(self, body, key):
        item = self.items.get((body["TableName"], key))
        if not holds(body, item) and not self.now_and_then("blind"):
            more = {"Item": item} if body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and item is not None else {}
            raise Refused("ConditionalCheckFailedException", **more)

    def write(self, kind, body):
        key = key_of(body["Item"] if kind == "Put" else body["Key"])
        old = self.items.get((body["TableName"], key))
        item = body["Item"] if kind == "Put" else updated(body, old) if kind == "Update" else None
        if "list_append" in body.get("UpdateExpression", "") and self.now_and_then("twice"):
            item = updated(body, item)
        if kind != "ConditionCheck":
            self.set(body["TableName"], key, item)
        answered = {"ALL_OLD": old, "ALL_NEW": item}.get(body.get("ReturnValues"))
        return {} if answered is None else {"Attributes": answered}

    # ---- operations ----

    def single(self, kind, body):
        with self.lock:
            self.check(body, key_of(body["Item"] if kind == "Put" else body["Key"]))
            return self.write(kind, body)

    def transact(self, body):
        actions = [next(iter(action.items())) for action in body["TransactItems"]]
        with self.lock:
            reasons = []
            for kind, one in actions:
                reasons.append({"Code": "None"})
                if kind == "ConditionCheck" and self.way == "unchecked":
                    continue
                try:
                    self.check(one, key_of(one["Item"] if kind == "Put" else one["Key"]))
                except Refused as refused:
                    reasons[-1] = {"Code": "ConditionalCheckFailed", **{
                        name: value for name, value in refused.answer.items() if name == "Item"}}
            if any(reason["Code"] != "None" for reason in reasons):
                if self.way == "dirty":
                    self.write(*actions[0])
                raise Refused("TransactionCanceledException", CancellationReasons=reasons)
            if self.way != "torn":
                for action in actions:
                    self.write(*action)
                return {}
        for action in actions:
            with self.lock:
                self.write(*action)
            os.sched_yield()
        return {}

    def query(self, body):
        values, table = body["ExpressionAttributeValues"], body["TableName"]
        name, value = ("g", values[":g"]) if ":g" in values else ("pk", values[":p"])
        with self.lock:
            keys = [key for at, key in self.items if at == table]
            items = [self.read(table, key) for key in keys]
        items = [item for item in items if item is not None and item.get(name) == value]
        return {"Items": sorted(items, key=lambda item: int(item.get("sk", {"N": "0"})["N"]))}

    def perform(self, operation, body):
        if operation == "CreateTable":
            return {}
        if operation in ("PutItem", "UpdateItem", "DeleteItem"):
            return self.single(operation[:-4], body)
        if operation == "TransactWriteItems":
            return self.transact(body)
        if operation == "Query":
            return self.query(body)
        with self.lock:
            if operation == "GetItem":
                item = self.read(body["TableName"], key_of(body["Key"]))
                return {} if item is None else {"Item": item}
            if operation == "TransactGetItems":
                found = [self.read(one["Get"]["TableName"], key_of(one["Get"]["Key"])) for one in body["TransactItems"]]
                return {"Responses": [{} if item is None else {"Item": item} for item in found]}
            (table, wanted), = body["RequestItems"].items()
            if operation == "BatchGetItem":
                found = [self.read(table, key_of(key)) for key in wanted["Keys"]]
                return {"Responses": {table: [item for item in found if item is not None]}}
            for one in wanted:  # BatchWriteItem
                self.set(table, key_of(one["PutRequest"]["Item"]), one["PutRequest"]["Item"])
            return {}


class Wrong:
    """Looks like a support.server.Dynlog to run.record(), as far as that is asked."""

    def __init__(self, way):
        store = Store(way)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
                status = 200
                try:
                    answer = store.perform(self.headers["X-Amz-Target"].rpartition(".")[2], body)
                except Refused as refused:
                    status, answer = 400, refused.answer
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                self.wfile.flush()

            def log_message(self, *_):
                pass

        self.store = store
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that has left
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def call(self, target, body):
        return 200, self.store.perform(target.rpartition(".")[2], body)

    def request(self, *_):
        return 404, {}, b""  # it has no shards
