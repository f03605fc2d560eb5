"""Transactions that are begun here: what the client sees is what PostgreSQL says, no server is held early, and
with transaction_split reads run on standbys while READ COMMITTED's promises hold."""
import threading

import wire

SETTINGS = {"lazy_begin": 1, "causal_wait": 10}  # what belongs on a standby goes there on a loaded machine as well

PORT = "SELECT inet_server_port()"


def places(t, c, sql=PORT):
    return "primary" if int(c.query(sql).rows[0][0]) == t.cluster.primary.port else "standby"


def lines(t, **more):
    return {"app": t.cluster.line("app", transaction_split="on", **more), "whole": t.cluster.line("app", **more),
            "single": t.cluster.line("app", [t.cluster.primary])}


def settle(t, c):
    """The servers' own isolation gets known, and the standbys catch up with the session."""
    c.query("BEGIN")
    c.query("SET LOCAL work_mem = '5MB'")
    c.query("COMMIT")
    t.wait(lambda: places(t, c) == "standby", "a standby to be fresh enough for the session")


def heard(message):
    if message.type in "EN":
        fields = message.fields()
        text = "" if fields["C"] in ("42P05", "26000") else fields["M"]  # the name in it is the server's
        return (message.type, fields["S"], fields["C"], text, fields.get("P"))
    if message.type == "D":
        return ("D", message.row())
    if message.type == "T":
        return ("T", [name for name, _ in message.columns()])
    return (message.type, message.body)


def transcript(c, script, extended):
    got = []
    for step in script:
        if isinstance(step, list):
            result = c.segment(*step, check=False)
        elif extended and ";" not in step:
            result = c.segment(wire.parse("", step), wire.bind(), wire.describe("P"), wire.execute(), check=False)
        else:
            result = c.query(step, check=False)
        got.append([heard(m) for m in result.messages if m.type != "S"])
    c.query("ROLLBACK")
    return got


SCRIPTS = [
    ["BEGIN", "COMMIT"], ["begin work", "END"], ["START TRANSACTION", "ROLLBACK"], ["BEGIN;", "ABORT TRANSACTION"],
    ["BEGIN", "SELECT 1", "COMMIT"], ["BEGIN", "SELECT 1", "SELECT 2", "ROLLBACK"],
    ["BEGIN", "BEGIN", "SELECT 1", "COMMIT"], ["BEGIN", "START TRANSACTION READ ONLY", "SHOW transaction_read_only"],
    ["BEGIN", "SELECT 1", "BEGIN ISOLATION LEVEL SERIALIZABLE"], ["COMMIT"], ["ROLLBACK"], ["COMMIT AND CHAIN"],
    ["BEGIN READ", "SELECT 1"], ["BEGIN nonsense"], ["BEGIN READ ONLY READ WRITE", "COMMIT"], ["BEGIN", "COMMIT garbage"],
    ["BEGIN", ""], ["BEGIN", "-- nothing", "COMMIT"], ["BEGIN", "selec 1", "SELECT 1", "COMMIT", "SELECT 2"],
    ["BEGIN", "SELECT 1/0", "SELECT 1", "COMMIT", "SELECT 2"], ["BEGIN", "SELECT 1", "SELECT * FROM tx_none", "ROLLBACK"],
    ["BEGIN", "SELECT 1/0", "BEGIN", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a", "COMMIT"],
    ["BEGIN", "SELECT 1/0", "PREPARE TRANSACTION 'x'", "SELECT 1"],
    ["BEGIN", "PREPARE TRANSACTION 'x'", "SELECT 1"],
    ["BEGIN", "SAVEPOINT a", "RELEASE a", "RELEASE a", "SELECT 1", "ROLLBACK"],
    ["BEGIN", "ROLLBACK TO a", "SELECT 1", "COMMIT"], ["SAVEPOINT a"], ["ROLLBACK TO a"], ["RELEASE a"],
    ["BEGIN", "SAVEPOINT a", "SELECT 1/0", "ROLLBACK TO A", "SELECT 1", "COMMIT"],
    ["BEGIN", "SAVEPOINT a", "SAVEPOINT \"B c\"", "SELECT 1/0", "ROLLBACK TO SAVEPOINT \"B c\"", "SELECT 1/0",
     "ROLLBACK TO a", "ROLLBACK TO \"B c\"", "ROLLBACK TO a", "COMMIT"],
    ["BEGIN", "SAVEPOINT a", "SELECT 1", "SAVEPOINT b", "INSERT INTO tx_t VALUES (1)", "ROLLBACK TO b",
     "SELECT count(*) FROM tx_t", "RELEASE b", "ROLLBACK TO a", "COMMIT", "SELECT count(*) FROM tx_t"],
    ["BEGIN", "SAVEPOINT a", "SAVEPOINT a", "INSERT INTO tx_t VALUES (1)", "ROLLBACK TO a", "RELEASE a", "RELEASE a",
     "RELEASE a", "ROLLBACK"],
    ["BEGIN", "INSERT INTO tx_t VALUES (1)", "SELECT count(*) FROM tx_t", "ROLLBACK", "SELECT count(*) FROM tx_t"],
    ["BEGIN", "SELECT 1", "INSERT INTO tx_t VALUES (1), ('x')", "SELECT 1", "ROLLBACK"],
    ["BEGIN", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SHOW transaction_isolation", "COMMIT"],
    ["BEGIN", "SELECT 1", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT 1", "ROLLBACK"],
    ["BEGIN", "SELECT 1", "SET TRANSACTION READ ONLY", "INSERT INTO tx_t VALUES (1)", "ROLLBACK"],
    ["BEGIN", "SET TRANSACTION READ ONLY", "INSERT INTO tx_t VALUES (1)", "ROLLBACK"],
    ["BEGIN", "SET TRANSACTION READ ONLY", "SET TRANSACTION READ WRITE", "SHOW transaction_read_only", "ROLLBACK"],
    ["BEGIN", "SAVEPOINT a", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "ROLLBACK"],
    ["BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", "SHOW transaction_isolation", "COMMIT"],
    ["BEGIN READ ONLY", "INSERT INTO tx_t VALUES (1)", "COMMIT"],
    ["BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE", "SHOW transaction_deferrable", "COMMIT"],
    ["BEGIN ISOLATION LEVEL SERIALIZABLE", "COMMIT AND CHAIN", "SHOW transaction_isolation", "COMMIT"],
    ["BEGIN READ ONLY", "SELECT 1", "ROLLBACK AND CHAIN", "INSERT INTO tx_t VALUES (1)", "ROLLBACK AND NO CHAIN"],
    ["BEGIN", "SELECT 1/0", "ROLLBACK AND CHAIN", "SELECT 1", "COMMIT"], ["BEGIN", "SELECT 1/0", "COMMIT AND CHAIN", "END"],
    ["BEGIN; SELECT 1", "SELECT 2", "COMMIT; SELECT 3"], ["BEGIN", "SELECT 1; SELECT 2", "SELECT 3; COMMIT", "SELECT 4"],
    ["BEGIN", "SELECT 1; SELECT 1/0; SELECT 2", "ROLLBACK"],
    ["BEGIN", "DECLARE tx_c CURSOR FOR SELECT generate_series(1, 3)", "FETCH 2 FROM tx_c", "CLOSE tx_c", "COMMIT"],
    ["BEGIN", "SELECT 1", "SET LOCAL work_mem = '7MB'", "SHOW work_mem", "COMMIT", "SHOW work_mem"],
    ["BEGIN", "SELECT 1", "SET work_mem = 'x'", "ROLLBACK", "SHOW work_mem"],
    ["SET default_transaction_read_only = on", "BEGIN", "INSERT INTO tx_t VALUES (1)", "ROLLBACK", "RESET ALL"],
    ["SET default_transaction_isolation = 'serializable'", "BEGIN", "SELECT 1", "SHOW transaction_isolation", "COMMIT",
     "RESET ALL"],
    ["SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ", "BEGIN", "SHOW transaction_isolation",
     "COMMIT", "RESET ALL"],
    # the session's modes, set inside a transaction, are not its own
    ["BEGIN", "SET default_transaction_read_only = on", "INSERT INTO tx_t VALUES (1)", "ROLLBACK"],
    ["BEGIN", "SET LOCAL default_transaction_read_only = on", "INSERT INTO tx_t VALUES (1)", "ROLLBACK"],
    ["BEGIN", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "INSERT INTO tx_t VALUES (1)", "ROLLBACK"],
    ["BEGIN", "SELECT set_config('default_transaction_read_only', 'on', true)", "INSERT INTO tx_t VALUES (1)", "ROLLBACK"],
    # READ ONLY, and what writes in front of it or behind it, in one text and in one segment
    *(one for parts in (
        ["BEGIN READ ONLY", "SELECT 1", "COMMIT", "INSERT INTO tx_t VALUES (1)", "SELECT 1/0"],
        ["BEGIN READ ONLY", "COMMIT", "BEGIN", "INSERT INTO tx_t VALUES (1)", "ROLLBACK"],
        ["BEGIN READ ONLY", "ROLLBACK AND CHAIN", "INSERT INTO tx_t VALUES (1)"],
        ["INSERT INTO tx_t VALUES (1)", "ROLLBACK", "BEGIN READ ONLY", "SELECT 1", "COMMIT"],
        ["SET default_transaction_read_only = on", "BEGIN", "INSERT INTO tx_t VALUES (1)", "ROLLBACK"],
        ["SET TRANSACTION READ ONLY", "SELECT 1", "COMMIT", "INSERT INTO tx_t VALUES (1)", "SELECT 1/0"])
      for one in (["; ".join(parts)], [[m for sql in parts for m in (wire.parse("", sql), wire.bind(), wire.execute())]])),
    ["BEGIN READ ONLY", "SELECT 1; COMMIT; INSERT INTO tx_t VALUES (1); SELECT 1/0"],
    ["BEGIN READ ONLY", "COMMIT; BEGIN; INSERT INTO tx_t VALUES (1); ROLLBACK"],
    ["BEGIN READ ONLY", "SET TRANSACTION READ WRITE; INSERT INTO tx_t VALUES (1)", "ROLLBACK"],
    # in messages: BEGIN in front of the first statement, by a name, with parts missing, with an error behind it
    [[wire.parse("", "BEGIN"), wire.bind(), wire.execute(), wire.parse("", "SELECT 1"), wire.bind(), wire.describe("P"),
      wire.execute()], "SELECT 2", [wire.parse("", "COMMIT"), wire.bind(), wire.execute()]],
    [[wire.parse("tx_b", "BEGIN")], [wire.bind("", "tx_b"), wire.execute()], "SELECT 1", "COMMIT",
     [wire.bind("", "tx_b"), wire.execute()], [wire.bind("", "tx_b"), wire.execute()], "COMMIT", [wire.close("S", "tx_b")]],
    [[wire.parse("tx_b", "BEGIN"), wire.bind("", "tx_b"), wire.execute()], [wire.parse("tx_b", "COMMIT")], "ROLLBACK",
     [wire.close("S", "tx_b")]],
    [[wire.parse("", "BEGIN"), wire.describe("S")], [wire.bind(), wire.execute()], "SELECT 1", "COMMIT"],
    [[wire.parse("", "BEGIN"), wire.bind(), wire.execute(), wire.parse("", "SELECT 1/0"), wire.bind(), wire.execute()],
     "SELECT 1", "ROLLBACK"],
    [[wire.parse("", "BEGIN"), wire.bind(), wire.execute(), wire.parse("", "selec")], "SELECT 1", "ROLLBACK"],
    [[wire.parse("", "BEGIN"), wire.bind(), wire.execute(), wire.parse("", "COMMIT"), wire.bind(), wire.execute()]],
    [[wire.parse("", "BEGIN"), wire.bind(), wire.execute()], [], [wire.bind("", "tx_no"), wire.execute()], "ROLLBACK"],
    ["BEGIN", [wire.parse("", "SELECT generate_series(1, 4)"), wire.bind(), wire.execute("", 2)], [wire.execute("", 1)],
     "COMMIT"],
    ["BEGIN", [wire.parse("", "SELECT generate_series(1, 4)"), wire.bind("tx_p"), wire.execute("tx_p", 2)],
     [wire.execute("tx_p")], "SELECT 1", "COMMIT"],
    ["BEGIN", [wire.parse("tx_s", "SELECT $1::int")], [wire.bind("", "tx_s", ["5"]), wire.describe("P"), wire.execute()],
     [wire.bind("", "tx_s", ["x"]), wire.execute()], [wire.bind("", "tx_s", ["6"]), wire.execute()], "ROLLBACK",
     [wire.close("S", "tx_s")]],
    ["BEGIN", "SAVEPOINT a", [wire.parse("", "SELECT 1/0"), wire.bind(), wire.execute()],
     [wire.parse("tx_r", "ROLLBACK TO a"), wire.bind("", "tx_r"), wire.describe("P"), wire.execute()], "SELECT 1",
     [wire.close("S", "tx_r")], "COMMIT"],
]


def test_as_postgresql_answers(t):
    """Every script, message by message, once with PostgreSQL itself and once with each kind of line."""
    t.sql("CREATE TABLE IF NOT EXISTS tx_t(i int)")
    t.cluster.wait_replayed()
    s = t.steer(databases=lines(t))
    for extended in (False, True):
        clients = {name: s.client(database=name) for name in ("app", "whole", "single")}
        with t.cluster.primary.connect("app", "app", password="app-secret") as itself:
            for script in SCRIPTS:
                expected = transcript(itself, script, extended)
                for name, c in clients.items():
                    t.equal(transcript(c, script, extended), expected, f"{name}, extended {extended}: {script}")
        for c in clients.values():
            c.close()
    t.equal(s.pins(), [], "pins")


def test_pipelined_as_postgresql_answers(t):
    """The same, all of a script sent at once."""
    t.sql("CREATE TABLE IF NOT EXISTS tx_t(i int)")
    t.cluster.wait_replayed()
    s = t.steer(databases=lines(t))
    with t.cluster.primary.connect("app", "app", password="app-secret") as itself, s.client() as split, \
            s.client(database="single") as single:
        for script in SCRIPTS:
            texts = [step for step in script if isinstance(step, str)]

            def run(c):
                c.send(*[wire.query(text) for text in texts])
                got = [[heard(m) for m in c.until("Z") if m.type != "S"] for _ in texts]
                c.query("ROLLBACK")
                return got
            expected = run(itself)
            for c in (split, single):
                t.equal(run(c), expected, f"at once: {texts}")


def test_a_begin_holds_no_server(t):
    t.sql("CREATE TABLE tx_early(i int)")
    s = t.steer(databases=lines(t), default_pool_size=1)
    clients = [s.client(database="single") for _ in range(10)]
    for n, c in enumerate(clients):
        c.query("BEGIN")
        c.query("SAVEPOINT before")
    with s.client(database="single") as other:
        t.equal(other.value("SELECT 1"), "1", "a query beside ten open transactions, one server")
    for n, c in enumerate(clients):
        c.query(f"INSERT INTO tx_early VALUES ({n})")
        c.query("ROLLBACK TO before" if n % 2 else "RELEASE before")
        c.query("COMMIT")
    t.equal(clients[0].value("SELECT string_agg(i::text, ',' ORDER BY i) FROM tx_early"), "0,2,4,6,8", "rows")
    used = s.show("POOLS")
    t.equal([r["sv_active"] for r in used if r["database"] == "single"], ["0"], "servers in use")


def test_split_reads(t):
    """Reads go to a standby, a write takes the transaction to the primary, with all it has."""
    t.sql("CREATE TABLE tx_split(i int)")
    s = t.steer(databases=lines(t))
    with s.client() as c:
        for begin in ("BEGIN", "START TRANSACTION READ WRITE", "BEGIN ISOLATION LEVEL READ COMMITTED",
                      "BEGIN TRANSACTION ISOLATION LEVEL READ UNCOMMITTED"):
            settle(t, c)
            c.query(begin)
            t.equal([places(t, c) for _ in range(3)], ["standby"] * 3, f"reads after {begin}")
            c.query("SAVEPOINT a")
            t.equal(c.extended(PORT).rows[0][0] != str(t.cluster.primary.port), True, "an extended read")
            c.query("INSERT INTO tx_split VALUES (1)")
            t.equal(places(t, c), "primary", "a read behind the write")
            t.equal(c.value("SELECT count(*) FROM tx_split"), "1", "the own row")
            c.query("ROLLBACK TO a")
            t.equal(c.value("SELECT count(*) FROM tx_split"), "0", "behind ROLLBACK TO")
            c.query("COMMIT")
        for begin in ("BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL SERIALIZABLE",
                      "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"):
            c.query(begin)
            t.equal(places(t, c), "primary", f"a read after {begin}")
            c.query("COMMIT")
        for keeps in ("SELECT now()", "SELECT current_timestamp", "SELECT 'today'::date", "SELECT 1 FROM tx_split FOR SHARE",
                      "SELECT txid_current()", "DECLARE c CURSOR FOR SELECT 1", "SET LOCAL work_mem = '9MB'",
                      "LOCK TABLE tx_split", "SELECT pg_advisory_xact_lock(1)", "SELECT pg_is_in_recovery()"):
            settle(t, c)
            c.query("BEGIN")
            t.equal(places(t, c), "standby", "the first read")
            c.query(keeps)
            t.equal(places(t, c), "primary", f"a read behind {keeps}")
            c.query("COMMIT")
        c.query("BEGIN")
        now = c.value("SELECT now()")
        c.query("INSERT INTO tx_split VALUES (1)")
        t.equal(c.value("SELECT now()"), now, "now() within a transaction")
        c.query("ROLLBACK")
        c.query("BEGIN")
        t.equal(places(t, c, "/* pgsteer: primary */ " + PORT), "primary", "a hint")
        t.equal(places(t, c), "primary", "it is for the whole transaction")
        c.query("ROLLBACK")
    with s.client() as c:
        settle(t, c)
        c.query("BEGIN")
        t.equal(places(t, c), "standby", "the first read")
        c.query("CREATE TEMP TABLE tx_temp ON COMMIT DROP AS SELECT 7 AS i")
        t.equal((c.value("SELECT i FROM tx_temp"), places(t, c)), ("7", "primary"), "a temporary table, and a read behind it")
        c.query("COMMIT")
    with s.client(database="whole") as c:
        c.query("BEGIN")
        t.equal(places(t, c), "primary", "without transaction_split")
        c.query("COMMIT")
    t.true(s.routes().get(("standby", "read"), 0) >= 20, f"reads counted, got {s.routes()}")


def test_the_servers_own_isolation_is_asked(t):
    """Where transactions are REPEATABLE READ by themselves, none is split."""
    t.sql("ALTER DATABASE app SET default_transaction_isolation = 'repeatable read'")
    try:
        s = t.steer(databases=lines(t))
        with s.client() as c:
            for _ in range(3):
                c.query("BEGIN")
                t.equal(places(t, c), "primary", "a read")
                t.equal(c.value("SHOW transaction_isolation"), "repeatable read", "its isolation")
                c.query("COMMIT")
            settle(t, c)
            c.query("BEGIN ISOLATION LEVEL READ COMMITTED")
            t.equal(places(t, c), "standby", "a read where the block says READ COMMITTED")
            c.query("COMMIT")
    finally:
        t.sql("ALTER DATABASE app RESET default_transaction_isolation")


def test_read_committed_holds(t):
    """Two sessions race: each statement sees what was committed before it, and nothing goes back in time."""
    t.sql("CREATE TABLE tx_race(i int)", "INSERT INTO tx_race VALUES (0)")
    t.cluster.wait_replayed()
    s = t.steer(databases=lines(t, consistency="strong"), workers=4)
    wrong, stop = [], threading.Event()
    committed = [0]

    def write():
        with s.client() as c:
            while not stop.is_set():
                c.query("BEGIN")
                n = int(c.value("SELECT i FROM tx_race"))
                if n != committed[0]:
                    wrong.append(f"the writer read {n}, its own last commit is {committed[0]}")
                c.query(f"UPDATE tx_race SET i = {n + 1}")
                if int(c.value("SELECT i FROM tx_race")) != n + 1:
                    wrong.append("the writer does not see what it has just written")
                c.query("COMMIT")
                committed[0] = n + 1

    def read():
        with s.client() as c:
            while not stop.is_set():
                c.query("BEGIN")
                last = 0
                for _ in range(5):
                    floor = committed[0]
                    n = int(c.value("SELECT i FROM tx_race"))
                    if n < floor or n < last:
                        wrong.append(f"a reader got {n}, after {last}; {floor} was committed before it asked")
                    last = n
                c.query("COMMIT")
    threads = [threading.Thread(target=f) for f in (write, read, read, read)]
    for thread in threads:
        thread.start()
    t.wait(lambda: committed[0] >= 150 or wrong, "150 commits", 60)
    stop.set()
    for thread in threads:
        thread.join()
    t.equal(wrong[:5], [], "what READ COMMITTED promises")
    routes = s.routes()
    t.true(routes.get(("standby", "read"), 0) + routes.get(("primary", "not fresh enough"), 0) > 100,
           f"the reads ran apart from their transactions, got {routes}")


def test_a_transaction_never_goes_back(t):
    """What one of its reads has seen on the primary, a standby that has not replayed it does not hide again."""
    cluster = t.own_cluster(standbys=1)
    t.sql("CREATE TABLE tx_back(i int)")
    cluster.wait_replayed()
    s = t.steer(databases={"app": cluster.line("app", transaction_split="on", consistency="eventual")})
    standby = cluster.standbys[0]
    with s.client() as c:
        settle(t, c)
        standby.query("SELECT pg_wal_replay_pause()")
        cluster.primary.query("INSERT INTO tx_back VALUES (1)", "app")
        t.equal(c.value("SELECT count(*) FROM tx_back"), "0", "the standby is behind")
        c.query("BEGIN")
        t.equal(c.value("SELECT count(*) FROM tx_back"), "0", "in a transaction as well")
        standby.stop("immediate")
        t.wait(lambda: c.value("SELECT count(*) FROM tx_back") == "1", "the primary to serve the reads")
        standby.start()
        t.wait(lambda: s.node(standby.port)["state"] == "up", "the standby to be back", 60)
        for _ in range(10):
            t.equal(c.value("SELECT count(*) FROM tx_back"), "1", "what it has seen stays seen")
        c.query("COMMIT")


def test_errors_of_reads_that_ran_apart(t):
    t.sql("CREATE TABLE tx_err(i int)",
          "CREATE FUNCTION tx_liar() RETURNS int LANGUAGE sql AS 'INSERT INTO tx_err VALUES (1) RETURNING 7'")
    s = t.steer(databases=lines(t), route_standby="tx_liar")
    with s.client() as c:
        settle(t, c)
        c.query("BEGIN")
        t.equal(places(t, c), "standby", "a read")
        t.equal(c.value("SELECT tx_liar()"), "7", "what a standby refuses opens the transaction on the primary")
        t.equal(places(t, c), "primary", "and stays there")
        c.query("ROLLBACK")
        t.equal(c.value("SELECT count(*) FROM tx_err"), "0", "it was in the transaction")
        settle(t, c)
        c.query("BEGIN")
        t.equal(places(t, c), "standby", "a read")
        got = c.query("SELECT 1/0", check=False)
        t.equal((got.errors[0].sqlstate, got.status), ("22012", "E"), "an error on the standby")
        t.equal(c.query("INSERT INTO tx_err VALUES (1)", check=False).errors[0].sqlstate, "25P02", "behind it")
        t.equal(c.query("COMMIT").tags, ["ROLLBACK"], "COMMIT of it")
        t.equal(c.value("SELECT count(*) FROM tx_err"), "0", "rows")


def test_read_only_forms(t):
    """Each way to say READ ONLY takes a transaction to a standby, and its write is refused there."""
    s = t.steer(databases=lines(t))
    session = [["SET default_transaction_read_only = on"], ["SET default_transaction_read_only TO 'true'"],
               ["SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"],
               ["SELECT set_config('default_transaction_read_only', 'on', false)"],
               ["SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"]]
    blocks = [["BEGIN READ ONLY"], ["START TRANSACTION READ ONLY"], ["BEGIN", "SET TRANSACTION READ ONLY"],
              ["BEGIN", "SET LOCAL transaction_read_only = on"], ["BEGIN", "SET transaction_read_only TO on"],
              ["BEGIN ISOLATION LEVEL REPEATABLE READ", "SET TRANSACTION READ ONLY"],
              ["BEGIN", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"]]
    forms = [(before, ["BEGIN"]) for before in session] + [([], block) for block in blocks]
    for database in ("whole", "app"):
        for before, block in forms:
            for extended in (False, True):
                with s.client(database=database) as c:
                    run = c.extended if extended else c.query
                    for sql in before + block:
                        run(sql)
                    t.equal(places(t, c), "standby", f"{database}: a read after {before + block}, extended {extended}")
                    t.error("25006", lambda: run("CREATE TABLE tx_never(i int)"), f"a write after {before + block}")
                    t.equal(run("COMMIT").tags, ["ROLLBACK"], "its end")
        with s.client(database=database, options="-c default_transaction_read_only=on") as c:
            c.query("BEGIN")
            t.equal(places(t, c), "standby", "default_transaction_read_only in the startup packet's options")
            c.query("COMMIT")
            c.query("BEGIN READ WRITE")
            c.query("SELECT txid_current()")
            t.equal(places(t, c), "primary", "READ WRITE in such a session")
            c.query("COMMIT")


def test_held_and_cancelled_blocks(t):
    """A block whose first write finds no primary is held; given up, the block is aborted."""
    cluster = t.own_cluster(standbys=1)
    t.sql("CREATE TABLE tx_held(i int)")
    cluster.wait_replayed()
    s = t.steer(databases={"app": cluster.line("app", transaction_split="on")}, failover_timeout=60)
    with s.client() as c:
        settle(t, c)
        c.query("BEGIN")
        c.query("SAVEPOINT a")
        t.equal(c.value("SELECT count(*) FROM tx_held"), "0", "a read")
        cluster.primary.stop("immediate")
        c.send(wire.query("INSERT INTO tx_held VALUES (1)"))
        t.wait(lambda: any(r["state"] == "waiting" for r in s.show("CLIENTS") if r["database"] == "app"), "the hold")
        c.cancel()
        got = c.result(check=False)
        t.equal((got.errors[0].sqlstate, got.status), ("57014", "E"), "a held write that is cancelled")
        t.equal(c.query("ROLLBACK TO a").status, "T", "back to the savepoint")
        t.equal(c.value("SELECT count(*) FROM tx_held"), "0", "a read, while there is no primary")
        t.equal(c.query("COMMIT").tags, ["COMMIT"], "the end of a block that wrote nothing")
