"""SWITCHOVER: a standby takes the primary's place, and nobody loses anything; and all that it refuses."""
import socket
import threading
import time

from flow import deadline
from run import wait_for
from test_failover import settle, start_load
from wire import Client, query

SETTINGS = {"lazy_begin": 1, "switchover_timeout": "3"}


def name(node):
    return f"127.0.0.1:{node.port}"


def rally(cluster, chosen):
    cluster.rally(chosen)
    wait_for(lambda: chosen.value("SELECT count(*) FROM pg_stat_replication") == "1", "the other standby to follow")


def switch(t, s, chosen, more=""):
    """SWITCHOVER; returns its rows."""
    rows = s.admin(f"SWITCHOVER app TO {name(chosen)}{more}").dicts()
    t.cluster.primary = chosen
    return rows


def refused(t, s, command, *parts):
    """The error of a SWITCHOVER that comes to nothing."""
    with s.console() as c:
        got = c.query(command, check=False)
    t.true(got.errors, f"an error of {command}")
    text = f"{got.errors[0].message} {got.errors[0].fields.get('H', '')}"
    for part in parts:
        t.contains(text, part, f"the error of {command}")


def still_writes(t, s, table):
    with s.client() as c:
        t.equal(c.query(f"INSERT INTO {table} VALUES (1)").tags, ["INSERT 0 1"], "writes go on as before")


def under_load(t, synchronous):
    cluster = t.own_cluster()
    if synchronous:
        cluster.synchronous()
    # the same servers under another line, which makes another cluster of them
    s = t.steer({"app": cluster.line("app"), "turned": cluster.line("app", cluster.nodes[::-1])}, nodes=False)
    t.wait(lambda: [row["state"] for row in s.nodes()] == ["up"] * 6, "all nodes to be up")
    chosen, old = cluster.standbys[0], cluster.primary
    rally(cluster, chosen)
    ledger = start_load(t, s)
    rows = switch(t, s, chosen)
    moment = time.monotonic()
    t.equal(len(rows), 7, f"a row for each step of {rows}")
    verdict = settle(t, ledger, s)
    t.equal(dict(ledger.write_errors), {}, f"errors of writes: {ledger.first_messages}")
    t.equal(verdict.lost[:10], [], "acknowledged commits that are lost")
    t.equal(s.node(old.port)["state"], "fenced", "the old primary")
    with old.connect("app") as c:
        t.equal(ledger.sent_after(c, moment)[:10], [], "rows on the old primary that were sent afterwards")
    row = s.show("FAILOVERS")[-1]
    t.equal((row["from_node"], row["to_node"], row["rolled_back"], row["unknown"]),
            (name(old), name(chosen), "0", "0"), "SHOW FAILOVERS")
    print(f"new work was held for {row['gap_ms']} ms")


@deadline(120)
def test_under_load_with_asynchronous_replication(t):
    under_load(t, False)


@deadline(120)
def test_under_load_with_synchronous_replication(t):
    under_load(t, True)


@deadline(120)
def test_what_runs_ends_first_or_is_ended(t):
    cluster = t.own_cluster()
    s = t.steer(switchover_timeout="1.5")
    chosen = cluster.standbys[0]
    command = f"SWITCHOVER app TO {name(chosen)}"
    t.sql("CREATE TABLE so_runs(i int)")
    s.wait_known("so_runs")
    with s.client() as c, s.client() as other, s.console() as console:
        c.query("BEGIN")
        c.query("INSERT INTO so_runs VALUES (1)")
        refused(t, s, command, "1 clients still use", "SHOW SESSIONS", "FORCE")
        t.equal(c.query("INSERT INTO so_runs VALUES (2)").status, "T", "the transaction goes on")
        still_writes(t, s, "so_runs")
        # and one that ends in time is waited for, while new ones wait
        console.send(query(command))
        wait_for(lambda: all(row["role"] != "primary" for row in s.nodes()), "new work to be held")
        other.send(query("INSERT INTO so_runs VALUES (4)"))
        t.true(other.quiet(0.2), "a write is held")
        t.equal(c.query("COMMIT").tags, ["COMMIT"], "what ran ends")
        t.equal(len(console.result().rows), 7, "and the switchover goes on")
        cluster.primary, old = chosen, cluster.primary
        t.equal(other.result().tags, ["INSERT 0 1"], "and the write goes to the new primary")
        t.equal(chosen.value("SELECT string_agg(i::text, ',' ORDER BY i) FROM so_runs", "app"), "1,1,2,4", "rows")
        old.stop("fast")
        cluster.rejoin(old)
        t.wait(lambda: s.node(old.port)["state"] == "up", "the old primary to come back as a standby", 40)
        c.query("BEGIN")
        c.query("INSERT INTO so_runs VALUES (5)")
        switch(t, s, old, " FORCE")
        t.equal(c.query("COMMIT", check=False).errors[0].sqlstate, "40001", "the end of what was ended")
    t.equal(old.value("SELECT count(*) FROM so_runs WHERE i = 5", "app"), "0", "and it is not there")


@deadline(120)
def test_refuses_to_lose_what_others_write(t):
    cluster = t.own_cluster()
    s = t.steer(switchover_timeout="1.5")
    command = f"SWITCHOVER app TO {name(cluster.standbys[0])}"
    t.sql("CREATE TABLE so_others(i int)")
    s.wait_known("so_others")
    with cluster.primary.connect("app") as direct:
        direct.query("BEGIN")
        direct.query("INSERT INTO so_others VALUES (1)")
        refused(t, s, command, "others write to", "FORCE")
        still_writes(t, s, "so_others")
        direct.query("COMMIT")
    cluster.standbys[0].query("SELECT pg_wal_replay_pause()")
    refused(t, s, command, "its replay is paused", "pg_wal_replay_resume")
    cluster.standbys[0].query("SELECT pg_wal_replay_resume()")
    cluster.standbys[0].set(recovery_min_apply_delay=60000)
    with cluster.primary.connect("app", user="app") as c:
        c.query("INSERT INTO so_others VALUES (2)")
    refused(t, s, command, "has not replayed everything")
    still_writes(t, s, "so_others")


@deadline(120)
def test_refusals(t):
    cluster = t.own_cluster()
    cluster.synchronous()
    s = t.steer()
    primary, standby = cluster.primary, cluster.standbys[0]
    t.sql("CREATE TABLE so_refused(i int)")
    s.wait_known("so_refused")
    refused(t, s, f"SWITCHOVER nothing TO {name(standby)}", "no such database: nothing")
    refused(t, s, f"SWITCHOVER single TO {name(standby)}", "is no cluster")
    refused(t, s, "SWITCHOVER app TO 127.0.0.1:1", "has no node", "SHOW NODES")
    refused(t, s, f"SWITCHOVER app TO {name(primary)}", "is the primary already")
    refused(t, s, "SWITCHOVER app", "invalid command")
    refused(t, s, f"SWITCHOVER app TO {name(standby)}", "would wait for standbys", "synchronous_standby_names")
    s.admin(f"DRAIN {name(standby)}")
    t.wait(lambda: s.node(standby.port)["state"] == "ejected", "the standby to be drained")
    refused(t, s, f"SWITCHOVER app TO {name(standby)}", "is no fit standby")
    s.admin(f"UNDRAIN {name(standby)}")
    t.wait(lambda: s.node(standby.port)["state"] == "up", "the standby to be back")
    cluster.synchronous(False)
    with Client(standby.port, user="postgres", database="postgres") as c:
        c.query("SET application_name = 'Patroni'")
        refused(t, s, f"SWITCHOVER app TO {name(standby)}", "Patroni manages it", "patronictl switchover")
    s.settings["health_check_user"] = "app"
    s.reload()
    t.wait(lambda: cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND "
                                         "application_name = 'pgsteer health check'") != "0", "the new login")
    s.wait_nodes(2)
    refused(t, s, f"SWITCHOVER app TO {name(standby)}", "may not promote", "GRANT EXECUTE ON FUNCTION pg_promote")
    still_writes(t, s, "so_refused")


@deadline(120)
def test_called_off(t):
    """By the operator, by his leaving, by RELOAD: what was held goes on where it was."""
    cluster = t.own_cluster()
    s = t.steer(switchover_timeout="60")
    command = f"SWITCHOVER app TO {name(cluster.standbys[0])}"
    t.sql("CREATE TABLE so_off(i int)")
    s.wait_known("so_off")
    with s.client() as c:
        c.query("BEGIN")
        c.query("INSERT INTO so_off VALUES (1)")
        for how, message in ((lambda console: console.cancel(), "canceling statement"),
                             (lambda console: s.reload(), "configuration was read anew"),
                             (lambda console: console.close(), None)):
            console = s.console()
            console.send(query(command))
            wait_for(lambda: all(row["role"] != "primary" for row in s.nodes()), "new work to be held")
            refused(t, s, command, "another switchover is under way")
            how(console)
            if message:
                t.contains(console.result(check=False).errors[0].message, message, "how it ended")
                console.close()
            s.wait_nodes(2)
            still_writes(t, s, "so_off")
        c.query("COMMIT")
    t.equal(cluster.primary.value("SELECT count(*) FROM so_off", "app"), "4", "rows")


class Tap:
    """A way to a node that does something when a word comes along: `strike()` instead of passing it on; the
    connection that it came by is closed. While it is `silent` it passes on nothing but INSERT."""

    def __init__(self, t, node, strike, word):
        self.node, self.strike, self.struck, self.word, self.silent = node, strike, 0, word, False
        self.listener = socket.create_server(("127.0.0.1", t.run.port()))
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.node.port))
            except OSError:
                if self.listener.fileno() < 0:
                    return
                client.close()
                continue
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one, other):
        try:
            while data := one.recv(65536):
                if self.word in data and self.strike and self.strike():
                    self.struck += 1
                    break
                while self.silent and b"INSERT" not in data:
                    time.sleep(0.01)
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def tapped(t, strike, word=b"pg_promote(false)", primary=False, **settings):
    """By default the tap is on the standby that is to be promoted."""
    cluster = t.own_cluster()
    chosen = cluster.standbys[0]
    behind = cluster.primary if primary else chosen
    tap = Tap(t, behind, strike, word)
    ports = [tap.port if node is behind else node.port for node in cluster.nodes]
    s = t.steer({"app": f"host={','.join(['127.0.0.1'] * 3)} port={','.join(map(str, ports))} dbname=app"},
                health_check_successes=1, **settings)
    t.sql("CREATE TABLE so_tapped(i int)")
    s.wait_known("so_tapped")
    rally(cluster, chosen)
    return cluster, chosen, tap, s


@deadline(120)
def test_a_promotion_that_was_not_heard(t):
    """The way to the standby breaks in the middle of it: whether it was heard is not known, and it is asked again."""
    taps = []
    cluster, chosen, tap, s = tapped(t, lambda: taps[0].struck == 0)
    taps.append(tap)
    with s.client() as c, s.console() as console:
        console.send(query(f"SWITCHOVER app TO {tap.address}"))
        t.wait(lambda: tap.struck, "the promotion to be lost on its way")
        c.send(query("INSERT INTO so_tapped VALUES (1)"))
        t.equal(len(console.result().rows), 7, "the switchover comes to its end")
        cluster.primary = chosen
        t.equal(c.result().tags, ["INSERT 0 1"], "what was held goes to the new primary")
    s.wait_log("is a standby still and asked for its promotion again")
    t.equal(chosen.value("SELECT count(*) FROM so_tapped", "app"), "1", "where it is")
    tap.close()


@deadline(120)
def test_a_standby_that_dies_when_it_is_promoted(t):
    """Nobody can know whether it has become a primary: the old one stays out, and those who wait are told so in time.
    When the standby is back, and is none, everything goes on as it was."""
    nodes = []
    cluster, chosen, tap, s = tapped(t, lambda: nodes and (nodes.pop().kill() or True), failover_timeout="1")
    nodes.append(chosen)
    with s.client() as c, s.client() as reader, s.console() as console:
        console.send(query(f"SWITCHOVER app TO {tap.address}"))
        t.wait(lambda: tap.struck, "the standby to die")
        got = c.query("INSERT INTO so_tapped VALUES (1)", check=False)
        t.equal([e.sqlstate for e in got.errors], ["57P03"], "a held write, after failover_timeout")
        t.contains(got.errors[0].fields["H"], "gives way", "the hint")
        t.equal(reader.value("SELECT count(*) FROM so_tapped"), "0", "reads go on")
        chosen.start()
        got = console.result(check=False)
        t.contains(got.errors[0].message, "was restarted before it was promoted", "how the switchover ended")
        s.wait_nodes(2)
        t.equal(s.node(cluster.primary.port)["role"], "primary", "the primary is what it was")
        t.equal(c.query("INSERT INTO so_tapped VALUES (2)").tags, ["INSERT 0 1"], "and takes writes")
    t.equal(cluster.primary.value("SELECT string_agg(i::text, ',') FROM so_tapped", "app"), "2", "rows")
    tap.close()


@deadline(120)
def test_a_primary_that_does_not_answer(t):
    """Whether it is there still is not known then: what was held waits for that."""
    taps, clients = [], []

    def strike():
        if not clients:
            return False
        taps[0].silent = True
        clients[0].send(query("INSERT INTO so_tapped VALUES (1)"))
        return True
    cluster, chosen, tap, s = tapped(t, strike, b"backend_xid IS NOT NULL", primary=True)
    taps.append(tap)
    with s.client() as c, s.console() as console:
        clients.append(c)
        console.send(query(f"SWITCHOVER app TO {name(chosen)}"))
        t.wait(lambda: tap.struck, "the primary to be asked")
        t.true(c.quiet(0.5), "a write waits")
        tap.silent = False
        t.contains(console.result(check=False).errors[0].message, tap.address, "how the switchover ended")
        t.equal(c.result().tags, ["INSERT 0 1"], "and goes on when the primary has answered")
    tap.close()


@deadline(120)
def test_nodes_that_fail_before_the_promotion(t):
    """Then nothing has happened: what was held goes on, or waits as in any failover."""
    cluster = t.own_cluster()
    s = t.steer(switchover_timeout="30", health_check_timeout="0.5")
    chosen, primary = cluster.standbys[0], cluster.primary
    command = f"SWITCHOVER app TO {name(chosen)}"
    t.sql("CREATE TABLE so_fails(i int)")
    s.wait_known("so_fails")
    with s.client() as c, s.client() as other, s.console() as console:
        def hold():
            c.query("BEGIN")
            c.query("INSERT INTO so_fails VALUES (1)")
            console.send(query(command))
            wait_for(lambda: all(row["role"] != "primary" for row in s.nodes()), "new work to be held")
            other.send(query("INSERT INTO so_fails VALUES (2)"))
            t.true(other.quiet(0.2), "a write is held")
        hold()
        chosen.kill()
        t.contains(console.result(check=False).errors[0].message, "is no fit standby any more", "the standby has died")
        t.equal(other.result().tags, ["INSERT 0 1"], "what was held goes on")
        t.equal(c.query("COMMIT").tags, ["COMMIT"], "and what ran")
        chosen.start()
        s.wait_nodes(2)
        hold()
        primary.kill()
        t.contains(console.result(check=False).errors[0].message, name(primary), "the primary has died")
        t.true(other.quiet(0.2), "a write waits for the next primary")
        t.equal([e.sqlstate for e in c.query("COMMIT", check=False).errors], ["40001"], "what ran there")
        cluster.fail_over()
        t.equal(other.result().tags, ["INSERT 0 1"], "what waited")
        t.equal(other.value("SELECT string_agg(i::text, ',' ORDER BY i) FROM so_fails"), "1,2,2", "rows")
