"""psycopg2: libpq's simple protocol, named cursors, COPY, large objects, LISTEN, its pool."""
import io
import select

import psycopg2
import psycopg2.extensions
import psycopg2.pool
from contract import (DSN, PLACE, clean, equal, offloaded, on_primary, on_standby, run,
                      together)


def connect(**more):
    return psycopg2.connect(DSN, **more)


def one(c, sql, *values):
    with c.cursor() as cur:
        cur.execute(sql, values)
        return cur.fetchone()[0]


def execute(sql):
    c = connect()
    with c, c.cursor() as cur:
        cur.execute(sql)
    c.close()


def threads_with_transactions():
    execute("DROP TABLE IF EXISTS psycopg2_rows; CREATE TABLE psycopg2_rows (who int, i int)")

    def work(who):
        c = connect()
        with c, c.cursor() as cur:
            cur.execute("SET my.own = %s", (f"psycopg2 {who}",))
        for i in range(40):
            with c.cursor() as cur:
                cur.execute("INSERT INTO psycopg2_rows VALUES (%s, %s)", (who, i))
                cur.execute("SELECT current_setting('my.own'), public.poison()")
                equal(cur.fetchone(), (f"psycopg2 {who}", ""), "own setting and the noise's")
            if i % 2:
                c.rollback()
            else:
                c.commit()
            equal(one(c, "SELECT count(*) FROM psycopg2_rows WHERE who = %s", who), i // 2 + 1, "rows so far")
            c.rollback()
        c.close()
    together(6, work)


def autocommit_and_errors():
    c = connect()
    c.autocommit = True
    for i in range(30):
        try:
            one(c, "SELECT 1 / %s", 0)
            raise AssertionError("a division by zero")
        except psycopg2.errors.DivisionByZero:
            equal(one(c, "SELECT %s::int", i), i, "a query after an error")
        clean(one(c, "SELECT public.poison()"))
    c.close()


def set_session():
    c = connect()
    c.set_session(isolation_level="SERIALIZABLE", readonly=True)
    for _ in range(20):
        equal((one(c, "SHOW transaction_isolation"), one(c, "SHOW transaction_read_only")), ("serializable", "on"),
              "set_session")
        c.commit()
    c.set_session(isolation_level="DEFAULT", readonly=False, autocommit=True)
    equal(one(c, "SHOW transaction_read_only"), "off", "readonly=False")
    c.set_session(readonly=True)  # autocommit: SET default_transaction_read_only
    for _ in range(20):
        equal(one(c, "SHOW transaction_read_only"), "on", "readonly in autocommit")
    c.close()


def named_cursors():
    c = connect()
    with c.cursor("in_transaction") as cur:
        cur.itersize = 7
        cur.execute("SELECT generate_series(1, 100)")
        equal([r[0] for r in cur], list(range(1, 101)), "a named cursor")
    c.commit()
    held = c.cursor("held", withhold=True)
    held.itersize = 7
    held.execute("SELECT generate_series(1, 100)")
    c.commit()
    rows = []
    for row in held:
        rows.append(row[0])
        c.commit()
    equal(rows, list(range(1, 101)), "a WITH HOLD cursor over many transactions")
    held.close()
    c.commit()
    clean(one(c, "SELECT public.poison()"))
    c.close()


def copy_both_ways():
    c = connect()
    with c, c.cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS psycopg2_copy; CREATE TABLE psycopg2_copy (i int, t text)")
    text = "".join(f"{i}\trow ä {i}\n" for i in range(20000))
    with c, c.cursor() as cur:
        cur.copy_expert("COPY psycopg2_copy FROM STDIN", io.StringIO(text))
    back = io.StringIO()
    with c, c.cursor() as cur:
        cur.copy_expert("COPY (SELECT * FROM psycopg2_copy ORDER BY i) TO STDOUT", back)
    equal(back.getvalue(), text, "what COPY brings back")
    c.close()


def large_objects():
    c = connect()
    data = bytes(range(256)) * 1000
    lob = c.lobject(0, "wb")
    lob.write(data)
    oid = lob.oid
    lob.close()
    c.commit()
    lob = c.lobject(oid, "rb")
    equal(lob.read(), data, "a large object")
    lob.unlink()
    c.commit()
    c.close()


def listen_and_notify():
    c = connect()
    c.autocommit = True
    with c.cursor() as cur:
        cur.execute("LISTEN psycopg2_channel")
    for i in range(10):
        execute(f"NOTIFY psycopg2_channel, 'payload {i}'")
        while not c.notifies:
            if not select.select([c], [], [], 20)[0]:
                raise AssertionError("no notification in 20 s")
            c.poll()
        equal(c.notifies.pop().payload, f"payload {i}", "a notification")
    with c.cursor() as cur:
        cur.execute("UNLISTEN *")
    c.close()


def two_phase_commit():
    c = connect()
    try:
        c.tpc_begin(c.xid(1, "psycopg2", "x"))
        one(c, "SELECT count(*) FROM pg_class")
        c.tpc_commit()  # without prepare: one phase
    finally:
        c.close()


def session_state():
    c = connect(options="-c work_mem=6MB -c geqo=off", application_name="psycopg2 state")
    other = connect()
    c.autocommit = other.autocommit = True
    one(c, "SELECT set_config('symmetric.triggers_disabled', '1', false)")
    with c.cursor() as cur:
        cur.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        cur.execute("SET TIME ZONE 'Asia/Tokyo'")
        cur.execute("SET search_path TO pg_catalog")
    for _ in range(20):
        equal([one(c, f"SELECT current_setting('{name}')") for name in
               ("work_mem", "geqo", "application_name", "symmetric.triggers_disabled", "transaction_isolation",
                "TimeZone", "search_path")],
              ["6MB", "off", "psycopg2 state", "1", "serializable", "Asia/Tokyo", "pg_catalog"], "what was set")
        equal(one(other, "SELECT coalesce(current_setting('symmetric.triggers_disabled', true), '')"), "",
              "another client's set_config")
        equal(one(other, "SHOW search_path"), '"$user", public', "another client's search_path")
        clean(one(c, "SELECT public.poison()"))
    c.reset()
    c.autocommit = True
    equal((one(c, "SHOW work_mem"), one(c, "SHOW search_path")), ("6MB", '"$user", public'), "after reset()")
    c.close()
    other.close()


def temporary_tables_and_locks():
    c = connect()
    c.autocommit = True
    with c.cursor() as cur:
        cur.execute("CREATE TEMP TABLE psycopg2_temp (i int)")
        for i in range(20):
            cur.execute("INSERT INTO psycopg2_temp VALUES (%s)", (i,))
    equal(one(c, "SELECT count(*) FROM psycopg2_temp"), 20, "a temporary table")
    equal(one(c, "SELECT pg_try_advisory_lock(4711)"), True, "an advisory lock")
    other = connect()
    equal(one(other, "SELECT pg_try_advisory_lock(4711)"), False, "the lock of another session")
    other.rollback()
    equal(one(c, "SELECT pg_advisory_unlock(4711)"), True, "unlocking")
    with c.cursor() as cur:
        cur.execute("DISCARD ALL")
    c.close()
    other.close()


def pool_with_reset():
    pool = psycopg2.pool.ThreadedConnectionPool(1, 4, DSN)

    def work(who):
        for _ in range(20):
            while True:
                try:
                    c = pool.getconn()
                    break
                except psycopg2.pool.PoolError:
                    pass
            equal(one(c, "SHOW work_mem"), "4MB", "work_mem after the pool's reset")
            with c.cursor() as cur:
                cur.execute("SET work_mem = '9MB'")
            equal(one(c, "SHOW work_mem"), "9MB", "work_mem")
            c.commit()
            c.reset()
            pool.putconn(c)
    together(4, work)
    pool.closeall()


def routing():
    execute("DROP TABLE IF EXISTS psycopg2_routed; CREATE TABLE psycopg2_routed (i int)")
    c = connect()
    c.autocommit = True
    offloaded([one(c, PLACE) for _ in range(20)])
    c.set_session(readonly=True, autocommit=False)
    for _ in range(10):
        on_standby(one(c, PLACE), "BEGIN READ ONLY")
        c.commit()
    c.set_session(readonly=False)
    for i in range(10):
        with c, c.cursor() as cur:
            cur.execute("INSERT INTO psycopg2_routed VALUES (%s)", (i,))
            on_primary(one(c, PLACE), "a transaction that has written")
        equal(one(c, "SELECT count(*) FROM psycopg2_routed"), i + 1, "own rows")
        c.commit()
    c.close()


def routing_of_states():
    """set_config in a SELECT reaches the standbys; a WITH HOLD cursor keeps its server, and DISCARD ALL gives it back."""
    c = connect()
    c.autocommit = True
    for i in range(10):
        one(c, f"SELECT set_config('my.routed', '{i}', false)")
        equal(one(c, "SELECT current_setting('my.routed')"), str(i), "set_config in a SELECT")
    c.autocommit = False
    held = c.cursor("held", withhold=True)
    held.execute("SELECT generate_series(1, 20)")
    c.commit()
    on_primary(one(c, PLACE), "beside a WITH HOLD cursor")
    c.commit()
    equal(len(held.fetchall()), 20, "its rows")
    held.close()
    c.commit()
    c.autocommit = True
    with c.cursor() as cur:
        cur.execute("DISCARD ALL")
    offloaded([one(c, PLACE) for _ in range(20)])
    c.close()


def routing_hides_the_standbys():
    """libpq asks what the server is: it is the primary, whoever answers."""
    for wanted in ("any", "read-write", "primary", "prefer-standby"):
        c = connect(target_session_attrs=wanted)
        c.autocommit = True
        equal(c.info.parameter_status("in_hot_standby"), "off", f"in_hot_standby, with {wanted}")
        offloaded([one(c, PLACE) for _ in range(20)])
        equal((one(c, "SHOW transaction_read_only"), one(c, "SELECT pg_is_in_recovery()")), ("off", False), wanted)
        c.close()
    for wanted in ("read-only", "standby"):
        try:
            connect(target_session_attrs=wanted)
            raise AssertionError(f"let in with target_session_attrs={wanted}")
        except psycopg2.OperationalError:
            pass


run(threads_with_transactions, autocommit_and_errors, set_session, named_cursors, copy_both_ways, large_objects,
    listen_and_notify, two_phase_commit, session_state, temporary_tables_and_locks, pool_with_reset, routing, routing_of_states,
    routing_hides_the_standbys)
