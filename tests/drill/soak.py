"""A long run: storms, in which clients that know every byte they are owed and a load that knows what it was promised work
while everything befalls them, and calms, in which is counted. soak.py [MINUTES]

    storm   tagged clients (tests/lib/tagged.py), in turn with the ledger's and the bank's load on a line of their own, and turmoil:
            the console's commands, cancel requests, terminated sessions, standbys that die or freeze, failovers, switchovers. Then
            each commit that was acknowledged must be there once, none that failed, none twice, and nothing may
            have reached a client that was not its own.
    calm    a fixed load, each statement through pgsteer beside one straight to the server. Then all clients have left: the
            counters must have counted exactly what the clients did, no client may be left in them, the servers that are
            shown must be those that PostgreSQL shows, and so many descriptors be open as in the first calm.

It prints a line for each calm, and what has drifted from the first third of them to the last: memory, descriptors, latency as a
multiple of the direct one's. Before the first of them SHOW QUERIES is filled: its table is of a fixed size, but its pages
become memory one by one. At last a storm in which pgsteer is restarted in place again and again. Exit status 1 when
anything was broken or has drifted.
"""
import contextlib
import itertools
import math
import os
import random
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import wire  # noqa: E402
from bank import Bank  # noqa: E402
from certs import certificates, own  # noqa: E402
from ledger import Ledger  # noqa: E402
from postgres import USERS, Cluster  # noqa: E402
from run import SLOW, Run, Timeout, end_on_signals, wait_for  # noqa: E402
from steer import Steer  # noqa: E402
from tagged import Tagged  # noqa: E402
from turmoil import HURRIED, RELOADS, VICTIMS, Turmoil  # noqa: E402
from wire import bind, execute, parse  # noqa: E402

STORM_SECONDS = 25
BLOWS = {"cancel": 20, "terminate": 6, "kill": 2, "churn": 2, "kill_client": 4, "reconnect": 4, "pause": 4, "suspend": 2, "disable": 2, "reload": 4,
         "kill_standby": 2, "freeze_standby": 2, "fail_over": 1, "switchover": 1}
RESTARTS = {"restart": 3, "cancel": 6, "terminate": 2, "reconnect": 1, "reload": 1}
DATABASES = {"app": {}, "other": {}, "split": {"transaction_split": "on"}, "session": {"pool_mode": "session", "pool_size": 3}}
WAYS = [{"database": database, "dbname": "other" if database == "other" else "app", "user": user}
        for database, user in (("app", "app"), ("app", "scram_user"), ("other", "app"), ("split", "md5_user"), ("session", "app"))]
PROMISED = "promised"  # the line of who was promised something: nobody is killed there
CALM = "calm"

CALM_CLIENTS, CALM_TURNS = 4, 60
GROWTH, SLOWER, TAIL = 1.10, 1.5, 3.0  # of memory, median and 99th percentile, from the first third to the last
HEAD = ("calm", "MiB", "heap", "descriptors", "servers", "transactions", "p50", "direct", "p99", "direct", "storm: commits", "errors")
FORBIDDEN = ("invalid frontend message type", "invalid message format", "unexpected message type", "insufficient data left in message",
             "bind message supplies", "already exists\n")


class Soak:
    def __init__(self, run):
        self.run, self.broken, self.rows, self.storms = run, [], [], 0
        self.dir, self.base = "tls", None  # of certificates; descriptors in the first calm
        self.cluster = Cluster(run)
        self.cluster.synchronous()
        Tagged.prepare(self.cluster.primary, ("app", "other"), USERS)
        with self.cluster.primary.connect("app", user="app") as c:
            c.query("CREATE TABLE calm(who int, n int)")
        self.cluster.wait_replayed()
        lines = {name: self.cluster.line("other" if name == "other" else "app", **more) for name, more in DATABASES.items()}
        lines.update({PROMISED: self.cluster.line("app"), CALM: self.cluster.line("app", consistency="eventual")})
        self.steer = Steer(run, "pgsteer", lines, auth_type="scram-sha-256", health_check_interval=None, lazy_begin=None,
                           max_client_conn=2000, extra=HURRIED, **RELOADS[0], **own(certificates(self), client_tls_sslmode="allow"))
        self.steer.start()
        self.steer.wait_nodes(2)
        self.fill_queries()

    def fill_queries(self):
        """Different texts from clients of all workers, until there is no more room for any."""
        seen = -1
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(self.steer.client(database=CALM)) for _ in range(4)]
            numbers = itertools.count()
            while (now := len(self.steer.show("QUERIES"))) > seen:
                seen = now
                for c in clients:
                    names = [f'SELECT 1 AS "n{next(numbers)}"' for _ in range(1000)]
                    c.segment(*(parse("", name) + bind() + execute() for name in names))

    # -- storms

    def promised(self):
        """A fresh load: the ledger, the bank, and a ledger whose queries may not take long, whose clients leave in the middle, and
        are killed like all others."""
        with self.cluster.primary.connect("app", user="app") as c:
            c.query("DROP TABLE IF EXISTS ledger, ledger_total, account, transfer")
            kind = (Ledger, Bank, Ledger)[self.storms % 3]
            kind.prepare(c)
            c.query("GRANT ALL ON ALL TABLES IN SCHEMA public TO md5_user")
        self.cluster.wait_replayed()
        if self.storms % 3 == 0:
            return Ledger(lambda: self.steer.client(database=PROMISED), 6, 4, pause=0.01)
        if self.storms % 3 == 2:
            return Ledger(lambda: self.steer.client("md5_user", "app"), 6, 4, pause=0.01, fickle=0.05)
        return Bank(Line(self.steer, PROMISED), tellers=3, single=2, coroutines=3, auditors=1, walkers=1, pause=0.01)

    def storm(self, blows):
        load, tagged = self.promised(), Tagged(self.steer, WAYS, 20)
        turmoil = Turmoil(self.steer, self.cluster, list(DATABASES), tagged.voices, blows, tagged.seed, pause=0.4)
        self.storms += 1
        for one in (load, tagged, turmoil):
            one.start()
        until = time.monotonic() + STORM_SECONDS
        while time.monotonic() < until and not (turmoil.crashed or tagged.crashed or load.crashed):
            time.sleep(0.1)
        for one in (turmoil, tagged, load):
            try:
                one.stop()
            except RuntimeError as e:
                self.broken.append(f"storm {self.storms}: {e}")
        try:
            self.steer.settings.update(RELOADS[-1], **RELOADS[0])
            self.steer.write_files()
            turmoil.order("RELOAD")
            turmoil.settle()
        except (RuntimeError, Timeout) as e:
            self.broken.append(f"storm {self.storms}: {e}")
        print(f"  storm {self.storms}: {tagged.told()}; blows {turmoil.told()}", flush=True)
        self.judge(load, tagged)
        return load

    def judge(self, load, tagged):
        broken = tagged.verdict(self.cluster.primary, ("app", "other"))
        with self.cluster.primary.connect("app") as c:
            verdict = load.check(c)
        broken += verdict.wrong + load.stale[:3]
        broken += [f"commits lost: {verdict.lost[:5]}"] * bool(verdict.lost)
        broken += [f"commits that happened twice: {verdict.twice[:5]}"] * bool(verdict.twice)
        if not load.fickle:
            broken += [f"{load.disconnected} clients of the promised load were disconnected"] * bool(load.disconnected)
            broken += [f"{load.first_messages[state]} ({state})" for state in load.write_errors + load.read_errors
                       if state not in ("40001", "40003")]
        self.broken += [f"storm {self.storms}, seed {tagged.seed}: {text}" for text in broken]

    # -- calms

    def counters(self):
        row = next((r for r in self.steer.show("STATS") if r["database"] == CALM), {})
        return {"xacts": int(row.get("total_xact_count", 0)), "queries": int(row.get("total_query_count", 0)),
                "routed": sum(self.steer.routes(CALM).values())}

    def calm(self, load):
        before, took = self.counters(), Calm(self.steer, self.cluster.primary).done()
        said = {"xacts": took.xacts, "queries": took.queries, "routed": took.xacts}

        def counted():
            return {name: value - before[name] for name, value in self.counters().items()}
        self.expect(lambda: counted() == said, "the counters", lambda: f"{counted()}, and the clients did {said}")
        self.expect(lambda: not self.clients(), "clients", lambda: f"{self.clients()} when all have left")
        self.expect(lambda: not self.steer.show("HOLDS"), "held clients", lambda: str(self.steer.show("HOLDS")))
        self.expect(lambda: self.shown() == self.running(), "servers",
                    lambda: f"SHOW SERVERS has {sorted(self.shown())}, PostgreSQL {sorted(self.running())}")
        self.base = self.base or self.descriptors()
        self.expect(lambda: self.descriptors() == self.base, "descriptors",
                    lambda: f"{self.descriptors()} beside those of servers, {self.base} at first: {self.links()}")
        servers = len(self.shown())
        errors = sum(load.write_errors.values()) + sum(load.read_errors.values())
        row = {"memory": self.steer.memory() / 1024, "heap": self.heap(), "descriptors": self.descriptors(),
               "p50": took.ratio(.5), "p99": took.ratio(.99)}
        self.rows.append(row)
        print("%4d %6.1f %5.1f %12d %8d %13d %8.2f %6.2f %8.2f %6.2f %14d %6d" % (
            len(self.rows), row["memory"], row["heap"], row["descriptors"], servers, took.xacts, took.ms(.5, 0), took.ms(.5, 1), took.ms(.99, 0),
            took.ms(.99, 1), load.commits(), errors), flush=True)

    def expect(self, condition, what, found):
        try:
            wait_for(condition, what, 15)
        except Timeout:
            self.broken.append(f"calm {len(self.rows) + 1}: {what}: {found()}")

    def clients(self):
        """Of SHOW POOLS, in any column of clients, and of SHOW CLIENTS: none but the console's."""
        pools = sum(int(value) for row in self.steer.show("POOLS") if row["database"] != "pgbouncer"
                    for name, value in row.items() if name.startswith("cl_"))
        return pools + sum(row["database"] != "pgbouncer" for row in self.steer.show("CLIENTS"))

    def heap(self):
        """MiB that malloc has given out; what it keeps in reserve is left out."""
        return next(int(row["used"]) for row in self.steer.show("MEM") if row["name"] == "heap_kib") / 1024

    def descriptors(self):
        """Those that are no server's, and not of the console's connection, which ask: looked at again while they change."""
        def look():
            servers = len(self.shown())
            with self.steer.console():
                return len(self.links()) - servers, servers
        while (seen := look()) != look():
            pass
        return seen[0]

    def links(self):
        """What is open, by descriptor."""
        directory = f"/proc/{self.steer.pid}/fd"
        found = {}
        for name in os.listdir(directory):
            try:
                found[int(name)] = os.readlink(f"{directory}/{name}")
            except OSError:
                pass
        return found

    def shown(self):
        """The ports of pgsteer's connections to servers, as it shows them, and as the servers do."""
        return {int(row["local_port"]) for row in self.steer.show("SERVERS")}

    def running(self):
        return {int(row[0]) for node in self.cluster.alive()
                for row in node.query(f"SELECT client_port FROM pg_stat_activity WHERE {VICTIMS}").rows}

    # -- the end

    def drift(self):
        """From the first third to the last; the first calm warms up."""
        rows = self.rows[1:] if len(self.rows) > 3 else self.rows
        third = max(1, len(rows) // 3)

        def ends(name):
            return [statistics.median(row[name] for row in part) for part in (rows[:third], rows[-third:])]
        growth = GROWTH if SLOW == 1 else math.inf  # a sanitizer keeps what was freed
        for name, most in (("memory", growth), ("heap", growth), ("p50", SLOWER), ("p99", TAIL)):
            first, last = ends(name)
            print(f"drift of {name}: {first:.2f} to {last:.2f}")
            self.broken += [f"{name} has drifted from {first:.2f} to {last:.2f}, more than by {most}"] * (last > most * first)
        print(f"descriptors without those of servers: {', '.join(str(row['descriptors']) for row in self.rows)}")

    def finish(self):
        for node in self.cluster.nodes:
            with open(node.log, errors="replace") as f:
                self.broken += [f"{node.name}'s log: {line.strip()}" for line in f
                                if any(bad in line for bad in FORBIDDEN) and "role" not in line][:3]
        self.steer.stop()
        self.broken += self.steer.problems()


class Line:
    """A pgsteer by another line, for loads that ask for `app`; without TLS, which a restart in place cannot hand on."""

    def __init__(self, steer, database):
        self.steer, self.database = steer, database

    def dsn(self):
        return self.steer.dsn(self.database)

    def url(self):
        return self.steer.url(self.database) + "?sslmode=disable"


class Calm:
    """A load that counts. Each client says the same through pgsteer and straight to the primary, in turn."""

    def __init__(self, steer, primary):
        self.steer, self.primary = steer, primary
        self.lock, self.problems = threading.Lock(), []
        self.xacts = self.queries = 0
        self.took = ([], [])  # seconds of a point read: through pgsteer, straight

    def done(self):
        threads = [threading.Thread(target=self._guard, args=(who,)) for who in range(CALM_CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.problems:
            raise RuntimeError(self.problems[0])
        return self

    def _guard(self, who):
        try:
            self._client(who)
        except Exception as e:
            self.problems.append(f"calm client {who}: {type(e).__name__}: {e}")

    def _client(self, who):
        xacts = queries = 0
        took = ([], [])
        with self.steer.client(database=CALM) as through, self.primary.connect("app", user="app") as straight:
            for c in (through, straight):
                c.segment(parse("point", "SELECT $1::int + 1"))
            for n in range(CALM_TURNS):
                for c, times in random.sample(((through, took[0]), (straight, took[1])), 2):
                    begun = time.monotonic()
                    got = c.segment(bind("", "point", [n]), execute())
                    times.append(time.monotonic() - begun)
                    if got.rows != [[str(n + 1)]]:
                        raise RuntimeError(f"{n} + 1 is {got.rows}")
                through.query(f"SELECT count(*) FROM calm WHERE who = {who}")
                through.query(f"INSERT INTO calm VALUES ({who}, {n})")
                for sql in ("BEGIN", f"DELETE FROM calm WHERE who = {who}", "ROLLBACK" if n % 2 else "COMMIT"):
                    through.query(sql)
                xacts, queries = xacts + 4, queries + 6
        with self.lock:
            self.xacts, self.queries = self.xacts + xacts + 1, self.queries + queries + 1
            for all_, mine in zip(self.took, took):
                all_ += mine

    def ms(self, share, which):
        times = sorted(self.took[which])
        return times[int(share * (len(times) - 1))] * 1000

    def ratio(self, share):
        return self.ms(share, 0) / self.ms(share, 1)


def main(minutes):
    end_on_signals()
    until = time.monotonic() + minutes * 60
    with Run("pgsteer-soak-") as run:
        soak = Soak(run)
        print("  ".join(HEAD), flush=True)
        while not soak.rows or time.monotonic() < until - STORM_SECONDS:
            soak.calm(soak.storm(BLOWS))
            if len(soak.broken) > 20:
                break
        soak.drift()
        soak.storm(RESTARTS)
        soak.finish()
    for text in soak.broken:
        print(f"broken: {text}")
    print("all is flat, and adds up" if not soak.broken else f"{len(soak.broken)} things are broken")
    return 1 if soak.broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10))
    except KeyboardInterrupt:
        sys.exit(130)
