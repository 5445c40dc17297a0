"""Clients of every kind, and what each was told. A note is made before a request is sent and when its answer is
there: afterwards everything is acknowledged, refused (it must not be there), or unsure (there whole, or not at all).

Each client has a random of its own; what they do together, and so what is refused, is the machine's choice."""

import collections
import hashlib
import json
import random
import threading

from stack import BUS, FIFO, LOG, PLAIN, STANDARD
from wire import Lost, Refused, Wire

STREAMS = 8     # that appenders share
KEYS = 8        # of a client's own
GROUPS = 4      # of the queue with an order
TRANSIENT = {   # what a client may be told although nothing is wrong: its write was not done
    "ConditionalCheckFailedException", "TransactionCanceledException", "TransactionConflictException"}


def s(text):
    return {"S": text}


def n(number):
    return {"N": str(number)}


def pad(name):
    """Bytes that only this name has, and that say whether they are whole."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return digest * (1 + int(digest[:2], 16) // 6)


def event(pk, version, name):
    """The item of an append; wholly made of its key and the append's name."""
    return {"pk": s(pk), "sk": n(version), "log": s(pk.split("#")[0]), "type": s("happened"),
            "payload": {"M": {"id": s(name), "filler": s(pad(name))}}}


def row(pk, owner, number):
    return {"pk": s(pk), "owner": s(owner), "n": n(number), "filler": s(pad("%s/%d" % (pk, number)))}


class Notes:
    """What all clients of a life were told. A life goes over many starts of one data folder."""

    def __init__(self):
        self.changed = threading.Condition()
        self.count, self.failed = 0, 0  # answers; errors of the server
        self.next = 0                  # names of attempts
        self.problems = []             # answers that nobody may get
        self.errors = collections.Counter()  # refusals by the server's own failure
        self.failing = False           # the disk is: errors of the server are no problem
        self.is_up = lambda: True      # whether the server lives
        self.clock_was_set = False
        self.again = False             # a batch of records may have been handed to its function twice in one life
        # appends
        self.acked, self.unsure, self.refused = {}, {}, set()  # (pk, sk) -> name; name -> (pk, sk)
        self.transactions = []         # Transaction
        self.rows = collections.defaultdict(lambda: [None])  # pk of the plain table -> what it may be
        self.versions = collections.Counter()  # pk -> the last version that somebody saw
        # bus, queues
        self.entries = []              # Batch
        self.sent, self.deleted, self.maybe_deleted = [], set(), set()
        self.ordered = collections.defaultdict(list)  # group -> Batch
        self.sequence = collections.Counter()  # group -> last SequenceNumber
        # the group of events
        self.done, self.maybe_done = set(), set()

    def name(self, kind):
        with self.changed:
            self.next += 1
            return "%s-%d" % (kind, self.next)

    def answered(self):
        with self.changed:
            self.count += 1
            self.changed.notify_all()

    def problem(self, text):
        with self.changed:
            self.problems.append(text)
            self.changed.notify_all()

    def wait(self, count, within_s, over):
        """Until there were so many answers, or it is over."""
        with self.changed:
            self.changed.wait_for(lambda: self.count + self.failed >= count or over() or self.problems, within_s)


class Batch:
    """What is done whole or not at all. state: None while nobody knows."""

    def __init__(self, numbers):
        self.numbers, self.acked, self.refused = numbers, False, False


class Transaction:
    def __init__(self, token, body, appends):
        self.token, self.body, self.appends = token, body, appends  # appends: [(pk, sk, name)]
        self.acked = self.refused = False


class Client:
    def __init__(self, notes, port, number, seed):
        self.notes, self.number = notes, number
        self.wire = Wire(port)
        self.refusal = None  # the last one's name
        self.random = random.Random("%s/%s/%d" % (seed, type(self).__name__, number))

    def ask(self, service, operation, body):
        """The answer; None: refused, and nothing is done. Raises Lost when nobody knows."""
        try:
            answer = self.wire.call(service, operation, body)
        except Refused as error:
            if error.name in TRANSIENT:
                self.refusal = error.name
                return None
            if error.status >= 500:
                with self.notes.changed:
                    self.notes.errors["%d %s" % (error.status, error.name)] += 1
                    self.notes.failed += 1
                    self.notes.changed.notify_all()
            if error.status < 500 or not self.notes.failing:
                self.notes.problem("%s: %s" % (operation, error))
            raise Lost(str(error)) from error
        self.notes.answered()
        return answer

    def run(self, over):
        while not over.is_set():
            try:
                self.step()
            except Lost:
                if not self.goes_on():
                    break
        self.close()

    def goes_on(self):
        """After an error: only a server that lives on a bad disk is asked again."""
        return self.notes.failing and self.notes.is_up()

    def close(self):
        self.wire.close()

    def step(self):
        raise NotImplementedError


class Appender(Client):
    """Appends to streams that others append to, too: one of them wins each version."""

    def step(self):
        notes, stream = self.notes, self.random.randrange(STREAMS)
        pk = "log%d#%d#stream" % (stream % 3, stream)
        version, name = notes.versions[pk] + 1, notes.name("append")
        notes.unsure[name] = (pk, version)
        answer = self.ask("dynamodb", "PutItem", {"TableName": LOG, "Item": event(pk, version, name),
                                                  "ConditionExpression": "attribute_not_exists(pk)"})
        del notes.unsure[name]
        if answer is None:
            notes.refused.add(name)
        else:
            if (pk, version) in notes.acked:
                notes.problem("version %d of %s was given to %s and %s" % (version, pk, notes.acked[pk, version], name))
            notes.acked[pk, version] = name
        if answer is not None or self.refusal == "ConditionalCheckFailedException":
            notes.versions[pk] = max(notes.versions[pk], version)


class Transactor(Client):
    """Two appends, a count and a row of a ledger, in one transaction."""

    def step(self):
        notes, token = self.notes, self.notes.name("transaction")
        streams = self.random.sample(range(STREAMS + 2), 2)
        appends = []
        for stream in streams:
            pk = "log%d#%d#stream" % (stream % 3, stream)
            appends.append((pk, notes.versions[pk] + 1, "%s/%d" % (token, stream)))
        writes = [{"Put": {"TableName": LOG, "Item": event(*append), "ConditionExpression": "attribute_not_exists(pk)"}}
                  for append in appends]
        writes.append({"Update": {"TableName": PLAIN, "Key": {"pk": s("count")}, "UpdateExpression": "ADD c :one",
                                  "ExpressionAttributeValues": {":one": n(1)}}})
        writes.append({"Put": {"TableName": PLAIN, "Item": {"pk": s("ledger#" + token), "filler": s(pad(token))}}})
        transaction = Transaction(token, {"TransactItems": writes, "ClientRequestToken": token}, appends)
        notes.transactions.append(transaction)
        answer = self.ask("dynamodb", "TransactWriteItems", transaction.body)
        transaction.acked, transaction.refused = answer is not None, answer is None
        for pk, version, _ in appends:
            notes.versions[pk] = max(notes.versions[pk], version - (answer is None))
        if answer is None:  # somebody else has one of the versions: which, a read tells
            pk = self.random.choice(appends)[0]
            items = self.ask("dynamodb", "Query", {
                "TableName": LOG, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": s(pk)},
                "ScanIndexForward": False, "Limit": 1, "ConsistentRead": True})["Items"]
            if items:
                notes.versions[pk] = max(notes.versions[pk], int(items[0]["sk"]["N"]))


class Owner(Client):
    """Puts, updates and deletes rows of its own: it knows what each must be."""

    def step(self):
        notes, owner = self.notes, "owner%d" % self.number
        pk = "%s#%d" % (owner, self.random.randrange(KEYS))
        before, way = notes.rows[pk], self.random.random()
        old = before[-1]
        number = notes.next
        after = row(pk, owner, number)
        notes.name("row")
        if len(before) > 1 or old is None or way < 0.3:  # what an unanswered one left does not matter to a put
            notes.rows[pk] = before + [after]
            answer = self.ask("dynamodb", "PutItem", {"TableName": PLAIN, "Item": after})
        elif way < 0.8:
            notes.rows[pk] = before + [after]
            answer = self.ask("dynamodb", "UpdateItem", {
                "TableName": PLAIN, "Key": {"pk": s(pk)}, "UpdateExpression": "SET n = :n, filler = :p",
                "ConditionExpression": "n = :o", "ExpressionAttributeValues": {
                    ":n": after["n"], ":p": after["filler"], ":o": old["n"]}})
        else:
            after = None
            notes.rows[pk] = before + [after]
            answer = self.ask("dynamodb", "DeleteItem", {"TableName": PLAIN, "Key": {"pk": s(pk)}})
        if answer is None:
            notes.problem("a condition on %s, which has one owner, did not hold" % pk)
        notes.rows[pk] = [after]


class Batcher(Client):
    """25 puts and deletes in a request; each of them is done or not."""

    def step(self):
        notes, owner = self.notes, "batch%d" % self.number
        requests, after = [], {}
        for key in self.random.sample(range(60), 25):
            pk = "%s#%d" % (owner, key)
            if self.random.random() < 0.8:
                after[pk] = row(pk, owner, notes.next)
                requests.append({"PutRequest": {"Item": after[pk]}})
            else:
                after[pk] = None
                requests.append({"DeleteRequest": {"Key": {"pk": s(pk)}}})
            notes.rows[pk] = notes.rows[pk] + [after[pk]]
        notes.name("batch")
        answer = self.ask("dynamodb", "BatchWriteItem", {"RequestItems": {PLAIN: requests}})
        if answer.get("UnprocessedItems"):
            if not notes.failing:
                notes.problem("unprocessed items: %s" % json.dumps(answer)[:200])
            return
        for pk, item in after.items():
            notes.rows[pk] = [item]


class Putter(Client):
    """Events for the bus, up to ten in a request, which is there whole or not at all."""

    def step(self):
        notes = self.notes
        batch = Batch([notes.name("entry") for _ in range(self.random.randrange(1, 11))])
        notes.entries.append(batch)
        answer = self.ask("events", "PutEvents", {"Entries": [
            {"EventBusName": BUS, "Source": "crash", "DetailType": "entry",
             "Detail": json.dumps({"name": name, "pad": pad(name)})} for name in batch.numbers]})
        if answer["FailedEntryCount"] != 0:
            raise Lost("%d of the entries failed" % answer["FailedEntryCount"])
        batch.acked = True


class Sender(Client):
    """Messages, with and without an order, and a receiver that deletes some."""

    def url(self, queue):
        return "http://127.0.0.1:%d/000000000000/%s" % (self.wire.port, queue)

    def step(self):
        way = self.random.random()
        if way < 0.4:
            self.send()
        elif way < 0.7:
            self.send_in_order()
        else:
            self.receive()

    def send(self):
        notes = self.notes
        batch = Batch([notes.name("message") for _ in range(self.random.randrange(1, 11))])
        notes.sent.append(batch)
        answer = self.ask("sqs", "SendMessageBatch", {"QueueUrl": self.url(STANDARD), "Entries": [
            {"Id": "m%d" % i, "MessageBody": json.dumps({"name": name, "pad": pad(name)})}
            for i, name in enumerate(batch.numbers)]})
        if answer.get("Failed"):
            raise Lost("messages failed")
        batch.acked = True

    def send_in_order(self):
        notes, group = self.notes, "g%d-%d" % (self.number, self.random.randrange(GROUPS))
        name = notes.name("ordered")
        batch = Batch([name])
        notes.ordered[group].append(batch)
        answer = self.ask("sqs", "SendMessage", {
            "QueueUrl": self.url(FIFO), "MessageGroupId": group, "MessageDeduplicationId": name,
            "MessageBody": json.dumps({"name": name, "pad": pad(name)})})
        batch.acked = True
        sequence = int(answer["SequenceNumber"])
        if sequence <= notes.sequence[group]:
            notes.problem("sequence number %d of %s after %d" % (sequence, group, notes.sequence[group]))
        notes.sequence[group] = sequence

    def receive(self):
        """What it does not delete is visible again at once."""
        notes = self.notes
        answer = self.ask("sqs", "ReceiveMessage", {"QueueUrl": self.url(STANDARD), "MaxNumberOfMessages": 10,
                                                    "VisibilityTimeout": 0})
        taken = {}
        for message in answer.get("Messages", []):
            name = json.loads(message["Body"])["name"]
            if name in notes.deleted:
                notes.problem("%s was deleted, and is received" % name)
            if self.random.random() < 0.5:
                taken[name] = message["ReceiptHandle"]
        if taken:
            notes.maybe_deleted.update(taken)
            answer = self.ask("sqs", "DeleteMessageBatch", {"QueueUrl": self.url(STANDARD), "Entries": [
                {"Id": "m%d" % i, "ReceiptHandle": handle} for i, handle in enumerate(taken.values())]})
            if answer.get("Failed"):
                raise Lost("deletions failed")
            notes.deleted.update(taken)


class Member(Client):
    """The one member of a group that takes every event of the log."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.feed = None
        self.given = []  # (position, pk, sk), of this connection

    def begin(self):
        self.feed = Wire(self.wire.port)
        self.feed.send(("GET /_dynlog/subscriptions/events?name=crash&group=true&table=%s&from=start&out=100&tries=100 "
                        "HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % LOG).encode())
        head = self.feed.until(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise Lost(head.decode())
        self.lines, self.chunks, self.feed_rest = [], self.feed.chunks(), b""
        self.token = self.line()["member"]

    def line(self):
        while not self.lines:
            chunk = next(self.chunks, None)
            if chunk is None:
                raise Lost("the feed ended")
            *lines, self.feed_rest = (self.feed_rest + chunk).split(b"\n")
            self.lines = [json.loads(line) for line in lines if line]
        return self.lines.pop(0)

    def close(self):
        self.wire.close()
        if self.feed is not None:
            self.feed.close()
        self.feed = None

    def take(self):
        """The next line; an event is done then."""
        notes, line = self.notes, self.line()
        if "position" not in line:
            return line
        position = line["position"]
        self.given.append((position, line["key"]["pk"], line["key"]["sk"]))
        if position in notes.done:
            notes.problem("position %d was done, and is given" % position)
        notes.maybe_done.add(position)
        try:
            self.wire.dynlog("POST", "subscriptions/done", {"member": self.token, "position": position})
        except Refused as error:
            if error.status not in (409, 503) or not notes.failing:  # 409: given back when it was not taken
                notes.problem("done: %s" % error)
            raise Lost(str(error)) from error
        notes.done.add(position)
        notes.answered()
        return line

    def step(self):
        if self.feed is None:
            self.begin()
        self.take()

    def run(self, over):
        """It may wait for its next event: whoever ends it shuts its feed."""
        while not over.is_set():
            try:
                self.step()
            except Lost:
                self.close()
                if not self.goes_on():
                    break
        self.close()


KINDS = ((Appender, 3), (Transactor, 1), (Owner, 2), (Batcher, 1), (Putter, 1), (Sender, 1), (Member, 1))


class Load:
    """All of them at once, each on a thread of its own, until it is over."""

    def __init__(self, notes, port, seed):
        self.over = threading.Event()
        self.clients = [kind(notes, port, number, seed) for kind, count in KINDS for number in range(count)]
        self.notes, self.left = notes, len(self.clients)
        self.threads = [threading.Thread(target=self.run, args=(client,), daemon=True) for client in self.clients]
        for thread in self.threads:
            thread.start()

    def run(self, client):
        try:
            client.run(self.over)
        except BaseException as error:  # of the harness itself: told, not lost with its thread
            self.notes.problem("%s: %r" % (type(client).__name__, error))
            raise
        finally:
            with self.notes.changed:
                self.left -= 1
                self.notes.changed.notify_all()

    @property
    def ended(self):
        """The server does not answer any more."""
        return self.left == 0

    def end(self):
        self.over.set()
        for client in self.clients:
            if isinstance(client, Member) and client.feed is not None and client.feed.socket is not None:
                try:
                    client.feed.socket.shutdown(2)
                except OSError:
                    pass
        for thread in self.threads:
            thread.join()
