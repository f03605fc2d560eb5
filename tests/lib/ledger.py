"""ledger: a load that knows what it was promised. Writers insert numbered rows, half of them as single statements,
half in explicit transactions, and remember every commit that was acknowledged; readers read all the time. Afterwards
check() compares with what the primary has: nothing acknowledged may be missing, nothing may be there twice.

A writer does what an application should: after 40001 it runs the same row again (had it been committed after all,
it would be there twice); after 40003 it cannot know, and goes on with the next row.
"""
import threading
import time
from collections import Counter

import wire

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger(who int, n int, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE IF NOT EXISTS ledger_total(who int PRIMARY KEY, n int NOT NULL);
"""


class Verdict:
    """What became of the promises."""

    def __init__(self, lost, twice, acknowledged, unknown):
        self.lost, self.twice, self.acknowledged, self.unknown = lost, twice, acknowledged, unknown


class Ledger:
    """`connect()` makes a wire.Client. Threads run from start() to stop()."""

    def __init__(self, connect, writers=8, readers=8, pause=0.002, hop=0):
        """`hop`: after so many rows or reads a client leaves and comes back; 0: never."""
        self.connect, self.pause, self.hop = connect, pause, hop
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.sent = {}          # (who, n) -> moment its last attempt was sent
        self.acknowledged = {}  # (who, n) -> moment
        self.unknown = set()
        self.write_errors, self.read_errors = Counter(), Counter()
        self.autocommit_errors = Counter()  # those of write_errors that single statements got
        self.disconnected = 0
        self.first_messages = {}  # SQLSTATE -> the first message that came with it
        self.reads = []           # (begun, ended) of each successful read
        self.stale = []           # a writer that did not see its own rows
        self.threads = [threading.Thread(target=self._guard, args=(self._write, who), daemon=True)
                        for who in range(writers)]
        self.threads += [threading.Thread(target=self._guard, args=(self._read, who), daemon=True)
                         for who in range(readers)]
        self.crashed = []

    @staticmethod
    def prepare(client, writers=64):
        for statement in SCHEMA.strip().split("\n"):
            client.query(statement)
        client.query(f"INSERT INTO ledger_total SELECT w, 0 FROM generate_series(0, {writers - 1}) w "
                     "ON CONFLICT DO NOTHING")

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self, seconds=90):
        self.stopping.set()
        until = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.1, until - time.monotonic()))
        stuck = sum(thread.is_alive() for thread in self.threads)
        if stuck:
            self.crashed.append(f"{stuck} clients did not come to an end within {seconds} s")
        if self.crashed:
            raise RuntimeError("; ".join(self.crashed[:3]))

    # -- the clients

    def _guard(self, body, who):
        try:
            body(who)
        except Exception as e:
            self.crashed.append(f"{body.__name__[1:]}r {who}: {type(e).__name__}: {e}")

    def _open(self):
        """A connection; a refused one is tried again, and counts as a disconnected client."""
        while True:
            try:
                return self.connect()
            except (OSError, EOFError, wire.ServerError):
                with self.lock:
                    self.disconnected += 1
                if self.stopping.wait(0.05):
                    return None

    def _hop(self, client, n):
        """The connection to go on with."""
        if not self.hop or n % self.hop:
            return client
        client.close()
        return self._open()

    def _note(self, counter, error):
        with self.lock:
            counter[error.sqlstate] += 1
            self.first_messages.setdefault(error.sqlstate, error.message)

    def _write(self, who):
        client, n = self._open(), 0
        while client and not self.stopping.is_set():
            key = (who, n)
            statements = [f"INSERT INTO ledger(who, n) VALUES ({who}, {n})"]
            if who % 2:
                statements = ["BEGIN", *statements, f"UPDATE ledger_total SET n = {n} WHERE who = {who}", "COMMIT"]
            try:
                self.sent[key] = time.monotonic()
                error = None
                for sql in statements:
                    got = client.query(sql, check=False)
                    if got.errors:
                        error = got.errors[0]
                        break
                if error is None and statements[-1] == "COMMIT" and got.tags == ["ROLLBACK"]:
                    raise RuntimeError("COMMIT was answered with ROLLBACK, and no statement had failed")
                if error is None:
                    self.acknowledged[key] = time.monotonic()
                    n += 1
                    if n % 20 == 0:
                        self._own(client, who, n)
                    client = self._hop(client, n)
                else:
                    self._note(self.write_errors, error)
                    if len(statements) == 1:
                        self._note(self.autocommit_errors, error)
                    if error.severity in ("FATAL", "PANIC"):
                        raise EOFError
                    if got.status != "I":
                        client.query("ROLLBACK")
                    if error.sqlstate == "40003":
                        self.unknown.add(key)
                        n += 1
            except (OSError, EOFError):
                with self.lock:
                    self.disconnected += 1
                self.unknown.add(key)
                n += 1
                client = self._open()
            time.sleep(self.pause)
        if client:
            client.close()

    def _own(self, client, who, n):
        """A session must see the rows it wrote."""
        got = client.query(f"SELECT count(DISTINCT n) FROM ledger WHERE who = {who}", check=False)
        if got.errors:
            self._note(self.read_errors, got.errors[0])
        elif int(got.rows[0][0]) < n - sum(w == who for w, _ in list(self.unknown)):
            self.stale.append(f"writer {who} saw {got.rows[0][0]} of its {n} rows")

    def _read(self, who):
        client, n = self._open(), 0
        while client and not self.stopping.is_set():
            begun = time.monotonic()
            try:
                got = client.query("SELECT n FROM ledger_total WHERE who = 0", check=False)
                if got.errors:
                    self._note(self.read_errors, got.errors[0])
                    if got.errors[0].severity in ("FATAL", "PANIC"):
                        raise EOFError
                else:
                    self.reads.append((begun, time.monotonic()))
                    n += 1
                    client = self._hop(client, n)
            except (OSError, EOFError):
                with self.lock:
                    self.disconnected += 1
                client = self._open()
            time.sleep(self.pause)
        if client:
            client.close()

    # -- what it saw

    def commits(self):
        return len(self.acknowledged)

    def write_gap(self, since, until=None):
        """The longest time after `since` in which no client at all had a commit acknowledged."""
        until = until or time.monotonic()
        moments = sorted([since, until] + [m for m in list(self.acknowledged.values()) if since < m < until])
        return max(b - a for a, b in zip(moments, moments[1:]))

    def first_commit_after(self, moment):
        """Seconds from `moment` to the first commit acknowledged after it whose row was sent after it or was held
        over it; None while there is none."""
        later = [m for m in list(self.acknowledged.values()) if m > moment]
        return min(later) - moment if later else None

    def read_gap(self, since=0):
        """The longest that any reader waited for one answer, among the reads that ended after `since`."""
        return max((ended - begun for begun, ended in list(self.reads) if ended > since), default=0.0)

    def check(self, client):
        """Compares with the tables behind `client`, which must be the primary's own."""
        counts = {(int(w), int(n)): int(c) for w, n, c in
                  client.query("SELECT who, n, count(*) FROM ledger GROUP BY who, n").rows}
        lost = sorted(key for key in self.acknowledged if key not in counts)
        twice = sorted(key for key, count in counts.items() if count > 1)
        return Verdict(lost, twice, len(self.acknowledged), len(self.unknown))

    def sent_after(self, client, moment):
        """Rows behind `client` that a writer sent after `moment`: on a fenced node there must be none."""
        return [key for key in ((int(w), int(n)) for w, n in client.query("SELECT who, n FROM ledger").rows)
                if self.sent.get(key, 0) > moment]
