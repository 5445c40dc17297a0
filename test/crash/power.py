"""What a disk may hold that lost its power: made from the journal of disk.c, on top of what it held before.

A file is what was synced, and of what was written since: all, nothing, or a choice of it - each write whole, not
there, torn at a byte, or with bytes that nobody wrote where the disk had taken blocks and not yet filled them. The
names of a folder are those of its last sync and some of the changes that came after it, in their order. That is what
POSIX promises, and no file system keeps less."""

import os
import shutil
import struct

RECORD = struct.Struct("=IIQQQ")
CREATE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, OPEN = range(1, 9)
SECTOR = 512


def records(path):
    """(kind, name, inode, offset, data, where it stands), up to the one that the kill cut off."""
    with open(path, "rb") as file:
        text = memoryview(file.read())
    at = 0
    while at + RECORD.size <= len(text):
        kind, name_size, inode, offset, size = RECORD.unpack_from(text, at)
        data_size = size if kind == WRITE else 0
        end = at + RECORD.size + name_size + data_size
        if end > len(text):
            return
        name = bytes(text[at + RECORD.size:at + RECORD.size + name_size]).decode()
        yield kind, name, inode, offset, text[end - data_size:end], at
        at = end


class File:
    """One inode: what is durable, and what came since."""

    def __init__(self, content=b""):
        self.content = bytearray(content)
        self.pending = []  # (where in the journal, offset, data); data None: the size becomes offset

    def change(self, offset, data):
        if data is None:
            if offset < len(self.content):
                del self.content[offset:]
            else:
                self.content.extend(bytes(offset - len(self.content)))
            return
        if offset > len(self.content):
            self.content.extend(bytes(offset - len(self.content)))
        self.content[offset:offset + len(data)] = data

    def sync(self, bound):
        while self.pending and self.pending[0][0] < bound:
            self.change(*self.pending.pop(0)[1:])

    def lose_power(self, random):
        """What is there of the pending ones; how many are not there as they were made."""
        way, lost = random.random(), 0
        for number, (_, offset, data) in enumerate(self.pending):
            last = number == len(self.pending) - 1
            if way < 0.2 or (way >= 0.4 and random.random() < 0.4):
                lost += 1
                if data is not None and random.random() < 0.3:  # blocks were taken, and never filled
                    self.change(offset, random.randbytes(len(data)) if random.random() < 0.5 else bytes(len(data)))
                continue
            if data is not None and (way >= 0.7 or (last and way >= 0.3)):
                data, torn = tear(bytes(data), random)
                lost += torn
            self.change(offset, data)
        self.pending = []
        return lost


def tear(data, random):
    """(A write that the disk did not finish, whether it is another one now)."""
    at = random.randrange(len(data) + 1)
    if random.random() < 0.5:
        at -= at % SECTOR
    way, rest = random.random(), len(data) - at
    if way < 0.5:
        torn = data[:at]
    elif way < 0.7:
        torn = data[:at] + bytes(rest)
    elif way < 0.9:
        torn = data[:at] + random.randbytes(rest)
    else:
        at = min(at, len(data) - 1)
        torn = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1:]
    return torn, torn != data


class Folder:
    """Names that are durable (name -> File or Folder), and changes that came since."""

    def __init__(self):
        self.names = {}
        self.pending = []  # (where in the journal, {name: what it is then, None: nothing})
        self.now = {}

    def change(self, at, changes):
        self.pending.append((at, changes))
        self.apply(self.now, changes)

    @staticmethod
    def apply(names, changes):
        for name, what in changes.items():
            if what is None:
                names.pop(name, None)
            else:
                names[name] = what

    def sync(self, bound):
        while self.pending and self.pending[0][0] < bound:
            self.apply(self.names, self.pending.pop(0)[1])

    def lose_power(self, random):
        way = random.random()
        kept = len(self.pending) if way < 0.3 else 0 if way < 0.6 else random.randrange(len(self.pending) + 1)
        lost = len(self.pending) - kept
        for _, changes in self.pending[:kept]:
            self.apply(self.names, changes)
        self.pending, self.now = [], dict(self.names)
        return lost


class Disk:
    """The folder `before` (a copy of what was at `root`), and what the journal says was done to it since."""

    def __init__(self, root, before, journal):
        self.root = os.path.realpath(root)
        self.top = Folder()
        self.all = [self.top]
        self.inodes = {}
        self.load(before, self.top)
        for record in records(journal):
            self.note(*record)

    def made(self, what):
        self.all.append(what)
        return what

    def load(self, before, folder):
        for name in sorted(os.listdir(before)):
            source = os.path.join(before, name)
            if os.path.isdir(source):
                what = self.made(Folder())
                self.load(source, what)
            else:
                with open(source, "rb") as file:
                    what = self.made(File(file.read()))
            folder.names[name] = folder.now[name] = what

    def parent(self, path):
        """(Folder, last part of the name)."""
        folder = self.top
        *parts, last = os.path.relpath(path, self.root).split("/")
        for part in parts:
            folder = folder.now[part]
        return folder, last

    def note(self, kind, name, inode, offset, data, at):
        if kind in (WRITE, TRUNCATE):
            self.inodes[inode].pending.append((at, offset, data if kind == WRITE else None))
        elif kind == SYNC:
            self.inodes[inode].sync(offset)
        elif kind == RENAME:
            source, target = (self.parent(path) for path in name.split("\n"))
            what = source[0].now[source[1]]
            if source[0] is target[0]:  # one step: both, or neither
                source[0].change(at, {source[1]: None, target[1]: what})
            else:
                target[0].change(at, {target[1]: what})
                source[0].change(at, {source[1]: None})
        elif name == self.root:
            if kind == OPEN:
                self.inodes[inode] = self.top
        else:
            folder, last = self.parent(name)
            if kind == OPEN:
                self.inodes[inode] = folder.now[last]
            elif kind == CREATE:
                self.inodes[inode] = self.made(File())
                folder.change(at, {last: self.inodes[inode]})
            else:
                folder.change(at, {last: self.made(Folder()) if kind == MKDIR else None})

    def lose_power(self, random):
        """How many changes are lost or torn."""
        return sum(what.lose_power(random) for what in self.all)

    def write(self, folder=None, path=None):
        """What is durable, in place of the folder."""
        if folder is None:
            folder, path = self.top, self.root
            shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        for name, what in folder.names.items():
            below = os.path.join(path, name)
            if isinstance(what, Folder):
                self.write(what, below)
            else:
                with open(below, "wb") as file:
                    file.write(what.content)
