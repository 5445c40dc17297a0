"""What the clients of a history ask, and what their answers mean. Three tables, each with few hot keys, so that clients meet:

    registers   {pk, v, w, g}: version, writer's id, group. Optimistic locking: every kind of conditional and unconditional
                write, strongly consistent reads, transactions; what each did to each key is a step (history.py)
    lists       {pk, l, n, g}: ids of who appended, how many. Transactions over several keys: serialisable
    events      {pk, sk, log, type, payload, meta}: appends with an expected version, of a log. A stream is a list; the
                writer's id is the event's. append.c does the same by libdynlog

A generation of keys lasts a second: histories of a key stay short, and the clients of all processes move on together.

A work's draw() returns a Request; its finish(status, answer) says what the answer means."""

import json

REGISTERS, LISTS, EVENTS = "registers", "lists", "events"
REGISTER_KEYS, LIST_KEYS, STREAM_KEYS = 10, 12, 5  # of a generation
LIST_LENGTH_MAX = 120  # then a client leaves it: whole lists are read, and sent
GROUP = "g"            # the one group of a generation's lists: its index answers with all of them


def s(text):
    return {"S": text}


def n(number):
    return {"N": str(number)}


def tables():
    """CreateTable's requests."""
    def table(name, attributes, keys, **more):
        return {"TableName": name, "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": a, "AttributeType": t} for a, t in attributes],
                "KeySchema": [{"AttributeName": a, "KeyType": t} for a, t in keys], **more}

    index = {"GlobalSecondaryIndexes": [{"IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                                         "Projection": {"ProjectionType": "ALL"}}]}
    images = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
    return [table(REGISTERS, [("pk", "S"), ("g", "S")], [("pk", "HASH")], **index, **images),
            table(LISTS, [("pk", "S"), ("g", "S")], [("pk", "HASH")], **index),
            table(EVENTS, [("pk", "S"), ("sk", "N")], [("pk", "HASH"), ("sk", "RANGE")], **images)]


class Request:
    """A transaction with a ClientRequestToken is asked again when its answer was lost: it is done once all the same."""

    def __init__(self, name, target, body, finish, unknown):
        self.name, self.target, self.body = name, target, json.dumps(body, separators=(",", ":"))
        self.repeatable = "ClientRequestToken" in body
        self.finish = finish    # (status, answer) -> (outcome, members of the operation)
        self.unknown = unknown  # members of the operation when no answer came


def error_of(answer):
    return answer.get("__type", "").rpartition("#")[2]


FAILED = ("failed", {})


def draw(random, number_id, generation, seen):
    """A request of a client. seen: what this process knows of each key."""
    kind = random.random()
    family = Registers if kind < 0.5 else Lists if kind < 0.85 else Events
    return family(random, number_id, generation, seen).draw()


class Family:
    def __init__(self, random, number_id, generation, seen):
        self.random, self.id, self.generation, self.seen = random, number_id, generation, seen

    def draw(self):
        total = sum(weight for weight, _ in self.works)
        at = self.random.randrange(total)
        for weight, work in self.works:
            at -= weight
            if at < 0:
                return work(self)

    def transaction(self, actions):
        """TransactWriteItems' body, half of them with a token."""
        token = {"ClientRequestToken": "%032x" % self.random.getrandbits(128)} if self.random.random() < 0.5 else {}
        return {"TransactItems": actions, **token}

    def keys(self, least, most, count, letter):
        numbers = self.random.sample(range(count), self.random.randint(least, most))
        return ["%s%d.%d" % (letter, self.generation, number) for number in numbers]


# ---- registers ----

def register_of(item):
    """The state that an item is; None: there is no item."""
    return [int(item["v"]["N"]), item["w"]["S"]] if item else None


class Registers(Family):
    def key(self):
        return self.keys(1, 1, REGISTER_KEYS, "r")[0]

    def note(self, key, state):
        self.seen[key] = state
        return state

    def item(self, key, version):
        return {"pk": s(key), "v": n(version), "w": s(self.id), "g": s(key)}

    # -- writes of one key --

    def write(self, name, target, body, key, condition, effect):
        """A write whose condition and effect are as in history.py."""
        body = {"TableName": REGISTERS, **body}
        if condition is not None and self.random.random() < 0.6:
            body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        step = {"key": key, "if": condition, "then": effect}

        def finish(status, answer):
            if status == 200:
                done = {**step, "did": "ok"}
                if body.get("ReturnValues") == "ALL_OLD":
                    done["saw"] = register_of(answer.get("Attributes"))
                if body.get("ReturnValues") == "ALL_NEW":
                    made = register_of(answer["Attributes"])
                    done["made"] = made[0] if made[1] == self.id else -1
                if effect[0] == "set":
                    self.note(key, [effect[1], self.id])
                elif effect[0] == "delete":
                    self.note(key, None)
                elif "made" in done:
                    self.note(key, made)
                return "ok", {"steps": [done]}
            if error_of(answer) != "ConditionalCheckFailedException":
                return FAILED
            done = {**step, "did": "refused"}
            if "ReturnValuesOnConditionCheckFailure" in body:
                done["saw"] = self.note(key, register_of(answer.get("Item")))
            return "refused", {"steps": [done]}

        return Request(name, target, body, finish, {"steps": [{**step, "did": "unknown"}]})

    def returns(self, kind):
        return {"ReturnValues": kind} if self.random.random() < 0.6 else {}

    def put_new(self):
        key = self.key()
        return self.write("put-new", "PutItem", {"Item": self.item(key, 1),
                                                 "ConditionExpression": "attribute_not_exists(pk)"}, key, "absent", ["set", 1])

    def put(self):
        key = self.key()
        return self.write("put", "PutItem", {"Item": self.item(key, 1), **self.returns("ALL_OLD")}, key, None, ["set", 1])

    def change(self, key, state):
        """An update by optimistic locking: its condition, its effect, its request."""
        by_version = self.random.random() < 0.5
        condition = ["v", state[0]] if by_version else ["w", state[1]]
        return condition, ["set", state[0] + 1], {
            "Key": {"pk": s(key)}, "UpdateExpression": "SET v = :n, w = :me, g = :g",
            "ConditionExpression": "v = :expected" if by_version else "w = :expected",
            "ExpressionAttributeValues": {":n": n(state[0] + 1), ":me": s(self.id), ":g": s(key),
                                          ":expected": n(state[0]) if by_version else s(state[1])}}

    def update_if(self):
        key = self.key()
        state = self.seen.get(key)
        if state is None:
            return self.get()
        condition, effect, body = self.change(key, state)
        return self.write("update-if", "UpdateItem", {**body, **self.returns("ALL_OLD")}, key, condition, effect)

    def add(self):
        key = self.key()
        return self.write("add", "UpdateItem", {
            "Key": {"pk": s(key)}, "UpdateExpression": "SET w = :me, g = :g ADD v :one", **self.returns("ALL_NEW"),
            "ExpressionAttributeValues": {":me": s(self.id), ":g": s(key), ":one": n(1)}}, key, None, ["next"])

    def delete_if(self):
        key = self.key()
        state = self.seen.get(key)
        if state is None:
            return self.put_new()
        return self.write("delete-if", "DeleteItem", {
            "Key": {"pk": s(key)}, "ConditionExpression": "w = :w", "ExpressionAttributeValues": {":w": s(state[1])},
            **self.returns("ALL_OLD")}, key, ["w", state[1]], ["delete"])

    def delete(self):
        key = self.key()
        return self.write("delete", "DeleteItem", {"Key": {"pk": s(key)}, "ReturnValues": "ALL_OLD"}, key, None, ["delete"])

    def batch_write(self):
        keys = self.keys(2, 3, REGISTER_KEYS, "r")
        steps = [{"key": key, "if": None, "then": ["set", 1]} for key in keys]
        body = {"RequestItems": {REGISTERS: [{"PutRequest": {"Item": self.item(key, 1)}} for key in keys]}}
        unknown = {"steps": [{**step, "did": "unknown"} for step in steps]}

        def finish(status, answer):
            if status != 200:
                return FAILED
            # what met a transaction comes back, and was not written
            left = {one["PutRequest"]["Item"]["pk"]["S"] for one in answer.get("UnprocessedItems", {}).get(REGISTERS, ())}
            return "ok", {"steps": [{**step, "did": "ok"} for step in steps if step["key"] not in left]}
        return Request("batch-write", "BatchWriteItem", body, finish, unknown)

    def transact(self):
        """Each item's condition is a step of its own; a cancelled one tells which of them did not hold."""
        actions, steps = [], []
        for key in self.keys(2, 3, REGISTER_KEYS, "r"):
            state, old = self.seen.get(key), {"TableName": REGISTERS, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
            if state is None:
                actions.append({"Put": {**old, "Item": self.item(key, 1), "ConditionExpression": "attribute_not_exists(pk)"}})
                steps.append({"key": key, "if": "absent", "then": ["set", 1]})
                continue
            condition, effect, body = self.change(key, state)
            if self.random.random() < 0.25:
                body = {name: body[name] for name in ("Key", "ConditionExpression")}
                body["ExpressionAttributeValues"] = {":expected": n(state[0]) if condition[0] == "v" else s(state[1])}
                effect = ["delete"] if self.random.random() < 0.4 else None
            actions.append({"Update" if effect and effect[0] == "set" else "Delete" if effect else "ConditionCheck":
                            {**old, **body}})
            steps.append({"key": key, "if": condition, "then": effect})

        def finish(status, answer):
            if status == 200:
                return "ok", {"steps": [{**step, "did": "ok"} for step in steps]}
            done = [{**step, "did": "refused", "saw": self.note(step["key"], register_of(reason.get("Item")))}
                    for step, reason in zip(steps, answer.get("CancellationReasons", ()))
                    if reason["Code"] == "ConditionalCheckFailed"]
            return ("refused", {"steps": done}) if done else FAILED

        return Request("transact", "TransactWriteItems", self.transaction(actions), finish,
                       {"steps": [{**step, "did": "unknown"} for step in steps]})

    # -- reads --

    def read(self, name, target, body, keys, items_of):
        def finish(status, answer):
            if status != 200:
                return FAILED
            found = {item["pk"]["S"]: register_of(item) for item in items_of(answer) if item}
            if answer.get("UnprocessedKeys"):
                return FAILED
            return "ok", {"steps": [{"key": key, "did": "ok", "saw": self.note(key, found.get(key))} for key in keys]}
        return Request(name, target, body, finish, {"steps": []})

    def get(self):
        key = self.key()
        return self.read("get", "GetItem", {"TableName": REGISTERS, "Key": {"pk": s(key)}, "ConsistentRead": True}, [key],
                         lambda answer: [answer.get("Item")])

    def get_eventually(self):
        key = self.key()
        return self.read_past("get-eventually", "GetItem", {"TableName": REGISTERS, "Key": {"pk": s(key)}}, key,
                              lambda answer: [answer["Item"]] if "Item" in answer else [])

    def query(self):
        key = self.key()
        return self.read("query", "Query", {
            "TableName": REGISTERS, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": s(key)},
            "ConsistentRead": True}, [key], lambda answer: answer["Items"])

    def batch_get(self):
        """No snapshot: each item is read by itself."""
        keys = self.keys(2, 4, REGISTER_KEYS, "r")
        return self.read("batch-get", "BatchGetItem", {"RequestItems": {REGISTERS: {
            "Keys": [{"pk": s(key)} for key in keys], "ConsistentRead": True}}}, keys,
            lambda answer: answer["Responses"].get(REGISTERS, []))

    def transact_get(self):
        keys = self.keys(2, 3, REGISTER_KEYS, "r")
        return self.read("transact-get", "TransactGetItems", {"TransactItems": [
            {"Get": {"TableName": REGISTERS, "Key": {"pk": s(key)}}} for key in keys]}, keys,
            lambda answer: [one.get("Item") for one in answer["Responses"]])

    def read_past(self, name, target, body, key, items_of):
        """Eventually consistent: it may be of the past, but must be something that was there (run.check_past)."""
        def finish(status, answer):
            if status != 200:
                return FAILED
            items = items_of(answer)
            return "ok", {"past": [[key, register_of(items[0]) if items else None]]}
        return Request(name, target, body, finish, {})

    def index(self):
        key = self.key()
        return self.read_past("index", "Query", {
            "TableName": REGISTERS, "IndexName": "by-g", "KeyConditionExpression": "g = :g",
            "ExpressionAttributeValues": {":g": s(key)}}, key, lambda answer: answer["Items"])

    works = [(14, get), (3, get_eventually), (5, query), (6, batch_get), (6, transact_get), (5, index), (12, put_new), (4, put),
             (26, update_if), (5, add), (6, delete_if), (2, delete), (2, batch_write), (8, transact)]


# ---- lists ----

class Lists(Family):
    def some(self, least, most):
        keys = self.keys(least, most, LIST_KEYS, "l")
        return [key for key in keys if self.seen.get(key, 0) < LIST_LENGTH_MAX] or keys[:1]

    def append(self, key, conditional):
        values = {":me": {"L": [s(self.id)]}, ":none": {"L": []}, ":one": n(1), ":g": s(GROUP + str(self.generation))}
        body = {"TableName": LISTS, "Key": {"pk": s(key)}, "ExpressionAttributeValues": values,
                "UpdateExpression": "SET l = list_append(if_not_exists(l, :none), :me), g = :g ADD n :one"}
        if conditional:
            body.update(self.condition(key, values))
        return body

    def condition(self, key, values):
        length = self.seen.get(key, 0)
        if length == 0:
            return {"ConditionExpression": "attribute_not_exists(pk)"}
        values[":n"] = n(length)
        return {"ConditionExpression": "n = :n"}

    def list_of(self, key, item):
        elements = [element["S"] for element in item["l"]["L"]] if item else []
        self.seen[key] = len(elements)
        return elements

    def write_one(self):
        key, conditional = self.some(1, 1)[0], self.random.random() < 0.5
        expected = self.seen.get(key, 0)
        body = self.append(key, conditional)
        told = self.random.random() < 0.5
        if told:
            body["ReturnValues"] = "ALL_NEW"

        def finish(status, answer):
            if status == 200:
                reads = [[key, expected]] if conditional else []
                if told:
                    elements = self.list_of(key, answer["Attributes"])
                    # what it read was there before its own
                    reads.append([key, elements[:-1] if elements[-1] == self.id else elements])
                elif conditional:
                    self.seen[key] = expected + 1
                return "ok", {"reads": reads, "writes": [key]}
            return ("refused" if error_of(answer) == "ConditionalCheckFailedException" else "failed"), {"writes": [key]}

        return Request("append-if" if conditional else "append", "UpdateItem", body, finish, {"writes": [key]})

    def transact(self):
        keys = self.some(2, 3)
        actions, reads, writes = [], [], []
        for key in keys:
            conditional, expected = self.random.random() < 0.4, self.seen.get(key, 0)
            if conditional:
                reads.append([key, expected])
            if conditional and self.random.random() < 0.5 and len(keys) > 1:
                body = {"TableName": LISTS, "Key": {"pk": s(key)}}
                values = {}
                body.update(self.condition(key, values))
                actions.append({"ConditionCheck": {**body, **({"ExpressionAttributeValues": values} if values else {})}})
            else:
                actions.append({"Update": self.append(key, conditional)})
                writes.append(key)
        for action in actions:
            for body in action.values():
                if "ConditionExpression" in body:
                    body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"

        def finish(status, answer):
            if status == 200:
                for key, expected in reads:
                    self.seen[key] = expected + (key in writes)
                return "ok", {"reads": reads, "writes": writes}
            saw = [[key, self.list_of(key, reason.get("Item"))]
                   for key, reason in zip(keys, answer.get("CancellationReasons", ()))
                   if reason["Code"] == "ConditionalCheckFailed"]
            return "refused" if saw else "failed", {"reads": saw[:1], "writes": writes}

        return Request("transact", "TransactWriteItems", self.transaction(actions), finish, {"reads": reads, "writes": writes})

    def read(self, name, target, body, keys, items_of, together=True, **more):
        """together: of one moment; else each key is an operation of its own (the recorder splits `apart`)."""
        def finish(status, answer):
            if status != 200:
                return FAILED
            found = {item["pk"]["S"]: item for item in items_of(answer) if item}
            reads = [[key, self.list_of(key, found.get(key))] for key in keys]
            return "ok", {"reads": reads, **more} if together else {"apart": reads}
        return Request(name, target, body, finish, {})

    def get(self):
        key = self.some(1, 1)[0]
        return self.read("get", "GetItem", {"TableName": LISTS, "Key": {"pk": s(key)}, "ConsistentRead": True}, [key],
                         lambda answer: [answer.get("Item")])

    def transact_get(self):
        keys = self.some(2, 4)
        return self.read("transact-get", "TransactGetItems", {"TransactItems": [
            {"Get": {"TableName": LISTS, "Key": {"pk": s(key)}}} for key in keys]}, keys,
            lambda answer: [one.get("Item") for one in answer["Responses"]])

    def batch_get(self):
        keys = self.some(2, 3)
        return self.read("batch-get", "BatchGetItem", {"RequestItems": {LISTS: {
            "Keys": [{"pk": s(key)} for key in keys], "ConsistentRead": True}}}, keys,
            lambda answer: answer["Responses"].get(LISTS, []), together=False)

    def index(self):
        """All lists of the generation, of the past perhaps, but of one moment of it: the index is made in the batches of
        its table (docs/adr/0013), so what it shows is the table after some beginning of the writes."""
        keys = ["l%d.%d" % (self.generation, number) for number in range(LIST_KEYS)]
        return self.read("index", "Query", {
            "TableName": LISTS, "IndexName": "by-g", "KeyConditionExpression": "g = :g",
            "ExpressionAttributeValues": {":g": s(GROUP + str(self.generation))}}, keys,
            lambda answer: answer["Items"], stale=True)

    works = [(20, write_one), (30, transact), (14, get), (24, transact_get), (6, batch_get), (4, index)]


# ---- events ----

def event_id(item):
    return item["meta"]["M"]["id"]["S"]


class Events(Family):
    def streams(self, least, most):
        return ["%s#stream" % key for key in self.keys(least, most, STREAM_KEYS, "users#")]

    def put(self, key, version):
        return {"TableName": EVENTS, "ConditionExpression": "attribute_not_exists(pk)",
                "Item": {"pk": s(key), "sk": n(version), "log": s("users"), "type": s("made"),
                         "payload": {"M": {}}, "meta": {"M": {"id": s(self.id)}}}}

    def append_all(self, keys):
        """Each stream at the version that was seen last: who expects another one is refused."""
        reads = [[key, self.seen.get(key, 0)] for key in keys]
        puts = [self.put(key, version + 1) for key, version in reads]

        def finish(status, answer):
            if status == 200:
                for key, version in reads:
                    self.seen[key] = version + 1
                return "ok", {"reads": reads, "writes": keys}
            reasons = answer.get("CancellationReasons") or [{"Code": error_of(answer).replace("Exception", "")}]
            there = [[key, {"least": version + 1}] for (key, version), reason in zip(reads, reasons)
                     if reason["Code"] in ("ConditionalCheckFailed",)]
            for key, seen in there:
                self.seen[key] = max(self.seen.get(key, 0), seen["least"])
            return "refused" if there else "failed", {"reads": there[:1], "writes": keys}

        unknown = {"reads": reads, "writes": keys}
        if len(keys) == 1:
            return Request("append-event", "PutItem", puts[0], finish, unknown)
        return Request("append-events", "TransactWriteItems", self.transaction([{"Put": put} for put in puts]), finish, unknown)

    def append(self):
        return self.append_all(self.streams(1, 1))

    def append_several(self):
        return self.append_all(self.streams(2, 3))

    def read(self):
        key = self.streams(1, 1)[0]

        def finish(status, answer):
            if status != 200:
                return FAILED
            versions = [int(item["sk"]["N"]) for item in answer["Items"]]
            ids = [event_id(item) for item in answer["Items"]]
            if versions != list(range(1, len(versions) + 1)):
                ids = ["versions %r" % versions]  # an event that nobody wrote: the verification finds it
            self.seen[key] = len(ids)
            return "ok", {"reads": [[key, ids]]}
        return Request("read-events", "Query", {
            "TableName": EVENTS, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": s(key)},
            "ConsistentRead": True}, finish, {})

    works = [(60, append), (15, append_several), (25, read)]
