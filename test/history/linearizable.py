"""Is a history of registers linearizable, key by key? Then every operation can be given one moment between its question and
its answer, so that all of them, done one after the other at these moments, answer what was answered.

The search is that of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with Lowe's memory of the
configurations that it met before ("Testing for Linearizability", 2017), for each key by itself: linearizability is local
(Herlihy and Wing, 1990), and so are keys. Three things keep it almost without choices:

 1. What changes nothing and is right now is done now: in every order that is still possible it could be moved to the front.
 2. No value is written twice. So a value is left only when everybody who saw it had their moment; it never comes back.
 3. With the change records of the key (`order`) only the write that is next in them can be next. Then the order of the
    records is the order of the moments: what DynamoDB Streams promises of one item.

A write without an answer may have its moment any time after it was asked, or none."""

import copy

from history import FOREVER, interval

TOLD_MAX = 3
UNSEEN = object()   # what stood there before was not told


class Step:
    """What one operation did to one key."""
    __slots__ = ("operation", "key", "asked", "answered", "condition", "effect", "did", "saw", "made", "writer")

    def __init__(self, operation, step):
        self.operation, self.key, self.writer = operation, step["key"], operation["id"]
        self.asked = operation["asked"]
        self.answered = FOREVER if operation["answered"] is None else operation["answered"]
        self.condition, self.effect, self.did = step.get("if"), step.get("then"), step["did"]
        saw = step.get("saw", UNSEEN)
        self.saw = tuple(saw) if isinstance(saw, list) else saw
        self.made = step.get("made")
        if self.did == "unknown":
            self.answered = FOREVER

    def unanswered(self):
        """The same at a time when it was asked and had no answer."""
        step = copy.copy(self)
        step.did, step.answered, step.saw, step.made = "unknown", FOREVER, UNSEEN, None
        return step

    def holds(self, state):
        condition = self.condition
        if condition is None:
            return True
        if condition == "absent":
            return state is None
        return state is not None and state[0 if condition[0] == "v" else 1] == condition[1]

    def apply(self, state):
        """(whether its answer is right in this state, the state after it)."""
        if self.saw is not UNSEEN and self.saw != state:
            return False, state
        if self.did == "refused":
            return not self.holds(state), state
        if not self.holds(state):
            return False, state
        effect = self.effect
        if effect is None:
            return True, state
        if effect[0] == "set":
            return True, (effect[1], self.writer)
        if effect[0] == "delete":
            return True, None
        version = 1 if state is None else state[0] + 1
        return self.made is None or self.made == version, (version, self.writer)

    def told(self, origin):
        words = [self.operation["name"], self.key]
        if self.condition is not None:
            words.append("if " + (self.condition if isinstance(self.condition, str) else "%s = %s" % tuple(self.condition)))
        if self.effect is not None:
            words.append({"set": "set to version %s" % self.effect[-1], "delete": "delete",
                          "next": "next version"}[self.effect[0]])
        if self.saw is not UNSEEN:
            words.append("saw " + state_told(self.saw))
        return "%s by %s %s: %s, %s" % (self.operation["id"], self.operation["client"], interval(self.operation, origin),
                                        " ".join(words), self.did)


def state_told(state):
    return "nothing" if state is None else "version %s of %s" % tuple(state)


def steps_by_key(operations):
    keys = {}
    for operation in operations:
        for step in operation.get("steps", ()):
            if step["did"] == "unknown" and step.get("then") is None:
                continue  # a read without an answer says nothing
            keys.setdefault(step["key"], []).append(Step(operation, step))
    return keys


class Search:
    """Of one key. A configuration: which steps had their moment - all before `base`, and those of `mask` from it on; of
    those without an answer `maybe_mask` - the state, and how many change records are used up."""

    def __init__(self, steps, order=None):
        steps = sorted(steps, key=lambda step: step.asked)
        self.definite = [step for step in steps if step.did != "unknown"]
        self.maybe = [step for step in steps if step.did == "unknown"]
        self.order = order
        self.seen_by = {}  # a value -> the steps that saw it
        for number, step in enumerate(self.definite):
            value = step.saw[1] if step.saw is not UNSEEN and step.saw is not None else None
            if value is None and step.did == "ok" and isinstance(step.condition, list) and step.condition[0] == "w":
                value = step.condition[1]
            if value is not None:
                self.seen_by.setdefault(value, []).append(number)
        # how far it came: count, state, what should be next, who must still see the state, records used up
        self.best = (-1, None, (), (), 0)
        self.configurations = 0

    def settle(self, base, mask, maybe_mask, state, used):
        """Does what changes nothing; (base, mask, choices): each choice (number, whether of the definite, next state)."""
        definite, count = self.definite, len(self.definite)
        again = True
        while again:
            again, choices, deadline = False, [], FOREVER
            while mask & 1:
                base, mask = base + 1, mask >> 1
            number, rest = base, mask
            while number < count:
                step = definite[number]
                if step.asked > deadline:
                    break
                if not rest & 1:
                    right, after = step.apply(state)
                    if right and after == state:
                        mask |= 1 << (number - base)
                        again = True
                    else:
                        if step.answered < deadline:
                            deadline = step.answered
                        if right:
                            choices.append((number, True, after))
                number, rest = number + 1, rest >> 1
        for number, step in enumerate(self.maybe):
            if step.asked > deadline:
                break
            if not maybe_mask >> number & 1:
                right, after = step.apply(state)
                if right and after != state:
                    choices.append((number, False, after))
        if self.order is not None:
            wanted = self.order[used] if used < len(self.order) else UNSEEN
            choices = [choice for choice in choices if choice[2] == wanted]
        if state is not None and choices:
            waiting = self.still_see(state, base, mask)
            choices = [choice for choice in choices if not waiting or choice[1] and waiting == [choice[0]]]
        choices.sort(key=lambda choice: definite[choice[0]].answered if choice[1] else FOREVER, reverse=True)
        return base, mask, choices

    def still_see(self, state, base, mask):
        """Who must have their moment while this state stands, and had it not."""
        return [] if state is None else [number for number in self.seen_by.get(state[1], ())
                                         if number >= base and not mask >> (number - base) & 1]

    def note(self, base, mask, state, used):
        done = base + bin(mask).count("1")
        if done > self.best[0]:
            deadline, pending = FOREVER, []
            for number in range(base, len(self.definite)):
                step = self.definite[number]
                if step.asked > deadline:
                    break
                if not mask >> (number - base) & 1:
                    deadline = min(deadline, step.answered)
                    pending.append(step)
            waiting = [self.definite[number] for number in self.still_see(state, base, mask)]
            self.best = (done, state, pending, [step for step in waiting if step not in pending], used)

    def run(self):
        """Whether there is an order."""
        end = 0 if self.order is None else len(self.order)
        met, stack = set(), [(0, 0, 0, None, 0)]
        while stack:
            base, mask, maybe_mask, state, used = stack.pop()
            base, mask, choices = self.settle(base, mask, maybe_mask, state, used)
            configuration = (base, mask, maybe_mask, state, used)
            if configuration in met:
                continue
            met.add(configuration)
            self.configurations += 1
            if base == len(self.definite) and used >= end:
                return True
            if not choices:
                self.note(base, mask, state, used)
            for number, definite, after in choices:  # the last one is tried first
                stack.append((base, mask | 1 << (number - base), maybe_mask, after, used + 1) if definite else
                             (base, mask, maybe_mask | 1 << number, after, used + 1))
        return False


# ---- why not: the fewest operations that cannot stand together ----

def between(steps, before, after):
    """A write that was surely done after `before` was answered and before `after` was asked."""
    for step in steps:
        if step.did == "ok" and step.effect is not None and step is not before and step is not after and \
                step.asked > before.answered and step.answered < after.asked:
            right, state = step.apply(step.saw) if step.saw is not UNSEEN else (True, UNSEEN)
            if right and (step.saw is UNSEEN or state != step.saw) and not (step.effect[0] == "delete" and step.saw is UNSEEN):
                return step
    return None


def explain_few(steps):
    """Reasons of one to three operations: (sentence, steps); None when it takes more to see it."""
    writers = {step.writer: step for step in steps if step.effect is not None and step.effect[0] != "delete"}
    replaced = {}
    for step in steps:
        seen = step.saw[1] if step.saw is not UNSEEN and step.saw is not None else \
            step.condition[1] if step.did == "ok" and isinstance(step.condition, list) and step.condition[0] == "w" else None
        if seen is None:
            continue
        writer = writers.get(seen)
        if writer is None:
            return "It saw what nobody wrote", [step]
        if writer.did == "refused":
            return "It saw what was refused", [writer, step]
        if writer.asked > step.answered:
            return "It saw what was asked for only later", [step, writer]
        other = between(steps, writer, step)
        if other is not None:
            return "Stale: the first was replaced by the second before the third was asked, which still saw it", \
                [writer, other, step]
        if step.did == "ok" and step.effect is not None:
            if seen in replaced:
                return "Lost update: both replaced the same value", [replaced[seen], step]
            replaced[seen] = step
    return None


def shrink(steps, order):
    """Fewer steps of which there is still no order: nothing behind the place where the search stuck, and of what changed
    nothing only what is needed. (An order of more of these steps would be an order of fewer.)"""
    search = Search(steps, order)
    search.run()
    _, _, pending, waiting, _ = search.best
    if not pending or order is not None:
        return steps
    cut = max([min(step.answered for step in pending)] + [min(step.answered for step in waiting)] if waiting else
              [min(step.answered for step in pending)])
    kept = [step for step in steps if step.asked <= cut and (step.answered <= cut or step.effect is not None)]
    kept = [step if step.answered <= cut else step.unanswered() for step in kept
            if step.did != "refused" or step.answered <= cut]
    if Search(kept).run():
        return steps
    size = max(1, len(kept) // 2)
    while True:
        at = 0
        while at < len(kept):
            piece = kept[at:at + size]
            still = [step for step in piece if step.effect is not None and step.did != "refused"]
            if len(still) < len(piece) and not Search(kept[:at] + still + kept[at + size:]).run():
                kept[at:at + size] = still
                at += len(still)
            else:
                at += size
        if size == 1:
            return kept
        size = max(1, size // 2)


def explain(key, steps, order=None):
    """Sentences for people."""
    origin = min(step.asked for step in steps)
    few = explain_few(steps)
    if few is not None:
        return ["%s: %s." % (key, few[0])] + ["  " + step.told(origin) for step in few[1]]
    steps = shrink(steps, order)
    search = Search(steps, order)
    search.run()
    done, state, pending, waiting, used = search.best
    lines = ["%s: there is no order. The longest one has %d of %d operations, and then stands at %s." % (
        key, done, len(search.definite), state_told(state))]
    if order is not None:
        lines.append("  %d of its %d change records are used up%s" % (used, len(order), "" if used >= len(order) else
                     "; the next one makes %s" % state_told(order[used])))
    lines += ["  next should be " + step.told(origin) for step in pending[:TOLD_MAX]]
    return lines + ["  while it must still be seen by " + step.told(origin) for step in waiting[:1]]


def check(operations, orders=None):
    """(findings, figures). findings: a list of explanations, each a list of lines. orders: key -> states after each of its
    change records; then each key is checked a second time, in that order."""
    findings, figures = [], {"keys": 0, "steps": 0, "configurations": 0}
    for key, steps in steps_by_key(operations).items():
        figures["keys"] += 1
        figures["steps"] += len(steps)
        for order in [None] + ([orders.get(key, [])] if orders is not None else []):
            search = Search(steps, order)
            if not search.run():
                words = explain(key, steps, order)
                findings.append(words if order is None else ["The change records have another order."] + words)
                break
            figures["configurations"] += search.configurations
    return findings, figures
