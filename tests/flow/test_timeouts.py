"""What ends because it lasts too long, and statement pooling: PgBouncer's texts, on time, once.

The tests on `single`, a plain line, also pass with PgBouncer itself in pgsteer's place (PGSTEER=.../pgbouncer)."""
import time

import wire
from run import SLOW
from wire import bind, execute, parse, query, sync

NO_BLOCKS = "transaction blocks not allowed in statement pooling mode"


def last_words(c):
    """The error a client is closed with."""
    message = c.until("E")[-1]
    assert c.at_end(), f"the connection ends with {message}"
    return wire.ServerError(message)


def expect_end(t, s, c, since, seconds, text):
    """`c` is closed after `seconds` from `since`, with this FATAL error, and the log says so. Returns how late it was."""
    e = last_words(c)
    took = time.monotonic() - since
    t.equal((e.severity, e.sqlstate, e.message), ("FATAL", "08P01", text), "what the client is told")
    t.within(took, seconds - 0.005, seconds + 2 * SLOW, f"seconds until {text!r}")
    s.wait_log(f"closing because: {text} (age=")
    return took - seconds


def count(s, text):
    return sum(f"closing because: {text} (age=" in line for line in s.log_text().splitlines())


def setting(s, **settings):
    with s.console() as c:
        for name, value in settings.items():
            c.query(f"SET {name} = '{value}'")


def test_active_clients(t):
    s = t.steer(default_pool_size=3)
    for mode in ("transaction", "session"):
        setting(s, pool_mode=mode, query_timeout=0.6)
        with s.client(database="single") as c:
            c.query("SELECT 1")
            before, began = count(s, "query timeout"), time.monotonic()
            c.send(query("SELECT pg_sleep(3)"))
            expect_end(t, s, c, began, 0.6, "query timeout")
            t.equal(count(s, "query timeout") - before, 2, "lines: the server's and the client's")
        setting(s, query_timeout=0, idle_transaction_timeout=0.5)
        with s.client(database="single") as c:
            c.query("BEGIN")
            began = time.monotonic() + 0.7
            c.query("SELECT pg_sleep(0.7)")  # a query is not idle
            expect_end(t, s, c, began, 0.5, "idle transaction timeout")
    setting(s, idle_transaction_timeout=0, pool_mode="session", query_timeout=0.3)
    with s.client(database="single") as c:
        c.query("SELECT 1")
        t.true(c.quiet(0.6), "between transactions nothing runs, in session mode either")
        t.equal(c.value("SELECT 1"), "1", "it goes on")


def test_on_time(t):
    """Not when a clock of whole thirds of a second next comes by, as PgBouncer's: one of several tries is a twentieth late
    at most, whatever else the machine does meanwhile."""
    s = t.steer()
    for name, begin, text in (("client_idle_timeout", "SELECT 1", "client_idle_timeout"),
                              ("idle_transaction_timeout", "BEGIN", "idle transaction timeout"),
                              ("query_timeout", "SELECT pg_sleep(9)", "query timeout")):
        setting(s, **{name: 0.3})
        late = []
        while not late or (min(late) > 0.05 * SLOW and len(late) < 12):
            with s.client(database="single") as c:
                began = time.monotonic()
                c.send(query(begin))
                late.append(expect_end(t, s, c, began, 0.3, text))
        t.within(min(late), -0.005, 0.4 if s.stand_in else 0.05 * SLOW, f"seconds that {text!r} is late, the best of {late}")
        setting(s, **{name: 0})


def test_transaction_timeout(t):
    s = t.steer(transaction_timeout="0.7")
    with s.client(database="single") as c:
        for _ in range(4):
            c.query("SELECT pg_sleep(0.2)")
        c.query("BEGIN")
        began = time.monotonic()
        for _ in range(2):
            c.query("SELECT pg_sleep(0.2)")
        expect_end(t, s, c, began, 0.7, "transaction timeout")


def test_timeouts_of_users(t):
    extra = "[users]\napp = query_timeout=0.4\nscram_user = client_idle_timeout=0.4 query_wait_timeout=0.4\n"
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer(databases={"own": line, "forced": f"{line} user=app pool_size=1"}, extra=extra,
                client_idle_timeout=60, query_timeout=60)
    with s.client(database="own", user="scram_user") as c:
        began = time.monotonic() + 0.6
        c.query("SELECT pg_sleep(0.6)")
        expect_end(t, s, c, began, 0.4, "client_idle_timeout")
    with s.client(database="forced", user="md5_user") as c:
        began = time.monotonic()
        c.send(query("SELECT pg_sleep(2)"))
        expect_end(t, s, c, began, 0.4, "query timeout")  # of the user on the server


def test_waiting_clients(t):
    s = t.steer(default_pool_size=1, query_wait_timeout="0.5")
    holder, first, second = (s.client(database="single") for _ in range(3))
    holder.query("BEGIN")
    began = time.monotonic()
    first.send(query("SELECT 1"))
    expect_end(t, s, first, began, 0.5, "query_wait_timeout")
    holder.query("COMMIT")
    setting(s, query_wait_timeout=60, query_timeout=0.5)
    s.admin("PAUSE single")
    began = time.monotonic()
    second.send(query("SELECT 1"))
    expect_end(t, s, second, began, 0.5, "query_timeout")
    s.admin("RESUME single")
    t.equal(holder.value("SELECT 1"), "1", "who did not wait is not disturbed")
    holder.close()


def test_a_waiting_client_is_told(t):
    s = t.steer(default_pool_size=1, query_wait_notify="0.5")
    text = "No server connection available in postgres backend, client being queued"
    with s.client(database="single") as holder, s.client(database="single") as c:
        for _ in range(2):  # once each wait
            holder.query("BEGIN")
            began = time.monotonic()
            c.send(query("SELECT 1"))
            notice = c.receive()
            t.within(time.monotonic() - began, 0.495, 2 * SLOW, "seconds until the notice")
            t.equal((notice.type, notice.fields()["S"], notice.fields()["C"], notice.fields()["M"]),
                    ("N", "NOTICE", "00000", text), "the notice")
            t.true(c.quiet(0.7), "nothing more while it waits")
            holder.query("COMMIT")
            t.equal(c.result().rows, [["1"]], "its turn")
        c.send(query("SELECT pg_sleep(0.7)"))
        t.true(all(m.type != "N" for m in c.until("Z")), "a query that runs does not wait")


def test_logins(t):
    s = t.steer(client_login_timeout="0.5", tcp_defer_accept=0)
    began = time.monotonic()
    c = wire.Client(s.port, login=False)
    expect_end(t, s, c, began, 0.5, "client_login_timeout")
    setting(s, tcp_defer_accept=1)
    began = time.monotonic()
    c = wire.Client(s.port, login=False)
    t.equal(last_words(c).message, "client_login_timeout", "a silent client, which the kernel keeps for a second")
    t.within(time.monotonic() - began, 1.2, 10, "seconds until then")
    silent = wire.Client(s.port, login=False)
    silent.close()
    closed = s.client()
    closed.close()
    s.wait_log("closing because: client close request")
    t.equal(count(s, "client unexpected eof"), 0, "who leaves without a word is not worth a line")
    gone = s.client()
    gone.socket.close()
    s.wait_log("closing because: client unexpected eof")


def test_console_clients_may_idle(t):
    s = t.steer(client_idle_timeout="0.4")
    with s.console() as c:
        began = time.monotonic()
        other = s.client()
        expect_end(t, s, other, began, 0.4, "client_idle_timeout")
        other.close()
        t.true(c.query("SHOW VERSION").rows, "the console stays, as PgBouncer's does")


def test_statement_mode(t):
    extra = "[users]\nscram_user = pool_mode=statement\n"
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer(databases={"s": f"{line} pool_mode=statement pool_size=1", "t": f"{line} pool_mode=transaction"},
                pool_mode="session", extra=extra)
    begin = (query("BEGIN"), query("BEGIN; SELECT 1"), query("SELECT 1; START TRANSACTION"),
             parse("", "BEGIN") + bind() + execute() + sync())
    for messages in begin:
        with s.client(database="s") as c, s.client(database="s") as other:
            pid = other.value("SELECT pg_backend_pid()")
            t.equal(c.value("SELECT pg_backend_pid()"), pid, "one server for all")
            c.query("BEGIN; SELECT 1; COMMIT")
            c.send(messages)
            e = last_words(c)
            t.equal((e.severity, e.sqlstate, e.message), ("FATAL", "08P01", NO_BLOCKS), "a transaction is refused")
            t.true(other.value("SELECT pg_backend_pid()") != pid, "its server is closed")
    t.equal(count(s, NO_BLOCKS), 2 * len(begin), "lines: the servers' and the clients'")
    with s.client(database="t") as c:
        c.query("BEGIN")
        c.query("COMMIT")
    with s.client(database="t", user="scram_user") as c:  # the user's own word counts
        c.send(query("BEGIN"))
        t.equal(last_words(c).message, NO_BLOCKS, "a transaction of such a user")
    t.equal([line for line in s.log_text().splitlines() if "no effect" in line], [], "warnings")


def test_statement_mode_on_a_cluster(t):
    s = t.steer(pool_mode="statement")
    t.sql("CREATE TABLE tm_kept(i int)")
    try:
        with s.client() as c:
            ports = {c.value("SELECT inet_server_port()") for _ in range(30)}
            t.true(str(t.cluster.primary.port) not in ports, "reads go to the standbys")
            for n in range(3):
                c.query(f"INSERT INTO tm_kept VALUES ({n})")
                t.equal(c.value("SELECT count(*) FROM tm_kept"), str(n + 1), "each statement sees the last one")
            c.send(parse("", "INSERT INTO tm_kept VALUES (9)") + bind() + execute() + sync())
            c.until("Z")
            c.send(query("BEGIN"))
            t.equal(last_words(c).message, NO_BLOCKS, "a transaction")
    finally:
        t.sql("DROP TABLE tm_kept")


def test_disconnect_reasons(t):
    s = t.steer(default_pool_size=2)
    begin, sleep = query("BEGIN /* tm_mark */"), query("SELECT pg_sleep(2) /* tm_mark */")
    cases = (("client disconnect while server was not ready", (begin,), 1),
             ("client disconnect while server was not ready", (sleep,), 0),
             ("client disconnected with query in progress", (query("SELECT 1"), sleep), 1))
    for text, messages, answers in cases:
        c = s.client(database="single")
        before = count(s, text)
        c.send(*messages)
        for _ in range(answers):
            c.until("Z")
        t.wait(lambda: marked(t) != [], "the server to have begun")
        c.close()
        t.wait(lambda: count(s, text) == before + 1, f"{text!r} in the log")
        for pid in marked(t):
            t.cluster.primary.terminate(pid)
    with s.client(database="single") as c:
        c.query("SELECT 1")
    t.equal(count(s, "client disconnected with query in progress"), 1, "nobody else was in the middle of a query")


def marked(t):
    return [pid for [pid] in t.cluster.primary.query(
        "SELECT pid FROM pg_stat_activity WHERE usename = 'app' AND query LIKE '%/* tm_mark */'").rows]


def test_fast_close(t):
    s = t.steer(pool_mode="session")
    text = "database configuration changed"
    with s.client(database="single") as c, s.client(database="single") as busy, s.client(database="other") as other:
        for one in (c, other):
            one.query("SELECT 1")
        busy.query("BEGIN")
        setting(s, server_fast_close=1)
        s.admin("RECONNECT single")
        e = last_words(c)
        t.equal((e.severity, e.sqlstate, e.message), ("FATAL", "08P01", text), "an idle session is told")
        t.equal(busy.value("SELECT 1"), "1", "a transaction is let through to its end")
        busy.query("COMMIT")
        t.equal(last_words(busy).message, text, "then it ends as well")
        t.equal(other.value("SELECT 1"), "1", "another database is not concerned")
        t.equal(count(s, text), 4, "lines: two servers, two clients")


def test_server_lifetime(t):
    s = t.steer(server_lifetime=0)
    with s.client(database="single") as c:
        pids = [c.value("SELECT pg_backend_pid()") for _ in range(4)]
        t.equal(len(set(pids)), 4, "servers, each used once")
        t.wait(lambda: count(s, "server lifetime over") >= 4, "all of them to be closed for it")
        with s.client(database="single") as other:
            other.query("BEGIN")
            held = other.value("SELECT pg_backend_pid()")
            time.sleep(0.3)
            t.equal(other.value("SELECT pg_backend_pid()"), held, "not in the middle of a transaction")
            other.query("COMMIT")


def test_server_lifetimes_end_one_by_one(t):
    """PgBouncer spreads them over the lifetime, lest all connections are opened anew at once."""
    s = t.steer(databases={"single": t.cluster.line("app", [t.cluster.primary], pool_size=4, server_lifetime=1.2)},
                workers=4)
    clients = [s.client(database="single") for _ in range(4)]
    for c in clients:
        c.send(query("SELECT pg_sleep(0.2)"))
    for c in clients:
        c.result()
    ends = []
    t.wait(lambda: ends.append((time.monotonic(), count(s, "server lifetime over"))) or ends[-1][1] == 4,
           "all four to be closed")
    first = next(at for at, n in ends if n > 0)
    t.within(ends[-1][0] - first, 0.5, 1.3 * SLOW + 0.5, "seconds between the first end and the last, 0.3 each")
    for c in clients:
        c.close()


def test_idle_servers_down_to_the_minimum(t):
    s = t.steer(server_idle_timeout="0.4", databases={
        "single": t.cluster.line("app", [t.cluster.primary], pool_size=4, min_pool_size=2)})
    clients = [s.client(database="single") for _ in range(4)]
    for c in clients:
        c.send(query("SELECT pg_sleep(0.2)"))
    for c in clients:
        c.result()
    t.wait(lambda: count(s, "server idle timeout") == 2, "two of four to be closed")
    began = time.monotonic()
    while time.monotonic() - began < 0.8:
        t.equal(count(s, "server idle timeout"), 2, "the minimum is not closed and opened again and again")
        time.sleep(0.1)
    for c in clients:
        c.close()


def pool_row(s, database, user="app"):
    return next(r for r in s.show("POOLS") if r["database"] == database and r["user"] == user)


def test_server_check_query(t):
    def checked(c):
        return c.value("SELECT coalesce(current_setting('tm.checked', true), '')") == "yes"
    mark = "SELECT set_config('tm.checked', 'yes', false)"
    for workers in (1, 3):
        s = t.steer(workers=workers, default_pool_size=1, server_check_query=mark, server_check_delay="0.5",
                    databases={"single": t.cluster.line("app", [t.cluster.primary])})
        with s.client(database="single") as c, s.client(database="single") as other:
            t.true(not checked(c) and not checked(other) and not checked(c), "a server just used is not tried")
            t.wait(lambda: pool_row(s, "single")["sv_used"] == "1", "an idle server to have to be tried (sv_used)")
            t.true(checked(other), "it is tried before it is lent")
            pid = other.value("SELECT pg_backend_pid()")
            setting(s, server_check_query="SELECT 1/0", server_check_delay=0)
            t.equal(c.value("SELECT pg_backend_pid()"), pid, "an error is an answer")
            setting(s, server_check_query="SELECT pg_sleep(5)", server_connect_timeout=0.5)
            began = time.monotonic()
            t.true(c.value("SELECT pg_backend_pid()") != pid, "one that stays silent is given up")
            t.within(time.monotonic() - began, 0.45, 2 * SLOW, "seconds that took")
            s.wait_log("closing because: test query failed (age=")
            pid = c.value("SELECT pg_backend_pid()") if setting(s, server_check_query="") is None else None
            t.equal(other.value("SELECT pg_backend_pid()"), pid, "nothing is tried without a query")
            setting(s, server_check_query="<empty>")
            t.equal(other.value("SELECT pg_backend_pid()"), pid, "the empty query")
        s.stop()


def test_connect_query_that_fails(t):
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer(databases={"wrong": f"{line} connect_query='SELECT 1/0'", "open": f"{line} connect_query='BEGIN'",
                           "good": f"{line} connect_query='SET tm.asked = 7; SELECT 1'"}, server_login_retry=1)
    e = t.error("22012", lambda: s.client(database="wrong"), "a connect_query that fails")
    t.equal((e.severity, e.message), ("FATAL", "division by zero"), "the server's own words")
    s.wait_log("server login failed: ERROR division by zero")
    e = t.error("08P01", lambda: s.client(database="open"), "a connect_query that leaves a transaction open")
    t.contains(e.message, "connect_query left a transaction open", "the error")
    with s.client(database="good") as c:
        t.equal(c.value("SHOW tm.asked"), "7", "what it has set")


def test_connect_query_that_fails_as_in_pgbouncer(t):
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer({"wrong": f"{line} connect_query='SELECT 1/0'"}, nodes=False, section="pgbouncer")
    with s.client(database="wrong") as c:
        t.equal(c.value("SELECT 7"), "7", "an error of connect_query is logged and no more")
    s.wait_log("S: error while executing exec_on_query: ERROR: division by zero")


def test_reset_query(t):
    s = t.steer(pool_mode="session", default_pool_size=1, server_reset_query="DEALLOCATE ALL", section="pgbouncer",
                databases={"single": t.cluster.line("app", [t.cluster.primary])})

    def session(name):
        c = wire.Client(s.port, database="single", login=False)
        c.login(parameters={"user": "app", "database": "single", "application_name": name})
        return c
    with session("first") as c:
        pid = c.value("SELECT pg_backend_pid()")
        c.query("PREPARE tm_one AS SELECT 1")
        c.query("SET work_mem = '7MB'")
    with session("second") as c:
        t.equal(c.value("SELECT pg_backend_pid()"), pid, "the same server")
        t.equal(c.value("SHOW application_name"), "second", "the session's own parameters")
        t.equal(c.value("SHOW work_mem"), "7MB", "what the reset query leaves alone stays, as in PgBouncer")
        t.error("26000", lambda: c.query("EXECUTE tm_one"), "what it takes away is gone")
    setting(s, server_reset_query="SELECT 1/0")
    with session("third") as c:
        c.query("SELECT 1")
    s.wait_log("closing because: reset query failed (age=")
    setting(s, server_reset_query="RESET work_mem", pool_mode="transaction", server_reset_query_always=1)
    with session("fourth") as c:
        c.query("SET work_mem = '9MB'")
        t.true(c.value("SHOW work_mem") != "9MB" or not s.stand_in, "the reset query after each transaction")


def test_what_is_let_through(t):
    s = t.steer(max_packet_size=4000, login_notify_message="You are welcome", disable_pqexec=1, default_pool_size=3)
    c = s.client(database="single", login=False)
    c.send(wire.startup({"user": "app", "database": "single"}))
    got = c.until("Z")
    t.equal([(m.fields()["S"], m.fields()["C"], m.fields()["M"]) for m in got if m.type == "N"],
            [("NOTICE", "00000", "You are welcome")], "login_notify_message")
    t.equal(c.extended("SELECT repeat('x', 3000)").rows, [["x" * 3000]], "a row that is small enough")
    c.send(parse("", "SELECT repeat('x', 5000)") + bind() + execute() + sync())
    t.equal(last_words(c).message, "bad pkt header", "a row that is too large")
    with s.client(database="single") as c:
        c.send(parse("", "SELECT '" + "x" * 5000 + "'") + bind() + execute() + sync())
        e = last_words(c)
        t.equal((e.severity, e.sqlstate), ("FATAL", "08P01"), "a message that is too large")
        t.contains(e.message, "bad packet header: '50", "its first bytes")
    for first in (b"", parse("", "SELECT 1") + bind() + execute() + sync(), parse("", "BEGIN") + bind() + execute() + sync()):
        with s.client(database="single") as c:
            c.send(first)
            if first:
                c.until("Z")
            c.send(query("SELECT 1"))
            e = last_words(c)
            t.equal((e.severity, e.sqlstate, e.message), ("FATAL", "08P01", "PQexec disallowed"), "a simple query")
    t.contains(s.log_text(), 'client used "Query" packet type', "the log")
    t.true(s.show("VERSION"), "the console takes simple queries")


def test_nobody_waits_for_a_large_result(t):
    """What sbuf_loopcnt is for: here each connection is read once before any is read again."""
    s = t.steer(workers=1, tcp_socket_buffer=65536)
    with s.client(database="single") as big, s.client(database="single") as c:
        c.query("SELECT 1")
        big.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"))
        longest, done = 0, False
        big.socket.settimeout(30)
        while not done:
            for _ in range(20):
                chunk = big.socket.recv(65536)
                done = chunk.endswith(b"Z\0\0\0\5I")
                if done:
                    break
            began = time.monotonic()
            c.query("SELECT 1")
            longest = max(longest, time.monotonic() - began)
        t.within(longest, 0, 0.5 * SLOW, "seconds of the longest of many small queries meanwhile")
