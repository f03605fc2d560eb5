"""What is told of a primary that falls silent, of everything that can be under way there: 40003 where it may have been
committed, 40001 where it cannot, nothing where it begins a transaction and can begin on the next primary."""
from flow import deadline
from wire import bind, describe, execute, flush, message, parse, query, sync

SETTINGS = {"lazy_begin": 1, "default_pool_size": 60, "health_check_timeout": "0.5"}
LARGE = "/*" + "x" * 70000 + "*/"  # more than scan_limit


def put(who):
    return f"INSERT INTO loss VALUES ('{who}')"


def run(sql, name=""):
    return parse(name, sql) + bind("", name) + execute()


def in_transaction(who):
    def prepare(c):
        c.query("BEGIN")
        c.query(put(who))
    return prepare


def reading(c):
    c.query("BEGIN")
    c.query("/* pgsteer: primary */ SELECT 1")


def copying(c):
    c.send(query("COPY loss FROM STDIN"))
    c.until("G")
    c.send(message("d", b"copying\n"))


def copying_extended(c):
    c.send(run("COPY loss FROM STDIN") + sync())
    c.until("G")


def copying_behind_a_commit(c):
    in_transaction("x")(c)
    c.send(query("COMMIT; COPY loss FROM STDIN"))
    c.until("G")


COPY_END = message("c")
FIRST = "SELECT 1 FROM loss LIMIT 0; "  # several statements
# What is done before the primary is frozen, and sent afterwards; an SQLSTATE for each ReadyForQuery that comes, and the
# status in the last one.
TOLD = {
    "single": (None, query(put("single")), ["40003"], "I"),
    "extended": (None, run(put("extended")) + sync(), ["40003"], "I"),
    "two": (None, query(put("a")) + query(put("b")), ["40003", "40003"], "I"),
    "read behind": (None, query(put("a")) + query("/* pgsteer: primary */ SELECT 1"), ["40003", "40001"], "I"),
    "transaction behind": (None, query(put("a")) + query("BEGIN") + query(put("b")), ["40003", "40001", "40001"], "E"),
    "transaction before": (None, query("BEGIN;" + put("a")) + query("COMMIT") + query(put("b")),
                           ["40001", "40003", "40003"], "I"),
    "in between": (None, query(f"BEGIN; {put('a')}; COMMIT; BEGIN"), ["40003"], "E"),
    "function": (None, message("F", b"\0\0\x06\x01" + b"\0\0" + b"\0\0" + b"\0\0"), ["40003"], "I"),
    "unknown": (None, query("FROBNICATE loss"), ["40003"], "I"),
    "statement": (in_transaction("x"), query(put("b")), ["40001"], "E"),
    "commit": (in_transaction("x"), query("COMMIT"), ["40003"], "I"),
    "commit extended": (in_transaction("x"), run("COMMIT") + sync(), ["40003"], "I"),
    "chain": (in_transaction("x"), query("COMMIT AND CHAIN"), ["40003"], "E"),
    "prepare": (in_transaction("x"), query("PREPARE TRANSACTION 'x'"), ["40003"], "I"),
    "rollback": (in_transaction("x"), query("ROLLBACK"), ["40001"], "I"),
    "rollback and write": (in_transaction("x"), query("ROLLBACK;" + put("b")), ["40003"], "I"),
    "commit of reads": (reading, query("COMMIT"), ["40001"], "I"),
    "commit within": (in_transaction("x"), query(f"{put('b')}; COMMIT; BEGIN; {put('c')}"), ["40003"], "E"),
    "large": (None, query(put("large") + LARGE), ["40003"], "I"),
    "large parse": (None, run(put("large") + LARGE) + sync(), ["40003"], "I"),
    "large in a transaction": (in_transaction("x"), query(f"{put('b')} {LARGE}; COMMIT"), ["40003"], "E"),
    "large parse in a transaction": (in_transaction("x"), run(put("b") + LARGE) + sync(), ["40001"], "E"),
    "call": (None, query("CALL nothing()"), ["40003"], "I"),
    "copy done": (copying, COPY_END, ["40003"], "I"),
    "copy done at once": (None, query("COPY loss FROM STDIN") + message("d", b"x\n") + COPY_END, ["40003"], "I"),
    "copy done and synced": (copying_extended, COPY_END + sync(), ["40003"], "I"),
    "copy": (copying, b"", ["40001"], "I"),
    "copy behind a commit": (copying_behind_a_commit, b"", ["40003"], "I"),
}
# The same, of which the end is still to come: what is sent then, of which nothing is answered but its Sync.
CUT = {
    "large, cut": (None, query(put("cut") + LARGE)[:-100], query(put("cut") + LARGE)[-100:], "40001", True),
    "no sync": (None, run(put("b")) + flush(), sync(), "40001", False),
    "no sync, large": (None, run(put("b") + LARGE) + flush(), sync(), "40001", False),
    "no sync, copy done": (copying_extended, COPY_END, sync(), "40001", False),
    "no sync, commit": (None, run("BEGIN") + run(put("b")) + run("COMMIT") + flush(), sync(), "40003", False),
    "no sync, call": (None, run("CALL nothing()") + flush(), sync(), "40003", False),
    "no sync, large call": (None, run("CALL nothing()" + LARGE) + flush(), sync(), "40003", False),
}
# What begins a transaction: run again; the tags that come of it.
BEGUN = {
    "first": (True, query(put("first")), ["INSERT 0 1"]),
    "first of a segment": (True, parse("", put("first of a segment")) + bind() + describe("P") + execute() + sync(),
                           ["INSERT 0 1"]),
    "first named": (True, run(put("first named"), "n") + sync(), ["INSERT 0 1"]),
    "first several": (True, query(FIRST + put("first several")), ["SELECT 0", "INSERT 0 1"]),
    "first setting": (True, query("SET work_mem = '7MB';" + put("first setting")), ["SET", "INSERT 0 1"]),
    "with its begin": (False, run("BEGIN") + run(put("with its begin")) + sync(), ["BEGIN", "INSERT 0 1"]),
    "one query": (False, query("BEGIN;" + put("one query")), ["BEGIN", "INSERT 0 1"]),
}


def silence(t, cases):
    """A cluster whose primary is frozen once all clients have what they need; pgsteer, the clients, the primary."""
    cluster = t.own_cluster()
    t.sql("CREATE TABLE loss(who text)", "CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1'")
    s = t.steer()
    s.wait_known("loss")
    clients = {name: s.client() for name in cases}
    for c in clients.values():  # a server for each
        c.send(query("BEGIN; SELECT FROM loss"))
    for c in clients.values():
        c.result()
    for c in clients.values():
        c.query("COMMIT")
    for name, (prepare, *_) in cases.items():
        if callable(prepare):
            prepare(clients[name])
        elif prepare:
            clients[name].query("BEGIN")
    cluster.primary.freeze()
    return cluster, s, clients


@deadline(120)
def test_what_a_silent_primary_may_have_done(t):
    cluster, s, clients = silence(t, {**TOLD, **CUT})
    for name, case in {**TOLD, **CUT}.items():
        clients[name].send(case[1])
    for name, (_, _, sqlstates, status) in TOLD.items():
        got = [clients[name].result(check=False) for _ in sqlstates]
        t.equal([[e.sqlstate for e in one.errors] for one in got], [[sqlstate] for sqlstate in sqlstates], name)
        t.equal(got[-1].status, status, f"{name}: the status")
    for name, (_, _, rest, sqlstate, told_whole) in CUT.items():
        c = clients[name]
        if not told_whole:
            t.equal(c.until("E")[-1].fields()["C"], sqlstate, name)
            t.true(c.quiet(0.05), f"{name}: nothing behind the error, got {c.unread()}")
        else:
            got = c.result(check=False)
            t.equal(([e.sqlstate for e in got.errors], got.status), ([sqlstate], "I"), name)
        c.send(rest)
        if not told_whole:
            t.equal(c.result().messages[-1].body, b"I", f"{name}: what comes of its Sync")
    cluster.primary.kill()
    cluster.fail_over()
    for name, c in clients.items():
        c.query("ROLLBACK")
        t.equal(c.value("SELECT 1"), "1", f"{name} goes on")
    row = s.show("FAILOVERS")[-1]
    t.equal((row["rolled_back"], row["unknown"]),
            (str(sum("40003" not in case[2] for case in TOLD.values()) + sum(case[3] == "40001" for case in CUT.values())),
             str(sum("40003" in case[2] for case in TOLD.values()) + sum(case[3] == "40003" for case in CUT.values()))),
            "what SHOW FAILOVERS counts")


@deadline(120)
def test_what_begins_begins_again(t):
    cluster, s, clients = silence(t, BEGUN)
    for name, (_, sent, _) in BEGUN.items():
        clients[name].send(sent)
    t.wait(lambda: all(row["role"] != "primary" for row in s.nodes()), "pgsteer to see the loss")
    cluster.primary.kill()
    cluster.fail_over()
    for name, (_, _, tags) in BEGUN.items():
        got = clients[name].result(check=False)
        t.equal((got.errors, got.tags, got.status), ([], tags, "T"), name)
    t.equal(clients["first named"].segment(bind("", "n"), execute()).tags, ["INSERT 0 1"], "what was prepared with it")
    for name, c in clients.items():
        t.equal(c.query("COMMIT").tags, ["COMMIT"], name)
    t.equal(clients["first setting"].value("/* pgsteer: primary */ SHOW work_mem"), "7MB", "what was set with it")
    rows = sorted(row[0] for row in cluster.primary.query("SELECT who FROM loss", "app").rows)
    t.equal(rows, sorted([*BEGUN, "first named"]), "rows, once each")
    t.equal(s.show("FAILOVERS")[-1]["repeated"], str(len(BEGUN)), "what SHOW FAILOVERS counts")


@deadline(60)
def test_without_routing_nothing_is_run_twice(t):
    """Nobody asks where statements go, but what they are has to be known all the same."""
    cluster = t.own_cluster()
    t.sql("CREATE TABLE loss(who text)")
    s = t.steer(routing=0, session_state=0, lazy_begin=0)
    with s.client() as c, s.client() as reader:
        for one in (c, reader):
            one.query("SELECT 1")
        cluster.primary.freeze()
        c.send(query(put("once")))
        t.equal([e.sqlstate for e in c.result(check=False).errors], ["40003"], "a write")
        reader.send(query("SELECT count(*) FROM loss"))
        cluster.primary.kill()
        cluster.fail_over()
        t.equal(reader.result().rows, [["0"]], "a read is run again")
