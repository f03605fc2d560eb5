"""peers: what is measured side by side: pgsteer, PgBouncer, Pgpool-II, HAProxy, a minimal relay, and no pooler at all, in
front of one real PostgreSQL or of a server that answers at once (null.c). Each is started when it is first wanted.
"""
import os
import re
import shutil
import subprocess
import tempfile
from types import SimpleNamespace

from certs import certificates, own
from postgres import Cluster
from run import BUILD, ROOT, Run, find_program, wait_for
from steer import Steer, program

POOL = 20
CLIENTS_MAX = 60000
SERVER_CLIENTS_MAX = 1100  # of the real server: 1,000 clients come there directly
DEBIAN = os.path.join(ROOT, "build", "debian13")

# What differs from the ordinary settings, by the name that a workload calls it by.
VARIANTS = {
    "": {},
    "pool of 10": {"default_pool_size": 10},
    "scram": {"auth_type": "scram-sha-256"},
    "2 workers": {"workers": 2},
    "4 workers": {"workers": 4},
}


class CellRun(Run):
    """A run whose directory is inside a chroot, and whose processes run there. Files that are written name paths as the
    chroot's processes see them."""

    def __init__(self, root, prefix):
        self.root = root
        super().__init__(prefix)

    def _make_directory(self, prefix):
        path = tempfile.mkdtemp(prefix=prefix, dir=os.path.join(self.root, "tmp"))
        self.give(path)
        return path

    def inside(self, text):
        return text.replace(self.root, "")

    def write(self, path, text, mode=0o600):
        return super().write(path, self.inside(text), mode)

    def spawn(self, argv, cwd, log, privileged=False, **kw):
        argv = ["chroot", f"--userspec={self.account.pw_uid}:{self.account.pw_gid}", self.root, "sh", "-c",
                'cd "$0" && exec "$@"', cwd, *argv]
        return super().spawn([argv[0], argv[1], self.root, *map(self.inside, argv[3:])], cwd, log, privileged=True, **kw)


def version_of(argv):
    """(major, minor) of what a program says to --version; None: it does not run."""
    try:
        text = subprocess.run([*argv, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        return tuple(int(n) for n in re.search(r"(\d+)\.(\d+)", text).groups())
    except (OSError, AttributeError):
        return None


class Found:
    """A program that is new enough: here, or in the chroot with Debian 13; or why there is none."""

    def __init__(self, name, least):
        self.path, self.root, self.version, self.why = None, None, None, None
        here = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if here and (version_of([here]) or (0, 0)) >= least:
            self.path, self.version = here, version_of([here])
            return
        made = subprocess.run([os.path.join(ROOT, "tests", "bench", "debian13")], stderr=subprocess.PIPE, text=True)
        path = os.path.join(DEBIAN, "usr", "sbin", name)
        if made.returncode == 0 and (version_of(["chroot", DEBIAN, f"/usr/sbin/{name}"]) or (0, 0)) >= least:
            self.path, self.root, self.version = path, DEBIAN, version_of(["chroot", DEBIAN, f"/usr/sbin/{name}"])
            return
        has = "there is none in PATH" if here is None else "that in PATH is " + ".".join(map(str, version_of([here]) or ()))
        self.why = f"{name} {'.'.join(map(str, least))} or newer is wanted, {has}, and {made.stderr.strip() or DEBIAN + ' has none'}"

    def says(self):
        return ".".join(map(str, self.version)) + (" of Debian 13 in a chroot" if self.root else f" ({self.path})")


class Peer:
    """One that can be connected to at `port`; `pids` are whose processor time counts."""

    def __init__(self, name, port, pids=(), stop=lambda: None, problems=lambda: ()):
        self.name, self.port, self.pids, self.stop, self.problems = name, port, list(pids), stop, problems

    def pin(self, cpus):
        for pid in self.pids:
            for thread in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(thread), cpus)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(child) for child in f.read().split()]


class House:
    """All peers of one run. peer() gives one, or None when it cannot be had; `missing` then says why."""

    def __init__(self, run):
        self.run, self.missing, self.peers, self.cells, self.found = run, {}, {}, {}, {}
        self.bin = {name: program(run, os.path.join(BUILD, "bench", name)) for name in ("load", "null", "relay")}
        self.one = run.write(os.path.join(run.dir, "one.sql"), "SELECT 1;\n")
        self.servers = {}
        cpus = sorted(os.sched_getaffinity(0))
        # The null server is no match for a pooler that has to share its processor with it.
        self.cpus = ({cpus[0]}, set(cpus[1:])) if len(cpus) > 1 else (None, None)

    # ---- servers

    def real(self):
        """The port of a real PostgreSQL with pgbench's tables."""
        if "real" not in self.servers:
            cluster = Cluster(self.run, standbys=0)
            node = cluster.primary
            node.stop()
            with open(os.path.join(node.dir, "postgresql.auto.conf"), "a") as f:
                f.write(f"max_connections = {SERVER_CLIENTS_MAX}\nshared_buffers = '256MB'\n")
            node.start()
            self.run.call([find_program("pgbench"), "-h", "127.0.0.1", "-p", str(node.port), "-U", "app", "-i", "-q", "-s",
                           "10", "app"])
            with node.connect("app", user="app") as c:
                c.query("CREATE UNLOGGED TABLE bulk (line text)")
                c.query("VACUUM ANALYZE")
            self.servers["real"] = node.port
        return self.servers["real"]

    def null(self):
        """The port of the server that answers at once."""
        if "null" not in self.servers:
            port = self.run.port()
            pid = self.ready([self.bin["null"], str(port)], "null").pid
            Peer("null", port, [pid]).pin(self.cpus[1] or os.sched_getaffinity(0))
            self.servers["null"] = port
        return self.servers["null"]

    def ready(self, argv, name):
        """Starts a program of ours that says "ready"."""
        log = os.path.join(self.run.dir, f"{name}-{len(self.peers)}.log")
        process = self.run.spawn(argv, cwd=self.run.mkdir("programs"), log=log)

        def said():
            with open(log) as f:
                return "ready" in f.read()
        wait_for(said, f"{name} to be ready")
        return process

    # ---- peers

    def peer(self, name, backend, variant="", clients=0):
        """`clients`: how many will come at once, for a peer that has a process for each."""
        key = (name, backend, variant, clients if name == "pgpool" else 0)
        if key not in self.peers and name not in self.missing:
            port = getattr(self, backend)()
            made = getattr(self, "make_" + name)(backend, port, variant, clients)
            if made is not None:
                self.peers[key] = made
                if backend == "null" and "workers" not in variant and self.cpus[0]:
                    made.pin(self.cpus[0])
        return self.peers.get(key)

    def drop(self, name, backend, variant="", clients=0):
        """Stops it; the next peer() starts another."""
        peer = self.peers.pop((name, backend, variant, clients if name == "pgpool" else 0), None)
        if peer is not None:
            peer.stop()
        return list(peer.problems()) if peer is not None else []

    def close(self):
        """What was wrong with any of ours."""
        problems = []
        for key in list(self.peers):
            problems += self.drop(key[0], key[1], key[2], key[3])
        for cell in self.cells.values():
            cell.close()
        return problems

    def make_direct(self, backend, port, variant, clients):
        return Peer("direct", port) if variant == "" else None

    def make_relay(self, backend, port, variant, clients):
        listens, d = self.run.port(), self.certs(self.run)
        pool = VARIANTS[variant].get("default_pool_size", POOL)
        process = self.ready([self.bin["relay"], str(listens), str(port), str(pool), f"{d}/host.crt", f"{d}/host.key"],
                             "relay")
        return Peer("relay", listens, [process.pid], lambda: (process.kill(), process.wait()))

    def make_haproxy(self, backend, port, variant, clients):
        tool = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if tool is None or variant:
            self.missing.setdefault("haproxy", "it is not installed") if tool is None else None
            return None
        listens = self.run.port()
        d = self.run.mkdir(f"haproxy-{backend}")
        conf = self.run.write(os.path.join(d, "haproxy.cfg"), f"""
global
    nbthread 1
    maxconn {2 * SERVER_CLIENTS_MAX}
defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h
listen relay
    bind 127.0.0.1:{listens}
    server one 127.0.0.1:{port}
""")
        process = self.run.spawn([tool, "-db", "-f", conf], cwd=d, log=os.path.join(d, "log"))
        self.answers(listens, "haproxy")
        return Peer("haproxy", listens, [process.pid], lambda: (process.kill(), process.wait()))

    def answers(self, port, what):
        def once():
            return self.run.call([self.bin["load"], str(port), "seconds", "0", "warm", "0"], check=False).returncode == 0
        wait_for(once, f"{what} to let a client in")

    def look_up(self, name, least):
        if name not in self.found:
            self.found[name] = Found(name, least)
            if self.found[name].why:
                self.missing[name] = self.found[name].why
        return self.found[name]

    def home(self, found):
        """The run that a program's files and processes belong to."""
        if found.root is None:
            return self.run
        if found.root not in self.cells:
            self.cells[found.root] = CellRun(found.root, "pgsteer-bench-")
        return self.cells[found.root]

    def certs(self, run):
        if not hasattr(run, "certificates"):
            run.certificates = certificates(SimpleNamespace(run=run, dir="tls"))
        return run.certificates

    def steer(self, run, name, backend, variant, port, line="", **more):
        certs = self.certs(run)  # PgBouncer 1.24 wants the authority's, although nobody is asked for a certificate
        settings = {"section": "pgbouncer", "max_prepared_statements": 200, "workers": 1, "default_pool_size": POOL,
                    "max_client_conn": CLIENTS_MAX, "health_check_interval": None, "log_connections": 0, "log_disconnections": 0,
                    **own(certs, client_tls_sslmode="allow", client_tls_ca_file=f"{certs}/ca.crt"), **VARIANTS[variant], **more}
        s = Steer(run, f"{name}-{backend}-{variant.replace(' ', '-')}", {"app": f"host=127.0.0.1 port={port} dbname=app{line}"},
                  **settings)
        s.start()

        def problems():
            return [f"{name}: {problem}" for problem in s.problems()]
        return Peer(name, s.port, [s.pid], s.stop, problems), s

    def make_pgsteer(self, backend, port, variant, clients):
        return self.steer(self.run, "pgsteer", backend, variant, port)[0]

    def make_routed(self, backend, port, variant, clients):
        if backend != "real":
            return None
        peer, s = self.steer(self.run, "routed", backend, variant, port, " consistency=session", section="pgsteer")
        s.client().close()  # its database's catalog is read
        s.wait_catalogs()
        return peer

    def make_pgbouncer(self, backend, port, variant, clients):
        found = self.look_up("pgbouncer", (1, 24))
        if found.path is None or "workers" in variant:
            return None
        return self.steer(self.home(found), "pgbouncer", backend, variant, port, binary=found.path)[0]

    def make_pgpool(self, backend, port, variant, clients):
        found = self.look_up("pgpool", (4, 6))
        if found.path is None or variant or backend != "real":
            return None
        run, listens = self.home(found), self.run.port()
        d = run.mkdir(f"pgpool-{clients}")
        conf = run.write(os.path.join(d, "pgpool.conf"), f"""
backend_clustering_mode = 'streaming_replication'
listen_addresses = '127.0.0.1'
port = {listens}
unix_socket_directories = '{d}'
pcp_socket_dir = '{d}'
pcp_listen_addresses = ''
backend_hostname0 = '127.0.0.1'
backend_port0 = {port}
num_init_children = {clients + 2}
max_pool = 1
child_life_time = 0
pid_file_name = '{d}/pgpool.pid'
logdir = '{d}'
work_dir = '{d}'
sr_check_period = 0
load_balance_mode = off
enable_pool_hba = off
""")
        for name in ("pcp.conf", "pool_hba.conf"):
            run.write(os.path.join(d, name), "")
        process = run.spawn([program(run, found.path), "-n", "-f", conf, "-F", f"{d}/pcp.conf", "-a", f"{d}/pool_hba.conf"], cwd=d,
                            log=os.path.join(d, "log"))
        self.answers(listens, "pgpool")
        return Peer("pgpool", listens, [process.pid, *children_of(process.pid)],
                    lambda: (process.terminate(), process.wait(30)))
