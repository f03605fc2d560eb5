"""SELECT on the console: the monitoring SQL of real teams, drivers that prepare, psql's \\d, and bounds."""
import asyncio
import threading
import time

import wire
from flow import deadline
from run import find_program


def test_monitoring_queries(t):
    s = t.steer()
    with s.client() as c, s.console() as console:
        c.query("SELECT 1")
        t.equal(console.value("SELECT SUM(cl_waiting) FROM pools"), "0", "sum")
        t.equal(console.value("SELECT MAX(maxwait) FROM pools"), "0", "max")
        got = console.query("SELECT database, user, COUNT(*) AS connection_count FROM pgbouncer.clients "
                            "GROUP BY database, user ORDER BY 1")
        t.equal(got.rows, [["app", "app", "1"], ["pgbouncer", "admin", "1"]], "clients of each user")
        t.equal(got.columns, ["database", "user", "connection_count"], "its columns")
        t.equal(got.tags, ["SELECT 2"], "its tag")
        got = console.query("SELECT database, total_xact_count, avg_xact_time / 1000 AS avg_xact_ms FROM pgbouncer.stats "
                            "WHERE database = 'app'")
        t.equal(got.rows[0][:2], ["app", "1"], "stats")
        got = console.query("SELECT DISTINCT p.user, s.state FROM pools p JOIN servers s USING (database) WHERE p.database = 'app' "
                            "ORDER BY maxwait DESC LIMIT 5")
        t.equal(got.rows, [["app", "idle"]], "a join over two parts of the census")
        bad = console.query("SELECT nothing_such FROM pools", check=False)
        t.equal(bad.errors[0].sqlstate, "42703", "an unknown column")
        t.equal(console.query("SELECT pools").tags, ["SHOW"], "SELECT of a table's name alone is SHOW")
        bad = console.query("WITH x AS (SELECT 1) DELETE FROM pools", check=False)
        t.equal(bad.errors[0].sqlstate, "25006", "a write")


def test_drivers(t):
    import asyncpg
    import psycopg
    s = t.steer(auth_type="scram-sha-256")
    where = f"host=127.0.0.1 port={s.port} user=admin password=admin-secret dbname=pgbouncer sslmode=disable"
    with psycopg.connect(where, autocommit=True) as c:
        for binary in (False, True):
            row = c.cursor(binary=binary).execute("SELECT name, port, port * 1.5 AS f, count(*) OVER () AS n FROM databases "
                                                  "WHERE name = %s AND port > %s", ("app", 1)).fetchone()
            t.equal([type(v).__name__ for v in row], ["str", "int", "float", "int"], f"types, binary={binary}")
        for _ in range(7):  # prepared by psycopg from the fifth on
            t.equal(c.execute("SELECT count(*) FROM state WHERE key = %s", ("paused",)).fetchone(), (1,), "prepared")

    async def go():
        c = await asyncpg.connect(f"postgresql://admin:admin-secret@127.0.0.1:{s.port}/pgbouncer")
        rows = await c.fetch("SELECT key, length(key) AS n FROM state WHERE key = $1", "paused")
        t.equal([dict(r) for r in rows], [{"key": "paused", "n": "6"}], "asyncpg: no value to tell a type by gives text")
        statement = await c.prepare("SELECT count(*) AS n FROM state WHERE key <> $1")
        t.equal((await statement.fetch("paused"))[0]["n"], 2, "a statement with a parameter")
        await c.close()
    asyncio.run(go())


def test_psql_describes_tables(t):
    s = t.steer()
    where = f"host=127.0.0.1 port={s.port} user=admin password=admin-secret dbname=pgbouncer"
    done = t.run.call([find_program("psql"), "-X", "-A", "-t", where, "-c", r"\dt", "-c", r"\d pools"])
    t.contains(done.stdout, "pgbouncer|pools|table|", r"\dt")
    t.contains(done.stdout, "cl_waiting|integer|", r"\d pools")


def test_times(t):
    s = t.steer(nodes=False)
    with s.client(database="single"), s.console() as console:
        for sql, low, high in (("SELECT extract(epoch from now())", time.time() - 60, time.time() + 60),
                               ("SELECT EXTRACT(EPOCH FROM connect_time)::int FROM clients WHERE database = 'single'", time.time() - 60, time.time() + 60),
                               ("SELECT extract(epoch from to_timestamp(1795305927))", 1795305927, 1795305927),
                               ("SELECT extract(year FROM '2026-11-21T10:20:30Z') * 100 + extract(minute FROM '2026-11-21T10:20:30Z')", 202620, 202620)):
            got = float(console.value(sql))
            t.true(low <= got <= high, f"{sql}: {got}")
        for sql, part in (("SELECT extract(epoch from 'soon')", "EXTRACT is of a time"), ("SELECT extract(century from now())", "EXTRACT knows"),
                          ("SELECT current_setting('no.such')", "unrecognized")):
            t.contains(console.query(sql, check=False).errors[0].message, part, sql)


def test_a_cluster_of_many_databases(t):
    """It is named by all of them, so that two whose names begin alike stay two."""
    both = [t.cluster.line("app", [t.cluster.primary, standby]) for standby in t.cluster.standbys]
    names = [f"a_database_with_a_name_of_some_length_{i:02}" for i in range(12)]
    s = t.steer(nodes=False, databases={**{name: both[0] for name in names}, **{name + "_too": both[1] for name in names}})
    with s.console() as console:
        got = [row[0] for row in console.query("SELECT cluster FROM topology").rows]
        t.equal(got, [",".join(names), ",".join(name + "_too" for name in names)], "all names")
        t.equal(console.value("SELECT count(DISTINCT cluster || node) FROM nodes"), "4", "nodes are told apart")


def test_latency(t):
    s = t.steer(default_pool_size=1, stats_period=1)
    with s.client(database="single") as a, s.client(database="single") as b, s.console() as console:
        def of(what, column, level="database"):
            return int(console.value(f"SELECT {column} FROM latency WHERE what = '{what}' AND level = '{level}' AND "
                                     "coalesce(database, 'single') = 'single'"))
        a.query("SELECT pg_sleep(0.3)")
        t.true(300000 <= of("query", "max_us") < 5000000, "a query's time, in microseconds")
        t.equal([of("query", "count"), of("transaction", "count"), of("wait", "count")], [1, 1, 1], "one of each")
        t.true(of("wait", "max_us") <= of("query", "max_us") - 300000, "the wait is a part of it, and no more")
        a.query("BEGIN")
        a.query("SELECT 1")
        b.send(wire.query("SELECT 2"))
        t.wait(lambda: console.value("SELECT cl_waiting FROM pools WHERE database = 'single'") == "1", "the other waits")
        a.query("SELECT pg_sleep(0.4)")
        a.query("COMMIT")
        b.result()
        t.true(of("wait", "max_us") >= 400000, "how long it waited")
        t.true(of("query", "max_us", "node") >= 400000, "its node's slowest query")
        t.equal([of("query", "count", "pool"), of("transaction", "count", "pool")], [6, 3], "the pool's")
        t.wait(lambda: of("query", "recent_count") == 0 and of("query", "recent_p99_us") == 0, "what is over is not recent")


def test_queries(t):
    import psycopg
    s = t.steer(log_slow_queries="0.3")
    with s.console() as console:
        def rows(like):
            got = console.query("SELECT calls, errors, rows, on_primary, on_standby, max_us >= 300000 FROM queries "
                                f"WHERE database = 'app' AND user = 'app' AND query LIKE '{like}' ORDER BY query")
            return [tuple(int(v) for v in row) for row in got.rows]
        with s.client() as a, s.client() as b:
            for client in (a, b, a):
                client.query("CREATE TEMP TABLE IF NOT EXISTS tally (n int)")
            a.query("INSERT INTO tally SELECT generate_series(1, 5)")
            a.query("INSERT INTO tally SELECT generate_series(7, 8)")
            t.equal(rows("insert%"), [(2, 0, 7, 2, 0, 0)], "constants do not matter")
            t.equal(rows("create temp%"), [(3, 0, 0, 3, 0, 0)], "of two clients")
            a.query("SELECT 1 / (n - 7) FROM tally", check=False)
            t.equal(rows("select _ / (n - _) from%"), [(1, 1, 0, 1, 0, 0)], "one that failed")
            a.query("SELECT pg_sleep(0.31)")
            t.equal([row[5] for row in rows("select pg_sleep%")], [1], "its time")
            t.equal(a.query("SELECT 1; SELECT 2").rows, [["1"], ["2"]], "two in one")
            t.equal(rows("select _; select _"), [(1, 0, 2, 1, 0, 0)], "are one query of two rows")
        with psycopg.connect(s.dsn(), autocommit=True) as c:
            for i in range(7):  # prepared from the fifth on
                c.execute("SELECT g FROM generate_series(1, %s) g", (i,))
            t.equal(rows("select g from%"), [(7, 0, 21, 0, 7, 0)], "by Bind and by name, on a standby")
            with c.pipeline():
                for i in range(4):
                    c.execute("SELECT %s::int + 1", (i,))
                c.execute("SELECT %s::int - 1", (1,))
            t.equal([row[:3] for row in rows("select ?::int + ?")], [(4, 0, 4)], "in a pipeline")
            t.equal([row[:3] for row in rows("select ?::int - ?")], [(1, 0, 1)], "and the other one")
            try:
                c.execute("SELECT 1 / %s", (0,))
            except psycopg.Error:
                pass
            t.equal([row[:2] for row in rows("select ? / ?")], [(1, 1)], "one that failed in the extended protocol")
        t.contains(s.log_text(), "slow query: time=3", "the slow one is logged")
        t.contains(s.log_text(), "text=select pg_sleep(?)", "without its constants")
        console.query("SET query_stats_size = 0")
        t.equal(rows("%"), [], "nothing is kept")


ENDLESS = "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t"


def test_a_heavy_query_delays_nobody(t):
    s = t.steer(workers=1)
    with s.client() as c, s.console() as heavy, s.console() as other:
        heavy.send(wire.query(ENDLESS))
        t.equal(other.query("SHOW POOLS").tags, ["SHOW"], "SHOW beside it")
        t.equal(c.value("SELECT 1"), "1", "a transaction beside it")
        t.true(heavy.quiet(0.05), "it is still running")
        heavy.cancel()
        t.equal(heavy.result(check=False).errors[0].sqlstate, "57014", "a cancel request ends it")
        heavy.send(wire.query(ENDLESS))
        heavy.close()
        t.equal(other.value("SELECT count(*) FROM state"), "3", "one who leaves ends it, too")


def slowest(c, seconds):
    """Milliseconds of the slowest of many transactions, and of the one in the middle."""
    took, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        c.query("SELECT 1")
        took.append(1000 * (time.monotonic() - began))
    took.sort()
    return took[-1], took[len(took) // 2], len(took)


@deadline(120)
def test_heavy_queries_cost_clients_nothing(t):
    """Joins over the rows of 400 clients, several at once and without end: transactions take what they took, and each query ends at
    its bounds."""
    s = t.steer(workers=1)
    crowd = [s.client() for _ in range(400)]
    ended = []
    with s.client() as c:
        alone = slowest(c, 2)
        consoles = [s.console() for _ in range(4)]

        def ask(console):
            while not ended:
                console.query("SELECT count(*) FROM clients a, clients b, clients c WHERE a.id + b.id > c.id AND a.addr LIKE '%7'", check=False)
        threads = [threading.Thread(target=ask, args=(console,), daemon=True) for console in consoles]
        for thread in threads:
            thread.start()
        t.wait(lambda: c.value("SELECT 1") == "1", "them to run")
        beside = slowest(c, 8)  # longer than a query may take: they end and begin anew
        ended.append(True)
        t.true(beside[2] > 50, f"transactions went on: {beside}")
        # Processors are shared with these queries: twice the time is theirs. A query on the worker's thread would be seconds.
        t.within(beside[1], 0, 20 * max(1, alone[1]), f"milliseconds of a transaction in the middle, {alone} before, {beside} beside them")
        t.within(beside[0], 0, 1000, f"milliseconds of the slowest, {alone} before, {beside} beside them")
        for thread in threads:
            thread.join(30)
        with s.console() as console:
            got = console.query("SELECT count(*) FROM clients a, clients b, clients c, clients d", check=False)
            t.equal(got.errors[0].sqlstate, "57014", "its time is bounded")
            got = console.query("SELECT a.id FROM clients a, clients b", check=False)
            t.equal(got.errors[0].sqlstate, "54000", "and its rows")
    for one in crowd:
        one.close()
