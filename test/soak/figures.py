"""What a dynlog holds at a moment at which nothing is under way: read from /proc and /_dynlog/metrics."""

import os
import re

DESCRIPTORS = ("sockets", "store files", "worker descriptors", "other descriptors")
PIPES = 2  # that the server reads of a worker: what it prints, and its errors


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="utf-8") as file:
        return file.read().split()


def descriptors(pid, data):
    """Numbers of them by what they are of, and of watched folders."""
    counts = {"sockets": 0, "store files": 0, "other descriptors": 0, "watched folders": 0}
    for descriptor in os.listdir("/proc/%d/fd" % pid):
        try:
            target = os.readlink("/proc/%d/fd/%s" % (pid, descriptor))
            if "inotify" in target:
                with open("/proc/%d/fdinfo/%s" % (pid, descriptor), encoding="utf-8") as file:
                    counts["watched folders"] += len(re.findall("^inotify wd", file.read(), re.M))
        except FileNotFoundError:
            continue
        kind = "sockets" if target.startswith("socket:") else "store files" if target.startswith(data) else \
            "other descriptors"
        counts[kind] += 1
    return counts


def process_figures(pid, data):
    """Memory in KB; descriptors by what they are of, those of workers apart; threads; children; watched folders."""
    while True:  # a worker may end at this moment, or a schedule start one
        workers = children(pid)
        figures = descriptors(pid, data)
        if children(pid) == workers:
            break
    # how many workers there are is told by processes: one that comes late is no leak
    figures["worker descriptors"] = PIPES * len(workers)
    figures["other descriptors"] -= figures["worker descriptors"]
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        status = file.read()
    number = lambda name: int(re.search(r"^%s:\s+(\d+)" % name, status, re.M).group(1))
    return {**figures, "processes": len(workers), "threads": number("Threads"), "resident KB": number("VmRSS"),
            "anonymous KB": number("RssAnon")}


def metrics(text):
    """name -> value, of those without labels."""
    return {name: int(value) for name, value in re.findall(r"^dynlog_(\w+) (\d+)$", text, re.M)}


def take(dynlog):
    """All figures of a support.server.Dynlog."""
    pid, data = dynlog.process.popen.pid, os.path.realpath(dynlog.path(".dynlog"))
    served = metrics(dynlog.request("GET", "/_dynlog/metrics")[2].decode())
    figures = process_figures(pid, data)
    store = served["store_memory_bytes"] // 1024
    return {**figures, "store KB": store, "journeys KB": served["journeys_bytes"] // 1024,
            # what is left is the program's own: requests, workers, deliveries, everything that could leak
            "other KB": figures["anonymous KB"] - store - served["journeys_bytes"] // 1024,
            "disk KB": served["store_disk_bytes"] // 1024, "connections": served["connections"],
            "requests": served["requests_total"], "invocations": served["invocations_total"],
            "invocation errors": served["invocation_errors_total"]}
