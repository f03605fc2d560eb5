"""Where statements and transactions go, and that a session sees its own writes. inet_server_port() is a read by
policy and tells which node answered."""
import threading
import time

import wire
from run import find_program

SETTINGS = {"lazy_begin": 1}

PORT = "SELECT inet_server_port()"

# For tests of where a statement belongs: a loaded machine's standbys come a while after what the session has seen.
PATIENT = {"causal_wait": 10}


def places(t, c, sql=PORT, times=8):
    """Roles of the nodes that answered."""
    ports = {int(c.query(sql).rows[0][0]) for _ in range(times)}
    return {"primary" if port == t.cluster.primary.port else "standby" for port in ports}


def test_reads_go_to_standbys(t):
    s = t.steer()
    with s.client() as c:
        t.equal(places(t, c, times=40), {"standby"}, "where SELECT goes")
    for _ in range(20):  # both standbys serve, over the sessions
        with s.client() as c:
            for _ in range(5):
                c.query("SELECT 1")
    rows = s.nodes()
    t.equal(sorted(r["role"] for r in rows), ["primary", "standby", "standby"], "roles in SHOW NODES")
    routes = s.routes()
    t.true(routes.get(("standby", "read"), 0) >= 140, f"140 routes 'standby, read' in SHOW ROUTES, got {routes}")


def test_both_standbys_serve(t):
    s = t.steer()
    seen = set()
    for _ in range(60):
        with s.client() as c:
            seen.add(c.value(PORT))
    t.equal(seen, {str(n.port) for n in t.cluster.standbys}, "nodes that served 60 sessions' reads")


def test_writes_go_to_the_primary(t):
    t.sql("CREATE TABLE ro_w(i int, port int DEFAULT inet_server_port())")
    s = t.steer()
    primary = str(t.cluster.primary.port)
    with s.client() as c:
        t.equal(c.value("INSERT INTO ro_w VALUES (1) RETURNING port"), primary, "where INSERT goes")
        for sql, what in [
            ("UPDATE ro_w SET i = i RETURNING inet_server_port()", "UPDATE"),
            ("WITH x AS (UPDATE ro_w SET i = i RETURNING 1) SELECT inet_server_port() FROM x", "UPDATE inside WITH"),
            ("SELECT inet_server_port() FROM ro_w FOR UPDATE", "SELECT FOR UPDATE"),
            ("SELECT inet_server_port(), pg_advisory_xact_lock(1)", "an advisory lock"),
            ("SELECT inet_server_port(), txid_current()", "txid_current()"),
            ("SELECT inet_server_port(), pg_is_in_recovery()", "a question about the node"),
            ("SELECT inet_server_port(), no_such_yet(1) FROM (SELECT 1) x WHERE false", None),
        ]:
            if what is not None:
                t.equal(c.query(sql).rows[0][0], primary, f"where {what} goes")
        t.equal(c.value("SELECT pg_is_in_recovery()"), "f", "clients see one server: a primary")
        t.equal(c.value("SHOW transaction_read_only"), "off", "SHOW transaction_read_only is the primary's")
        t.true(c.parameters.get("in_hot_standby", "off") == "off", "in_hot_standby is reported as off")
        c.query(PORT)
        t.true(c.parameters.get("in_hot_standby", "off") == "off", "in_hot_standby stays off after a read")
        c.query("CREATE TABLE ro_w2 AS SELECT 1 AS i; DROP TABLE ro_w2")
    reasons = {reason for (target, reason) in s.routes() if target == "primary"}
    for reason in ("dml", "dml in with", "locking clause", "function", "node state", "ddl"):
        t.true(reason in reasons, f"reason {reason!r} in SHOW ROUTES, got {sorted(reasons)}")


def test_transactions(t):
    s = t.steer()
    with s.client() as c:
        for begin in ("BEGIN READ ONLY", "START TRANSACTION READ ONLY", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                      "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY"):
            c.query(begin)
            seen = {c.value(PORT) for _ in range(3)}
            c.query("COMMIT")
            t.equal(len(seen), 1, f"nodes that served one transaction ({begin})")
            t.true(str(t.cluster.primary.port) not in seen, f"{begin} runs on a standby")
        for begin in ("BEGIN", "START TRANSACTION", "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"):
            c.query(begin)
            seen = {c.value(PORT) for _ in range(3)}
            c.query("COMMIT")
            t.equal(seen, {str(t.cluster.primary.port)}, f"nodes that served {begin}")
        c.query("SET default_transaction_read_only = on")
        # the primary served it a moment ago: a standby has to be seen to have that first
        t.wait(lambda: places(t, c, "BEGIN; SELECT inet_server_port(); COMMIT") == {"standby"},
               "standbys to serve it with default_transaction_read_only = on")
        c.query("RESET default_transaction_read_only")
        c.query("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        c.query("BEGIN")
        t.true(int(c.value(PORT)) != t.cluster.primary.port, "BEGIN after SET SESSION CHARACTERISTICS ... READ ONLY")
        t.error("25006", lambda: c.query("CREATE TABLE ro_never(i int)"), "a write in a READ ONLY transaction")
        c.query("ROLLBACK")


def test_read_only_through_the_extended_protocol(t):
    s = t.steer()
    with s.client() as c:
        c.extended("BEGIN READ ONLY")
        port = c.extended(PORT).rows[0][0]
        c.extended("COMMIT")
        t.true(int(port) != t.cluster.primary.port, "BEGIN READ ONLY through Parse runs on a standby")
        c.extended("BEGIN")
        port = c.extended(PORT).rows[0][0]
        c.extended("ROLLBACK")
        t.equal(int(port), t.cluster.primary.port, "BEGIN through Parse runs on the primary")
        t.wait(lambda: places(t, c) == {"standby"}, "standbys to serve reads afterwards")
        # all in one segment, as pgJDBC pipelines BEGIN in front of the first statement
        got = c.segment(wire.parse("", "BEGIN"), wire.bind(), wire.execute(),
                        wire.parse("", PORT), wire.bind(), wire.execute())
        t.equal(got.rows, [[str(t.cluster.primary.port)]], "BEGIN and SELECT in one segment")
        t.equal(got.status, "T", "the transaction is open after the segment")
        c.extended("COMMIT")


def test_named_statements_keep_their_class(t):
    t.sql("CREATE TABLE ro_named(i int)")
    s = t.steer()
    with s.client() as c:
        c.segment(wire.parse("w", "INSERT INTO ro_named VALUES ($1) RETURNING inet_server_port()"),
                  wire.parse("r", PORT))
        for n in range(5):
            got = c.segment(wire.bind("", "w", [str(n)]), wire.execute()).rows
            t.equal(got, [[str(t.cluster.primary.port)]], "where the named INSERT goes")
        t.cluster.wait_replayed()
        t.wait(lambda: c.segment(wire.bind("", "r"), wire.execute()).rows != [[str(t.cluster.primary.port)]],
               "the named SELECT to go to a standby")
        got = c.segment(wire.bind("", "r"), wire.execute(), wire.bind("", "w", ["9"]), wire.execute()).rows
        t.equal(got, [[str(t.cluster.primary.port)]] * 2, "a segment goes by its strongest statement")


def test_hints(t):
    s = t.steer(**PATIENT)
    with s.client() as c:
        t.equal(places(t, c, "/* pgsteer: primary */ " + PORT), {"primary"}, "the hint primary")
        t.equal(places(t, c), {"standby"}, "without a hint")
        c.query("SET pgsteer.route = 'primary'")
        t.equal(places(t, c), {"primary"}, "SET pgsteer.route = 'primary'")
        t.equal(places(t, c, "/* pgsteer: standby */ " + PORT), {"standby"}, "a statement's hint over the session's")
        c.query("SET pgsteer.route = 'auto'")
        t.equal(places(t, c), {"standby"}, "SET pgsteer.route = 'auto'")
    with s.client(options="-c pgsteer.route=primary") as c:
        t.equal(places(t, c), {"primary"}, "pgsteer.route in the startup options")


def test_patterns(t):
    t.sql("CREATE TABLE ro_audit_log(i int)", "CREATE FUNCTION ro_unknown() RETURNS int LANGUAGE plpgsql VOLATILE "
          "AS 'BEGIN RETURN inet_server_port(); END'")
    s = t.steer(**PATIENT, route_primary="upper, /^select .* from ro_audit_/", route_standby="/ro_unknown.. as (safe|sure)/")
    audit, safe = "SELECT inet_server_port() FROM ro_audit_log RIGHT JOIN (SELECT 1) x ON true", "SELECT ro_unknown() AS safe"
    with s.client() as c:
        t.cluster.wait_replayed()
        for sql, expected in ((audit, "primary"), (PORT, "standby"), (safe, "standby"),
                              ("SELECT ro_unknown() AS other", "primary")):
            t.equal(places(t, c, sql), {expected}, f"where {sql} goes")
        c.segment(wire.parse("audit", audit))

        def prepared():
            return int(c.segment(wire.bind("", "audit"), wire.execute()).rows[0][0]) == t.cluster.primary.port
        t.true(prepared(), "the prepared statement goes to the primary")
        with s.console() as console:
            t.equal(console.query(f"EXPLAIN ROUTE FOR app: {audit}").rows[0][3:5],
                    ["pattern", "/^select .* from ro_audit_/"], "EXPLAIN ROUTE")
        done = t.run.call([s.program, "--classify", "--lines", "--database", "app", s.ini], input=audit + "\n")
        t.equal(done.stdout, "W\tpattern\t/^select .* from ro_audit_/\n", "--classify")
        with open(s.ini) as f:
            text = f.read()
        s.run.write(s.ini, text.replace("/^select .* from ro_audit_/", "/(a)\\1/"))
        done = t.run.call([s.program, "-t", s.ini], check=False)
        number = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("route_primary")][0]
        t.contains(done.stdout + done.stderr, f"pgsteer.ini:{number}: ", "the line of a bad pattern")
        t.contains(done.stdout + done.stderr, "the pattern /(a)\\1/ has a back-reference", "what is wrong with it")
        t.true(done.returncode != 0, "-t fails")
        with s.console() as console:
            console.query("RELOAD", check=False)
        t.true(prepared(), "a RELOAD with a bad pattern changes nothing")
        s.run.write(s.ini, text.replace("/^select .* from ro_audit_/", "/^never/"))
        s.admin("RELOAD")
        t.wait(lambda: not prepared(), "a RELOAD without the pattern to be heeded by the prepared statement")


def test_several_statements_in_one_query(t):
    t.sql("CREATE TABLE ro_multi(i int)")
    s = t.steer()
    with s.client() as c:
        got = c.query("SELECT inet_server_port(); SELECT inet_server_port()")
        t.equal(len(got.rows), 2, "rows of two SELECTs")
        t.true(got.rows[0] == got.rows[1] and got.rows[0][0] != str(t.cluster.primary.port), "both on one standby")
        got = c.query("SELECT inet_server_port(); INSERT INTO ro_multi VALUES (1); SELECT count(*) FROM ro_multi")
        t.equal(got.rows, [[str(t.cluster.primary.port)], ["1"]], "a read beside a write goes along with it")
        t.equal(got.tags, ["SELECT 1", "INSERT 0 1", "SELECT 1"], "tags")
        got = c.query("")
        t.equal([m.type for m in got.messages], ["I", "Z"], "an empty query")
        got = c.query("/* nothing */ ;")
        t.equal([m.type for m in got.messages], ["I", "Z"], "a query of comments")
        got = c.query("SELECT 1; SELECT 1/0; INSERT INTO ro_multi VALUES (2)", check=False)
        t.equal([e.sqlstate for e in got.errors], ["22012"], "an error stops the rest")
        t.equal(c.value("SELECT count(*) FROM ro_multi"), "1", "rows after the error")


def test_sessions_read_their_own_writes(t):
    t.sql("CREATE TABLE ro_own(who int, i int)")
    s = t.steer()
    wrong, lock = [], threading.Lock()

    def session(who):
        with s.client() as c:
            for i in range(60):
                c.query(f"INSERT INTO ro_own VALUES ({who}, {i})")
                seen = int(c.value(f"SELECT count(*) FROM ro_own WHERE who = {who}"))
                if seen != i + 1:
                    with lock:
                        wrong.append(f"session {who}: after {i + 1} writes it saw {seen} rows")
    workers = [threading.Thread(target=session, args=(who,)) for who in range(8)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    t.equal(wrong, [], "stale reads of own writes (consistency=session)")
    routes = s.routes()
    t.true(routes.get(("primary", "not fresh enough"), 0) + routes.get(("standby", "read"), 0) >= 480,
           f"480 reads counted in SHOW ROUTES, got {routes}")


def test_a_paused_standby_gives_no_stale_own_reads(t):
    cluster = t.own_cluster(standbys=1)
    t.sql("CREATE TABLE ro_paused(i int)")
    s = t.steer()
    cluster.standbys[0].query("SELECT pg_wal_replay_pause()")
    with s.client() as c:
        t.equal(places(t, c), {"standby"}, "reads of a session that wrote nothing")
        c.query("INSERT INTO ro_paused VALUES (1)")
        for _ in range(20):
            t.equal(c.value("SELECT count(*) FROM ro_paused"), "1", "own write, while the standby replays nothing")
        t.true(s.routes().get(("primary", "not fresh enough"), 0) >= 20,
               f"reason 'not fresh enough', got {s.routes()}")
        cluster.standbys[0].query("SELECT pg_wal_replay_resume()")
        t.wait(lambda: places(t, c, times=1) == {"standby"}, "reads to return to the standby once it caught up")
        t.equal(c.value("SELECT count(*) FROM ro_paused"), "1", "own write on the standby")


def test_a_session_never_goes_back(t):
    # One standby stands still: a session that was shown more elsewhere is never served by it again.
    cluster = t.own_cluster(standbys=2)
    t.sql("CREATE TABLE ro_back(i int)")
    cluster.wait_replayed()
    s = t.steer()
    writer = cluster.primary.connect("app")
    cluster.standbys[0].query("SELECT pg_wal_replay_pause()")
    back, served = [], set()
    sessions = [s.client() for _ in range(8)]
    last = [0] * len(sessions)
    for n in range(40):
        writer.query("INSERT INTO ro_back VALUES (1)")
        for who, c in enumerate(sessions):
            count, port = c.query("SELECT count(*), inet_server_port() FROM ro_back").rows[0]
            served.add(int(port))
            if int(count) < last[who]:
                back.append(f"session {who} saw {count} rows after {last[who]}")
            last[who] = int(count)
    for c in sessions:
        c.close()
    t.equal(back, [], "reads that went back in time")
    t.true({n.port for n in cluster.standbys} <= served, f"both standbys serve somebody, got {served}")
    for standby in cluster.standbys[1:]:
        standby.query("SELECT pg_wal_replay_pause()")
    with s.client() as c:
        writer.query("INSERT INTO ro_back VALUES (1)")
        c.query("BEGIN")
        seen = c.value("SELECT count(*) FROM ro_back")
        c.query("COMMIT")
        t.equal(c.value("SELECT count(*) FROM ro_back"), seen, "what a transaction on the primary has shown")
    for standby in cluster.standbys:
        standby.query("SELECT pg_wal_replay_resume()")


def test_consistency_of_sessions_and_users(t):
    cluster = t.own_cluster(standbys=1)
    t.sql("CREATE TABLE ro_level(i int)", "GRANT ALL ON ro_level TO scram_user")
    cluster.wait_replayed()
    s = t.steer(databases={"app": cluster.line("app"), "loose": cluster.line("app", consistency="eventual")},
                extra="\n[users]\nscram_user = consistency=eventual\n", causal_wait="0")
    cluster.standbys[0].query("SELECT pg_wal_replay_pause()")
    count = "SELECT count(*) FROM ro_level"

    def sees(c, write=True):
        """What a read right behind a write sees: all, or what the standby that stands still has."""
        c.query("INSERT INTO ro_level VALUES (1)")
        whole = int(cluster.primary.value(count, "app"))
        return int(c.value(count)) == whole

    with s.client() as c:
        t.equal(sees(c), True, "session, the default: own writes")
        c.query("SET pgsteer.consistency = 'eventual'")
        t.equal(sees(c), False, "a session that says eventual")
        c.query("BEGIN")
        c.query("SET pgsteer.consistency = 'session'")
        c.query("ROLLBACK")
        t.equal(sees(c), False, "what was rolled back does not count")
        t.equal(c.value("SHOW pgsteer.consistency"), "eventual", "SHOW pgsteer.consistency")
        c.query("RESET pgsteer.consistency")
        t.equal(sees(c), True, "after RESET")
    with s.client(options="-c pgsteer.consistency=eventual") as c:
        t.equal(sees(c), False, "eventual in the startup options")
        c.query("SET pgsteer.consistency TO strong")
        with s.client() as writer:
            writer.query("INSERT INTO ro_level VALUES (1)")
        t.equal(c.value(count), cluster.primary.value(count, "app"), "strong: what others have committed")
    with s.client(database="loose") as c:
        t.equal(sees(c), False, "eventual on the database's line")
        c.query("SET pgsteer.consistency = 'session'")
        t.equal(sees(c), True, "the session's word over the line's")
    with s.client(user="scram_user") as c:
        t.equal(sees(c), False, "eventual for the user")
    cluster.standbys[0].query("SELECT pg_wal_replay_resume()")


def test_reads_wait_a_moment_for_a_standby(t):
    t.sql("CREATE TABLE ro_wait(i int)")
    s = t.steer(causal_wait="1")
    with s.client() as c:
        standby = 0
        for n in range(50):
            c.query(f"INSERT INTO ro_wait VALUES ({n})")
            count, port = c.query("SELECT count(*), inet_server_port() FROM ro_wait").rows[0]
            t.equal(count, str(n + 1), "own writes")
            standby += int(port) != t.cluster.primary.port
        t.true(standby >= 40, f"at least 40 of 50 reads right after a write were served by standbys, got {standby}")
    cluster = t.own_cluster(standbys=1)
    t.sql("CREATE TABLE ro_wait(i int)")
    s = t.steer(causal_wait="0.2")
    cluster.wait_replayed()
    cluster.standbys[0].query("SELECT pg_wal_replay_pause()")
    with s.client() as c:
        started = time.monotonic()
        for n in range(20):
            c.query(f"INSERT INTO ro_wait VALUES ({n})")
            t.equal(c.value("SELECT count(*) FROM ro_wait"), str(n + 1), "own writes, when waiting is in vain")
        took = time.monotonic() - started
        t.true(took < 3, f"only the first read waits for a standby that does not catch up: took {took:.1f} s for 20")
    cluster.standbys[0].query("SELECT pg_wal_replay_resume()")


def test_lag_ejects_a_standby(t):
    cluster = t.own_cluster(standbys=1)
    t.sql("CREATE TABLE ro_lag(i int)")
    s = t.steer(consistency="eventual", max_standby_lag="1")
    cluster.standbys[0].query("SELECT pg_wal_replay_pause()")
    with s.client() as c, s.client() as reader:
        def ejected():
            c.query("INSERT INTO ro_lag VALUES (1)")
            return s.node(cluster.standbys[0].port)["state"] == "ejected"
        t.wait(ejected, "SHOW NODES to call the standby ejected")
        t.equal(places(t, reader), {"primary"}, "reads when no standby is fit")
        cluster.standbys[0].query("SELECT pg_wal_replay_resume()")
        t.wait(lambda: s.node(cluster.standbys[0].port)["state"] == "up", "the standby to be admitted again")
        t.wait(lambda: places(t, reader, times=1) == {"standby"}, "reads to return to it")
        # by bytes: long before the time is over
        s.settings.update(max_standby_lag="60", max_standby_lag_bytes="100kB")
        s.reload()
        cluster.standbys[0].query("SELECT pg_wal_replay_pause()")
        c.query("INSERT INTO ro_lag SELECT generate_series(1, 100)")
        t.wait(lambda: int(s.node(cluster.standbys[0].port)["lag_bytes"]) > 0, "lag in bytes")
        t.equal(s.node(cluster.standbys[0].port)["state"], "up", "a standby below the limit")
        c.query("INSERT INTO ro_lag SELECT generate_series(1, 10000)")
        t.wait(lambda: s.node(cluster.standbys[0].port)["state"] == "ejected", "the standby to be ejected by bytes")
        t.contains(s.node(cluster.standbys[0].port)["why"], "max_standby_lag_bytes is 102400", "why")
        cluster.standbys[0].query("SELECT pg_wal_replay_resume()")
        t.wait(lambda: s.node(cluster.standbys[0].port)["state"] == "up", "it to be back")
        # nothing is written any more: nobody is behind, however long that lasts
        row = s.node(cluster.standbys[0].port)
        t.wait(lambda: [s.node(cluster.standbys[0].port)[name] for name in ("lag_ms", "lag_bytes")] == ["0", "0"],
               f"no lag beside an idle primary, it was {row['lag_ms']} ms, {row['lag_bytes']} bytes")


def test_strong_consistency_between_sessions(t):
    t.sql("CREATE TABLE ro_strong(i int)")
    s = t.steer(consistency="strong")
    with s.client() as writer, s.client() as reader:
        for n in range(100):
            writer.query(f"INSERT INTO ro_strong VALUES ({n})")
            t.equal(reader.value("SELECT count(*) FROM ro_strong"), str(n + 1), "another session's committed rows")


def test_what_a_standby_refuses_is_run_on_the_primary(t):
    # A function that is declared to be harmless and is not: route_standby makes it a read by order.
    t.sql("CREATE TABLE ro_lie(i int)",
          "CREATE FUNCTION ro_liar() RETURNS int LANGUAGE sql AS 'INSERT INTO ro_lie VALUES (1) RETURNING 7'")
    s = t.steer(route_standby="ro_liar")
    with s.client() as c:
        t.equal(c.value("SELECT ro_liar()"), "7", "the answer, after the standby's 25006")
        t.equal(c.extended("SELECT ro_liar()").rows, [["7"]], "the same through the extended protocol")
        t.equal(c.value("SELECT count(*) FROM ro_lie"), "2", "rows: each ran once")
        t.true(any(reason == "retried" for _, reason in s.routes()), f"reason 'retried', got {s.routes()}")
        got = c.query("BEGIN READ ONLY; SELECT ro_liar()", check=False)
        t.equal([e.sqlstate for e in got.errors], ["25006"], "no retry where the client itself said READ ONLY")


def test_routing_off_and_fixed_targets(t):
    lines = {"app": t.cluster.line("app"),
             "app_ro": t.cluster.line("app", target_session_attrs="prefer-standby"),
             "app_rw": t.cluster.line("app", target_session_attrs="primary"),
             "single": t.cluster.line("app", [t.cluster.primary])}
    s = t.steer(databases=lines, **PATIENT)
    for database, expected in (("app", "standby"), ("app_ro", "standby"), ("app_rw", "primary"), ("single", "primary")):
        with s.client(database=database) as c:
            t.equal(places(t, c), {expected}, f"where SELECT of {database} goes")
    with s.client(database="app_ro") as c:
        t.error("25006", lambda: c.query("CREATE TABLE ro_ro(i int)"), "a write on a read-only endpoint")
    # A user's own target is stronger than the line's.
    s = t.steer(databases=lines, **PATIENT, extra="[users]\napp = target_session_attrs=auto\n"
                "scram_user = target_session_attrs=prefer-standby\n")
    for user, database, expected in (("app", "app_ro", "primary"), ("scram_user", "app_rw", "standby"),
                                     ("scram_user", "single", "primary"), ("md5_user", "app_rw", "primary")):
        with s.client(user=user, database=database) as c:
            t.equal(places(t, c, "SELECT inet_server_port() FROM (SELECT pg_is_in_recovery()) x"),
                    {expected}, f"where a statement for the primary goes that {user} asks of {database}")
    with open(s.ini) as f:
        text = f.read()
    with s.client(user="scram_user", database="app_rw") as c:
        s.run.write(s.ini, text.replace("scram_user = target_session_attrs=prefer-standby", ""))
        s.admin("RELOAD")
        t.wait(lambda: places(t, c, times=1) == {"primary"}, "a RELOAD to take the user's target away")
    off = t.steer(databases=lines, routing="0")
    with off.client() as c:
        t.equal(places(t, c), {"primary"}, "where SELECT goes with routing = 0")


def test_pinned_sessions(t):
    s = t.steer()
    with s.client() as c:
        c.query("CREATE TEMP TABLE ro_temp(i int)")
        c.query("INSERT INTO ro_temp VALUES (1)")
        t.equal(c.value("SELECT count(*) FROM ro_temp"), "1", "a temporary table")
        t.equal(places(t, c), {"primary"}, "a pinned session's reads")
        c.query("DISCARD ALL")
        t.wait(lambda: places(t, c, times=1) == {"standby"}, "reads to go to standbys after DISCARD ALL")
    with s.client() as c, s.client() as d:
        c.query("LISTEN ro_channel")
        d.query("NOTIFY ro_channel, 'hello'")
        got = c.receive()
        t.equal(got.type, "A", "LISTEN in transaction mode gets its notification while idle")
    with s.client() as c:
        c.query("SELECT pg_advisory_lock(77)")
        t.equal(c.value("SELECT pg_advisory_unlock(77)"), "t", "a session's advisory lock is still its own")


def test_psql_shows_the_split(t):
    s = t.steer()
    argv = [find_program("psql"), "-X", "-A", "-t", "-q", s.dsn(), "-c", "CREATE TABLE ro_psql(i int)",
            "-c", PORT, "-c", "BEGIN; SELECT inet_server_port(); COMMIT"]
    t.run.call(argv)
    done = t.run.call([*argv[:6], "-c", PORT, "-c", "INSERT INTO ro_psql VALUES (1) RETURNING inet_server_port()"])
    read, write = done.stdout.split()
    t.equal(int(write), t.cluster.primary.port, "psql's write")
    t.true(int(read) != t.cluster.primary.port, "psql's read is on a standby")


def test_the_whole_segment_is_looked_at(t):
    t.sql("CREATE TABLE ro_cut(i int)")
    s = t.steer(consistency="eventual")
    read = [wire.parse("", "SELECT 1"), wire.bind(), wire.execute()]
    write = [wire.parse("", "INSERT INTO ro_cut VALUES (1)"), wire.bind(), wire.execute()]
    whole = b"".join(read + write + [wire.sync()])
    with s.client() as c:
        c.segment(wire.parse("r", "SELECT 2"))
        for cut in range(1, len(whole), 3):
            c.send(whole[:cut])
            time.sleep(0.002)
            c.send(whole[cut:])
            got = c.result()
            t.equal(got.tags, ["SELECT 1", "INSERT 0 1"], f"a read and a write in one segment, cut at {cut}")
        c.send(*read, wire.flush())
        c.until("C")
        c.send(*write, wire.sync())
        t.equal(c.result().tags, ["INSERT 0 1"], "a write behind a read that was flushed")


def test_a_write_behind_a_commit(t):
    t.sql("CREATE TABLE ro_behind(i int)")
    s = t.steer()
    with s.client() as c:
        for _ in range(5):
            c.query("BEGIN READ ONLY")
            c.query("SELECT 1")
            c.send(wire.query("COMMIT"), wire.query("INSERT INTO ro_behind VALUES (1)"))
            c.result()
            t.equal(c.result().tags, ["INSERT 0 1"], "a write pipelined behind COMMIT")


def test_a_setting_pipelined_behind_a_read(t):
    s = t.steer(default_pool_size=1)
    with s.client() as c, s.client() as other:
        for n in range(5):
            c.send(wire.query("SELECT 1"), wire.query(f"SET work_mem = '{n + 5}MB'"))
            c.result()
            c.result()
            for node in ("primary", "standby"):
                show = f"/* pgsteer: {node} */ SELECT current_setting('work_mem')"
                t.equal(c.value(show), f"{n + 5}MB", f"the setting on the {node}")
                t.equal(other.value(show), "4MB", f"another client's on the {node}")


def test_wishes_that_are_not_understood(t):
    s = t.steer(lazy_begin=1)
    cases = (("route", "replica", "auto, primary, standby"), ("consistency", "strongish", "eventual, session, strong"))
    with s.client() as c:
        for name, word, words in cases:
            said = f'invalid value for parameter "pgsteer.{name}": "{word}"'
            for what, run in (
                    ("SET", lambda n=name, w=word: c.query(f"SET pgsteer.{n} = '{w}'")),
                    ("a bare word", lambda n=name, w=word: c.query(f"SET SESSION PGSteer.{n} TO {w}")),
                    ("set_config", lambda n=name, w=word: c.query(f"SELECT set_config('pgsteer.{n}', '{w}', false)")),
                    ("Parse and Bind", lambda n=name, w=word: c.extended(f"SET pgsteer.{n} = {w}")),
                    ("a startup parameter", lambda n=name, w=word: s.client(**{f"pgsteer.{n}": w})),
                    ("options", lambda n=name, w=word: s.client(options=f"-c pgsteer.{n}={w}"))):
                error = t.error("22023", run, f"{name} by {what}")
                t.equal((error.message, error.fields["H"]), (said, f"Available values: {words}."), f"{name} by {what}")
            t.equal(c.value("SELECT 1"), "1", "the session goes on")
        c.query("BEGIN")
        t.error("22023", lambda: c.query("SET pgsteer.route = 'x'"), "in a transaction that no server has yet")
        t.error("25P02", lambda: c.query("SELECT 1"), "which it aborts")
        c.query("ROLLBACK")
        for word in ("'primary'", "Standby", '"auto"', "DEFAULT"):
            c.query(f"SET pgsteer.route = {word}")
        for word in ("eventual", "'Session'", "strong"):
            c.query(f"SET pgsteer.consistency = {word}")
    with s.client(options="-c pgsteer.route=PRIMARY") as c:
        c.query("SELECT 1")
        t.equal(s.routes()[("primary", "hint primary")] > 0, True, "a word in capitals")
