"""ledger: a load that knows what it was promised. Writers insert numbered rows, half of them as single statements,
half in explicit transactions, and remember every commit that was acknowledged; readers read all the time. Afterwards
check() compares with what the primary has: nothing acknowledged may be missing, nothing may be there twice.

A writer does what an application should: after 40001 it runs the same row again (had it been committed after all,
it would be there twice); after 40003 it cannot know, and goes on with the next row. A fickle one now and then leaves in
the middle: before its COMMIT, which must never happen then, or behind it, without waiting for the answer.
"""
import random
import socket
import struct
import time

import wire
from load import Load

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger(who int, n int, attempt int, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE IF NOT EXISTS ledger_total(who int PRIMARY KEY, n int NOT NULL);
"""


class Ledger(Load):
    """`connect()` makes a wire.Client."""

    relations = ("ledger", "ledger_total")

    def __init__(self, connect, writers=8, readers=8, pause=0.002, hop=0, fickle=0.0):
        """`hop`: after so many rows or reads a client leaves and comes back; 0: never. `fickle`: the share of rows in whose
        middle a writer leaves."""
        super().__init__()
        self.connect, self.pause, self.hop, self.fickle = connect, pause, hop, fickle
        self.abandoned = set()  # keys whose COMMIT was never sent
        for who in range(writers):
            self.add(self._write, who)
        for who in range(readers):
            self.add(self._read, who)

    @staticmethod
    def prepare(client, writers=64):
        for statement in SCHEMA.strip().split("\n"):
            client.query(statement)
        client.query(f"INSERT INTO ledger_total SELECT w, 0 FROM generate_series(0, {writers - 1}) w "
                     "ON CONFLICT DO NOTHING")

    # -- the clients

    def _open(self):
        """A connection; a refused one is tried again, and counts as a disconnected client."""
        while True:
            try:
                return self.connect()
            except (OSError, EOFError, wire.ServerError):
                self.lose_client()
                if self.stopping.wait(0.05):
                    return None

    def _hop(self, client, n):
        """The connection to go on with."""
        if not self.hop or n % self.hop:
            return client
        client.close()
        return self._open()

    def _leave(self, client, statements, key):
        """Before the last statement or behind it, with a reset or in peace."""
        before = len(statements) > 1 and random.random() < 0.5
        for sql in statements[:-1]:
            if client.query(sql, check=False).errors:
                before = True
                break
        if before:
            self.abandoned.add(key)
        else:
            self.unknown.add(key)
            client.send(wire.query(statements[-1]))
        if random.random() < 0.5:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()

    def _write(self, who):
        client, n = self._open(), 0
        while client and not self.stopping.is_set():
            key = (who, n)
            statements = [f"INSERT INTO ledger(who, n, attempt) VALUES ({who}, {n}, {self.attempt(key)})"]
            if who % 2:
                statements = ["BEGIN", *statements, f"UPDATE ledger_total SET n = {n} WHERE who = {who}", "COMMIT"]
            try:
                if random.random() < self.fickle:
                    self._leave(client, statements, key)
                    n, client = n + 1, self._open()
                    continue
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
                    self.note(self.write_errors, error.sqlstate, error.message)
                    self.warned += any("synchronous replication" in notice["M"] for notice in got.notices)
                    if len(statements) == 1:
                        self.note(self.autocommit_errors, error.sqlstate, error.message)
                    if error.severity in ("FATAL", "PANIC"):
                        raise EOFError
                    if got.status != "I":
                        client.query("ROLLBACK")
                    if error.sqlstate == "40003":
                        self.unknown.add(key)
                        n += 1
            except (OSError, EOFError):
                self.lose_client()
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
            self.note(self.read_errors, got.errors[0].sqlstate, got.errors[0].message)
        elif int(got.rows[0][0]) < n - sum(w == who for w, _ in list(self.unknown | self.abandoned)):
            self.stale.append(f"writer {who} saw {got.rows[0][0]} of its {n} rows")

    def _read(self, who):
        client, n = self._open(), 0
        while client and not self.stopping.is_set():
            begun = time.monotonic()
            try:
                got = client.query("SELECT n FROM ledger_total WHERE who = 0", check=False)
                if got.errors:
                    self.note(self.read_errors, got.errors[0].sqlstate, got.errors[0].message)
                    if got.errors[0].severity in ("FATAL", "PANIC"):
                        raise EOFError
                else:
                    self.reads.append((begun, time.monotonic()))
                    n += 1
                    client = self._hop(client, n)
            except (OSError, EOFError):
                self.lose_client()
                client = self._open()
            time.sleep(self.pause)
        if client:
            client.close()

    # -- what it saw

    def check(self, client):
        there = {(int(who), int(n)) for who, n in client.query("SELECT DISTINCT who, n FROM ledger").rows} & self.abandoned
        return self.compare(client, "ledger", [f"rows without a COMMIT are there: {sorted(there)[:5]}"] * bool(there))

    def sent_after(self, client, moment):
        return self.find_sent_after(client, "ledger", moment)
