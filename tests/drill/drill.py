"""Failover drills: everything that can befall a primary, a standby or pgsteer itself, under the ledger's load, and the worst
of it under the bank's, with synchronous and with asynchronous replication. One table at the end; exit status 1 when a promise is broken: clients
disconnected, reads that failed, commits that ran twice, own writes not seen, writes on a fenced node, a frozen primary
that goes unnoticed, a write gap of more than 100 ms, or, with synchronous replication, commits lost. (With asynchronous
replication a killed primary takes its last commits along; no pooler can change that.)

    gap      longest time with no acknowledged commit at all
    after    from the new primary's first answer as such to the first acknowledged commit; of ten: the median
    noticed  from the blow to pgsteer's word that there is no primary
    read     longest wait of any read
    stale    sessions that did not see their own writes
    fenced   rows on the replaced primary that were sent after the promotion's end
"""
import contextlib
import os
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from bank import Bank  # noqa: E402
from cell import Cell, why_not  # noqa: E402
from ledger import Ledger  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import Run, end_on_signals, wait_for  # noqa: E402
from steer import Steer  # noqa: E402

HEAD = ["drill", "replication", "gap ms", "after ms", "noticed ms", "read ms", "errors", "disconnected", "commits", "lost",
        "twice", "stale", "fenced"]

CHECK_TIMEOUT_MS = 1000  # health_check_timeout as it is by default
NO_PRIMARY = "there is no primary"


class Drill:
    """One cluster, one pgsteer with the settings a user gets by default, one load."""

    def __init__(self, run, number, synchronous, cell=None, hop=0, load=Ledger, **settings):
        self.run, self.number, self.cell = run, number, cell
        self.cluster = Cluster(run, f"cluster{number}", cell=self.cell)
        self.synchronous = synchronous
        if synchronous:
            self.cluster.synchronous()
        self.steer = Steer(run, f"pgsteer{number}", {"app": self.cluster.line("app")}, health_check_interval=None,
                           lazy_begin=None, **settings)
        self.pooler = [self.steer]
        self.steer.start()
        self.steer.wait_nodes(2)
        with self.cluster.primary.connect("app", user="app") as c:
            load.prepare(c)
        self.cluster.wait_replayed()
        self.steer.wait_known(*load.relations)
        self.load = Bank(self.steer) if load is Bank else Ledger(self.steer.client, 16, 16, pause=0.005, hop=hop)
        self.load.start()
        wait_for(lambda: self.load.commits() > 300, "the load to run")
        self.began = self.promoted = self.noticed = self.fenced = None
        self.after = []
        self.planned = False    # whether the server said of each statement what became of it
        self.faultless = False  # whether errors of writes break a promise as well

    def flow(self, commits=300):
        """Until so many more commits were acknowledged."""
        moment = time.monotonic()
        wait_for(lambda: sum(m > moment for m in list(self.load.acknowledged.values())) > commits,
                 "writes to flow again", 60)

    def replace(self, strike, notice=False):
        """The primary is struck, and half a second later replaced, or when that was noticed."""
        self.old = self.cluster.primary
        self.began = self.began or time.monotonic()
        struck, lines = time.monotonic(), self.steer.log_text().count(NO_PRIMARY)
        strike(self.old)
        if notice:
            wait_for(lambda: self.steer.log_text().count(NO_PRIMARY) > lines, "the loss to be noticed", every=0.005)
            self.noticed = time.monotonic() - struck
        else:
            time.sleep(0.5)  # an orchestrator's reaction
        self.promoted = self.cluster.fail_over()
        self.flow()
        self.after.append(self.load.first_commit_after(self.promoted))

    def rejoin(self):
        """The old primary becomes a standby again."""
        self.cluster.rejoin(self.old)
        if self.synchronous:
            self.cluster.synchronous()
        self.cluster.wait_streaming()
        wait_for(lambda: self.steer.node(self.old.port)["state"] == "up", "the old primary to serve as a standby", 60)

    def look_at_old(self):
        """When it says again that it is the primary."""
        wait_for(lambda: self.steer.node(self.old.port)["state"] == "fenced", "the old primary to be fenced", 60)
        self.flow(1000)
        with self.old.connect("app") as c:
            self.fenced = len(self.load.sent_after(c, self.promoted))

    # -- the drills

    def switchover(self):
        self.old, chosen = self.cluster.primary, self.cluster.candidate()
        self.cluster.rally(chosen)
        wait_for(lambda: chosen.value("SELECT count(*) FROM pg_stat_replication") == "1", "the cascade")
        self.began, self.faultless = time.monotonic(), True
        self.steer.admin(f"SWITCHOVER app TO {chosen.address}")
        self.promoted = time.monotonic()
        self.cluster.primary = chosen
        self.look_at_old()

    def planned_stop(self):
        self.planned = True
        self.replace(lambda node: node.stop("fast"))

    def kill(self):
        self.replace(lambda node: node.kill())

    def kill_ten_times(self):
        for _ in range(10):
            self.replace(lambda node: node.kill())
            self.rejoin()

    def freeze_and_thaw(self):
        self.replace(lambda node: node.freeze(), notice=True)
        self.old.thaw()
        self.look_at_old()

    def network_cut(self):
        self.replace(lambda node: self.cell.cut(), notice=True)
        self.cell.mend()
        self.look_at_old()

    def return_as_primary(self):
        self.replace(lambda node: node.kill())
        self.old.start()
        self.look_at_old()

    def kill_twice(self):
        self.replace(lambda node: node.kill())
        self.rejoin()
        self.flow(100)
        self.replace(lambda node: node.kill())

    def standby_churn(self):
        self.began, self.faultless = time.monotonic(), True
        for strike in ("kill", "stop", "freeze"):
            for node in self.cluster.standbys:
                getattr(node, strike)()
                self.flow(100)
                node.thaw() if strike == "freeze" else node.start()
                self.steer.wait_nodes(2, 60)

    def pooler_in_place(self):
        self.began, self.faultless = time.monotonic(), True
        for _ in range(3):
            self.steer.status = self.steer.reboot() or None
            self.flow(500)

    def pooler_rolling(self):
        """A second process on the same port; the first is told to go, and its clients leave it one by one."""
        self.began, self.faultless = time.monotonic(), True
        for turn in range(3):
            old = self.steer
            self.steer = Steer(self.run, f"pgsteer{self.number}-{turn}", old.databases, **old.settings)
            self.steer.settings.update(listen_port=old.port, unix_socket_dir=self.steer.dir)
            self.steer.port = old.port
            self.pooler.append(self.steer)
            self.steer.start()
            self.steer.wait_log("process up")
            old.process.send_signal(signal.SIGTERM)
            wait_for(lambda: old.process.poll() is not None, "the old process to end", 60)
            old.status = old.process.returncode
            self.flow(500)

    # -- the result

    def finish(self):
        ended = time.monotonic()
        self.load.stop()
        with self.cluster.primary.connect("app") as c:
            verdict = self.load.check(c)
        self.steer.stop()
        self.cluster.stop()
        after = statistics.median(self.after) if self.after else None
        errors = self.load.write_errors + self.load.read_errors
        row = [ms(self.load.write_gap(self.began, ended)), ms(after), ms(self.noticed),
               ms(self.load.read_gap(self.began)),
               " ".join(f"{state}:{count}" for state, count in sorted(errors.items())) or "none",
               str(self.load.disconnected), str(verdict.acknowledged), str(len(verdict.lost)),
               str(len(verdict.twice)), str(len(self.load.stale)), "-" if self.fenced is None else str(self.fenced)]
        return row, self.broken(verdict, after)

    def broken(self, verdict, after):
        allowed = () if self.faultless else ("40001", "40003")
        broken = [text for steer in self.pooler for text in steer.problems()] + verdict.wrong
        broken += [f"errors of reads: {dict(self.load.read_errors)}"] * bool(self.load.read_errors)
        broken += [f"{self.load.first_messages[state]} ({state})" for state in self.load.write_errors
                   if state not in allowed]
        unknown = self.load.write_errors["40003"]
        if self.planned and isinstance(self.load, Ledger) and unknown > self.load.warned:
            broken.append(f"{unknown} unknown outcomes (40003), and only {self.load.warned} warnings of the server's")
        in_blocks = unknown - self.load.autocommit_errors["40003"]
        if self.steer.settings.get("commit_outcome") and in_blocks:
            broken.append(f"{in_blocks} COMMITs whose outcome was not found out (40003)")
        broken += [f"{self.load.disconnected} clients disconnected"] * bool(self.load.disconnected)
        broken += [f"commits that happened twice: {verdict.twice[:5]}"] * bool(verdict.twice)
        broken += [f"commits lost: {verdict.lost[:5]}"] * bool(verdict.lost and (self.synchronous or self.faultless))
        broken += [f"{self.fenced} writes on a fenced node"] * bool(self.fenced)
        broken += [f"noticed after {ms(self.noticed)} ms"] * bool((self.noticed or 0) * 1000 > 3 * CHECK_TIMEOUT_MS)
        broken += [f"a write gap of {ms(after)} ms in the median"] * bool(len(self.after) > 2 and after > 0.1)
        broken += self.load.stale[:3] if not verdict.lost else []  # who lost rows misses them
        return broken


def ms(seconds):
    return "-" if seconds is None else f"{seconds * 1000:.0f}"


BOTH = (True, False)
DRILLS = {  # name: the drill, with which replication, and what it needs
    "switchover": (Drill.switchover, BOTH, {}),
    "planned stop": (Drill.planned_stop, BOTH, {}),
    "kill -9": (Drill.kill, BOTH, {}),
    "kill -9 twice": (Drill.kill_twice, (True,), {}),
    "kill -9 ten times": (Drill.kill_ten_times, (False,), {}),
    "freeze, thaw": (Drill.freeze_and_thaw, BOTH, {}),
    "network cut": (Drill.network_cut, BOTH, {"cell": True}),
    "return as primary": (Drill.return_as_primary, BOTH, {}),
    "standby churn": (Drill.standby_churn, BOTH, {}),
    "pooler restart -R": (Drill.pooler_in_place, BOTH, {}),
    "pooler rolling": (Drill.pooler_rolling, (False,), {"hop": 50, "so_reuseport": 1}),
    "outcome: kill -9 twice": (Drill.kill_twice, BOTH, {"commit_outcome": 1}),
    "outcome: freeze, thaw": (Drill.freeze_and_thaw, BOTH, {"commit_outcome": 1}),
    "bank: switchover": (Drill.switchover, BOTH, {"load": Bank}),
    "bank: planned stop": (Drill.planned_stop, BOTH, {"load": Bank}),
    "bank: kill -9 twice": (Drill.kill_twice, BOTH, {"load": Bank}),
    "bank: freeze, thaw": (Drill.freeze_and_thaw, BOTH, {"load": Bank}),
    "bank: network cut": (Drill.network_cut, BOTH, {"load": Bank, "cell": True}),
    "bank: pooler restart -R": (Drill.pooler_in_place, (False,), {"load": Bank}),
}


def run_one(run, number, label, body, synchronous, needs):
    """Its row and the promises it found broken."""
    with contextlib.ExitStack() as stack:
        if needs.get("cell"):
            needs = {**needs, "cell": stack.enter_context(contextlib.closing(Cell(run)))}
        drill, broken = Drill(run, number, synchronous, **needs), []
        try:
            body(drill)
        except Exception as e:
            broken.append(f"{type(e).__name__}: {e}")
            print(f"{e}\nthe end of pgsteer's log:\n{drill.steer.log_text(30)}", flush=True)
            drill.began = drill.began or time.monotonic()
        row, wrong = drill.finish()
    return label + row, [f"{' '.join(label)}: {text}" for text in broken + wrong]


def main(args):
    end_on_signals()
    part = args[0] if args else ""
    no_cells, rows, broken = why_not(), [], []
    with Run("pgsteer-drill-") as run:
        for name, (body, ways, needs) in DRILLS.items():
            for synchronous in ways:
                label = [name, "synchronous" if synchronous else "asynchronous"]
                if part not in " ".join(label):
                    continue
                if needs.get("cell") and no_cells:
                    print(f"{' '.join(label)} is left out: {no_cells}", flush=True)
                    continue
                print(f"{' '.join(label)} ...", flush=True)
                row, wrong = run_one(run, len(rows), label, body, synchronous, needs)
                rows.append(row)
                broken += wrong
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
