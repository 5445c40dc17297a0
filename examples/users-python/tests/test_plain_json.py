import unittest

from src.plain_json import to_json

CASES = [
    ({"S": 'å "b"\n'}, '"å \\"b\\"\\n"'),
    ({"N": "12345678901234567890123456789012345678"}, "12345678901234567890123456789012345678"),
    ({"N": "-0.50"}, "-0.50"),
    ({"BOOL": False}, "false"),
    ({"NULL": True}, "null"),
    ({"B": "AQI="}, '"AQI="'),
    ({"SS": ["a", "b"]}, '["a","b"]'),
    ({"NS": ["1", "2.5"]}, "[1,2.5]"),
    ({"L": [{"N": "1"}, {"L": []}, {"M": {}}]}, "[1,[],{}]"),
    ({"M": {"id": {"S": "12"}, 'a"b': {"N": "1"}}}, '{"id":"12","a\\"b":1}'),
]


class PlainJson(unittest.TestCase):
    def test_to_json(self):
        for value, text in CASES:
            with self.subTest(text):
                self.assertEqual(to_json(value), text)
