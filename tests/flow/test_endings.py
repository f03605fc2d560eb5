"""How servers end sessions: at once (-m immediate), because another session has crashed, because an administrator or a
timeout wants it; and what their clients get of it."""
import os
import signal

from flow import deadline
from wire import bind, execute, parse, query, sync

SETTINGS = {"lazy_begin": 0, "default_pool_size": 40}

PUT = "INSERT INTO ending VALUES ('{}')"


def prepared(t, **settings):
    cluster = t.own_cluster()
    t.sql("CREATE TABLE ending(who text)", "CREATE TABLE gate(who text)")
    s = t.steer(**settings)
    s.wait_known("ending", "gate")
    return cluster, s


def all_at_work(t, cluster, s):
    """Clients in the middle of everything; `holder` makes some of them wait."""
    clients = {name: s.client() for name in ("idle", "transaction", "running", "single", "read", "rows", "pinned")}
    for name in ("transaction", "running"):
        clients[name].query("BEGIN")
        clients[name].query(PUT.format(name))
    clients["pinned"].query("LISTEN news")
    holder = clients["holder"] = cluster.primary.connect("app")
    holder.query("BEGIN")
    holder.query("LOCK TABLE gate IN EXCLUSIVE MODE")
    clients["running"].send(query("INSERT INTO gate VALUES ('running')"))
    clients["single"].send(query("INSERT INTO gate VALUES ('single')"))
    clients["read"].send(query("/* pgsteer: primary */ SELECT 7 FROM pg_sleep(2)"))
    clients["rows"].send(query("/* pgsteer: primary */ SELECT i, pg_sleep(2 * (i - 1)) FROM generate_series(1, 2) i"))
    t.wait(lambda: cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event IN ('relation', 'PgSleep')") == "4",
           "four statements to wait")
    return clients


def check_all(t, clients):
    got = clients["running"].result(check=False)
    t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "E"), "a statement of a transaction")
    got = clients["single"].result(check=False)
    t.equal(([e.sqlstate for e in got.errors], got.status, got.notices), (["40003"], "I", []), "a single write")
    for name, rows in (("read", [["7"]]), ("rows", [["1", ""], ["2", ""]])):
        got = clients[name].result(check=False)
        t.equal((got.errors, got.rows, got.notices), ([], rows, []), f"{name}: run again")
    got = clients["transaction"].query("SELECT 1", check=False)
    t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "E"), "an open transaction's next statement")
    t.equal(clients["transaction"].query("COMMIT").tags, ["ROLLBACK"], "its end")
    t.true(clients["pinned"].at_end(), "whose session lived in the server is disconnected")
    for name in ("idle", "transaction", "running", "single"):
        clients[name].query("ROLLBACK")
        t.equal(clients[name].query(PUT.format(f"{name} again")).tags, ["INSERT 0 1"], f"{name} goes on")


@deadline(120)
def test_a_server_that_is_stopped_at_once(t):
    cluster, s = prepared(t)
    clients = all_at_work(t, cluster, s)
    cluster.primary.stop("immediate")
    cluster.fail_over()
    check_all(t, clients)
    t.equal(cluster.primary.value("SELECT count(*) FROM gate", "app"), "0", "rows that nobody was promised")


@deadline(120)
def test_a_session_that_crashes(t):
    """All sessions of its server end, and the same server comes back, as the primary that it was: no error but for what
    was under way. Its clients wait while it takes nobody (57P03)."""
    cluster, s = prepared(t)
    clients = all_at_work(t, cluster, s)
    with cluster.primary.connect() as other:
        other.query("SELECT 1")
        os.kill(int(other.value("SELECT pg_backend_pid()")), signal.SIGKILL)
    check_all(t, clients)
    t.equal([row["role"] for row in s.nodes()].count("primary"), 1, "one primary")
    t.equal(s.node(cluster.primary.port)["timeline"], "1", "which is the old one")
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "new clients come in")


@deadline(60)
def test_a_session_that_was_too_slow(t):
    """It hears of that, and not that it should try again."""
    cluster, s = prepared(t)
    slow = "SET idle_in_transaction_session_timeout = '200ms'"
    with s.client() as c, s.client() as other:
        c.query(slow)
        c.query("BEGIN")
        c.query(PUT.format("slow"))
        t.wait(lambda: cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'") == "0",
               "the server to end the session")
        got = c.query(PUT.format("late"), check=False)
        t.equal(([e.sqlstate for e in got.errors], got.errors[0].severity, got.status), (["25P03"], "ERROR", "E"),
                "the next statement")
        t.contains(got.errors[0].message, "idle_in_transaction_session_timeout", "the error")
        t.equal([e.sqlstate for e in c.query("SELECT 1", check=False).errors], ["25P02"], "the one behind it")
        t.equal(c.query("COMMIT").tags, ["ROLLBACK"], "the end")
        c.query("BEGIN")
        c.query(PUT.format("slow"))
        t.wait(lambda: cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'") == "0",
               "the server to end the session")
        c.send(parse("", "COMMIT"), bind(), execute(), sync())
        got = c.result(check=False)
        t.equal(([e.sqlstate for e in got.errors], got.tags, got.status), (["25P03"], [], "I"), "a COMMIT that comes too late")
        c.query("RESET idle_in_transaction_session_timeout")
        t.equal(c.query(PUT.format("in time")).tags, ["INSERT 0 1"], "the client goes on")
        t.equal(other.value("/* pgsteer: primary */ SELECT string_agg(who, ',') FROM ending"), "in time", "rows")
    t.equal([row["state"] for row in s.nodes()], ["up"] * 3, "no node is blamed for it")


@deadline(60)
def test_sessions_that_are_terminated(t):
    """Idle ones: nobody notices. In transactions: 40001. What ran: run again."""
    cluster, s = prepared(t)
    end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app'"
    with s.client() as idle, s.client() as transaction, s.client() as read:
        idle.query(PUT.format("idle"))
        transaction.query("BEGIN")
        transaction.query(PUT.format("transaction"))
        read.send(query("/* pgsteer: primary */ SELECT 7 FROM pg_sleep(1)"))
        t.wait(lambda: cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "1", "a read")
        cluster.primary.value(end)
        t.equal(read.result().rows, [["7"]], "a read")
        t.equal(idle.query(PUT.format("again")).tags, ["INSERT 0 1"], "a write of an idle client")
        got = transaction.query(PUT.format("more"), check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "E"), "a transaction")
        transaction.query("ROLLBACK")
        for messages in ([query("ROLLBACK")], [parse("", "ROLLBACK"), bind(), execute(), sync()]):
            transaction.query("BEGIN")
            transaction.query(PUT.format("transaction"))
            cluster.primary.value(end)
            t.wait(lambda: s.show("POOLS")[0]["sv_active"] == "0", "the end to be seen")
            transaction.send(*messages)
            got = transaction.result(check=False)
            t.equal((got.errors, got.tags, got.status), ([], ["ROLLBACK"], "I"), "ROLLBACK, which has happened already")
        t.equal(idle.value("SELECT string_agg(who, ',') FROM ending"), "idle,again", "rows")
