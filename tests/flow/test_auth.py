"""How clients show who they are beside passwords in auth_file: auth_query, rules of auth_hba_file, certificates, peer."""
import os
import pwd
import struct
import threading

import psycopg

import wire
from certs import certificates, own
from nameserver import NameServer
from postgres import USERS
from run import ROOT, wait_for
from steer import ADMIN, ADMIN_PASSWORD

FEW = {"app": "app-secret", "postgres": "unused", ADMIN: ADMIN_PASSWORD}


def methods(c):
    return [struct.unpack_from("!I", m.body)[0] for m in c.login_messages if m.type == "R"]


def refusal(t, text, action, what, sqlstate=None):
    t.contains(t.error(sqlstate, action, what).message, text, what)


# ---- auth_query ------------------------------------------------------------------------------------------


def secrets(t):
    """A table of secrets of users who are not in auth_file, and a trap of the same name in another schema."""
    with t.cluster.primary.connect("app") as c:
        c.query("DROP TABLE IF EXISTS secrets; DROP SCHEMA IF EXISTS evil CASCADE; DROP TABLE IF EXISTS pause")
        c.query("CREATE TABLE secrets AS SELECT rolname::text AS name, rolpassword::text AS secret FROM pg_authid "
                "WHERE rolname IN ('scram_user', 'md5_user')")
        c.query("INSERT INTO secrets VALUES ('null_user', NULL), ('twice', 'a'), ('twice', 'b')")
        c.query("CREATE SCHEMA evil; CREATE TABLE evil.secrets (name text, secret text)")
        c.query("INSERT INTO evil.secrets VALUES ('scram_user', 'evil'), ('ghost', 'evil')")
        c.query("CREATE TABLE pause AS SELECT 0 AS seconds")
        c.query("GRANT ALL ON secrets, pause TO app; GRANT ALL ON SCHEMA evil TO app; GRANT ALL ON evil.secrets TO app")
    t.cluster.wait_replayed()


def line(t, **more):
    return t.cluster.line("app", [t.cluster.primary], **more)


QUERY = "SELECT name, secret FROM secrets WHERE name = $1"


def test_lookup_finds_secrets(t):
    secrets(t)
    s = t.steer(users=FEW, auth_type="md5", auth_user="app", auth_query=QUERY)
    for user, first in (("md5_user", 5), ("scram_user", 10)):
        for database in ("single", "app"):
            with s.client(user, database) as c:
                t.equal(methods(c)[0], first, f"what {user} is asked for")
                t.equal(c.value("SELECT current_user"), user, f"{user}, whose secret opens the server of {database} too")
        refusal(t, "password authentication failed", lambda u=user: s.client(u, "single", password="wrong"),
                f"a wrong password of {user}", "28P01")
    refusal(t, "password authentication failed", lambda: s.client("nobody_here", "single", password="x"),
            "a user whom nobody knows", "28P01")
    refusal(t, "password authentication failed", lambda: s.client("null_user", "single", password="x"),
            "a user without a secret", "28P01")
    t.equal(len(s.show("POOLS")) > 0, True, "the console while others are looked up")
    # Many at once, over both workers and few servers.
    failed = []

    def login():
        try:
            with s.client("scram_user", "single") as c:
                c.query("SELECT 1")
        except Exception as e:  # pylint: disable=broad-except
            failed.append(e)
    threads = [threading.Thread(target=login) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    t.equal(failed, [], "logins at once that are looked up")


def test_lookup_by_default(t):
    with t.cluster.primary.connect() as c:
        for role, more in (("auth_good", "LOGIN"), ("auth_expired", "LOGIN VALID UNTIL '2001-01-01'"), ("auth_group", "")):
            c.query(f"DROP ROLE IF EXISTS {role}")
            c.query(f"CREATE ROLE {role} PASSWORD 'good' {more}")
    s = t.steer({"single": line(t)}, section="pgbouncer", nodes=False, users=FEW, auth_type="scram-sha-256",
                auth_user="postgres", health_check_interval=None, health_check_user=None, health_check_dbname=None,
                workers=None)
    with s.client("auth_good", "single", password="good") as c:
        t.equal(c.value("SELECT current_user"), "auth_good", "a user whom pg_authid knows")
    refusal(t, "SASL authentication failed", lambda: s.client("auth_expired", "single", password="good"),
            "a password that has expired", "08P01")
    refusal(t, "no such user", lambda: s.client("auth_group", "single", password="good"), "a role without LOGIN",
            "08P01")
    refusal(t, "no such user", lambda: s.client("auth_nobody", "single", password="good"), "no role", "08P01")


def test_lookup_by_the_manuals_function(t):
    with open(os.path.join(ROOT, "docs", "authentication.md"), encoding="utf-8") as f:
        manual = f.read()
    with t.cluster.primary.connect("app") as c:
        c.query(manual.split("```sql\n")[1].split("```")[0])
    query = manual.split("auth_query = ")[1].split("\n")[0]
    s = t.steer(nodes=False, users=FEW, auth_type="md5", auth_user="pooler", auth_query=query)
    with s.client("md5_user", "single") as c:
        t.equal(c.value("SELECT current_user"), "md5_user", "a user whom the function finds")
    with s.client("postgres", "single", password="unused") as c:
        t.equal(c.value("SELECT 1"), "1", "a superuser of auth_file")
    refusal(t, "password authentication failed", lambda: s.client("auth_super", "single", password="x"),
            "whom it does not find", "28P01")


def test_lookup_gone_wrong(t):
    secrets(t)
    s = t.steer({
        "single": line(t), "authdb": line(t),
        "three": line(t, auth_query="'SELECT name, secret, 1 FROM secrets WHERE name = $1'"),
        "broken": line(t, auth_query="'SELECT name, secret FROM nowhere WHERE name = $1'"),
        "nulls": line(t, auth_query="'SELECT NULL::text, secret FROM secrets WHERE name = $1'"),
        "unknown": line(t, auth_dbname="nowhere"), "reserved": line(t, auth_dbname="pgbouncer"),
        "apart": line(t, auth_dbname="authdb")},
        nodes=False, users=FEW, auth_type="md5", auth_user="app", auth_query=QUERY)
    for database, user, logged in (
            ("three", "scram_user", "expected 2 columns from auth_query, not 3"),
            ("broken", "scram_user", "error in auth_query: relation \"nowhere\" does not exist"),
            ("nulls", "scram_user", "auth_query response contained null user name"),
            ("single", "twice", "auth_query returned more than one row"),
            ("unknown", "scram_user", "authentication database \"nowhere\" is not configured"),
            ("reserved", "scram_user", "cannot use the reserved \"pgbouncer\" database as an auth_dbname")):
        refusal(t, "bouncer config error", lambda u=user, d=database: s.client(u, d, password="x"),
                f"{user} of {database}", "08P01")
        s.wait_log(logged)
    with s.client("scram_user", "apart") as c:
        t.equal(c.value("SELECT current_user"), "scram_user", "a user looked up in another database")
    s.admin("DISABLE authdb")
    refusal(t, "authentication database \"authdb\" is disabled", lambda: s.client("scram_user", "apart"),
            "while that is disabled", "08P01")
    s.admin("ENABLE authdb")
    with s.client("scram_user", "apart") as c:
        t.equal(c.value("SELECT 1"), "1", "and after it")
    with s.client("app", "three") as c:
        t.equal(c.value("SELECT 1"), "1", "who is in auth_file is not looked up")


def test_lookup_keeps_clients_settings_out(t):
    secrets(t)
    s = t.steer({"single": line(t, pool_size=1)}, nodes=False, users=FEW, auth_type="md5", auth_user="app",
                auth_query=QUERY, workers=1)
    with s.client("app", "single", search_path="evil") as c:
        t.equal(c.value("SELECT secret FROM secrets WHERE name = 'ghost'"), "evil", "the trap, to who asks for it")
        c.query("SET search_path = evil, public")
        t.equal(c.value("SELECT count(*) FROM secrets"), "2", "the one server now has that search_path")
        for more in ({}, {"search_path": "evil"}, {"options": "-c search_path=evil"}):
            refusal(t, "password authentication failed",
                    lambda m=more: s.client("scram_user", "single", password="evil", **m), f"the trap's password, {more}")
            refusal(t, "password authentication failed",
                    lambda m=more: s.client("ghost", "single", password="evil", **m), f"the trap's own user, {more}")
            with s.client("scram_user", "single", **more) as other:
                t.equal(other.value("SELECT current_user"), "scram_user", f"the right password, {more}")
        t.equal(c.value("SELECT count(*) FROM secrets"), "2", "the first client's own setting")


def test_lookup_survives_its_server(t):
    secrets(t)
    slow = "SELECT name, secret FROM secrets, pg_sleep((SELECT seconds FROM pause)) AS lookup_lost WHERE name = $1"
    s = t.steer({"single": line(t)}, nodes=False, users=FEW, auth_type="md5", auth_user="app", auth_query=slow)
    t.sql("UPDATE pause SET seconds = 60")
    outcome = []

    def login():
        try:
            with s.client("scram_user", "single") as c:
                outcome.append(c.value("SELECT current_user"))
        except (wire.ServerError, EOFError) as e:
            outcome.append(str(e))
    thread = threading.Thread(target=login)
    thread.start()
    running = "FROM pg_stat_activity WHERE query LIKE '%lookup_lost%' AND state = 'active' AND pid <> pg_backend_pid()"
    wait_for(lambda: t.cluster.primary.value(f"SELECT count(*) {running}") == "1", "the lookup to run")
    t.sql("UPDATE pause SET seconds = 0")
    t.cluster.primary.value(f"SELECT pg_terminate_backend(pid) {running}")
    thread.join(60)
    t.equal(outcome, ["scram_user"], "the login, whose lookup was asked again")
    with s.client("scram_user", "single") as c:
        t.equal(c.value("SELECT 1"), "1", "the next login")


# ---- rules -----------------------------------------------------------------------------------------------


def write(s, name, text):
    return s.run.write(os.path.join(s.dir, name), text)


def test_rules(t):
    d = certificates(t)
    me = pwd.getpwuid(os.geteuid()).pw_name
    s = t.steer(start=False, **own(d, client_tls_sslmode="allow", client_tls_ca_file=f"{d}/ca.crt"))
    s.settings.update(auth_type="hba", auth_hba_file=f"{s.dir}/hba.conf", auth_ident_file=f"{s.dir}/ident.conf")
    write(s, "ident.conf", f"me {me} app\nme {me} scram_user\ncerts app /_user$\n")
    write(s, "more.conf", "hostssl other all 127.0.0.1/32 cert map=certs\n")
    write(s, "hba.conf", f"""\
local    all     md5_user            peer
local    all     all                 peer map=me
host     pgsteer {ADMIN}  127.0.0.1/32 scram-sha-256
include  more.conf
hostssl  single  app     samehost    cert
hostssl  single  md5_user 127.0.0.0 255.0.0.0 reject
hostnossl single app     127.0.0.1/32 md5
hostnossl single /^scram 127.0.0.1/32 \\
    scram-sha-256
hostnossl other  app,md5_user all    password
hostnossl app    all     127.0.0.1/32 trust
""")
    s.start()
    for database, user, expected in (("single", "app", [5, 0]), ("single", "scram_user", [10, 11, 12, 0]),
                                     ("other", "app", [3, 0]), ("app", "app", [0])):
        with s.client(user, database) as c:
            t.equal(methods(c), expected, f"what {user} of {database} is asked for")
            t.equal(c.value("SELECT current_user"), user, f"{user} in {database}")
    refusal(t, "no authentication method is found", lambda: s.client("scram_user", "other"), "no rule", "28000")
    refusal(t, "no authentication method is found", lambda: s.client("app", "app", replication="true"),
            "physical replication, which `all` does not mean", "28000")
    refusal(t, "\"trust\" authentication failed", lambda: s.client("nobody_here", "app"), "trust of nobody", "28000")
    for user in ("app", "scram_user"):
        with s.client(user, "app", password="-", host=s.dir) as c:
            t.equal(c.value("SELECT current_user"), user, f"{me} as {user} through the Unix socket")
    refusal(t, "unix socket login rejected", lambda: s.client("postgres", "app", host=s.dir), "no map for it", "28000")
    s.wait_log("ident map me cannot be matched")
    refusal(t, "unix socket login rejected", lambda: s.client("md5_user", "app", host=s.dir), "peer, another", "28000")

    def tls(user, database, own_certificate=True):
        more = {"sslcert": f"{d}/app.crt", "sslkey": f"{d}/app.key"} if own_certificate else {"sslcert": "/nowhere"}
        with psycopg.connect(host="127.0.0.1", port=s.port, user=user, dbname=database, sslmode="require",
                             autocommit=True, **more) as c:
            return c.execute("SELECT current_user").fetchone()[0]

    def tls_refused(text, logged, *arguments):
        try:
            tls(*arguments)
        except psycopg.OperationalError as e:
            t.contains(str(e), text, f"TLS, {arguments}")
        else:
            t.true(False, f"{arguments} was let in")
        s.wait_log(logged)
    t.equal(tls("app", "single"), "app", "the certificate's own name")
    t.equal(tls("scram_user", "other"), "scram_user", "a name that a map allows")
    tls_refused("certificate authentication failed", "ident map: certs does not have a match", "app", "other")
    tls_refused("certificate authentication failed", "TLS client certificate required", "app", "single", False)
    tls_refused("login rejected", "login rejected", "md5_user", "single")


def test_certificates_beside_a_method(t):
    """clientcert= and clientname=, with certificates of our authority, of another one, and with none."""
    d, other = certificates(t), certificates(t, "other")
    s = t.steer(start=False, nodes=False, **own(d, client_tls_sslmode="allow", client_tls_ca_file=f"{d}/ca.crt"))
    s.settings.update(auth_type="hba", auth_hba_file=f"{s.dir}/hba.conf", auth_ident_file=f"{s.dir}/ident.conf")
    write(s, "ident.conf", "dn /^CN=(.*)$ \\1_user\ndn CN=app app\ncn app md5_user\n")
    write(s, "hba.conf", f"""\
hostssl  single  app                  all  scram-sha-256  clientcert=verify-full
hostssl  single  scram_user           all  scram-sha-256  clientcert=verify-full
hostssl  single  md5_user             all  md5            clientcert=verify-full map=cn
hostssl  other   scram_user,md5_user  all  trust          clientcert=verify-ca
hostssl  app     app                  all  cert           clientname=DN map=dn
hostssl  app     scram_user           all  cert           clientname=DN
host     pgsteer {ADMIN}              all  trust
""")
    s.start()

    def login(user, database, folder=d, password=None):
        more = {"sslcert": f"{folder}/app.crt", "sslkey": f"{folder}/app.key"} if folder else {"sslcert": "/nowhere"}
        with psycopg.connect(host="127.0.0.1", port=s.port, user=user, dbname=database, sslmode="require",
                             password=password or USERS[user][0], autocommit=True, **more) as c:
            return c.execute("SELECT current_user").fetchone()[0]

    for user, database in (("app", "single"), ("md5_user", "single"), ("scram_user", "other"), ("md5_user", "other"),
                           ("app", "app")):
        t.equal(login(user, database), user, f"{user} of {database}, with the certificate")
    for text, *arguments in (
            ("connection requires a valid client certificate", "app", "single", None),
            ("connection requires a valid client certificate", "scram_user", "other", None),
            ("connection requires a valid client certificate", "app", "single", other),
            ("certificate authentication failed", "scram_user", "single"),  # the password alone is not enough
            ("password authentication failed", "app", "single", d, "wrong"),  # nor is the certificate
            ("certificate authentication failed", "scram_user", "app")):  # CN=app is not its name
        try:
            login(*arguments)
        except psycopg.OperationalError as e:
            t.contains(str(e), text, f"{arguments}")
        else:
            t.true(False, f"{arguments} was let in")


def test_rules_with_host_names(t):
    """Clients from several addresses of this machine, whose names a name server knows, or does not."""
    dns = NameServer(t.run)
    dns.hosts.update({"127.0.0.7": "app.example", "127.0.0.8": "App.Site.Example", "127.0.0.9": "liar.example",
                      "127.0.0.10": "slow.example", "127.0.0.12": "console.example"})
    dns.names.update({"app.example": ["192.0.2.1", "127.0.0.7"], "app.site.example": ["127.0.0.8"],
                      "liar.example": ["127.0.0.7"], "slow.example": ["127.0.0.10"],
                      "console.example": ["127.0.0.12"]})
    s = t.steer(start=False, nodes=False, workers=1, resolv_conf=dns.file, client_login_timeout="2")
    s.settings.update(auth_type="hba", auth_hba_file=f"{s.dir}/hba.conf")
    write(s, "hba.conf", f"""\
host     all     {ADMIN}  127.0.0.1    255.255.255.255 scram-sha-256
host     all     app      127.0.0.1/32 trust
host     all     {ADMIN}  console.example trust
host     single  app      app.example  trust
host     single  app      .site.example trust
""")
    s.start()

    def come(source, database="single"):
        with s.client("app", database, source=source) as c:
            return c.value("SELECT 1")
    for source in ("127.0.0.7", "127.0.0.8"):
        t.equal(come(source), "1", f"the client at {source}")
    t.equal(come("127.0.0.7"), "1", "again")
    t.equal((dns.asked["127.0.0.7"], dns.asked["app.example"]), (2, 2), "questions: a name counts for one login")
    t.equal((come("127.0.0.1"), dns.asked["127.0.0.1"]), ("1", 0), "a rule further up, which asks nobody")
    t.equal(s.show("DNS_HOSTS"), [], "SHOW DNS_HOSTS is about servers")
    for source, why in (("127.0.0.9", "the address has the name liar.example, which does not lead back to it"),
                        ("127.0.0.11", "the address has no name: Domain name not found")):
        refusal(t, "no authentication method is found", lambda a=source: come(a), source, "28000")
        t.contains(s.log_text(), f"no host name to match in auth_hba_file: {why}", source)
    refusal(t, "no authentication method is found", lambda: come("127.0.0.7", "app"), "another database", "28000")
    t.equal(dns.asked["127.0.0.7"], 2, "questions for a client whom the rule would not help")

    with s.client(ADMIN, "pgsteer", source="127.0.0.12", login=False) as c:
        c.send(wire.startup({"user": ADMIN, "database": "pgsteer"}) + wire.query("SHOW VERSION"))
        c.finish_login()
        t.contains(str([m.body for m in c.until()]), "PgBouncer", "what was sent before the console knew whose it is")

    dns.silent.add("127.0.0.10")
    gone = s.client("app", "single", source="127.0.0.10", login=False)
    gone.send(wire.startup({"user": "app", "database": "single"}))
    wait_for(lambda: dns.asked["127.0.0.10"] == 1, "its name to be asked for")
    gone.close()
    slow = threading.Thread(target=refusal, args=(t, "client_login_timeout", lambda: come("127.0.0.10"),
                                                  "whose name is not found out in time", "08P01"))
    slow.start()
    wait_for(lambda: dns.asked["127.0.0.10"] > 1, "its name to be asked for")
    t.equal((come("127.0.0.1"), slow.is_alive()), ("1", True), "another client, while that one waits")
    slow.join()
    dns.close()


def test_wrong_rules_change_nothing(t):
    s = t.steer(start=False, nodes=False)
    good = f"host all app all trust\nhost all {ADMIN} all trust\n"
    s.settings.update(auth_type="hba", auth_hba_file=f"{s.dir}/hba.conf")
    write(s, "hba.conf", good)
    s.start()

    def in_force(size):
        with s.client("app", "single") as c:
            t.equal(c.value("SELECT 1"), "1", "the rules that were read")
        t.error("28000", lambda: s.client("md5_user", "single"), "who has no rule")
        t.equal([r["value"] for r in s.show("CONFIG") if r["key"] == "default_pool_size"], [size], "default_pool_size")
    in_force("20")
    write(s, "hba.conf", f"host all all all trust\nhost all all nowhere.example/8 trust\nhost all all all ldap\n{good}")
    s.settings["default_pool_size"] = 7
    s.write_files()
    t.error("F0000", lambda: s.admin("RELOAD"), "RELOAD with mistakes in auth_hba_file")
    t.contains(s.log_text(), "hba.conf:2: \"nowhere.example/8\" is a host name", "the first mistake, in the log")
    t.contains(s.log_text(), "hba.conf:3: authentication method \"ldap\" requires argument", "and the second")
    in_force("20")
    s.admin("SET default_pool_size = 9")
    in_force("9")
    t.error(None, lambda: s.admin(f"SET auth_hba_file = '{s.dir}/nothing'"), "SET to a file that is not there")
    t.error(None, lambda: s.admin("SET auth_hba_file = ''"), "SET to no file")
    t.error(None, lambda: s.admin("SET auth_type = 'cert'"), "SET auth_type=cert without TLS")
    in_force("9")
    write(s, "hba.conf", good + "host all all all reject\n")
    s.admin("RELOAD")
    in_force("7")
    refusal(t, "login rejected", lambda: s.client("md5_user", "single"), "the new rule")


def test_certificates_alone(t):
    d, other = certificates(t), certificates(t, "others")
    s = t.steer(start=False, nodes=False, auth_type="cert",
                **own(d, client_tls_sslmode="verify-full", client_tls_ca_file=f"{d}/ca.crt"))
    s.write_files()
    s.process = s.run.spawn([s.program, s.ini], cwd=s.dir, log=s.log)
    wait_for(lambda: "process up" in s.log_text(), "the start")

    def login(user, folder):
        with psycopg.connect(host="127.0.0.1", port=s.port, user=user, dbname="single", sslmode="require",
                             autocommit=True, sslcert=f"{folder}/app.crt", sslkey=f"{folder}/app.key") as c:
            return c.execute("SELECT current_user").fetchone()[0]
    t.equal(login("app", d), "app", "whom the certificate names")
    for user, folder, logged in (("scram_user", d, "TLS certificate name mismatch"), ("app", other, "handshake failed")):
        try:
            login(user, folder)
        except psycopg.OperationalError:
            s.wait_log(logged)
        else:
            t.true(False, f"{user} with {folder} was let in")
