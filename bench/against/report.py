"""bench/against/report.py - what against.py and startup.py printed, as Markdown tables and as a plot.

Figures of different servers stand beside each other as ratios: dynlog's requests a second divided by the other's, in the
same rounds. Above 1, dynlog is faster."""

import subprocess

WORKS = {"put": "PutItem of a new key, under a condition", "update": "UpdateItem", "get": "GetItem",
         "query": "Query of 10", "batch": "BatchWriteItem of 25", "transact": "TransactWriteItems of 2",
         "events": "PutEvents of 10, which an archive keeps"}
OTHERS = [("bare", "bare append"), ("floor", "floor"), ("dynoxide, file", "dynoxide, file"), ("dynoxide, memory", "dynoxide, memory"),
          ("dynalite, file", "dynalite, file"), ("xadd", "Redis XADD"), ("xadd-if", "Redis XADD, Lua condition")]


def thousands(per_second):
    return "%.1f" % (per_second / 1000)


def by_other(line):
    """What column of OTHERS a line is for."""
    if line["server"].startswith("HTTP"):
        return "floor"
    return line["asked"] if line["asked"] == "bare" or line["server"].startswith("Redis") else line["server"]


def rows(lines):
    """(work, connections) -> {column: line}."""
    found = {}
    for line in lines:
        found.setdefault((line["work"], line["connections"]), {})[by_other(line)] = line
    return found


def against_table(lines):
    table = ["| work | connections | thousand a second | p50, ms | p99, ms | `--memory`, thousand a second | "
             + " | ".join(": " + name for _, name in OTHERS) + " |", "|---" * (6 + len(OTHERS)) + "|"]
    for (work, connections), found in rows(lines).items():
        own, memory = found["dynlog"], found.get("dynlog --memory")
        ratios = ["%.2f" % (own["per_second"] / found[key]["per_second"]) if key in found else "" for key, _ in OTHERS]
        table.append("| %s | %d | %s | %.2f | %.2f | %s | %s |" % (
            WORKS[work], connections, thousands(own["per_second"]), own["p50_us"] / 1000, own["p99_us"] / 1000,
            thousands(memory["per_second"]) if memory else "", " | ".join(ratios)))
    return "\n".join(table) + "\n"


def startup_table(lines):
    table = ["| server | first answer, ms | least | resident when idle, MB |", "|---|---|---|---|"]
    for line in lines:
        table.append("| %s | %.0f | %.0f | %.1f |" % (line["server"], line["first_answer_ms"], line["least_ms"], line["idle_mb"]))
    return "\n".join(table) + "\n"


def items_words(items):
    return "%d million" % (items // 1_000_000) if items >= 1_000_000 else "%d thousand" % (items // 1000)


def scale_tables(lines):
    """Works by numbers of items, as ratios to the floor and to the fewest; and what is held."""
    found = {(line["work"], line["server"], line["items"]): line for line in lines if "work" in line}
    floors = {work: line for (work, server, _), line in found.items() if server != "dynlog"}
    fewest = min(items for _, server, items in found if server == "dynlog")
    table = ["| work | items | thousand a second | p50, ms | p99, ms | : floor | : %s items |" % items_words(fewest), "|---" * 7 + "|"]
    for (work, server, items), line in found.items():
        if server == "dynlog":
            table.append("| %s | %s | %s | %.2f | %.2f | %.2f | %.2f |" % (
                WORKS[work], items_words(items), thousands(line["per_second"]), line["p50_us"] / 1000, line["p99_us"] / 1000,
                line["per_second"] / floors[work]["per_second"], line["per_second"] / found[work, server, fewest]["per_second"]))
    table += ["", "| items | filled, thousand a second | resident, MB | on the disk, MB |", "|---|---|---|---|"]
    for line in lines:
        if "work" not in line:
            table.append("| %s | %s | %.0f | %.0f |" % (items_words(line["items"]), thousands(line["filled_per_second"]),
                                                         line["resident_mb"], line["disk_mb"]))
    return "\n".join(table) + "\n"


PLOT = """set terminal svg size 900,420 font "sans-serif,12" background "white"
set output "%(path)s"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set logscale y
set grid ytics lc rgb "#dddddd"
set ylabel "requests a second"
set key outside top center horizontal
set title "%(connections)d connections"
plot %(series)s
"""


def plot(lines, connections, path):
    """A group of bars a work, a bar a server; logarithmic."""
    found = {work: columns for (work, number), columns in rows(lines).items() if number == connections}
    names = ["dynlog"] + [key for key, _ in OTHERS if any(key in columns for columns in found.values())]
    data = ["work " + " ".join('"%s"' % dict(OTHERS).get(name, name) for name in names)]
    for work, columns in found.items():
        data.append('"%s" ' % work + " ".join(
            "%.0f" % columns[name]["per_second"] if name in columns else "NaN" for name in names))
    series = ", ".join('$data using %d%s title columnheader(%d)' % (i + 2, ":xtic(1)" if i == 0 else "", i + 2)
                       for i in range(len(names)))
    text = "$data << END\n%s\nEND\n" % "\n".join(data) + PLOT % {"path": path, "connections": connections, "series": series}
    subprocess.run(["gnuplot"], input=text, text=True, check=True)
