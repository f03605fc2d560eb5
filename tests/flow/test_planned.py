"""A planned switchover: the primary is stopped, a standby is promoted. What the server itself reports aborted was
never committed, and is run again where nothing of its answer has left."""
import os
import signal

from flow import deadline
from ledger import Ledger
from wire import bind, execute, parse, query, sync

SETTINGS = {"default_pool_size": 40}

TABLES = ("CREATE TABLE gate(who text)", "CREATE TABLE open(who text)", "CREATE TABLE late(who text)",
          "CREATE FUNCTION pass_late() RETURNS trigger LANGUAGE plpgsql AS "
          "'BEGIN INSERT INTO gate VALUES (NEW.who); RETURN NULL; END'",
          "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED "
          "FOR EACH ROW EXECUTE FUNCTION pass_late()",
          "CREATE PROCEDURE pass(who text) LANGUAGE sql AS 'INSERT INTO gate VALUES (who)'")


def through(who):
    return f"INSERT INTO gate VALUES ('{who}')"


def run(sql, name=""):
    return parse(name, sql) + bind("", name) + execute()


# What is sent while the gate is closed: name -> messages, and what comes of it.
DONE = {  # run again, unnoticed: the tags
    "simple": (query(through("simple")), ["INSERT 0 1"]),
    "several": (query("INSERT INTO open VALUES ('several');" + through("several")), ["INSERT 0 1"] * 2),
    "setting": (query("SET work_mem = '7MB';" + through("setting")), ["SET", "INSERT 0 1"]),
    "returning": (query("INSERT INTO gate VALUES ('returning') RETURNING who"), ["INSERT 0 1"]),
    "unnamed": (run(through("unnamed")) + sync(), ["INSERT 0 1"]),
    "named": (run(through("named"), "n") + sync(), ["INSERT 0 1"]),
    "known": (bind("", "k") + execute() + sync(), ["INSERT 0 1"]),
    "segment": (run("INSERT INTO open VALUES ('segment')") + run(through("segment")) + sync(), ["INSERT 0 1"] * 2),
    "deferred": (run("INSERT INTO late VALUES ('deferred')") + sync(), ["INSERT 0 1"]),  # its Sync waits
    "ddl": (query("ALTER TABLE gate ADD COLUMN more text"), ["ALTER TABLE"]),
}
REFUSED = {  # the SQLSTATE, and the status behind it
    "large": (query(through("large") + "--" + "x" * 20000), "40001", "I"),  # not kept
    "copy": (query("COPY gate FROM STDIN"), "40001", "I"),
    "commit": (query("COMMIT"), "40001", "I"),  # a deferred trigger waits
    "commit again": (run("COMMIT") + sync(), "40001", "I"),
    "transaction": (query(through("transaction")), "40001", "E"),
    "do": (query("DO $$BEGIN INSERT INTO gate VALUES ('do'); END$$"), "40003", "I"),  # might have committed a part
    "procedure": (query("CALL pass('procedure')"), "40003", "I"),
}
PREPARE = {"known": lambda c: c.segment(parse("k", through("known"))),
           "commit": lambda c: (c.query("BEGIN"), c.query("INSERT INTO late VALUES ('commit')")),
           "commit again": lambda c: (c.query("BEGIN"), c.query("INSERT INTO late VALUES ('commit again')")),
           "transaction": lambda c: (c.query("BEGIN"), c.query("INSERT INTO open VALUES ('transaction')"))}


def wait_waiting(t, node, count):
    t.wait(lambda: int(node.value("SELECT count(*) FROM pg_locks WHERE NOT granted", "app")) == count,
           f"{count} statements to wait at the gate")


@deadline(120)
def test_statements_that_the_server_aborts(t):
    cluster = t.own_cluster()
    t.sql(*TABLES)
    s = t.steer()
    clients = {name: s.client() for name in [*DONE, *REFUSED, "two"]}
    for name, prepare in PREPARE.items():
        prepare(clients[name])
    holder = cluster.primary.connect("app")
    holder.query("BEGIN")
    holder.query("LOCK TABLE gate IN EXCLUSIVE MODE")
    for name, case in {**DONE, **REFUSED}.items():
        clients[name].send(case[0])
    clients["two"].send(query(through("two")), query("INSERT INTO open VALUES ('two')"))
    wait_waiting(t, cluster.primary, len(clients))
    gatekeeper = int(holder.value("SELECT pg_backend_pid()"))
    os.kill(gatekeeper, signal.SIGSTOP)  # or it might leave first, and let somebody through
    cluster.primary.process.send_signal(signal.SIGINT)
    for name, (_, sqlstate, status) in REFUSED.items():
        got = clients[name].result(check=False)
        t.equal(([e.sqlstate for e in got.errors], got.tags, got.status), ([sqlstate], [], status), name)
    for _ in range(2):
        t.equal([e.sqlstate for e in clients["two"].result(check=False).errors], ["40001"], "of two in a row")
    t.true(clients["simple"].quiet(0.3), f"what is run again waits for a primary, got {clients['simple'].unread()}")
    os.kill(gatekeeper, signal.SIGCONT)
    cluster.primary.stop("fast")
    cluster.fail_over()
    for name, (_, tags) in DONE.items():
        got = clients[name].result(check=False)
        t.equal((got.errors, got.tags, got.status), ([], tags, "I"), name)
    t.equal(clients["setting"].value("/* pgsteer: primary */ SHOW work_mem"), "7MB", "what was set with it")
    t.equal(clients["named"].segment(bind("", "n"), execute()).tags, ["INSERT 0 1"], "what was prepared with it")
    clients["transaction"].query("ROLLBACK")
    for c in clients.values():
        t.equal(c.query("SELECT 1").status, "I", "each client goes on")
    rows = sorted(row[0] for row in cluster.primary.query("SELECT who FROM gate", "app").rows)
    t.equal(rows, sorted(["named", *(name for name in DONE if name != "ddl")]), "rows, once each")
    rows = [row[0] for row in cluster.primary.query("SELECT who FROM open ORDER BY 1", "app").rows]
    t.equal(rows, ["segment", "several"], "rows of the first statements, once each")
    row = s.show("FAILOVERS")[-1]
    counts = [int(row[name]) for name in ("repeated", "rolled_back", "unknown")]
    t.equal(counts, [len(DONE), len(REFUSED) - 2 + 1, 2], "what SHOW FAILOVERS counts")


@deadline(120)
def test_a_server_that_falls_silent_while_it_stops(t):
    """It has said that it stops: who waits for a COMMIT is told what its own server says of that, however late."""
    cluster = t.own_cluster()
    t.sql(*TABLES)
    s = t.steer(health_check_timeout="0.2")
    with s.client() as c, s.client() as other, cluster.primary.connect("app") as holder:
        for client in (c, other):
            client.query("BEGIN")
            client.query("INSERT INTO late VALUES ('silent')")
        backend = int(c.value("SELECT pg_backend_pid()"))
        holder.query("BEGIN")
        holder.query("LOCK TABLE gate IN EXCLUSIVE MODE")
        gatekeeper = int(holder.value("SELECT pg_backend_pid()"))
        for client in (c, other):
            client.send(query("COMMIT"))
        wait_waiting(t, cluster.primary, 2)
        for pid in (backend, gatekeeper):
            os.kill(pid, signal.SIGSTOP)
        cluster.primary.process.send_signal(signal.SIGINT)
        t.equal([e.sqlstate for e in other.result(check=False).errors], ["40001"], "whose server is quick")
        os.kill(cluster.primary.process.pid, signal.SIGSTOP)
        t.wait(lambda: "down" in [row["state"] for row in s.show("NODES")], "it to be seen")
        t.true(c.quiet(1.5), f"whose server is slow waits while the checks get no answer, got {c.unread()}")
        for pid in (cluster.primary.process.pid, backend, gatekeeper):
            os.kill(pid, signal.SIGCONT)
        t.equal([e.sqlstate for e in c.result(check=False).errors], ["40001"], "whose server is slow")
        cluster.primary.process.wait()
        cluster.fail_over()
        t.equal(cluster.primary.value("SELECT count(*) FROM late", "app"), "0", "rows")


@deadline(120)
def test_a_commit_that_was_not_waited_for(t):
    """The commit waits for a standby when the primary is stopped: it is there, and the client cannot be told so."""
    cluster = t.own_cluster()
    t.sql("CREATE TABLE synced(i int)")
    cluster.synchronous()
    s = t.steer()
    with s.client() as c:
        for standby in cluster.standbys:
            standby.freeze()
        c.send(query("INSERT INTO synced VALUES (1)"))
        t.wait(lambda: cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1",
               "the commit to wait for a standby")
        cluster.primary.value("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        got = c.result(check=False)
        t.equal([e.sqlstate for e in got.errors], ["40003"], "a commit that gave up waiting")
        t.contains(got.notices[0]["M"], "canceling the wait for synchronous replication", "what the server said of it")
        t.equal(cluster.primary.value("SELECT count(*) FROM synced", "app"), "1", "rows: it was not run again")
        for standby in cluster.standbys:
            standby.thaw()


@deadline(120)
def test_a_statement_that_is_terminated(t):
    """pg_terminate_backend says the same as a server that stops: such a statement is run again, but not for ever."""
    t.sql(*TABLES)
    s = t.steer()
    end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = '" + \
        through("victim").replace("'", "''") + "' AND wait_event_type = 'Lock'"
    try:
        with s.client() as c, t.cluster.primary.connect("app") as holder:
            holder.query("BEGIN")
            holder.query("LOCK TABLE gate IN EXCLUSIVE MODE")
            c.send(query(through("victim")))
            for _ in range(3):
                wait_waiting(t, t.cluster.primary, 1)
                t.wait(lambda: t.cluster.primary.value(end) == "1", "the statement to be terminated")
            got = c.result(check=False)
            t.equal([e.sqlstate for e in got.errors], ["40001"], "terminated a third time")
            c.send(query(through("victim")))
            wait_waiting(t, t.cluster.primary, 1)
            t.wait(lambda: t.cluster.primary.value(end) == "1", "the statement to be terminated")
            wait_waiting(t, t.cluster.primary, 1)
            holder.query("COMMIT")
            t.equal(c.result().tags, ["INSERT 0 1"], "terminated once")
            t.equal(c.value("SELECT count(*) FROM gate"), "1", "rows")
    finally:
        t.sql("DROP TABLE gate, open, late", "DROP FUNCTION pass_late", "DROP PROCEDURE pass")


@deadline(150)
def test_load_over_a_planned_switch(t):
    """Autocommit clients see nothing of it, the others 40001 at most."""
    cluster = t.own_cluster()
    t.sql("SELECT 1")
    with cluster.primary.connect("app", user="app") as c:
        Ledger.prepare(c)
    cluster.wait_replayed()
    s = t.steer(workers=2)
    s.wait_known("ledger", "ledger_total")
    ledger = Ledger(lambda: s.client(), writers=24, pause=0).start()
    for _ in range(2):
        old = cluster.primary
        count = ledger.commits()
        t.wait(lambda: ledger.commits() > count + 300, "the load to run")
        old.stop("fast")
        cluster.fail_over()
        cluster.rejoin(old)
        s.wait_nodes(2)
    count = ledger.commits()
    t.wait(lambda: ledger.commits() > count + 100, "the load to go on")
    ledger.stop()
    t.equal({k: ledger.first_messages[k] for k in ledger.write_errors if k != "40001"}, {}, "errors other than 40001")
    t.equal(dict(ledger.autocommit_errors), {}, "errors of single statements")
    t.equal((dict(ledger.read_errors), ledger.disconnected, ledger.stale), ({}, 0, []), "errors of reads, lost clients")
    with cluster.primary.connect("app") as c:
        verdict = ledger.check(c)
    t.equal((verdict.lost[:10], verdict.twice[:10]), ([], []), "rows lost, rows committed twice")
