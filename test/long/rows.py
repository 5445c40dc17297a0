"""What runs for long prints a row now and then: on a terminal a table, into a pipe a JSON line each."""

import json
import sys

HEAD_EVERY = 20  # rows; then the head of the table comes again


class Rows:
    """columns: (name of the member, words of the head, width). Members that are no columns stand in the JSON alone."""

    def __init__(self, columns, as_json=None):
        self.columns, self.count = columns, 0
        self.as_json = not sys.stdout.isatty() if as_json is None else as_json

    def row(self, **members):
        if self.as_json:
            print(json.dumps(members), flush=True)
            return
        if self.count % HEAD_EVERY == 0:
            print(" ".join(words.rjust(width) for _, words, width in self.columns), flush=True)
        self.count += 1
        print(" ".join(str(members.get(name, "")).rjust(width) for name, _, width in self.columns), flush=True)

    def say(self, text, **members):
        """A sentence for people, the same as members for programs."""
        if self.as_json:
            print(json.dumps(members or {"note": text}), flush=True)
        else:
            print(text, flush=True)
