"""Who may come in: trust, md5, SCRAM; wrong passwords and unknown users look alike; pass-through to servers."""
import base64
import os
import struct

import psycopg

import wire
from postgres import USERS

PASSWORD = "28P01"


def sasl_first(c):
    """Sends a SCRAM client-first-message and returns the server-first fields."""
    m = c.receive()
    assert m.type == "R" and struct.unpack_from("!I", m.body)[0] == 10, m
    first = b"n,,n=,r=" + base64.b64encode(b"0123456789abcdef01")
    c.send(wire.message("p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first))
    m = c.receive()
    assert m.type == "R" and struct.unpack_from("!I", m.body)[0] == 11, m
    return dict(part.split("=", 1) for part in m.body[4:].decode().split(","))


def methods(c):
    return [struct.unpack_from("!I", m.body)[0] for m in c.login_messages if m.type == "R"]


def use(s, user, database):
    """Logs in and runs a query: a server's refusal shows at the one or the other."""
    with s.client(user, database=database, timeout=40) as c:
        c.query("SELECT 1")


def test_trust(t):
    s = t.steer(auth_type="trust")
    with wire.Client(s.port, user="app", database="app") as c:
        t.equal(methods(c), [0], "authentication messages with trust")
    t.error(None, lambda: s.client(user="stranger", password="x"), "a user who is not in auth_file, with trust")


def test_md5(t):
    s = t.steer(auth_type="md5")
    with s.client() as c:
        t.equal(methods(c), [5, 0], "authentication messages with md5")
        t.equal(c.value("SELECT current_user"), "app", "current_user")
    t.error(PASSWORD, lambda: s.client(password="wrong"), "a wrong password")


def test_scram(t):
    s = t.steer(auth_type="scram-sha-256")
    with s.client() as c:
        t.equal(methods(c), [10, 11, 12, 0], "authentication messages with scram-sha-256")
        t.equal(c.value("SELECT current_user"), "app", "current_user")
    wrong = t.error(PASSWORD, lambda: s.client(password="wrong"), "a wrong password")
    unknown = t.error(PASSWORD, lambda: s.client(user="nobody_here", password="wrong"), "an unknown user")
    t.equal(unknown.message.replace("nobody_here", "app"), wrong.message, "the text for an unknown user")
    t.equal(unknown.severity, "FATAL", "severity")


def test_unknown_users_cannot_be_told_apart(t):
    s = t.steer(auth_type="scram-sha-256")

    def challenge(user):
        c = s.client(login=False)
        c.send(wire.startup({"user": user, "database": "app"}))
        fields = sasl_first(c)
        c.close()
        return fields
    for user in ("app", "nobody_here"):
        one, two = challenge(user), challenge(user)
        t.equal(one["s"], two["s"], f"the salt for {user}, asked twice")
        t.equal(one["i"], "4096", f"iterations for {user}")
        t.equal(len(base64.b64decode(one["s"])), 16, f"length of the salt for {user}")
        t.true(one["r"] != two["r"], "a fresh nonce every time")
    t.true(challenge("nobody_here")["s"] != challenge("nobody_else")["s"], "another salt for another user")


def test_secrets_in_every_form(t):
    with t.cluster.primary.connect() as c:
        verifier = c.value("SELECT rolpassword FROM pg_authid WHERE rolname = 'scram_user'")
        md5 = c.value("SELECT rolpassword FROM pg_authid WHERE rolname = 'md5_user'")
    t.true(verifier.startswith("SCRAM-SHA-256$") and md5.startswith("md5"), "secrets from pg_authid")
    users = {"scram_user": verifier, "md5_user": md5, "app": 'plain with "quotes" and \\', "postgres": "x"}
    s = t.steer(nodes=False, auth_type="scram-sha-256", users=users)
    with s.client("app", password='plain with "quotes" and \\') as c:
        t.equal(c.value("SELECT 1"), "1", "a plain secret with quotes in it")
    # The verifier alone is known: the key the client proves itself with opens the server too.
    for _ in range(3):
        with s.client("scram_user") as c:
            t.equal(c.value("SELECT current_user"), "scram_user", "SCRAM pass-through with only a verifier")
            t.equal(c.value("/* pgsteer: primary */ SELECT current_user"), "scram_user", "the same on the primary")
    t.error(PASSWORD, lambda: s.client("scram_user", password="wrong"), "a wrong password against a verifier")
    only = t.steer(nodes=False, auth_type="md5", users={"scram_user": verifier, "admin": verifier})
    for user in ("scram_user", "nobody_here"):
        with only.client(user, "single", login=False) as c:
            c.send(wire.startup({"user": user, "database": "single"}))
            t.equal(sasl_first(c)["i"], "4096", f"{user} is asked for SCRAM where nobody has another secret")
    s2 = t.steer(nodes=False, auth_type="md5", users=users)
    with s2.client("md5_user") as c:
        t.equal(methods(c), [5, 0], "authentication messages for an md5 secret")
        t.equal(c.value("SELECT current_user"), "md5_user", "md5 to the client and to the server, from an md5 secret")
    with s2.client("scram_user") as c:
        t.equal(methods(c)[0], 10, "auth_type=md5 uses SCRAM where the secret is a SCRAM one")
        t.equal(c.value("SELECT current_user"), "scram_user", "and passes it through")


def test_server_logins(t):
    s = t.steer()
    for user, (password, method) in USERS.items():
        with s.client(user) as c:
            t.equal(c.value("SELECT current_user"), user, f"login at a server that asks for {method}")
    wrong = t.steer(users={"scram_user": "not the password", "postgres": "x", "admin": "admin-secret"})
    e = t.error(None, lambda: use(wrong, "scram_user", "app"), "a password that the server refuses")
    t.contains(e.message, "password authentication failed", "the server's own words reach the client")


def test_passwords_beyond_ascii(t):
    """SASLprep, as PostgreSQL and libpq do it: what looks the same is the same, here and at the server."""
    cluster = t.own_cluster(standbys=0)
    line = {"single": cluster.line("app", [cluster.primary])}
    for stored, typed in (("I\u00adX caf\u00e9", "\u2168\u00a0cafe\u0301"), ("\u0627" "1", "\u0627" "1")):
        with cluster.primary.connect() as c:
            c.query(f"ALTER ROLE scram_user PASSWORD '{stored}'")
            verifier = c.value("SELECT rolpassword FROM pg_authid WHERE rolname = 'scram_user'")
        for secret in (stored, typed, verifier):
            s = t.steer(line, nodes=False, auth_type="scram-sha-256", users={"scram_user": secret, "admin": "x"})
            with psycopg.connect(s.dsn("single", "scram_user", password=f"'{typed}'")) as c:
                t.equal(c.execute("SELECT current_user").fetchone()[0], "scram_user", f"{typed!r} for {secret!r}")
            with psycopg.connect(host="127.0.0.1", port=cluster.primary.port, dbname="app", user="scram_user",
                                 password=typed) as c:
                t.equal(c.execute("SELECT current_user").fetchone()[0], "scram_user", "PostgreSQL itself says so")
        t.error(PASSWORD, lambda s=s: s.client("scram_user", "single", password="IX cafe"), "without the accent")


def test_passfile(t):
    """Servers' passwords in a file of libpq's, read again at RELOAD, and not used while others can read it."""
    users = {"scram_user": "", "md5_user": "", "admin": "admin-secret"}
    s = t.steer(nodes=False, start=False, users=users, server_login_retry=0.1)
    s.settings["passfile"] = path = os.path.join(s.dir, "pgpass")
    lines = [f"127.0.0.1:{t.cluster.primary.port}:app:scram_user:scram-secret", "*:*:*:md5_user:md5-secret"]
    s.run.write(path, "\n".join(lines))
    os.chmod(path, 0o600)
    s.start()
    for user in ("scram_user", "md5_user"):
        with s.client(user, "single", password="x") as c:
            t.equal(c.value("SELECT current_user"), user, f"{user}, whose password only passfile has")
    s.run.write(path, lines[0])
    os.chmod(path, 0o600)
    for text in ("CONFIG", "USERS", "DATABASES", "FDS"):
        with s.console() as c:
            t.true("-secret" not in str(c.query(f"SHOW {text}", check=False).rows), f"no password of it in SHOW {text}")
    s.admin("RELOAD")
    s.admin("RECONNECT")

    def refused(user):
        try:
            use(s, user, "single")
        except wire.ServerError:
            return True
        return False
    t.wait(lambda: refused("md5_user"), "the file that has no password of md5_user any more")
    os.chmod(path, 0o640)
    s.admin("RELOAD")
    s.admin("RECONNECT")
    t.wait(lambda: refused("scram_user"), "the file that others can read to be of no use")
    s.wait_log("group or world access")
    t.true("scram-secret" not in s.log_text(), "no password in the log")


def test_many_iterations(t):
    """A secret with more iterations than we compute is still one, and not a password; nor does a wish for more end us."""
    with t.cluster.primary.connect() as c:
        verifier = c.value("SELECT rolpassword FROM pg_authid WHERE rolname = 'scram_user'").replace("$4096:", "$3000000:")
    s = t.steer(nodes=False, auth_type="plain", scram_iterations=2147483647,
                users={"scram_user": verifier, "app": "app-secret"})
    t.error(PASSWORD, lambda: s.client("scram_user", "single", password=verifier), "the secret itself for a password")
    t.error(PASSWORD, lambda: s.client("scram_user", "single"), "a password that would take long to check")
    with s.client("app", "single") as c:
        t.equal(c.value("SELECT 1"), "1", "another user")


def test_forced_user(t):
    s = t.steer(databases={
        "forced": t.cluster.line("app", user="scram_user", password=USERS["scram_user"][0]),
        "forced_md5": t.cluster.line("app", user="md5_user", password=USERS["md5_user"][0])},
        auth_type="scram-sha-256")
    with s.client("app", "forced") as c:
        t.equal(c.value("SELECT current_user"), "scram_user", "user= on the database line")
    with s.client("app", "forced_md5") as c:
        t.equal(c.value("SELECT current_user"), "md5_user", "user= on the database line, md5 at the server")


def test_unknown_database(t):
    s = t.steer()
    e = t.error(None, lambda: s.client(database="no_such_db"), "a database without a line")
    t.true(e.sqlstate in ("3D000", "08P01"), f"SQLSTATE 3D000 or PgBouncer's 08P01, got {e.sqlstate}")
    t.contains(e.message, "no_such_db", "the error names the database")
    s2 = t.steer(databases={"ghost": t.cluster.line("ghost", [t.cluster.primary])})
    e = t.error(None, lambda: use(s2, "app", "ghost"), "a database the server does not have")
    t.contains(e.message, "ghost", "the server's own words reach the client")


def test_fallback_line(t):
    s = t.steer(databases={"*": t.cluster.line("", [t.cluster.primary]).replace("dbname=", "").strip()})
    for database in ("app", "other"):
        with s.client(database=database) as c:
            t.equal(c.value("SELECT current_database()"), database, "the line * takes the client's name")


def test_admin_login(t):
    s = t.steer(auth_type="scram-sha-256")
    with s.console() as c:
        t.true(c.query("SHOW VERSION").rows[0][0].startswith("PgBouncer 1.25.2 (pgsteer "), "SHOW VERSION")
    e = t.error(None, lambda: wire.Client(s.port, user="app", database="pgbouncer", password=USERS["app"][0]),
                "a user who is neither in admin_users nor in stats_users, on the console")
    t.equal(e.severity, "FATAL", "severity")
    with wire.Client(s.port, user="admin", database="pgsteer", password="admin-secret") as c:
        t.true(c.query("SHOW VERSION").rows, "the alias pgsteer of the console")
    s2 = t.steer(stats_users="app")
    with s2.client(database="pgbouncer") as c:
        t.true(c.query("SHOW POOLS").columns, "a stats user may SHOW")
        t.error(None, lambda: c.query("PAUSE"), "a stats user may not PAUSE")
        t.error(None, lambda: c.query("SHUTDOWN"), "a stats user may not SHUTDOWN")
