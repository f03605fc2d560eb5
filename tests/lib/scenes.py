"""scenes: what happens in a pgsteer's life, once each: for Ordeal, which has calls fail meanwhile.

A scene raises what its clients meet; only a TimeoutError is never right.
"""
import socket

import web
from run import SLOW, wait_for
from steer import ADMIN, ADMIN_PASSWORD
from wire import bind, cancel_request, close, describe, execute, message, parse, query, sync

PATIENCE = 1.0 * SLOW


class Scenes:
    """Of `self.t`, `self.s` (the pgsteer), `self.peer` (another one, which forwards cancel requests to it), `self.tls`,
    `self.http` (its port) and `self.pairs` (certificates and their keys, the one in use first)."""

    def client(self, **more):
        return self.s.client(timeout=PATIENCE * 4, **more)

    @staticmethod
    def knock(s):
        return socket.create_connection(("127.0.0.1", s.port), PATIENCE * 4)

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

    def scene_certificates(self):
        """RELOAD with another authority's certificate in the same files, and who comes then."""
        self.pairs.reverse()
        for kind, text in zip(("cert", "key"), self.pairs[0]):
            self.s.run.write(self.s.settings[f"client_tls_{kind}_file"], text)
        self.scene_reload()
        self.scene_tls()

    def scene_ldap(self):
        with self.client(user="scram_user", database="ldap") as c:
            c.query("SELECT 1")

    def scene_pam(self):
        with self.client(user="scram_user", database="pam") as c:
            c.query("SELECT 1")

    def scene_cancel(self):
        """A query of ours ended at a peer's door, and one of the peer's at ours."""
        for s, door in ((self.s, self.peer), (self.peer, self.s)):
            with s.client(timeout=PATIENCE * 4) as c:
                c.send(query("DO $$BEGIN RAISE NOTICE 'begun'; PERFORM pg_sleep(0.5); END$$"))
                c.until("NE")
                with self.knock(door) as other:
                    other.sendall(cancel_request(c.pid, c.secret))
                    while other.recv(1024):
                        pass
                c.until("Z")

    def scene_replication(self):
        """A session of logical replication, and WAL that is streamed."""
        with self.client(user="postgres", password="unused", replication="database") as c:
            c.query("IDENTIFY_SYSTEM")
            c.query("SELECT 1")
        with self.client(user="postgres", password="unused", replication="on") as c:
            position = c.query("IDENTIFY_SYSTEM").rows[0][2]
            c.send(query(f"START_REPLICATION PHYSICAL {position}"))
            c.until("WE")
            c.send(message("c"))
            c.until("Z")

    def scene_takeover(self):
        """Another process takes this one's place, or ends and says why; there is never none."""
        s, old = self.s, self.s.process
        new = s.run.spawn([s.program, "-R", s.ini], cwd=s.dir, log=s.log, env=s.env)
        try:
            wait_for(lambda: old.poll() is not None or new.poll() is not None, "one of two processes to end", 20)
        finally:
            if old.poll() is None:
                new.kill()
                new.wait()
        if old.poll() is None:
            if new.returncode != 1:
                raise AssertionError(f"the new process ended with {new.returncode}:\n{s.log_text(30)}")
            return
        s.process = new
        if old.returncode != 0:
            raise AssertionError(f"the old process ended with {old.returncode}:\n{s.log_text(30)}")
        s.wait_log(f"[{new.pid}] LOG process up")
