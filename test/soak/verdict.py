"""Is it flat? A rule for each figure, each with a limit and its reason, each able to fail.

Samples are taken at rests, when nothing is under way. The first third of them is the warm-up, in which caches, pools and
buffers come to their size; the rules speak about what comes after it.

A slope is the median of the slopes between all pairs of samples (Theil, 1950; Sen, 1968): a few samples that are off -
a flush, a compaction at that moment - do not move it, a leak moves all of them."""

import statistics

WARM_UP = 1 / 3
SAMPLES_MIN = 6      # after it
SAMPLES_NEEDED = round(SAMPLES_MIN / (1 - WARM_UP))

# Memory that is neither the store's nor of journeys, both of which have sizes of their own and are told apart. It goes up and
# down by some MB with memtables, which the store counts a little differently from the allocator, and with requests of 300 KB;
# over 20 minutes that leaves 270 KB a minute: with some 1,000 requests a second, 5 bytes lost of each.
OTHER_NOISE_KB = 4096
OTHER_SLOPE_KB = 64
# 64 MiB of memtables, a block cache of 256 MiB (store/options.c), filters and indexes of tables (1 % of the data).
STORE_KB_MAX = 448 * 1024
# OPEN_FILES_MAX of store/options.c, and its logs, its lock, its manifest, the archive.
STORE_FILES_MAX = 512 + 24
SOCKETS_CLOSING = 8    # connections that clients closed a moment ago
REQUESTS_MIN = 600     # a minute: a server that nobody asks is flat
THREADS_MORE = 2       # of RocksDB, begun at the first compaction that needs them


def slope(samples, name):
    """A minute, by the median of all pairs."""
    points = [(sample["minute"], sample[name]) for sample in samples]
    return statistics.median([(y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(points) for x2, y2 in points[i + 1:]
                              if x2 > x1])


def judge(samples, processes_max):
    """[(figure, what was found, limit, whether it holds)]; ValueError: too few samples for a verdict."""
    cut = round(len(samples) * WARM_UP)
    before, after = samples[:cut], samples[cut:]
    if len(after) < SAMPLES_MIN or not before:
        raise ValueError("%d samples are too few: a verdict takes %d" % (len(samples), SAMPLES_NEEDED))
    rows = []

    def rule(name, found, limit, unit):
        rows.append((name, "%s %s" % (found, unit), "<= %s %s" % (limit, unit), found <= limit))

    minutes = after[-1]["minute"] - after[0]["minute"]
    rule("memory of its own, growth", round(slope(after, "other KB") * minutes),
         round(OTHER_NOISE_KB + OTHER_SLOPE_KB * minutes), "KB")
    rule("memory of the store", max(sample["store KB"] for sample in samples), STORE_KB_MAX, "KB")
    rule("files of the store", max(sample["store files"] for sample in samples), STORE_FILES_MAX, "open")
    rule("sockets", max(sample["sockets"] for sample in after), max(sample["sockets"] for sample in before) + SOCKETS_CLOSING,
         "open")
    for name, words in (("other descriptors", "open"), ("watched folders", "")):
        rule(name, max(sample[name] for sample in after[len(after) // 2:]), max(sample[name] for sample in samples[:-len(after) // 2]),
             words)
    rule("threads", max(sample["threads"] for sample in after), max(sample["threads"] for sample in before) + THREADS_MORE, "")
    rule("processes", max(sample["processes"] for sample in samples), processes_max, "")
    asked = round((after[-1]["requests"] - after[0]["requests"]) / minutes)
    rows.append(("requests", "%d /min" % asked, ">= %d /min" % REQUESTS_MIN, asked >= REQUESTS_MIN))
    rule("errors of clients", samples[-1]["errors"], 0, "")
    rule("failed invocations", samples[-1]["invocation errors"], 0, "")
    return rows
