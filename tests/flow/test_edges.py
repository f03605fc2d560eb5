"""Edges of the relay: an error that comes in pieces, a query behind an error without a Sync, a session whose
server goes while nothing runs."""
import select
import socket
import threading

import wire
from wire import bind, execute, parse, query, sync

SETTINGS = {"lazy_begin": 1}


class Dribble:
    """A way to a server on which its answers arrive byte by byte."""

    def __init__(self, t):
        self.to, self.port = t.cluster.primary.port, t.run.port()
        self.slow = False
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.create_connection(("127.0.0.1", self.to))
            threading.Thread(target=self._pass, args=(client, server), daemon=True).start()

    def _pass(self, client, server):
        try:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        raise OSError
                    other = server if ready is client else client
                    step = 1 if self.slow and ready is server else len(data)
                    for at in range(0, len(data), step):
                        other.sendall(data[at:at + step])
                        if step == 1:
                            select.select([], [], [], 0.001)
        except OSError:
            client.close()
            server.close()


def test_an_error_in_pieces_is_still_not_shown(t):
    way = Dribble(t)
    s = t.steer(databases={"app": f"host=127.0.0.1 port={way.port} dbname=app"}, default_pool_size=1)
    t.sql("CREATE TABLE ed_one(i int)", "INSERT INTO ed_one VALUES (1)")
    try:
        with s.client() as c:
            c.segment(parse("one", "SELECT * FROM ed_one"), bind("", "one"), execute())
            way.slow = True
            for number in range(2):
                t.sql(f"ALTER TABLE ed_one ADD COLUMN c{number} int")
                t.equal(len(c.segment(bind("", "one"), execute()).rows[0]), number + 2, "prepared again")
            t.error("22012", lambda: c.query("SELECT 1/0"), "another error is shown")
            t.equal(c.query("SELECT repeat('x', 3000)").rows, [["x" * 3000]], "and a row")
    finally:
        t.sql("DROP TABLE ed_one")


def test_a_query_behind_an_error_without_sync(t):
    s = t.steer(default_pool_size=1)
    failing = parse("", "SELECT 1/0") + bind() + execute() + wire.flush()
    with s.client(database="single") as c, s.client(database="single") as other:
        c.send(parse("", "SELEC"), query("SELECT 1"), query("SELECT 2"), sync())
        t.equal([m.type for m in c.until("Z")], ["E", "Z"], "what is sent at once")
        t.equal(other.value("SELECT 3"), "3", "the server is free")
        c.send(failing)
        c.until("E")
        c.send(query("SELECT 1"))
        t.true(c.quiet(0.3), "the server ignores what comes before Sync, and so nothing is answered")
        other.send(query("SELECT 4"))
        t.true(other.quiet(0.2), "nor is the server anybody else's")
        c.send(sync())
        t.equal([m.type for m in c.until("Z")], ["Z"], "Sync")
        t.equal(other.result().rows, [["4"]], "the other one's turn")
        t.equal(c.value("SELECT 5"), "5", "it goes on")
    with s.client(database="single") as c, s.client(database="single") as other:
        c.send(failing)
        c.until("E")
        c.send(query("SELECT 1"))
        c.close()
        t.equal(other.value("SELECT 6"), "6", "one left in that state goes to nobody")


def test_a_session_whose_server_goes_is_told(t):
    s = t.steer({"app": t.cluster.line("app"), "session": t.cluster.line("app", pool_mode="session"),
                 "single": t.cluster.line("app", [t.cluster.primary])})
    for begin in ("LISTEN ed_news", "CREATE TEMP TABLE ed_temp(i int)"):
        with s.client() as c:
            c.query(begin)
            pid = c.value("SELECT pg_backend_pid()")
            t.cluster.primary.terminate(pid)
            e = wire.ServerError(c.until("E")[-1])
            t.equal((e.severity, e.sqlstate), ("FATAL", "08006"), "what it is told")
            t.contains(e.message, "the state of the session", "the error")
            t.true(c.at_end(), "the connection ends")
    # Something is under way: what became of it is said, and the connection ends all the same.
    slow, running = "/* pgsteer: primary */ SELECT pg_sleep(30)", "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    rows = [("app", "LISTEN ed_news", [], slow, "40001"), ("app", "CREATE TEMP TABLE ed_temp(i int)", [], slow, "40001"),
            ("app", "CREATE TEMP TABLE ed_temp(i int)", ["BEGIN"], "INSERT INTO ed_temp SELECT 1 FROM pg_sleep(30)", "40001"),
            ("app", "LISTEN ed_news", [], "DO 'BEGIN COMMIT; PERFORM pg_sleep(30); END'", "40003"),
            ("session", "SET work_mem = '9MB'", [], slow, "40001")]
    for database, begin, more, sql, sqlstate in rows:
        with s.client(database=database) as c:
            for statement in (begin, *more):
                c.query(statement)
            c.send(query(sql))
            pid = t.wait(lambda: t.cluster.primary.value(running), f"{sql} to run")
            t.cluster.primary.terminate(pid)
            got = [wire.ServerError(m) for m in c.until("E") if m.type == "E"][-1]
            t.equal((got.severity, got.sqlstate), ("FATAL", sqlstate), f"{sql} after {begin}")
            t.contains(got.message, "the state of the session", "the error")
            t.true(c.at_end(), f"the end of the connection after {begin}")
    with s.client() as c:  # what it has begun to pin is rolled back with its transaction: it goes on
        c.query("BEGIN")
        c.query("CREATE TEMP TABLE ed_temp(i int)")
        pid = c.value("SELECT pg_backend_pid()")
        t.cluster.primary.terminate(pid)
        t.equal([e.sqlstate for e in c.query("SELECT 1", check=False).errors], ["40001"], "a transaction that would have pinned")
        c.query("ROLLBACK")
        t.equal(c.value("SELECT 1"), "1", "behind it")
    with s.client(database="single") as c:
        c.send(wire.query("SELECT pg_terminate_backend(pg_backend_pid())"))
        t.equal(wire.ServerError(c.until("E")[-1]).sqlstate, "57P01", "what it is told on a plain line")
        t.wait(lambda: not c.quiet(), "the connection to end")
        t.equal(c.unread(), b"", "what follows the server's own word")
    with s.client() as c:
        pid = c.value("/* pgsteer: primary */ SELECT pg_backend_pid()")
        t.cluster.primary.terminate(pid)
        t.equal(c.value("SELECT 1"), "1", "who has no state there notices nothing")
