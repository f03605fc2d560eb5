"""Write-then-read pairs: every session writes a row and looks at once whether it is there, while the standbys are healthy,
while the replay of one is paused, and while the other's is delayed as well. Also each session's view of a common
counter must never go back. Exit status 1 when one read was stale.

    pairs.py [PAIRS]      1,000,000 without an argument, a third of them in each phase
"""
import os
import sys
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from postgres import Cluster  # noqa: E402
from run import Run, end_on_signals  # noqa: E402
from steer import Steer  # noqa: E402

SESSIONS = 16
HEAD = ("phase", "pairs", "stale", "went back", "on standbys", "pairs/s")
READ = "SELECT max(n), inet_server_port(), (SELECT sum(n) FROM pairs) FROM pairs WHERE who = {}"


class Load:
    """What SESSIONS sessions saw in one phase of `pairs` pairs."""

    def __init__(self, steer, primary, pairs, first):
        self.steer, self.primary, self.first = steer, primary, first
        self.each = max(1, pairs // SESSIONS)
        self.stale = self.standby = 0
        self.back = Counter()  # by (where it had been seen, where it was no more)
        self.errors, self.lock = [], threading.Lock()

    def place(self, port):
        return "the primary" if port == self.primary.port else f"standby {port}"

    def session(self, who):
        stale = standby = total = before = 0
        back = Counter()
        try:
            with self.steer.client() as c:
                for n in range(self.first, self.first + self.each):
                    c.query(f"UPDATE pairs SET n = {n} WHERE who = {who}")
                    seen, port, everything = (int(value) for value in c.query(READ.format(who)).rows[0])
                    stale += seen != n
                    if everything < total:
                        back[self.place(before), self.place(port)] += 1
                    standby += port != self.primary.port
                    total, before = everything, port
        except Exception as problem:  # noqa: BLE001
            self.errors.append(f"session {who}: {problem}")
        with self.lock:
            self.stale += stale
            self.back += back
            self.standby += standby

    def run(self, phase):
        threads = [threading.Thread(target=self.session, args=(who,)) for who in range(SESSIONS)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        count = self.each * SESSIONS
        print("%-18s %9d %6d %10d %11.1f%% %8.0f" % (phase, count, self.stale, self.back.total(), 100 * self.standby / count,
                                                     count / (time.monotonic() - started)), flush=True)
        for (seen, gone), times in self.back.items():
            print(f"  seen on {seen}, then not on {gone}: {times}")
        for error in self.errors:
            print(error)
        return not (self.stale or self.back or self.errors)


def main(pairs):
    with Run() as run:
        end_on_signals()
        cluster = Cluster(run, "cluster")
        steer = Steer(run, "pgsteer", {"app": cluster.line("app")})
        steer.start()
        steer.wait_nodes(2)
        with cluster.primary.connect("app", user="app") as c:
            c.query("CREATE TABLE pairs(who int PRIMARY KEY, n bigint) WITH (fillfactor = 50)")
            c.query(f"INSERT INTO pairs SELECT i, 0 FROM generate_series(0, {SESSIONS - 1}) i")
        cluster.wait_replayed()
        one, other = cluster.standbys
        good, first = True, 1
        print("%-18s %9s %6s %10s %12s %8s" % HEAD)
        for phase, begin in (("healthy", None), ("one paused", lambda: one.query("SELECT pg_wal_replay_pause()")),
                             ("the other delayed", lambda: other.set(recovery_min_apply_delay=50))):
            if begin:
                begin()
            load = Load(steer, cluster.primary, pairs // 3, first)
            good = load.run(phase) and good
            first += load.each
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000))
