"""steer: one pgsteer process: its files, its start, its console, and whether it ended well.

PGSTEER names another program to run in its place, for instance PgBouncer: a test about one server that passes
there too proves that the test's own idea of the compatible behaviour is right.
"""
import os
import shutil
import signal
import subprocess

import wire
from postgres import USERS
from run import BUILD, SLOW, WRAPPER, Timeout, wait_for

# What must never stand in a log: our own checks, and what the sanitizers print.
BAD_LOG = ("check failed", "AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:",
           "stack smashing", "double free", "malloc(): ", "free(): ")

ADMIN, ADMIN_PASSWORD = "admin", "admin-secret"


def program(run, given=None):
    """The program, at a place the unprivileged user can execute: a checkout may be in root's own home."""
    given = given or os.environ.get("PGSTEER", os.path.join(BUILD, "pgsteer"))
    if not os.path.exists(given):
        raise SystemExit(f"{given} is not there: run make first")
    if run.account is None:
        return given
    copy = os.path.join(run.mkdir("bin"), os.path.basename(given))
    if not os.path.exists(copy):
        shutil.copy2(given, copy)
        os.chmod(copy, 0o755)
        run.give(copy)
    return copy


class Steer:
    """A pgsteer in a directory of its own. `databases`: {name: line}; `users`: {name: secret} of auth_file;
    settings are keys of the file's own section; `binary`: another program that reads such files."""

    def __init__(self, run, directory, databases, users=None, section="pgsteer", extra="", binary=None, **settings):
        self.run, self.program = run, program(run, binary)
        self.stand_in = os.path.basename(self.program) == "pgbouncer"
        self.section = "pgbouncer" if self.stand_in else section
        self.dir = run.mkdir(directory)
        self.port = run.port()
        self.databases, self.extra = dict(databases), extra
        self.users = users if users is not None else dict(
            {name: password for name, (password, _) in USERS.items()}, postgres="unused", **{ADMIN: ADMIN_PASSWORD})
        self.settings = {
            "listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": self.dir,
            "auth_type": "trust", "auth_file": os.path.join(self.dir, "userlist.txt"), "admin_users": ADMIN,
            "pool_mode": "transaction", "max_client_conn": 1000, "workers": 2,
            "health_check_user": "postgres", "health_check_dbname": "postgres",
            "health_check_interval": "0.1", "auth_delay": 0,
            "lazy_begin": 0,  # in many a test a BEGIN is there to hold a server
            **settings}
        self.ini = os.path.join(self.dir, "pgsteer.ini")
        self.log = os.path.join(self.dir, "pgsteer.log")
        self.env = {}  # more of the environment it runs in
        self.wrapper = WRAPPER  # what it is run by
        self.process = None
        self.status = None

    def write_files(self):
        mine = ("workers", "causal_wait", "commit_outcome", "health_check_", "consistency", "failover_", "switchover_", "routing", "max_standby_lag",
                "session_state", "pin_session_state", "lazy_begin", "transaction_split", "prepared_repair", "scan_limit",
                "reads_need_standby", "route_", "log_routes", "auth_delay", "http_")
        settings = {k: v for k, v in self.settings.items()
                    if v is not None and not (self.stand_in and k.startswith(mine))}
        text = "[databases]\n" + "".join(f"{k} = {v}\n" for k, v in self.databases.items())
        text += f"\n[{self.section}]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items()) + self.extra
        self.run.write(self.ini, text)
        self.run.write(self.settings["auth_file"],
                       "".join('"%s" "%s"\n' % (k.replace('"', '""'), v.replace('"', '""'))
                               for k, v in self.users.items()))

    def start(self):
        self.write_files()
        before = len(self.log_text())
        self.process = self.run.spawn([*self.wrapper, self.program, self.ini], cwd=self.dir, log=self.log, env=self.env)

        def listens():
            if self.process.poll() is not None:
                raise Timeout(f"pgsteer ended with {self.process.returncode} at its start:\n{self.log_text()}")
            return "process up" in self.log_text()[before:]  # one port that answers is not yet all of its sockets
        wait_for(listens, "pgsteer to listen")
        return self

    @property
    def pid(self):
        return self.process.pid

    def log_text(self, lines=None):
        try:
            with open(self.log, errors="replace") as f:
                return "".join(f.readlines()[-lines if lines else 0:])
        except OSError:
            return ""

    def wait_log(self, part, seconds=30):
        wait_for(lambda: part in self.log_text(), f"{part!r} in pgsteer's log", seconds)

    # -- the ways in

    def client(self, user="app", database="app", password=None, **more):
        return wire.Client(self.port, user=user, database=database,
                           password=password or USERS.get(user, (None,))[0], **more)

    def dsn(self, dbname="app", user="app", **more):
        words = {"host": "127.0.0.1", "port": self.port, "user": user, "dbname": dbname,
                 "password": USERS.get(user, ("",))[0], "sslmode": "disable", **more}
        return " ".join(f"{k}={v}" for k, v in words.items() if v != "")

    def url(self, dbname="app", user="app"):
        return f"postgresql://{user}:{USERS[user][0]}@127.0.0.1:{self.port}/{dbname}"

    def console(self, user=ADMIN, password=ADMIN_PASSWORD):
        return wire.Client(self.port, user=user, database="pgbouncer", password=password)

    def show(self, what):
        """Rows of SHOW as dictionaries."""
        with self.console() as c:
            return c.query(f"SHOW {what}").dicts()

    def admin(self, command):
        with self.console() as c:
            return c.query(command)

    def nodes(self):
        """Rows of SHOW NODES, without those of plain lines: nobody asks their servers anything."""
        rows = self.show("NODES")
        clusters = [row["cluster"] for row in rows]
        return [row for row in rows if clusters.count(row["cluster"]) > 1]

    def node(self, port):
        """The row of SHOW NODES for the node at this port."""
        return next(row for row in self.nodes() if row["node"].endswith(f":{port}"))

    def wait_nodes(self, standbys, seconds=30):
        """Until a primary and so many standbys serve."""
        rows = []

        def up():
            rows[:] = self.nodes()
            serving = [row["role"] for row in rows if row["state"] == "up"]
            return serving.count("primary") == 1 and serving.count("standby") == standbys
        if not self.stand_in:
            try:
                wait_for(up, f"SHOW NODES to name a primary and {standbys} standbys that are up", seconds, every=0.05)
            except Timeout as e:
                raise Timeout(f"{e}; it says:\n" + "\n".join(str(row) for row in rows)) from e
        self.wait_catalogs(seconds)

    def wait_loss(self):
        """Until it has seen that there is no primary."""
        wait_for(lambda: all(row["role"] != "primary" for row in self.show("NODES")), "pgsteer to see the loss")

    def wait_catalogs(self, seconds=30):
        """Until the catalog of every database has been read, or has turned out not to be readable."""
        if not self.stand_in:
            wait_for(lambda: all(row["state"] != "waiting" for row in self.show("CATALOG")),
                     "SHOW CATALOG to say that all are read", seconds, every=0.02)

    def wait_known(self, *relations, database="app"):
        """Until the catalog has relations that were made behind pgsteer's back."""
        def known(c, relation):
            before = self.routes(database).get(("primary", "relation"), 0)
            c.query(f"SELECT 1 FROM {relation} LIMIT 0")
            return self.routes(database).get(("primary", "relation"), 0) == before
        if not self.stand_in:
            with self.client(database=database) as c:
                for relation in relations:
                    wait_for(lambda: known(c, relation), f"the catalog to have {relation}")

    def routes(self, database="app"):
        """{(target, reason): count} of SHOW ROUTES."""
        return {(r["target"], r["reason"]): int(r["count"])
                for r in self.show("ROUTES") if r["database"] == database and int(r["count"])}

    def pins(self):
        """What SHOW SESSIONS says keeps clients at their servers."""
        return [row["pin"] for row in self.show("SESSIONS") if row["pin"]]

    # -- the process

    def reboot(self, seconds=20):
        """Another process takes this one's place (-R), by the settings of now; returns the exit status of the old one."""
        old = self.process
        self.write_files()
        self.process = self.run.spawn([self.program, "-R", self.ini], cwd=self.dir, log=self.log, env=self.env)
        try:
            status = old.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            old.kill()
            status = "no exit"
        self.wait_log(f"[{self.process.pid}] LOG process up")
        return status

    def reload(self):
        self.write_files()
        self.process.send_signal(signal.SIGHUP)

    def memory(self, field="VmRSS"):
        """A line of /proc/PID/status, in KiB."""
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(field + ":"))

    def cpu_seconds(self):
        """User and system time so far, all threads."""
        return cpu_seconds(self.pid)

    def stop(self, number=signal.SIGINT, seconds=10):
        """Ends it by a signal and returns the exit status. INT and TERM wait for what still runs, so a second
        one follows if need be, which is the documented way to insist."""
        if self.process is None or self.status is not None:
            return self.status
        if self.stand_in:
            number = signal.SIGTERM
        for _ in range(2):
            if self.process.poll() is None:
                self.process.send_signal(number)
            try:
                self.status = self.process.wait(seconds * SLOW)
                return self.status
            except subprocess.TimeoutExpired:
                pass
        self.process.kill()
        self.process.wait()
        self.status = "no exit"
        return self.status

    def problems(self):
        """What was wrong with how it ran and ended; empty when nothing was."""
        found = []
        if self.process is not None and self.status != 0 and not self.stand_in:
            found.append(f"pgsteer's exit status: expected 0, got {self.status}")
        found += [f"in pgsteer's log: {line}" for line in self.log_text().splitlines()
                  if any(bad in line for bad in BAD_LOG)]
        return found


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
