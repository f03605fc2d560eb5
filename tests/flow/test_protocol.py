"""The protocol, message by message: what libpq would hide."""
import os
import socket
import struct
import threading
import time

import wire
from wire import bind, close, describe, execute, flush, message, parse, query, sync


def types(messages):
    return "".join(m.type for m in messages)


def test_startup(t):
    s = t.steer()
    with s.client() as c:
        letters = types(c.login_messages)
        t.equal((letters[0], letters[-2:]), ("R", "KZ"), f"first and last messages of the login ({letters})")
        for name in ("server_version", "client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings",
                     "integer_datetimes", "server_encoding"):
            t.true(name in c.parameters, f"ParameterStatus {name}, got {sorted(c.parameters)}")
        with t.cluster.primary.connect("app", user="app") as direct:
            t.equal(c.parameters["server_version"], direct.parameters["server_version"], "server_version")
        with s.client() as d:
            t.true((c.pid, c.secret) != (d.pid, d.secret), "a cancel key of its own for every client")
    with s.client(application_name="flow", client_encoding="LATIN1", DateStyle="German", TimeZone="Asia/Tokyo") as c:
        for name, expected in (("application_name", "flow"), ("client_encoding", "LATIN1"),
                               ("DateStyle", "German, DMY"), ("TimeZone", "Asia/Tokyo")):
            t.equal(c.value(f"SHOW {name}"), expected, f"{name} from the startup packet")


def test_ssl_and_gss_requests(t):
    s = t.steer()
    for code in (wire.SSL_CODE, wire.GSS_CODE):
        c = s.client(login=False)
        c.send(struct.pack("!II", 8, code))
        t.equal(c.read(1), b"N", f"answer to request {code}")
        c.login()
        t.equal(c.value("SELECT 1"), "1", "the login after it")
        c.close()
    c = s.client(login=False)  # libpq asks for one after the other
    for code in (wire.GSS_CODE, wire.SSL_CODE):
        c.send(struct.pack("!II", 8, code))
        t.equal(c.read(1), b"N", f"answer to request {code}")
    c.login()
    t.equal(c.value("SELECT 1"), "1", "the login after both")
    c.close()


def test_negotiate_protocol_version(t):
    s = t.steer()
    for version, options, newest, secret in (
            (3 << 16 | 1, {}, None, 4), (wire.PROTOCOL_3_2, {}, None, 32), (3 << 16 | 3, {}, 2, 32),
            (3 << 16 | 9999, {"_pq_.test_protocol_negotiation": ""}, 2, 32), (3 << 16, {"_pq_.a": "x", "_pq_.b": ""}, 0, 4),
            (wire.PROTOCOL_3_2, {"_pq_.a": "x"}, 2, 32)):
        c = s.client(login=False)
        named = {"user": "app", "database": "app", **options}
        c.send(wire.startup(named, version))
        c.finish_login()
        got = [m for m in c.login_messages if m.type == "v"]
        t.equal(len(got), newest is not None, f"NegotiateProtocolVersion messages for {version:#x} {options}")
        for negotiate in got:
            offered, count = struct.unpack_from("!II", negotiate.body)
            t.equal(offered, 3 << 16 | newest, f"the version offered for {version:#x}")
            t.equal((count, negotiate.body[8:].split(b"\0")[:-1]), (len(options), [k.encode() for k in options]),
                    "unknown options")
        t.equal(len(c.secret), secret, f"bytes of the cancel secret for {version:#x}")
        t.equal(c.value("SELECT 1"), "1", "a query after the negotiation")
        c.close()
    for version, what in ((2 << 16, "protocol 2"), (4 << 16, "protocol 4")):
        c = s.client(login=False)
        c.send(wire.startup({"user": "app", "database": "app"}, version))
        t.true(c.at_end(), f"{what} is refused and closed")


def test_extended_query_messages(t):
    s = t.steer()
    with s.client() as c:
        c.send(parse("", "SELECT $1::int + 1"), bind("", "", ["41"]), describe("P"), execute(), sync())
        got = c.until("Z")
        t.equal(types(got), "12TDCZ", "answers")
        t.equal(got[3].row(), ["42"], "row")
        c.send(parse("", "SELECT $1::int"), describe("S"), sync())
        t.equal(types(c.until("Z")), "1tTZ", "answers to Parse and Describe")
        c.send(sync())
        t.equal(types(c.until("Z")), "Z", "a lone Sync")
        c.send(sync(), sync(), sync())
        t.equal([types(c.until("Z")) for _ in range(3)], ["Z", "Z", "Z"], "three Syncs")
        c.send(parse("", ""), bind(), execute(), sync())
        t.equal(types(c.until("Z")), "12IZ", "an empty statement")
        c.query("BEGIN")
        c.send(parse("", "SELECT generate_series(1, 10)"), bind("p"), execute("p", 4), execute("p", 4),
               execute("p", 4), close("P", "p"), sync())
        t.equal(types(c.until("Z")), "12" + "DDDDs" * 2 + "DDC" + "3Z", "a portal in portions")
        c.query("COMMIT")
        got = c.segment(parse("", "SELECT 1 / $1::int"), bind("", "", ["0"]), execute(), check=False)
        t.equal(got.errors[0].sqlstate, "22012", "an error from Execute")
        t.equal(got.status, "I", "the state after it")
        t.equal(c.value("SELECT 5"), "5", "a Query after it")


def test_flush_brings_answers_without_sync(t):
    s = t.steer()
    with s.client() as c:
        c.send(parse("f", "SELECT $1::int"), describe("S", "f"), flush())
        t.equal(types([c.receive() for _ in range(3)]), "1tT", "answers at Flush")
        t.true(c.quiet(), "nothing more before Sync")
        c.send(bind("", "f", ["7"]), execute(), flush())
        got = [c.receive() for _ in range(3)]
        t.equal((types(got), got[1].row()), ("2DC", ["7"]), "answers at the second Flush")
        c.send(sync())
        t.equal(types(c.until("Z")), "Z", "Sync")
        c.send(close("S", "f"), flush())
        t.equal(c.receive().type, "3", "Close at Flush")
        c.send(sync())
        c.until("Z")


def test_a_write_after_flush(t):
    """asyncpg prepares with Parse, Describe, Flush, and then sends something else without a Sync between: what was
    only described on a standby must not keep the write there."""
    t.sql("CREATE TABLE pr_flush(i int)")
    s = t.steer()
    with s.client() as c:
        c.send(parse("f", "SELECT i FROM pr_flush LIMIT 1"), describe("S", "f"), flush())
        t.equal(types([c.receive() for _ in range(3)]), "1tT", "answers at Flush")
        c.send(query("COPY pr_flush FROM STDIN"))
        t.equal(c.receive().type, "G", "COPY in a Query after Flush")
        c.send(message("d", b"1\n"), message("c"))
        t.equal(c.result().tags, ["COPY 1"], "its end")
        c.send(parse("g", "SELECT i FROM pr_flush LIMIT 1"), describe("S", "g"), flush())
        t.equal(types([c.receive() for _ in range(3)]), "1tT", "answers at Flush")
        c.send(parse("", "INSERT INTO pr_flush VALUES (2)"), bind(), execute(), sync())
        t.equal(c.result().tags, ["INSERT 0 1"], "a write through the extended protocol after Flush")
        got = c.segment(bind("", "f"), execute(), bind("", "g"), execute())
        t.equal(len(got.rows), 2, "both prepared statements are known")


def test_flush_and_sync_at_once(t):
    """As pg8000 has it behind each message: nobody waits before the Sync, so that nothing can follow."""
    s = t.steer(consistency="eventual")
    with s.client() as c:
        c.segment(parse("place", "SELECT inet_server_port()"))
        for end, place in (([flush(), execute(), flush(), sync()], "standby"), ([execute(), flush()], "primary")):
            before = s.routes()
            c.send(bind("", "place"), *end)
            port = [c.receive() for _ in range(3)][1].row()[0]
            if len(end) == 2:
                c.send(sync())
            t.equal(types(c.until("Z")), "Z", "the end")
            t.equal(port == str(t.cluster.primary.port), place == "primary", f"a read that ends in {len(end)} messages: {port}")
            reason = "read" if place == "standby" else "flush"
            t.equal(s.routes()[place, reason] - before.get((place, reason), 0), 1, f"counted for {reason}")
    lazy = t.steer(consistency="eventual", lazy_begin=1)
    with lazy.client() as c:
        for name, sql in (("begin", "BEGIN"), ("mode", "SET TRANSACTION READ ONLY"), ("place", "SELECT inet_server_port()"),
                          ("end", "COMMIT")):
            c.segment(parse(name, sql))
        got = [c.segment(bind("", name), flush(), execute(), flush()) for name in ("begin", "mode", "place", "end")]
        t.equal([types(one.messages) for one in got], ["2CZ", "2CZ", "2DCZ", "2CZ"], "answers")
        t.true(got[2].rows[0][0] != str(t.cluster.primary.port), "a BEGIN and the modes behind it wait for the first statement")


def test_pipelines(t):
    s = t.steer()
    with s.client() as c:
        for n in range(200):
            c.send(parse("", "SELECT $1::int"), bind("", "", [str(n)]), execute(), sync())
        for n in range(200):
            got = c.until("Z")
            t.equal((types(got), got[2].row()), ("12DCZ", [str(n)]), f"segment {n} of 200 sent at once")
        c.send(*[parse("", "SELECT $1::int") + bind("", "", [str(n)]) + execute() for n in range(200)], sync())
        got = wire.Result(c.until("Z"))
        t.equal(got.rows, [[str(n)] for n in range(200)], "200 queries before one Sync")
        c.send(*[query(f"SELECT {n}") for n in range(100)])
        t.equal([wire.Result(c.until("Z")).rows for _ in range(100)], [[[str(n)]] for n in range(100)],
                "100 Query messages sent at once")


def test_pipeline_of_reads_and_writes(t):
    t.sql("CREATE TABLE pr_mixed(i int)")
    s = t.steer()
    with s.client() as c:
        for n in range(50):
            c.send(parse("", "INSERT INTO pr_mixed VALUES ($1)"), bind("", "", [str(n)]), execute(), sync())
            c.send(parse("", "SELECT count(*) FROM pr_mixed"), bind(), execute(), sync())
        for n in range(50):
            t.equal(wire.Result(c.until("Z")).tags, ["INSERT 0 1"], f"write {n}")
            t.equal(wire.Result(c.until("Z")).rows, [[str(n + 1)]], f"the read after write {n}, in one pipeline")


def test_error_in_the_middle_of_a_pipeline(t):
    t.sql("CREATE TABLE pr_err(i int)")
    s = t.steer()
    with s.client() as c:
        insert = parse("", "INSERT INTO pr_err VALUES ($1)")
        c.send(insert, bind("", "", ["1"]), execute(),
               insert, bind("", "", ["two"]), execute(),
               insert, bind("", "", ["3"]), execute(), sync(),
               insert, bind("", "", ["4"]), execute(), sync())
        first, second = wire.Result(c.until("Z")), wire.Result(c.until("Z"))
        t.equal([e.sqlstate for e in first.errors], ["22P02"], "the first segment's error")
        t.equal(types(first.messages), "12C1EZ", "what comes up to the error, and nothing after it")
        t.equal(second.tags, ["INSERT 0 1"], "the segment after it")
        t.equal(c.value("SELECT string_agg(i::text, ',') FROM pr_err"), "4", "rows: the first segment is undone")
        # an error in the first message, then names prepared behind it must not count
        c.send(parse("bad", "SELEC 1"), parse("lost", "SELECT 1"), sync())
        got = wire.Result(c.until("Z"))
        t.equal((types(got.messages), got.errors[0].sqlstate), ("EZ", "42601"), "a syntax error, then skipped")
        got = c.segment(bind("", "lost"), execute(), check=False)
        t.equal(got.errors[0].sqlstate, "26000", "a statement that was skipped was not prepared")
        got = c.segment(parse("lost", "SELECT 2"), bind("", "lost"), execute())
        t.equal(got.rows, [["2"]], "its name is free")


def test_unnamed_statement_survives_sync(t):
    s = t.steer(default_pool_size=3)  # Go's lib/pq: Parse, Sync; Bind in another segment
    clients = [s.client() for _ in range(12)]
    for n, c in enumerate(clients):
        c.segment(parse("", f"SELECT {n} + $1::int"), describe("S"))
    for round_ in range(3):
        for n, c in enumerate(clients):
            c.send(bind("", "", [str(round_)]), execute(), sync())
        for n, c in enumerate(clients):
            t.equal(c.result().rows, [[str(n + round_)]], f"client {n}'s own unnamed statement")


def test_function_call(t):
    s = t.steer()
    with s.client() as c:
        oid = int(t.cluster.primary.value("SELECT 'int4pl'::regproc::oid::int"))
        c.send(message("F", struct.pack("!IHHHiiiiH", oid, 1, 1, 2, 4, 40, 4, 2, 1)))
        got = c.until("Z")
        t.equal(types(got), "VZ", "answers to FunctionCall")
        t.equal(struct.unpack("!iI", got[0].body), (4, 42), "int4pl(40, 2)")
        c.send(message("F", struct.pack("!IHHHiiiiH", oid, 1, 1, 2, 4, 2147483647, 4, 1, 1)))
        got = wire.Result(c.until("Z"))
        t.equal([e.sqlstate for e in got.errors], ["22003"], "an error in FunctionCall")
        t.equal(c.value("SELECT 1"), "1", "a query after it")


def test_notices_and_parameters_pass(t):
    s = t.steer()
    with s.client() as c:
        got = c.query("DO $$ BEGIN RAISE NOTICE 'hello % notice', 1; RAISE WARNING 'and a warning'; END $$")
        t.equal([n["M"] for n in got.notices], ["hello 1 notice", "and a warning"], "notices")
        c.query("SET TimeZone = 'Europe/Paris'")
        t.equal(c.parameters["TimeZone"], "Europe/Paris", "ParameterStatus after SET")
        c.query("SET application_name = 'renamed'")
        t.equal(c.parameters["application_name"], "renamed", "ParameterStatus after SET application_name")
        e = t.error("42601", lambda: c.query("SELECT 1 FROM FROM"), "a syntax error")
        t.equal(e.fields.get("P"), "15", "the error's position")


def test_cancel(t):
    s = t.steer()
    with s.client() as victim, s.client() as other:
        other.send(query("SELECT pg_sleep(2), 'other'"))
        victim.send(query("SELECT pg_sleep(60)"))
        t.wait(lambda: int(t.cluster.primary.value(
            "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"))
            + sum(int(n.value("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' "
                              "AND state = 'active'")) for n in t.cluster.standbys) == 1, "the query to run")
        began = time.monotonic()
        victim.cancel()
        got = victim.result(check=False)
        t.equal([e.sqlstate for e in got.errors], ["57014"], "the cancelled query")
        t.true(time.monotonic() - began < 20, "the cancel takes effect at once")
        t.equal(other.result().rows[0][1], "other", "another client's query runs to its end")
        t.equal(victim.value("SELECT 1"), "1", "the cancelled client goes on")
        victim.cancel()  # nothing runs: nobody may be hit
        for _ in range(20):
            t.equal(victim.value("SELECT 2"), "2", "queries after a cancel of nothing")
            t.equal(other.value("SELECT 3"), "3", "others after a cancel of nothing")


def test_cancel_inside_a_transaction_and_while_waiting(t):
    s = t.steer(default_pool_size=1)
    with s.client() as holder, s.client() as waiter:
        holder.query("BEGIN")
        holder.query("SELECT 1")
        waiter.send(query("BEGIN"))
        t.true(waiter.quiet(0.3), "the second client waits for the only connection")
        holder.send(query("SELECT pg_sleep(60)"))
        t.wait(lambda: t.cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE "
                                               "'SELECT pg_sleep(60)%' AND state = 'active'") == "1", "the query to run")
        holder.cancel()
        t.equal([e.sqlstate for e in holder.result(check=False).errors], ["57014"], "cancel with a full pool")
        holder.query("ROLLBACK")
        t.equal(waiter.result().tags, ["BEGIN"], "the waiting client gets its turn")
        waiter.query("ROLLBACK")


def test_cancel_with_a_wrong_key(t):
    s = t.steer()
    with s.client() as short, s.client(version=wire.PROTOCOL_3_2) as long:
        for c in (short, long):
            c.send(query("SELECT pg_sleep(1), 'done'"))
        for c in (short, long):
            wrong = [c.secret[:n] + bytes([c.secret[n] ^ 1]) + c.secret[n + 1:] for n in (0, 1, len(c.secret) - 1)]
            for secret in (*wrong, c.secret[:4] + b"x", c.secret + b"x", c.secret + bytes(200), long.secret[:4]):
                with socket.create_connection(("127.0.0.1", s.port), 30) as other:
                    other.sendall(wire.cancel_request(c.pid, secret))
                    other.settimeout(30)
                    t.equal(other.recv(100), b"", "a wrong cancel key gets no answer")
        for c in (short, long):
            t.equal(c.result().rows[0][1], "done", "the query is not cancelled by wrong keys")
        long.send(query("SELECT pg_sleep(60)"))
        t.wait(lambda: sum(int(n.value("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' "
                                       "AND state = 'active'")) for n in t.cluster.alive()) == 1, "the query to run")
        long.cancel()
        t.equal([e.sqlstate for e in long.result(check=False).errors], ["57014"], "canceled with a long key")


GARBAGE = {
    "zeros": bytes(100),
    "ones": b"\xff" * 100,
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tls": bytes.fromhex("16030100f1010000ed0303") + bytes(200),
    "length of 4": struct.pack("!I", 4),
    "length of 0": struct.pack("!II", 0, wire.PROTOCOL_3_0),
    "length of 2 GB": struct.pack("!II", 0x7fffffff, wire.PROTOCOL_3_0) + b"x" * 1000,
    "negative length": struct.pack("!II", 0xfffffff0, wire.PROTOCOL_3_0),
    "no terminator": struct.pack("!II", 14, wire.PROTOCOL_3_0) + b"user\0a",
    "name without value": struct.pack("!II", 14, wire.PROTOCOL_3_0) + b"user\0\0",
    "cancel too short": struct.pack("!III", 12, wire.CANCEL_CODE, 1),
    "cancel too long": struct.pack("!II", 300, wire.CANCEL_CODE) + bytes(292),
    "cancel too short by one": wire.cancel_request(1, bytes(3)),
    "ssl request with a tail": struct.pack("!II", 8, wire.SSL_CODE) + b"early bytes",
    "ssl twice": struct.pack("!II", 8, wire.SSL_CODE) * 3,
    "password before startup": message("p", b"secret\0"),
    "query before startup": query("SELECT 1"),
}

AFTER_LOGIN = {
    "unknown message": message("~", b"x"),
    "zero type": message("\0", b""),
    "length below 4": b"Q" + struct.pack("!I", 3),
    "length of 0": b"Q" + struct.pack("!I", 0),
    "negative length": b"Q" + struct.pack("!i", -5),
    "length of 2 GB in Sync": b"S" + struct.pack("!I", 0x7fffffff) + b"x" * 100,
    "query without terminator": message("Q", b"SELECT 1"),
    "empty query body": message("Q", b""),
    "parse without terminator": message("P", b"name"),
    "parse of too many types": message("P", b"n\0SELECT 1\0" + struct.pack("!H", 60000)),
    "bind of nothing": message("B", b""),
    "bind with a lie in it": message("B", b"\0\0" + struct.pack("!HHi", 0, 1, 1 << 30)),
    "describe of nothing": message("D", b""),
    "describe of an unknown kind": message("D", b"Zname\0"),
    "close of an unknown kind": message("C", b"Zname\0"),
    "execute without limit": message("E", b"\0"),
    "copy data out of place": message("d", b"row\n"),
    "a server's message": message("Z", b"I"),
    "password out of place": message("p", b"secret\0"),
    "startup packet again": wire.startup({"user": "app"}),
    "random": os.urandom(500),
}


def test_garbage_never_ends_the_process(t):
    s = t.steer(client_login_timeout="2")
    with s.client() as good:
        for name, raw in GARBAGE.items():
            c = s.client(login=False, timeout=20)
            c.send(raw)
            try:
                c.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            t.true(c.at_end(), f"after {name!r} before login the connection is closed")
            t.equal(good.value("SELECT 1"), "1", f"another client after {name!r}")
        for name, raw in AFTER_LOGIN.items():
            c = s.client(timeout=20)
            try:
                c.send(raw, sync())
                c.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            t.true(c.at_end(), f"after {name!r} the connection comes to an end")
            t.equal(good.value("SELECT 1"), "1", f"another client after {name!r}")
        for n in range(60):
            c = s.client(login=False, timeout=20)
            c.send(os.urandom(1 + n * 7))
            c.socket.close()
        t.equal(good.value("SELECT 1"), "1", "another client after random bytes")
    t.true(s.process.poll() is None, "pgsteer runs")


def test_a_silent_client_is_closed_at_the_login_timeout(t):
    s = t.steer(client_login_timeout="0.5")
    c = s.client(login=False)
    t.true(c.at_end(20), "a client that sends nothing is closed")


def test_messages_byte_by_byte(t):
    s = t.steer()
    c = s.client(login=False)
    raw = (wire.startup({"user": "app", "database": "app"}))
    for byte in raw:
        c.send(bytes([byte]))
        time.sleep(0.0005)
    c.finish_login()
    for byte in query("SELECT 'slow'") + parse("s", "SELECT $1::text") + bind("", "s", ["x"]) + execute() + sync():
        c.send(bytes([byte]))
        time.sleep(0.0005)
    t.equal(c.result().rows, [["slow"]], "a Query that arrives byte by byte")
    t.equal(c.result().rows, [["x"]], "a segment that arrives byte by byte")
    c.close()


def test_clients_that_vanish(t):
    t.sql("CREATE TABLE pr_gone(i int)")
    s = t.steer(default_pool_size=3)

    def vanish(*raw):
        c = s.client()
        c.send(*raw)
        time.sleep(0.02)
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no goodbye
        c.socket.close()
    for raw in ([query("BEGIN; INSERT INTO pr_gone VALUES (1)")],
                [query("SELECT pg_sleep(1)")],
                [parse("", "SELECT 1"), bind()],
                [query("COPY pr_gone FROM STDIN"), message("d", b"5\n")],
                [query("SELECT repeat('x', 1000) FROM generate_series(1, 100000)")],
                [b"Q\0\0"]):
        for _ in range(4):
            vanish(*raw)
    with s.client() as c:
        t.equal(c.value("/* pgsteer: primary */ SELECT count(*) FROM pr_gone"), "0",
                "rows of transactions whose clients vanished")
    t.wait(lambda: t.cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND "
                                           "state <> 'idle'") == "0", "the servers to be free again")


def test_a_thousand_connects(t):
    s = t.steer()
    failures = []

    def many():
        for _ in range(125):
            try:
                with s.client() as c:
                    c.query("SELECT 1")
            except Exception as e:
                failures.append(repr(e))
    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.equal(failures, [], "failures among 1,000 short connections")
    t.wait(lambda: [r["items"] for r in s.show("LISTS") if r["list"] == "used_clients"][0] in ("0", "1"),
           "SHOW LISTS to count no client but the console")


def test_a_query_sent_with_the_startup_packet(t):
    s = t.steer()
    for settings in ({}, {"search_path": "elsewhere"}):  # the second is not known yet: a server must be asked
        c = s.client(login=False)
        c.send(wire.startup({"user": "app", "database": "app", **settings}), query("SELECT 3"))
        c.finish_login()
        t.equal(c.result().rows, [["3"]], f"the answer to a Query sent with the startup packet {settings}")
        c.close()


def test_console_byte_by_byte(t):
    s = t.steer(nodes=False)
    c = s.client(login=False)
    for byte in wire.startup({"user": "admin", "database": "pgbouncer"}) + query("SHOW VERSION"):
        c.send(bytes([byte]))
        time.sleep(0.001)
    c.finish_login()
    t.contains(c.result().rows[0][0], "pgsteer", "the answer of the console")
    c.close()
