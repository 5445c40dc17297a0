"""What a dynlog holds at a moment at which nothing is under way: read from /proc and /_dynlog/metrics."""

import os
import re


def process_figures(pid, data):
    """Memory in KB; descriptors by what they are of; threads; children; watched folders."""
    read = lambda name: open("/proc/%d/%s" % (pid, name), encoding="utf-8")
    figures = {"sockets": 0, "store files": 0, "other descriptors": 0, "watched folders": 0}
    for descriptor in os.listdir("/proc/%d/fd" % pid):
        try:
            target = os.readlink("/proc/%d/fd/%s" % (pid, descriptor))
            if "inotify" in target:
                with read("fdinfo/" + descriptor) as file:
                    figures["watched folders"] += len(re.findall("^inotify wd", file.read(), re.M))
        except FileNotFoundError:
            continue
        kind = "sockets" if target.startswith("socket:") else "store files" if target.startswith(data) else \
            "other descriptors"
        figures[kind] += 1
    with read("status") as file:
        status = file.read()
    number = lambda name: int(re.search(r"^%s:\s+(\d+)" % name, status, re.M).group(1))
    with read("task/%d/children" % pid) as file:
        figures["processes"] = len(file.read().split())
    return {**figures, "threads": number("Threads"), "resident KB": number("VmRSS"), "anonymous KB": number("RssAnon")}


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
