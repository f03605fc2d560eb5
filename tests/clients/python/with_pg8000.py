"""pg8000: the protocol in Python alone; BEGIN and COMMIT as prepared statements with names."""
import io

import pg8000
from contract import (HOST, NAME, PASSWORD, PLACE, PORT, USER, equal, offloaded,
                      on_primary, run, together)


def connect():
    return pg8000.connect(user=USER, host=HOST, port=PORT, database=NAME, password=PASSWORD)


def one(c, sql, *values):
    cur = c.cursor()
    cur.execute(sql, values)
    row = cur.fetchone()
    cur.close()
    return row[0] if len(row) == 1 else list(row)


def setup(sql):
    c = connect()
    for statement in sql:
        c.cursor().execute(statement)
    c.commit()
    c.close()


def threads_with_transactions():
    setup(["DROP TABLE IF EXISTS pg8000_rows", "CREATE TABLE pg8000_rows (who int, i int)"])

    def work(who):
        c = connect()
        one(c, "SELECT set_config('my.own', %s, false)", f"pg8000 {who}")
        c.commit()
        for i in range(30):
            c.cursor().execute("INSERT INTO pg8000_rows VALUES (%s, %s)", (who, i))
            equal(one(c, "SELECT current_setting('my.own'), public.poison()"), [f"pg8000 {who}", ""], "settings")
            if i % 2:
                c.rollback()
            else:
                c.commit()
            equal(one(c, "SELECT count(*) FROM pg8000_rows WHERE who = %s", who), i // 2 + 1, "rows so far")
            c.rollback()
        c.close()
    together(5, work)


def autocommit():
    c = connect()
    c.autocommit = True
    for i in range(50):
        equal(one(c, "SELECT CAST(%s AS int) + 1", i), i + 1, "a prepared statement")
        if i % 10 == 0:
            try:
                one(c, "SELECT 1 / CAST(%s AS int)", 0)
                raise AssertionError("a division by zero")
            except pg8000.ProgrammingError:
                pass
        equal(one(c, "SELECT public.poison()"), "", "settings of the noise")
    c.close()


def copy_both_ways():
    setup(["DROP TABLE IF EXISTS pg8000_copy", "CREATE TABLE pg8000_copy (i int, t text)"])
    c = connect()
    data = b"".join(b"%d\trow %d\n" % (i, i) for i in range(3000))
    c.cursor().execute("COPY pg8000_copy FROM STDIN", stream=io.BytesIO(data))
    c.commit()
    out = io.BytesIO()
    c.cursor().execute("COPY (SELECT * FROM pg8000_copy ORDER BY i) TO STDOUT", stream=out)
    c.commit()
    equal(out.getvalue(), data, "what COPY brings back")
    c.close()


def many_statements():
    c = connect()
    for i in range(300):
        equal(one(c, f"SELECT {i} + CAST(%s AS int)", 1), i + 1, "a statement of its own")
        c.commit()
    for i in range(0, 300, 7):
        equal(one(c, f"SELECT {i} + CAST(%s AS int)", 2), i + 2, "and again")
        c.commit()
    c.close()


def routing():
    """BEGIN and COMMIT are prepared statements with names; behind each message stands a Flush."""
    setup(["DROP TABLE IF EXISTS pg8000_routed", "CREATE TABLE pg8000_routed (i int)"])
    c = connect()
    c.autocommit = True
    offloaded([one(c, PLACE) for _ in range(20)])
    c.autocommit = False
    for i in range(10):
        c.cursor().execute("INSERT INTO pg8000_routed VALUES (%s)", (i,))
        on_primary(one(c, PLACE), "a transaction that has written")
        c.commit()
        equal(one(c, "SELECT count(*) FROM pg8000_routed"), i + 1, "own rows")
        c.commit()
    c.close()


run(threads_with_transactions, autocommit, copy_both_ways, many_statements, routing)
