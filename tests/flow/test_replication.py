"""Replication connections: a server of one's own, physical and logical, in any pool mode, for real tools."""
import os
import struct

from flow import deadline
from run import find_program
from wire import query

STRICT = dict(section="pgbouncer", session_state=0)


def senders(t):
    return int(t.cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender' "
                                       "AND application_name IN ('abc', 'mine')"))


def tool(s, name, *arguments):
    command = [find_program(name), "-d", f"host=127.0.0.1 port={s.port} user=postgres dbname=app application_name=mine", *arguments]
    return s.run.start(command)


def test_logical_and_physical(t):
    for mode in ("session", "transaction", "statement"):
        s = t.steer(pool_mode=mode, nodes=False, **STRICT)
        wanted = dict(application_name="abc", options="-c enable_seqscan=off --work-mem=3MB", DateStyle="German")
        with s.client("postgres", "single", replication="database", **wanted) as c, s.client("app", "single") as other:
            t.equal([c.value(f"SHOW {name}") for name in ("application_name", "enable_seqscan", "work_mem", "DateStyle")],
                    ["abc", "off", "3MB", "German, DMY"], f"what it asked for, pool_mode={mode}")
            t.equal(c.parameters["DateStyle"], "German, DMY", "as its server reported it")
            t.equal(len(c.query("IDENTIFY_SYSTEM").rows), 1, "IDENTIFY_SYSTEM")
            pid = c.value("SELECT pg_backend_pid()")
            c.query("BEGIN")
            c.query("SELECT 1")
            c.query("COMMIT")
            t.equal(c.value("SELECT pg_backend_pid()"), pid, "the same server for good")
            t.true(other.value("SELECT pg_backend_pid()") != pid, "and for nobody else")
            for what in ("CLIENTS", "SERVERS"):
                kinds = {row["user"]: row["replication"] for row in s.show(what) if row["user"] != "admin"}
                t.equal(kinds, {"postgres": "logical", "app": "none"}, f"SHOW {what}")
        with s.client("postgres", "single", replication="on", application_name="abc") as c:
            e = t.error("0A000", lambda: c.query("SELECT 1"), "SQL in physical replication")
            t.contains(e.message, "physical replication", "its text")
            t.equal((c.value("SHOW application_name"), len(c.query("IDENTIFY_SYSTEM").rows)), ("abc", 1), "what works there")
            t.equal([row["replication"] for row in s.show("SERVERS") if row["user"] == "postgres"], ["physical"], "SHOW SERVERS")
        t.wait(lambda: senders(t) == 0, "the servers to be closed with their clients")
        t.contains(s.log_text(), "closing because: replication client was closed (age=", "the log")
        t.contains(s.log_text(), "login attempt: db=single user=postgres tls=no replication=database", "the log")
        with s.client("postgres", "single", replication="off") as c:
            t.equal(c.value("SELECT 1"), "1", "replication=off is none")


def test_in_a_cluster(t):
    s = t.steer({"app": t.cluster.line("app"), "standby": t.cluster.line("app") + " target_session_attrs=standby"})
    for database, recovers in (("app", "f"), ("standby", "t")):
        with s.client("postgres", database, replication="database") as c:
            for _ in range(3):
                t.equal(c.value("SELECT pg_is_in_recovery()"), recovers, f"where {database} goes")
            c.send(*[query("IDENTIFY_SYSTEM")] * 3)
            t.equal([len(c.result().rows) for _ in range(3)], [1, 1, 1], "in a row")


def test_pool_size_and_refusals(t):
    s = t.steer(default_pool_size=2, workers=4, nodes=False, query_wait_timeout=1, **STRICT)
    normal = [s.client("postgres", "single", client_encoding="UTF8") for _ in range(2)]
    [c.query("BEGIN") for c in normal]
    [c.query("COMMIT") for c in normal]  # two connections, idle in whatever worker
    one = s.client("postgres", "single", replication="database")
    t.contains(s.log_text(), "closing because: evicted (age=", "the log")
    two = s.client("postgres", "single", replication="yes")
    t.equal(int(t.cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'postgres' AND "
                                        f"client_port IN ({','.join(str(r['local_port']) for r in s.show('SERVERS'))})")), 2,
            "no more than the pool may have")
    e = t.error("08P01", lambda: s.client("postgres", "single", replication="database"), "when all are taken")
    t.equal(e.message, "query_wait_timeout", "its text")
    one.close()
    three = s.client("postgres", "single", replication="database")
    t.equal(three.value("SELECT 1"), "1", "who waits gets the next connection")
    two.close()
    t.equal(normal[0].value("SELECT 1"), "1", "and so do others")
    s.admin("RECONNECT single")
    t.true(three.at_end(5), "nobody waits for the end of a replication connection")

    e = t.error("08P01", lambda: s.client("app", "single", replication="database"), "who may not replicate")
    t.equal((e.severity, e.message), ("FATAL", "login failed"), "the text")
    t.contains(s.log_text(), "S: login failed: FATAL: ", "the reason, for the log")
    t.equal(s.log_text().count("closing because: login failed (age="), 2, "server and client")
    with s.client("app", "single") as c:
        t.equal(c.value("SELECT 1"), "1", "others are not concerned")
    own = t.steer(nodes=False)
    e = t.error(None, lambda: own.client("app", "single", replication="database"), "who may not replicate, under [pgsteer]")
    t.true(e.message != "login failed", "is told the server's reason")


def status(at):
    """A standby status update that asks for an answer."""
    return b"d" + struct.pack("!IcQQQQB", 4 + 34, b"r", at, at, at, 0, 1)


@deadline(120)
def test_copy_both_ways(t):
    s = t.steer(nodes=False)
    t.sql("CREATE TABLE rp_fill(t text)")
    with s.client("postgres", "single", replication="true", application_name="mine") as c:
        start = c.query("IDENTIFY_SYSTEM").rows[0][2]
        c.send(query(f"START_REPLICATION PHYSICAL {start} TIMELINE 1"))
        t.equal(c.receive().type, "W", "CopyBothResponse")
        t.sql("INSERT INTO rp_fill SELECT repeat('x', 100) FROM generate_series(1, 1000)")
        before, total, kept = s.memory(), 0, 0
        for _ in range(4):  # the server speaks and we do not listen
            t.sql("INSERT INTO rp_fill SELECT repeat(md5(i::text), 30) FROM generate_series(1, 16000) i")
        t.memory_within(s.memory() - before, 16 << 10, "growth while the client does not read")
        end = t.cluster.primary.value("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
        c.send(status(0))
        while kept < int(end):
            m = c.receive()
            t.equal(m.type, "d", "CopyData")
            if m.body[:1] == b"w":
                total += len(m.body)
                kept = struct.unpack_from("!Q", m.body, 1)[0] + len(m.body) - 25
        t.true(total > 60 << 20, f"the whole stream came: {total}")
        for _ in range(2000):  # and the other way
            c.send(status(kept))
        t.wait(lambda: t.cluster.primary.value("SELECT flush_lsn - '0/0' FROM pg_stat_replication WHERE "
                                               "application_name = 'mine'") == str(kept), "our word to arrive")
        c.send(b"c\0\0\0\4")
        got = c.until("Z")
        t.equal([m.type for m in got if m.type not in "d"], list("cCCZ"), "the end of the stream")
        t.equal(len(c.query("IDENTIFY_SYSTEM").rows), 1, "another command afterwards")
    t.memory_within(s.memory() - before, 16 << 10, "growth in all")


@deadline(120)
def test_real_tools(t):
    t.tool("pg_basebackup")
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer({"app": line, "other": t.cluster.line("other", [t.cluster.primary]), "replication": line}, nodes=False,
                tcp_socket_buffer=4096)  # and none of them may wait for a timer of the kernel's
    t.sql("CREATE TABLE rp_copied(i int)", "CREATE PUBLICATION rp_pub FOR TABLE rp_copied", "INSERT INTO rp_copied VALUES (1)")
    t.cluster.primary.query("SELECT pg_create_logical_replication_slot('rp_log', 'test_decoding'), "
                            "pg_create_logical_replication_slot('rp_sub', 'pgoutput')", "app")
    t.cluster.primary.query("SELECT pg_create_physical_replication_slot('rp_phy')")
    try:
        backup = s.run.mkdir(t.dir, "backup")
        p = tool(s, "pg_basebackup", "--checkpoint=fast", "-X", "stream", "--no-sync", "-D", backup)
        t.equal((p.communicate(timeout=60), p.returncode), (("", ""), 0), "pg_basebackup")
        t.true(os.path.exists(os.path.join(backup, "PG_VERSION")), "a copy of the cluster")
        wal = s.run.mkdir(t.dir, "wal")
        receiver = tool(s, "pg_receivewal", "--slot=rp_phy", "--no-sync", "-D", wal)
        logical = tool(s, "pg_recvlogical", "--slot=rp_log", "--start", "--no-loop", "-f", "-")
        logical_db = s.client("postgres", "app")
        logical_db.query("INSERT INTO rp_copied VALUES (2)")
        text = "".join(logical.stdout.readline() for _ in range(3))
        t.contains(text, "table public.rp_copied: INSERT: i[integer]:", "pg_recvlogical")
        t.wait(lambda: os.listdir(wal), "pg_receivewal to write")
        for p in (receiver, logical):
            p.terminate()
            p.wait(20)
        t.sql("CREATE TABLE rp_copied(i int)", database="other")
        t.cluster.primary.query(f"CREATE SUBSCRIPTION rp_subscription CONNECTION 'host=127.0.0.1 port={s.port} dbname=app "
                                "user=postgres' PUBLICATION rp_pub WITH (slot_name = rp_sub, create_slot = false)", "other")
        t.wait(lambda: t.cluster.primary.value("SELECT count(*) FROM rp_copied", "other") == "2", "the first copy", 60)
        logical_db.query("INSERT INTO rp_copied VALUES (3)")
        t.wait(lambda: t.cluster.primary.value("SELECT count(*) FROM rp_copied", "other") == "3", "the stream", 60)
        logical_db.close()
    finally:
        primary = t.cluster.primary
        if primary.value("SELECT count(*) FROM pg_subscription", "other") != "0":
            for what in ("DISABLE", "SET (slot_name = NONE)"):
                primary.query(f"ALTER SUBSCRIPTION rp_subscription {what}", "other")
            primary.query("DROP SUBSCRIPTION rp_subscription", "other")
        primary.query("DROP PUBLICATION rp_pub", "app")
        t.wait(lambda: primary.value("SELECT count(*) FROM pg_replication_slots WHERE active AND slot_name LIKE 'rp\\_%'") == "0",
               "the slots to be free")
        primary.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'rp\\_%'")
