"""faults: makes calls of the C library fail in a pgsteer, while it runs, by what tests/lib/faults.c puts in front of it.

    faults = Faults(t.run)
    s = t.steer(start=False)
    s.env = faults.env(); s.start()
    with faults.failing("accept4", errno.EMFILE, first=3, count=2) as rule: ...
    rule.hit    -> 2
"""
import contextlib
import errno
import mmap
import os
import struct
import subprocess

from run import ROOT

RULE = struct.Struct("=16s32s64siiqqqqqQ")
RULES = 8
FOREVER = 1 << 60


class Rule:
    """A rule that is or was in force."""

    def __init__(self, faults, number):
        self.faults, self.number = faults, number

    def _read(self, field):
        return RULE.unpack_from(self.faults.memory, self.number * RULE.size)[field]

    @property
    def seen(self):
        """Calls that it was about."""
        return self._read(8)

    @property
    def hit(self):
        """Those that failed."""
        return self._read(9)

    @property
    def caller(self):
        """Where the last one that failed came from: an address inside of its program or library."""
        return self._read(10)


class Faults:
    def __init__(self, run):
        self.library = os.path.join(run.dir, "faults.so")
        if not os.path.exists(self.library):
            subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-g", "-Wall", "-D_GNU_SOURCE",
                            "-o", self.library, os.path.join(ROOT, "tests", "lib", "faults.c"), "-ldl"], check=True)
        self.path = os.path.join(run.mkdir("rules"), str(len(os.listdir(run.mkdir("rules")))))
        run.write(self.path, "\0" * (RULE.size * RULES))
        with open(self.path, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), RULE.size * RULES)

    def env(self):
        """For AddressSanitizer's runtime as well: it wants to be the first library, and to return NULL where there is no memory."""
        return {"LD_PRELOAD": self.library, "PGSTEER_FAULTS": self.path,
                "ASAN_OPTIONS": "verify_asan_link_order=0:allocator_may_return_null=1",
                "TSAN_OPTIONS": "allocator_may_return_null=1"}

    def arm(self, call, error=errno.ENOMEM, first=1, count=1, number=0, **about):
        """From now on, the `first` of such calls and `count` in all fail with `error`; with error=0, reads and
        writes are of at most `least` bytes instead. `about`: only calls of an `object` (part of a program's or
        library's name), a `path` (part of a file's), with a `port` at the other end, of at least `least` bytes."""
        at = number * RULE.size
        rule = RULE.pack(b"", about.get("object", "").encode(), about.get("path", "").encode(),
                         about.get("port", 0), error, about.get("least", 0), first, count, 0, 0, 0)
        self.memory[at:at + 16] = bytes(16)
        self.memory[at + 16:at + RULE.size] = rule[16:]
        self.memory[at:at + 16] = call.encode().ljust(16, b"\0")  # its name comes last: then all of it is there
        return Rule(self, number)

    def clear(self, number=0):
        self.memory[number * RULE.size:number * RULE.size + 16] = bytes(16)

    @contextlib.contextmanager
    def failing(self, call, error=errno.ENOMEM, **how):
        """arm, for the time of a block."""
        try:
            yield self.arm(call, error, **how)
        finally:
            self.clear(how.get("number", 0))
