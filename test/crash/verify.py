"""Whether what is there is exactly what the notes allow: asked of the server that was started again.

At once: tables, index, change records, the order of events. Then what was unsure is settled: transactions are
sent again with their token. When everything that is under way has arrived: bus, archives, queues, the read model,
the group. Each expectation says in its words what docs/durability.md promises."""

import collections
import json
import os
import shutil
import sqlite3
import tempfile

from load import Lost, Member, event, pad, s
from stack import BUS, FIFO, LOG, MODEL, PLAIN, SEEN, STANDARD
from wire import Refused, Wire


def expect(holds, words, *values):
    if not holds:
        raise AssertionError(words % values if values else words)


def few(things):
    things = sorted(things, key=str)
    return "%d: %s%s" % (len(things), ", ".join(str(thing)[:200] for thing in things[:5]), " ..." if things[5:] else "")


def same(what, wanted, found):
    """Of two sets or counts, what is in one of them alone."""
    missing, more = wanted - found, found - wanted
    expect(not missing and not more, "%s: missing %s; too many %s", what, few(missing), few(more))


def key_of(item):
    return item["pk"]["S"], int(item["sk"]["N"])


class Verifier:
    """Of one life: what it has read stays in what it reads later."""

    def __init__(self, machine, notes):
        self.machine, self.notes = machine, notes
        self.records_before = {LOG: [], PLAIN: []}
        self.lines_before = []
        self.seen = collections.Counter()      # ids of events that came to the queue
        self.received = collections.Counter()  # names of messages that were received and deleted
        self.in_order = collections.defaultdict(list)
        self.archived_before = set()

    def run(self):
        self.wire = Wire(self.machine.port)
        try:
            log = self.check_log()
            self.check_transactions(log)
            plain = self.check_plain()
            self.check_index(plain)
            self.settle(log)
            self.wire.dynlog("POST", "drain")
            self.log = self.check_log()  # with what was settled
            self.check_transactions(self.log)
            self.plain = self.check_plain()
            self.check_changes(LOG, self.log)
            self.check_changes(PLAIN, self.plain)
            self.check_order()
            self.check_bus()
            self.check_model()
            self.check_standard()
            self.check_fifo()
            self.check_group()
        finally:
            self.wire.close()

    # ---- tables ----

    def check_log(self):
        """Appends: nothing acknowledged missing, nothing refused there, no version doubled or skipped."""
        notes, table, streams = self.notes, {}, collections.defaultdict(list)
        of_transactions = collections.defaultdict(set)
        for transaction in notes.transactions:
            for pk, sk, name in transaction.appends:
                of_transactions[pk, sk].add((name, transaction.refused))
        for item in self.wire.pages("Scan", {"TableName": LOG, "ConsistentRead": True}):
            key, name = key_of(item), item["payload"]["M"]["id"]["S"]
            expect(key not in table, "%s twice in a scan", key)
            table[key] = item
            streams[key[0]].append(key[1])
            expect(item == event(*key, name), "the item %s is not as %s wrote it", key, name)
            expect(name not in notes.refused, "%s at %s was refused, and is there", name, key)
            known = notes.acked.get(key) == name or notes.unsure.get(name) == key or \
                (name, False) in of_transactions[key]
            expect(known, "%s holds %s, which nobody asked for; acknowledged was %s", key, name, notes.acked.get(key))
        for key, name in notes.acked.items():
            expect(key in table, "%s by %s was acknowledged, and is missing", key, name)
            found = table[key]["payload"]["M"]["id"]["S"]
            expect(found == name, "%s was acknowledged to %s, and holds %s", key, name, found)
        for pk, versions in streams.items():
            expect(sorted(versions) == list(range(1, len(versions) + 1)), "versions of %s: %s", pk, sorted(versions))
            notes.versions[pk] = len(versions)
        return table

    def check_transactions(self, log):
        """All of a transaction, or nothing of it."""
        notes, ledger, count = self.notes, set(), 0
        for item in self.wire.pages("Scan", {"TableName": PLAIN, "ConsistentRead": True}):
            if item["pk"]["S"].startswith("ledger#"):
                ledger.add(item["pk"]["S"].split("#")[1])
                expect(item["filler"] == s(pad(item["pk"]["S"].split("#")[1])), "a row of the ledger is torn")
            elif item["pk"]["S"] == "count":
                count = int(item["c"]["N"])
        expect(count == len(ledger), "the count is %d, and the ledger has %d rows", count, len(ledger))
        for transaction in notes.transactions:
            there = [log.get((pk, sk), {}).get("payload", {}).get("M", {}).get("id", {}).get("S") == name
                     for pk, sk, name in transaction.appends] + [transaction.token in ledger]
            expect(all(there) or not any(there), "of %s a part is there: %s", transaction.token, there)
            expect(all(there) or not transaction.acked, "%s was acknowledged, and is missing", transaction.token)
            expect(not any(there) or not transaction.refused, "%s was refused, and is there", transaction.token)

    def check_plain(self):
        notes, table = self.notes, {}
        for item in self.wire.pages("Scan", {"TableName": PLAIN, "ConsistentRead": True}):
            table[item["pk"]["S"]] = item
        for pk, item in table.items():
            if pk != "count" and not pk.startswith("ledger#"):
                expect(item in notes.rows[pk], "%s is %s, and may be one of %s", pk, str(item)[:200],
                       str([str(one)[:200] for one in notes.rows[pk]]))
        for pk, may in notes.rows.items():
            expect(pk in table or None in may, "%s was acknowledged, and is missing", pk)
            notes.rows[pk] = [table.get(pk)]
        return table

    def check_index(self, plain):
        found = list(self.wire.pages("Scan", {"TableName": PLAIN, "IndexName": "owners"}))
        same("the index", {json.dumps(item, sort_keys=True) for item in plain.values() if "owner" in item},
             {json.dumps(item, sort_keys=True) for item in found})

    def settle(self, log):
        """A transaction that nobody knows of is sent again: it is done once, whether it was done before or not. (A
        token is remembered for ten minutes, which pass at once when the clock is set.)"""
        for transaction in self.notes.transactions:
            if transaction.acked or transaction.refused:
                continue
            pk, sk, name = transaction.appends[0]
            was_there = (pk, sk) in log and log[pk, sk] == event(pk, sk, name)
            try:
                self.wire.call("dynamodb", "TransactWriteItems", transaction.body)
                transaction.acked = True
            except Refused as error:
                expect(error.name == "TransactionCanceledException", "sent again: %s", error)
                expect(not was_there or self.notes.clock_was_set, "%s was done, and is not known again", transaction.token)
                transaction.acked, transaction.refused = was_there, not was_there

    # ---- change records ----

    def records(self, table):
        """All records of the table's stream, shard by shard."""
        arn = self.wire.call("dynamodb", "DescribeTable", {"TableName": table})["Table"]["LatestStreamArn"]
        found = []
        for shard in self.wire.call("streams", "DescribeStream", {"StreamArn": arn})["StreamDescription"]["Shards"]:
            iterator = self.wire.call("streams", "GetShardIterator", {
                "StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
            last = 0
            while iterator:
                answer = self.wire.call("streams", "GetRecords", {"ShardIterator": iterator})
                for record in answer["Records"]:
                    number = int(record["dynamodb"]["SequenceNumber"])
                    expect(number > last, "sequence number %d of %s after %d", number, table, last)
                    last = number
                found += answer["Records"]
                iterator = answer.get("NextShardIterator") if answer["Records"] else None
        return found

    def check_changes(self, table, items):
        """Every change has its record and every record its change: played again they make the table."""
        records, made = self.records(table), {}
        before, self.records_before[table] = self.records_before[table], records
        expect(records[:len(before)] == before, "records of %s that were read before are other ones now", table)
        expect(len({record["eventID"] for record in records}) == len(records), "an eventID of %s twice", table)
        for record in records:
            change = record["dynamodb"]
            key = key_of(change["Keys"]) if table == LOG else change["Keys"]["pk"]["S"]
            old, new = change.get("OldImage"), change.get("NewImage")
            kind = "REMOVE" if new is None else "INSERT" if old is None else "MODIFY"
            expect(record["eventName"] == kind, "a record of %s is %s", key, record["eventName"])
            expect(made.get(key) == old, "a record of %s says it was %s before, and it was %s", key, str(old)[:200],
                   str(made.get(key))[:200])
            expect(table != LOG or kind == "INSERT", "%s of %s, which is appended once", kind, key)
            made[key] = new
        made = {key: item for key, item in made.items() if item is not None}
        same("items of %s beside its change records" % table, set(items), set(made))
        for key, item in items.items():
            expect(made[key] == item, "%s is %s, and its last record says %s", key, str(item)[:200], str(made[key])[:200])

    def check_order(self):
        """Every event at one position, which it keeps; nobody is shown one below what was there."""
        status, text = self.wire.ask("GET", "/_dynlog/log?follow=false&table=" + LOG)
        expect(status == 200, "the order answers %d", status)
        lines = [json.loads(line) for line in text.splitlines()]
        keys = [(line["key"]["pk"], line["key"]["sk"]) for line in lines]
        positions = [line["position"] for line in lines]
        expect(positions == sorted(set(positions)), "positions are not in order")
        same("the order of events", collections.Counter(list(self.log)), collections.Counter(keys))
        expect(lines[:len(self.lines_before)] == self.lines_before, "the order of events is another one than before")
        self.lines_before = lines
        of_records = [key_of(record["dynamodb"]["Keys"]) for record in self.records_before[LOG]]
        expect(keys == of_records, "events and change records are in different orders")

    # ---- what came of it ----

    def check_bus(self):
        """Each event of the log on the bus once, in both archives and in the queue of the rule that takes all."""
        notes, events = self.notes, self.read_archive()
        ids = collections.Counter(one["id"] for one in events)
        expect(max(ids.values(), default=1) == 1, "events twice in the SQLite file: %s",
               few(one for one, times in ids.items() if times > 1))
        expect(self.archived_before <= set(ids), "events have left the SQLite file: %s", few(self.archived_before - set(ids)))
        self.archived_before = set(ids)
        changes = [(one["detail"]["key"]["pk"], one["detail"]["key"]["sk"]) for one in events
                   if one["source"] == "dynamodb-log"]
        same("events of the log on the bus", collections.Counter(list(self.log)),
             collections.Counter(set(changes) if notes.again else changes))
        entries = collections.Counter(one["detail"]["name"] for one in events if one["source"] == "crash")
        expect(all(one["detail"]["pad"] == pad(one["detail"]["name"]) for one in events if one["source"] == "crash"),
               "an entry is torn")
        self.check_batches("entries", notes.entries, entries)
        told = self.wire.call("events", "DescribeArchive", {"ArchiveName": "all"})["EventCount"]
        expect(told == len(events), "the archive counts %d events, and SQLite has %d", told, len(events))
        for message in self.take_all(SEEN):
            self.seen[json.loads(message["Body"])["id"]] += 1
        same("events in the queue of the rule", ids, self.seen)

    def read_archive(self):
        """Of a copy: SQLite does not open files where SmallDisk's are."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("archive.db", "archive.db-wal"):
                if os.path.exists(os.path.join(self.machine.disk, name)):
                    shutil.copy(os.path.join(self.machine.disk, name), folder)
            archive = sqlite3.connect(os.path.join(folder, "archive.db"))
            whole = archive.execute("pragma integrity_check").fetchone()
            events = [json.loads(text) for text, in archive.execute("select event from events order by rowid")]
            archive.close()
        expect(whole == ("ok",), "the SQLite file is damaged: %s", whole)
        return events

    @staticmethod
    def check_batches(what, batches, found):
        known = set()
        for batch in batches:
            times = [found.get(name, 0) for name in batch.numbers]
            known.update(batch.numbers)
            expect(times == [times[0]] * len(times), "%s of one request: there %s times", what, times)
            expect(times[0] <= 1, "%s: %s are there %d times", what, batch.numbers[0], times[0])
            expect(times[0] == 1 or not batch.acked, "%s: %s was acknowledged, and is missing", what, batch.numbers[0])
            batch.acked = times[0] == 1  # from now on it stays so
            batch.refused = not batch.acked
        expect(set(found) <= known, "%s that nobody sent: %s", what, few(set(found) - known))

    def take_all(self, queue):
        """Receives and deletes everything."""
        url, taken = "http://127.0.0.1:%d/000000000000/%s" % (self.wire.port, queue), []
        while True:
            messages = self.wire.call("sqs", "ReceiveMessage", {
                "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 3600}).get("Messages", [])
            if not messages:
                return taken
            taken += messages
            answer = self.wire.call("sqs", "DeleteMessageBatch", {"QueueUrl": url, "Entries": [
                {"Id": "m%d" % i, "ReceiptHandle": one["ReceiptHandle"]} for i, one in enumerate(messages)]})
            expect(not answer.get("Failed"), "deletions failed: %s", answer)

    def check_model(self):
        """The function has made a row of each event of its log, and of nothing else."""
        wanted = {(*key, item["payload"]["M"]["id"]["S"]) for key, item in self.log.items()
                  if item["log"]["S"] == MODEL}
        path, found = self.machine.path("model.db"), set()
        if os.path.exists(path):
            model = sqlite3.connect(path)
            found = set(model.execute("select pk, sk, id from rows"))
            model.close()
        same("the read model", wanted, found)

    def check_standard(self):
        """Each message is received until it was deleted, and not after."""
        notes, found = self.notes, collections.Counter()
        for message in self.take_all(STANDARD):
            body = json.loads(message["Body"])
            expect(body["pad"] == pad(body["name"]), "a message is torn")
            found[body["name"]] += 1
        for name, times in found.items():
            expect(name not in notes.deleted, "%s was deleted, and is received", name)
            expect(times == 1, "%s is there %d times", name, times)
        for batch in notes.sent:
            gone = [name for name in batch.numbers if name in notes.deleted or self.received[name]]
            there = [name for name in batch.numbers if found[name]]
            maybe = [name for name in batch.numbers if name in notes.maybe_deleted]
            expect(not (set(gone) & set(there)), "messages came again: %s", few(set(gone) & set(there)))
            missing = set(batch.numbers) - set(gone) - set(there) - set(maybe)
            expect(not missing or not batch.acked, "messages were acknowledged, and are missing: %s", few(missing))
            expect(not missing or not (gone or there), "a part of a batch of messages is missing: %s", few(missing))
        self.received.update(found)
        notes.sent = []  # all of it is settled

    def check_fifo(self):
        """Messages of a group come in the order in which they were sent, each once."""
        notes, found = self.notes, collections.defaultdict(list)
        for message in self.take_all(FIFO):
            name, group = json.loads(message["Body"])["name"], message.get("Attributes", {}).get("MessageGroupId")
            expect(json.loads(message["Body"])["pad"] == pad(name), "a message is torn")
            found[name].append(group)
        order = list(found)
        for group, batches in notes.ordered.items():
            names = [batch.numbers[0] for batch in batches]
            there = [name for name in order if name in set(names)]
            expect(there == [name for name in names if name in found], "%s is out of order: %s", group, there)
            for batch in batches:
                times = len(found[batch.numbers[0]])
                expect(times <= 1, "%s came %d times", batch.numbers[0], times)
                expect(times == 1 or not batch.acked, "%s was acknowledged, and is missing", batch.numbers[0])
        notes.ordered.clear()

    def check_group(self):
        """The group gets each event until it is done, in each stream's order, and not after."""
        member = Member(self.notes, self.machine.port, 0, "verify")
        positions = {(line["key"]["pk"], line["key"]["sk"]): line["position"] for line in self.lines_before}
        try:
            member.begin()
            left = set(positions.values()) - self.notes.done
            end = max(positions.values(), default=0)
            while end and member.take().get("end", 0) < end:
                pass
        except Lost as error:
            raise AssertionError("the group: %s" % error) from error
        finally:
            member.close()
        last = collections.Counter()
        lost = left - {position for position, _, _ in member.given} - self.notes.maybe_done
        expect(not lost, "the group never got %s", few(lost))
        for position, pk, sk in member.given:
            expect(positions.get((pk, sk)) == position, "the group got %s at %d", (pk, sk), position)
            expect(sk > last[pk], "the group got version %d of %s after %d", sk, pk, last[pk])
            last[pk] = sk
        expect(not self.notes.problems, "%s", "; ".join(self.notes.problems[:5]))
