"""Passwords that others know: an LDAP directory, PAM's modules."""
import os
import signal
import socket
import threading
import time

import wire
from outside import BASE, Service, directory
from run import SLOW, wait_for
from steer import ADMIN, ADMIN_PASSWORD

FEW = {"app": "app-secret", "postgres": "unused", ADMIN: ADMIN_PASSWORD}


def refusal(t, text, action, what, sqlstate):
    t.contains(t.error(sqlstate, action, what).message, text, what)


def tried(s, *arguments, **more):
    """A login in a thread of its own, which begins now: the thread, and a list of how it ended."""
    outcome = []

    def login():
        try:
            with s.client(*arguments, **more) as c:
                outcome.append(c.value("SELECT current_user"))
        except (wire.ServerError, EOFError, OSError) as e:
            outcome.append(str(e))
    thread = threading.Thread(target=login)
    thread.start()
    return thread, outcome


# ---- LDAP ------------------------------------------------------------------------------------------------


PEOPLE = {"scram_user": "scram-secret", "app": "of the directory", "twice": "x"}


def test_ldap_forms(t):
    port = directory(t, PEOPLE)
    at = f"ldapserver=127.0.0.1 ldapport={port}"
    manager = f'ldapbinddn="cn=manager,{BASE}" ldapbindpasswd="manager # secret"'
    s = t.steer(start=False, nodes=False, users={ADMIN: ADMIN_PASSWORD, "postgres": "unused"}, auth_type="ldap",
                auth_ldap_options=f'{at} ldapprefix="uid=" ldapsuffix=",{BASE}"')
    s.start()

    def good(database, user="scram_user"):
        with s.client(user, database, password=PEOPLE[user]) as c:
            t.equal([m.body for m in c.login_messages if m.type == "R"], [b"\0\0\0\3", b"\0\0\0\0"], "what is asked for")
            t.equal(c.value("SELECT current_user"), user, f"{user} of {database}, by the directory and on the server")

    def bad(database, user="scram_user", password="wrong", logged="LDAP login failed for user"):
        refusal(t, f"LDAP authentication failed for user \"{user}\"",
                lambda: s.client(user, database, password=password), f"{user} of {database}", "28000")
        s.wait_log(logged)
    # The server asks scram_user for this very password.
    good("single")
    bad("single")
    bad("single", "nobody_here", "x", f"LDAP login failed for user uid=nobody_here,{BASE} on server 127.0.0.1: "
        "Invalid credentials")
    with wire.Client(s.port, "scram_user", "single", login=False) as c: # without a password anybody may bind
        c.send(wire.startup({"user": c.user, "database": c.database}), wire.message("p", b"\0"))
        t.contains(c.until("E")[-1].body.decode(), "empty password returned by client", "an empty password")
    # Every form of the question, by rules.
    s.settings.update(auth_type="hba", auth_hba_file=f"{s.dir}/hba.conf", client_login_timeout=20)
    s.settings.pop("auth_ldap_options")
    s.databases.update({name: s.databases["single"] for name in ("search", "filter", "url", "anonymous", "dead", "tls")})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
    t.run.write(f"{s.dir}/hba.conf", f"""\
host pgsteer,pgbouncer {ADMIN} all trust
host single all all ldap {at} ldapprefix=uid= ldapsuffix=",{BASE}"
host search all all ldap {at} ldapbasedn="{BASE}" {manager}
host filter all all ldap {at} ldapbasedn="{BASE}" {manager} ldapsearchfilter="(|(mail=$username@example.net)(cn=no $username))"
host url all all ldap ldapurl="ldap://127.0.0.1:{port}/{BASE}?cn?sub" {manager}
host anonymous all all ldap {at} ldapbasedn="{BASE}"
host dead all all ldap ldapserver=127.0.0.1 ldapport={nobody} ldapprefix=uid= ldapsuffix=",{BASE}"
host tls all all ldap {at} ldaptls=1 ldapprefix=uid= ldapsuffix=",{BASE}"
""")
    s.process.terminate()
    s.process.wait(30)
    s.start()
    for database in ("single", "search", "filter", "url"):
        good(database)
        good(database, "app")
        bad(database)
    bad("search", "nobody_here", "x", "LDAP user \"nobody_here\" does not exist")
    bad("search", "twice", "x", "LDAP user \"twice\" is not unique")
    bad("search", "*", "scram-secret", "invalid character in user name for LDAP authentication")
    bad("anonymous", "scram_user", "scram-secret", "LDAP")
    bad("dead", "scram_user", "scram-secret", "Can't contact LDAP server")
    bad("tls", "scram_user", "scram-secret", "could not start LDAP TLS session")
    t.true("scram-secret" not in s.log_text() and "manager #" not in s.log_text(), "no secret in the log")


class Deaf(threading.Thread):
    """A directory server at 127.0.0.2 that hears and does not answer, or hangs up at once."""

    def __init__(self, port, hangs_up):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.2", port), backlog=64)
        self.visits, self.hangs_up, self.kept = 0, hangs_up, []
        self.start()

    def run(self):
        while True:
            visitor, _ = self.socket.accept()
            self.visits += 1
            if self.hangs_up:
                visitor.close()
            else:
                self.kept.append(visitor)


def test_ldap_deaf(t):
    port = directory(t, PEOPLE)
    deaf = Deaf(t.run.port(), hangs_up=False)
    rude = Deaf(port, hangs_up=True)
    form = f'ldapprefix="uid=" ldapsuffix=",{BASE}"'
    s = t.steer(start=False, nodes=False, users=FEW, auth_type="hba", client_login_timeout=4 * SLOW, workers=2)
    s.databases["deaf"] = s.databases["both"] = s.databases["single"]
    s.settings["auth_hba_file"] = t.run.write(f"{s.dir}/hba.conf", f"""\
host pgsteer,pgbouncer {ADMIN} all trust
host single all all ldap ldapserver=127.0.0.1 ldapport={port} {form}
host deaf all all ldap ldapserver=127.0.0.2 ldapport={deaf.socket.getsockname()[1]} {form}
host both all all ldap ldapserver="127.0.0.2 127.0.0.1" ldapport={port} {form}
""")
    s.start()
    # More than there are helpers for it; others are served meanwhile.
    waiting = [tried(s, "scram_user", "deaf", password="scram-secret") for _ in range(24)]
    wait_for(lambda: deaf.visits >= 16, "questions at the deaf server")
    began = time.monotonic()
    for _ in range(3):
        with s.client("scram_user", "single", password="scram-secret") as c:
            t.equal(c.value("SELECT 1"), "1", "a login by the other server")
    t.true(time.monotonic() - began < 4 * SLOW, "and not behind those that hang")
    t.equal(deaf.visits, 16, "questions at once")
    # Who leaves is not waited for.
    with wire.Client(s.port, "scram_user", "deaf", login=False) as c:
        c.send(wire.startup({"user": c.user, "database": c.database}), wire.message("p", b"x\0"))
        t.equal(c.receive().body, b"\0\0\0\3", "what is asked for")
    s.wait_log("client unexpected eof", 3)
    for thread, outcome in waiting:
        thread.join(30)
        t.true("client_login_timeout" in outcome[0] or "LDAP authentication failed" in outcome[0], outcome[0])
    wait_for(lambda: not [r for r in s.show("CLIENTS") if r["database"] == "deaf"], "their clients to be gone")
    # One of a list that does not answer is asked once, then last.
    for _ in range(3):
        with s.client("scram_user", "both", password="scram-secret") as c:
            t.equal(c.value("SELECT 1"), "1", "a login by the second of two servers")
    t.equal(rude.visits, 1, "questions at the first one")
    # An end does not wait for who does not answer.
    deaf.visits = 0
    tried(s, "scram_user", "deaf", password="scram-secret")
    wait_for(lambda: deaf.visits == 1, "another question")
    began = time.monotonic()
    t.equal(s.stop(signal.SIGQUIT), 0, "the exit status")
    t.true(time.monotonic() - began < 5 * SLOW, "a quick end")


def test_ldap_as_pgbouncer(t):
    s = t.steer(section="pgbouncer", nodes=False, users=FEW, auth_type="trust", health_check_interval=None,
                health_check_user=None, health_check_dbname=None, workers=None)
    with s.console() as console:
        console.query("SET auth_type = 'ldap'")
        refusal(t, "auth_ldap_options is null", lambda: s.client("app", "single"), "no options", "08P01")
        t.error(None, lambda: console.query("SET auth_ldap_options = 'ldapserver=127.0.0.1'"), "incomplete options")
        console.query("SET auth_ldap_options = 'ldapserver=127.0.0.1 ldapport=1 ldapprefix=cn='")
        e = t.error("08P01", lambda: s.client("app", "single"), "nobody there")
        t.equal(e.message, "LDAP authentication failed", "in PgBouncer's words")
        s.wait_log("LDAP login failed for user cn=app on server 127.0.0.1: Can't contact LDAP server")
        console.query("SET auth_type = 'trust'")


# ---- PAM -------------------------------------------------------------------------------------------------


SCRIPT = """\
echo "$PAM_SERVICE $PAM_TYPE $PAM_USER $PAM_RHOST" >> DIR/seen
case $PAM_TYPE in
account) [ "$PAM_USER" != md5_user ]; exit ;;
esac
password=$(tr -d '\\0')
case $PAM_USER in slow) sleep 3 ;; esac
[ "$password" = "$PAM_USER by pam" ] || [ "$PAM_USER $password" = "scram_user scram-secret" ]
"""


def test_pam(t):
    seen = os.path.join(t.dir, "seen")
    t.run.write(seen, "")
    with Service(t, SCRIPT.replace("DIR", t.dir)) as service:
        s = t.steer(nodes=False, users=FEW, auth_type="trust", auth_pam_service=service.name, workers=2,
                    server_login_retry="0.2")
        with s.console() as console:
            console.query("SET auth_type = 'pam'")
            with s.client("scram_user", "single", password="scram-secret") as c:
                t.equal(c.value("SELECT current_user"), "scram_user", "by PAM, and with that password on the server")
            for user, password, logged in (("scram_user", "wrong", "pam_authenticate() failed: "),
                                           ("nobody_here", "x", "pam_authenticate() failed: "),
                                           ("md5_user", "md5_user by pam", "pam_acct_mgmt() failed: ")):
                refusal(t, f"PAM authentication failed for user \"{user}\"",
                        lambda u=user, p=password: s.client(u, "single", password=p), user, "28000")
                s.wait_log(logged)
            # One that takes its time holds up nobody.
            slow = [tried(s, "slow", "single", password="slow by pam") for _ in range(3)]
            wait_for(lambda: "auth slow" in open(seen).read(), "the slow ones to begin")
            with s.client("scram_user", "single", password="scram-secret") as c:
                t.equal(c.value("SELECT 1"), "1", "a login meanwhile")
            t.true(not any(outcome for _, outcome in slow), "and they are not done yet")
            for thread, outcome in slow:
                thread.join(30)
                t.contains(outcome[0], "role \"slow\" does not exist", "their end, as PAM let them in")
            console.query("SET auth_type = 'trust'")
        t.contains(open(seen).read(), f"{service.name} auth scram_user 127.0.0.1\n", "what the modules are told")
        # By a rule, with a service of its own; the usual one is none.
        s.settings.update(auth_type="hba", auth_pam_service="pgsteer-no-such-service", auth_hba_file=t.run.write(
            f"{s.dir}/hba.conf", f"host pgsteer all all trust\nhost single all all pam pamservice={service.name} "
            "pam_use_hostname=1\nhost app all all pam\n"))
        s.write_files()
        s.admin("RELOAD")
        with s.client("scram_user", "single", password="scram-secret") as c:
            t.equal(c.value("SELECT current_user"), "scram_user", "by a rule")
        t.contains(open(seen).read(), f"{service.name} auth scram_user {socket.getfqdn('127.0.0.1')}\n", "the host's name")
        refusal(t, "PAM authentication failed", lambda: s.client("scram_user", "app", password="scram-secret"),
                "a service that does not exist", "28000")
