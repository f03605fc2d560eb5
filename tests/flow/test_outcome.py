"""commit_outcome: what became of a COMMIT whose server was lost is asked of the next primary."""
import os
import signal

from flow import deadline
from wire import ServerError, bind, describe, execute, parse, query, sync

SETTINGS = {"commit_outcome": 1, "lazy_begin": 1}

GHOST = "ghost"  # a synchronous standby that never comes: commits are on the disk, and wait


def run(sql, name=""):
    return parse(name, sql) + bind("", name) + execute()


def insert(who):
    return f"INSERT INTO fate VALUES ('{who}')"


# How a transaction is begun, and how its COMMIT is sent: name -> (what is done first, the messages of the COMMIT, the
# types of the messages that answer it).
WAYS = {
    "simple": (lambda c: (c.query("BEGIN"), c.query(insert("simple"))), query("COMMIT"), "CZ"),
    "several writes": (lambda c: (c.query("BEGIN"), c.query(insert("several writes")), c.query("SAVEPOINT s"),
                                  c.query(insert("gone")), c.query("ROLLBACK TO s")), query("END"), "CZ"),
    "unnamed": (lambda c: (c.query("BEGIN"), c.segment(run(insert("unnamed")))), run("COMMIT") + sync(), "12CZ"),
    "described": (lambda c: (c.query("BEGIN"), c.segment(run(insert("described")))),
                  parse("", "COMMIT") + bind() + describe("P") + execute() + sync(), "12nCZ"),
    "named": (lambda c: (c.segment(parse("c", "COMMIT")), c.query("BEGIN"), c.query(insert("named"))),
              bind("", "c") + execute() + sync(), "2CZ"),
    "one segment": (lambda c: None, run("BEGIN") + run(insert("one segment")) + run("COMMIT") + sync(), "12C12C12CZ"),
    "copy": (lambda c: (c.query("BEGIN"), copy(c, "copy")), query("COMMIT"), "CZ"),
    "setting": (lambda c: (c.query("BEGIN"), c.query("SET work_mem = '7MB'"), c.query(insert("setting"))),
                query("COMMIT"), "CZ"),
    "reported": (lambda c: (c.query("BEGIN"), c.query(insert("reported")), c.query("SET application_name = 'told'")),
                 query("COMMIT"), "CZ"),
    "by call": (lambda c: (c.query("BEGIN"), c.query(insert("by call")), c.query("SAVEPOINT s"),
                           c.query("SET work_mem = '9MB'"), c.query("ROLLBACK TO s"),
                           c.query("SELECT set_config('application_name', 'told', false)")), query("COMMIT"), "CZ"),
    "set in one segment": (lambda c: None, run("BEGIN") + run("SET application_name = 'told'") + run(insert("set in one segment")) +
                           run("COMMIT") + sync(), "12C12C12C12CZ"),
    "pipeline": (lambda c: c.query("BEGIN"), query(insert("pipeline")) + query("COMMIT"), "CZCZ"),
}
SETTING = {"setting": "work_mem", "reported": "application_name", "by call": "application_name", "set in one segment": "application_name"}
# Sessions that have state in their server before the transaction, or after it: they end, once it is known what became of it.
PINNED = {
    "pinned": lambda c: (c.query("CREATE TEMP TABLE t(i int)"), c.query("BEGIN"), c.query(insert("pinned"))),
    "pinned in it": lambda c: (c.query("BEGIN"), c.query("LISTEN news"), c.query(insert("pinned in it"))),
    "unpinned in it": lambda c: (c.query("LISTEN news"), c.query("BEGIN"), c.query("UNLISTEN *"), c.query(insert("unpinned in it"))),
}
# These are not asked about.
UNKNOWN = {
    "autocommit": (lambda c: None, query(insert("autocommit"))),
    "texts": (lambda c: c.query("BEGIN"), query(insert("texts") + "; COMMIT")),
    "chain": (lambda c: (c.query("BEGIN"), c.query(insert("chain"))), query("COMMIT AND CHAIN")),
}


def copy(c, who):
    c.send(query("COPY fate FROM STDIN"))
    c.until("G")
    c.send(b"d" + (len(who) + 5).to_bytes(4, "big") + who.encode() + b"\n", b"c\0\0\0\4")
    c.until("Z")


def start(t, **settings):
    """A cluster with the table, and a pgsteer whose user has been tried."""
    t.own_cluster()
    t.sql("CREATE TABLE fate(who text)")
    s = t.steer(workers=1, **settings)
    with s.client() as c:
        warm_up(c)
        t.true(c.query("SELECT 1").rows, "it goes on")
    return s


def warm_up(c):
    for statement in ("BEGIN", "DELETE FROM fate", "COMMIT"):
        c.query(statement)


def wait_waiting(t, count):
    t.wait(lambda: t.cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
           == str(count), f"{count} commits to wait")


def cut(t):
    """The standbys receive nothing more."""
    for node in t.cluster.standbys:
        node.set(primary_conninfo="")
    t.cluster.primary.query("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
    t.wait(lambda: t.cluster.primary.value("SELECT count(*) FROM pg_stat_replication") == "0", "nobody to stream")


def commits():
    """What is done before the messages of a COMMIT, and these, by name."""
    return {**{name: way[:2] for name, way in {**WAYS, **UNKNOWN}.items()}, **{name: (way, query("COMMIT")) for name, way in PINNED.items()}}


def prepare(s):
    """Clients that are about to send each kind of COMMIT."""
    clients = {name: s.client() for name in commits()}
    for name, way in commits().items():
        way[0](clients[name])
    return clients


def send(clients):
    """All of them, which all wait for the ghost."""
    for name, way in commits().items():
        clients[name].send(way[1])


def rows(t):
    return sorted(row[0] for row in t.cluster.primary.query("SELECT who FROM fate", "app").rows)


def check_unknown(t, clients):
    for name in UNKNOWN:
        got = clients[name].result(check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["40003"], "E" if name == "chain" else "I"), name)
    clients["chain"].query("ROLLBACK")


def check_settings(t, clients, values):
    """What the transactions have set, if they are committed: as their clients see it, and as they were told."""
    for name, setting in SETTING.items():
        t.equal(clients[name].value(f"SHOW {setting}"), values[setting], f"what {name} has set")
        told = clients[name].parameters.get(setting)
        t.true(told in (None, values[setting]), f"{name} was told last {told}, and has {values[setting]}")
    t.equal(clients["by call"].value("SHOW work_mem"), "4MB", "what was set behind a savepoint that was rolled back to")


def check_end(t, c, name, sqlstate):
    """The session is lost with its server; what of its transaction is told has been told, but `sqlstate`."""
    told = ServerError(c.until("E")[-1])
    t.equal((told.severity, told.sqlstate, c.at_end()), ("FATAL", sqlstate, True), f"{name}, whose session is lost as well")


def check_go_on(t, clients):
    for name, c in clients.items():
        if name not in PINNED:
            t.equal(c.query(insert("later")).tags, ["INSERT 0 1"], f"{name} goes on")


@deadline(150)
def test_commits_that_the_next_primary_has(t):
    s = start(t)
    cluster = t.cluster
    clients = prepare(s)
    cluster.primary.set(synchronous_standby_names=GHOST)
    send(clients)
    wait_waiting(t, len(clients))
    cluster.wait_replayed()
    cluster.primary.kill()
    check_unknown(t, clients)
    t.true(clients["simple"].quiet(0.3), f"who can be told waits for a primary, got {clients['simple'].unread()}")
    cluster.fail_over()
    for name, (_, _, types) in WAYS.items():
        got = [m for _ in range(types.count("Z")) for m in clients[name].until("Z")]
        t.equal("".join(m.type for m in got if m.type not in "SN"), types, f"what answers {name}")
        t.equal(([m.text() for m in got if m.type == "C"][-1], got[-1].body), ("COMMIT", b"I"), name)
        if name not in SETTING:
            t.equal(clients[name].value("SELECT count(*) FROM fate WHERE who = '" + name + "'"), "1",
                    f"{name} sees its own write at once")
    check_settings(t, clients, {"work_mem": "7MB", "application_name": "told"})
    for name in PINNED:
        got = clients[name].result(check=False)
        t.equal((got.tags, got.status), (["COMMIT"], "I"), name)
        if name == "unpinned in it":
            t.equal(clients[name].value("SELECT 1"), "1", f"{name} goes on")
        else:
            check_end(t, clients[name], name, "08006")
    t.equal(rows(t), sorted(commits()), "rows")
    row = s.show("FAILOVERS")[-1]
    t.equal([int(row[name]) for name in ("asked", "committed", "rolled_back", "unknown")],
            [len(WAYS) + len(PINNED), len(WAYS) + len(PINNED), 0, len(UNKNOWN)], "what SHOW FAILOVERS counts")
    t.contains(s.log_text(), "committed: the primary has its commit", "the log")
    check_go_on(t, clients)


@deadline(150)
def test_commits_that_are_lost(t):
    """All that the transactions wrote has arrived, their commits have not."""
    s = start(t)
    cluster = t.cluster
    clients = prepare(s)
    cluster.wait_replayed()
    cut(t)
    cluster.primary.set(synchronous_standby_names=GHOST)
    send(clients)
    wait_waiting(t, len(clients))
    cluster.primary.kill()
    check_unknown(t, clients)
    cluster.fail_over()
    for name in WAYS:
        got = clients[name].result(check=False)
        if name == "pipeline":  # its INSERT was answered
            got = clients[name].result(check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "I"), name)
        t.contains(got.errors[0].message, "rolled back", "what it is told")
    check_settings(t, clients, {"work_mem": "4MB", "application_name": ""})
    for name in PINNED:
        if name == "pinned in it":
            got = clients[name].result(check=False)
            t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "I"), name)
            t.equal(clients[name].value("SELECT 1"), "1", f"{name} goes on")
        else:
            check_end(t, clients[name], name, "40001")
    t.equal(rows(t), [], "rows")
    row = s.show("FAILOVERS")[-1]
    t.equal([int(row[name]) for name in ("asked", "committed", "rolled_back", "unknown")],
            [len(WAYS) + len(PINNED), 0, len(WAYS) + len(PINNED), len(UNKNOWN)], "what SHOW FAILOVERS counts")
    check_go_on(t, clients)


@deadline(150)
def test_a_number_that_is_given_again(t):
    """The standby knows nothing of the transaction, and as a primary gives its number to another one, which commits:
    that commit is not the client's."""
    s = start(t)
    cluster = t.cluster
    cluster.wait_replayed()
    cut(t)
    cluster.primary.set(synchronous_standby_names=GHOST)
    with s.client() as c:
        c.query("BEGIN")
        c.query(insert("mine"))
        xid = int(c.value("SELECT pg_current_xact_id()"))
        c.send(query("COMMIT"))
        wait_waiting(t, 1)
        cluster.primary.kill()
        t.true(c.quiet(0.3), f"it waits for a primary, got {c.unread()}")
        os.kill(s.pid, signal.SIGSTOP)
        cluster.fail_over()
        given = 0
        with cluster.primary.connect("app") as other:
            while given < xid:
                given = int(other.value("INSERT INTO fate VALUES ('other') RETURNING pg_current_xact_id()"))
            t.equal((given, other.value(f"SELECT pg_xact_status('{xid}')")), (xid, "committed"), "the number, given again")
        os.kill(s.pid, signal.SIGCONT)
        got = c.result(check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "I"), "the transaction that had it first")
        t.contains(s.log_text(), "the new timeline begins before the transaction's end", "the log")
        t.equal(c.value("SELECT count(*) FROM fate WHERE who = 'mine'"), "0", "its row")


@deadline(150)
def test_a_server_that_has_not_begun_with_the_commit(t):
    """The COMMIT was sent, and is not read by anybody. Who has written nothing need not wait for a primary."""
    s = start(t)
    cluster = t.cluster
    t.sql("CREATE FUNCTION harmless() RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1'")
    with s.client() as writer, s.client() as reader, s.client() as caller:
        for c, statement in ((writer, insert("mine")), (reader, "SELECT 1"), (caller, "SELECT harmless()")):
            c.query("BEGIN READ WRITE, ISOLATION LEVEL REPEATABLE READ")
            c.query(statement)
            os.kill(int(c.value("/* pgsteer: primary */ SELECT pg_backend_pid()")), signal.SIGSTOP)
            c.send(query("COMMIT"))
        t.wait(lambda: s.log_text() is not None and writer.quiet(0.2), "the COMMITs to leave")
        cluster.primary.kill()
        for name, c in (("reader", reader), ("caller", caller)):
            got = c.result(check=False)
            t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "I"), f"the {name}, at once")
        t.true(writer.quiet(0.3), f"the writer waits, got {writer.unread()}")
        cluster.fail_over()
        got = writer.result(check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["40001"], "I"), "the writer")
        t.equal(rows(t), [], "rows")


@deadline(150)
def test_no_primary_comes(t):
    """Who waits may be canceled, and waits for failover_timeout at most; then it is told why it is not known."""
    s = start(t, failover_timeout="2")
    with s.client() as c, s.client() as canceled:
        for client in (c, canceled):
            client.query("BEGIN")
            client.query(insert("mine"))
        t.cluster.primary.set(synchronous_standby_names=GHOST)
        for client in (c, canceled):
            client.send(query("COMMIT"))
        wait_waiting(t, 2)
        t.cluster.primary.kill()
        t.wait(lambda: s.show("TOPOLOGY")[0]["asked"] == "2", "both to wait")
        canceled.cancel()
        for client, why in ((canceled, "canceling statement due to user request"), (c, "failover_timeout")):
            got = client.result(check=False)
            t.equal(([e.sqlstate for e in got.errors], got.status), (["40003"], "I"), why)
            t.contains(got.errors[0].fields["H"], why, "the hint")
        t.equal(s.show("TOPOLOGY")[0]["unknown"], "2", "what SHOW TOPOLOGY counts")


@deadline(150)
def test_the_same_server_comes_back(t):
    """It recovers by itself: what is on its disk is committed, unless standbys are to have it first."""
    s = start(t)
    primary = t.cluster.primary
    for synchronous in (True, False):
        with s.client() as c:
            warm_up(c)
            c.query("BEGIN")
            c.query(insert(f"synchronous {synchronous}"))
            primary.set(synchronous_standby_names=GHOST)
            c.send(query("COMMIT"))
            wait_waiting(t, 1)
            primary.kill()
            if not synchronous:
                with open(os.path.join(primary.dir, "postgresql.auto.conf"), "a") as f:
                    f.write("synchronous_standby_names = ''\n")
            primary.start()
            got = c.result(check=False)
            if synchronous:
                t.equal([e.sqlstate for e in got.errors], ["40003"], "a commit that its standbys may lack")
                t.contains(got.errors[0].fields["H"], "the standbys may not", "the hint")
            else:
                t.equal((got.tags, got.status), (["COMMIT"], "I"), "a commit that the server has")
            primary.set(synchronous_standby_names="")
            s.wait_nodes(2, 40)


@deadline(60)
def test_users_who_may_not_ask(t):
    """They are tried once, and notice nothing."""
    t.sql("CREATE TABLE fate(who text)")
    try:
        with t.cluster.primary.connect("app") as admin:
            admin.query("REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn() FROM PUBLIC")
        s = t.steer(workers=1)
        with s.client() as c:
            for _ in range(3):
                c.query("BEGIN")
                t.equal(c.query(insert("mine")).tags, ["INSERT 0 1"], "a write")
                t.equal(c.query("COMMIT").tags, ["COMMIT"], "a COMMIT")
        t.contains(s.log_text(), "commit_outcome: the user may not call", "the log")
        t.equal(s.log_text().count("may not call"), 1, "how often it is said")
    finally:
        with t.cluster.primary.connect("app") as admin:
            admin.query("GRANT EXECUTE ON FUNCTION pg_current_wal_insert_lsn() TO PUBLIC")
        t.sql("DROP TABLE fate")


@deadline(60)
def test_it_is_not_noticed(t):
    """What fails in a transaction fails as it does without the question, in whatever way it is sent."""
    t.sql("CREATE TABLE fate(who text CHECK (who <> 'bad'))")
    try:
        s = t.steer(workers=1)
        plain = t.cluster.primary.connect("app", user="app")
        with s.client() as c, plain:
            warm_up(c)
            for messages in (
                    [query("BEGIN"), query(insert("bad")), query("SELECT 1"), query("COMMIT")],
                    [query("BEGIN"), query(insert("a")), query("SAVEPOINT s"), query(insert("bad")),
                     query("ROLLBACK TO s"), query(insert("b")), query("COMMIT")],
                    [run("BEGIN") + sync(), run(insert("a")) + run(insert("bad")) + sync(), run("COMMIT") + sync()],
                    [run("BEGIN") + run(insert("a")) + run("COMMIT") + sync()],
                    [run("BEGIN") + run(insert("bad")) + run("COMMIT") + sync(), query("ROLLBACK")],
                    [run("BEGIN") + sync(), parse("i", insert("a")) + describe("S", "i") + sync(),
                     bind("p", "i") + sync(), execute("p") + sync(), run("COMMIT") + sync()],
                    [run("BEGIN") + sync(), parse("", "SELECT * FROM generate_series(1, 3)") + bind() + execute(limit=1) +
                     run(insert("a"), "j") + sync(), run("COMMIT") + sync()],
                    [query("BEGIN"), query("SELECT 1/0"), query("END")],
                    [query("BEGIN"), query(insert("a") + ";" + insert("b")), query("COMMIT")],
                    [query("BEGIN"), query(insert("a")), query("COMMIT AND CHAIN"), query(insert("b")), query("ROLLBACK")],
                    [query("BEGIN"), query(insert("a")), query("COMMIT; SELECT 1")],
            ):
                for together in (False, True):
                    answers = []
                    for client in (c, plain):
                        got = []
                        if together:
                            client.send(*messages)
                        for each in messages:
                            if not together:
                                client.send(each)
                            got.append(shape(client.until("Z")))
                        client.segment(b"".join(b"C" + (6 + len(n)).to_bytes(4, "big") + b"S" + n + b"\0"
                                                for n in (b"i", b"j")))
                        answers.append(got)
                    t.equal(answers[0], answers[1], f"the answers to {messages}, together: {together}")
    finally:
        t.sql("DROP TABLE fate")


@deadline(60)
def test_a_query_that_is_skipped(t):
    """What goes in front of it fails, so the server reads on from the Sync behind the question: the answer to that Sync
    is the query's."""
    s = t.steer(workers=1)
    with s.client() as c:
        c.query("CREATE TABLE gone(i int)")
        c.query("BEGIN")
        c.query("INSERT INTO gone VALUES (0)")
        c.query("COMMIT")
        c.segment(parse("x", "INSERT INTO gone VALUES (1)"))
        c.query("DROP TABLE gone")
        s.admin("RECONNECT")
        c.query("BEGIN")
        got = c.query("EXECUTE x", check=False)
        t.equal(([e.sqlstate for e in got.errors], got.status), (["42P01"], "E"), "a statement that cannot be prepared again")
        t.equal(c.query("ROLLBACK").status, "I", "it goes on")


def shape(messages):
    """What of an answer must be the same."""
    return [(m.type, m.fields()["C"] if m.type == "E" else m.body if m.type in "CZD" else b"")
            for m in messages if m.type not in "SN"]
