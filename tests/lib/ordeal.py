"""ordeal: scenes of a pgsteer's life (scenes.py), played while calls fail in it; after each, nobody else may have noticed.

A scene may fail where it likes: the connection concerned is its own. What must hold afterwards is asked by
Ordeal.check(): the process lives, a client who was there before is served within a second, so is a new one, and what
the scene left behind is gone.
"""
import errno
import http.client
import os
import time

import wire
from certs import certificates, own
from faults import FOREVER, Faults
from outside import BASE, directory
from run import wait_for
from scenes import PATIENCE, Scenes

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
    "fork": [(errno.EAGAIN, 0)],
    "getaddrinfo": [(errno.ENOMEM, 0)],
    "eventfd": [(errno.EMFILE, 0)],
    "epoll_create1": [(errno.EMFILE, 0)],
    "socketpair": [(errno.EMFILE, 0)],
    "pipe2": [(errno.EMFILE, 0)],
    "stat": [(errno.EIO, 0)],
    "chmod": [(errno.EIO, 0)],
    "unlink": [(errno.EIO, 0)],
}


def read(path):
    with open(path) as f:
        return f.read()


class Ordeal(Scenes):
    """A pgsteer whose calls can be made to fail, in front of t.cluster."""

    def __init__(self, t, start=True, service=None, **settings):
        """`service`: of PAM, that knows scram_user's password; only then are there scenes of such logins."""
        self.t, self.faults = t, Faults(t.run)
        self.http = t.run.port()
        self.tls = wire.trusting()
        folders = [certificates(t), certificates(t, "others")]
        self.pairs = [[read(f"{d}/host.{kind}") for kind in ("crt", "key")] for d in folders]
        self.s = t.steer(start=False, http_listen=self.http, peer_id=1,
                         **own(folders[0], client_tls_sslmode="allow"), **{**SETTINGS, **settings})
        self.s.env = self.faults.env()
        self.peer = t.steer(start=False, peer_id=2, workers=1)
        self.s.extra = f"[peers]\n2 = host=127.0.0.1 port={self.peer.port}\n"
        self.peer.extra = f"[peers]\n1 = host=127.0.0.1 port={self.s.port}\n"
        self.scenes = {name[6:]: getattr(self, name) for name in dir(self) if name.startswith("scene_")}
        if service:
            self.ask_others(service)
        else:
            del self.scenes["ldap"], self.scenes["pam"]
        if start:
            self.begin()

    def begin(self):
        t = self.t
        self.peer.start()
        self.s.start()
        self.s.wait_nodes(len(t.cluster.alive()) - 1)
        self.healthy = self.s.client()
        self.healthy.query("SELECT 1")

    def ask_others(self, service):
        """Has the passwords of the databases "ldap" and "pam" be checked by those."""
        s, port = self.s, directory(self.t, {"scram_user": "scram-secret"})
        s.databases.update({name: s.databases["single"] for name in ("ldap", "pam")})
        s.settings.update(auth_type="hba", auth_hba_file=self.t.run.write(f"{s.dir}/hba.conf", (
            f'host ldap all all ldap ldapserver=127.0.0.1 ldapport={port} ldapprefix="uid=" ldapsuffix=",{BASE}"\n'
            f"host pam all all pam pamservice={service.name}\nhost all all all scram-sha-256\n")))

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
