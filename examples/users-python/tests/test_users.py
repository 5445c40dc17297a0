import unittest
from decimal import Decimal

from src.users import changes_of, update_of

CASES = [
    (
        "signup",
        {"id": "12", "name": "test", "email": "test@example.com"},
        {"type": "user", "id": "12", "name": "test", "email": "test@example.com"},
    ),
    ("addPhoneNumber", {"id": "12", "phoneNumber": "+46 8 123"}, {"phoneNumber": "+46 8 123"}),
    ("verifyPhoneNumber", {"id": "12"}, {"verifiedPhoneNumber": True}),
    (
        "addLocation",
        {"id": "12", "long": Decimal("18.0685808"), "lat": Decimal("59.3293235")},
        {"location": {"long": Decimal("18.0685808"), "lat": Decimal("59.3293235")}},
    ),
    ("unknown", {"id": "12"}, {}),
]


class Users(unittest.TestCase):
    def test_changes_of(self):
        for kind, payload, changes in CASES:
            with self.subTest(kind):
                self.assertEqual(changes_of({"type": kind, "payload": payload}), changes)

    def test_the_first_event_wants_a_row_without_a_version(self):
        event = {"sk": Decimal(1), "type": "signup", "payload": {"id": "12", "name": "test"}}

        self.assertEqual(
            update_of(event),
            {
                "UpdateExpression": "SET #type = :type, #id = :id, #name = :name, #version = :version",
                "ExpressionAttributeNames": {
                    "#type": "type",
                    "#id": "id",
                    "#name": "name",
                    "#version": "version",
                },
                "ExpressionAttributeValues": {
                    ":type": "user",
                    ":id": "12",
                    ":name": "test",
                    ":version": 1,
                },
                "ConditionExpression": "attribute_not_exists(#version)",
            },
        )

    def test_a_later_event_wants_the_version_before_it(self):
        self.assertEqual(
            update_of({"sk": Decimal(3), "type": "unknown", "payload": {}}),
            {
                "UpdateExpression": "SET #version = :version",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":version": 3, ":previous": 2},
                "ConditionExpression": "#version = :previous",
            },
        )
