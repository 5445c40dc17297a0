"""Lambda's record of an event that eventHandler could not handle, all retries done.

Here it becomes one line in the log. Nothing is lost: the next event of the same stream applies what is
missing.
"""

import json


def handler(event, context):
    print(
        json.dumps(
            {
                "message": "an event was not handled",
                "condition": event["requestContext"]["condition"],
                "key": event["requestPayload"]["detail"]["key"],
                "error": (event.get("responsePayload") or {}).get("errorMessage"),
            }
        )
    )
