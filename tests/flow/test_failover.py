"""Nodes that die, freeze and come back, under load."""
import time

from flow import deadline
from ledger import Ledger
from run import SLOW, wait_for

SETTINGS = {"lazy_begin": 1}

SOON = 15 * SLOW  # generous: a loaded machine must not fail a test; the drill measures


def start_load(t, s, **more):
    with t.cluster.primary.connect("app", user="app") as c:
        Ledger.prepare(c)
    t.cluster.wait_replayed()
    s.wait_known("ledger", "ledger_total")
    ledger = Ledger(lambda: s.client(), **more).start()
    t.wait(lambda: ledger.commits() > 50 and len(ledger.reads) > 50, "the load to run")
    return ledger


def settle(t, ledger, s):
    """Ends the load and checks what must hold after every drill."""
    moment = time.monotonic()
    t.wait(lambda: sum(m > moment for m in list(ledger.acknowledged.values())) > 50, "writes to flow at the end")
    ledger.stop()
    allowed = {"40001", "40003"}
    t.equal({k: ledger.first_messages[k] for k in ledger.write_errors if k not in allowed}, {},
            "errors of writes other than 40001 and 40003")
    t.equal({k: ledger.first_messages[k] for k in ledger.read_errors}, {}, "errors of reads")
    t.equal(ledger.disconnected, 0, "disconnected clients")
    t.equal(ledger.stale, [], "sessions that did not see their own writes")
    with t.cluster.primary.connect("app") as c:
        verdict = ledger.check(c)
    t.equal(verdict.twice[:10], [], "rows that were committed twice")
    return verdict


@deadline(120)
def test_killed_primary_synchronous(t):
    cluster = t.own_cluster()
    cluster.synchronous()
    s = t.steer()
    ledger = start_load(t, s)
    old = cluster.primary
    epoch = s.nodes()
    old.kill()
    promoted = cluster.fail_over()
    t.wait(lambda: ledger.first_commit_after(promoted) is not None, "writes to flow after the promotion", SOON)
    t.wait(lambda: s.node(cluster.primary.port)["role"] == "primary", "SHOW NODES to name the new primary")
    row = s.node(cluster.primary.port)
    t.equal((row["state"], row["timeline"]), ("up", "2"), "the new primary in SHOW NODES")
    t.equal(s.node(old.port)["state"], "down", "the dead node in SHOW NODES")
    t.true(epoch != s.nodes(), "SHOW NODES has changed")
    t.contains(s.log_text(), f"failover: 127.0.0.1:{cluster.primary.port} is the primary instead of 127.0.0.1:{old.port} (",
               "one line that says what happened")
    verdict = settle(t, ledger, s)
    t.equal(verdict.lost[:10], [], "acknowledged commits that are lost, replication being synchronous")
    t.true(verdict.acknowledged > 100, f"commits, got {verdict.acknowledged}")


@deadline(120)
def test_killed_primary_without_load_in_flight(t):
    """A client between transactions notices nothing: its next write waits and succeeds."""
    from wire import query
    cluster = t.own_cluster()
    s = t.steer()
    with s.client() as c, s.client() as reader:
        c.query("CREATE TABLE fo_idle(i int)")
        cluster.wait_replayed()
        cluster.primary.kill()
        s.wait_loss()  # a write sent before that may have left already, and ends with 40003
        c.send(query("INSERT INTO fo_idle VALUES (1)"))
        t.true(c.quiet(0.5), f"a write is held while there is no primary, got {c.unread()}")
        for _ in range(20):
            t.equal(reader.value("SELECT count(*) FROM fo_idle"), "0", "reads go on without a primary")
        cluster.fail_over()
        t.equal(c.result().tags, ["INSERT 0 1"], "the held write after the promotion")
        t.equal(c.value("SELECT count(*) FROM fo_idle"), "1", "and it is seen")


@deadline(120)
def test_transaction_in_flight_gets_40001(t):
    from wire import bind, execute, parse, sync
    cluster = t.own_cluster()
    s = t.steer()
    with s.client() as c, s.client() as ext:
        c.query("CREATE TABLE fo_flight(i int)")
        c.query("BEGIN")
        c.query("INSERT INTO fo_flight VALUES (1)")
        ext.query("BEGIN")
        ext.query("SELECT 1")
        cluster.primary.kill()
        got = c.query("INSERT INTO fo_flight VALUES (2)", check=False)
        t.equal([e.sqlstate for e in got.errors], ["40001"], "the next statement of a transaction on a lost primary")
        t.equal((got.errors[0].severity, got.status), ("ERROR", "E"), "severity and the transaction's state")
        got = c.query("SELECT 1", check=False)
        t.equal([e.sqlstate for e in got.errors], ["25P02"], "a statement in the aborted transaction")
        got = c.query("COMMIT")
        t.equal((got.tags, got.status), (["ROLLBACK"], "I"), "COMMIT of the aborted transaction")
        ext.send(parse("", "SELECT 1"), bind(), execute(), sync())
        got = ext.result(check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "E"), "the same in the extended protocol")
        t.equal(ext.segment(parse("", "ROLLBACK"), bind(), execute()).status, "I", "ROLLBACK through Parse")
        cluster.fail_over()
        t.equal(c.query("INSERT INTO fo_flight VALUES (3)").tags, ["INSERT 0 1"], "the same connection afterwards")
        t.equal(c.value("SELECT string_agg(i::text, ',') FROM fo_flight"), "3", "rows")


@deadline(120)
def test_autocommit_statement_in_flight_gets_40003(t):
    from wire import query
    cluster = t.own_cluster()
    s = t.steer()
    with s.client() as c:
        c.query("CREATE TABLE fo_unknown(i int)")
        c.send(query("INSERT INTO fo_unknown SELECT 1 FROM pg_sleep(60)"))
        t.wait(lambda: cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE "
                                             "'INSERT INTO fo_unknown%' AND state = 'active'") == "1", "the write to run")
        cluster.primary.kill()
        got = c.result(check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["40003"], "I"), "the write in flight")
        cluster.fail_over()
        t.equal(c.query("INSERT INTO fo_unknown VALUES (2)").tags, ["INSERT 0 1"], "the same connection afterwards")


@deadline(120)
def test_planned_switch(t):
    cluster = t.own_cluster()
    s = t.steer()
    ledger = start_load(t, s)
    cluster.primary.stop("fast")
    cluster.fail_over()
    verdict = settle(t, ledger, s)
    t.equal(verdict.lost[:10], [], "acknowledged commits that are lost in a planned switch")


@deadline(150)
def test_frozen_primary_is_replaced_and_thaws(t):
    cluster = t.own_cluster()
    cluster.synchronous()
    s = t.steer(health_check_timeout="0.5")
    ledger = start_load(t, s)
    old = cluster.primary
    old.freeze()
    promoted = cluster.fail_over()
    t.wait(lambda: ledger.first_commit_after(promoted) is not None, "writes to flow after the promotion", SOON)
    old.thaw()
    t.wait(lambda: s.node(old.port)["state"] == "fenced", "SHOW NODES to call the thawed primary fenced")
    verdict = settle(t, ledger, s)
    with old.connect("app") as c:
        t.equal(ledger.sent_after(c, promoted)[:10], [], "rows on the fenced node that were sent after the promotion")
    t.equal(verdict.lost[:10], [], "acknowledged commits that are lost")


@deadline(150)
def test_old_primary_that_returns_as_primary_is_fenced(t):
    cluster = t.own_cluster()
    cluster.synchronous()
    s = t.steer()
    ledger = start_load(t, s)
    old = cluster.primary
    old.kill()
    promoted = cluster.fail_over()
    t.wait(lambda: ledger.first_commit_after(promoted) is not None, "writes to flow after the promotion", SOON)
    old.start()
    row = t.wait(lambda: (r := s.node(old.port))["state"] == "fenced" and r, "SHOW NODES to say fenced")
    t.true(row["why"], "SHOW NODES says why")
    t.equal(s.node(cluster.primary.port)["role"], "primary", "the new primary stays")
    moment = time.monotonic()
    t.wait(lambda: sum(m > moment for m in list(ledger.acknowledged.values())) > 200, "more writes to flow")
    verdict = settle(t, ledger, s)
    with old.connect("app") as c:
        t.equal(ledger.sent_after(c, promoted)[:10], [], "rows on the fenced node that were sent after the promotion")
    t.equal(verdict.lost[:10], [], "acknowledged commits that are lost")
    old.stop("fast")
    cluster.rejoin(old)
    t.wait(lambda: (s.node(old.port)["role"], s.node(old.port)["state"]) == ("standby", "up"),
           "the old primary to serve as a standby", 40)


@deadline(150)
def test_standbys_die_and_return(t):
    cluster = t.own_cluster()
    s = t.steer()
    ledger = start_load(t, s)
    for victim in list(cluster.standbys):
        victim.kill()
        t.wait(lambda: s.node(victim.port)["state"] == "down", "SHOW NODES to call the dead standby down")
        count = len(ledger.reads)
        t.wait(lambda: len(ledger.reads) > count + 100, "reads to go on")
        victim.start()
        t.wait(lambda: s.node(victim.port)["state"] == "up", "the standby to return", 40)
    for victim in cluster.standbys:
        victim.stop("fast")
    count = len(ledger.reads)
    t.wait(lambda: len(ledger.reads) > count + 100, "reads to go on with no standby at all")
    with s.client() as c:
        t.equal(c.value("SELECT inet_server_port()"), str(cluster.primary.port), "where reads go then")
    for victim in cluster.standbys:
        victim.start()
    s.wait_nodes(2, 40)
    settle(t, ledger, s)
    t.equal(dict(ledger.write_errors), {}, "errors of writes while only standbys died")


@deadline(120)
def test_no_primary_for_too_long(t):
    cluster = t.own_cluster()
    s = t.steer(failover_timeout="1")
    with s.client() as c:
        c.query("CREATE TABLE fo_long(i int)")
        cluster.wait_replayed()
        s.wait_known("fo_long")  # or its read is taken for a write
        cluster.primary.kill()
        s.wait_loss()
        began = time.monotonic()
        got = c.query("INSERT INTO fo_long VALUES (1)", check=False)
        t.true(got.errors, "a write fails once failover_timeout has passed")
        t.equal((got.errors[0].severity, got.errors[0].sqlstate), ("ERROR", "57P03"), f"of {got.errors[0]}")
        for node in cluster.nodes:
            t.contains(got.errors[0].fields["H"], f":{node.port}: ", "the hint, which says what was seen on each node")
        t.within(time.monotonic() - began, 0.5, 20 * SLOW, "seconds it was held")
        with s.client() as other:  # c itself wrote a moment before the loss: no standby is known to have that
            t.equal(other.value("SELECT count(*) FROM fo_long"), "0", "reads go on")
        cluster.fail_over()
        wait_for(lambda: c.query("INSERT INTO fo_long VALUES (2)").tags == ["INSERT 0 1"], "writes after the promotion")


@deadline(120)
def test_start_without_a_primary(t):
    cluster = t.own_cluster()
    cluster.primary.kill()
    s = t.steer(nodes=False)
    with s.client(timeout=60) as c:
        t.equal(c.value("SELECT 1"), "1", "reads without a primary, right from the start")
        cluster.fail_over()
        c.query("CREATE TABLE fo_start(i int)")
        t.equal(c.value("SELECT count(*) FROM fo_start"), "0", "writes once there is one")


@deadline(120)
def test_prepared_statements_and_settings_survive(t):
    from wire import bind, execute, parse
    cluster = t.own_cluster()
    s = t.steer()
    with s.client() as c:
        c.query("CREATE TABLE fo_keep(i int)")
        c.query("SET work_mem = '19MB'")
        c.segment(parse("w", "INSERT INTO fo_keep VALUES ($1)"))
        c.segment(bind("", "w", ["1"]), execute())
        cluster.wait_replayed()
        cluster.primary.kill()
        cluster.fail_over()
        t.equal(c.segment(bind("", "w", ["2"]), execute()).tags, ["INSERT 0 1"], "a named statement after a failover")
        t.equal(c.value("/* pgsteer: primary */ SELECT current_setting('work_mem')"), "19MB", "a setting after it")
        t.equal(c.value("SELECT count(*) FROM fo_keep"), "2", "rows")


@deadline(120)
def test_pinned_session_on_a_lost_primary(t):
    from wire import query
    cluster = t.own_cluster()
    s = t.steer()
    with s.client() as c, s.client() as other:
        c.query("CREATE TEMP TABLE fo_temp(i int)")
        cluster.primary.kill()
        c.send(query("INSERT INTO fo_temp VALUES (1)"))
        cluster.fail_over()
        try:
            t.true(c.result(check=False).errors, "a session whose state died with its server gets an error, not silence")
        except (EOFError, OSError):
            pass  # or it is closed, as PostgreSQL itself would
        other.query("CREATE TABLE fo_pinned(i int)")
        t.equal(other.value("SELECT count(*) FROM fo_pinned"), "0", "other sessions go on")


@deadline(120)
def test_held_queue(t):
    """Bounded, seen in the console, left by a cancel request, and drained in order at a bounded rate; exactly so with
    several workers."""
    from wire import query
    cluster = t.own_cluster()
    t.sql("CREATE TABLE fo_held(i int, at timestamptz DEFAULT clock_timestamp())")
    # One server, so that who is let go first is served first.
    s = t.steer(workers=2, failover_queue_size=21, failover_drain_rate=20, default_pool_size=1)
    clients = [s.client() for _ in range(23)]
    s.wait_known("fo_held")
    cluster.primary.kill()
    s.wait_loss()
    for i, c in enumerate(clients[:21]):
        c.send(query(f"INSERT INTO fo_held VALUES ({i})"))
    t.wait(lambda: [row["state"] for row in s.show("SESSIONS")].count("waiting") == 21, "SHOW SESSIONS to show those that wait")
    t.equal(s.show("POOLS")[0]["cl_waiting"], "21", "SHOW POOLS counts them as waiting")
    for c in clients[21:]:
        got = c.query("INSERT INTO fo_held VALUES (-1)", check=False)
        t.equal([e.sqlstate for e in got.errors], ["57P03"], "one more than failover_queue_size")
        t.contains(got.errors[0].message, "too many clients are held", "what it is told")
    clients[20].cancel()
    got = clients[20].result(check=False)
    t.equal(([e.sqlstate for e in got.errors], got.status), (["57014"], "I"), "a held client that is canceled")
    cluster.fail_over()
    for c in clients[:20]:
        t.equal(c.result().tags, ["INSERT 0 1"], "a held client")
    with cluster.primary.connect("app") as c:
        rows = c.query("SELECT i, extract(epoch FROM at - min(at) OVER ()) FROM fo_held ORDER BY at").rows
    t.equal(sorted(int(row[0]) for row in rows), list(range(20)), "rows")
    t.within(float(rows[-1][1]), 0.8, 60 * SLOW, "seconds between the first and the last of 20, at 20 a second")
    workers = {row["port"]: row["worker"] for row in s.show("SESSIONS")}
    for worker in set(workers.values()):
        mine = [int(row[0]) for row in rows if workers[str(clients[int(row[0])].socket.getsockname()[1])] == worker]
        t.equal(mine, sorted(mine), "the order in which a worker's clients go on")
    for c in clients:
        t.equal(c.value("SELECT 1"), "1", "every client goes on")
    row = s.show("FAILOVERS")[-1]
    t.equal([row[name] for name in ("held", "drained", "refused")], ["23", "20", "2"], "what SHOW FAILOVERS counts")


@deadline(120)
def test_read_whose_rows_have_partly_left(t):
    """It is never run twice: the client has rows, and gets an error behind them."""
    from wire import query
    cluster = t.own_cluster()
    s = t.steer()
    with s.client() as c:
        c.send(query("SELECT i, pg_sleep(0.0001) FROM generate_series(1, 1000000) i"))
        t.equal(c.until("D")[-1].type, "D", "rows begin to come")
        victim = next(node for node in cluster.nodes if int(node.value(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%generate_series(1, 1000000)%' "
            "AND pid <> pg_backend_pid()")) == 1)
        victim.kill()
        got = c.result(check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "I"), "what comes behind the rows")
        t.contains(got.errors[0].message, "was lost", "what the client is told")
        numbers = [int(row[0]) for row in got.rows]
        t.equal(numbers, list(range(2, 2 + len(numbers))), "rows, none twice")
        t.equal(c.value("SELECT 1"), "1", "the client goes on")
