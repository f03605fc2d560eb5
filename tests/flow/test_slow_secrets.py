"""Secrets with so many iterations that a login takes a fifth of a second: nobody else waits for it."""
import base64
import hashlib
import hmac
import os
import select
import socket
import struct
import threading

import wire
from run import SLOW
from steer import ADMIN, ADMIN_PASSWORD

SETTINGS = {"client_login_timeout": 60 * SLOW, "server_connect_timeout": 15 * SLOW}
ITERATIONS = 1 << 19
PASSWORD = "slow but right"


def verifier(password, iterations=ITERATIONS):
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    of_server = hmac.digest(salted, b"Server Key", "sha256")
    return "SCRAM-SHA-256$%d:%s$%s:%s" % (iterations, *(base64.b64encode(b).decode() for b in (salt, stored, of_server)))


def asked(c, kind):
    m = c.receive()
    assert m.type == "R" and struct.unpack_from("!I", m.body)[0] == kind, m


def start(s, user, password, database):
    c = wire.Client(s.port, user, database, password=password, login=False)
    c.send(wire.startup({"user": user, "database": database}))
    return c


def say_first(c):
    """The client-first-message, to which the server's answer takes long."""
    asked(c, 10)
    c._authenticate(b"\0\0\0\x0a")


def reload(s):
    s.write_files()
    s.admin("RELOAD")


def first(c, other):
    """Asks `other`; whether that is answered while nothing has come for `c` yet."""
    other.query("SELECT 1")
    return not select.select([c.socket], [], [], 0)[0]


def test_clients(t):
    of_app = {name: t.cluster.line("app", [t.cluster.primary], user="app", password="app-secret") for name in ("single",)}
    s = t.steer(of_app, nodes=False, workers=1, auth_type="plain",
                users={"stored": verifier(PASSWORD), "clear": PASSWORD, "app": "app-secret", "postgres": "unused",
                       ADMIN: ADMIN_PASSWORD})
    other = s.client(database="single", password="app-secret")
    # A clear-text password against a stored verifier.
    for user, password, end in (("stored", PASSWORD, "Z"), ("stored", "wrong", "E")):
        c = start(s, user, password, "single")
        asked(c, 3)
        c.send(wire.message("p", wire.text(password)))
        t.equal(first(c, other), True, f"a query is answered while {user}'s password is compared")
        t.equal(c.until("ZE")[-1].type, end, f"the end of {user}'s login with {password}")
        c.close()
    # SCRAM against a clear secret: made once for all who wait for it, and kept; RELOAD forgets it. Who does not exist
    # waits like one of those who do.
    del s.users["stored"]
    s.settings.update(auth_type="scram-sha-256", scram_iterations=ITERATIONS)
    reload(s)
    several = [start(s, "clear", PASSWORD, "single") for _ in range(3)]
    stranger, leaver = start(s, "nobody", PASSWORD, "single"), start(s, "clear", PASSWORD, "single")
    for c in (*several, leaver, stranger):
        say_first(c)
    leaver.close()
    t.equal([first(c, other) for c in several], [True] * 3, "a query is answered while a verifier is made")
    s.reload()
    t.equal([first(c, other) for c in (*several, stranger)], [True] * 4, "the same, anew after a reload")
    for c in several:
        c.finish_login()
        t.equal(c.value("SELECT current_user"), "app", "who has waited for it")
    t.error("28P01", stranger.finish_login, what="nobody")
    with s.client("clear", "single", password=PASSWORD) as c:
        t.equal(c.value("SELECT current_user"), "app", "whose verifier is there")
    # It ends while one is being made.
    last = start(s, "nobody_else", PASSWORD, "single")
    say_first(last)
    other.query("SELECT 1")


class Listening:
    """In front of a server: notes in `events` when it asks for a proof, and when it gets the next bytes."""

    def __init__(self, t, events):
        self.port, self.events, self.asked = t.run.port(), events, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.to = t.cluster.primary.port
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        server, asking = socket.create_connection(("127.0.0.1", self.to)), False
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(65536)
                if ready is client and asking:
                    self.events.append("proof" if data else "gone")
                    asking = False
                if not data:
                    client.close()
                    server.close()
                    return
                if ready is server and b",i=%d" % ITERATIONS in data:
                    asking = True
                    self.events.append("asked")
                    self.asked.set()
                (client if ready is server else server).sendall(data)


def test_servers(t):
    with t.cluster.primary.connect() as c:
        c.query("DROP ROLE IF EXISTS slow_role")
        c.query(f"CREATE ROLE slow_role LOGIN PASSWORD '{verifier(PASSWORD)}'")
    events = []
    between = Listening(t, events)
    s = t.steer({"single": t.cluster.line("app", [t.cluster.primary]),
                 "slow": f"host=127.0.0.1 port={between.port} dbname=app user=slow_role password='{PASSWORD}'"},
                nodes=False, workers=1)
    other = s.client(database="single")
    c = start(s, "app", None, "slow")
    between.asked.wait(30)
    other.query("SELECT 1")
    events.append("answer")
    c.finish_login()
    t.equal(events, ["asked", "answer", "proof"], "the order while a server's proof is computed")
    t.equal(c.value("SELECT current_user"), "slow_role", "the login")
    # The keys are kept; a line with another password needs its own, and may be given up meanwhile.
    between.asked.clear()
    s.databases["slow"] = s.databases["slow"].replace(PASSWORD, "wrong")
    c.close()
    reload(s)
    del events[:]
    c = start(s, "app", None, "slow")
    between.asked.wait(30)
    s.databases["slow"] = s.databases["slow"].replace("wrong", PASSWORD)
    reload(s)
    t.wait(lambda: len(events) > 1, "the end of the server whose password is no longer that of its line")
    t.equal(events[:2], ["asked", "gone"], "a server whose line changes while its proof is computed")
    c.finish_login()
    t.equal(c.value("SELECT current_user"), "slow_role", "the login after that")
    c.close()
    other.close()
