"""The console: PgBouncer's commands and columns exactly, and pgsteer's own, over both query protocols."""
import asyncio
import os

import wire
from run import find_program
from wire import query

LINK = ("type user database replication state addr port local_addr local_port connect_time request_time wait wait_us "
        "close_needed ptr link remote_pid tls application_name prepared_statements id")
TOTALS = "server_assignment_count xact_count query_count received sent xact_time query_time wait_time"
COLUMNS = {
    "VERSION": "version",
    "CONFIG": "key value default changeable",
    "STATE": "key value",
    "LISTS": "list items",
    "DATABASES": "name host port database force_user pool_size min_pool_size reserve_pool_size server_lifetime pool_mode "
                 "load_balance_hosts max_connections current_connections max_client_connections "
                 "current_client_connections paused disabled",
    "POOLS": "database user cl_active cl_waiting cl_active_cancel_req cl_waiting_cancel_req sv_active sv_active_cancel "
             "sv_being_canceled sv_idle sv_used sv_tested sv_login maxwait maxwait_us pool_mode load_balance_hosts",
    "CLIENTS": LINK,
    "SERVERS": LINK,
    "USERS": "name pool_size reserve_pool_size pool_mode max_user_connections current_connections "
             "max_user_client_connections current_client_connections",
    "STATS": "database " + " ".join(
        ["total_" + w for w in TOTALS.split()]
        + ["total_client_parse_count", "total_server_parse_count", "total_bind_count"]
        + ["avg_" + w for w in TOTALS.replace("received", "recv").split()]
        + ["avg_client_parse_count", "avg_server_parse_count", "avg_bind_count"]),
    "NODES": None,
    "ROUTES": "database target reason count",
}
TEXT, INT4, INT8, NUMERIC = 25, 23, 20, 1700


def test_columns(t):
    s = t.steer()
    with s.client() as c, s.console() as console:
        c.query("SELECT 1")
        for what, expected in COLUMNS.items():
            for spelling in (f"SHOW {what}", f"show {what.lower()};", f"  SHOW   {what} ; "):
                got = console.query(spelling)
                t.equal(got.tags, ["SHOW"], f"tag of {spelling!r}")
                if expected is not None:
                    t.equal(got.columns, expected.split(), f"columns of {spelling!r}")
                t.true(got.rows or what == "ROUTES", f"rows of {spelling!r}")
                t.true(all(len(row) == len(got.columns) for row in got.rows), f"every row of {spelling!r} is whole")


def test_column_types(t):
    s = t.steer()
    with s.console() as c:
        def kinds(what):
            got = c.query(f"SHOW {what}")
            return dict(next(m for m in got.messages if m.type == "T").columns())
        pools = kinds("POOLS")
        t.equal({pools[n] for n in ("database", "user", "pool_mode", "load_balance_hosts")}, {TEXT}, "texts of POOLS")
        t.equal({v for k, v in pools.items() if k.startswith(("cl_", "sv_", "maxwait"))}, {INT4}, "numbers of POOLS")
        t.equal({v for k, v in kinds("STATS").items() if k != "database"}, {NUMERIC}, "numbers of STATS")
        t.equal(kinds("LISTS"), {"list": TEXT, "items": INT4}, "types of LISTS")
        t.equal(set(kinds("CONFIG").values()), {TEXT}, "types of CONFIG")


def test_pools_and_clients_tell_what_is(t):
    s = t.steer(default_pool_size=2)
    clients = [s.client(database="single", application_name=f"number {n}") for n in range(5)]
    for c in clients:
        c.query("SELECT 1")
    for c in clients[:2]:
        c.query("BEGIN")
    for c in clients[2:4]:
        c.send(query("SELECT 1"))

    def row():
        rows = [r for r in s.show("POOLS") if (r["database"], r["user"]) == ("single", "app")]
        t.equal(len(rows), 1, "rows of (single, app) in SHOW POOLS")
        return rows[0]
    t.wait(lambda: row()["cl_waiting"] == "2", "two clients to wait")
    got = row()
    t.equal({k: got[k] for k in ("cl_active", "cl_waiting", "sv_active", "sv_idle", "pool_mode")},
            {"cl_active": "3", "cl_waiting": "2", "sv_active": "2", "sv_idle": "0", "pool_mode": "transaction"},
            "SHOW POOLS: two in a transaction, two waiting, one idle")
    shown = [r for r in s.show("CLIENTS") if r["database"] == "single"]
    t.equal(sorted(r["application_name"] for r in shown), [f"number {n}" for n in range(5)], "SHOW CLIENTS")
    t.equal({r["type"] for r in shown}, {"C"}, "type in SHOW CLIENTS")
    states = sorted(r["state"] for r in shown)
    t.equal(states.count("waiting"), 2, f"waiting clients in SHOW CLIENTS, states are {states}")
    servers = [r for r in s.show("SERVERS") if r["database"] == "single"]
    t.equal((len(servers), {r["type"] for r in servers}, {r["state"] for r in servers}), (2, {"S"}, {"active"}),
            "SHOW SERVERS")
    t.equal({r["port"] for r in servers}, {str(t.cluster.primary.port)}, "port in SHOW SERVERS")
    pids = {r["remote_pid"] for r in servers}
    real = {r[0] for r in t.cluster.primary.query("SELECT pid FROM pg_stat_activity WHERE usename = 'app'").rows}
    t.true(pids <= real, f"remote_pid of SHOW SERVERS {pids} are the server's {real}")
    for c in clients[:2]:
        c.query("COMMIT")
    for c in clients[2:4]:
        c.result()
    t.wait(lambda: row()["sv_active"] == "0", "the servers to be idle")
    lists = {r["list"]: int(r["items"]) for r in s.show("LISTS")}
    t.equal(list(lists)[:6], ["databases", "users", "peers", "pools", "peer_pools", "free_clients"], "SHOW LISTS")
    t.within(lists["used_clients"], 5, 6, "used_clients")
    t.within(lists["used_servers"] + lists["free_servers"], 2, 1000, "servers in SHOW LISTS")


def test_one_row_for_a_cluster_in_pools(t):
    s = t.steer()
    with s.client() as c:
        for _ in range(20):
            c.query("SELECT 1")
            c.query("/* pgsteer: primary */ SELECT 1")
        rows = [r for r in s.show("POOLS") if (r["database"], r["user"]) == ("app", "app")]
        t.equal(len(rows), 1, "rows for a cluster's pool: its nodes are summed")
        t.true(int(rows[0]["sv_idle"]) >= 2, f"servers of several nodes in one row, got {rows[0]['sv_idle']}")
        t.equal(len([r for r in s.show("DATABASES") if r["name"] == "app"]), 1, "rows of `app` in SHOW DATABASES")


def test_stats_count(t):
    s = t.steer()

    def row():
        rows = [r for r in s.show("STATS") if r["database"] == "single"]
        return {k: int(v) for k, v in rows[0].items() if k != "database"} if rows else None
    with s.client(database="single") as c:
        c.query("SELECT 1")
        before = t.wait(row, "a row of `single` in SHOW STATS")
        for _ in range(50):
            c.query("SELECT repeat('x', 1000)")
        for _ in range(10):
            c.query("BEGIN")
            c.query("SELECT 1")
            c.query("SELECT 1")
            c.query("COMMIT")
        for _ in range(5):
            c.extended("SELECT $1::int", ["1"])
    t.wait(lambda: row()["total_xact_count"] - before["total_xact_count"] >= 65, "the counters to arrive")
    grown = {k: v - before[k] for k, v in row().items()}
    t.equal(grown["total_xact_count"], 65, "total_xact_count")
    t.equal(grown["total_query_count"], 95, "total_query_count")
    t.within(grown["total_sent"], 50_000, 120_000, "total_sent (bytes to clients)")
    t.within(grown["total_received"], 1_500, 50_000, "total_received (bytes from clients)")
    t.true(grown["total_query_time"] > 0 and grown["total_xact_time"] > 0, "times are counted")


def test_config_shows_every_option(t):
    s = t.steer(query_wait_timeout="7")
    rows = {r["key"]: r for r in s.show("CONFIG")}
    for key, value, default in (("query_wait_timeout", "7", "120"), ("pool_mode", "transaction", "transaction"),
                                ("listen_port", str(s.port), "6432"), ("workers", "2", None)):
        t.true(key in rows, f"{key} in SHOW CONFIG")
        t.equal(rows[key]["value"], value, f"value of {key}")
        if default is not None:
            t.equal(rows[key]["default"], default, f"default of {key}")
    t.equal(rows["listen_port"]["changeable"], "no", "listen_port is not changeable")
    t.equal(rows["query_wait_timeout"]["changeable"], "yes", "query_wait_timeout is changeable")
    t.true(len(rows) >= 100, f"all options are there, got {len(rows)}")
    t.true("admin-secret" not in str(rows), "no secret in SHOW CONFIG")


def test_what_pgbouncer_shows(t):
    """Under [pgbouncer] values are shown as PgBouncer does."""
    s = t.steer({"one": t.cluster.line("app", [t.cluster.primary]), "here": "dbname=postgres"}, nodes=False,
                section="pgbouncer", client_idle_timeout=0.3, application_name_add_host=1, unix_socket_mode="0700")
    with s.console() as c:
        def shown(key):
            return next(r for r in c.query("SHOW CONFIG").dicts() if r["key"] == key)
        t.equal(shown("unix_socket_mode")["value"], "448", "unix_socket_mode is a number")
        for key in ("client_tls13_ciphers", "server_tls13_ciphers", "auth_dbname"):
            t.equal((shown(key)["value"], shown(key)["default"]), (None, None), key)
        for value in ("2", "-1", "0"):
            c.query(f"SET log_connections = {value}")
            t.equal(shown("log_connections")["value"], value, "a truth is any number, and stays the one it is")
        keys = [r["key"] for r in c.query("SHOW CONFIG").dicts()]
        t.equal(keys[:keys.index("verbose")], sorted(keys[:keys.index("verbose")]), "settings in order")
        hosts = {r["name"]: r["host"] for r in c.query("SHOW DATABASES").dicts()}
        t.equal(hosts["here"], None, "the host of a line that names none")
        t.equal(hosts["one"], "127.0.0.1", "the host of one that does")
        me = c.query("SHOW ACTIVE_SOCKETS").dicts()
        t.equal([(r["database"], r["state"], r["pkt_avail"]) for r in me],
                [("pgbouncer", "cl_active", str(len("SHOW ACTIVE_SOCKETS") + 6))], "who is active: the asker alone")
        with s.client(database="one") as other:
            other.query("SELECT 1")
            s.wait_log("closing because: client_idle_timeout (age=")
        c.query("SHOW VERSION")  # the console's clients may be idle as long as they like


# Asks as our own user through the Unix socket; says what each row is, and what its descriptor is.
TAKER = """
import array, socket, sys
sys.path.insert(0, sys.argv[1])
import wire
c = wire.Client(int(sys.argv[3]), user="pgbouncer", database="pgbouncer", host=sys.argv[2])
c.socket.sendall(bytes(wire.query("SHOW FDS")))
data, fds = b"", []
while not data.endswith(b"Z\\0\\0\\0\\5I"):
    part, rights, _, _ = c.socket.recvmsg(100000, 10000)
    data += part
    for _, _, numbers in rights:
        fds += array.array("i", numbers).tolist()
while data:
    size = 1 + int.from_bytes(data[1:5], "big")
    if data[:1] == b"D":
        row = wire.Message("D", data[5:size]).row()
        s = socket.socket(fileno=fds.pop(0))
        listens = s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        print(row[1], row[5], s.getsockname()[1] if listens else s.getpeername()[1], sep=",")
    data = data[size:]
assert not fds
"""


def test_descriptors(t):
    s = t.steer({"one": t.cluster.line("app", [t.cluster.primary])}, nodes=False, workers=4, stats_users="app")
    with s.client(database="one") as busy, s.client(database="one") as idle, s.console() as c:
        busy.query("SET client_encoding = 'LATIN1'")
        idle.query("SET application_name = 'it''s me'")
        names = [r["application_name"] for r in c.query("SHOW CLIENTS").dicts()]
        t.true("it's me" in names, f"a name that was set by SQL ({names})")
        busy.query("BEGIN")
        idle.query("SELECT 1")
        rows = c.query("SHOW FDS").dicts()
        by = {task: [r for r in rows if r["task"] == task] for task in ("pooler", "client", "server")}
        t.equal([len(by[task]) for task in by], [2, 2, 2], "listening sockets, clients, servers")
        linked = next(r for r in by["client"] if r["link"] != "0")
        t.equal(linked["client_encoding"], "LATIN1", "what the client has set")
        t.equal(linked["cancel"], str((busy.pid << 32 | int.from_bytes(busy.secret, "big")) - (busy.pid >> 31 << 64)),
                "its cancel key")
        t.true(any((r["fd"], r["link"]) == (linked["link"], linked["fd"]) for r in by["server"]), "and its server")
        t.equal({(r["user"], r["database"]) for r in by["client"] + by["server"]}, {("app", "one")}, "whose they are")
        with s.client(database="pgbouncer") as watcher:
            e = t.error("08P01", lambda: watcher.query("SHOW FDS"), "SHOW FDS of a stats user")
            t.equal(e.message, "admin access needed", "SHOW FDS of a stats user")
        done = s.run.call(["/usr/bin/python3", "-c", TAKER, os.path.dirname(wire.__file__), s.dir, str(s.port)])
        passed = [line.split(",") for line in done.stdout.split()]
        t.equal(sorted(task for task, _, _ in passed), ["client", "client", "pooler", "pooler", "server", "server"],
                "a descriptor with every row")
        t.true(all(port == real for task, port, real in passed if task != "pooler"), f"each its own ({passed})")
        t.equal((busy.value("SELECT 7"), idle.value("SELECT 8")), ("7", "8"), "and nobody has noticed")


def test_memory(t):
    s = t.steer(workers=4, default_pool_size=2)
    clients = [s.client(database="single", application_name=f"number {n}") for n in range(6)]
    for c in clients[:2]:
        c.query("BEGIN")
    mem = {r["name"]: {k: int(v) for k, v in r.items() if k != "name"} for r in s.show("MEM")}
    t.equal((mem["client_cache"]["used"], mem["server_cache"]["used"]), (6, 2), "clients and servers")
    t.equal(mem["iobuf_cache"]["used"], 4, "a buffer for each worker")
    t.true(mem["var_list_cache"]["used"] >= 6, "the settings of each client")
    for name, row in mem.items():
        if name != "heap_kib":
            t.true(row["size"] * (row["used"] + row["free"]) <= row["memtotal"] <
                   (row["size"] + 1) * (row["used"] + row["free"]) + 1, f"{name} adds up ({row})")
    lists = {r["list"]: int(r["items"]) for r in s.show("LISTS")}
    t.equal(lists["free_clients"], mem["client_cache"]["free"], "free_clients of SHOW LISTS")
    for c in clients:
        c.close()


def test_nodes(t):
    s = t.steer()
    rows = s.nodes()
    t.equal(sorted(r["node"] for r in rows), sorted(n.address for n in t.cluster.nodes), "nodes")
    for column in ("role", "timeline", "state", "why", "since"):
        t.true(column in rows[0], f"column {column} of SHOW NODES, got {list(rows[0])}")
    t.true(any("lsn" in column for column in rows[0]), "an LSN in SHOW NODES")
    t.true(any("lag" in column for column in rows[0]), "a lag in SHOW NODES")
    t.equal({r["timeline"] for r in rows}, {"1"}, "timelines")
    t.equal(s.node(t.cluster.primary.port)["role"], "primary", "the primary's role")


def test_set_and_wrong_commands(t):
    s = t.steer()
    with s.console() as c:
        got = c.query("SET query_wait_timeout = 9")
        t.true(got.tags[0].startswith("SET"), f"tag of SET, got {got.tags}")
        t.equal({r["key"]: r["value"] for r in s.show("CONFIG")}["query_wait_timeout"], "9", "after SET")
        for command in ("SET no_such_option = 1", "SET query_wait_timeout = many",
                        "SHOW NONSENSE", "NONSENSE", "PAUSE no_such_db", "KILL no_such_db", "SHOW", "DROP TABLE x"):
            e = t.error(None, lambda: c.query(command), f"{command!r}")
            t.equal(e.severity, "ERROR", f"severity of the error for {command!r}")
        t.equal(c.query("SHOW STATE").tags, ["SHOW"], "the console goes on after errors")
        got = c.query("SET listen_port = 1")
        t.equal((got.tags, len(got.notices)), (["SET listen_port=1"], 1), "what needs a restart is ignored, with a notice")
        t.equal({r["key"]: r["value"] for r in s.show("CONFIG")}["listen_port"], str(s.port), "listen_port")
        c.query("RELOAD")
        t.wait(lambda: {r["key"]: r["value"] for r in s.show("CONFIG")}["query_wait_timeout"] == "120",
               "RELOAD to drop earlier SET values")


def test_extended_protocol(t):
    import asyncpg
    import psycopg
    s = t.steer(auth_type="scram-sha-256")
    with s.console() as c:
        got = c.extended("SHOW POOLS")
        t.equal("".join(m.type for m in got.messages).replace("D", ""), "12TCZ", "messages of SHOW POOLS")
        t.equal(got.columns, COLUMNS["POOLS"].split(), "its columns")
        got = c.segment(wire.parse("", "SHOW NONSENSE"), wire.bind(), wire.execute(), check=False)
        t.equal((len(got.errors), got.status), (1, "I"), "an error in the extended protocol")
    where = f"host=127.0.0.1 port={s.port} user=admin password=admin-secret dbname=pgbouncer sslmode=disable"
    with psycopg.connect(where, autocommit=True) as c:
        cur = c.execute("SHOW POOLS")
        t.equal([d.name for d in cur.description], COLUMNS["POOLS"].split(), "SHOW POOLS with psycopg 3")
        t.true(isinstance(c.execute("SHOW LISTS").fetchone()[1], int), "numbers are numbers")

    async def go():
        c = await asyncpg.connect(f"postgresql://admin:admin-secret@127.0.0.1:{s.port}/pgbouncer")
        rows = await c.fetch("SHOW POOLS")
        t.equal(list(rows[0].keys()), COLUMNS["POOLS"].split(), "SHOW POOLS with asyncpg")
        t.equal([type(v).__name__ for v in (await c.fetch("SHOW LISTS"))[0].values()], ["str", "int"],
                "types of SHOW LISTS with asyncpg (binary)")
        t.true((await c.fetch("SHOW STATS"))[0]["total_xact_count"] >= 0, "numeric in binary")
        await c.execute("RELOAD")
        await c.close()
    asyncio.run(go())


def test_psql_on_the_console(t):
    s = t.steer()
    where = f"host=127.0.0.1 port={s.port} user=admin password=admin-secret dbname=pgbouncer"
    done = t.run.call([find_program("psql"), "-X", "-A", "-t", where, "-c", "SHOW VERSION"])
    t.contains(done.stdout, "PgBouncer 1.25.2 (pgsteer ", "SHOW VERSION with psql")


def test_pause_and_resume(t):
    s = t.steer()
    with s.client() as busy, s.client() as idle, s.client(database="other") as other:
        busy.query("BEGIN")
        busy.query("SELECT 1")
        admin = s.console()
        admin.send(query("PAUSE app"))
        t.true(admin.quiet(0.3), "PAUSE waits for the running transaction")
        t.equal(busy.value("SELECT 2"), "2", "a running transaction goes on")
        busy.query("COMMIT")
        t.equal(admin.result().tags, ["PAUSE"], "PAUSE, once the transaction has ended")
        idle.send(query("SELECT 3"))
        t.true(idle.quiet(0.3), f"a paused database holds its clients, got {idle.unread()}")
        t.equal(other.value("SELECT 4"), "4", "another database goes on")
        t.equal(next(r["paused"] for r in s.show("DATABASES") if r["name"] == "app"), "1", "paused in SHOW DATABASES")
        t.equal(admin.query("RESUME app").tags, ["RESUME"], "RESUME")
        t.equal(idle.result().rows, [["3"]], "the held client after RESUME")
        admin.query("PAUSE")
        t.equal({r["key"]: r["value"] for r in admin.query("SHOW STATE").dicts()}["paused"], "yes", "SHOW STATE")
        other.send(query("SELECT 5"))
        t.true(other.quiet(0.3), "PAUSE without a name holds all")
        admin.query("RESUME")
        t.equal(other.result().rows, [["5"]], "after RESUME")
        t.error(None, lambda: admin.query("RESUME"), "RESUME of what is not paused")
        admin.close()


def test_pause_closes_servers(t):
    s = t.steer()
    with s.client() as c:
        c.query("SELECT 1")
        c.query("/* pgsteer: primary */ SELECT 1")
        s.admin("PAUSE")
        mine = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND backend_type = 'client backend'"
        t.wait(lambda: [n.value(mine) for n in t.cluster.nodes] == ["0"] * 3, "PAUSE to close all connections")
        s.admin("RESUME")
        t.equal(c.value("SELECT 1"), "1", "after RESUME")


def test_reconnect(t):
    s = t.steer()
    with s.client(database="single") as c, s.client(database="single") as busy:
        busy.query("BEGIN")
        kept = busy.value("SELECT pg_backend_pid()")
        first = c.value("SELECT pg_backend_pid()")
        t.equal(s.admin("RECONNECT single").tags, ["RECONNECT"], "RECONNECT")
        t.wait(lambda: c.value("SELECT pg_backend_pid()") not in (first, kept), "a new server after RECONNECT")
        t.equal(busy.value("SELECT pg_backend_pid()"), kept, "a running transaction keeps its server")
        busy.query("COMMIT")
        t.wait(lambda: busy.value("SELECT pg_backend_pid()") != kept, "then it is closed too")


def test_kill(t):
    s = t.steer()
    victim, other = s.client(), s.client(database="other")
    victim.query("SELECT 1")
    t.equal(s.admin("KILL app").tags, ["KILL"], "KILL")
    t.true(victim.at_end(20), "KILL closes the database's clients")
    t.equal(other.value("SELECT 1"), "1", "another database's client stays")
    held = s.client(login=False)
    s.admin("RESUME app")
    held.close()
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "after RESUME")
    other.close()


def test_shutdown(t):
    s = t.steer()
    with s.client() as c:
        c.query("SELECT 1")
        try:
            s.admin("SHUTDOWN")
        except (EOFError, OSError, wire.ServerError):
            pass
        s.status = s.process.wait(20)
        t.equal(s.status, 0, "exit status after SHUTDOWN")
    s = t.steer()
    busy = s.client()
    busy.query("BEGIN")
    try:
        s.admin("SHUTDOWN WAIT_FOR_SERVERS")
    except (EOFError, OSError):
        pass
    t.equal(busy.value("SELECT 7"), "7", "a running transaction during SHUTDOWN WAIT_FOR_SERVERS")
    t.true(s.process.poll() is None, "pgsteer waits for it")
    busy.query("COMMIT")
    s.status = s.process.wait(30)
    t.equal(s.status, 0, "exit status after the transaction's end")


def test_routes_before_and_after(t):
    s = t.steer()
    before = s.routes()
    with s.client() as c:
        for _ in range(7):
            c.query("SELECT 1")
        c.query("BEGIN; SELECT 1; COMMIT")
        c.query("/* pgsteer: primary */ SELECT 1")
    after = s.routes()
    grown = {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}
    t.equal(grown.get(("standby", "read")), 7, f"routes (standby, read), grown are {grown}")
    t.equal(grown.get(("primary", "hint primary")), 1, f"routes (primary, hint primary), grown are {grown}")
    t.equal(sum(grown.values()), 9, f"all routes, grown are {grown}")
