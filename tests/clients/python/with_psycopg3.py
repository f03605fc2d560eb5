"""psycopg 3: the extended protocol, statements prepared by itself, BEGIN through Parse, pipelines, COPY, its pool."""
import asyncio
import threading
import time

import psycopg
from contract import DSN, PLACE, clean, equal, offloaded, on_primary, on_standby, run, together
from psycopg_pool import ConnectionPool


def prepared_in_threads():
    with psycopg.connect(DSN) as c:
        c.execute("DROP TABLE IF EXISTS psycopg3_rows")
        c.execute("CREATE TABLE psycopg3_rows (who int, i int, t text)")

    def work(who):
        with psycopg.connect(DSN, prepare_threshold=1, options=f"-c my.own=psycopg3_{who}") as c:
            for i in range(40):
                try:
                    with c.transaction():
                        c.execute("INSERT INTO psycopg3_rows VALUES (%s, %s, %s)", (who, i, f"t{i}"))
                        got = c.execute("SELECT current_setting('my.own'), public.poison(), %s::int", (i,)).fetchone()
                        equal(got, (f"psycopg3_{who}", "", i), "own setting, the noise's, a parameter")
                        if i % 2:
                            raise psycopg.Rollback()
                finally:
                    c.commit()
                got = c.execute("SELECT count(*) FROM psycopg3_rows WHERE who = %s", (who,)).fetchone()
                equal(got, (i // 2 + 1,), "rows so far")
                c.rollback()
    together(6, work)


def names_beyond_the_servers_limit():
    with psycopg.connect(DSN, prepare_threshold=0) as c:
        c.prepared_max = 20
        for i in range(60):
            equal(c.execute(f"SELECT {i} + %s::int", (1,), prepare=True).fetchone(), (i + 1,), "a new statement")
            c.commit()
        for i in range(60):
            equal(c.execute(f"SELECT {i} + %s::int", (2,), prepare=True).fetchone(), (i + 2,), "and again")
            c.commit()


def autocommit_prepared():
    with psycopg.connect(DSN, autocommit=True, prepare_threshold=0) as c:
        for i in range(100):
            equal(c.execute("SELECT %s::int * 2, public.poison()", (i,)).fetchone(), (i * 2, ""), "a statement")
            if i % 10 == 0:
                try:
                    c.execute("SELECT 1 / %s::int", (0,))
                    raise AssertionError("a division by zero")
                except psycopg.errors.DivisionByZero:
                    pass


def nested_transactions():
    with psycopg.connect(DSN, autocommit=True) as c:
        c.execute("DROP TABLE IF EXISTS psycopg3_nested")
        c.execute("CREATE TABLE psycopg3_nested (i int PRIMARY KEY)")
        for i in range(20):
            with c.transaction():
                c.execute("INSERT INTO psycopg3_nested VALUES (%s)", (i,))
                try:
                    with c.transaction():
                        c.execute("INSERT INTO psycopg3_nested VALUES (%s)", (i + 1000,))
                        c.execute("INSERT INTO psycopg3_nested VALUES (%s)", (i,))
                    raise AssertionError("a unique violation")
                except psycopg.errors.UniqueViolation:
                    pass
        equal(c.execute("SELECT count(*), max(i) FROM psycopg3_nested").fetchone(), (20, 19), "rows")


def pipelines():
    with psycopg.connect(DSN, autocommit=True) as c:
        c.execute("DROP TABLE IF EXISTS psycopg3_pipe")
        c.execute("CREATE TABLE psycopg3_pipe (i int)")
        for _ in range(10):
            with c.pipeline() as p:
                cursors = [c.execute("INSERT INTO psycopg3_pipe VALUES (%s) RETURNING i", (i,)) for i in range(30)]
                p.sync()
                equal([cur.fetchone()[0] for cur in cursors], list(range(30)), "a pipeline")
        with c.pipeline():
            with c.transaction():
                c.execute("INSERT INTO psycopg3_pipe VALUES (1000)")
        try:
            with c.pipeline():
                c.execute("INSERT INTO psycopg3_pipe VALUES (2000)")
                c.execute("SELECT 1 / 0")
                c.execute("INSERT INTO psycopg3_pipe VALUES (3000)")
            raise AssertionError("a division by zero")
        except psycopg.errors.DivisionByZero:
            pass
        got = c.execute("SELECT count(*), max(i), public.poison() FROM psycopg3_pipe").fetchone()
        equal(got, (301, 1000, ""), "rows after pipelines, one failed")


def copy_both_ways():
    with psycopg.connect(DSN) as c:
        c.execute("DROP TABLE IF EXISTS psycopg3_copy")
        c.execute("CREATE TABLE psycopg3_copy (i int, t text)")
        c.commit()
        rows = [(i, f"ä {i}") for i in range(5000)]
        with c.cursor() as cur, cur.copy("COPY psycopg3_copy FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            for row in rows:
                copy.write_row(row)
        c.commit()
        with c.cursor() as cur, cur.copy("COPY (SELECT * FROM psycopg3_copy ORDER BY i) TO STDOUT") as copy:
            copy.set_types(["int4", "text"])
            equal(list(copy.rows()), rows, "what COPY brings back")
        c.commit()
        try:
            with c.cursor() as cur, cur.copy("COPY psycopg3_copy FROM STDIN") as copy:
                copy.write("no number\tx\n")
            raise AssertionError("a bad row")
        except psycopg.errors.InvalidTextRepresentation:
            c.rollback()
        equal(c.execute("SELECT count(*) FROM psycopg3_copy").fetchone(), (5000,), "rows after a failed COPY")


def server_cursors_in_binary():
    with psycopg.connect(DSN) as c:
        with c.cursor("named", binary=True) as cur:
            cur.itersize = 9
            cur.execute("SELECT i, decode(md5(i::text), 'hex') FROM generate_series(1, %s) i", (100,))
            got = list(cur)
        equal((len(got), got[0][0], len(got[99][1])), (100, 1, 16), "a server-side cursor")
        with c.cursor("held", withhold=True, scrollable=True) as cur:
            cur.execute("SELECT generate_series(1, 50)")
            c.commit()
            equal(cur.fetchone(), (1,), "a WITH HOLD cursor")
            c.commit()
            cur.scroll(40, mode="absolute")
            equal(cur.fetchone(), (41,), "scrolled")
            c.commit()
        clean(c.execute("SELECT public.poison()").fetchone()[0])


def notifications():
    with psycopg.connect(DSN, autocommit=True) as c, psycopg.connect(DSN, autocommit=True) as other:
        c.execute("LISTEN psycopg3_channel")
        for i in range(10):
            other.execute("SELECT pg_notify('psycopg3_channel', %s)", (str(i),))
            equal(next(c.notifies()).payload, str(i), "a notification")
        c.execute("UNLISTEN *")


def characteristics():
    with psycopg.connect(DSN) as c:
        c.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        c.read_only = True
        for _ in range(20):
            got = c.execute("SELECT current_setting('transaction_isolation'), "
                            "current_setting('transaction_read_only')").fetchone()
            equal(got, ("serializable", "on"), "BEGIN's words")
            c.commit()
        c.read_only = c.isolation_level = None
        for _ in range(20):
            got = c.execute("SELECT current_setting('transaction_isolation'), "
                            "current_setting('transaction_read_only')").fetchone()
            equal(got, ("read committed", "off"), "BEGIN's words")
            c.commit()


def cancel():
    with psycopg.connect(DSN) as c:
        threading.Timer(0.5, c.cancel).start()
        began = time.monotonic()
        try:
            c.execute("SELECT pg_sleep(30)")
            raise AssertionError("a cancelled statement")
        except psycopg.errors.QueryCanceled:
            equal(time.monotonic() - began < 20, True, "in time")
        c.rollback()
        equal(c.execute("SELECT 1").fetchone(), (1,), "afterwards")


def asynchronous():
    async def work(who):
        async with await psycopg.AsyncConnection.connect(DSN) as c:
            await c.execute("SELECT set_config('my.own', %s, false)", (str(who),))
            await c.commit()
            for i in range(20):
                cur = await c.execute("SELECT current_setting('my.own'), public.poison(), %s::int", (i,))
                equal(await cur.fetchone(), (str(who), "", i), "own setting")
                await c.commit()

    async def go():
        await asyncio.gather(*(work(n) for n in range(8)))
    asyncio.run(go())


def pool():
    def reset(c):
        c.autocommit = True
        c.execute("DISCARD ALL")
        c._prepared.clear()
        c.autocommit = False
    with ConnectionPool(DSN, min_size=2, max_size=6, reset=reset) as connections:
        def work(who):
            for i in range(20):
                with connections.connection() as c:
                    equal(c.execute("SHOW work_mem").fetchone(), ("4MB",), "work_mem after DISCARD ALL")
                    c.execute("SET work_mem = '9MB'")
                    c.commit()
                    equal(c.execute("SHOW work_mem").fetchone(), ("9MB",), "work_mem")
        together(6, work)


def routing():
    with psycopg.connect(DSN, autocommit=True, prepare_threshold=1) as c:
        offloaded([c.execute(PLACE).fetchone()[0] for _ in range(20)])
        c.execute("DROP TABLE IF EXISTS psycopg3_routed")
        c.execute("CREATE TABLE psycopg3_routed (i int)")
        with c.pipeline():  # BEGIN and COMMIT through Parse, all in one go
            with c.transaction():
                c.execute("INSERT INTO psycopg3_routed VALUES (-1)")
                place = c.execute(PLACE)
        on_primary(place.fetchone()[0], "a transaction, pipelined")
        c.execute("DELETE FROM psycopg3_routed")
    with psycopg.connect(DSN, prepare_threshold=1) as c:
        for i in range(10):
            c.read_only = True
            on_standby(c.execute(PLACE).fetchone()[0], "BEGIN READ ONLY through Parse")
            c.commit()
            c.read_only = False
            c.execute("INSERT INTO psycopg3_routed VALUES (%s)", (i,))
            on_primary(c.execute(PLACE).fetchone()[0], "a transaction that has written")
            c.commit()
            equal(c.execute("SELECT count(*) FROM psycopg3_routed").fetchone(), (i + 1,), "own rows")
            c.commit()


run(prepared_in_threads, names_beyond_the_servers_limit, autocommit_prepared, nested_transactions, pipelines,
    copy_both_ways, server_cursors_in_binary, notifications, characteristics, cancel, asynchronous, pool, routing)
