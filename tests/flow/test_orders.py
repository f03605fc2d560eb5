"""The console's orders that stop and go on: SUSPEND, DISABLE, KILL_CLIENT, and every way to shut down."""
import os
import signal
import socket

import wire
from wire import query


def number(rows, **wanted):
    """The id of the one row that looks so."""
    found = [int(r["id"]) for r in rows if all(r[k] == v for k, v in wanted.items())]
    assert len(found) == 1, f"one row of {wanted}, got {found}"
    return found[0]


def one_server(t):
    return t.cluster.line("app", [t.cluster.primary]) + " pool_size=1"


def test_ids_count_clients_and_servers_of_all_workers(t):
    s = t.steer(nodes=False, databases={"one": one_server(t)}, workers=2, pool_mode="session")
    with s.console() as console:
        first = number(console.query("SHOW CLIENTS").dicts())
        for _ in range(4):
            with s.client(database="one") as c:
                c.query("SELECT 1")
                rows = console.query("SHOW SOCKETS").dicts()
                t.equal(number(rows, type="C", database="pgbouncer"), first, "the console keeps its id")
                client, server = number(rows, type="C", database="one"), number(rows, type="S")
                t.true(first < client and client != server, f"ids grow: {first}, {client}, {server}")
                t.true(server < client + 2, f"a server has the next id at most: {client}, {server}")
            t.wait(lambda: len(console.query("SHOW CLIENTS").dicts()) == 1, "the client to have left")


def test_suspend_and_resume(t):
    s = t.steer(nodes=False)
    with s.client(database="single") as busy, s.client(database="single") as idle:
        idle.query("SELECT 1")
        busy.send(query("SELECT pg_sleep(0.3), 'slept'"))
        admin = s.console()
        t.equal(admin.query("SUSPEND").tags, ["SUSPEND"], "SUSPEND does not wait for running queries")
        t.equal({r["key"]: r["value"] for r in admin.query("SHOW STATE").dicts()},
                {"active": "no", "paused": "no", "suspended": "yes"}, "SHOW STATE")
        idle.send(query("SELECT 2"))
        late = socket.create_connection(("127.0.0.1", s.port), 5)
        late.sendall(wire.startup({"user": "app", "database": "single"}))
        t.true(idle.quiet(0.6) and busy.quiet(0.1), "nothing is read while suspended")
        late.settimeout(0.2)
        try:
            t.equal(late.recv(100), None, "a new client has to wait")
        except socket.timeout:
            pass
        for command in ("SUSPEND", "PAUSE", "KILL single"):
            e = t.error("08P01", lambda: admin.query(command), command)
            t.equal(e.message, "already suspended/paused", f"{command} while suspended")
        t.equal(admin.query("RESUME").tags, ["RESUME"], "RESUME")
        t.equal(busy.result().rows, [["", "slept"]], "the query that was running")
        t.equal(idle.result().rows, [["2"]], "the query that was sent while suspended")
        late.settimeout(20)
        t.equal(late.recv(1), b"R", "the new client is answered")
        late.close()
        admin.query("SUSPEND")
        idle.send(query("SELECT 3"))
        admin.close()
        t.equal(idle.result().rows, [["3"]], "the last console's end resumes")
        s.wait_log("admin disappeared when suspended, doing RESUME")


def test_suspend_timeout(t):
    s = t.steer(nodes=False, suspend_timeout="0.4", query_wait_timeout=0)
    with s.client(database="single") as half:
        half.send(query("SELECT 1")[:7])
        with s.console() as admin:
            t.equal(admin.query("SUSPEND").tags, ["SUSPEND"], "SUSPEND after suspend_timeout")
            t.contains(half.until("E")[-1].fields()["M"], "suspend_timeout", "who would not come to rest")
            admin.query("RESUME")


def test_disable_and_enable(t):
    s = t.steer(nodes=False)
    with s.client(database="single") as c:
        s.admin("DISABLE single")
        t.equal(c.value("SELECT 1"), "1", "clients that are there stay")
        e = t.error("08P01", lambda: s.client(database="single"), "a new client")
        t.equal((e.severity, e.message), ("FATAL", 'database "single" is disabled'), "its error")
        t.equal([r["disabled"] for r in s.show("DATABASES") if r["name"] == "single"], ["1"], "SHOW DATABASES")
        s.client(database="other").close()
        s.admin("RELOAD")
        t.error("08P01", lambda: s.client(database="single"), "a new client after RELOAD")
        s.admin("ENABLE single")
        s.client(database="single").close()


def test_kill_client(t):
    s = t.steer(nodes=False)
    victim, other = s.client(database="single"), s.client(database="single")
    victim.query("BEGIN")
    pid = victim.value("SELECT pg_backend_pid()")
    rows = s.show("CLIENTS")
    t.equal(sorted(r["state"] for r in rows if r["database"] == "single"), ["active", "idle"], "states")
    t.equal(s.admin(f"KILL_CLIENT {number(rows, database='single', state='active')}").tags, ["KILL_CLIENT"],
            "KILL_CLIENT")
    e = victim.until("E")[-1].fields()
    t.equal((e["S"], e["C"], e["M"]), ("FATAL", "08P01", "admin forced disconnect"), "what the client is told")
    t.wait(lambda: t.cluster.primary.value(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}") == "0",
           "its server to be closed")
    t.equal(other.value("SELECT 1"), "1", "another client stays")
    e = t.error("08P01", lambda: s.admin("KILL_CLIENT 999999"), "an unknown id")
    t.equal(e.message, "client not found", "its error")
    with s.console() as doomed:
        s.admin(f"KILL_CLIENT {[int(r['id']) for r in s.show('CLIENTS') if r['database'] == 'pgbouncer'][0]}")
        t.true(doomed.at_end(20), "consoles can be killed")
    other.close()


def refused(s, **more):
    """What a new client gets: the error's text, or that there is no connection."""
    try:
        s.client(database="single", **more).close()
    except ConnectionRefusedError:
        return "refused"
    except wire.ServerError as e:
        return e.message
    return None


def test_shutdown_wait_for_servers(t):
    s = t.steer(nodes=False, databases={"single": one_server(t)})
    busy, idle, waiting = (s.client(database="single") for _ in range(3))
    busy.query("BEGIN")
    waiting.send(query("SELECT 1"))
    t.wait(lambda: any(r["state"] == "waiting" for r in s.show("CLIENTS")), "a waiting client")
    admin = s.console()
    t.equal(admin.query("SHUTDOWN WAIT_FOR_SERVERS").tags, ["SHUTDOWN"], "SHUTDOWN WAIT_FOR_SERVERS")
    t.equal(waiting.until("E")[-1].fields()["M"], "server shutting down", "who waits for a server")
    t.true(idle.quiet(0.3), f"an idle client stays, got {idle.unread()}")
    idle.send(query("SELECT 1"))
    e = idle.until("E")[-1].fields()
    t.equal((e["S"], e["C"], e["M"]), ("FATAL", "08P01", "server shutting down"), "a new transaction")
    t.wait(lambda: refused(s) == "refused", "TCP to be closed")
    t.equal(refused(s, host=s.dir), "pooler is shutting down", "a new client of the unix socket")
    with wire.Client(s.port, user="admin", database="pgbouncer", host=s.dir) as other:
        t.equal({r["key"]: r["value"] for r in other.query("SHOW STATE").dicts()}["paused"], "yes", "SHOW STATE")
    e = t.error("08P01", lambda: admin.query("RESUME"), "RESUME")
    t.equal(e.message, "pooler is shutting down", "RESUME")
    s.process.send_signal(signal.SIGUSR2)
    s.wait_log("got SIGUSR2 while shutting down, ignoring")
    t.equal(busy.value("SELECT 7"), "7", "a running transaction goes on")
    busy.query("COMMIT")
    s.status = s.process.wait(30)
    t.equal(s.status, 0, "exit status")
    s.wait_log("server connections dropped, exiting")
    t.true(not os.path.exists(f"{s.dir}/.s.PGSQL.{s.port}"), "the socket file is gone")


def test_shutdown_wait_for_clients(t):
    s = t.steer(nodes=False)
    c, admin = s.client(database="single"), s.console()
    s.process.send_signal(signal.SIGTERM)
    s.wait_log("got SIGTERM, shutting down, waiting for all clients disconnect")
    t.wait(lambda: refused(s) == "refused", "TCP to be closed")
    t.equal(c.value("SELECT 1"), "1", "clients go on with new transactions")
    c.close()
    t.equal(admin.value("SHOW VERSION")[:9], "PgBouncer", "a console is a client too")
    admin.close()
    s.status = s.process.wait(30)
    t.equal(s.status, 0, "exit status")
    s.wait_log("client connections dropped, exiting")


def test_repeated_signals(t):
    for name, number_ in (("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT)):
        s = t.steer(nodes=False, pool_mode="session")
        with s.client(database="single") as c:
            c.query("SELECT 1")
            s.process.send_signal(number_)
            s.wait_log(f"got {name}, shutting down, waiting for all")
            t.equal(c.value("SELECT 1"), "1", f"a session goes on after {name}")
            s.process.send_signal(number_)
            s.status = s.process.wait(20)
            t.equal(s.status, 0, f"exit status after the second {name}")
            t.contains(s.log_text(), f"got {name} while shutting down, fast exit", "log")
