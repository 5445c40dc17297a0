"""A DynamoDB attribute value, {"M": {"id": {"S": "12"}}}, as the JSON text that people mean: {"id":"12"}.

Numbers are copied digit for digit: no float, no int.
"""

import json


def to_json(value):
    [(kind, content)] = value.items()

    if kind == "M":
        return "{" + ",".join(_member(name, member) for name, member in content.items()) + "}"
    if kind == "L":
        return "[" + ",".join(to_json(element) for element in content) + "]"
    if kind == "N":
        return content
    if kind == "NS":
        return "[" + ",".join(content) + "]"
    if kind == "NULL":
        return "null"
    # S, BOOL, SS; B and BS are base64 in change records
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _member(name, value):
    return json.dumps(name, ensure_ascii=False) + ":" + to_json(value)
