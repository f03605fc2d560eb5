"""HTTP: metrics, health, tables as JSON, the page, and callers that mean no good."""
import concurrent.futures
import json
import os
import re
import signal
import socket
import time

import web
from flow import deadline
from run import ROOT


def steer(t, **settings):
    port = t.run.port()
    s = t.steer(**{"http_listen": port, **settings})
    return s, port


def test_metrics(t):
    s, port = steer(t)
    with s.client() as c:
        for _ in range(3):
            c.query("SELECT 1")
        c.query("BEGIN")
        c.query("SELECT 1")
        reply = web.get(port, "/metrics")
        c.query("COMMIT")
    t.equal((reply.status, reply.headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "metrics")
    got = web.metrics(reply.text)
    pool = (("database", "app"), ("user", "app"))
    for name, labels, value in (
            ("pgbouncer_up", (), 1), ("pgbouncer_pools_client_active_connections", pool, 1),
            ("pgbouncer_pools_server_active_connections", pool, 1), ("pgbouncer_pools_client_waiting_connections", pool, 0),
            ("pgbouncer_client_connections", pool + (("state", "active"),), 1),
            ("pgbouncer_stats_totals_queries_total", pool[:1], 5), ("pgbouncer_stats_queries_total", pool[:1], 5),
            ("pgbouncer_config_max_client_connections", (), 1000), ("pgsteer_paused", (), 0),
            ("pgsteer_routes_total", (("database", "app"), ("target", "standby"), ("reason", "read")), 3)):
        t.equal(got.get((name, labels)), value, f"{name}{labels}")
    nodes = {node["node"]: node for node in s.nodes()}
    for name, node in nodes.items():
        # A cluster is named by its databases; the plain line has one of its own.
        where = (("cluster", "app,other"), ("node", name))
        t.equal(got["pgsteer_node_up", where], 1, f"{name} is up")
        t.equal(got["pgsteer_node_role", where + (("role", node["role"]),)], 1, f"{name}'s role")
        t.equal(("pgsteer_node_lag_seconds", where) in got, node["role"] == "standby", f"{name}'s lag")
    # Histograms: cumulative, and all of them count to the same.
    for kind, count in (("transaction", 3), ("query", 5), ("wait", 4)):
        family, totals = f"pgsteer_{kind}_duration_seconds", 0
        for node in nodes:
            where = (("database", "app"), ("node", node))
            buckets = [value for (name, labels), value in got.items() if name == family + "_bucket" and labels[:2] == where]
            if not buckets:
                continue
            t.equal((len(buckets), buckets), (18, sorted(buckets)), f"buckets of {family}")
            t.equal(got[family + "_count", where], buckets[-1], f"count of {family}")
            t.true(got[family + "_sum", where] >= 0, f"sum of {family}")
            totals += buckets[-1]
        t.equal(totals, count, family)
    t.equal(got["pgsteer_cluster_has_primary", (("cluster", "app,other"),)], 1, "there is a primary")
    # Every name that users of the exporters have in their dashboards is there.
    names = {name for name, _ in got}
    for group, words in (
            ("", "up version_info databases users pools free_clients used_clients login_clients free_servers used_servers "
                 "cached_dns_names cached_dns_zones in_flight_dns_queries config_max_client_connections "
                 "config_max_user_connections client_connections"),
            ("databases_", "pool_size reserve_pool max_connections current_connections paused disabled"),
            ("pools_", "client_active_connections client_active_cancel_connections client_waiting_connections "
                       "client_waiting_cancel_connections client_maxwait_seconds server_active_connections "
                       "server_active_cancel_connections server_being_canceled_connections server_idle_connections "
                       "server_used_connections server_testing_connections server_login_connections"),
            ("stats_totals_", "queries_pooled_total queries_duration_seconds_total queries_total received_bytes_total "
                              "sent_bytes_total client_wait_seconds_total sql_transactions_pooled_total "
                              "server_in_transaction_seconds_total client_parses_total server_parses_total binds_total "
                              "server_assignments_total")):
        for word in words.split():
            t.true(f"pgbouncer_{group}{word}" in names, f"a metric pgbouncer_{group}{word}")


def test_labels_are_escaped(t):
    name = 'odd"back\\slash'
    s, port = steer(t, databases={"single": t.cluster.line("app", [t.cluster.primary]),
                                  '"odd""back\\slash"': t.cluster.line("app", [t.cluster.primary])})
    with s.client(database=name) as c:
        c.query("SELECT 1")
        got = web.metrics(web.get(port, "/metrics").text)
    t.equal(got["pgbouncer_stats_totals_queries_total", (("database", r'odd\"back\\slash'),)], 1, "its queries")
    rows = web.get(port, "/api/v1/pools?database=odd%22back%5Cslash").json["data"]["rows"]
    t.equal([row["database"] for row in rows], [name], "the same as JSON")


def test_tables(t):
    s, port = steer(t, health_check_password="very-secret", admin_users="admin")
    with s.client() as one, s.client() as two:
        one.query("SELECT 1"), two.query("SELECT 1")
        got = web.get(port, "/api/v1/pools?database=app").json
        t.equal(got["table"], "pools", "its name")
        t.equal(got["data"]["total"], 1, "one row is chosen")
        row = got["data"]["rows"][0]
        t.equal((row["cl_active"], row["pool_mode"], row["load_balance_hosts"]), (2, "transaction", None), "typed values")
        t.equal(list(row), list(next(iter(s.show("POOLS")))), "the columns of SHOW, in their order")
        got = web.get(port, "/api/v1/clients?database=app&limit=1").json["data"]
        t.equal((got["total"], len(got["rows"])), (2, 1), "a limit, and how many there are")
    listed = web.get(port, "/api/v1").json
    t.equal(web.get(port, "/api/v1/").json, listed, "the list, with and without the slash")
    for name in listed["tables"]:
        reply = web.get(port, f"/api/v1/{name}?limit=3")
        t.equal((reply.status, reply.json["table"]), (200, name), f"/api/v1/{name}")
    t.true("fds" not in listed["tables"] and web.get(port, "/api/v1/fds").status == 404, "no descriptors")
    config = {row["key"]: row["value"] for row in web.get(port, "/api/v1/config").json["data"]["rows"]}
    t.equal((config["health_check_password"], config["http_token"]), ("********", ""), "secrets are not shown")
    t.true("very-secret" not in web.get(port, "/api/v1/all").text, "nor anywhere else")
    for path, status, part in (
            ("/api/v1/nothing", 404, "no table"), ("/nothing", 404, "nothing here"),
            ("/api/v1/pools?limit=-1", 400, "limit"), ("/api/v1/pools?limit=x", 400, "limit"),
            ("/api/v1/pools?limit=10001", 400, "limit"), ("/api/v1/pools?colour=red", 400, "colour"),
            ("/readyz?mode=maybe", 400, "mode"), ("/readyz?database=nothing", 404, "no database")):
        reply = web.get(port, path)
        t.equal((reply.status, reply.headers["Content-Type"]), (status, "application/json; charset=utf-8"), path)
        t.contains(reply.json["error"], part, path)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        reply = web.get(port, "/metrics", method)
        t.equal((reply.status, reply.headers["Allow"]), (405, "GET, HEAD"), method)
        t.contains(reply.json["error"], "only GET and HEAD", method)
    head, body = web.get(port, "/healthz", "HEAD"), web.get(port, "/healthz")
    t.equal((head.status, head.body, head.headers["Content-Length"]), (200, b"", str(len(body.body))), "HEAD")


def test_token(t):
    s, port = steer(t, http_token="open sesame")
    for path in ("/metrics", "/api/v1/pools", "/api/v1", "/api/v1/overview"):
        for shown in ({}, {"Authorization": "Bearer open"}, {"Authorization": "Basic open sesame"},
                      {"Authorization": "Bearer open sesame "[:-1] + "x"}, {"Authorization": "Bearer"}):
            reply = web.get(port, path, **shown)
            t.equal((reply.status, reply.headers["WWW-Authenticate"]), (401, "Bearer"), f"{path} with {shown}")
        t.equal(web.get(port, path, Authorization="bearer open sesame").status, 200, path)
    for path in ("/healthz", "/readyz", "/primary", "/replica", "/"):
        t.equal(web.get(port, path).status, 200, f"{path} needs none")
    s.settings["http_token"] = "another"
    s.reload()
    t.wait(lambda: web.get(port, "/metrics", Authorization="Bearer another").status == 200, "the new token to count")
    t.equal(web.get(port, "/metrics", Authorization="Bearer open sesame").status, 401, "the old one")
    t.true("open sesame" not in web.get(port, "/api/v1/config", Authorization="Bearer another").text, "it is not shown")


def test_ready(t):
    cluster = t.own_cluster(standbys=1)
    s, port = steer(t, databases={"app": cluster.line("app"), "reads": cluster.line("app") + " target_session_attrs=standby",
                                  "single": cluster.line("app", [cluster.primary])}, failover_timeout=60)
    t.equal([web.get(port, path).status for path in ("/readyz", "/readyz?mode=write", "/primary", "/replica", "/healthz")],
            [200] * 5, "all is well")
    t.equal(web.get(port, "/replica?database=single").status, 503, "a plain line has no replica")
    s.admin("DISABLE single")
    t.equal(web.get(port, "/readyz?database=single").json, {"ready": False, "why": "database single is disabled"}, "disabled")
    t.equal(web.get(port, "/readyz?database=app").status, 200, "another database")
    s.admin("ENABLE single")
    s.admin("PAUSE")
    t.equal(web.get(port, "/readyz").json, {"ready": False, "why": "everything is paused"}, "paused")
    s.admin("RESUME")
    cluster.standbys[0].stop()
    t.wait(lambda: web.get(port, "/replica?database=app").status == 503, "the standby's loss to show")
    t.equal(web.get(port, "/readyz?database=reads").status, 503, "a line for standbys serves no reads then")
    t.equal(web.get(port, "/readyz?database=app&mode=read").status, 200, "others do, from the primary")
    cluster.primary.stop()
    t.wait(lambda: web.get(port, "/primary?database=app").status == 503, "the primary's loss to show")
    t.contains(web.get(port, "/readyz?mode=write").json["why"], "has no primary", "why")
    t.equal(web.get(port, "/healthz").status, 200, "pgsteer itself is well")


def test_listens_where_it_is_told(t):
    port, other = t.run.port(), t.run.port()
    s, _ = steer(t, http_listen=f"127.0.0.1:{port}, [::1]:{other}")
    t.equal(web.get(port, "/healthz").status, 200, "IPv4")
    t.equal(web.get(other, "/healthz", host="::1").status, 200, "IPv6")
    t.true("http_listen" not in s.log_text(), "no warning about this machine's own addresses")


def test_page(t):
    _, port = steer(t)
    page = web.get(port, "/")
    t.equal((page.status, page.headers["Content-Type"]), (200, "text/html; charset=utf-8"), "the page")
    policy = page.headers["Content-Security-Policy"]
    t.true("default-src 'none'" in policy and "unsafe" not in policy, "a strict policy")
    where = os.path.join(ROOT, "src/http/page")
    for name in os.listdir(where):
        with open(os.path.join(where, name), "rb") as f:
            t.equal(web.get(port, "/" if name == "index.html" else "/" + name).body, f.read(), name)
    t.true(not re.search(r'(src|href)="(https?:)?//', page.text), "nothing from elsewhere")
    t.equal(web.get(port, "/api/v1/overview").json["pools"]["rows"][0]["database"], "pgbouncer", "what it polls")


@deadline(90)
def test_history(t):
    cluster = t.own_cluster(standbys=1)
    s, port = steer(t, databases={"app": cluster.line("app")})

    def past():
        return web.get(port, "/api/v1/history").json
    standby = f"127.0.0.1:{cluster.standbys[0].port}"
    with s.client() as c:
        def asks():
            c.query("SELECT 1")
            node = next((n for n in past()["nodes"] if n["node"] == standby), None)
            return node is not None and sum(1 for v in node["reads"] if v) >= 2
        t.wait(asks, "two seconds of reads to be seen, though nobody looked at the page", 20)
        got = past()
        moments = len(got["times"])
        t.equal({len(values) for values in [got["waiting"]] + [n[k] for n in got["nodes"] for k in ("reads", "writes", "lag_ms")]}, {moments},
                "as many values as moments")
        t.equal(got["times"], sorted(got["times"]), "in their order")
        primary = next(n for n in got["nodes"] if n["node"] != standby)
        t.equal((set(primary["lag_ms"]), sum(primary["reads"][1:])), ({None}, 0), "the primary lags not, and has served no reads")
        t.equal(got["changes"], [], "nothing has changed")
        cluster.standbys[0].stop()
        t.wait(lambda: [(e["node"], e["was"]) for e in past()["changes"]][-1:] == [(standby, "standby, up")], "the change to be seen")
        t.equal(past()["changes"][-1]["cluster"], "app", "of which cluster")


# ---- callers that mean no good

GOOD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def status_of(data):
    return int(data.split(b" ", 2)[1]) if data.startswith(b"HTTP/") else None


@deadline(90)
def test_hostile_requests(t):
    s, port = steer(t)
    before = s.memory()
    for data, expected, what in (
            (b"GET /healthz HTTP/1.0\r\n\r\n", 200, "HTTP/1.0"),
            (b"\r\n\r\n", 400, "nothing"),
            (b"GET\r\n\r\n", 400, "half a request line"),
            (b"GET /healthz\r\n\r\n", 400, "no version"),
            (b"GET /healthz HTTP/9.9\r\n\r\n", 400, "a version that is none"),
            (b"NONSENSE /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 501, "an unknown method"),
            (b"POST /healthz HTTP/1.1\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", 405, "a body"),
            (b"POST /healthz HTTP/1.1\r\nConnection: close\r\nContent-Length: -5\r\n\r\n", 400, "a negative length"),
            (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 400, "a long path"),
            (b"GET /healthz HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 80) for i in range(200)) + b"\r\n", 400,
             "many headers"),
            (b"GET /healthz HTTP/1.1\r\nno colon here\r\n\r\n", 400, "a header that is none"),
            (b"\0\1\2\3" * 500 + b"\r\n\r\n", 400, "bytes that are no text"),
            (b"GET /api/v1/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n", 404, "a way out"),
            (b"GET http://elsewhere/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", None, "a proxy's request")):
        reply = web.raw(port, data, close=True)
        got = status_of(reply)
        t.true(got is not None if expected is None else got == expected, f"{what}: {expected}, got {got}")
        head, _, body = reply.partition(b"\r\n\r\n")
        t.contains(head.decode(), "Content-Type: application/json", f"{what}: an answer like all others")
        t.contains(head.decode().lower(), f"content-length: {len(body)}\r\n", f"{what}: whole")
        t.equal("error" in json.loads(body), got >= 400, f"{what}: {body}")
    # A body is never waited for beyond its bound, whether its length is said or not.
    got = web.raw(port, b"POST / HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n")
    t.true(status_of(got) in (None, 413, 400, 405), f"a huge body: {got[:80]!r}")
    got = web.raw(port, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n" + b"400\r\n" + b"x" * 1024)
    t.true(status_of(got) in (None, 413, 400, 405), f"huge chunks: {got[:80]!r}")
    # Pipelined: all are answered, in order.
    many = 200
    got = web.raw(port, GOOD * many + b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
    t.equal(got.count(b"HTTP/1.1 200 OK"), many + 1, "pipelined requests")
    got = web.raw(port, GOOD * 3 + b"NONSENSE\r\n\r\n")
    t.equal((got.count(b"HTTP/1.1 200 OK"), got.count(b"healthy"), got.count(b"HTTP/1.1 400"), got.count(b"<HTML>")), (3, 3, 1, 0),
            f"nonsense behind requests: {got}")
    # In pieces.
    with socket.create_connection(("127.0.0.1", port), 20) as c:
        for byte in GOOD:
            c.sendall(bytes([byte]))
        t.contains(c.recv(4096).decode(), "200 OK", "byte by byte")
    # A caller that asks and goes.
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", port), 20) as c:
            c.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
    t.equal(web.get(port, "/metrics").status, 200, "metrics")
    t.memory_within(s.memory() - before, 20000, "what all this took")


@deadline(90)
def test_slow_and_many_connections(t):
    s, port = steer(t)
    held = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(300)]
    for c in held:
        try:
            c.sendall(b"GET /hea")
        except OSError:
            pass  # made room for another
    # They fill all places, and who comes is served all the same.
    for _ in range(5):
        t.equal(web.get(port, "/healthz").status, 200, "beside 300 half requests")
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "a client's query")

    def closed(c):
        c.setblocking(False)
        try:
            return c.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
    t.within(sum(not closed(c) for c in held), 0, 64, "of them, there are still")
    # Slow loris: a byte now and then does not count, only a whole request does.
    slow = socket.create_connection(("127.0.0.1", port), 20)
    began = time.monotonic()

    def tries():
        try:
            slow.sendall(b"G")
            return closed(slow)
        except OSError:
            return True
    t.wait(tries, "the slow one to be hung up on", 25)
    t.within(time.monotonic() - began, 5, 20 * (1 if os.environ.get("BUILD", "build") == "build" else 4), "seconds")
    for c in held:
        c.close()


def test_a_reader_that_does_not_read(t):
    s, port = steer(t)
    before = s.memory()
    held = []
    for _ in range(40):
        c = socket.create_connection(("127.0.0.1", port), 20)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.sendall(b"GET /api/v1/config HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        held.append(c)
    t.equal(web.get(port, "/healthz").status, 200, "beside them")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        t.equal({r.status for r in pool.map(lambda _: web.get(port, "/metrics"), range(64))}, {200}, "at once")
    t.memory_within(s.memory() - before, 40000, "what they take")
    t.equal(s.stop(signal.SIGINT), 0, "the end, while they hang on")
    for c in held:
        c.close()
