"""SCRAM-SHA-256-PLUS: who sees another certificate than the one at the other end does not get in, on either side."""
import os
import subprocess

import psycopg

import wire
from certs import certificates, own
from run import find_program


def connect(s, user="scram_user", **more):
    more = {"password": f"{user.split('_')[0]}-secret", "dbname": "single", "sslmode": "require",
            "channel_binding": "require", "connect_timeout": 20, **more}
    return psycopg.connect(host="127.0.0.1", port=s.port, user=user, autocommit=True, **more)


def value(s, sql="SELECT current_user", **more):
    with connect(s, **more) as c:
        return c.execute(sql).fetchone()[0]


def refused(t, s, part, what, **more):
    try:
        value(s, **more)
    except psycopg.OperationalError as e:
        t.contains(str(e), part, what)
    else:
        t.true(False, what + " was let in")


def psql(s, conninfo):
    return subprocess.run([find_program("psql"), "-XAtc", "SELECT current_user",
                           f"host=127.0.0.1 port={s.port} user=scram_user dbname=single sslmode=require {conninfo}"],
                          env={**os.environ, "PGPASSWORD": "scram-secret"}, capture_output=True, text=True, check=False)


def test_clients(t):
    """A client that insists on it gets it, with a clear secret and with a verifier; and what PgBouncer has, without."""
    d = certificates(t)
    with t.cluster.primary.connect() as c:
        verifier = c.value("SELECT rolpassword FROM pg_authid WHERE rolname = 'scram_user'")
    for secret in ("scram-secret", verifier):
        s = t.steer(nodes=False, auth_type="scram-sha-256", users={"scram_user": secret, "admin": "admin-secret"},
                    **own(d, client_tls_sslmode="allow"))
        t.equal(value(s), "scram_user", "psycopg with channel_binding=require")
        got = psql(s, "channel_binding=require")
        t.equal((got.stdout, got.stderr), ("scram_user\n", ""), "psql with channel_binding=require")
        t.equal(psql(s, "channel_binding=disable").stdout, "scram_user\n", "psql that does not want it")
        refused(t, s, "password authentication failed", "a wrong password, bound", password="wrong")
        refused(t, s, "channel binding", "no TLS, no binding", sslmode="disable")
        t.equal(value(s, sslmode="disable", channel_binding="prefer"), "scram_user", "and none wanted")
    s.settings["client_tls_channel_binding"] = "require"
    s.write_files()
    s.admin("RELOAD")
    t.equal(value(s), "scram_user", "a client that can, where it is required")
    refused(t, s, "mechanisms are supported", "a client that will not, where it is required", channel_binding="disable")
    refused(t, s, "channel binding required", "a client without TLS, where it is required", sslmode="disable",
            channel_binding="disable")
    theirs = t.steer(nodes=False, section="pgbouncer", auth_type="scram-sha-256", **own(d, client_tls_sslmode="allow"))
    t.equal(value(theirs, channel_binding="prefer"), "scram_user", "what PgBouncer's file means")
    refused(t, theirs, "channel binding", "and does not offer")


def test_servers(t):
    d = certificates(t)
    cluster = t.own_cluster(standbys=0)
    cluster.primary.set(ssl_cert_file=f"{d}/host.crt", ssl_key_file=f"{d}/host.key")
    cluster.primary.set(ssl="on")
    one = [cluster.primary]
    words = ("disable", "prefer", "require")
    s = t.steer({word: cluster.line("app", one, channel_binding=word) for word in words}, nodes=False,
                server_tls_sslmode="require", server_login_retry=1)
    for word in words:
        with s.client("scram_user", word) as c:
            t.equal(c.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), "t", f"TLS and {word}")
    for user in ("app", "md5_user"):
        e = t.error("08P01", lambda u=user: s.client(u, "require"), f"{user}, whom the server lets in unbound")
        t.contains(e.message, "channel binding required, but server authenticated client without channel binding", user)
        with s.client(user, "prefer") as c:
            t.equal(c.value("SELECT 1"), "1", f"{user} where it is only preferred")
    # A server that has TLS and cannot bind: another pgsteer, in PgBouncer's manner.
    relay = t.steer({"app": cluster.line("app", one)}, nodes=False, section="pgbouncer", auth_type="scram-sha-256",
                    **own(d, client_tls_sslmode="require"))
    front = t.steer({word: f"host=127.0.0.1 port={relay.port} dbname=app channel_binding={word}" for word in words},
                    nodes=False, server_tls_sslmode="require", server_login_retry=1)
    with front.client("scram_user", "prefer") as c:
        t.equal(c.value("SELECT current_user"), "scram_user", "a server that does not offer it")
    e = t.error("08P01", lambda: front.client("scram_user", "require"), "the same where it is required")
    t.contains(e.message, "server did not offer an authentication method that supports channel binding", "the reason")
    relay.settings["client_tls_channel_binding"] = "prefer"
    relay.reload()
    relay.wait_log("RELOAD")

    def bound():
        try:
            with front.client("scram_user", "require") as c:
                return c.value("SELECT current_user") == "scram_user"
        except wire.ServerError:
            return False
    t.wait(bound, "both sides of ours to bind")
    plain = t.steer({"single": cluster.line("app", one, channel_binding="require")}, nodes=False,
                    server_tls_sslmode="disable")
    e = t.error("08P01", lambda: plain.client("scram_user", "single"), "required, and no TLS")
    t.contains(e.message, "channel binding required, but SSL not in use", "the reason")
