"""postgres: real PostgreSQL servers: a primary and streaming standbys, and everything that can befall them."""
import os
import shutil
import signal
import time

import wire
from run import SLOW, Timeout, find_program, remove_shared_memory, wait_for

# Users of every cluster: name -> (password, how pg_hba.conf asks for it). `app` owns the databases.
USERS = {
    "app": ("app-secret", "trust"),
    "scram_user": ("scram-secret", "scram-sha-256"),
    "md5_user": ("md5-secret", "md5"),
}

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 300
superuser_reserved_connections = 5
dynamic_shared_memory_type = mmap
wal_level = logical
max_wal_senders = 10
wal_keep_size = 256MB
max_wal_size = 512MB
wal_retrieve_retry_interval = 100ms
wal_receiver_status_interval = 1s
wal_receiver_timeout = 10s
hot_standby = on
password_encryption = scram-sha-256
autovacuum_naptime = 1h
log_line_prefix = '%m [%p] %u@%d '
"""


def _hba():
    lines = ["host replication postgres 127.0.0.1/32 trust", "host all postgres 127.0.0.1/32 trust"]
    lines += [f"host all {name} 127.0.0.1/32 {method}" for name, (_, method) in USERS.items()]
    lines.append("host all slow_role 127.0.0.1/32 scram-sha-256")  # of tests/flow/test_slow_secrets.py
    return "\n".join(lines + ["host all all 127.0.0.1/32 trust", ""])


def children(pid):
    """The processes whose parent is `pid`."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as f:
                    if int(f.read().rpartition(")")[2].split()[1]) == pid:
                        found.append(int(entry))
            except OSError:
                pass
    return found


class Node:
    """One PostgreSQL instance."""

    def __init__(self, run, name, directory, cell=None):
        """`cell`: where it runs, if not here: it has an address, and words to put in front of a command."""
        self.run, self.name, self.dir, self.cell = run, name, directory, cell
        self.host = cell.address if cell else "127.0.0.1"
        self.port = run.port()
        self.process = None
        self.log = os.path.join(os.path.dirname(directory), name + ".log")

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def start(self, wait=True):
        command = [find_program("postgres"), "-D", self.dir, "-p", str(self.port)]
        if self.cell:
            command = self.cell.prefix + command + ["-c", f"listen_addresses={self.host}"]
        self.process = self.run.spawn(command, cwd=self.dir, log=self.log, privileged=self.cell is not None)
        if wait:
            self.wait_ready()

    def running(self):
        """Asks /proc: a test runs in a fork of the process that started the shared cluster, and cannot wait for it."""
        try:
            with open(f"/proc/{self.process.pid}/stat") as f:
                return f.read().rpartition(")")[2].split()[0] != "Z"
        except (OSError, AttributeError):
            return False

    def wait_ready(self):
        def ready():
            if not self.running():
                raise Timeout(f"{self.name} did not start:\n{self.log_tail()}")
            return self.value("SELECT 1") == "1"
        wait_for(ready, f"{self.name} to accept connections", 60)

    def log_tail(self, lines=30):
        try:
            with open(self.log, errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        except OSError:
            return "(no log)"

    def connect(self, database="postgres", user="postgres", **more):
        return wire.Client(self.port, user=user, database=database, host=self.host, **more)

    def query(self, sql, database="postgres"):
        with self.connect(database) as c:
            return c.query(sql)

    def value(self, sql, database="postgres"):
        return self.query(sql, database).rows[0][0]

    def set(self, **settings):
        """ALTER SYSTEM and reload; returns once every value is in force."""
        with self.connect() as c:
            for name, value in settings.items():
                c.query(f"ALTER SYSTEM SET {name} = '{str(value)}'")
            c.query("SELECT pg_reload_conf()")
        for name, value in settings.items():
            wait_for(lambda: self.value(f"SELECT setting FROM pg_settings WHERE name = '{name}'") == str(value),
                     f"{name} of {self.name} to become {value}")

    def copy_to(self, directory):
        """A base backup, through the functions for it: there is a pg_basebackup for this server's version, or there is not."""
        with self.connect() as c:
            new = int(c.value("SHOW server_version_num")) >= 150000
            c.query("SELECT pg_backup_start('copy', true)" if new else "SELECT pg_start_backup('copy', true, false)")
            copied = self.run.call(["cp", "-a", self.dir, directory], cwd=os.path.dirname(self.dir), check=False)
            wrong = [line for line in copied.stderr.splitlines() if not line.endswith("No such file or directory")]
            if wrong:  # a running server's files come and go
                raise RuntimeError("\n".join(wrong))
            label = c.value("SELECT labelfile FROM " + ("pg_backup_stop(false)" if new else "pg_stop_backup(false, false)"))
        for left in ("postmaster.pid", "postmaster.opts", "standby.signal"):
            if os.path.exists(os.path.join(directory, left)):
                os.remove(os.path.join(directory, left))
        self.run.write(os.path.join(directory, "backup_label"), label)

    # -- what can befall it

    def terminate(self, pid):
        """Ends the session that this process serves; returns when it is gone."""
        self.query(f"SELECT pg_terminate_backend({pid})")
        wait_for(lambda: self.value(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}") == "0", f"process {pid} to end")

    def stop(self, mode="fast"):
        """A planned stop: smart, fast or immediate."""
        self.process.send_signal({"smart": signal.SIGTERM, "fast": signal.SIGINT,
                                  "immediate": signal.SIGQUIT}[mode])
        self.process.wait(60 * SLOW)

    def kill(self):
        """kill -9 of the postmaster and all of its processes at the same moment."""
        pids = [self.process.pid] + sorted(children(self.process.pid), reverse=True)
        for number in (signal.SIGSTOP, signal.SIGKILL):  # nobody goes on while others are already dead
            for pid in pids:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        self.process.wait()
        remove_shared_memory(os.path.join(self.dir, "postmaster.pid"))

    def freeze(self):
        """SIGSTOP for all of its processes: sockets stay open, nobody answers."""
        pid = self.process.pid
        os.kill(pid, signal.SIGSTOP)
        for child in sorted(children(pid), reverse=True):
            try:
                os.kill(child, signal.SIGSTOP)
            except ProcessLookupError:
                pass

    def thaw(self):
        pid = self.process.pid
        for child in children(pid):
            os.kill(child, signal.SIGCONT)
        os.kill(pid, signal.SIGCONT)

    def in_recovery(self):
        return self.value("SELECT pg_is_in_recovery()") == "t"

    def promote(self):
        """Promotes a standby. Returns the moment (time.monotonic) at which it answered as a primary."""
        with self.connect() as c:
            c.query("SELECT pg_promote(false)")
            deadline = time.monotonic() + 60 * SLOW
            while c.value("SELECT pg_is_in_recovery()") == "t":
                if time.monotonic() > deadline:
                    raise Timeout(f"{self.name} was not promoted in time:\n{self.log_tail()}")
                time.sleep(0.002)
            return time.monotonic()

    def follow(self, primary):
        """Makes a running standby stream from another node."""
        self.set(primary_conninfo=conninfo(primary, self.name))


def conninfo(primary, name):
    return f"host={primary.host} port={primary.port} user=postgres application_name={name}"


class Cluster:
    """A primary and its standbys, in a directory of the run. Knows who is the primary, since it is the one who
    promotes."""

    def __init__(self, run, directory="cluster", standbys=2, cell=None):
        """`cell`: where the first primary runs, if not here."""
        self.run = run
        self.dir = run.mkdir(directory)
        template = make_template(run)
        self.nodes = []
        for number in range(1 + standbys):
            name = f"node{number + 1}"
            data = os.path.join(self.dir, name)
            run.call(["cp", "-a", template, data])
            self.nodes.append(Node(run, name, data, None if number else cell))
        self.primary = self.nodes[0]
        if cell:
            with open(os.path.join(self.primary.dir, "pg_hba.conf"), "a") as f:
                f.write(f"host all all {cell.outside}/32 trust\nhost replication all {cell.outside}/32 trust\n")
        # All begin with the same stopped template, which is what a base backup is; standbys stream from its end.
        for node in self.standbys:
            run.write(os.path.join(node.dir, "standby.signal"), "")
            with open(os.path.join(node.dir, "postgresql.auto.conf"), "a") as f:
                f.write(f"primary_conninfo = '{conninfo(self.primary, node.name)}'\n")
        for node in self.nodes:
            node.start(wait=False)
        for node in self.nodes:
            node.wait_ready()
        self.wait_streaming()

    @property
    def standbys(self):
        return [node for node in self.nodes if node is not self.primary]

    def alive(self):
        return [node for node in self.nodes if node.running()]

    def node_at(self, port):
        """The node with this port, as text or number."""
        return next(node for node in self.nodes if node.port == int(port))

    def line(self, dbname, nodes=None, **more):
        """A line of [databases] for this cluster (value only)."""
        nodes = nodes or self.nodes
        words = {"host": ",".join(n.host for n in nodes), "port": ",".join(str(n.port) for n in nodes),
                 "dbname": dbname, **more}
        return " ".join(f"{key}={value}" for key, value in words.items())

    def wait_streaming(self, count=None):
        wanted = len([n for n in self.alive() if n is not self.primary]) if count is None else count
        wait_for(lambda: int(self.primary.value(
            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")) >= wanted,
            f"{wanted} standbys to stream from {self.primary.name}")

    def wait_replayed(self):
        """Until every living standby has replayed all the primary has written."""
        lsn = self.primary.value("SELECT pg_current_wal_insert_lsn()")
        for node in self.alive():
            if node is not self.primary:
                wait_for(lambda: node.value(f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'") == "t",
                         f"{node.name} to replay {lsn}")

    def synchronous(self, on=True):
        """Every commit waits for one standby, whoever is or becomes the primary."""
        for node in self.alive():
            node.set(synchronous_standby_names="ANY 1 (*)" if on else "")
        if on:
            wait_for(lambda: int(self.primary.value(
                "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'")) > 0,
                "a synchronous standby")

    def candidate(self):
        """The living standby with the most WAL: the one an orchestrator promotes."""
        def received(node):
            return int(node.value("SELECT coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'"))
        return max((n for n in self.alive() if n is not self.primary), key=received)

    def rally(self, chosen):
        """All other standbys follow the one that is about to be promoted, in cascade until then: nobody waits for
        that afterwards."""
        for node in self.alive():
            if node not in (chosen, self.primary):
                node.follow(chosen)

    def fail_over(self):
        """Promotes the best standby; the others follow it. Returns the promotion's end (time.monotonic)."""
        chosen = self.candidate()
        self.rally(chosen)
        self.primary = chosen
        return chosen.promote()

    def rejoin(self, node):
        """Makes a stopped node a fresh standby of the present primary."""
        shutil.rmtree(node.dir)
        self.primary.copy_to(node.dir)
        self.run.write(os.path.join(node.dir, "standby.signal"), "")
        with open(os.path.join(node.dir, "postgresql.auto.conf"), "a") as f:
            f.write(f"primary_conninfo = '{conninfo(self.primary, node.name)}'\n")
        node.start()

    def stop(self):
        for node in self.alive():
            node.process.send_signal(signal.SIGCONT)
            node.process.send_signal(signal.SIGQUIT)
        for node in self.nodes:
            if node.process is not None:
                node.process.wait()


_SCHEMA = """
CREATE DATABASE app OWNER app;
CREATE DATABASE other OWNER app;
"""


def make_template(run):
    """A stopped data directory with users and databases, made once in a run and then copied."""
    path = os.path.join(run.dir, "template")
    if os.path.exists(path):
        return path
    run.call([find_program("initdb"), "-D", path, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8",
              "--locale=C.UTF-8"])
    with open(os.path.join(path, "postgresql.conf"), "a") as f:
        f.write(SETTINGS)
    run.write(os.path.join(path, "pg_hba.conf"), _hba())
    node = Node(run, "template", path)
    node.start()
    with node.connect() as c:
        for name, (password, method) in USERS.items():
            c.query(f"SET password_encryption = '{'md5' if method == 'md5' else 'scram-sha-256'}'")
            c.query(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        for statement in _SCHEMA.strip().split("\n"):
            c.query(statement)
    node.stop("fast")
    return path
