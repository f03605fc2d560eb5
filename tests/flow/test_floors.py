"""What one session has seen, handed to another one, perhaps of another pgsteer: SHOW pgsteer.lsn and
SET pgsteer.min_lsn."""
import re
import threading

import wire
from wire import bind, execute, parse

COUNT = "SELECT count(*), inet_server_port() FROM fl"


def seen(c):
    """Rows in the table, and the port of the node that said so."""
    return tuple(int(value) for value in c.query(COUNT).rows[0])


def test_a_floor_goes_to_a_session_of_another_process(t):
    cluster = t.own_cluster(standbys=1)
    t.sql("CREATE TABLE fl(i int)")
    primary, standby = cluster.primary, cluster.standbys[0]
    s, other = t.steer(), t.steer()
    standby.query("SELECT pg_wal_replay_pause()")
    with s.client() as writer:
        writer.query("INSERT INTO fl VALUES (1)")
        floor = writer.value("SHOW pgsteer.lsn")
    identifier = primary.value("SELECT system_identifier FROM pg_control_system()")
    t.true(re.fullmatch(r"[0-9A-F]+/[0-9A-F]+@1@" + identifier, floor), f"LSN@timeline@system identifier, got {floor}")
    with other.client() as c:
        t.equal(seen(c), (0, standby.port), "what a session without the floor reads")
        c.query(f"SET pgsteer.min_lsn = '{floor}'")
        c.query("RESET pgsteer.min_lsn")
        t.equal(seen(c), (0, standby.port), "after RESET")
        c.query(f"SET pgsteer.min_lsn = '{floor}'")
        c.query("SET pgsteer.consistency = 'eventual'")
        t.equal(seen(c), (1, primary.port), "a floor counts at every level")
        t.equal(c.value("SHOW pgsteer.min_lsn"), floor, "SHOW pgsteer.min_lsn")
    for sql in (f"SELECT set_config('pgsteer.min_lsn', '{floor}', false)", f'SET SESSION "pgsteer.min_lsn" TO "{floor}"',
                f"set PGSTEER.Min_Lsn = '{floor.rsplit('@', 1)[0]}'"):
        with other.client() as c:
            c.extended(sql)
            t.equal(seen(c), (1, primary.port), sql)
    with other.client(options=f"-c pgsteer.min_lsn={floor}") as c:
        t.equal(seen(c), (1, primary.port), "with the floor in the startup options")
        standby.query("SELECT pg_wal_replay_resume()")
        t.wait(lambda: seen(c) == (1, standby.port), "reads to return to the standby when it has caught up")


def test_all_ways_to_ask_for_a_floor(t):
    cluster = t.cluster
    t.sql("CREATE TABLE fl_ask(i int)")
    s = t.steer(lazy_begin=1)
    lsn = "SELECT pg_current_wal_insert_lsn()"
    show = "SHOW pgsteer.lsn"

    def within(before, floor, what):
        after = cluster.primary.value(lsn)
        t.equal(cluster.primary.value(f"SELECT '{floor.split('@')[0]}'::pg_lsn BETWEEN '{before}' AND '{after}'"), "t",
                f"{what}: {before} <= {floor} <= {after}")

    with s.client() as c:
        for n, (what, ask) in enumerate((
            ("Query", lambda: c.query(show)), ("unnamed", lambda: c.extended(show)), ("quoted", lambda: c.query('show "PGSTEER.lsn";')),
            ("prepared", lambda: (c.segment(wire.parse("s", show), wire.describe("S", "s")),
                                  c.segment(wire.bind("", "s"), wire.describe("P"), wire.execute()))[1]),
            ("prepared before", lambda: c.segment(wire.bind("", "s"), wire.execute())),
        )):
            before = c.query("INSERT INTO fl_ask VALUES (1); " + lsn).rows[0][0]
            got = ask()
            t.equal(got.tags[-1], "SHOW", f"{what}: tag")
            within(before, got.rows[0][0], what)
        t.equal(c.query(show).columns, ["pgsteer.lsn"], "columns")
        # a pipeline: the second segment knows of the first one's commit
        c.send(wire.query("INSERT INTO fl_ask VALUES (2)"), wire.query(show), wire.query("SELECT 7"))
        c.result()
        within(before, c.result().rows[0][0], "pipelined")
        t.equal(c.result().rows, [["7"]], "what is pipelined behind it")
        c.query("BEGIN")
        before = cluster.primary.value(lsn)
        within(before, c.value(show), "first in a transaction")
        c.query("INSERT INTO fl_ask VALUES (3)")
        within(before, c.value(show), "in a transaction")
        t.error("42601", lambda: c.query("nonsense"), "an error in it")
        t.error("25P02", lambda: c.query(show), "in a failed transaction")
        t.error("25P02", lambda: c.extended(show), "the same, extended")
        c.query("ROLLBACK")
    cluster.wait_replayed()
    with s.client() as c:
        c.query("BEGIN READ ONLY")
        t.true(int(c.value("SELECT inet_server_port()")) != cluster.primary.port, "a transaction on a standby")
        t.true(c.value(show), "there a floor as well")
        c.query("COMMIT")
        t.equal(c.query("SELECT 1; SHOW pgsteer.lsn", check=False).rows[-1:], [[""]], "not alone in its text")
        t.equal(c.extended("SELECT 8").rows, [["8"]], "the session goes on")
    with s.client(database="single") as c:
        t.error("42704", lambda: c.query(show), "a plain line has no floors")


def test_floors_that_cannot_be(t):
    cluster = t.cluster
    t.sql("CREATE TABLE fl(i int)")
    s = t.steer(lazy_begin=1)
    with s.client() as c:
        floor = c.value("SHOW pgsteer.lsn")
        lsn, timeline, identifier = floor.split("@")
        wrong = (
            ("1/2", "LSN, @, its timeline"), ("1/2@x", None), ("1/2@1@1@1", None), ("now", None), ("", None),
            (f"{lsn}@1@1", "another cluster: its system identifier is 1, here it is " + identifier),
            (f"{lsn}@2", f"on timeline 2, but 127.0.0.1:{cluster.primary.port}, the primary, is on 1"),
            (f"FFFF/0@{timeline}", f"is FFFF/0, but 127.0.0.1:{cluster.primary.port}, the primary, has only come to"),
        )
        for value, says in wrong:
            for sql in (f"SET pgsteer.min_lsn = '{value}'", f"SELECT set_config('pgsteer.min_lsn', '{value}', false)"):
                error = t.error("22023", lambda sql=sql: c.query(sql), sql)
                t.error("22023", lambda sql=sql: c.extended(sql), sql + ", extended")
            t.contains(str(error.fields), says or "invalid value for parameter", f"what is said of {value}")
        t.equal(c.value("SELECT 1"), "1", "the session goes on")
        c.query("BEGIN")
        t.error("22023", lambda: c.query("SET pgsteer.min_lsn = 'x'"), "in a transaction that no server knows of")
        t.error("25P02", lambda: c.query("SELECT 1"), "which has failed")
        c.query("ROLLBACK")
        # a server's transaction cannot be failed by us: whatever it is, no standby has reached it
        c.query("BEGIN")
        c.query("INSERT INTO fl VALUES (1)")
        c.query("SET pgsteer.min_lsn = 'x'")
        c.query("COMMIT")
        cluster.wait_replayed()
        t.equal(seen(c)[1], cluster.primary.port, "reads under a floor that is none")
    t.error("22023", lambda: s.client(options="-c pgsteer.min_lsn=x"), "at login")


def test_floors_over_a_failover(t):
    cluster = t.own_cluster()
    t.sql("CREATE TABLE fl(i int)")
    s, other = t.steer(failover_timeout="30"), t.steer(failover_timeout="30")
    old = cluster.primary
    with s.client() as c, other.client() as late:
        c.query("INSERT INTO fl VALUES (1)")
        before = c.value("SHOW pgsteer.lsn")
        cluster.wait_replayed()
        old.kill()
        t.wait(lambda: all(row["role"] != "primary" for row in s.nodes()), "the loss to be noticed")
        answers = []
        asking = threading.Thread(target=lambda: answers.append(c.value("SHOW pgsteer.lsn")))
        asking.start()
        setting = threading.Thread(target=lambda: answers.append(late.query(f"SET pgsteer.min_lsn = '{before}'")))
        setting.start()
        cluster.fail_over()
        asking.join(30)
        setting.join(30)
        t.equal(len(answers), 2, "floors asked for and set while there was no primary")
        after = next(answer for answer in answers if isinstance(answer, str))
        t.equal(after.split("@")[1], "2", "the timeline of a floor after the failover")
        late.query(f"SET pgsteer.min_lsn = '{after}'")
        t.equal(seen(late)[0], 1, "what a floor of the new timeline shows")
        late.query(f"SET pgsteer.min_lsn = '{before}'")
        t.equal(seen(late)[0], 1, "what one of the old timeline shows")


def test_what_a_parameter_writes_is_seen(t):
    """A value bound to a domain's type goes through its checks, which may write: with consistency=strong all see that."""
    cluster = t.own_cluster(standbys=1)
    t.sql("CREATE TABLE fl(i int)",
          "CREATE FUNCTION noted(int) RETURNS bool LANGUAGE sql VOLATILE AS 'INSERT INTO fl VALUES ($1); SELECT true'",
          "CREATE DOMAIN noting AS int CHECK (noted(VALUE))")
    oid = int(cluster.primary.value("SELECT 'noting'::regtype::oid", database="app"))
    s = t.steer(consistency="strong")
    cluster.standbys[0].query("SELECT pg_wal_replay_pause()")
    steps = (lambda c: c.segment(parse("", "SELECT $1", (oid,)), bind("", "", ("1",)), execute()),
             lambda c: (c.segment(parse("", "SELECT $1", (oid,))), c.segment(bind("", "", ("1",)), execute())),
             lambda c: c.segment(parse("s", "SELECT $1", (oid,)), bind("", "s", ("1",)), execute()))
    s.wait_catalogs()
    for count, step in enumerate(steps, 1):
        with s.client() as writer, s.client() as reader:
            step(writer)
            t.equal(seen(reader), (count, cluster.primary.port), f"what another has written, way {count}")
