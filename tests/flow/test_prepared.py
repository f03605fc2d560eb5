"""Named prepared statements in transaction mode: carried from server to server, and from node to node."""
import threading
import time

import wire
from wire import bind, close, describe, execute, flush, parse, sync

SETTINGS = {"lazy_begin": 1}


def test_same_name_other_text(t):
    s = t.steer(default_pool_size=4)
    clients = [s.client() for _ in range(40)]
    for n, c in enumerate(clients):
        c.segment(parse("stmt", f"SELECT {n} * 1000 + $1::int"))
    for round_ in range(5):
        for c in clients:
            c.send(bind("", "stmt", [str(round_)]), execute(), sync())
        for n, c in enumerate(clients):
            t.equal(c.result().rows, [[str(n * 1000 + round_)]], f"client {n}: its own text of the common name")


def test_same_text_other_names(t):
    s = t.steer(default_pool_size=2)
    clients = [s.client() for _ in range(20)]
    for n, c in enumerate(clients):
        c.segment(parse(f"name_{n}", "SELECT $1::int + 1"))
    for n, c in enumerate(clients):
        t.equal(c.segment(bind("", f"name_{n}", [str(n)]), execute()).rows, [[str(n + 1)]], f"client {n}")


def test_carried_over_nodes(t):
    t.sql("CREATE TABLE ps_nodes(i int)")
    s = t.steer()
    with s.client() as c:
        c.segment(parse("r", "SELECT inet_server_port()"), parse("w", "INSERT INTO ps_nodes VALUES ($1)"))
        seen = set()
        for n in range(10):
            seen.add(c.segment(bind("", "r"), execute()).rows[0][0])
            c.segment(bind("", "w", [str(n)]), execute())
            c.query("BEGIN")
            seen.add(c.segment(bind("", "r"), execute()).rows[0][0])
            c.segment(bind("", "w", [str(n)]), execute())
            c.query("COMMIT")
        t.true(str(t.cluster.primary.port) in seen, "the statement has run on the primary as well")
        t.equal(c.value("SELECT count(*) FROM ps_nodes"), "20", "rows")


def test_replies_are_as_without_a_pooler(t):
    s = t.steer(default_pool_size=2)
    crowd = [s.client() for _ in range(4)]
    with s.client() as c:
        c.segment(parse("a", "SELECT $1::int AS x, $2::text AS y"))
        for other in crowd:  # so that c meets servers that have not seen its statement
            other.query("SELECT 1")
        c.send(describe("S", "a"), sync())
        got = c.until("Z")
        t.equal("".join(m.type for m in got), "tTZ", "Describe of a statement")
        t.equal([name for name, _ in got[1].columns()], ["x", "y"], "its columns")
        c.send(bind("", "a", ["1", "b"]), describe("P"), execute(), sync())
        t.equal("".join(m.type for m in c.until("Z")), "2TDCZ", "no answer that was not asked for")
        c.send(parse("a2", "SELECT 1"), bind("", "a2"), execute(), close("S", "a2"),
               parse("a2", "SELECT 2"), bind("", "a2"), execute(), sync())
        got = c.until("Z")
        t.equal("".join(m.type for m in got), "12DC312DCZ", "a name used twice in one segment")
        t.equal([m.row() for m in got if m.type == "D"], [["1"], ["2"]], "its rows")
        c.send(bind("", "a", ["1", "b"]), flush())
        t.equal(c.receive().type, "2", "Bind and Flush")
        c.send(execute(), sync())
        t.equal("".join(m.type for m in c.until("Z")), "DCZ", "Execute after Flush")


def test_names_that_are_wrong(t):
    s = t.steer()
    with s.client() as c:
        got = c.segment(bind("", "never"), execute(), check=False)
        t.equal([e.sqlstate for e in got.errors], ["26000"], "a name that was never prepared")
        c.segment(parse("twice", "SELECT 1"))
        got = c.segment(parse("twice", "SELECT 2"), check=False)
        t.equal([e.sqlstate for e in got.errors], ["42P05"], "a name that is taken")
        t.equal(c.segment(bind("", "twice"), execute()).rows, [["1"]], "the first statement is still there")
        c.segment(close("S", "twice"))
        got = c.segment(bind("", "twice"), execute(), check=False)
        t.equal([e.sqlstate for e in got.errors], ["26000"], "a name that was closed")
        c.segment(close("S", "never"))
        got = c.segment(parse("broken", "SELECT nothing_like_this"), check=False)
        t.equal([e.sqlstate for e in got.errors], ["42703"], "a statement that cannot be prepared")
        got = c.segment(parse("broken", "SELECT 3"), bind("", "broken"), execute())
        t.equal(got.rows, [["3"]], "its name is free")


def test_deallocate(t):
    s = t.steer(default_pool_size=3)
    with s.client() as c, s.client() as d:
        for c_ in (c, d):
            c_.segment(parse("pdo_stmt_1", "SELECT 1"), parse("pdo_stmt_2", "SELECT 2"))
        c.query("DEALLOCATE pdo_stmt_1")  # PHP's way to close a protocol-level statement
        got = c.segment(bind("", "pdo_stmt_1"), execute(), check=False)
        t.equal([e.sqlstate for e in got.errors], ["26000"], "after DEALLOCATE name")
        t.equal(c.segment(bind("", "pdo_stmt_2"), execute()).rows, [["2"]], "the other statement")
        c.query("DEALLOCATE ALL")
        got = c.segment(bind("", "pdo_stmt_2"), execute(), check=False)
        t.equal([e.sqlstate for e in got.errors], ["26000"], "after DEALLOCATE ALL")
        t.equal(d.segment(bind("", "pdo_stmt_1"), execute()).rows, [["1"]], "another client's statement")
        c.segment(parse("x", "SELECT 1"))
        c.query("DISCARD ALL")
        got = c.segment(bind("", "x"), execute(), check=False)
        t.equal([e.sqlstate for e in got.errors], ["26000"], "after DISCARD ALL")
        for _ in range(5):
            t.equal(d.segment(bind("", "pdo_stmt_2"), execute()).rows, [["2"]], "another client after DISCARD ALL")


def test_deallocate_on_another_server(t):
    """By whatever protocol, in whatever transaction, whatever has become of what the statement is about."""
    t.sql("CREATE TABLE ps_gone(i int)", "CREATE TABLE ps_kept(i int)")
    s = t.steer(default_pool_size=2, workers=1)
    ways = {
        "simple": lambda c, name: c.query(f"DEALLOCATE {name}"),
        "quoted": lambda c, name: c.query(f'DEALLOCATE PREPARE "{name}"'),
        "capitals": lambda c, name: c.query(f"deallocate {name.upper()}"),
        "behind another": lambda c, name: c.query(f"SELECT 1; DEALLOCATE {name}"),
        "extended": lambda c, name: c.extended(f"DEALLOCATE {name}"),
        "bound later": lambda c, name: (c.segment(parse("", f"DEALLOCATE {name}"), describe("S")),
                                        c.segment(bind(), execute())),
        "named": lambda c, name: (c.segment(parse("d" + name, f"DEALLOCATE {name}")),
                                  c.segment(bind("", "d" + name), execute())),
    }
    with s.client(database="single") as c, s.client(database="single") as other:
        for n, (way, deallocate) in enumerate(ways.items()):
            c.segment(parse(f"stmt_{n}", f"SELECT {n}, i FROM ps_gone"))
        t.sql("DROP TABLE ps_gone")
        other.query("BEGIN")  # takes the server that was used last
        for n, (way, deallocate) in enumerate(ways.items()):
            c.query("BEGIN")
            c.query(f"INSERT INTO ps_kept VALUES ({n})")
            deallocate(c, f"stmt_{n}")
            t.equal(c.query("COMMIT").tags, ["COMMIT"], f"the transaction around DEALLOCATE, {way}")
            got = c.segment(bind("", f"stmt_{n}"), execute(), check=False)
            t.equal([e.sqlstate for e in got.errors], ["26000"], f"after DEALLOCATE, {way}")
            c.segment(parse(f"stmt_{n}", "SELECT 'new'"))
            t.equal(c.segment(bind("", f"stmt_{n}"), execute()).rows, [["new"]], f"the name again, {way}")
        t.equal(c.value("SELECT count(*) FROM ps_kept"), str(len(ways)), "rows")
        c.query("BEGIN")
        c.query("SELECT 1 / 0", check=False)
        for way, deallocate in ways.items():
            t.error("25P02", lambda: deallocate(c, "stmt_0"), f"DEALLOCATE in a failed transaction, {way}")
        c.query("ROLLBACK")
        t.equal(c.segment(bind("", "stmt_0"), execute()).rows, [["new"]], "it has not taken place")
        other.query("ROLLBACK")

def test_many_statements_over_a_small_cache(t):
    s = t.steer(default_pool_size=2, max_prepared_statements=10)
    with s.client(database="single") as c, s.client(database="single") as d:
        for c_ in (c, d):
            for n in range(60):
                c_.segment(parse(f"s{n}", f"SELECT {n}"))
        for round_ in range(3):
            for n in range(60):
                for c_ in (c, d):
                    t.equal(c_.segment(bind("", f"s{n}"), execute()).rows, [[str(n)]], f"statement {n} of 60")
        for c_ in (c, d):
            count = int(c_.value("SELECT count(*) FROM pg_prepared_statements"))
            t.within(count, 1, 10, "statements on a server, with max_prepared_statements = 10")


def test_statements_under_load(t):
    t.sql("CREATE TABLE ps_load(who int, n int)")
    s = t.steer(default_pool_size=4)
    failures = []

    def work(who):
        try:
            with s.client() as c:
                c.segment(parse("w", "INSERT INTO ps_load VALUES ($1, $2)"),
                          parse("r", f"SELECT {who}, count(*) FROM ps_load WHERE who = $1"))
                for n in range(40):
                    c.segment(bind("", "w", [str(who), str(n)]), execute())
                    got = c.segment(bind("", "r", [str(who)]), execute()).rows
                    if got != [[str(who), str(n + 1)]]:
                        failures.append(f"client {who}, round {n}: got {got}")
        except (OSError, EOFError, wire.ServerError) as e:
            failures.append(f"client {who}: {e!r}")
    threads = [threading.Thread(target=work, args=(who,)) for who in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.equal(failures, [], "wrong answers among 24 clients with the same names over a pool of 4")


def test_wrong_names_under_pgbouncers_rules(t):
    """Where a client is closed for it, as PgBouncer does, and where it is not."""
    s = t.steer(section="pgbouncer", default_pool_size=2)

    def refused(c, *messages):
        c.send(*messages, sync())
        got = c.until("E")[-1].fields()
        t.true(c.at_end(), "the client is closed")
        return got["S"], got["C"], got["M"]
    for what in (bind("", "never"), describe("S", "never")):
        with s.client(database="single") as c:
            t.equal(refused(c, what), ("FATAL", "08P01", "prepared statement did not exist"), "an unknown name")
    s.wait_log("prepared statement 'never' not found")
    with s.client(database="single") as c:
        c.segment(parse("a", "SELECT 1"))
        t.equal(refused(c, parse("a", "SELECT 1")), ("FATAL", "08P01", "prepared statement name is already in use"),
                "a name given twice")
    s.wait_log("prepared statement 'a' was already prepared")
    for command in ("DISCARD ALL", "DEALLOCATE ALL"):
        with s.client(database="single") as c, s.client(database="single") as d:
            for c_ in (c, d):
                c_.segment(parse("a", "SELECT 1"))
            c.query(command)
            t.equal(d.segment(bind("", "a"), execute()).rows, [["1"]], "another client's statement")
            t.equal(refused(c, bind("", "a"), execute())[2], "prepared statement did not exist", f"after {command}")
    with s.client(database="single") as c:
        c.segment(close("S", "never"))
        got = c.segment(parse("ok", "SELECT 1"), parse("bad", "SELECT nothing"), parse("skipped", "SELECT 2"), check=False)
        t.equal([e.sqlstate for e in got.errors], ["42703"], "the second of three")
        t.equal(c.segment(bind("", "skipped"), execute()).rows, [["2"]], "the third, which the server has skipped")
        t.equal(c.segment(parse("bad", "SELECT 3"), bind("", "bad"), execute()).rows, [["3"]], "the second, anew")
    totals = {row["database"]: row for row in s.show("STATS_TOTALS")}["single"]
    with s.client(database="single") as c:
        c.extended("SELECT 1")
    again = {row["database"]: row for row in s.show("STATS_TOTALS")}["single"]
    for column in ("client_parse_count", "server_parse_count", "bind_count"):
        t.equal(again[column], totals[column], f"{column} after an unnamed statement")


def test_error_before_the_sync(t):
    """The server's error reaches a client that has not said Sync yet."""
    s = t.steer(section="pgbouncer")
    with s.client(database="single") as c:
        c.send(parse("", "SELECT nothing"), bind("", ""), execute())
        t.equal(c.receive().type, "E", "the error")
        c.send(parse("x", "SELECT 1"), bind("", "x"), execute(), sync())
        t.equal("".join(m.type for m in c.until("Z")), "Z", "all up to Sync is skipped")
        t.equal(c.value("SELECT 1"), "1", "a query behind it")


def test_eviction_in_a_pipeline_that_fails(t):
    """What an eviction's Close did not reach is still on the server."""
    s = t.steer(default_pool_size=1, max_prepared_statements=2)
    with s.client(database="single") as c:
        for name in "abcd":
            c.segment(parse(name, f"SELECT '{name}'"))
        for _ in range(3):
            got = c.segment(parse("", "SELECT nothing"), bind("", "a"), execute(), bind("", "b"), execute(), bind("", "a"),
                            execute(), check=False)
            t.equal([e.sqlstate for e in got.errors], ["42703"], "the pipeline's error")
            for name in "cdab":
                t.equal(c.segment(bind("", name), execute()).rows, [[name]], f"statement {name} afterwards")
        t.within(int(c.value("SELECT count(*) FROM pg_prepared_statements")), 1, 2, "statements on the server")


def test_reset_query_that_keeps_statements(t):
    s = t.steer(default_pool_size=1, server_reset_query="RESET ALL", server_reset_query_always=1)
    with s.client(database="single") as c:
        c.segment(parse("a", "SELECT 'kept'"))
        for _ in range(3):
            t.equal(c.segment(bind("", "a"), execute()).rows, [["kept"]], "a statement that the reset query left alone")
        t.equal(c.value("SELECT count(*) FROM pg_prepared_statements"), "1", "statements on the server")


def test_statements_are_not_followed(t):
    s = t.steer(section="pgbouncer", default_pool_size=1, max_prepared_statements=0)
    with s.client(database="single") as c:
        c.segment(parse("my_name", "SELECT 1"))
        t.equal(c.query("SELECT name FROM pg_prepared_statements").rows, [["my_name"]], "the name as it is")
        t.equal(c.segment(bind("", "my_name"), execute()).rows, [["1"]], "and it works while there is one server")


def outdate(t, table):
    t.sql(f"ALTER TABLE {table} ADD COLUMN c{time.monotonic_ns()} int")


def test_repaired_after_ddl(t):
    """A statement whose plan DDL has outdated, or that its server has lost, is prepared again."""
    t.sql("CREATE TABLE ps_ddl(i int)", "INSERT INTO ps_ddl VALUES (1)")
    s = t.steer(default_pool_size=1)
    for database in ("single", "app"):
        with s.client(database=database) as c:
            c.segment(parse("a", "SELECT * FROM ps_ddl"), parse("w", "INSERT INTO ps_ddl SELECT 2 WHERE false RETURNING *"))

            def ways():
                """Every way to bind or describe it as the first thing: what is sent, what is answered."""
                yield (bind("", "a"), execute(), sync()), "2DCZ"
                yield (bind("", "a"), describe("P"), execute(), sync()), "2TDCZ"
                yield (describe("S", "a"), sync()), "tTZ"
                yield (bind("", "w"), execute(), sync()), "2CZ"
                yield (parse("", "BEGIN"), bind("", ""), execute(), bind("", "a"), execute(), sync()), "12C2DCZ"
            for messages, answer in ways():
                outdate(t, "ps_ddl")
                c.send(*messages)
                t.equal("".join(m.type for m in c.until("Z")), answer, f"{database}: the answer after DDL")
                if c.query("COMMIT", check=False).notices == []:
                    t.equal(answer, "12C2DCZ", "only one of them has opened a transaction")
            for begin in ("BEGIN", "begin isolation level repeatable read;", "START TRANSACTION"):
                for extended in (False, True):
                    c.extended(begin) if extended else c.query(begin)
                    outdate(t, "ps_ddl")
                    c.send(bind("", "a"), execute(), sync())
                    got = c.until("Z")
                    t.equal("".join(m.type for m in got), "2DCZ", f"{database}: the first statement behind {begin!r}")
                    t.equal(got[-1].body, b"T", "in the transaction")
                    expected = "repeatable read" if "repeatable" in begin else "read committed"
                    t.equal(c.value("SHOW transaction_isolation"), expected, "which is as it was opened")
                    t.equal(c.query("COMMIT").tags, ["COMMIT"], "and commits")
            c.query("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")
            t.equal(c.segment(bind("", "a"), execute()).rows[0][0], "1", f"{database}: a statement the server has lost")


def test_not_repaired(t):
    t.sql("CREATE TABLE ps_not(i int)", "INSERT INTO ps_not VALUES (1)")
    s = t.steer(default_pool_size=1)
    with s.client(database="single") as c:
        c.segment(parse("a", "SELECT * FROM ps_not"), parse("b", "SELECT 1"))
        c.query("BEGIN")
        c.query("SELECT 1")
        outdate(t, "ps_not")
        got = c.segment(bind("", "a"), execute(), check=False)
        t.equal([e.sqlstate for e in got.errors], ["0A000"], "not the first statement of its transaction")
        got = c.segment(bind("", "a"), execute(), check=False)
        t.equal([e.sqlstate for e in got.errors], ["25P02"], "in a failed transaction")
        c.query("ROLLBACK")
        got = c.segment(bind("", "b"), execute(), bind("", "a"), execute(), check=False)
        t.equal(([e.sqlstate for e in got.errors], got.rows), (["0A000"], [["1"]]), "behind what has an answer already")
        t.equal(c.segment(bind("", "a"), execute()).rows[0][0], "1", "and then it is")
    off = t.steer(default_pool_size=1, prepared_repair=0)
    with off.client(database="single") as c:
        c.segment(parse("a", "SELECT * FROM ps_not"))
        outdate(t, "ps_not")
        got = c.segment(bind("", "a"), execute(), check=False)
        t.equal([e.sqlstate for e in got.errors], ["0A000"], "with prepared_repair=0")


def test_unnamed_bound_on_another_server(t):
    """lib/pq: Parse and Sync, then Bind and Sync. asyncpg: Parse, Describe and Flush, then Bind."""
    s = t.steer(default_pool_size=2, workers=1)
    with s.client(database="single") as c, s.client(database="single") as holder:
        pids = set()
        for n in range(6):
            if n % 2:
                c.segment(parse("", f"SELECT $1 || '{n}', pg_backend_pid()"), describe("S", ""))
            else:
                c.send(parse("", f"SELECT $1 || '{n}', pg_backend_pid()"), describe("S", ""), flush())
                t.equal("".join(c.receive().type for _ in range(3)), "1tT", "Parse and Describe up to Flush")
            holder.query("BEGIN")  # takes the server that was used last
            holder.query("SELECT 1")
            for _ in range(2):
                row = c.segment(bind("", "", ["x"]), execute()).rows[0]
                t.equal(row[0], f"x{n}", "the statement that was parsed last")
                pids.add(row[1])
                holder.query("COMMIT")
        t.equal(len(pids), 2, "servers it ran on")


def test_execute_of_a_statement_prepared_by_message(t):
    """SQL sees the names of the protocol's statements, as without us."""
    t.sql("CREATE TABLE IF NOT EXISTS pp_exec(i int)")
    s = t.steer(default_pool_size=1)
    with s.client(database="single") as c, s.client(database="single") as other:
        c.segment(parse("one", "SELECT $1::int + 1"), parse("Two", "SELECT 'two'"), parse("gone", "SELECT * FROM pp_exec"))
        other.query("SELECT 1")
        t.equal(c.query("EXECUTE one(41)").rows, [["42"]], "EXECUTE")
        t.equal(c.query('EXECUTE ONE (1); SELECT 5; /* x */ EXECUTE "Two"').rows, [["2"], ["5"], ["two"]], "among others")
        t.equal(other.query("EXECUTE one(1)", check=False).errors[0].sqlstate, "26000", "another client has no such name")
        t.equal(c.query("EXECUTE two", check=False).errors[0].sqlstate, "26000", "nor has this one, with capitals")
        c.query("PREPARE mine AS SELECT 'mine'")
        t.equal(c.query("EXECUTE mine").rows, [["mine"]], "one of PREPARE")
        t.cluster.primary.query("DROP TABLE pp_exec", "app")
        c.query("DISCARD ALL")
        c.segment(parse("gone", "SELECT 1"), parse("bad", "SELECT $1::int"))
        got = c.query("EXECUTE bad('x')", check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["22P02"], "I"), "a value it refuses")
    with s.client(database="single") as c, s.client(database="single") as other:
        t.sql("CREATE TABLE pp_exec(i int)")
        c.segment(parse("gone", "SELECT * FROM pp_exec"))
        other.query("DROP TABLE pp_exec")
        other.query("DISCARD ALL")  # and the statement is on no server any more
        got = c.query("EXECUTE gone", check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["42P01"], "I"), "one that cannot be prepared again")
        t.equal(c.value("SELECT 1"), "1", "the connection goes on")


def test_execute_that_fails_in_a_pipeline(t):
    t.sql("CREATE TABLE ps_gone(i int)")
    s = t.steer()
    with s.client() as c:
        c.segment(parse("gone", "SELECT * FROM ps_gone"))
        t.sql("DROP TABLE ps_gone")
        with s.client() as other:  # so that c's next server has not seen its statement
            other.query("BEGIN")
            c.send(wire.query("EXECUTE gone"), wire.query("SELECT 1"))
            t.equal([[e.sqlstate for e in c.result(check=False).errors] for _ in range(2)], [["42P01"], []],
                    "the query behind it is answered")
