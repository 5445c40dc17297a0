"""Installs the npm packages of the end-to-end tests' clients and of the examples, when they are missing
or older than their lists. Run once before the modules, which run side by side."""

import os
import subprocess
import sys

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))


def newer(a, b):
    return os.path.exists(a) and os.path.getmtime(a) > os.path.getmtime(b)


def prepare(folder):
    installed = os.path.join(folder, "node_modules/.package-lock.json")
    lists = [os.path.join(folder, name) for name in ("package.json", "package-lock.json")]
    if not os.path.exists(lists[0]):
        return
    if os.path.exists(installed) and not any(newer(path, installed) for path in lists):
        return
    command = ["npm", "ci" if os.path.exists(lists[1]) else "install", "--no-audit", "--no-fund",
               "--loglevel=error"]
    subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=True)
    os.utime(installed)


def main():
    for folder in ("test/e2e/node", "examples/users-node"):
        prepare(os.path.join(TOP, folder))


if __name__ == "__main__":
    sys.exit(main())
