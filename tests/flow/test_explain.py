"""The router asked: EXPLAIN ROUTE on the console, --explain and --classify from the shell."""
import time

from wire import bind, describe, execute, parse, query



def test_explain_on_console(t):
    s = t.steer()
    ports = [str(node.port) for node in t.cluster.standbys]
    with s.console() as c:
        def ask(sql, database="app"):
            got = c.query(f"EXPLAIN ROUTE FOR {database}: {sql}")
            t.equal(len(got.rows), 1, f"rows for {sql}")
            return got.rows[0]
        target, node, kind, reason, token, _ = ask("SELECT 1; SELECT ';', $$;$$ -- ;")
        t.equal((target, kind, reason, token), ("standby", "read", "read", None), "a read")
        t.true(node.split(":")[-1] in ports, f"{node} is a standby")
        target, node, kind, reason, token, text = ask("select 1; delete from t")
        t.equal((target, node.split(":")[-1], kind, reason, token, text),
                ("primary", str(t.cluster.primary.port), "write", "dml", "delete", "changes rows"), "a write")
        t.equal(ask("SELECT 1", "single")[3], "single node", "a plain line")
        s.admin("SET route_primary = 'upper'")
        t.equal(ask("SELECT upper('a')")[2:5], ["write", "function", "upper"], "a function of route_primary")
        t.contains(t.error("08P01", lambda: ask("SELECT 1", "nothing"), "another database").message,
                   "no such database: nothing", "its error")
        for wrong in ("EXPLAIN", "EXPLAIN ROUTE", "EXPLAIN SELECT 1", "EXPLAIN ROUTE FOR app SELECT 1"):
            t.contains(t.error("08P01", lambda w=wrong: c.query(w), wrong).message, "invalid command", wrong)
        t.equal(ask("SELECT 1" + "+ 1" * 15000)[3], "read", "a long text")
        # The extended protocol describes it before it runs.
        c.segment(parse("one", "EXPLAIN ROUTE FOR app: DELETE FROM t"), parse("other", "EXPLAIN ROUTE FOR app: SELECT 1"))
        for _ in range(2):
            got = c.segment(bind("", "one"), describe("P"), execute())
            t.equal(got.rows[0][3:5], ["dml", "DELETE"], "the same through Parse and Bind")


def test_of_a_session(t):
    """What a user is given, and what a session sets, counts for EXPLAIN as it does for a client."""
    s = t.steer(databases={"app": t.cluster.line("app"), "ro": t.cluster.line("app", target_session_attrs="standby")},
                extra="[users]\nmd5_user = target_session_attrs=primary\nscram_user = consistency=strong pool_mode=session\n")
    with s.console() as c, s.client() as writer:
        writer.query("CREATE TABLE IF NOT EXISTS ex_rows(i int)")
        lsn = writer.value("SHOW pgsteer.lsn")
        far = "F" + lsn.partition("@")[0].partition("/")[0] + "/0@" + lsn.partition("@")[2]

        def ask(options, sql="SELECT 1", database="app"):
            return c.query(f"EXPLAIN ROUTE {options} FOR {database}: {sql}").rows[0]

        def said(options, sql="SELECT 1", database="app"):
            row = ask(options, sql, database)
            return row[0], row[3]
        for options, sql, expected in (
                ("", "SELECT 1", ("standby", "read")), ("(user app)", "SELECT 1", ("standby", "read")),
                ("(USER md5_user)", "SELECT 1", ("primary", "target_session_attrs")),
                ("(user scram_user)", "SELECT 1", ("primary", "session pooling")),
                ("(user \"nobody we know\")", "SELECT 1", ("standby", "read")),
                ("(pgsteer.route primary)", "SELECT 1", ("primary", "hint primary")),
                ("(pgsteer.route 'standby')", "SELECT nextval('s')", ("standby", "hint standby")),
                ("(pgsteer.route standby)", "DELETE FROM t", ("primary", "dml")),
                ("(default_transaction_read_only on)", "SELECT no_such_thing()", ("standby", "read only transaction")),
                ("(default_transaction_read_only on, default_transaction_isolation serializable)", "SELECT 1",
                 ("primary", "serializable")),
                (f"(pgsteer.min_lsn '{far}')", "SELECT 1", ("primary", "not fresh enough")),
                ("(standard_conforming_strings off)", "SELECT '\\', no_such_thing()'", ("standby", "read"))):
            t.equal(said(options, sql), expected, f"{options} {sql}")
        t.equal(said("", database="ro"), ("standby", "target_session_attrs"), "a line with a fixed target")
        t.equal(said("(user md5_user)", database="ro"), ("primary", "target_session_attrs"), "the user's goes before")
        # A client is served as the explanation says.
        for user, options in (("app", ""), ("md5_user", "(user md5_user)")):
            with s.client(user=user) as client:
                place = "primary" if client.value("SELECT inet_server_port()") == str(t.cluster.primary.port) else "standby"
            t.equal(place, said(options)[0], f"where {user} is served")
        for options, sqlstate, text in (("(work_mem '1MB')", "42704", "no say in routes"),
                                        ("(pgsteer.route nowhere)", "22023", "pgsteer.route"),
                                        ("(pgsteer.min_lsn '1/2')", "22023", "pgsteer.min_lsn")):
            t.contains(t.error(sqlstate, lambda o=options: ask(o), options).message, text, options)
    t.sql("DROP TABLE ex_rows")


def test_shell(t):
    s = t.steer(extra="[users]\nmd5_user = target_session_attrs=primary\n")
    ini = s.ini

    def run(*arguments, text=""):
        done = t.run.call([s.program, *arguments], check=False, input=text)
        return done.returncode, done.stdout
    status, said = run("--explain", ini, "app", "SELECT 1")
    t.equal(status, 0, said)
    t.contains(said, "target: standby\n", "where a read goes")
    t.true(any(f"node:   127.0.0.1:{n.port}\n" in said for n in t.cluster.standbys), f"and to which node: {said}")
    status, said = run("--explain", ini, "app", "select nextval('s')")
    t.equal((status, said), (0, f"target: primary\nnode:   127.0.0.1:{t.cluster.primary.port}\nclass:  write\n"
                                "reason: function (calls a function that writes, has effects, or is not known to be "
                                "harmless)\ntoken:  nextval\n"), "a write")
    t.equal(run("--explain", ini, "single", "SELECT 1")[1].split("\n")[3][:20], "reason: single node ", "a plain line")
    t.equal(run("--explain", ini, "nothing", "SELECT 1"), (1, ""), "another database")
    for sets, sql, target, reason in (
            (["--set=pgsteer.route=primary"], "SELECT 1", "primary", "hint primary"),
            (["--set=user=md5_user"], "SELECT 1", "primary", "target_session_attrs"),
            (["--set=default_transaction_read_only=on", "--set=pgsteer.consistency=eventual"], "SELECT f()", "standby",
             "read only transaction")):
        said = run("--explain", *sets, ini, "app", sql)[1]
        t.true(f"target: {target}\n" in said and f"reason: {reason} (" in said, f"with {sets}: {said}")
    text = "SELECT 1\nSELECT f()\n\nDELETE FROM t\nBEGIN READ ONLY\n"
    expected = "R\tread\t\nW\tfunction\tf\nR\tempty\t\nW\tdml\tDELETE\nR\tread only transaction\tREAD ONLY\n"
    t.equal(run("--classify", "--lines", text=text), (0, expected), "lines")
    text = "SELECT 1;\nUPDATE t SET a = 1;\0select \"a\n\tb\"()\0"
    t.equal(run("--classify", text=text), (0, "W\tdml\tUPDATE\nW\tfunction\t\"a\\n\\tb\"\n"), "texts with a NUL behind them")
    t.equal(run("--classify", "--lines", "--database", "app", ini, text="SELECT 1\nSELECT no_such_thing(1)\n"),
            (0, "R\tread\t\nW\tfunction\tno_such_thing\n"), "by a database")
    for wrong in (["--classify", ini], ["--classify", "--database", "app"], ["--lines"], ["--explain", ini, "app"],
                  ["--explain", "--lines", ini, "app", "x"], ["--classify", "--set=user=a"], ["--set=user=a", ini],
                  ["--explain", "--set=user", ini, "app", "x"], ["--explain", "--set=work_mem=1MB", ini, "app", "x"], ["--classify", "--explain", ini, "app", "x"]):
        t.equal(run(*wrong), (1, ""), f"wrong arguments {wrong}")


def routes(s):
    return [line.partition(" route: ")[2] for line in s.log_text().splitlines() if " route: " in line]


def test_log_routes(t):
    s = t.steer(workers=1, log_routes=1)
    primary = f"127.0.0.1:{t.cluster.primary.port}"
    with s.client() as c:
        c.query("SELECT 'a secret'")
        c.query("BEGIN; SELECT 1; COMMIT")
        c.query("SELECT nextval('a secret')", check=False)
        c.query("SELECT 'a secret", check=False)
        c.segment(parse("one", "/* pgsteer: primary */ SELECT 'a secret'"))
        c.segment(bind("", "one"), execute())
        got = routes(s)
        t.equal(len(got), 6, f"lines: {got}")
        t.contains(got[0], "target=standby node=127.0.0.1:", "a read")
        t.contains(got[0], 'class=read reason="read" token=""', "a read")
        for i, end in ((1, 'class=write reason="transaction" token="BEGIN"'), (2, 'class=write reason="function" token="nextval"'),
                       (3, 'class=write reason="does not lex" token=""'), (5, 'class=read reason="hint primary" token="pgsteer: primary"')):
            t.equal(got[i], f"target=primary node={primary} {end}", "a line")
        t.true("secret" not in s.log_text().replace("pgsteer.log", ""), "no constant is logged")
        s.admin("SET log_routes_text = 'shape'")
        c.query("SELECT 'a secret', 1")
        t.contains(routes(s)[-1], 'token="" text=select ?', "a text without its constants")
        t.true("secret" not in s.log_text(), "no constant is logged")
        s.admin("SET log_routes_text = 'full'")
        c.query("SELECT 'a secret', 1")
        t.contains(routes(s)[-1], "text=SELECT 'a secret', 1", "all of a text")
        s.admin("SET log_routes = 10")
        before = len(routes(s))
        for i in range(100):
            c.query(f"SELECT {i}")
        t.equal(len(routes(s)) - before, 10, "lines of a hundred, one of ten")
        s.admin("SET log_routes = 0")
        before = len(routes(s))
        c.query("SELECT 1")
        t.equal(len(routes(s)), before, "lines when none is wanted")
    # Not more than a thousand a second.
    s.admin("SET log_routes = 1")
    s.admin("SET log_routes_text = 'none'")
    before = len(routes(s))
    with s.client() as c:
        began = time.monotonic()
        while "lines left out" not in s.log_text() and time.monotonic() - began < 20:
            c.send(query("SELECT 1") * 2500)
            for _ in range(2500):
                c.until("Z")
        seconds = time.monotonic() - began
    t.contains(s.log_text(), "lines left out", "what was too many")
    t.within(len(routes(s)) - before, 500, 1000 * (seconds + 2), "lines")
