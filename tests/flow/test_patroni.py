"""patroni=: members and switchovers as a REST server tells them; the servers themselves say who is what."""
import base64
import datetime
import http.server
import json
import ssl
import threading
import time

from certs import certificates
from flow import deadline
from run import SLOW
from test_failover import settle, start_load
from wire import query


class Rest:
    """As much of Patroni's REST interface as pgsteer asks for."""

    def __init__(self, t, nodes=(), tls=None, login=None):
        """`tls`: a folder of certificates; who asks must have one too. `login`: (user, password)."""
        self.body, self.asked = "", 0
        wanted = login and "Basic " + base64.b64encode(":".join(login).encode()).decode()
        self.tell(nodes)
        rest = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                rest.asked += 1
                body = rest.body.encode()
                if wanted and self.headers.get("Authorization") != wanted:
                    self.send_response(401)
                else:
                    self.send_response(200 if self.path == "/cluster" else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", t.run.port()), Handler)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{tls}/host.crt", f"{tls}/host.key")
            context.load_verify_locations(f"{tls}/ca.crt")
            context.verify_mode = ssl.CERT_REQUIRED
            # the handshake is the handler's thread's: who fails in it must not keep others
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tell(self, nodes, **more):
        members = [{"name": node.name, "role": "replica", "state": "streaming", "host": node.host, "port": node.port}
                   for node in nodes]
        self.body = json.dumps({"members": members, **more})

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def known(s):
    return sorted(int(row["node"].rpartition(":")[2]) for row in s.nodes())


def ports(nodes):
    return sorted(node.port for node in nodes)


def start(t, *urls):
    """Begins with a host that is none: only Patroni knows the others."""
    nobody = t.run.port()
    line = f"host=127.0.0.1 port={nobody} dbname=app patroni={','.join(urls)}"
    return t.steer({"app": line}, nodes=False, health_check_timeout=SLOW)


def test_members(t):
    one, two, three = t.cluster.nodes
    dead = f"http://127.0.0.1:{t.run.port()}"
    rest = Rest(t, [two, one])
    s = start(t, dead, rest.url)
    t.wait(lambda: known(s) == ports([one, two]), "the members to be known, though the first address is dead")
    s.wait_nodes(1)
    with s.client() as c:
        c.query("BEGIN")
        c.query("CREATE TEMP TABLE patroni_members(i int) ON COMMIT DROP")
        rest.tell([one, two, three])
        t.wait(lambda: known(s) == ports([one, two, three]), "a member that has joined")
        s.wait_nodes(2)
        t.equal(c.query("COMMIT").tags, ["COMMIT"], "a transaction goes on while members change")
        t.equal(c.value("SELECT 1"), "1", "and so does the client")
    for body in ("<html>", "x" * 300000):  # tests/unit/health/test_roster.c has more
        rest.body, asked = body, rest.asked
        t.wait(lambda: rest.asked > asked + 1, "another question")
        t.equal(known(s), ports([one, two, three]), f"the members after {body[:20]!r}")
    rest.tell([one])
    asked = rest.asked
    t.wait(lambda: rest.asked > asked + 1, "another question")
    t.equal(known(s), ports([one, two, three]), "members that are gone for a moment")
    s.reload()
    s.wait_log("got SIGHUP")
    t.equal(known(s), ports([one, two, three]), "the members after RELOAD")
    with s.console() as c:
        error = c.query(f"SWITCHOVER app TO {two.address}", check=False).errors[0]
        t.contains(error.fields["H"], "patronictl switchover", "SWITCHOVER")
    rest.close()
    s.wait_log("no answer from any address")
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "without Patroni everything goes on")


@deadline(120)
def test_members_that_join_under_load(t):
    """New work is held until the servers have been asked, as another set of them: nobody gets an error, or waits for long."""
    cluster = t.own_cluster()
    rest = Rest(t, cluster.nodes[:2])
    s = start(t, rest.url)
    t.wait(lambda: known(s) == ports(cluster.nodes[:2]), "the members to be known")
    s.wait_nodes(1)
    ledger = start_load(t, s)
    began = time.monotonic()
    rest.tell(cluster.nodes)
    t.wait(lambda: known(s) == ports(cluster.nodes), "the one that has joined")
    s.wait_nodes(2)
    settle(t, ledger, s)
    t.equal(dict(ledger.write_errors), {}, "errors of writes")
    t.within(ledger.write_gap(began), 0, 2 * SLOW, "seconds without a commit")
    rest.close()


def test_over_tls_and_with_a_login(t):
    certs, others = certificates(t), certificates(t, "others")
    rest = Rest(t, t.cluster.nodes, tls=certs, login=("steer", "rest-secret"))
    s = start(t, rest.url)
    for settings, complaint in (({}, "certificate"),
                                ({"patroni_tls_ca_file": f"{others}/ca.crt"}, "certificate"),
                                ({"patroni_tls_ca_file": f"{certs}/nothing.crt"}, "nothing.crt"),
                                ({"patroni_tls_ca_file": f"{certs}/ca.crt"}, ""),
                                ({"patroni_tls_cert_file": f"{certs}/app.crt", "patroni_tls_key_file": f"{certs}/app.key"},
                                 "it answers with status 401"),
                                ({"patroni_user": "steer", "patroni_password": "wrong"}, "it answers with status 401")):
        before = len(s.log_text())
        s.settings.update(settings)
        s.reload()
        t.wait(lambda: "no answer from any address" in s.log_text()[before:], f"nothing to come of {settings}")
        t.contains(s.log_text()[before:], complaint, f"the log with {settings}")
        t.equal(rest.body != "" and known(s), [], f"members, with {settings}")
    s.settings["patroni_password"] = "rest-secret"
    s.reload()
    t.wait(lambda: known(s) == ports(t.cluster.nodes), "the members to be known")
    s.wait_nodes(2)
    with s.client() as c, s.console() as console:
        t.equal(c.value("SELECT 1"), "1", "a client")
        shown = {row["key"]: row["value"] for row in console.query("SHOW CONFIG").dicts()}
        t.true("rest-secret" not in str(shown) and "rest-secret" not in s.log_text(), "the password is not to be seen")
    rest.close()


@deadline(120)
def test_an_intended_switchover_is_waited_for(t):
    cluster = t.own_cluster()
    rest = Rest(t, cluster.nodes)
    s = start(t, rest.url)
    t.wait(lambda: known(s) == ports(cluster.nodes), "the members to be known")
    s.wait_nodes(2)
    old, chosen = cluster.primary, cluster.standbys[0]
    t.sql("CREATE TABLE intended(i int)")
    s.wait_known("intended")
    at = time.time() + 4
    moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat()
    rest.tell(cluster.nodes, scheduled_switchover={"at": moment, "from": old.name})
    with s.client() as c:
        s.wait_log("a switchover is about to begin", 20)
        t.true(time.time() < at + 1, "it is waited for at its moment")
        t.wait(lambda: s.node(old.port)["state"] == "ejected", "the primary to give way")
        c.send(query("INSERT INTO intended VALUES (1)"))
        t.true(c.quiet(0.3), "a write is held before the primary stops")
        old.stop("fast")
        cluster.fail_over()
        t.equal(c.result().tags, ["INSERT 0 1"], "and goes to the new primary")
    rest.tell(cluster.nodes)
    s.wait_log("new work goes on")
    # one that does not come about
    at = time.time() + 3
    moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat()
    rest.tell(cluster.nodes, scheduled_switchover={"at": moment, "from": chosen.name})
    t.wait(lambda: s.log_text().count("a switchover is about to begin") == 2, "the next one to be waited for", 20)
    with s.client() as c:
        t.equal(c.query("INSERT INTO intended VALUES (2)").tags, ["INSERT 0 1"], "a write, in the end")
    rest.close()
