"""Is a history of transactions over lists strictly serialisable? Then there is one order of all of them, in which who was
answered before another was asked also comes first, and in which each, done alone, answers what it was answered.

Every write appends its operation's id to the list of a key, so a list tells who wrote which version (Kingsbury and Alvaro,
"Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020), and versions tell who came before whom
(Adya, Liskov, O'Neil, "Generalized Isolation Level Definitions", ICDE 2000):

    ww     the writer of version n     before  the writer of version n + 1
    wr     the writer of version n     before  who read it
    rw     who read version n          before  the writer of version n + 1
    time   who was answered            before  who was asked after that

There is an order if and only if this has no cycle. A cycle is named by its edges as Adya does: G0 (ww alone), G1c (and wr),
G-single (one rw), G2 (more), each with -realtime when it takes time to close it. Before that what needs no graph is looked
for: what a refused operation wrote (G1a), lists that are not each other's beginnings, writes that are lost, doubled or half.

test/unit/engine/serializable.c asks the same of the engine alone, within one process (serial.h); this one asks a server
through all of its protocol, over kill -9."""

from collections import deque

from history import FOREVER, interval

WW, WR, RW, TIME = range(4)
BEFORE = ["wrote what was overwritten by", "was read by", "did not see what was written by", "was answered before"]
SEARCHED_MAX = 300  # operations of a cycle's component from which the shortest one is looked for


def told(operation, origin):
    what = []
    for key, seen in operation.get("reads", ()):
        what.append("read %s at %s" % (key, "version %d" % len(seen) if isinstance(seen, list) else
                                       "version %d" % seen if isinstance(seen, int) else "least version %d" % seen["least"]))
    what += ["appended to " + key for key in operation.get("writes", ())]
    return "%s by %s %s: %s: %s; %s" % (operation["id"], operation["client"], interval(operation, origin),
                                        operation["name"], ", ".join(what), operation["outcome"])


class History:
    def __init__(self, operations):
        self.all = [operation for operation in operations if "reads" in operation or "writes" in operation]
        self.origin = min((operation["asked"] for operation in self.all), default=0)
        self.by_id = {operation["id"]: operation for operation in self.all}
        self.lists, self.longest = {}, {}  # key -> its longest list; who read it
        self.last = {}  # key -> who read it last, of those that may not read the past
        self.findings = []

    def find(self, sentence, *operations):
        self.findings.append([sentence + "."] + ["  " + told(operation, self.origin) for operation in operations])

    # ---- what needs no graph ----

    def read_lists(self):
        for operation in self.all:
            for key, seen in operation.get("reads", ()):
                if isinstance(seen, list) and (key not in self.lists or len(seen) > len(self.lists[key])):
                    self.lists[key], self.longest[key] = seen, operation
                if isinstance(seen, list) and not operation.get("stale") and (
                        key not in self.last or self.last[key]["asked"] < operation["asked"]):
                    self.last[key] = operation
        for operation in self.all:
            for key, seen in operation.get("reads", ()):
                if isinstance(seen, list) and seen != self.lists[key][:len(seen)]:
                    self.find("Two orders: the two read lists of %s that do not begin alike" % key, self.longest[key],
                              operation)

    def check_elements(self):
        for key, elements in self.lists.items():
            for number, element in enumerate(elements):
                writer = self.by_id.get(element)
                if writer is None or key not in writer.get("writes", ()):
                    self.find("%s of %s was written by nobody" % (element, key), self.longest[key])
                elif writer["outcome"] in ("refused", "failed"):
                    self.find("G1a: what was refused is in %s" % key, writer, self.longest[key])
                elif element in elements[:number]:
                    self.find("Doubled: it is in %s twice" % key, writer, self.longest[key])

    def check_writes(self):
        places = {key: set(elements) for key, elements in self.lists.items()}
        for operation in self.all:
            if operation["outcome"] not in ("ok", "unknown") or not operation.get("writes"):
                continue
            there = [key for key in operation["writes"] if operation["id"] in places.get(key, ())]
            for key in operation["writes"]:
                reader = self.last.get(key)
                if key in there or reader is None:
                    continue
                if operation["outcome"] == "ok" and reader["asked"] > operation["answered"]:
                    self.find("Lost: it was acknowledged, and is not in %s afterwards" % key, operation, reader)
                elif there and operation["outcome"] == "unknown" and self.is_final(key, operation):
                    self.find("Half: it is in %s, and not in %s" % (there[0], key), operation, reader)

    def is_final(self, key, operation):
        """Whether the key was read after the operation was found in another of its keys."""
        first = min((reader["answered"] for reader in self.all for other, seen in reader.get("reads", ())
                     if isinstance(seen, list) and other != key and operation["id"] in seen
                     and reader["answered"] is not None), default=FOREVER)
        return self.last[key]["asked"] > first

    # ---- the graph ----

    def happened(self):
        """Those that are in the order: answered with ok or a refusal that read something, or found in a list."""
        written = {element for elements in self.lists.values() for element in elements}
        return [operation for operation in self.all if operation["outcome"] == "ok" or operation["id"] in written or
                operation["outcome"] == "refused" and operation.get("reads")]

    def build(self):
        self.nodes = self.happened()
        number = {operation["id"]: at for at, operation in enumerate(self.nodes)}
        count = len(self.nodes)
        self.edges = [[] for _ in range(2 * count)]
        for key, elements in self.lists.items():
            for one, other in zip(elements, elements[1:]):
                if one in number and other in number:
                    self.edges[number[one]].append((number[other], WW, key))
        for at, operation in enumerate(self.nodes):
            for key, seen in operation.get("reads", ()):
                self.add_read(at, operation, key, seen, number)
        self.add_times(count)
        for at, edges in enumerate(self.edges):
            self.edges[at] = [edge for edge in edges if edge[0] != at]

    def add_read(self, at, operation, key, seen, number):
        elements = self.lists.get(key, [])
        version = len(seen) if isinstance(seen, list) else seen if isinstance(seen, int) else seen["least"]
        writes = key in operation.get("writes", ())
        if isinstance(seen, int) and writes and operation["outcome"] == "ok" and \
                elements[version:version + 1] not in ([], [operation["id"]]):
            self.find("Lost update: both wrote version %d of %s, which only one of them can have done" % (
                version + 1, key), self.by_id[elements[version]], operation)
        if 0 < version <= len(elements) and elements[version - 1] in number:
            self.edges[number[elements[version - 1]]].append((at, WR, key))
        if not isinstance(seen, dict) and version < len(elements) and elements[version] in number:
            self.edges[at].append((number[elements[version]], RW, key))

    def add_times(self, count):
        """Answers in their order, a node each: an operation before its own, and the last one before a question before that."""
        answered = [FOREVER if operation["answered"] is None else operation["answered"] for operation in self.nodes]
        order = sorted((at for at in range(count) if answered[at] < FOREVER), key=lambda at: answered[at])
        for place, at in enumerate(order):
            self.edges[at].append((count + place, TIME, None))
            if place:
                self.edges[count + place - 1].append((count + place, TIME, None))
        place = 0
        for at in sorted(range(count), key=lambda at: self.nodes[at]["asked"]):
            while place < len(order) and answered[order[place]] < self.nodes[at]["asked"]:
                place += 1
            if place and not self.nodes[at].get("stale"):  # who may read the past has no earliest moment
                self.edges[count + place - 1].append((at, TIME, None))

    def left_over(self, kinds):
        """Nodes that no order over these kinds of edges reaches: those of cycles, and what is behind them."""
        waits = [0] * len(self.edges)
        for edges in self.edges:
            for to, kind, _ in edges:
                if kind in kinds:
                    waits[to] += 1
        ready = [at for at, count in enumerate(waits) if count == 0]
        for at in ready:
            for to, kind, _ in self.edges[at]:
                if kind in kinds:
                    waits[to] -= 1
                    if waits[to] == 0:
                        ready.append(to)
        return [at for at, count in enumerate(waits) if count > 0]

    def shortest_cycle(self, start, kinds, within):
        """[(from, kind, key)] of the fewest operations through `start`; None. Points of time cost nothing."""
        came, distance, queue = {}, {start: 0}, deque([start])
        count, best = len(self.nodes), None
        while queue:
            at = queue.popleft()
            for to, kind, key in self.edges[at]:
                if kind not in kinds or to not in within:
                    continue
                cost = distance[at] + (at < count)
                if to == start:
                    if best is None or cost < best[0]:
                        best = (cost, at, kind, key)
                elif cost < distance.get(to, FOREVER):
                    distance[to], came[to] = cost, (at, kind, key)
                    queue.append(to) if at < count else queue.appendleft(to)
        if best is None:
            return None
        _, at, kind, key = best
        cycle = [(at, kind, key)]
        while at != start:
            cycle.append(came[at])
            at = came[at][0]
        return cycle[::-1]

    def find_cycle(self):
        for kinds in ({WW}, {WW, WR}, {WW, WR, RW}, {WW, WR, RW, TIME}):
            within = set(self.left_over(kinds))
            if not within:
                continue
            operations = sorted((at for at in within if at < len(self.nodes)), key=lambda at: self.nodes[at]["asked"])
            found, searched = None, 0
            for start in operations:
                cycle = self.shortest_cycle(start, kinds, within)
                if cycle is not None:
                    searched += 1
                    if found is None or length(cycle, len(self.nodes)) < length(found, len(self.nodes)):
                        found = cycle
                    if length(found, len(self.nodes)) == 2 or searched >= SEARCHED_MAX:
                        break
            self.tell_cycle(found)
            return

    def tell_cycle(self, cycle):
        count = len(self.nodes)
        kinds = [kind for at, kind, _ in cycle]
        antis = kinds.count(RW)
        name = "G2" if antis > 1 else "G-single" if antis else "G1c" if WR in kinds else "G0"
        whole = [step for step in cycle if step[0] < count]
        if TIME in kinds:
            name += "-realtime: an order would have to go back in time"
        elif antis == 1 and WR in kinds and len(whole) == 2:
            name += ": a fractured read, part of what the other wrote"
        elif antis == 2 and len(whole) == 2:
            name += ": write skew, each did not see the other's write"
        elif not antis:
            name += ": a circle of information" if WR in kinds else ": dirty writes, each overwrote the other"
        lines = ["%s." % name]
        for at, kind, key in whole:
            lines.append("  " + told(self.nodes[at], self.origin))
            lines.append("    %s%s" % (BEFORE[kind], "" if key is None else " (%s)" % key))
        lines.append("  " + self.nodes[whole[0][0]]["id"] + ", the first one")
        self.findings.append(lines)


def length(cycle, count):
    return sum(at < count for at, _, _ in cycle)


def check(operations):
    """(findings, figures), findings as in linearizable.py."""
    history = History(operations)
    history.read_lists()
    history.check_elements()
    history.check_writes()
    if not history.findings:
        history.build()
        if not history.findings and history.left_over({WW, WR, RW, TIME}):
            history.find_cycle()
    return history.findings, {"keys": len(history.lists), "operations": len(history.all)}
