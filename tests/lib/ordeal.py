"""ordeal: scenes of a pgsteer's life, played while calls fail in it; after each, nobody else may have noticed.

A scene may fail where it likes: the connection concerned is its own. What must hold afterwards is asked by
Ordeal.check(): the process lives, a client who was there before is served within a second, so is a new one, and what
the scene left behind is gone.
"""
import errno
import http.client
import os
import time

import web
import wire
from certs import certificates, own
from faults import FOREVER, Faults
from run import SLOW, wait_for
from steer import ADMIN, ADMIN_PASSWORD
from wire import bind, close, describe, execute, message, parse, query, sync

PATIENCE = 1.0 * SLOW
SETTINGS = {"auth_type": "scram-sha-256", "workers": 2, "pool_mode": "transaction", "stats_users": "admin",
            "server_login_retry": "0.1", "default_pool_size": 5, "dns_max_ttl": 15,
            "failover_timeout": 5, "log_connections": 0, "log_disconnections": 0}

# What fails how: errno, or 0 and the number of bytes that reads and writes are kept to.
CALLS = {
    "malloc": [(errno.ENOMEM, 0)],
    "accept4": [(e, 0) for e in (errno.EMFILE, errno.ECONNABORTED, errno.EINTR)],
    "socket": [(errno.EMFILE, 0)],
    "connect": [(e, 0) for e in (errno.ECONNREFUSED, errno.EADDRNOTAVAIL)],
    "send": [(e, 0) for e in (errno.EPIPE, errno.ENOBUFS, errno.EAGAIN, errno.EINTR)] + [(0, 1)],
    "recv": [(e, 0) for e in (errno.ECONNRESET, errno.ENOMEM, errno.EAGAIN, errno.EINTR)] + [(0, 1)],
    "epoll_ctl": [(errno.ENOSPC, 0)],
    "setsockopt": [(errno.ENOBUFS, 0)],
    "open": [(errno.EMFILE, 0)],
    "fstat": [(errno.EIO, 0)],
    "getrandom": [(errno.ENOSYS, 0)],
    "pthread_create": [(errno.EAGAIN, 0)],
}

# evhttp does not look whether epoll takes its sockets: such a connection ends by its timeout only.
SILENT = {("http", "epoll_ctl")}


class Ordeal:
    """A pgsteer whose calls can be made to fail, in front of t.cluster."""

    def __init__(self, t, start=True, **settings):
        self.t, self.faults = t, Faults(t.run)
        self.http = t.run.port()
        self.tls = wire.trusting()
        self.s = t.steer(start=False, http_listen=self.http,
                         **own(certificates(t), client_tls_sslmode="allow"), **{**SETTINGS, **settings})
        self.s.env = self.faults.env()
        self.scenes = {name[6:]: getattr(self, name) for name in dir(self) if name.startswith("scene_")}
        if start:
            self.begin()

    def begin(self):
        t = self.t
        self.s.start()
        self.s.wait_nodes(len(t.cluster.alive()) - 1)
        self.healthy = self.s.client()
        self.healthy.query("SELECT 1")

    # -- scenes

    def client(self, **more):
        return self.s.client(timeout=PATIENCE * 4, **more)

    def scene_login(self):
        with self.client() as c:
            c.query("SELECT 1")

    def scene_tls(self):
        with self.client(tls=self.tls) as c:
            c.query("SELECT 1")

    def scene_query(self):
        with self.client() as c:
            c.query("SELECT repeat('x', 200000)")
            c.query("SET work_mem = '5MB'")
            c.query("BEGIN")
            c.query("SAVEPOINT a")
            c.query("SHOW work_mem")
            c.query("COMMIT")
            c.query("SELECT pgsteer", check=False)

    def scene_prepared(self):
        with self.client() as c:
            for n in range(3):
                c.segment(parse(f"s{n}", f"SELECT $1::int + {n}, '{'y' * 3000}'"), bind("", f"s{n}", ["7"]), describe("P"),
                          execute())
            c.send(*[m for _ in range(40) for m in (bind("", "s1", ["1"]), execute())], sync())
            c.result()
            c.segment(close("S", "s1"))
            c.extended("SELECT $1::text", ["z"])

    def scene_copy(self):
        with self.client() as c:
            c.query("CREATE TEMP TABLE ordeal(a text)")
            c.send(query("COPY ordeal FROM STDIN"))
            c.until("GE")
            c.send(*[message("d", b"w" * 8000 + b"\n") for _ in range(20)], message("c"))
            c.until("Z")
            c.query("COPY ordeal TO STDOUT")

    def console(self):
        return self.client(user=ADMIN, password=ADMIN_PASSWORD, database="pgbouncer")

    def scene_console(self):
        with self.console() as c:
            for what in ("CLIENTS", "SERVERS", "POOLS", "STATS", "NODES", "MEM", "CONFIG"):
                c.query(f"SHOW {what}")
            c.query("SELECT state, count(*) FROM clients GROUP BY 1")

    def scene_http(self):
        for path in ("/metrics", "/healthz", "/api/v1/pools", "/api/v1/overview", "/"):
            web.get(self.http, path, seconds=PATIENCE * 4)

    def http_once(self, seconds):
        return web.get(self.http, "/healthz", seconds=seconds).status == 200

    def scene_reload(self):
        with self.console() as c:
            c.query("RELOAD")

    def scene_server(self):
        """New connections to servers."""
        with self.console() as c:
            c.query("RECONNECT")
        with self.client() as c:
            c.query("SELECT 1")
            c.query("CREATE TEMP TABLE ordeal(a text)")

    def limit(self, what, soft):
        """Sets a limit of the process, by prlimit's name of it; returns what it was."""
        of = [f"--pid={self.s.pid}", f"--{what}"]
        was = self.t.run.call(["prlimit", *of, "-o", "SOFT", "--noheadings", "--raw"]).stdout.strip()
        self.t.run.call(["prlimit", of[0], f"--{what}={soft}:"])
        return was

    # -- what must hold

    def play(self, name):
        """A scene, whatever comes of it but silence: who fails is told so, or hung up on."""
        try:
            self.scenes[name]()
        except TimeoutError as e:
            raise AssertionError(f"{name}: a client waits for ever for an answer") from e
        except (OSError, EOFError, RuntimeError, LookupError, ValueError, http.client.HTTPException):
            pass

    def served(self, client):
        began = time.monotonic()
        if client.value("SELECT 'yes'") != "yes":
            raise AssertionError("a wrong answer")
        return time.monotonic() - began

    def check(self, what):
        t, s = self.t, self.s
        if s.process.poll() is not None:
            raise AssertionError(f"{what}: pgsteer ended with {s.process.returncode}:\n{s.log_text(30)}")
        began = time.monotonic()
        try:
            self.served(self.healthy)
        except (OSError, EOFError, RuntimeError) as e:
            # It may have been the connection concerned when servers or the loop had the fault; then a new one works.
            raise AssertionError(f"{what}: a client who had nothing to do with it: {e}") from e
        t.within(time.monotonic() - began, 0, PATIENCE, f"{what}: seconds that a client who was there waited")

        def enters():
            with self.client() as c:
                return self.served(c) < PATIENCE
        wait_for(enters, f"{what}: a new client to be served", 3)

    def rests(self):
        """Until nothing is left of the scenes' clients; their number, and descriptors."""
        def only_us():
            clients = [row for row in self.s.show("CLIENTS") if row["database"] != "pgbouncer"]
            return len(clients) == 1
        wait_for(only_us, "only one client to be left", 10)
        lists = {row["list"]: row["items"] for row in self.s.show("LISTS")}
        return int(lists["used_clients"]), len(os.listdir(f"/proc/{self.s.pid}/fd"))

    def walk(self, name, numbers, call="malloc", **how):
        """Plays the scene with its n-th call failing, for each n of `numbers`, up to one that is not reached.
        Returns how many have failed."""
        failed, self.at = 0, 0
        for n in numbers:
            self.at += 1
            with self.faults.failing(call, first=n, **how) as rule:
                try:
                    self.play(name)
                except AssertionError as e:
                    raise AssertionError(f"{call} {n} fails {how} (at {rule.caller:#x}): {e}") from e
                if rule.hit == 0:
                    break
                failed += 1
                about = f"{name}, {call} {n} fails {how} (at {rule.caller:#x})"
            self.check(about)
        return failed

    def calls(self, name, call="malloc", **how):
        """How many such calls the scene makes, and the process meanwhile."""
        with self.faults.failing(call, first=FOREVER, **how) as rule:
            self.play(name)
            return rule.seen
