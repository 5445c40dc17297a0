import json
import unittest

from src.entries import ENTRIES_MAX, SIZE_MAX, in_batches, is_event, to_entry


def record(payload, name="INSERT", pk="users#12#stream"):
    key = {"pk": {"S": pk}, "sk": {"N": "1"}}
    image = {**key, "log": {"S": "users"}, "type": {"S": "signup"}, "payload": {"M": payload}}
    return {"eventName": name, "dynamodb": {"Keys": key, "NewImage": image}}


def with_text(size):
    return to_entry(record({"id": {"S": "12"}, "text": {"S": "x" * size}}), "bus")


def size_of(entry):
    return len(entry["Source"] + entry["DetailType"] + entry["Detail"])


class Entries(unittest.TestCase):
    def test_an_entry_has_the_event_as_its_detail(self):
        entry = to_entry(record({"id": {"S": "12"}, "lat": {"N": "59.3293235"}}), "bus")

        self.assertEqual(
            entry,
            {
                "EventBusName": "bus",
                "Source": "dynamodb-log",
                "DetailType": "stream changes",
                "Detail": '{"log":"users","key":{"pk":"users#12#stream","sk":1},"type":"signup",'
                '"payload":{"id":"12","lat":59.3293235}}',
            },
        )

    def test_the_largest_entry_is_whole_one_byte_more_is_partial(self):
        empty = size_of(with_text(0))
        largest = with_text(SIZE_MAX - 1 - empty)
        partial = with_text(SIZE_MAX - empty)

        self.assertEqual(size_of(largest), SIZE_MAX - 1)
        self.assertNotIn("partial", json.loads(largest["Detail"]))
        self.assertEqual(
            json.loads(partial["Detail"]),
            {
                "log": "users",
                "key": {"pk": "users#12#stream", "sk": 1},
                "type": "signup",
                "partial": True,
                "payload": {"id": "12"},
            },
        )

    def test_only_what_was_put_into_a_stream_is_an_event(self):
        self.assertTrue(is_event(record({})))
        self.assertTrue(is_event(record({}, name="MODIFY")))
        self.assertFalse(is_event(record({}, name="REMOVE")))
        self.assertFalse(is_event(record({}, pk="users#12")))

    def test_batches_keep_the_order_and_both_limits(self):
        small = [with_text(1)] * (2 * ENTRIES_MAX + 1)
        large = [with_text(100 * 1024 + i) for i in range(3)]

        self.assertEqual(list(in_batches([])), [])
        self.assertEqual([len(b) for b in in_batches(small[:ENTRIES_MAX])], [ENTRIES_MAX])
        self.assertEqual([len(b) for b in in_batches(small)], [ENTRIES_MAX, ENTRIES_MAX, 1])
        self.assertEqual([len(b) for b in in_batches(large)], [2, 1])
        self.assertEqual([entry for batch in in_batches(large) for entry in batch], large)
