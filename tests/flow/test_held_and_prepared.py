"""What the console says of clients that are held, and of prepared statements."""
import psycopg
import wire
from run import wait_for

SETTINGS = {"lazy_begin": 1}


def test_holds(t):
    cluster = t.own_cluster(standbys=1)
    s = t.steer(failover_timeout=40)
    old = cluster.primary
    with s.client(application_name="ledger") as c, s.client(database="single") as plain, s.console() as console:
        c.query("CREATE TABLE held_rows (n int)")
        t.equal(console.query("SELECT * FROM holds").rows, [], "nobody is held")
        old.kill()
        s.wait_loss()  # a write sent before that may have left already
        c.send(wire.query("INSERT INTO held_rows VALUES (1)"))
        t.wait(lambda: console.value("SELECT count(*) FROM holds") == "1", "the client to be held")
        # Until health has looked it may wait for a server that did not answer.
        t.wait(lambda: console.value("SELECT lost_node FROM holds") == f"127.0.0.1:{old.port}", "and the cause to be known")
        row = console.query("SELECT h.*, c.state FROM holds h JOIN clients c USING (id)").dicts()[0]
        t.equal((row["database"], row["user"], row["application_name"], row["waits_for"], row["state"]),
                ("app", "app", "ledger", "primary", "waiting"), "who, and for what")
        t.equal((row["addr"], int(row["port"])), c.socket.getsockname()[:2], "from where")
        t.true(len(row["why"]) > 10 and row["lost_at"], f"why: {row}")
        t.within(int(row["held_ms"]) + int(row["left_ms"]), 39000, 41000, "how long, and how long yet")
        last = console.query("SELECT lost_at, why FROM failovers ORDER BY lost_ms DESC LIMIT 1").rows[0]
        t.equal([row["lost_at"], row["why"]], last, "as in SHOW FAILOVERS")
        typed = console.extended("SELECT id, held_ms FROM holds WHERE waits_for = $1", ["primary"])
        t.equal(len(typed.rows), 1, "the extended protocol")
        cluster.fail_over()
        t.equal(c.result().tags, ["INSERT 0 1"], "served in the end")
        wait_for(lambda: s.show("HOLDS") == [], "nobody to be held")


def test_held_readers(t):
    cluster = t.own_cluster(standbys=1)
    s = t.steer(databases={"app": cluster.line("app"), "reads": cluster.line("app") + " target_session_attrs=standby"})
    cluster.standbys[0].kill()
    s.wait_nodes(0)
    with s.client(database="reads", timeout=60) as c:
        c.send(wire.query("SELECT 1"))
        t.wait(lambda: [r["waits_for"] for r in s.show("HOLDS")] == ["standby"], "a reader to be held")
        t.equal(s.show("HOLDS")[0]["why"], "no node serves reads", "why")
        t.equal(s.show("HOLDS")[0]["lost_node"], None, "no primary is missed")
        cluster.standbys[0].start()
        t.equal(c.result().rows, [["1"]], "served in the end")


def test_prepared_statements(t):
    s = t.steer(workers=2)

    def rows(where):
        with s.console() as console:
            return console.query("SELECT holder, name, server_name, statement, uses, fingerprint, node FROM prepared_statements "
                                 f"WHERE database = 'app' AND user = 'app' AND {where} ORDER BY holder, id").dicts()
    with s.client() as c:
        c.segment(wire.parse("mine", "SELECT $1::int + 41, 'secret'"))
        for i in range(5):
            c.segment(wire.bind("", "mine", [str(i)]), wire.execute())
        client, *servers = rows("statement LIKE 'select%41%' OR statement LIKE 'select ?::int + ?%'")
        t.equal((client["holder"], client["name"], client["node"]), ("client", "mine", None), "the client's")
        t.equal(client["uses"], "5", "how often it was used")
        t.true("secret" not in client["statement"] and client["statement"].startswith("select ?::int"), client["statement"])
        t.true(servers and all(r["holder"] == "server" and r["name"] is None for r in servers), f"the servers': {servers}")
        t.equal({r["server_name"] for r in servers}, {client["server_name"]}, "by one name on all")
        t.true(sum(int(r["uses"]) for r in servers) >= 5, f"uses on servers: {servers}")
        ports = {f"127.0.0.1:{n.port}" for n in t.cluster.nodes}
        t.true({r["node"] for r in servers} <= ports, "their nodes")
        # It is what the server says.
        with s.console() as console:
            t.equal(console.value("SELECT count(*) FROM prepared_statements p JOIN servers s ON s.id = p.id WHERE p.holder = 'server' "
                                  "AND p.database <> s.database"), "0", "ids are those of SHOW SERVERS")
    name = client["server_name"]
    t.wait(lambda: not rows(f"holder = 'client' AND server_name = '{name}'"), "the client's to go with it")
    left = rows(f"server_name = '{name}'")
    t.true(left, "the servers keep theirs")
    t.equal({(r["statement"], r["fingerprint"]) for r in left}, {(client["statement"], client["fingerprint"])},
            "and its text is known all the same")
    with psycopg.connect(s.dsn(), autocommit=True) as c:
        for i in range(8):
            c.execute("SELECT %s::int * 43", (i,))
        t.equal(int(rows("statement LIKE '%::int * ?'")[0]["uses"]) >= 3, True, "psycopg's own")
    with s.console() as console:
        t.equal(console.query("SHOW PREPARED_STATEMENTS").tags, ["SHOW"], "as SHOW")
