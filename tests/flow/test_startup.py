"""What a startup packet asks for, and how it follows the client, under [pgbouncer] and under [pgsteer]."""
import struct

import wire
from wire import query

STRICT = dict(section="pgbouncer", nodes=False, workers=1, default_pool_size=1, verbose=2)


def refused(t, s, text, **parameters):
    e = t.error("08P01", lambda: s.client(**parameters), f"{parameters}")
    t.equal((e.severity, e.message), ("FATAL", text), f"the refusal of {parameters}")
    t.contains(s.log_text(), f"closing because: {text} (age=", "the log")


def batches(s):
    return [line.split("varcache_apply: ")[1] for line in s.log_text().splitlines() if "varcache_apply: " in line]


def test_options(t):
    s = t.steer(**STRICT, ignore_startup_parameters="extra_float_digits")
    for options in ("-c timezone=Portugal  -c    datestyle=German,\\ YMD ", "-ctimezone=Portugal -cdatestyle=German,\\ YMD",
                    "--timezone=Portugal --datestyle=German,\\ YMD", "-c t\\imezone=\\Portugal -c dat\\estyle\\=German,\\ YMD"):
        with s.client(options=options) as c:
            t.equal((c.value("SHOW timezone"), c.value("SHOW datestyle")), ("Portugal", "German, YMD"), options)
    for options in ("-d", "-c timezone", "timezone=x", "-c timezone=x -d"):
        refused(t, s, "unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed",
                options=options)
    refused(t, s, "unsupported startup parameter in options: enable_seqscan", options="-c enable_seqscan=off")
    refused(t, s, "unsupported startup parameter: enable_seqscan", enable_seqscan="off")
    refused(t, s, "unsupported startup parameter: " + "x" * 100, **{"x" * 200: "x"})
    for large in (4096, 9000):
        with s.client(extra_float_digits="1" * large) as c:
            t.equal(c.value("SHOW extra_float_digits"), "1", "an ignored parameter")
        with s.client(options=f"-c extra_float_digits={'1' * large}") as c:
            t.equal(c.value("SHOW extra_float_digits"), "1", "an ignored one in options")
    with s.client(login=False) as c:
        c.send(wire.startup({"user": "app", "database": "app", "extra_float_digits": "1" * 10000}))
        t.equal(c.receive().fields()["M"][:18], "bad packet header:", "one that is too large")
    with s.client("admin", "pgbouncer") as admin:
        admin.query("SET ignore_startup_parameters = 'options'")
        with s.client(options="-c enable_seqscan=off -c datestyle=German") as c:
            t.equal((c.value("SHOW enable_seqscan"), c.value("SHOW datestyle")), ("on", "German, DMY"),
                    "what is ignored in options, and what is not")


def test_tracked_parameters(t):
    s = t.steer(**STRICT, track_extra_parameters="IntervalStyle", databases={"app": t.cluster.line("app", [t.cluster.primary])})
    with s.client(DATESTYLE="ISO", application_name="") as a, s.client(application_name="b") as b:
        t.equal(a.parameters["DateStyle"], "ISO", "what was asked for is what is said")
        t.equal((b.parameters["DateStyle"], b.parameters["application_name"]), ("ISO, MDY", "b"), "of the other")
        t.equal(batches(s), [], "no server was told anything by a login")
        for _ in range(2):
            a.query("SELECT 1")
        t.equal(batches(s), ["SET DateStyle='ISO';"], "said once")
        t.contains(s.log_text(), "varcache_set_canonical: setting DateStyle to its canonical version ISO -> ISO, MDY\n",
                   "and then known")
        b.query("SET IntervalStyle = sql_standard; SET TimeZone = 'Europe/Rome'")
        t.equal((a.value("SHOW IntervalStyle"), a.value("SHOW TimeZone"), a.value("SHOW application_name")),
                ("postgres", a.parameters["TimeZone"], ""), "what the other does not see")
        t.equal((b.value("SHOW IntervalStyle"), b.value("SHOW TimeZone"), b.value("SHOW application_name")),
                ("sql_standard", "Europe/Rome", "b"), "what it keeps")
        b.query("BEGIN; SET DateStyle = German; ROLLBACK")
        t.equal(b.value("SHOW DateStyle"), "ISO, MDY", "after a rollback")
        a.query("SET work_mem = '77MB'")
        t.equal(b.value("SHOW work_mem"), "77MB", "what is not tracked stays with the server, as in PgBouncer")
        count = len(batches(s))
        a.send(query("BEGIN"), query("SET application_name = 'in'"), query("COMMIT"))
        [a.result() for _ in range(3)]
        b.query("SELECT 1")
        t.equal(a.value("SHOW application_name"), "in", "set in a transaction")
        t.true(len(batches(s)) == count + 3, "one batch for each change of client")
    with s.client(client_encoding="no-such") as c:
        c.send(query("SELECT 1"))
        t.equal(c.receive().fields()["M"], "invalid server parameter", "a value that no server takes")
    t.contains(s.log_text(), "varcache_apply failed: ERROR: ", "the log")
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "nobody else notices")


def test_parameters_of_the_line(t):
    line = t.cluster.line("app", [t.cluster.primary])
    s = t.steer(**STRICT, application_name_add_host=1, databases={
        "app": f"{line} client_encoding=LATIN1 datestyle='German, YMD' timezone=Europe/Oslo application_name=line"})
    with s.client() as c:
        t.equal({k: c.parameters[k] for k in ("client_encoding", "DateStyle", "TimeZone")},
                {"client_encoding": "LATIN1", "DateStyle": "German, YMD", "TimeZone": "Europe/Oslo"}, "its parameters")
        port = c.socket.getsockname()[1]
        t.equal(c.parameters["application_name"], f"app - 127.0.0.1:{port}", "a client without a name")
        t.equal(c.value("SHOW application_name"), f"app - 127.0.0.1:{port}", "on the server")
    with s.client(application_name="x", TimeZone="Asia/Tokyo") as c:
        t.equal((c.value("SHOW application_name"), c.value("SHOW TimeZone")),
                (f"x - 127.0.0.1:{c.socket.getsockname()[1]}", "Asia/Tokyo"), "a client's own")


def test_any_parameter_under_pgsteer(t):
    s = t.steer(default_pool_size=1)
    with s.client("app", "single", work_mem="3MB", options="-c enable-seqscan=off --search_path=a,\\ b") as a, \
            s.client("app", "single") as b:
        for _ in range(2):
            t.equal([a.value(f"SHOW {name}") for name in ("work_mem", "enable_seqscan", "search_path")],
                    ["3MB", "off", "a, b"], "carried")
            t.equal([b.value(f"SHOW {name}") for name in ("work_mem", "enable_seqscan", "search_path")],
                    ["4MB", "on", '"$user", public'], "and not poured over others")
    t.error("42704", lambda: s.client(no_such_parameter="1"), "one that no server knows")


def test_login_texts(t):
    s = t.steer(**STRICT)

    def texts(**settings):
        with s.client("admin", "pgbouncer", password="admin-secret") as admin:
            for name, value in settings.items():
                admin.query(f"SET {name} = '{value}'")
        found = []
        for user, database, password in (("nobody", "app", "x"), ("app", "nothing", "wrong"), ("app", "nothing", None)):
            try:
                s.client(user, database, password=password or s.users["app"])
            except wire.ServerError as e:
                found.append((e.severity, e.sqlstate, e.message))
                t.contains(s.log_text(), f"closing because: {e.message} (age=", "the log")
        return found
    password = ("FATAL", "08P01", "password authentication failed")
    nothing = ("FATAL", "08P01", "no such database: nothing")
    t.equal(texts(), [("FATAL", "08P01", '"trust" authentication failed'), nothing, nothing], "trust")
    for method in ("plain", "md5"):
        t.equal(texts(auth_type=method), [password, password, nothing], method)
    sasl = ("FATAL", "08P01", "SASL authentication failed")
    t.equal(texts(auth_type="scram-sha-256"), [sasl, sasl, nothing], "scram-sha-256")
    t.contains(s.log_text(), "app/nobody@127.0.0.1:", "the log's name before the login is through")
    t.contains(s.log_text(), "no such user: nobody", "the log")
    e = t.error("08P01", lambda: s.client("app", "pgbouncer"), "a console for who may not")
    t.equal(e.message, "not allowed", "said before any proof")
    t.contains(s.log_text(), "login failed: db=nothing user=app", "the log")


def test_broken_packets(t):
    s = t.steer(**STRICT)
    head = struct.pack("!I", wire.PROTOCOL_3_0)
    layout = "invalid startup packet layout: expected terminator as last byte"
    for body, text in ((head, layout), (head + b"user\0app", layout), (head + b"user\0app\0", layout),
                       (head + b"user\0app\0database\0", layout), (head + b"user\0app\0\0x", layout),
                       (head + b"\0", "no username supplied"), (struct.pack("!I", 2 << 16) + b"\0", "old V2 protocol not supported"),
                       (struct.pack("!I", 4 << 16) + b"\0", "bad packet header: '0000000900040000'")):
        c = s.client(login=False)
        c.send(struct.pack("!I", len(body) + 4) + body)
        got = c.receive()
        t.equal((got.type, got.fields()["S"], got.fields()["C"], got.fields()["M"]), ("E", "FATAL", "08P01", text), f"{body!r}")
        t.true(c.at_end(), "and closed")
    for byte in range(1, 256):  # in a name and in a value
        for pair in (b"n" + bytes([byte]) + b"\0v", b"name\0v" + bytes([byte])):
            with s.client(login=False) as c:
                body = head + b"user\0app\0database\0app\0" + pair + b"\0\0"
                c.send(struct.pack("!I", len(body) + 4) + body)
                t.contains(c.receive().fields()["M"], "unsupported startup parameter: n", f"{pair!r}")
