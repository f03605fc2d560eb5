"""Canceling: from any door to the right query, never to another one; between peers."""
import os
import socket
import threading

import wire
from wire import query

RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{}%' AND state = 'active' AND pid <> pg_backend_pid()"


def running(t, part, count=1):
    t.wait(lambda: int(t.cluster.primary.value(RUNNING.format(part))) == count, f"{count} queries with {part!r} to run")


def ask(where, pid, secret):
    """Sends a CancelRequest and waits until it has been dealt with."""
    family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
    with socket.socket(family) as other:
        other.settimeout(30)
        other.connect(where)
        other.sendall(wire.cancel_request(pid, secret))
        try:
            while other.recv(1024):
                pass
        except ConnectionResetError:
            pass


def states(c):
    return [e.sqlstate for e in c.result(check=False).errors]


def test_every_worker_finds_every_client(t):
    s = t.steer(workers=4, default_pool_size=12)
    clients = [s.client(database="single", version=wire.PROTOCOL_3_2 if n % 3 == 0 else wire.PROTOCOL_3_0)
               for n in range(12)]
    t.equal(len({(c.pid, c.secret) for c in clients}), 12, "different keys")
    t.true(all(c.pid < 1 << 31 for c in clients), "positive process ids")
    for n, c in enumerate(clients):
        c.send(query(f"SELECT pg_sleep(60), 'every {n}'"))
    running(t, "every ", 12)
    for c in clients[::2]:
        ask(("127.0.0.1", s.port), c.pid, c.secret)
    for c in clients[::2]:
        t.equal(states(c), ["57014"], "a canceled query")
    t.equal(int(t.cluster.primary.value(RUNNING.format("every "))), 6, "the others run on")
    for c in clients[1::2]:
        ask(("127.0.0.1", s.port), c.pid, c.secret)
    for c in clients:
        if c in clients[1::2]:
            t.equal(states(c), ["57014"], "the rest")
        t.equal(c.value("SELECT 1"), "1", "a query behind it")
    pools = [row for row in s.show("POOLS") if row["database"] == "single"]
    for column in ("cl_active_cancel_req", "cl_waiting_cancel_req", "sv_active_cancel", "sv_being_canceled"):
        t.equal(sum(int(row[column]) for row in pools), 0, f"{column} when all is over")


def test_the_next_client_on_that_server_is_not_hit(t):
    s = t.steer(default_pool_size=1, workers=2)
    with s.client(database="single") as a, s.client(database="single") as b:
        for round_ in range(5):
            a.send(query(f"SELECT pg_sleep(60), 'first {round_}'"))
            running(t, f"first {round_}")
            b.send(query("SELECT pg_sleep(0.3), 'second'"))
            askers = [threading.Thread(target=ask, args=(("127.0.0.1", s.port), a.pid, a.secret)) for _ in range(30)]
            for thread in askers:
                thread.start()
            t.equal(states(a), ["57014"], "the first client's query")
            t.equal(b.result().rows, [["", "second"]], "the second client's on the same server")
            for thread in askers:
                thread.join()
    s.wait_log("closing because: successfully sent cancel request")


def test_nothing_to_cancel(t):
    s = t.steer(section="pgbouncer", default_pool_size=1)
    with s.client(database="single") as c, s.client(database="single") as waiter:
        c.cancel()
        s.wait_log("closing because: cancel request for idle client")
        c.query("BEGIN")
        c.cancel()
        t.equal(c.value("SELECT 1"), "1", "a query in a transaction that was idle when the request came")
        waiter.send(query("SELECT 'waited'"))
        t.wait(lambda: any(int(row["cl_waiting"]) for row in s.show("POOLS")), "the other one to wait")
        waiter.cancel()
        t.true(waiter.quiet(0.3), "under [pgbouncer] a client that waits goes on waiting")
        c.query("COMMIT")
        t.equal(waiter.result().rows, [["waited"]], "its answer")
        ask(("127.0.0.1", s.port), c.pid ^ 1, c.secret)
        s.wait_log("closing because: failed cancel request")


def test_a_waiting_client(t):
    s = t.steer(default_pool_size=1)
    with s.client(database="single") as c, s.client(database="single") as waiter:
        c.query("BEGIN")
        c.query("SELECT 1")
        waiter.send(query("SELECT 'waited'"))
        t.true(waiter.quiet(0.2), "the pool is full")
        waiter.cancel()
        t.equal(states(waiter), ["57014"], "under [pgsteer] it can be canceled")
        c.query("COMMIT")
        t.equal(waiter.value("SELECT 2"), "2", "and goes on")


def test_peers(t):
    first, second = t.steer(start=False, peer_id=1, workers=3), t.steer(start=False, peer_id=16000, workers=2)
    for s in (first, second):
        s.extra = ("[peers]\n"
                   f"16000 = host={second.dir} port={second.port} pool_size=3\n"
                   f"1 = host=127.0.0.1 port={first.port}\n"
                   f"77 = host=127.0.0.1 port={(second if s is first else first).port}\n")
        s.start()
    t.equal([tuple(row.values()) for row in first.show("PEERS")],
            [("1", "127.0.0.1", str(first.port), "20"), ("77", "127.0.0.1", str(second.port), "20"),
             ("16000", second.dir, str(second.port), "3")], "SHOW PEERS")
    t.equal(first.show("PEER_POOLS"), [], "SHOW PEER_POOLS before anything was forwarded")
    with first.client(database="single") as a, second.client(database="single", version=wire.PROTOCOL_3_2) as b:
        for n, (c, other) in enumerate([(a, second), (b, first)] * 3):
            c.send(query(f"SELECT pg_sleep(60), 'peers {n}'"))
            running(t, f"peers {n}")
            ask(("127.0.0.1", other.port), c.pid, c.secret)
            t.equal(states(c), ["57014"], "a query canceled by way of a peer")
        c = a
        c.send(query("SELECT pg_sleep(60), 'peers own'"))
        running(t, "peers own")
        ask(os.path.join(first.dir, f".s.PGSQL.{first.port}"), c.pid, c.secret)
        t.equal(states(c), ["57014"], "a query canceled at the peer's own door")
        # Each takes the other for peer 77: the request ends all the same.
        ask(("127.0.0.1", first.port), 77 << 16, b"abc\xff")
        t.wait(lambda: "its TTL was exhausted" in first.log_text() + second.log_text(), "the loop to end")
        ask(("127.0.0.1", first.port), 78 << 16, b"abc\xff")
        first.wait_log("closing because: could not find peer to forward request to")
    t.equal([list(row.values()) for row in first.show("PEER_POOLS")], [["77", "0", "0", "0", "0"], ["16000", "0", "0", "0", "0"]],
            "SHOW PEER_POOLS")
    t.equal({row["list"]: row["items"] for row in first.show("LISTS")}["peer_pools"], "2", "SHOW LISTS")


def test_stops_with_requests_under_way(t):
    """A node that takes the request and says nothing more."""
    silent = socket.create_server(("127.0.0.1", 0))
    s = t.steer(start=False, peer_id=1, cancel_wait_timeout=60)
    s.extra = f"[peers]\n2 = host=127.0.0.1 port={silent.getsockname()[1]} pool_size=1\n"
    s.start()
    threads = [threading.Thread(target=ask, args=(("127.0.0.1", s.port), 2 << 16 | 5, b"abc\xff")) for _ in range(3)]
    for thread in threads:
        thread.start()
    with silent.accept()[0] as taken:
        t.equal(taken.recv(100), wire.cancel_request(2 << 16 | 5, b"abc\xfe"), "the request, with a hop less")
        t.wait(lambda: [list(row.values()) for row in s.show("PEER_POOLS")] == [["2", "1", "2", "1", "0"]],
               "one under way, two waiting")
        t.equal(s.stop(), 0, "exit status")
    for thread in threads:
        thread.join()
    silent.close()
