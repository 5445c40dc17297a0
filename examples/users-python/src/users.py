"""What an event changes in the row of its user."""


def changes_of(event):
    """Attributes and their new values. An attribute that the event does not have is left alone."""
    payload = event["payload"]

    if event["type"] == "signup":
        return {"type": "user", **_picked(payload, "id", "name", "email")}
    if event["type"] == "addPhoneNumber":
        return _picked(payload, "phoneNumber")
    if event["type"] == "verifyPhoneNumber":
        return {"verifiedPhoneNumber": True}
    if event["type"] == "addLocation":
        return {"location": _picked(payload, "long", "lat")}
    return {}  # not for this table: only the version moves on


def update_of(event):
    """The update that takes a row from the version before this event to this event.

    It fails with ConditionalCheckFailedException when the row has another version.
    """
    attributes = {**changes_of(event), "version": event["sk"]}
    update = {
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
        "ExpressionAttributeValues": {f":{name}": value for name, value in attributes.items()},
        "ConditionExpression": "attribute_not_exists(#version)",
    }

    if event["sk"] > 1:
        update["ConditionExpression"] = "#version = :previous"
        update["ExpressionAttributeValues"][":previous"] = event["sk"] - 1
    return update


def _picked(payload, *names):
    return {name: payload[name] for name in names if name in payload}
