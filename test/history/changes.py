"""What the change streams of a history's tables say: the order of the writes of each key, and that each record follows from
the one before. Read with GetRecords, shard by shard, parents before their children, as the documentation of DynamoDB
Streams asks for."""

import works


def records_of(call, table):
    """All records of the table's stream. call(target, body): the answer of one operation."""
    arn = call("DynamoDB_20120810.DescribeTable", {"TableName": table})["Table"]["LatestStreamArn"]
    shards, last = [], None
    while True:
        more = {"ExclusiveStartShardId": last} if last else {}
        answer = call("DynamoDBStreams_20120810.DescribeStream", {"StreamArn": arn, **more})["StreamDescription"]
        shards += answer["Shards"]
        last = answer.get("LastEvaluatedShardId")
        if last is None:
            break
    records, read = [], set()
    while len(read) < len(shards):
        for shard in shards:
            if shard["ShardId"] in read or shard.get("ParentShardId") in {other["ShardId"] for other in shards} - read:
                continue
            read.add(shard["ShardId"])
            iterator = call("DynamoDBStreams_20120810.GetShardIterator", {
                "StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
            while iterator is not None:
                answer = call("DynamoDBStreams_20120810.GetRecords", {"ShardIterator": iterator})
                records += answer["Records"]
                # an open shard has always a next iterator
                iterator = answer.get("NextShardIterator") if answer["Records"] or "EndingSequenceNumber" in \
                    shard["SequenceNumberRange"] else None
    return records


def chains(records):
    """(key -> states after each record, findings) of the registers: each record's old image is the new one before."""
    orders, sequences, findings = {}, {}, []
    for record in records:
        change = record["dynamodb"]
        key = change["Keys"]["pk"]["S"]
        order = orders.setdefault(key, [])
        before, after = (works.register_of(change.get(name)) for name in ("OldImage", "NewImage"))
        kind = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
        number = int(change["SequenceNumber"])
        if before != (list(order[-1]) if order and order[-1] is not None else None):
            findings.append(["%s: change record %d says that %s stood there, after one that made %s." % (
                key, number, before, order[-1] if order else None)])
        if kind != record["eventName"]:
            findings.append(["%s: change record %d is called %s and is %s." % (key, number, record["eventName"], kind)])
        if number <= sequences.get(key, -1):
            findings.append(["%s: the sequence number %d comes after %d." % (key, number, sequences[key])])
        sequences[key] = number
        order.append(tuple(after) if after is not None else None)
    return orders, findings


def streams_of_events(records):
    """key -> ids in the order of the records of the events' table; each must be the next version."""
    orders, findings = {}, []
    for record in records:
        item = record["dynamodb"]["NewImage"]
        order = orders.setdefault(item["pk"]["S"], [])
        order.append(works.event_id(item))
        if int(item["sk"]["N"]) != len(order) or record["eventName"] != "INSERT":
            findings.append(["%s: its change record %d is %s of version %s." % (
                item["pk"]["S"], len(order), record["eventName"], item["sk"]["N"])])
    return orders, findings
