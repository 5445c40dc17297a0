# runtimes/python/loaded.py - which files a worker loaded, and where it looked for some in vain: what dynlog
# watches for it, so that a change starts a new one.
#
# A source file is seen when the import system asks for its age, before it reads it; so one that does not
# compile is seen too. What has no source is seen in sys.modules.
#
# Of the function's own files no bytecode is kept, as on Lambda, whose folder can't be written: Python takes
# bytecode for current when age (in seconds) and size are those of the source, which two saves in one second
# can be.
import importlib.machinery
import json
import os
import sys

PACKAGES = ("site-packages", "dist-packages")  # folders of what was installed

seen = set()
fresh = {"loaded": [], "wanted": []}
asked = {}  # names that were imported -> where they were looked for
modules_seen = 0


def tell(what, path):
    if (what, path) not in seen:
        seen.add((what, path))
        fresh[what].append(path)


def file_loaded(path):
    if isinstance(path, str) and os.path.isabs(path) and not is_standard(path):
        tell("loaded", path)


class Observer:
    """First in sys.meta_path: finds nothing, and remembers what was asked for."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        asked[name] = list(path) if path is not None else None


STANDARD = os.path.dirname(os.__file__) + "/"


def is_installed(path):
    return any(f"/{folder}/" in path for folder in PACKAGES)


def is_standard(path):
    return path.startswith(STANDARD) and not is_installed(path)


def start():
    path_stats = importlib.machinery.SourceFileLoader.path_stats

    def stats_and_tell(loader, path):
        file_loaded(path)
        if not is_installed(path) and not is_standard(path):
            raise OSError("no bytecode")
        return path_stats(loader, path)

    importlib.machinery.SourceFileLoader.path_stats = stats_and_tell
    sys.meta_path.insert(0, Observer)


def look_at_modules():
    global modules_seen
    if len(sys.modules) == modules_seen:
        return
    modules_seen = len(sys.modules)
    for module in list(sys.modules.values()):
        file_loaded(getattr(module, "__file__", None))


def look_at_failures():
    while asked:
        name, folders = asked.popitem()
        if name in sys.modules:
            continue
        for folder in sys.path if folders is None else folders:
            path = os.path.join(os.path.abspath(folder or "."), name.rpartition(".")[2])
            if not is_standard(path):
                tell("wanted", path)


def take():
    """What is new since it was taken last, as JSON; None when nothing is."""
    global fresh
    look_at_modules()
    look_at_failures()
    if not fresh["loaded"] and not fresh["wanted"]:
        return None
    text = json.dumps(fresh).encode()
    fresh = {"loaded": [], "wanted": []}
    return text
