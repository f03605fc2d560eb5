"""bystander: what an attack on pgsteer must leave alone. Somebody else logs in and asks all the while, and never waits for
longer than a second (`make hostile`; `make test`, beside which a machine has other things to do: two), beside what the machine
itself keeps everybody waiting for; and when it is over, resident memory is back within 10 % of what it was, give or take what
glibc keeps in pages of which a small part is in use.

    with undisturbed(t, s):
        attack()
"""
import contextlib
import multiprocessing
import os
import threading
import time

from run import SLOW

PATIENCE = 1 if os.environ.get("HOSTILE") == "all" else 2  # seconds
STATIONS = 3  # a question goes through as many processes, and the machine may keep each of them waiting
SHARE = 0.1   # of the memory it had
PIECES = 2048  # KiB of such pages: 1.6 MB were seen


class Bystander:
    """One who logs in, asks twenty times and comes again, in a process of its own: a test that is busy would make its own
    threads wait."""

    def __init__(self, s, user, database):
        fork = multiprocessing.get_context("fork")
        self.lives, self.stopping, (self.result, theirs) = fork.Event(), fork.Event(), fork.Pipe(duplex=False)
        self.process = fork.Process(target=self._live, args=(s, user, database, theirs), daemon=True)
        self.process.start()
        self.lives.wait(60 * SLOW)

    def _sleep(self):
        """How much longer than it should a sleep lasts: what the machine is late by, whoever it is."""
        while not self.stopping.is_set():
            began = time.monotonic()
            time.sleep(0.005)
            self.late = max(self.late, time.monotonic() - began - 0.005)

    def _live(self, s, user, database, result):
        longest, wrong, asked, self.late = 0.0, None, 0, 0.0
        threading.Thread(target=self._sleep, daemon=True).start()
        try:
            while not self.stopping.is_set():
                began = time.monotonic()
                with s.client(user=user, database=database, timeout=60) as c:
                    for n in range(20):
                        if c.value(f"SELECT {n}") != str(n):
                            wrong = f"another answer than {n}"
                        longest, asked = max(longest, time.monotonic() - began), asked + 1
                        self.lives.set()
                        time.sleep(0.005)
                        began = time.monotonic()
        except Exception as e:  # told by who reads it
            wrong = repr(e)
            self.lives.set()
        result.send((longest, self.late, wrong, asked))

    def stop(self):
        """(seconds it waited at most, those that the machine was late by, what went wrong, how often it asked)"""
        self.stopping.set()
        told = self.result.recv()
        self.process.join()
        return told


def warmed(s, user, database):
    """Resident memory, in KiB, once it does not grow any more by what everybody does: logging in, asking, leaving, the console."""
    before = 0
    for _ in range(20):
        for _ in range(8):
            with s.client(user=user, database=database) as c:
                c.query("SELECT 1")
                c.extended("SELECT $1::int", ["1"])
        s.show("CLIENTS")
        now = s.memory()
        if now <= before:
            break
        before = now
    return s.memory()


@contextlib.contextmanager
def undisturbed(t, s, user="app", database="app"):
    """Around an attack; `user` must be let in to `database` and answered there."""
    start = warmed(s, user, database)
    most = int(start * (1 + SHARE)) + PIECES
    bystander = Bystander(s, user, database)
    try:
        yield
    finally:
        longest, late, wrong, asked = bystander.stop()
    t.equal(wrong, None, "what went wrong for a healthy client")
    t.true(asked, "a healthy client to have asked")
    t.within(longest, 0, PATIENCE * SLOW + STATIONS * late, "seconds a healthy client waited at most")
    if SLOW == 1:  # a sanitizer's own memory would not tell anything
        t.wait(lambda: _at_most(s.memory(), most), f"resident memory, which was {start} KiB, to be back at {most} at most")


def _at_most(kib, most):
    if kib > most:
        raise ValueError(f"it is {kib}")  # wait_for tells the last one
    return True
