"""Real clients through the one port: psql, pgbench, pg_dump, psycopg2, psycopg 3, asyncpg."""
import asyncio
import os
import re

from flow import deadline
from run import find_program

SETTINGS = {"lazy_begin": 1}


def psql(t, s, *args, user="app", database="app", **more):
    """Runs psql through pgsteer; returns what it printed."""
    argv = [find_program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            s.dsn(database, user), *args]
    return t.run.call(argv, **more).stdout.strip()


def test_psql(t):
    s = t.steer()
    t.equal(psql(t, s, "-c", "SELECT 6 * 7"), "42", "psql -c")
    t.equal(psql(t, s, "-c", "BEGIN; CREATE TABLE cl_psql(i int); INSERT INTO cl_psql VALUES (1), (2); COMMIT",
                 "-c", "SELECT sum(i) FROM cl_psql"), "3", "a write and the read after it")
    t.contains(psql(t, s, "-c", r"\d cl_psql"), "integer", "psql's own queries of the catalog (\\d)")
    t.equal(psql(t, s, "-c", r"\conninfo").count(f'port "{s.port}"'), 1, "\\conninfo names our port")
    done = t.run.call([find_program("psql"), "-X", s.dsn(), "-c", "SELECT 1/0"], check=False)
    t.contains(done.stderr, "division by zero", "an error reaches psql")


def test_psql_script_of_some_size(t):
    s = t.steer()
    lines = ["CREATE TABLE cl_script(i int PRIMARY KEY, t text);"]
    for i in range(3000):
        lines.append(f"INSERT INTO cl_script VALUES ({i}, 'it''s line {i} of a script');")
        if i % 100 == 0:
            lines.append("BEGIN; UPDATE cl_script SET t = upper(t) WHERE i = 7; SAVEPOINT a; "
                         "DELETE FROM cl_script; ROLLBACK TO a; COMMIT;")
            lines.append(f"SELECT count(*) FROM cl_script WHERE i <= {i};")
    lines.append("COPY cl_script FROM stdin;")
    lines += [f"{i}\tcopied {i}" for i in range(3000, 5000)] + ["\\."]
    script = t.run.write(os.path.join(t.dir, "script.sql"), "\n".join(lines) + "\n")
    counts = [int(line) for line in psql(t, s, "-f", script).split()]
    t.equal(counts, [i + 1 for i in range(0, 3000, 100)], "the counts between the writes (own writes are seen)")
    t.equal(psql(t, s, "-c", "SELECT count(*), max(i) FROM cl_script"), "5000|4999", "rows after psql -f")


def test_pg_dump_is_the_same_as_without(t):
    pg_dump = t.tool("pg_dump")
    t.sql("CREATE TABLE cl_dump(i int PRIMARY KEY, t text DEFAULT 'x', b bytea)",
          "INSERT INTO cl_dump SELECT i, repeat('ä', i % 50), decode(md5(i::text), 'hex') "
          "FROM generate_series(1, 5000) i",
          "CREATE VIEW cl_dump_view AS SELECT t, count(*) FROM cl_dump GROUP BY t",
          "CREATE SEQUENCE cl_dump_seq START 77",
          "CREATE FUNCTION cl_dump_f(int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1'",
          database="other")
    s = t.steer()

    def dump(where):
        text = t.run.call([pg_dump, "-d", where]).stdout
        return [line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    direct = dump(f"host=127.0.0.1 port={t.cluster.primary.port} user=app dbname=other")
    through = dump(s.dsn("other"))
    t.true(len(direct) > 5000, "a dump of more than 5,000 lines")
    t.equal(through, direct, "pg_dump through pgsteer and direct")
    # pg_dump empties search_path with set_config; the next client must not inherit that
    t.equal(psql(t, s, "-c", "SHOW search_path", database="other"), '"$user", public',
            "search_path of the next client after pg_dump")
    t.equal(psql(t, s, "-c", "SELECT count(*) FROM cl_dump", database="other"), "5000",
            "unqualified names after pg_dump")


def pgbench(t, s, *args, seconds=100):
    argv = [find_program("pgbench"), "-h", "127.0.0.1", "-p", str(s.port), "-U", "app", "-n", *args, "app"]
    text = t.run.call(argv, seconds=seconds).stdout
    return int(re.search(r"transactions actually processed: (\d+)", text)[1]), text


def make_bench(t):
    t.run.call([find_program("pgbench"), "-h", "127.0.0.1", "-p", str(t.cluster.primary.port), "-U", "app", "-i",
                "-q", "-s", "2", "app"])
    t.cluster.wait_replayed()


@deadline(150)
def test_pgbench_every_mode(t):
    make_bench(t)
    s = t.steer(default_pool_size=20, max_client_conn=1200)
    for mode in ("simple", "extended", "prepared"):
        for clients in (1, 20, 100, 1000):
            each = 200 // clients + 5
            # -M prepared blocks pgbench's thread in PQprepare while the pool is taken: TPC-B only fits the pool
            threads = "1" if clients == 1 else "2"
            done, text = pgbench(t, s, "-S", "-M", mode, "-c", str(clients), "-j", threads, "-t", str(each))
            t.equal(done, clients * each, f"select-only, {mode}, {clients} clients: transactions\n{text}")
            if clients == 1000 or (mode == "prepared" and clients > 20):
                continue
            done, text = pgbench(t, s, "-M", mode, "-c", str(clients), "-j", threads, "-t", "5")
            t.equal(done, clients * 5, f"TPC-B, {mode}, {clients} clients: transactions\n{text}")
    with t.cluster.primary.connect("app", user="app") as c:
        t.equal(c.value("SELECT (SELECT sum(abalance) FROM pgbench_accounts) = "
                        "(SELECT sum(bbalance) FROM pgbench_branches)"), "t", "TPC-B's books balance")


def test_psycopg2(t):
    import psycopg2
    s = t.steer()
    c = psycopg2.connect(s.dsn())
    with c, c.cursor() as cur:
        cur.execute("CREATE TABLE cl_pg2(i int, t text)")
        cur.executemany("INSERT INTO cl_pg2 VALUES (%s, %s)", [(i, f"t{i}") for i in range(50)])
    with c, c.cursor() as cur:
        cur.execute("SELECT count(*), max(t) FROM cl_pg2")
        t.equal(cur.fetchone(), (50, "t9"), "rows of another transaction")
    with c.cursor("named") as cur:
        cur.execute("SELECT i FROM cl_pg2 ORDER BY i")
        t.equal([r[0] for r in cur], list(range(50)), "a named cursor")
    c.rollback()
    try:
        with c, c.cursor() as cur:
            cur.execute("SELECT nonsense")
        t.true(False, "an error")
    except psycopg2.errors.UndefinedColumn:
        pass
    c.autocommit = True
    with c.cursor() as cur:
        cur.execute("SELECT 1")
        t.equal(cur.fetchone(), (1,), "the connection after an error")
    c.set_session(readonly=True)
    with c.cursor() as cur:
        cur.execute("SHOW default_transaction_read_only")
        t.equal(cur.fetchone(), ("on",), "set_session(readonly=True) in autocommit")
    c.close()


def test_psycopg3(t):
    import psycopg
    s = t.steer()
    with psycopg.connect(s.dsn()) as c:
        c.execute("CREATE TABLE cl_pg3(i int PRIMARY KEY, t text)")
        with c.cursor() as cur:
            cur.executemany("INSERT INTO cl_pg3 VALUES (%s, %s)", [(i, f"t{i}") for i in range(100)])
        c.commit()
        for _ in range(12):  # prepared by the driver from the sixth time on
            t.equal(c.execute("SELECT t FROM cl_pg3 WHERE i = %s", (7,)).fetchone(), ("t7",), "a prepared SELECT")
            c.commit()
        with c.pipeline() as p:
            cursors = [c.execute("SELECT %s::int + i FROM cl_pg3 WHERE i = 1", (n,)) for n in range(20)]
            p.sync()
            t.equal([cur.fetchone()[0] for cur in cursors], list(range(1, 21)), "20 queries in a pipeline")
        with c.cursor() as cur:
            with cur.copy("COPY cl_pg3 FROM STDIN") as copy:
                for i in range(100, 200):
                    copy.write_row((i, "copied"))
        c.commit()
        with c.cursor(binary=True) as cur:
            t.equal(cur.execute("SELECT count(*) FROM cl_pg3").fetchone(), (200,), "rows after COPY, in binary")
        with c.transaction():
            c.execute("INSERT INTO cl_pg3 VALUES (1000, 'a')")
            try:
                with c.transaction():
                    c.execute("INSERT INTO cl_pg3 VALUES (1000, 'b')")
                t.true(False, "a unique violation")
            except psycopg.errors.UniqueViolation:
                pass
            t.equal(c.execute("SELECT t FROM cl_pg3 WHERE i = 1000").fetchone(), ("a",), "after a savepoint")
    with psycopg.connect(s.dsn(), autocommit=True) as c:
        c.read_only = True
        with c.transaction():
            port = c.execute("SELECT inet_server_port()").fetchone()[0]
        t.true(port != t.cluster.primary.port, "read_only transactions of psycopg run on a standby")


def test_psycopg3_error_inside_pipeline(t):
    import psycopg
    s = t.steer()
    with psycopg.connect(s.dsn(), autocommit=True) as c:
        try:
            with c.pipeline():
                c.execute("SELECT 1")
                c.execute("SELECT 1/0")
                c.execute("SELECT 2")
            t.true(False, "an error out of the pipeline")
        except psycopg.errors.DivisionByZero:
            pass
        t.equal(c.execute("SELECT 3").fetchone(), (3,), "the connection after the pipeline's error")


def test_asyncpg(t):
    import asyncpg
    s = t.steer()

    async def go():
        c = await asyncpg.connect(s.url())
        await c.execute("CREATE TABLE cl_apg(i int PRIMARY KEY, t text)")
        await c.executemany("INSERT INTO cl_apg VALUES ($1, $2)", [(i, f"t{i}") for i in range(500)])
        t.equal(await c.fetchval("SELECT count(*) FROM cl_apg"), 500, "rows of executemany")
        t.equal((await c.fetchrow("SELECT t FROM cl_apg WHERE i = $1", 5))["t"], "t5", "a parameter")
        async with c.transaction():
            seen = [r["i"] async for r in c.cursor("SELECT i FROM cl_apg ORDER BY i", prefetch=50)]
        t.equal(seen, list(range(500)), "a portal read in portions")
        fresh = await asyncpg.connect(s.url())  # has written nothing that a standby may not have yet
        async with fresh.transaction(readonly=True):
            port = await fresh.fetchval("SELECT inet_server_port()")
        t.true(port != t.cluster.primary.port, "readonly transactions of asyncpg run on a standby")
        await fresh.close()
        await c.copy_records_to_table("cl_apg", records=[(i, "c") for i in range(500, 700)])
        t.equal(await c.fetchval("SELECT count(*) FROM cl_apg"), 700, "rows after COPY")
        try:
            await c.fetchval("SELECT 1 / $1::int", 0)
            t.true(False, "an error")
        except asyncpg.DivisionByZeroError:
            pass
        await c.reset()
        t.equal(await c.fetchval("SELECT 1"), 1, "after reset()")
        await c.close()

        pool = await asyncpg.create_pool(s.url(), min_size=10, max_size=30)

        async def work(n):
            async with pool.acquire() as c:
                await c.execute("UPDATE cl_apg SET t = $2 WHERE i = $1", n, f"w{n}")
                return await c.fetchval("SELECT t FROM cl_apg WHERE i = $1", n)
        t.equal(await asyncio.gather(*(work(n) for n in range(200))), [f"w{n}" for n in range(200)],
                "200 tasks over asyncpg's pool read what they wrote")
        await pool.close()
    asyncio.run(go())


def test_many_clients_over_a_small_pool(t):
    s = t.steer(default_pool_size=5)
    t.sql("CREATE TABLE cl_many(who int)")
    clients = [s.client() for _ in range(200)]
    for n, c in enumerate(clients):
        import wire
        c.send(wire.query(f"INSERT INTO cl_many VALUES ({n}) RETURNING who"))
    t.equal([c.result().rows for c in clients], [[[str(n)]] for n in range(200)], "200 clients over a pool of 5")
    servers = t.cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'")
    t.within(int(servers), 1, 5, "connections on the primary")
