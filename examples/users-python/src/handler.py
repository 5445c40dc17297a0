"""Bus -> the users' rows.

The event says only which stream has news. The row knows its version, the log has everything above it,
in order: read that and apply it. So it does not matter whether events come twice, late, in another
order, or to two handlers at once.
"""

import os

import boto3

from .users import update_of

# boto3 before 1.28 does not read AWS_ENDPOINT_URL itself. On AWS it is not set.
dynamodb = boto3.resource("dynamodb", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
logs = dynamodb.Table(os.environ["DYNAMODB_LOGS_TABLE"])
core = dynamodb.Table(os.environ["DYNAMODB_CORE_TABLE"])


def handler(event, context):
    stream = event["detail"]["key"]["pk"]  # users#12#stream
    user = stream[: -len("#stream")]
    version = version_of(user)

    # Somebody else was first: what they did not see of the log is ours, so look again. The row moves
    # on every time, so this ends.
    while not catch_up(user, stream, version):
        current = version_of(user)
        if current <= version:
            raise RuntimeError(f"{user} does not move on from version {current}")
        version = current


def version_of(user):
    answer = core.get_item(
        Key={"pk": user, "sk": user},
        ProjectionExpression="#version",
        ExpressionAttributeNames={"#version": "version"},
        ConsistentRead=True,
    )
    return answer.get("Item", {}).get("version", 0)


def catch_up(user, stream, version):
    """Applies what the stream has above the version. False: another handler was first with an event."""
    for event in events_after(stream, version):
        version += 1
        if event["sk"] != version:
            # The missing event will come with an invocation of its own.
            print(f"{stream}: event {version} is missing, {event['sk']} is there")
            return True
        if not apply(user, event):
            return False
    return True


def events_after(stream, version):
    """Consistent, or the very event that we were called for may not be there yet."""
    query = {
        "KeyConditionExpression": "#pk = :pk and #sk > :sk",
        "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk"},
        "ExpressionAttributeValues": {":pk": stream, ":sk": version},
        "ConsistentRead": True,
    }
    while True:
        page = logs.query(**query)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def apply(user, event):
    try:
        core.update_item(Key={"pk": user, "sk": user}, **update_of(event))
        return True
    except dynamodb.meta.client.exceptions.ConditionalCheckFailedException:
        return False
