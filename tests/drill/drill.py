"""Failover drills: everything that can befall a primary or a standby, under the ledger's load, with synchronous and
with asynchronous replication. One table at the end; exit status 1 when a promise is broken: clients disconnected,
reads that failed, commits that ran twice, writes on a fenced node, or, with synchronous replication, commits lost.
(With asynchronous replication a killed primary takes its last commits along; no pooler can change that.)

    gap        longest time with no acknowledged commit at all
    after      from the promotion's end to the first acknowledged commit
    read       longest wait of any read
    fenced     rows on the replaced primary that were sent after the promotion's end
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from ledger import Ledger  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import Run, end_on_signals, wait_for  # noqa: E402
from steer import Steer  # noqa: E402

HEAD = ["drill", "replication", "gap ms", "after ms", "read ms", "errors", "disconnected", "commits", "lost", "twice",
        "fenced"]


class Drill:
    """One cluster, one pgsteer with the settings a user gets by default, one load."""

    def __init__(self, run, number, synchronous):
        self.cluster = Cluster(run, f"cluster{number}")
        self.synchronous = synchronous
        if synchronous:
            self.cluster.synchronous()
        self.steer = Steer(run, f"pgsteer{number}", {"app": self.cluster.line("app")}, health_check_interval=None)
        self.steer.start()
        self.steer.wait_nodes(2)
        with self.cluster.primary.connect("app", user="app") as c:
            Ledger.prepare(c)
        self.cluster.wait_replayed()
        self.ledger = Ledger(self.steer.client, writers=16, readers=16, pause=0.005).start()
        wait_for(lambda: self.ledger.commits() > 300, "the load to run")
        self.began = self.promoted = None
        self.fenced = None

    def flow(self, commits=300):
        """Until so many more commits were acknowledged."""
        moment = time.monotonic()
        wait_for(lambda: sum(m > moment for m in list(self.ledger.acknowledged.values())) > commits,
                 "writes to flow again", 60)

    def replace(self, strike):
        """The primary is struck and half a second later replaced."""
        self.old = self.cluster.primary
        self.began = time.monotonic()
        strike(self.old)
        time.sleep(0.5)  # an orchestrator's reaction
        self.promoted = self.cluster.fail_over()
        self.flow()

    def look_at_old(self):
        with self.old.connect("app") as c:
            self.fenced = len(self.ledger.sent_after(c, self.promoted))

    # -- the drills

    def kill(self):
        self.replace(lambda node: node.kill())

    def planned_stop(self):
        self.replace(lambda node: node.stop("fast"))

    def freeze_and_thaw(self):
        self.replace(lambda node: node.freeze())
        self.old.thaw()
        wait_for(lambda: self.steer.node(self.old.port)["state"] == "fenced", "the thawed primary to be fenced", 60)
        self.flow()
        self.look_at_old()

    def return_as_primary(self):
        self.replace(lambda node: node.kill())
        self.old.start()
        wait_for(lambda: self.steer.node(self.old.port)["state"] == "fenced", "the old primary to be fenced", 60)
        self.flow(1000)
        self.look_at_old()

    def kill_twice(self):
        self.replace(lambda node: node.kill())
        self.cluster.rejoin(self.old)
        if self.synchronous:
            self.cluster.synchronous()
        self.cluster.wait_streaming()
        wait_for(lambda: self.steer.node(self.old.port)["state"] == "up", "the old primary to serve as a standby", 60)
        self.flow(100)
        self.replace(lambda node: node.kill())

    def standby_churn(self):
        self.began = time.monotonic()
        for strike in ("kill", "stop", "freeze"):
            for node in self.cluster.standbys:
                getattr(node, strike)()
                self.flow(100)
                node.thaw() if strike == "freeze" else node.start()
                self.steer.wait_nodes(2, 60)

    # -- the result

    def finish(self):
        ended = time.monotonic()
        self.ledger.stop()
        with self.cluster.primary.connect("app") as c:
            verdict = self.ledger.check(c)
        self.steer.stop()
        self.cluster.stop()
        after = self.ledger.first_commit_after(self.promoted) if self.promoted else None
        errors = self.ledger.write_errors + self.ledger.read_errors
        row = [f"{self.ledger.write_gap(self.began, ended) * 1000:.0f}", "-" if after is None else f"{after * 1000:.0f}",
               f"{self.ledger.read_gap(self.began) * 1000:.0f}",
               " ".join(f"{state}:{count}" for state, count in sorted(errors.items())) or "none",
               str(self.ledger.disconnected), str(verdict.acknowledged), str(len(verdict.lost)),
               str(len(verdict.twice)), "-" if self.fenced is None else str(self.fenced)]
        broken = self.steer.problems()
        broken += [f"errors of reads: {dict(self.ledger.read_errors)}"] * bool(self.ledger.read_errors)
        broken += [f"{self.ledger.first_messages[state]} ({state})" for state in self.ledger.write_errors
                   if state not in ("40001", "40003")]
        broken += [f"{self.ledger.disconnected} clients disconnected"] * bool(self.ledger.disconnected)
        broken += [f"commits that happened twice: {verdict.twice[:5]}"] * bool(verdict.twice)
        broken += [f"commits lost: {verdict.lost[:5]}"] * bool(verdict.lost and self.synchronous)
        broken += [f"{self.fenced} writes on a fenced node"] * bool(self.fenced)
        broken += self.ledger.stale[:3] if not verdict.lost else []  # who lost rows misses them
        return row, broken


DRILLS = {
    "kill -9": (Drill.kill, (True, False)),
    "planned stop": (Drill.planned_stop, (True, False)),
    "freeze, thaw": (Drill.freeze_and_thaw, (True, False)),
    "return as primary": (Drill.return_as_primary, (True, False)),
    "kill -9 twice": (Drill.kill_twice, (True,)),
    "standby churn": (Drill.standby_churn, (False,)),
}


def main(args):
    end_on_signals()
    part = args[0] if args else ""
    rows, broken = [], []
    with Run("pgsteer-drill-") as run:
        number = 0
        for name, (body, ways) in DRILLS.items():
            for synchronous in ways:
                label = [name, "synchronous" if synchronous else "asynchronous"]
                if part not in " ".join(label):
                    continue
                print(f"{' '.join(label)} ...", flush=True)
                number += 1
                drill = Drill(run, number, synchronous)
                try:
                    body(drill)
                except Exception as e:
                    broken.append(f"{' '.join(label)}: {type(e).__name__}: {e}")
                    print(f"{e}\nthe end of pgsteer's log:\n{drill.steer.log_text(30)}", flush=True)
                    drill.began = drill.began or time.monotonic()
                row, wrong = drill.finish()
                rows.append(label + row)
                broken += [f"{' '.join(label)}: {text}" for text in wrong]
    if not rows:
        print(f"no drill has {part!r} in its name")
        return 1
    widths = [max(len(row[i]) for row in [HEAD, *rows]) for i in range(len(HEAD))]
    print()
    for row in [HEAD, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    for promise in broken:
        print(f"broken: {promise}")
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
