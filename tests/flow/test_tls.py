"""TLS with clients and with servers: every sslmode, certificates of both sides, direct TLS, reload, big results."""
import errno
import os
import socket
import ssl
import struct
import subprocess
import threading

import psycopg
import psycopg.rows

import wire
from certs import certificates, intermediate, own
from flow import deadline
from run import SLOW, wait_for
from steer import ADMIN, ADMIN_PASSWORD


def connect(s, **more):
    more.setdefault("connect_timeout", 20)
    return psycopg.connect(host="127.0.0.1", port=s.port, user="app", password="app-secret", dbname="single",
                           autocommit=True, **more)


def value(s, sql="SELECT 1", **more):
    with connect(s, **more) as c:
        return c.execute(sql).fetchone()[0]


def console(s, sql):
    """A command on the console, over TLS where that is required; rows as dictionaries."""
    with psycopg.connect(host="127.0.0.1", port=s.port, user=ADMIN, password=ADMIN_PASSWORD, dbname="pgsteer",
                         autocommit=True, row_factory=psycopg.rows.dict_row) as c:
        cursor = c.execute(sql)
        return cursor.fetchall() if cursor.description else []


def refused(t, s, part, what, **more):
    try:
        value(s, **more)
    except psycopg.OperationalError as e:
        t.true(part in str(e), f"{what}: {part!r} in {str(e)!r}")
    else:
        t.true(False, what + " was let in")


def test_clients(t):
    d = certificates(t)
    s = t.steer(nodes=False, **own(d, client_tls_sslmode="allow"))
    t.equal(value(s, sslmode="disable"), 1, "clear text where TLS is allowed")
    t.equal(value(s, sslmode="require"), 1, "TLS where it is allowed")
    with connect(s, sslmode="verify-full", sslrootcert=f"{d}/ca.crt") as c:
        t.equal(c.execute("SELECT 1").fetchone()[0], 1, "with our certificate verified")
        shown = [r for r in console(s, "SHOW CLIENTS") if r["database"] == "single"][0]["tls"]
        t.true(shown.startswith("TLSv1.3/TLS_"), f"SHOW CLIENTS says {shown!r}")
    s.settings["client_tls_sslmode"] = "require"
    s.write_files()
    console(s, "RELOAD")
    refused(t, s, "SSL required", "clear text where TLS is required", sslmode="disable")
    t.error("28000", lambda: s.client(database="single"), "the same, as drivers know it")
    t.equal(value(s, sslmode="require"), 1, "TLS where it is required")
    t.equal(len(console(s, "SHOW VERSION")), 1, "the console over TLS")


def test_client_certificates(t):
    d, other = certificates(t), certificates(t, "others")
    s = t.steer(nodes=False, **own(d, client_tls_sslmode="verify-ca", client_tls_ca_file=f"{d}/ca.crt"))
    t.equal(value(s, sslmode="require", sslcert=f"{d}/app.crt", sslkey=f"{d}/app.key"), 1, "a good certificate")
    refused(t, s, "", "no certificate", sslmode="require", sslcert="/nowhere", sslkey="/nowhere")
    refused(t, s, "", "another authority's certificate", sslmode="require", sslcert=f"{other}/app.crt",
            sslkey=f"{other}/app.key")
    s.wait_log("certificate verify failed")


def test_the_chain(t):
    d = certificates(t)
    intermediate(t, d)
    for cert, ca, what in (("below", "both", "found among the authorities"), ("chain", "ca", "brought by its file")):
        s = t.steer(nodes=False, **own(d, client_tls_sslmode="allow", client_tls_cert_file=f"{d}/{cert}.crt",
                                       client_tls_key_file=f"{d}/below.key", client_tls_ca_file=f"{d}/{ca}.crt"))
        t.equal(value(s, sslmode="verify-full", sslrootcert=f"{d}/ca.crt"), 1, f"an authority between, {what}")
        shown = subprocess.run(["openssl", "s_client", "-starttls", "postgres", "-connect", f"127.0.0.1:{s.port}", "-showcerts"],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30).stdout
        # Without the root: that the library looks for the others in each handshake shows in that it sends it.
        t.equal(shown.count("BEGIN CERTIFICATE"), 2, f"certificates sent, {what}")
        s.stop()


def test_reload_drops_nobody(t):
    d, other = certificates(t), certificates(t, "others")
    s = t.steer(nodes=False, **own(d, client_tls_sslmode="require"))
    with connect(s, sslmode="verify-full", sslrootcert=f"{d}/ca.crt") as c:
        s.settings.update(own(other))
        s.write_files()
        console(s, "RELOAD")
        t.equal(c.execute("SELECT 2").fetchone()[0], 2, "a client of the old certificate")
        t.equal(value(s, sslmode="verify-full", sslrootcert=f"{other}/ca.crt"), 1, "the new certificate")
        refused(t, s, "certificate verify failed", "the old authority", sslmode="verify-full",
                sslrootcert=f"{d}/ca.crt")
        s.settings["client_tls_key_file"] = f"{d}/host.key"  # not the new certificate's
        s.write_files()
        try:
            console(s, "RELOAD")
            t.true(False, "a key that does not fit was taken")
        except psycopg.Error as e:
            t.equal(e.sqlstate, "F0000", "a key that does not fit")
        s.wait_log("client_tls_key_file")
        t.equal(value(s, sslmode="verify-full", sslrootcert=f"{other}/ca.crt"), 1, "after it all is as it was")
        t.equal(c.execute("SELECT 3").fetchone()[0], 3, "and the first client is there still")


def test_wire(t):
    d = certificates(t)
    s = t.steer(nodes=False, **own(d, client_tls_sslmode="allow"))
    request = wire.SSL_REQUEST

    with socket.create_connection(("127.0.0.1", s.port), 20) as raw:  # CVE-2021-23214
        raw.sendall(request + wire.startup({"user": "app", "database": "single"}))
        answer = raw.recv(4096)
        t.true(answer[:1] == b"E" and b"unencrypted data after SSL request" in answer, f"answered {answer!r}")
    with socket.create_connection(("127.0.0.1", s.port), 20) as raw:
        raw.sendall(request)
        t.equal(raw.recv(1), b"S", "the answer to SSLRequest")
        raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while raw.recv(4096):
            pass
    s.wait_log("TLS handshake failed")
    for name, alpn in (("with", ["postgresql"]), ("without", [])):
        context = ssl.create_default_context(cafile=f"{d}/ca.crt")
        if alpn:
            context.set_alpn_protocols(alpn)
        with socket.create_connection(("127.0.0.1", s.port), 20) as raw, \
                context.wrap_socket(raw, server_hostname="localhost") as c:
            if alpn:
                t.equal(c.selected_alpn_protocol(), "postgresql", "ALPN")
            c.sendall(wire.startup({"user": "app", "database": "single"}))
            answer = c.recv(4096)
            t.equal(answer[:1], b"R" if alpn else b"E", f"direct TLS {name} ALPN")


@deadline(120)
def test_bulk(t):
    """Results and copies that are larger than every buffer, both ways at once, through TLS on both sides."""
    d = certificates(t)
    cluster = t.own_cluster(standbys=0)
    cluster.primary.set(ssl_cert_file=f"{d}/host.crt", ssl_key_file=f"{d}/host.key")
    cluster.primary.set(ssl="on")
    s = t.steer({"single": cluster.line("app", [cluster.primary])}, section="pgbouncer", server_tls_sslmode="require",
                **own(d, client_tls_sslmode="require"))
    with connect(s, sslmode="require") as c:
        t.equal(c.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()[0], True,
                "TLS to the server")
        rows = c.execute("SELECT g, repeat(md5(g::text), 40) FROM generate_series(1, 20000) g").fetchall()
        t.equal((len(rows), rows[-1][0], len(rows[-1][1])), (20000, 20000, 1280), "a result of 26 MB")
        c.execute("CREATE TEMP TABLE bulk (i int, t text)")
        with c.cursor().copy("COPY bulk FROM STDIN") as copy:
            for i in range(100000):
                copy.write_row((i, "x" * 100))
        t.equal(c.execute("SELECT count(*), sum(i) FROM bulk").fetchone(), (100000, 4999950000), "a copy of 10 MB")
        shown = console(s, "SHOW SERVERS")[0]["tls"]
        t.true(shown.startswith("TLSv1.3/TLS_"), f"SHOW SERVERS says {shown!r}")


def test_servers(t):
    d, other = certificates(t), certificates(t, "others")
    cluster = t.own_cluster(standbys=0)
    primary = cluster.primary
    line = {"single": cluster.line("app", [primary])}
    s = t.steer(line, section="pgbouncer", server_tls_sslmode="prefer", server_login_retry=1)
    t.equal(value(s, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), False, "a server without TLS")
    console(s, "SET server_tls_sslmode = require")
    refused(t, s, "", "a server without TLS where it is required", connect_timeout=3)
    s.wait_log("server refused SSL")
    primary.set(ssl_cert_file=f"{d}/host.crt", ssl_key_file=f"{d}/host.key", ssl_ca_file=f"{d}/ca.crt")
    primary.set(ssl="on")
    sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    wait_for(lambda: value(s, sql) is True, "TLS to the server that has it now")
    for ca, mode, good in ((d, "verify-full", True), (other, "verify-ca", False), (d, "verify-ca", True)):
        console(s, f"SET server_tls_ca_file = '{ca}/ca.crt'")
        console(s, f"SET server_tls_sslmode = '{mode}'")
        if good:
            wait_for(lambda: value(s, sql) is True, f"{mode} with the right authority")
        else:
            refused(t, s, "", f"{mode} with another authority", connect_timeout=3)
            s.wait_log("certificate verify failed")


SSL = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def secured(t, d):
    """A server with TLS that knows the authority of clients."""
    cluster = t.own_cluster(standbys=0)
    cluster.primary.set(ssl_cert_file=f"{d}/host.crt", ssl_key_file=f"{d}/host.key", ssl_ca_file=f"{d}/ca.crt")
    cluster.primary.set(ssl="on")
    return cluster.line("app", [cluster.primary])


def ask(s, database, sql=SSL, **more):
    with psycopg.connect(host="127.0.0.1", port=s.port, user="app", password="app-secret", dbname=database,
                         autocommit=True, connect_timeout=20, **more) as c:
        return c.execute(sql).fetchone()[0]


def test_lines(t):
    """sslmode= and its kin on a line; a reload touches nobody whose TLS stays as it was."""
    d, other = certificates(t), certificates(t, "others")
    plain = secured(t, d)
    lines = {"off": f"{plain} sslmode=disable", "same": plain,
             "full": f"{plain} sslmode=verify-full sslrootcert={d}/ca.crt",
             "strange": f"{plain} sslmode=verify-full sslrootcert={other}/ca.crt",
             "known": f"{plain} sslmode=require ssl_max_protocol_version=TLSv1.2 "
                      f"sslcert={d}/app.crt sslkey={d}/app.key"}
    s = t.steer(lines, section="pgbouncer", server_tls_sslmode="disable", server_login_retry=1,
                query_wait_timeout=3 * SLOW)
    t.equal([ask(s, name) for name in ("off", "same", "full")], [False, False, True], "TLS by line")
    dn = "SELECT version || ' ' || client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    t.equal(ask(s, "known", dn), "TLSv1.2 /CN=app", "the line's version, and the certificate it shows")
    try:
        ask(s, "strange")
        t.true(False, "another authority's server was taken")
    except psycopg.OperationalError:
        s.wait_log("certificate verify failed")
    pid = "SELECT pg_backend_pid()"
    before = {name: ask(s, name, pid) for name in ("off", "full")}
    s.databases["off"] = f"{plain} sslmode=require"
    s.write_files()
    console(s, "RELOAD")
    t.equal(ask(s, "off"), True, "TLS after RELOAD")
    t.equal(ask(s, "full", pid), before["full"], "the server of a line whose TLS stays")
    s.databases["off"] = f"{plain} sslmode=require sslrootcert={d}/gone.crt"
    s.databases["same"] = f"{plain} sslmode=verify-ca sslrootcert={d}/host.key"
    s.write_files()
    try:
        console(s, "RELOAD")
        t.true(False, "a line with bad files was taken")
    except psycopg.Error as e:
        t.equal(e.sqlstate, "F0000", "a RELOAD with bad files")
    for part in ("[databases] off: sslrootcert: cannot read", "[databases] same: sslrootcert: failed to load CA"):
        s.wait_log(part)
    t.equal((ask(s, "off"), ask(s, "same")), (True, False), "all stays as it was")
    t.equal(ask(s, "full", pid), before["full"], "even the server")
    console(s, "SET server_idle_timeout = 100")  # reads no file: the ones above are still bad


def test_health(t):
    """The monitoring connections do TLS as the pools of their line do."""
    d, other = certificates(t), certificates(t, "others")
    line = secured(t, d) + " target_session_attrs=any"
    s = t.steer({"app": f"{line} sslmode=verify-full sslrootcert={d}/ca.crt sslcert={d}/app.crt sslkey={d}/app.key"},
                server_tls_sslmode="disable")
    wait_for(lambda: [row["state"] for row in s.show("NODES")] == ["up"], "the node to be up")
    seen = ("SELECT ssl || ' ' || client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
            " WHERE application_name = 'pgsteer health check'")
    t.equal(t.cluster.primary.value(seen), "true /CN=app", "the monitoring connection")
    s.databases["app"] = f"{line} sslmode=verify-full sslrootcert={other}/ca.crt"
    s.write_files()
    s.admin("RELOAD")
    s.wait_log("monitoring cannot ask it: SSL error: certificate verify failed")
    s.databases["app"] = f"{line} sslmode=disable"
    s.write_files()
    s.admin("RELOAD")
    plainly = seen.replace("ssl || ' ' || client_dn", "count(*)") + " AND NOT ssl"
    wait_for(lambda: t.cluster.primary.value(plainly) == "1", "a monitoring connection without TLS")


def test_health_logs_in_as_servers_do(t):
    """channel_binding= and passfile count for the monitoring connections, and the environment does not."""
    cluster = t.own_cluster(standbys=0)
    d = certificates(t)
    cluster.primary.set(ssl_cert_file=f"{d}/host.crt", ssl_key_file=f"{d}/host.key")
    cluster.primary.set(ssl="on")
    s = t.steer({"app": cluster.line("app", target_session_attrs="any", channel_binding="require")}, start=False,
                server_tls_sslmode="require", health_check_user="scram_user", health_check_dbname="app",
                users={"app": "app-secret", ADMIN: ADMIN_PASSWORD})
    s.settings["passfile"] = s.run.write(f"{s.dir}/pgpass", f"127.0.0.1:{cluster.primary.port}:app:scram_user:scram-secret\n")
    os.chmod(s.settings["passfile"], 0o600)
    os.environ["PGPASSWORD"] = "scram-secret"  # of whoever starts it
    try:
        s.start()
    finally:
        del os.environ["PGPASSWORD"]

    def why():
        return s.show("NODES")[0]["why"]
    wait_for(lambda: why().startswith("takes writes"), "the node to answer, bound, to the password of passfile")
    s.settings["health_check_user"] = "app"  # whom the server asks for nothing
    s.write_files()
    s.admin("RELOAD")
    wait_for(lambda: "channel binding required, but server" in why(), "a node that does not bind its channel")
    s.databases["app"] = s.databases["app"].replace("require", "prefer")
    s.write_files()
    s.admin("RELOAD")
    wait_for(lambda: why().startswith("takes writes"), "it to be asked where binding is only preferred")
    s.settings["health_check_user"] = "md5_user"
    s.write_files()
    s.admin("RELOAD")
    wait_for(lambda: "the server wants a password: set health_check_password" in why(), "no password to be known")


def test_every_host_by_its_own_name(t):
    """Of a list of hosts each must have a certificate for the name by which it stands there."""
    d = certificates(t, host="DNS:localhost")
    secured(t, d)
    line = f"host=localhost,127.0.0.1 port={t.cluster.primary.port} dbname=app sslmode=verify-full"
    s = t.steer({"app": f"{line} sslrootcert={d}/ca.crt"}, nodes=False, section="pgbouncer", server_login_retry=0,
                query_wait_timeout=2, server_lifetime=0)
    good = 0

    def both():
        nonlocal good
        try:
            good += ask(s, "app") is True
        except psycopg.OperationalError:
            pass
        return good > 0 and "IP address mismatch" in s.log_text()
    wait_for(both, "one host to be taken and the other one not")


class Listener(threading.Thread):
    """Passes connections on to a port, and keeps what each of them began with."""

    def __init__(self, t, port):
        super().__init__(daemon=True)
        self.port, self.first = port, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.own = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            near = self.socket.accept()[0]
            far = socket.create_connection(("127.0.0.1", self.port))
            index = len(self.first)
            self.first.append(b"")
            threading.Thread(target=self.pump, args=(near, far, index), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, None), daemon=True).start()

    def pump(self, source, to, index):
        try:
            while data := source.recv(65536):
                if index is not None:
                    self.first[index] = (self.first[index] + data)[:8]
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def cancel(t, s, database, **more):
    """A long query, canceled."""
    with psycopg.connect(host="127.0.0.1", port=s.port, user="app", password="app-secret", dbname=database,
                         autocommit=True, **more) as c:
        def fire():
            running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
            wait_for(lambda: t.cluster.primary.value(running) == "1", "the query to run")
            c.cancel()
        thread = threading.Thread(target=fire)
        thread.start()
        try:
            c.execute("SELECT pg_sleep(30)")
            t.true(False, "the query was not canceled")
        except psycopg.errors.QueryCanceled:
            pass
        thread.join()


def test_direct(t):
    """TLS from the first byte to a server, which is another pgsteer here; and cancel requests in TLS."""
    d = certificates(t)
    plain = secured(t, d)
    back = t.steer({"app": plain}, section="pgbouncer", server_tls_sslmode="require",
                   **own(d, client_tls_sslmode="require"))
    t.error("08P01", back.client, "clear text where TLS is required, in PgBouncer's words")
    tap = Listener(t, back.port)
    ask_first = Listener(t, t.cluster.primary.port)
    line = f"host=127.0.0.1 port={tap.own} dbname=app"
    front = t.steer({"app": f"{line} sslmode=verify-full sslrootcert={d}/ca.crt sslnegotiation=direct",
                     "asking": f"host=127.0.0.1 port={ask_first.own} dbname=app sslmode=require",
                     "clear": f"host=127.0.0.1 port={ask_first.own} dbname=app sslmode=disable"},
                    section="pgbouncer", cancel_wait_timeout=20)
    t.equal(ask(front, "app", "SELECT 1"), 1, "a query by way of direct TLS")
    t.equal([first[:1] for first in tap.first], [b"\x16"], "the connection begins with a handshake")
    cancel(t, front, "app")
    t.equal([first[:1] for first in tap.first], [b"\x16"] * 2, "and so does the cancel request")
    request = wire.SSL_REQUEST
    cancel(t, front, "asking")
    t.equal(ask_first.first, [request] * 2, "where the server is asked first, so does the cancel request")
    cancel(t, front, "clear")
    t.equal(ask_first.first[3], struct.pack("!II", 16, 80877102), "a cancel request in clear text, as the query was")


def test_direct_to_postgresql(t):
    """Servers know it from 17 on (make versions); one that does not hangs up, and the log says why."""
    d = certificates(t)
    s = t.steer({"single": f"{secured(t, d)} sslmode=verify-full sslrootcert={d}/ca.crt sslnegotiation=direct"},
                server_login_retry=1)
    if int(t.cluster.primary.value("SHOW server_version_num")) >= 170000:
        t.equal(value(s, SSL), True, "direct TLS to a server that knows it")
    else:
        refused(t, s, "", "a server that does not know direct TLS", connect_timeout=3)
        s.wait_log("; sslnegotiation=direct needs PostgreSQL 17 or newer")


def kernel_has_tls():
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.IPPROTO_TCP, 31, b"tls")  # TCP_ULP
        except OSError as e:
            return e.errno == errno.ENOTCONN
    return True


def test_kernel(t):
    """Who counts on the kernel's TLS learns when it has none."""
    d, said = certificates(t), "kernel_tls: this kernel has no TLS, or its module tls is not loaded: OpenSSL encrypts"
    for wanted in (1, 0):
        s = t.steer(nodes=False, verbose=1, kernel_tls=wanted, **own(d, client_tls_sslmode="require"))
        t.equal(said in s.log_text(), wanted == 1 and not kernel_has_tls(), f"the word about it with kernel_tls={wanted}")


def test_peers(t):
    """A cancel request to a peer goes in TLS where the peer's line says so."""
    d = certificates(t)
    owner = t.steer(nodes=False, start=False, peer_id=2, **own(d, client_tls_sslmode="allow"))
    taps = [Listener(t, owner.port) for _ in range(3)]
    owner.extra = f"[peers]\n1 = host=127.0.0.1 port={owner.port}\n"
    owner.start()
    request = wire.SSL_REQUEST
    for tap, line, first in zip(taps, ("", f"sslmode=verify-full sslrootcert={d}/ca.crt",
                                       f"sslmode=require sslrootcert={d}/ca.crt sslnegotiation=direct"),
                                (struct.pack("!II", 16, 80877102), request, b"\x16")):
        other = t.steer(nodes=False, start=False, peer_id=1, workers=1)
        other.extra = f"[peers]\n2 = host=127.0.0.1 port={tap.own} {line}\n"
        other.start()
        with owner.client(database="single") as c:
            c.send(wire.query("SELECT pg_sleep(60)"))
            wait_for(lambda: any(int(row["sv_active"]) for row in owner.show("POOLS")), "the query to run")

            def canceled():
                with socket.create_connection(("127.0.0.1", other.port), 20) as raw:
                    raw.sendall(wire.cancel_request(c.pid, c.secret))
                    raw.recv(1)
                return not c.quiet(1)
            wait_for(canceled, "the query to be canceled")
        t.equal(tap.first[0][:len(first)], first, f"what the peer hears first, {line or 'without TLS'}")
