"""What nodes say of themselves, and what becomes of it: what only a real server can show. All other combinations are in
tests/unit/health/test_elect.c and test_election.c."""
import os
import time

from flow import deadline
from postgres import Node
from run import find_program

PORT = "SELECT inet_server_port()"


def stranger(t):
    """A primary of another cluster."""
    data = os.path.join(t.dir, "stranger")
    t.run.call([find_program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"])
    node = Node(t.run, "stranger", data)
    node.start()
    return node


def stands(s, node, role, state, why=""):
    row = s.node(node.port)
    return (row["role"], row["state"]) == (role, state) and why in row["why"]


@deadline(200)
def test_what_nodes_say(t):
    cluster = t.own_cluster()
    t.sql("CREATE TABLE ev(i int)")
    primary, (one, two) = cluster.primary, cluster.standbys
    primary.query("CREATE ROLE watch LOGIN IN ROLE pg_monitor")
    cluster.wait_replayed()
    other = stranger(t)
    s = t.steer(databases={"app": cluster.line("app", [other] + cluster.nodes)}, nodes=False, health_check_user="watch",
                health_check_dbname="app", max_standby_lag="0.5", health_check_successes=1, consistency="eventual")

    def wait(node, role, state, why):
        t.wait(lambda: stands(s, node, role, state, why), f"{node.name} to be {role}, {state}: {why}")

    wait(primary, "primary", "up", "takes writes on timeline 1")
    other.query("CREATE ROLE watch LOGIN")
    other.query("CREATE DATABASE app")
    wait(other, "unknown", "fenced", "another cluster: system identifier")
    with s.client() as c:
        def serves(what):
            c.query("INSERT INTO ev VALUES (1)")
            t.true(int(c.value(PORT)) in [node.port for node in cluster.nodes], what)

        serves("beside a stranger")
        # our login fails everywhere, while traffic works
        primary.query("ALTER ROLE watch NOLOGIN")
        cluster.wait_replayed()
        for node in cluster.nodes:
            node.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'watch'")
        wait(primary, "primary", "up", "stays what it was: it runs, but monitoring cannot ask it")
        for _ in range(20):
            serves("while monitoring cannot log in")
        t.true(stands(s, primary, "primary", "up"), "the primary stays that meanwhile")
        primary.query("ALTER ROLE watch LOGIN")
        wait(primary, "primary", "up", "takes writes on timeline 1")
        # the operator sets it read-only: it is the primary all the same, and the server says what it refuses
        primary.set(default_transaction_read_only="on")
        wait(primary, "primary", "up", "default_transaction_read_only is on")
        t.error("25006", lambda: c.query("INSERT INTO ev VALUES (2)"), "a write")
        with primary.connect() as root:
            root.query("SET default_transaction_read_only = off")
            root.query("ALTER SYSTEM RESET default_transaction_read_only")
            root.query("SELECT pg_reload_conf()")
        wait(primary, "primary", "up", "takes writes on timeline 1")
        t.wait(lambda: not c.query("INSERT INTO ev VALUES (3)", check=False).errors, "writes to work again")
        # a cascade is as good as any standby; when its stream is cut it has replayed all it got, and grows old
        two.follow(one)
        t.wait(lambda: one.value("SELECT count(*) FROM pg_stat_replication") == "1", "the cascade")
        wait(two, "standby", "up", "follows timeline 1")
        two.set(primary_conninfo="host=127.0.0.1 port=1")
        t.wait(lambda: (serves("beside a cut stream"), stands(s, two, "standby", "ejected", "max_standby_lag is"))[1],
               "the standby whose stream is cut to be ejected")
        t.equal(two.value("SELECT pg_last_wal_replay_lsn() = pg_last_wal_receive_lsn()"), "t", "it has replayed all it received")
        wait(one, "standby", "up", "")
        two.follow(one)
        wait(two, "standby", "up", "")
        # a promotion: who follows the old timeline is out, and so is its primary, stopped and started or not
        two.follow(primary)
        t.wait(lambda: primary.value("SELECT count(*) FROM pg_stat_replication") == "2", "both to follow the primary")
        one.promote()
        cluster.primary = one
        wait(one, "primary", "up", "takes writes on timeline 2")
        wait(two, "standby", "ejected", "follows timeline 1, the primary is on 2")
        wait(primary, "unknown", "fenced", "an old primary: takes writes on timeline 1, but timeline 2 has begun")
        serves("beside an old primary")
        primary.stop("fast")
        wait(primary, "unknown", "down", "")
        primary.start()
        wait(primary, "unknown", "fenced", "an old primary")
        two.stop("fast")
        cluster.rejoin(two)  # it may have taken more from the old primary than the new one has
        wait(two, "standby", "up", "follows timeline 2")
        serves("in the end")
    other.stop("fast")


@deadline(120)
def test_two_that_are_promoted(t):
    """Split brain: writes go to one of them, and the other one gets none, whatever becomes of the first."""
    cluster = t.own_cluster()
    t.sql("CREATE TABLE split(i int)")
    s = t.steer(health_check_successes=1, failover_timeout="1.5")
    s.wait_known("split")
    one, two = cluster.standbys
    cluster.primary.kill()
    one.promote()
    t.wait(lambda: stands(s, one, "primary", "up"), "the first to be the primary")
    two.promote()
    t.wait(lambda: stands(s, two, "unknown", "fenced", "split brain"), "the second to be fenced")
    with s.client() as c:
        for i in range(20):
            c.query(f"INSERT INTO split VALUES ({i})")
            t.equal(c.value("SELECT count(*) FROM split"), str(i + 1), "what it has written")
        t.equal(two.value("SELECT count(*) FROM split", "app"), "0", "rows on the other one")
        one.kill()
        t.wait(lambda: stands(s, one, "unknown", "down"), "the primary to be seen dead")
        t.equal([e.sqlstate for e in c.query("INSERT INTO split VALUES (0)", check=False).errors], ["57P03"],
                "a write: who was fenced is not elected because the other one is silent")
        t.true(stands(s, two, "unknown", "fenced", "split brain"), "it is fenced still")
        one.start()
        t.wait(lambda: stands(s, one, "primary", "up"), "the primary to have its place again")
        t.equal(c.query("INSERT INTO split VALUES (20)").tags, ["INSERT 0 1"], "a write")
    t.equal(two.value("SELECT count(*) FROM split", "app"), "0", "rows on the other one, in the end")


@deadline(120)
def test_a_standby_that_flaps(t):
    """Each fall makes its return take longer, and reads do not suffer from it."""
    cluster = t.own_cluster()
    s = t.steer(health_check_interval="0.1", health_check_successes=2)
    victim, took = cluster.standbys[0], []
    with s.client() as c:
        for _ in range(4):
            began = time.monotonic()
            victim.stop("fast")
            t.wait(lambda: s.node(victim.port)["state"] == "down", "the standby to be seen down")
            victim.start()
            while s.node(victim.port)["state"] != "up":
                t.equal(c.value("SELECT 1"), "1", "reads go on")
            took.append(time.monotonic() - began)
    t.true(took[3] >= 2, f"it serves two seconds behind the fourth fall, or later: {took}")
    t.contains(s.log_text(), "answers again, but has been lost 4 times", "the log")
