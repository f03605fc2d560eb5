"""Limits: of servers and of clients, per database and per user, exact over all workers, fair, and at once."""
import threading
import time

import wire

USERS = ("app", "md5_user", "scram_user")
# What runs at a time: a connection that was closed may be seen for a moment, but runs nothing.
RUNNING = ("SELECT count(*) FROM pg_stat_activity WHERE usename IN ('app', 'md5_user', 'scram_user') "
           "AND state = 'active' AND query LIKE 'SELECT pg_sleep%'")
TOO_MANY = "client connections exceeded (max_%s_client_connections)"


def hammer(t, s, clients, seconds, limit):
    """Each of [(database, user)] runs short queries, at least until all have had a turn and `limit` were seen at a time;
    returns (turns of each, most queries at a time)."""
    stop, done, most, failures = threading.Event(), [0] * len(clients), [0], []

    def run(n, database, user):
        try:
            with s.client(database=database, user=user) as c:
                while not stop.is_set():
                    c.query("SELECT pg_sleep(0.002)")
                    done[n] += 1
        except Exception as e:
            failures.append(repr(e))
    threads = [threading.Thread(target=run, args=(n, *client)) for n, client in enumerate(clients)]
    with t.cluster.primary.connect(user="postgres") as watcher:
        for thread in threads:
            thread.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until or ((min(done) == 0 or max(most) < limit) and not failures and
                                           time.monotonic() < until + 20):
            most.append(int(watcher.value(RUNNING)))
    stop.set()
    for thread in threads:
        thread.join()
    t.equal(failures, [], "failures")
    return done, max(most)


def test_pools_share_the_limit_of_a_database_or_user(t):
    line = t.cluster.line("app", [t.cluster.primary])
    other = t.cluster.line("other", [t.cluster.primary])
    rows = [ # fewer than pools: one of them always has to take a connection from another
        ("max_db_connections", {"one": line + " max_db_connections=2"}, "", [("one", u) for u in USERS]),
        ("max_user_connections", {"one": line, "two": line, "three": other},
         "\n[users]\napp = max_user_connections=2\n", [(d, "app") for d in ("one", "two", "three")]),
    ]
    for name, databases, extra, pools in rows:
        s = t.steer(databases, workers=4, default_pool_size=5, extra=extra)
        done, most = hammer(t, s, pools * 4, 2, 2)
        t.equal(most, 2, f"most queries at a time, {name}=2, 12 clients of 3 pools, 4 workers")
        t.true(min(done) > 0, f"every client of every pool gets its turn ({name}; turns: {done})")
        t.contains(s.log_text(), "closing because: evicted (age=", "log")
        column, table, key = (("current_connections", "DATABASES", "one") if name == "max_db_connections"
                              else ("current_connections", "USERS", "app"))
        row = next(r for r in s.show(table) if r["name"] == key)
        t.true(1 <= int(row[column]) <= 2, f"{column} of SHOW {table} ({row})")
        s.stop()


def rush(s, clients):
    """Connects all of them at the same time. Returns (clients that are in, refusals)."""
    came, refused, start = [], [], threading.Barrier(len(clients))

    def run(database, user):
        start.wait()
        try:
            came.append(s.client(database=database, user=user))
        except wire.ServerError as e:
            refused.append((e.sqlstate, e.message))
    threads = [threading.Thread(target=run, args=client) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came, refused


def now(s, table, name):
    return int(next(r for r in s.show(table) if r["name"] == name)["current_client_connections"])


def test_clients_are_limited_exactly(t):
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer({"one": line + " max_db_client_connections=5", "two": line}, workers=4,
                extra="\n[users]\nmd5_user = max_user_client_connections=5\nstray = pool_size=1\n")
    rows = [
        ("database", [("one", USERS[n % 3]) for n in range(8)], ("DATABASES", "one"), "db"),
        ("user", [(("one", "two", "two")[n % 3], "md5_user") for n in range(12)], ("USERS", "md5_user"), "user"),
    ]
    for name, clients, shown, word in rows:
        for again in range(3):
            came, refused = rush(s, clients)
            t.equal(len(came), 5, f"clients let in, at most 5 of one {name}, {len(clients)} at the same time")
            t.equal(set(refused), {("08P01", TOO_MANY % word)}, f"what the others are told ({name})")
            t.equal(now(s, *shown), 5, f"current_client_connections of SHOW {shown[0]} ({name})")
            for c in came:
                c.close()
            t.wait(lambda: now(s, *shown) == 0, f"nobody to be counted any more ({name})")
    # A login that fails is counted out again; who is unknown is not counted at all.
    for user in ("stray", "nobody"):
        e = t.error("28000", lambda: s.client(database="one", user=user), f"login of {user}")
        t.equal(e.message, '"trust" authentication failed', user)
    t.equal(now(s, "DATABASES", "one"), 0, "clients of the database after logins that failed")
    names = [r["name"] for r in s.show("USERS")]
    t.true("stray" in names and "nobody" not in names and "pgbouncer" in names, f"SHOW USERS ({names})")


def test_a_place_is_free_when_its_client_has_gone(t):
    """Whatever threads the two are on: who connects after another has closed is never refused for it."""
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer({"one": line}, workers=4, stats_users="watcher", users={"admin": "admin-secret", "app": "", "watcher": ""},
                admin_users="admin")
    console = {"user": "watcher", "database": "pgbouncer"}
    plain = {"user": "app", "database": "one"}
    for key, who in (("max_db_client_connections", console), ("max_db_client_connections", plain),
                     ("max_user_client_connections", plain), ("max_client_conn", plain)):
        with s.console() as c:
            c.query(f"SET {key} = 2")
        with wire.Client(s.port, **who):
            for _ in range(60):
                wire.Client(s.port, **who).close()
            with wire.Client(s.port, **who):
                e = t.error("08P01", lambda: wire.Client(s.port, **who), f"one more than {key}, {who}")
                t.true(key in e.message, f"{key}: {e.message}")
        with s.console() as c:
            c.query(f"SET {key} = {100 if key == 'max_client_conn' else 0}")


def test_new_limits_hold_at_once(t):
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer({"one": line, "two": line}, workers=4, admin_users="admin, boss",
                users={"admin": "admin-secret", "boss": "", "watcher": "", "app": ""})
    with s.console() as console, s.client(database="one") as first, s.client(database="one") as second:
        t.equal(first.value("SELECT 1"), "1", "first client")
        for n in range(12):
            for key, word, limit in (("max_db_client_connections", "db", 2),
                                     ("max_user_client_connections", "user", 2),
                                     ("max_client_conn", None, 2)):
                console.query(f"SET {key} = {limit}")
                text = TOO_MANY % word if word else "no more connections allowed (max_client_conn)"
                e = t.error("08P01", lambda: s.client(database="one"), f"one more than {key}")
                t.equal(e.message, text, key)
                console.query(f"SET {key} = 3")
                s.client(database="one").close()
                t.wait(lambda: now(s, "DATABASES", "one") == 2, "it to be gone")
                console.query(f"SET {key} = {1000 if word is None else 0}")
        t.equal(second.value("SELECT 1"), "1", "second client")
        # The console's clients are counted like others; administrators come in nevertheless.
        console.query("SET stats_users = 'watcher'")
        console.query("SET max_user_client_connections = 1")
        with wire.Client(s.port, user="watcher", database="pgbouncer") as c:
            t.equal(c.query("SHOW VERSION").rows != [], True, "SHOW of a stats user")
            e = t.error("08P01", lambda: wire.Client(s.port, user="watcher", database="pgbouncer"), "a second one")
            t.equal(e.message, TOO_MANY % "user", "max_user_client_connections on the console")
        with wire.Client(s.port, user="boss", database="pgbouncer"), \
                wire.Client(s.port, user="boss", database="pgbouncer"):
            t.equal(now(s, "USERS", "boss"), 2, "administrators counted")
        console.query("SET admin_users = 'admin'")
        e = t.error("42501", lambda: wire.Client(s.port, user="boss", database="pgbouncer"), "no administrator any more")
        t.equal(e.message, "not allowed", "no administrator any more")
        t.wait(lambda: now(s, "USERS", "boss") == 0, "the console's clients to be counted out")


def test_reserve_and_minimum(t):
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer({"one": line + " pool_size=1 reserve_pool_size=1", "ready": line + " user=md5_user min_pool_size=3",
                 "lazy": line + " min_pool_size=3"}, workers=4, reserve_pool_timeout="0.5")
    ready = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'md5_user'"
    with t.cluster.primary.connect(user="postgres") as watcher:
        t.wait(lambda: watcher.value(ready) == "3", "min_pool_size=3 connections of a line with a user")
        t.equal(watcher.value("SELECT count(*) FROM pg_stat_activity WHERE usename IN ('app', 'scram_user') "
                              "AND datname = 'app'"), "0", "connections of lines whose clients have not come")
        with s.client(database="lazy", user="scram_user"):
            t.wait(lambda: watcher.value(ready.replace("md5_user", "scram_user")) == "3",
                   "min_pool_size=3 connections for a client that only is there")
        t.equal(watcher.value(ready), "3", "still three")
    with s.client(database="one") as a, s.client(database="one") as b, s.client(database="one") as c:
        a.query("BEGIN")
        began = time.monotonic()
        b.query("BEGIN")
        t.within(time.monotonic() - began, 0.49, 1.2, "wait for the reserve, reserve_pool_timeout=0.5")
        c.send(wire.query("SELECT 1"))
        t.true(c.quiet(1), "the reserve is used up")
        t.equal(s.log_text().count("taking connection from reserve_pool"), 1, "taken from the reserve")
        t.true(any("WARNING C-0x" in line and "one/app@127.0.0.1:" in line and line.endswith("reserve_pool")
                   for line in s.log_text().splitlines()), "the client in the log line")
        a.query("COMMIT")
        c.result()
