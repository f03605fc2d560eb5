"""logins: real clients x ways to show who one is x TLS on both sides, through pgsteer and on PostgreSQL itself.

What must come out of a login is derived, by the rule in verdict.py, which is the same for both. README.md has the
contract of the programs."""
import contextlib
import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from certs import certificates, openssl, own
from flow import Skip, World
from outside import BASE, Service, directory
from postgres import USERS
from run import wait_for
from verdict import METHODS, PGSTEER, POSTGRESQL, SSLMODES, Door, knocks, wrong

DEADLINE = 60


# ---- the doors -------------------------------------------------------------------------------------------


CHECK = """\
[ "$PAM_TYPE" = account ] || [ "$PAM_USER $(tr -d '\\0')" = "app app-secret" ]
"""


class House:
    """Certificates, a directory, a PAM service, and what has all the doors."""

    def __init__(self, t):
        self.t, self.node = t, t.cluster.primary
        self.certs, self.others = certificates(t, host="DNS:localhost"), certificates(t, "others")
        openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", f"{self.certs}/app.key",
                "-out", f"{self.certs}/app.pk8")
        self.methods = list(METHODS)
        self.ldap = self.found("ldap", lambda: directory(t, {"app": USERS["app"][0]}))
        self.pam = self.found("pam", lambda: Service(t, CHECK))

    def found(self, method, make):
        """What make() returns; without what it needs, the method is left out."""
        try:
            return make()
        except Skip as e:
            print(f"logins: without {method}: {e}")
            self.methods.remove(method)
            return None

    @property
    def directory_words(self):
        return f'ldapserver=127.0.0.1 ldapport={self.ldap} ldapprefix="uid=" ldapsuffix=",{BASE}"'

    def rule(self, method):
        """A method in the words of a file of rules."""
        return {"pam": f"pam pamservice={self.pam and self.pam.name}", "ldap": f"ldap {self.directory_words}",
                "plain": "password", "scram-sha-256-plus": "scram-sha-256"}.get(method, method)

    def postgresql(self, mode):
        """PostgreSQL's own: one database for each method."""
        asked = {"verify-ca": " clientcert=verify-ca"}.get(mode, "")
        lines = ["host app,postgres all all trust"]
        for method in self.methods:
            kind = "hostssl" if mode in ("require", "verify-ca") or method == "cert" else "host"
            lines.append(f"{kind} {method} all all {self.rule(method)}{asked if method != 'cert' else ''}")
        self.t.run.write(f"{self.node.dir}/pg_hba.conf", "\n".join(lines) + "\n")
        self.node.set(ssl="off" if mode == "disable" else "on")
        loaded = self.node.value("SELECT pg_conf_load_time()")
        self.node.query("SELECT pg_reload_conf()")
        wait_for(lambda: self.node.value("SELECT pg_conf_load_time()") != loaded, "PostgreSQL's rules")
        return [Door("PostgreSQL", POSTGRESQL, mode, method, self.node.port, method) for method in self.methods]

    def steer(self, mode, databases, **settings):
        """A pgsteer with this sslmode towards clients."""
        return self.t.steer({name: self.t.cluster.line("app", [self.node]) for name in databases}, start=False,
                            **own(self.certs, client_tls_sslmode=mode, client_tls_ca_file=f"{self.certs}/ca.crt"),
                            **settings)

    def by_rules(self, mode):
        """One pgsteer: auth_type = hba, one database for each method."""
        methods = [method for method in self.methods if method != "scram-sha-256-plus"]
        s = self.steer(mode, methods, auth_type="hba")
        rules = [f"{'hostssl' if method == 'cert' else 'host'} {method} all all {self.rule(method)}"
                 for method in methods]
        s.settings["auth_hba_file"] = self.t.run.write(f"{s.dir}/hba.conf", "\n".join(rules) + "\n")
        s.start()
        return [Door("auth_hba_file", PGSTEER, mode, method, s.port, method) for method in methods]

    def by_type(self, mode):
        """A pgsteer for each auth_type; `cert` goes with verify-full only."""
        doors = []
        for method in self.methods:
            if method != "cert" or mode == "verify-full":
                more = {"pam": {"auth_pam_service": self.pam and self.pam.name},
                        "ldap": {"auth_ldap_options": self.directory_words},
                        "scram-sha-256-plus": {"auth_type": "scram-sha-256", "client_tls_channel_binding": "require"}}
                s = self.steer(mode, ["app"], **{"auth_type": method, **more.get(method, {})}).start()
                doors.append(Door("auth_type", PGSTEER, mode, method, s.port, "app"))
        return doors

    def leave(self):
        """Stops the pgsteers that run. Returns what was wrong with them."""
        running = [s for s in self.t.steers if s.status is None]
        for s in running:
            s.stop()
        return [problem for s in running for problem in s.problems()]

    def line(self, door, knock):
        """The line that a program reads."""
        a = {"host": "127.0.0.1" if knock.flaw == "name" else "localhost", "port": door.port, "user": door.user,
             "password": "wrong" if knock.flaw == "password" else USERS[door.user][0], "dbname": door.dbname,
             "sslmode": knock.sslmode}
        if knock.sslmode.startswith("verify"):
            a["sslrootcert"] = f"{self.others if knock.flaw == 'authority' else self.certs}/ca.crt"
        if knock.flaw != "certificate":
            a.update(sslcert=f"{self.certs}/app.crt", sslkey=f"{self.certs}/app.key")
        if door.method == "scram-sha-256-plus":
            a["channel_binding"] = "require"
        return "\t".join(f"{name}={value}" for name, value in a.items())


# ---- the programs ----------------------------------------------------------------------------------------


class Program:
    """A client's program, which stays for all doors."""

    def __init__(self, run, client):
        self.name = client.name
        home = run.mkdir(f"home-login-{client.name}")
        self.errors = os.path.join(home, "errors.log")
        with open(self.errors, "w") as errors:
            self.process = subprocess.Popen(
                client.argv, cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                start_new_session=True, env={**os.environ, "HOME": home, "LC_ALL": "C.UTF-8"})

    def ask(self, line):
        """Its answer; one that hangs is killed."""
        timer = threading.Timer(DEADLINE, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().rstrip("\n")
        except BrokenPipeError:
            answer = ""
        timer.cancel()
        return answer or f"refused\t-\tthe program is gone: {open(self.errors).read()[-500:]}"

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(DEADLINE)


@dataclass
class Cell:
    """What one client met in one row of the table."""
    came_in: int = 0
    refused: int = 0
    failures: list = field(default_factory=list)

    def __str__(self):
        return f"{self.came_in}+{self.refused}" + (f" FAILED {len(self.failures)}" if self.failures else "")


def visit(house, doors, program, cells):
    """All knocks of one client at these doors."""
    for door in doors:
        cell = cells.setdefault((door.row, door.method, program.name), Cell())
        for knock in knocks(door, program.name):
            answer = program.ask(house.line(door, knock))
            cell.came_in += answer.startswith("in\t")
            cell.refused += answer.startswith("refused\t")
            if found := wrong(door, knock, answer):
                flaw = f", {knock.flaw} wrong" if knock.flaw else ""
                cell.failures.append(f"sslmode={knock.sslmode}{flaw} at {door.mode}: {found}")


def show(cells, names, tally):
    rows = list(dict.fromkeys(key[:2] for key in cells))
    print("\nlogins: so many that came in + so many that were refused, each as the rule has it")
    print(" " * 34 + "".join(f"{name:>14}" for name in names))
    for row in rows:
        print(f"{row[0]:14}{row[1]:20}" + "".join(f"{str(cells[*row, name]):>14}" for name in names))
    for (row, method, name), cell in cells.items():
        if cell.failures:
            tally.not_ok(f"logins: {name}, {row} {method}", "\n    ".join(["", *cell.failures[:8]]))
        else:
            tally.passed += 1


def logins(run, cluster, clients, tally):
    """The whole table. `clients` have programs that keep the contract of logins."""
    t = World(run, cluster, "logins", {})
    house, node = House(t), cluster.primary
    with open(f"{node.dir}/pg_hba.conf") as f:
        rules = f.read()
    node.set(ssl_cert_file=f"{house.certs}/host.crt", ssl_key_file=f"{house.certs}/host.key",
             ssl_ca_file=f"{house.certs}/ca.crt")
    for method in house.methods:
        node.query(f'CREATE DATABASE "{method}"')
    programs, cells = [Program(run, client) for client in clients], {}
    try:
        with ThreadPoolExecutor(len(programs)) as pool:
            for make, modes in ((house.postgresql, ("disable", "prefer", "require", "verify-ca")),
                                (house.by_rules, SSLMODES), (house.by_type, SSLMODES)):
                for mode in modes:
                    began = time.monotonic()
                    doors = make(mode)
                    list(pool.map(lambda program: visit(house, doors, program, cells), programs))
                    for problem in house.leave():
                        tally.not_ok("logins", problem)
                    print(f"        logins at {doors[0].row}, {mode} ({time.monotonic() - began:.1f} s)", flush=True)
    finally:
        if house.pam:
            house.pam.__exit__()
    for program in programs:
        program.close()
    t.run.write(f"{node.dir}/pg_hba.conf", rules)
    node.set(ssl="off")
    show(cells, [program.name for program in programs], tally)
