"""The router asked: EXPLAIN ROUTE on the console, --explain and --classify from the shell."""
from wire import bind, describe, execute, parse



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


def test_shell(t):
    s = t.steer()
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
    text = "SELECT 1\nSELECT f()\n\nDELETE FROM t\nBEGIN READ ONLY\n"
    expected = "R\tread\t\nW\tfunction\tf\nR\tempty\t\nW\tdml\tDELETE\nR\tread only transaction\tREAD ONLY\n"
    t.equal(run("--classify", "--lines", text=text), (0, expected), "lines")
    text = "SELECT 1;\nUPDATE t SET a = 1;\0select \"a\n\tb\"()\0"
    t.equal(run("--classify", text=text), (0, "W\tdml\tUPDATE\nW\tfunction\t\"a\\n\\tb\"\n"), "texts with a NUL behind them")
    t.equal(run("--classify", "--lines", "--database", "app", ini, text="SELECT 1\nSELECT no_such_thing(1)\n"),
            (0, "R\tread\t\nW\tfunction\tno_such_thing\n"), "by a database")
    for wrong in (["--classify", ini], ["--classify", "--database", "app"], ["--lines"], ["--explain", ini, "app"],
                  ["--explain", "--lines", ini, "app", "x"], ["--classify", "--explain", ini, "app", "x"]):
        t.equal(run(*wrong), (1, ""), f"wrong arguments {wrong}")
