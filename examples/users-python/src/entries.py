"""Change records of the log's table as entries of PutEvents."""

from .plain_json import to_json

ENTRIES_MAX = 10  # of one PutEvents
SIZE_MAX = 256 * 1024  # all entries of one PutEvents together must be smaller

SOURCE = "dynamodb-log"
DETAIL_TYPE = "stream changes"


def is_event(record):
    """Events of a log are what was put into a stream; the table may hold other items too."""
    pk = record["dynamodb"]["Keys"]["pk"]["S"]
    return record["eventName"] != "REMOVE" and pk.endswith("#stream")


def to_entry(record, bus):
    image = record["dynamodb"]["NewImage"]
    detail = _members(image, ["log"])
    detail["key"] = {"M": _members(image, ["pk", "sk"])}
    detail.update(_members(image, ["type", "payload"]))
    whole = _entry(detail, bus)

    if _size(whole) < SIZE_MAX:
        return whole
    # Who wants the rest reads it from the log: the key is there.
    detail["partial"] = {"BOOL": True}
    detail["payload"] = {"M": _members(detail["payload"].get("M", {}), ["id"])}
    return _entry(detail, bus)


def in_batches(entries):
    """In order, as few requests as the limits allow."""
    batch, size = [], 0

    for entry in entries:
        if len(batch) == ENTRIES_MAX or (batch and size + _size(entry) >= SIZE_MAX):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += _size(entry)
    if batch:
        yield batch


def _members(values, names):
    return {name: values[name] for name in names if name in values}


def _entry(detail, bus):
    return {
        "EventBusName": bus,
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Detail": to_json({"M": detail}),
    }


def _size(entry):
    """As EventBridge counts."""
    return sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))
