"""Where servers are and how a plain line reaches them: equal hosts, failing logins,
databases of the * line."""
import socket
import threading
import time

import wire
from doors import doors, holding, leave, quietly
from run import wait_for


def test_equal_hosts_are_one_pool(t):
    port, (a, b) = doors(t, "127.0.0.2", "127.0.0.3")
    line = f"host=127.0.0.2,127.0.0.3 port={port} dbname=app pool_size=4"
    s = t.steer(databases={"app": line}, section="pgbouncer", nodes=False, workers=4)
    clients = holding(s, 4)
    t.equal((a.count, b.count), (2, 2), "connections through each host, taken in turn by all workers")
    waiting = [s.client() for _ in range(2)]
    for c in waiting:
        c.send(wire.query("SELECT 1"))
    wait_for(lambda: s.show("POOLS")[0]["cl_waiting"] == "2", "the limit to hold for both hosts together")
    pools = [row for row in s.show("POOLS") if row["database"] == "app"]
    t.equal([(row["sv_active"], row["load_balance_hosts"]) for row in pools], [("4", "round-robin")], "SHOW POOLS")
    t.equal(a.count + b.count, 4, "connections with two clients waiting")
    t.equal({(row["addr"], row["port"]) for row in s.show("SERVERS")},
            {("127.0.0.2", str(port)), ("127.0.0.3", str(port))}, "SHOW SERVERS")
    row = next(row for row in s.show("DATABASES") if row["name"] == "app")
    t.equal((row["host"], row["port"], row["current_connections"]), ("127.0.0.2,127.0.0.3", str(port), "4"),
            "SHOW DATABASES")
    t.contains(s.log_text(), f"app/app@127.0.0.3:{port} new connection to server (from 127.0.0.1:", "the log")
    leave(clients + waiting)
    # The hosts change: the pool stays one, its connections go when they are free, clients notice nothing.
    with s.client() as c:
        c.query("BEGIN")
        s.databases["app"] = line.replace("127.0.0.2,127.0.0.3", "127.0.0.3")
        s.reload()
        wait_for(lambda: "127.0.0.2" not in s.show("DATABASES")[0]["host"], "the new host list")
        c.query("COMMIT")
        before = b.count
        for _ in range(3):
            c.query("SELECT 1")
        t.true(b.count > before, "new connections go to the host that is left")
    wait_for(lambda: {row["addr"] for row in s.show("SERVERS")} == {"127.0.0.3"}, "the old ones to close")


def test_staying_with_a_host_until_it_fails(t):
    port, (a, b) = doors(t, "127.0.0.2", "127.0.0.3")
    line = f"host=127.0.0.2,127.0.0.3 port={port} dbname=app load_balance_hosts=disable"
    s = t.steer(databases={"app": line}, section="pgbouncer", nodes=False, workers=2, server_login_retry="0.2")
    leave(holding(s, 4))
    t.equal((a.count, b.count), (4, 0), "all stay with the first host")
    t.equal(s.show("POOLS")[0]["load_balance_hosts"], "disable", "SHOW POOLS")
    a.close()
    leave(holding(s, 4))
    t.equal(b.count, 4, "the next host serves when the first one fails")
    t.contains(s.log_text(), f"@127.0.0.2:{port} closing because: connect failed (age=", "the log")
    a.open()
    s.databases["app"] = line.replace("disable", "round-robin")
    s.reload()
    wait_for(lambda: s.show("POOLS")[0]["load_balance_hosts"] == "round-robin", "RELOAD of load_balance_hosts")
    a.count = b.count = 0
    leave(holding(s, 4))
    t.equal((a.count, b.count), (2, 2), "in turn after RELOAD")


def test_logins_that_fail(t):
    port, (door,) = doors(t, "127.0.0.2")
    line = f"host=127.0.0.2 port={port}"
    s = t.steer(databases={"app": f"{line} dbname=app", "absent": f"{line} dbname=not_there",
                           "nowhere": "host=no-such-host.invalid dbname=app"},
                section="pgbouncer", nodes=False, server_login_retry="1", workers=1)
    e = t.error("3D000", lambda: s.client(database="absent").query("SELECT 1"), "a database that is not there")
    t.equal((e.severity, e.message), ("FATAL", 'database "not_there" does not exist'), "the server's own words")
    s.wait_log('WARNING server login failed: FATAL database "not_there" does not exist')
    wait_for(lambda: s.log_text().count('closing because: database "not_there" does not exist (age=') == 2,
             "two closed lines, of the server and of the client")
    with s.client() as c:
        c.query("SELECT 1")
        door.close()
        # Who is logged in and asks waits for the next tries; who comes after a try has failed is refused.
        wait_for(lambda: not s.show("SERVERS"), "the loss of the server to be seen")
        c.send(wire.query("SELECT 2"))
        s.wait_log("closing because: connect failed (age=")
        with s.client() as late:
            late.send(wire.query("SELECT 3"))
            e = wire.ServerError(late.receive())
            t.equal(str(e), "FATAL 08P01: server login has been failing, cached error: connect failed "
                            "(server_login_retry)", "a query while logins fail")
        began = time.monotonic()
        door.open()
        t.equal(c.result().rows, [["2"]], "who has waited is served when the server is back")
        t.within(time.monotonic() - began, 0, 5, "seconds until the next try")
    with s.client(database="nowhere", login=False):
        pass
    threading.Thread(target=lambda: quietly(s, "nowhere"), daemon=True).start()
    s.wait_log("closing because: server DNS lookup failed (age=")


def test_a_login_that_takes_too_long(t):
    port = t.run.port()
    silent = socket.create_server(("127.0.0.1", port))
    s = t.steer(databases={"app": f"host=127.0.0.1 port={port}"}, section="pgbouncer", nodes=False,
                server_connect_timeout="0.5", server_login_retry="0.5", query_wait_timeout="2")
    threading.Thread(target=lambda: quietly(s, "app", 10), daemon=True).start()
    s.wait_log("closing because: connect timeout (age=0s)")
    s.wait_log("query_wait_timeout")
    silent.close()


def databases(s):
    return [row["name"] for row in s.show("DATABASES")]


def test_databases_of_the_star_line(t):
    line = f"host=127.0.0.1 port={t.cluster.primary.port}"
    s = t.steer(databases={"*": line, "mine": line + " dbname=app"}, section="pgbouncer", nodes=False, workers=4,
                autodb_idle_timeout="1", server_idle_timeout="0.3")
    t.equal(databases(s), ["mine", "pgbouncer"], "nobody has asked for another database yet")
    clients = [s.client(database="other") for _ in range(6)] + [s.client(database="mine")]
    for c in clients:
        t.equal(c.value("SELECT current_database()"), "app" if c is clients[-1] else "other", "current_database()")
    t.equal(databases(s), ["mine", "other", "pgbouncer"], "an auto-database is listed")
    t.equal(next(row["items"] for row in s.show("LISTS") if row["list"] == "databases"), "3", "SHOW LISTS")
    t.equal(s.log_text().count(" registered new auto-database: other"), 1, "log lines for all workers together")
    t.true(":" in s.log_text().split(" registered new")[0].splitlines()[-1].split("other/app@127.0.0.1")[-1],
           "the line names the client")
    wait_for(lambda: not s.show("SERVERS"), "idle servers to close")
    time.sleep(1.5)
    t.equal(databases(s), ["mine", "other", "pgbouncer"], "a database with clients is used")
    leave(clients)
    began = time.monotonic()
    wait_for(lambda: databases(s) == ["mine", "pgbouncer"], "the auto-database to go")
    t.within(time.monotonic() - began, 0.9, 2, "seconds until an unused one went")
    t.equal([row["database"] for row in s.show("POOLS")], ["mine", "pgbouncer"], "pools that are left")
    s.wait_log("WARNING dropping database 'other' as it does not exist anymore or inactive auto-database")
    with s.client(database="other") as c:
        t.equal(c.value("SELECT 1"), "1", "it comes again")
    t.equal(s.log_text().count("registered new auto-database: other"), 2, "log lines")


def test_pools_that_nobody_uses(t):
    line = f"host=127.0.0.1 port={t.cluster.primary.port} dbname=app"
    s = t.steer(databases={"app": line, "forced": line + " user=app"}, section="pgbouncer", nodes=False, workers=2,
                pool_idle_timeout="0.5", server_idle_timeout="0.2")
    for database in ("app", "forced", "forced"):
        for user in ("app", "postgres"):
            with s.client(user, database) as c:
                c.query("SELECT 1")
    t.equal(len(s.show("POOLS")), 4, "pools in use: two of app, one of forced, the console's")
    wait_for(lambda: len(s.show("POOLS")) == 1, "unused pools to go")
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "a pool that comes again")
