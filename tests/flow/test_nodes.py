"""What operators say of nodes: DRAIN, FENCE; and what SHOW FAILOVERS keeps."""
from flow import deadline
from run import wait_for
from wire import query

PORT = "SELECT inet_server_port()"


def ports(s, times=30):
    seen = set()
    for _ in range(times):
        with s.client() as c:
            seen.add(c.value(PORT))
    return seen


def test_drain(t):
    s = t.steer()
    one, two = t.cluster.standbys[:2]
    with s.console() as console, s.client() as busy:
        busy.query("BEGIN READ ONLY")
        where = busy.value(PORT)
        drained, other = (one, two) if where == str(one.port) else (two, one)
        console.query(f"DRAIN 127.0.0.1:{drained.port}")
        t.wait(lambda: s.node(drained.port)["state"] == "ejected", "the node to be ejected")
        t.contains(s.node(drained.port)["why"], "drained by an operator", "SHOW NODES")
        t.equal(ports(s), {str(other.port)}, "where new reads go")
        t.equal(busy.value(PORT), where, "what runs there goes on")
        busy.query("COMMIT")
        console.query(f"UNDRAIN 127.0.0.1:{drained.port}")
        t.wait(lambda: s.node(drained.port)["state"] == "up", "the node to be back")
        for sql, message in ((f"UNDRAIN 127.0.0.1:{drained.port}", f"node 127.0.0.1:{drained.port} is not drained"),
                             (f"DRAIN 127.0.0.1:{t.cluster.primary.port}", f"node 127.0.0.1:{t.cluster.primary.port} is the primary"),
                             ("FENCE nowhere:1", "no such node: nowhere:1")):
            t.equal(console.query(sql, check=False).errors[0].message, message, sql)


def test_fence(t):
    s = t.steer()
    primary = f"127.0.0.1:{t.cluster.primary.port}"
    with s.console() as console, s.client() as c, s.client() as torn:
        torn.query("BEGIN")
        torn.query("CREATE TEMP TABLE fence_torn(i int)")
        console.query(f'FENCE "{primary}"')
        t.equal(torn.query("SELECT 1", check=False).errors[0].sqlstate, "40001", "a transaction on a fenced node")
        c.send(query("CREATE TABLE fence_me(i int)"))
        t.true(c.quiet(0.3), "a write waits while its primary is fenced")
        console.query(f"UNFENCE {primary}")
        t.equal(c.result().tags, ["CREATE TABLE"], "and goes on afterwards")
        c.query("DROP TABLE fence_me")
        row = s.show("FAILOVERS")[0]
        t.equal((row["from_node"], row["to_node"], row["held"], row["drained"], row["rolled_back"]),
                (primary, primary, "1", "1", "1"), "SHOW FAILOVERS")


@deadline(120)
def test_failovers_are_kept(t):
    cluster = t.own_cluster()
    s = t.steer(failover_timeout="1")
    old = cluster.primary.port
    with s.client() as c:
        c.query("CREATE TABLE kept(i int)")
        cluster.wait_replayed()
        t.equal(s.show("ALERTS"), [], "nothing is wrong")
        cluster.primary.kill()
        wait_for(lambda: all(row["role"] != "primary" for row in s.show("NODES")), "pgsteer to see the loss")
        t.equal({(row["severity"], row["rule"], row["node"]) for row in s.show("ALERTS")},
                {("critical", "no primary", None), ("warning", "node down", f"127.0.0.1:{old}")}, "SHOW ALERTS")
        error = c.query("INSERT INTO kept VALUES (1)", check=False).errors[0]
        t.equal(error.sqlstate, "57P03", "a write without a primary")
        for node in cluster.nodes:
            t.contains(error.fields["H"], f"127.0.0.1:{node.port}", "its hint names each node")
        cluster.fail_over()
        t.wait(lambda: c.query("INSERT INTO kept VALUES (1)", check=False).tags == ["INSERT 0 1"], "writes again")
    row = s.show("FAILOVERS")[-1]
    t.equal((row["from_node"], row["to_node"], row["timeline"], row["refused"]),
            (f"127.0.0.1:{old}", f"127.0.0.1:{cluster.primary.port}", "2", "1"), "SHOW FAILOVERS")
    t.true(int(row["gap_ms"]) > 0 and row["elected_at"] > row["lost_at"], f"times of {row}")
