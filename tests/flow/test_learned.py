"""Reads that are none: a standby refuses them, the client does not notice, and the next one goes to the primary at once."""
import wire
from wire import bind, describe, execute, parse, query, sync

LIARS = """
DROP TABLE IF EXISTS told; CREATE TABLE told (n int);
DROP SEQUENCE IF EXISTS told_seq; CREATE SEQUENCE told_seq;
DROP TABLE IF EXISTS unlogged_one; CREATE UNLOGGED TABLE unlogged_one AS SELECT 5 AS n;
CREATE OR REPLACE FUNCTION liar(v int) RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO told VALUES (v); RETURN v; END';
CREATE OR REPLACE FUNCTION wal() RETURNS bool LANGUAGE sql AS 'SELECT pg_current_wal_lsn() IS NOT NULL';
CREATE OR REPLACE FUNCTION unlogged() RETURNS int LANGUAGE sql AS 'SELECT n FROM unlogged_one';
CREATE OR REPLACE FUNCTION xid() RETURNS bool LANGUAGE sql AS 'SELECT txid_current() > 0';
"""


def types(got):
    return "".join(m.type for m in got.messages)


def start(t, **more):
    t.sql(*LIARS.strip().split("\n"))
    return t.steer(route_standby="liar,wal,xid,unlogged", **more)


def learned(s):
    return [(r["statement"], r["sqlstate"], int(r["uses"])) for r in s.show("LEARNED")]


def told(c):
    return [r[0] for r in c.query("SELECT n FROM told ORDER BY n").rows]


def test_learns_what_a_standby_refuses(t):
    s = start(t)
    with s.client() as c:
        t.equal(c.value("SELECT liar(1)"), "1", "the first time")
        t.equal(learned(s), [("select liar(?)", "25006", 0)], "SHOW LEARNED")
        t.equal(s.routes()[("primary", "retried")], 1, "the retry")
        t.equal(told(c), ["1"], "its own write is seen, and it was done once")
        t.equal(c.value("select LIAR( 2 ) -- other constants"), "2", "the second time")
        t.equal(c.extended("SELECT liar($1)", ["3"]).rows, [["3"]], "in the extended protocol")
        c.segment(parse("named", "SELECT liar($1)"))
        for number in ("4", "5"):
            t.equal(c.segment(bind("", "named", [number]), execute()).rows, [[number]], "prepared")
        t.equal(told(c), ["1", "2", "3", "4", "5"], "what was written")
    clients = [s.client() for _ in range(4)]  # of both workers
    for number, c in enumerate(clients):
        t.equal(c.value(f"SELECT liar({6 + number})"), str(6 + number), "other clients")
    routes = s.routes()
    t.equal((routes[("primary", "retried")], routes[("primary", "learned")] >= 8), (1, True), f"{routes}")
    t.equal(learned(s)[0][2] >= 8, True, "how often it was met")
    with s.client(database="other") as c:
        t.error("42883", lambda: c.query("SELECT liar(1)"), "the same text in another database is another one")
    t.equal(len(learned(s)), 1, "and nothing of it is learned")
    # An operator takes it back.
    t.error(None, lambda: s.admin("FORGET nowhere"), "FORGET of no database")
    s.admin("FORGET other")
    t.equal(len(learned(s)), 1, "FORGET of another database")
    s.admin("FORGET app")
    t.equal(learned(s), [], "FORGET")
    t.equal(clients[0].value("SELECT liar(10)"), "10", "once more")
    t.equal((s.routes()[("primary", "retried")], len(learned(s))), (2, 1), "is learned once more")
    s.admin("FORGET")
    t.equal(learned(s), [], "FORGET of all")


def test_every_kind_of_refusal(t):
    s = start(t, consistency="eventual")
    with s.client() as c:
        for sql, value, state in (("SELECT unlogged()", "5", "0A000"), ("SELECT wal()", "t", "55000"),
                                  ("SELECT xid()", "t", "25006")):
            t.equal(c.value(sql), value, sql)
            t.equal(learned(s)[-1][1], state, f"what the standby said to {sql}")
        # The second of several, and the last of a pipeline: one answer, and the guilty one alone is learned.
        s.admin("FORGET")
        got = c.query("SELECT 'a'; SELECT unlogged(); SELECT 'b'")
        t.equal((got.rows, types(got)), ([["a"], ["5"], ["b"]], "TDCTDCTDCZ"), "several in one Query")
        t.equal([text for text, _, _ in learned(s)], ["select ?; select unlogged(); select ?"], "all of it")
        s.admin("FORGET")
        c.segment(parse("liar", "SELECT liar($1)"))
        got = c.segment(parse("", "SELECT 'x'"), bind(), execute(), bind("", "liar", ["77"]), describe("P"), execute(),
                        parse("", "SELECT 'y'"), bind(), execute())
        t.equal((got.rows, types(got)), ([["x"], ["77"], ["y"]], "12DC2TDC12DCZ"), "several up to one Sync")
        t.equal([text for text, _, _ in learned(s)], ["select liar(?)"], "the guilty one")
        c.query("SET pgsteer.route = 'primary'")  # a standby may not have it yet
        t.equal(told(c), ["77"], "it ran once")
        c.query("RESET pgsteer.route")
        # What is an error anywhere stays one, and is not learned.
        s.admin("FORGET")
        t.error("22012", lambda: c.query("SELECT 1; SELECT 1/0"), "an error of its own")
        c.query("SET default_transaction_read_only = on")
        t.error("25006", lambda: c.query("SELECT liar(78)"), "what a READ ONLY session may not do")
        t.equal(learned(s), [], "nothing is learned from these")
        c.query("SET default_transaction_read_only = off")
        # A long answer is not held back for what may come behind it; in a transaction nothing is run again.
        got = c.query("SELECT repeat('x', 1000) FROM generate_series(1, 500); SELECT unlogged()", check=False)
        t.equal(len(got.rows) in (500, 501), True, "a long answer in front")
        c.query("BEGIN READ ONLY")
        t.error("25006", lambda: c.query("SELECT liar(79)"), "in a transaction")
        c.query("ROLLBACK")
        t.equal(told(c), ["77"], "nothing else was written")
        # COPY, and what the client itself has sent to a standby.
        s.admin("FORGET")
        got = c.query("COPY (SELECT unlogged() UNION ALL SELECT 7) TO STDOUT")
        t.equal((types(got), [m.body for m in got.messages if m.type == "d"]), ("HddcCZ", [b"5\n", b"7\n"]), "a COPY")
        t.equal([text for text, _, _ in learned(s)], ["copy(select unlogged() union all select ?) to stdout"], "the COPY")
        t.equal(c.value("/* pgsteer: standby */ SELECT nextval('told_seq')"), "1", "nextval() that is sent to a standby")
        c.query("SET pgsteer.route = 'standby'")
        t.equal(c.extended("SELECT nextval($1)", ["told_seq"]).rows, [["2"]], "by the session's wish")
        t.equal(c.query("SELECT nextval('told_seq')").rows, [["3"]], "and again")
        c.query("RESET pgsteer.route")
