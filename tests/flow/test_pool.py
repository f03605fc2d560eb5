"""Pooling: one exact limit over all workers, waiting in order, timeouts, lifetimes, session mode."""
import threading
import time

import wire
from wire import query

MINE = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND backend_type = 'client backend'"


def servers(t):
    """How many connections `app` has on the primary; asked there, as another user."""
    return int(t.cluster.primary.value(MINE))


def test_limit_is_exact_over_workers(t):
    for workers in (2, 4):
        s = t.steer(workers=workers, default_pool_size=7)
        stop, most, done, failures = threading.Event(), [], [], []

        def hammer(who):
            try:
                with s.client() as c:
                    while not stop.is_set():
                        c.query("/* pgsteer: primary */ SELECT pg_sleep(0.002)")
                        done.append(who)
            except Exception as e:
                failures.append(repr(e))
        threads = [threading.Thread(target=hammer, args=(n,)) for n in range(24)]
        for thread in threads:
            thread.start()
        with t.cluster.primary.connect() as watcher:
            until = time.monotonic() + 3
            while time.monotonic() < until:
                most.append(int(watcher.value(MINE)))
        stop.set()
        for thread in threads:
            thread.join()
        t.equal(failures, [], "failures")
        t.equal(max(most), 7, f"most connections at a time, {workers} workers, default_pool_size 7, 24 clients")
        each = [done.count(n) for n in range(24)]
        t.true(min(each) * 4 > max(each), f"every client gets its share (fewest {min(each)}, most {max(each)})")
        s.stop()


def test_waiting_is_in_order(t):
    s = t.steer(workers=1, default_pool_size=1)
    holder = s.client(database="single")
    holder.query("BEGIN")
    waiters = []
    for n in range(10):
        c = s.client(database="single")
        c.send(query("SELECT extract(epoch FROM clock_timestamp())"))
        waiters.append(c)
        want = n + 1
        t.wait(lambda: pool_row(s, "single")["cl_waiting"] == str(want), f"{want} clients to wait (SHOW POOLS)")
    holder.query("COMMIT")
    served = [float(c.result().rows[0][0]) for c in waiters]  # by the server's clock: ours might look in another order
    t.equal(served, sorted(served), "when 10 waiting clients were served")


def pool_row(s, database, user="app"):
    rows = [r for r in s.show("POOLS") if r["database"] == database and r["user"] == user]
    assert len(rows) == 1, f"one row for ({database}, {user}) in SHOW POOLS, got {rows}"
    return rows[0]


def test_idle_servers_of_another_worker_are_used(t):
    s = t.steer(workers=4, default_pool_size=1)
    clients = [s.client(database="single") for _ in range(16)]
    for round_ in range(10):
        for n, c in enumerate(clients):
            began = time.monotonic()
            t.equal(c.value(f"SELECT {n}"), str(n), "an answer")
            t.true(time.monotonic() - began < 5, "no client starves while the only server idles with another worker")
    t.equal(servers(t), 1, "connections on the primary")


def test_query_wait_timeout(t):
    s = t.steer(default_pool_size=1, query_wait_timeout="0.5")
    with s.client(database="single") as holder:
        waiter = s.client(database="single")
        holder.query("BEGIN")
        began = time.monotonic()
        waiter.send(query("SELECT 1"))
        got = waiter.receive()
        while got.type in "NS":
            got = waiter.receive()
        t.equal(got.type, "E", "what a client gets that waited too long")
        e = wire.ServerError(got)
        t.contains(e.message, "query_wait_timeout", "the error's text")
        t.equal((e.severity, e.sqlstate), ("FATAL", "08P01"), "severity and SQLSTATE, as PgBouncer's")
        t.within(time.monotonic() - began, 0.4, 20, "seconds it waited")
        t.true(waiter.at_end(), "the connection is closed")
        t.equal(holder.value("SELECT 1"), "1", "who holds the server is not disturbed")
        holder.query("COMMIT")


def test_login_needs_no_server_once_it_is_known_what_to_say(t):
    """Like PgBouncer: with the pool taken, a further client logs in at once and waits with its first query."""
    s = t.steer(default_pool_size=1, workers=1)
    with s.client(database="single") as holder:
        holder.query("BEGIN")
        began = time.monotonic()
        with s.client(database="single") as late:
            t.true(time.monotonic() - began < 5, "a login while the only server is taken")
            late.send(query("SELECT 1"))
            t.true(late.quiet(0.2), "its query waits")
            holder.query("COMMIT")
            t.equal(late.result().rows, [["1"]], "its turn")


def test_max_client_conn(t):
    s = t.steer(max_client_conn=5)
    clients = [s.client() for _ in range(5)]
    e = t.error(None, s.client, "the sixth client")
    t.contains(e.message, "no more connections allowed", "the error's text, as PgBouncer's")
    with s.console() as c:
        t.true(c.query("SHOW CLIENTS").rows, "the console is not counted")
    clients[0].close()
    c = t.wait(lambda: s.client(), "a place to become free")
    t.equal(c.value("SELECT 1"), "1", "the client that took it")


def test_idle_servers_are_closed(t):
    s = t.steer(server_idle_timeout="0.5")
    with s.client(database="single") as c:
        c.query("SELECT 1")
        t.equal(servers(t), 1, "connections after a query")
        t.wait(lambda: servers(t) == 0, "the idle server to be closed (server_idle_timeout)")
        t.equal(c.value("SELECT 2"), "2", "the client goes on with a new one")


def test_old_servers_are_closed(t):
    s = t.steer(server_lifetime="1")
    with s.client(database="single") as c:
        first = c.value("SELECT pg_backend_pid()")
        t.equal(c.value("SELECT pg_backend_pid()"), first, "the same server while it is young")
        t.wait(lambda: c.value("SELECT pg_backend_pid()") != first, "another server after server_lifetime")


def test_min_pool_size(t):
    s = t.steer(min_pool_size=4, default_pool_size=8)
    with s.client(database="single") as c:
        c.query("SELECT 1")
        t.wait(lambda: servers(t) >= 4, "min_pool_size connections to be opened")
        t.true(servers(t) <= 8, "no more than the pool allows")


def test_pool_size_of_a_line(t):
    s = t.steer(databases={"app": t.cluster.line("app", [t.cluster.primary], pool_size=2),
                           "other": t.cluster.line("other", [t.cluster.primary])}, default_pool_size=4)
    for database, expected in (("app", 2), ("other", 4)):
        clients = [s.client(database=database) for _ in range(8)]
        for c in clients:
            c.send(query("SELECT pg_sleep(0.3)"))
        count = f"{MINE} AND datname = '{database}'"
        t.wait(lambda: int(t.cluster.primary.value(count)) == expected, f"{expected} connections for {database}")
        for c in clients:
            c.result()
        t.equal(int(t.cluster.primary.value(count)), expected, f"connections for {database}")


def test_transaction_mode_shares(t):
    s = t.steer(default_pool_size=1)
    with s.client(database="single") as a, s.client(database="single") as b:
        t.equal(a.value("SELECT pg_backend_pid()"), b.value("SELECT pg_backend_pid()"), "one server for both")
        a.query("BEGIN")
        b.send(query("SELECT 1"))
        t.true(b.quiet(0.3), "a transaction keeps its server")
        a.query("SAVEPOINT x")
        a.query("SELECT 1/0", check=False)
        t.true(b.quiet(0.3), "a failed transaction keeps its server")
        a.query("ROLLBACK")
        t.equal(b.result().rows, [["1"]], "the other one's turn")


def test_session_mode(t):
    s = t.steer(pool_mode="session", default_pool_size=2)
    a, b = s.client(database="single"), s.client(database="single")
    first = a.value("SELECT pg_backend_pid()")
    b.query("SELECT 1")
    t.equal({a.value("SELECT pg_backend_pid()") for _ in range(5)}, {first}, "one server for the whole session")
    a.query("CREATE TEMP TABLE po_temp(i int)")
    a.query("SET application_name = 'marked'")
    c = s.client(database="single", login=False)
    c.send(wire.startup({"user": "app", "database": "single"}))
    a.close()
    c.finish_login()
    t.equal(c.value("SELECT pg_backend_pid()"), first, "the next session gets the server that became free")
    t.error("42P01", lambda: c.query("SELECT * FROM po_temp"), "the last session's temporary table (DISCARD ALL)")
    t.true(c.value("SHOW application_name") != "marked", "the last session's settings are gone")
    b.close()
    c.close()


def test_session_mode_on_a_cluster(t):
    s = t.steer(pool_mode="session")
    with s.client() as c:
        t.equal({c.value("SELECT inet_server_port()") for _ in range(5)}, {str(t.cluster.primary.port)},
                "session pooling keeps one server, on the primary")
        c.query("CREATE TEMP TABLE po_temp2(i int)")
        t.equal(c.value("SELECT count(*) FROM po_temp2"), "0", "a temporary table")


def test_idle_transaction_timeout(t):
    s = t.steer(idle_transaction_timeout="0.5", default_pool_size=1)
    a = s.client(database="single")
    a.query("BEGIN")
    t.true(a.at_end(20), "a client idle in a transaction is closed")
    with s.client(database="single") as b:
        t.equal(b.value("SELECT 1"), "1", "its server is free again")


def test_client_idle_timeout(t):
    s = t.steer(client_idle_timeout="0.5")
    a = s.client()
    a.query("SELECT 1")
    t.true(a.at_end(20), "an idle client is closed")


def test_killed_servers_are_replaced(t):
    s = t.steer()
    with s.client(database="single") as c:
        for _ in range(5):
            pid = c.value("SELECT pg_backend_pid()")
            t.cluster.primary.terminate(pid)
            t.wait(lambda: c.value("SELECT pg_backend_pid()") != pid, "a new server, and no error for the client")


def test_server_closed_while_a_query_runs(t):
    s = t.steer()
    with s.client(database="single") as c:
        pid = c.value("SELECT pg_backend_pid()")
        c.send(query("SELECT pg_sleep(60), 'long'"))
        t.wait(lambda: t.cluster.primary.value(
            f"SELECT state FROM pg_stat_activity WHERE pid = {pid}") == "active", "the query to run")
        t.cluster.primary.query(f"SELECT pg_terminate_backend({pid})")
        e = wire.ServerError(c.until("E")[-1])
        t.true(e.sqlstate in ("40003", "57P01", "08006", "08P01"), f"an error of a lost connection, got {e}")


def test_idle_clients_cost_little_memory(t):
    s = t.steer(max_client_conn=3000)
    warm = [s.client() for _ in range(50)]
    for c in warm:
        c.query("SELECT 1")
    before = s.memory("RssAnon")
    clients = [s.client() for _ in range(1000)]
    for c in clients:
        c.query("SELECT 1")
    grown = s.memory("RssAnon") - before
    t.memory_within(grown, 2 * 1000, "memory of 1,000 idle clients (at most 2 KiB each)")
    for c in clients:
        c.close()
