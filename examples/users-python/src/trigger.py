"""Change stream of the log's table -> bus.

When it raises, Lambda hands it the same records again: the bus sees every event at least once.
"""

import os

import boto3

from .entries import in_batches, is_event, to_entry

# boto3 before 1.28 does not read AWS_ENDPOINT_URL itself. On AWS it is not set.
event_bridge = boto3.client("events", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))


def handler(event, context):
    bus = os.environ["EVENT_BUS"]
    entries = [to_entry(record, bus) for record in event["Records"] if is_event(record)]

    for batch in in_batches(entries):
        answer = event_bridge.put_events(Entries=batch)

        if answer["FailedEntryCount"] > 0:
            refused = next(entry for entry in answer["Entries"] if "ErrorCode" in entry)
            raise RuntimeError(
                f"{answer['FailedEntryCount']} events were refused: "
                f"{refused['ErrorCode']}: {refused.get('ErrorMessage')}"
            )
