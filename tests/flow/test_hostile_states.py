"""Messages that are wrong in themselves, or only where they stand, in every state a client can be in; and sessions that are
cut or come byte by byte. `make hostile` tries each kind of message with each length in each state, `make test` one of five of
these: each kind in each state, and each length with each kind."""
import contextlib
import os
import select
import socket
import struct

import wire
from bystander import undisturbed
from certs import certificates, own
from wire import bind, close, describe, execute, flush, message, parse, query, sync, text

# What brings a client that is logged in into a state, and how many messages of which kinds then tell that it is there.
STATES = {
    "idle": ([], ""),
    "in a transaction": ([query("BEGIN"), query("INSERT INTO hs_never VALUES (1)")], "ZZ"),
    "in a failed transaction": ([query("BEGIN"), query("SELECT 1/0")], "ZZ"),
    "in COPY": ([query("COPY hs_never FROM STDIN")], "G"),
    "in COPY in a transaction": ([query("BEGIN"), query("COPY hs_never FROM STDIN"), message("d", b"1\n")], "ZG"),
    "in COPY of an open segment": ([parse("", "COPY hs_never FROM STDIN"), bind(), execute(), flush()], "G"),
    "in an open segment": ([parse("", "SELECT 1"), bind(), flush()], "2"),
    "in an open segment that is not heard yet": ([parse("", "INSERT INTO hs_never VALUES (1)"), bind(), execute()], ""),
    # Not of a Parse and Flush alone, which pgsteer ends by itself: what comes before it is through with that is not skipped.
    "in a failed segment": ([parse("", "SELEC"), bind(), flush()], "E"),
    "while a query runs": ([query("SELECT pg_sleep(0.01)")], ""),
}

SHARE = 1 if os.environ.get("HOSTILE") == "all" else 5  # one of so many is tried

LETTERS = "BCdcfDEHFPpQSX?\0"
HEALTHY = "md5_user", "healthy"  # a pool of his own
LENGTHS = (0, 3, -1, -(1 << 31), (1 << 31) - 1)


def some(states, kinds):
    """The pairs of them, or a share: with five states on, every kind is in it."""
    return [(state, kind) for at, state in enumerate(states) for number, kind in enumerate(kinds) if (at + number) % SHARE == 0]


def bring(t, c, state):
    steps, tells = STATES[state]
    for one in steps:
        c.send(own_table(t, one))
        if one[:1] == b"Q" and tells:
            c.until(tells[0])
            tells = tells[1:]
    if tells:
        c.until(tells)


def said(messages):
    """What of them is to be compared: the kinds, of errors severity and SQLSTATE."""
    return [f"{m.fields().get('S')} {m.fields().get('C')}" if m.type == "E" else m.type for m in messages if m.type not in "SNK"]


def heard(c, count=None):
    """What is said up to the end of the connection, or so many messages of it."""
    got = []
    with contextlib.suppress(EOFError, OSError):
        while count is None or len(said(got)) < count:
            got.append(c.receive())
    return said(got)


def own_table(t, raw):
    """The same with the name of this test's table, which is as long."""
    return raw.replace(b"hs_never", b"hs_" + t.name.split(".")[1].encode()[-5:])


def start(t, **settings):
    t.sql(own_table(t, b"CREATE TABLE hs_never(i int)").decode())
    line = t.cluster.line("app", [t.cluster.primary])
    return t.steer({"app": line, "healthy": line}, nodes=False, **settings)


def nothing_left(t, s):
    """No server is busy for who has gone, and what was not committed did not happen."""
    t.wait(lambda: all(r["state"] == "idle" for r in s.show("SERVERS")), "the servers to be free again")
    t.equal(t.cluster.primary.value(own_table(t, b"SELECT count(*) FROM hs_never").decode(), "app"), "0", "rows of clients that never committed")


def test_lengths(t):
    """0, 3, negative and 2^31-1: FATAL, and what went before is undone."""
    s = start(t)
    with undisturbed(t, s, *HEALTHY):
        for state, (letter, length) in some(STATES, [(letter, length) for letter in LETTERS for length in LENGTHS]):
            with s.client(timeout=20) as c:
                bring(t, c, state)
                c.send(letter.encode() + struct.pack("!i", length))
                t.equal(heard(c)[-1:], ["FATAL 08P01"], f"{letter!r} of {length} bytes {state}")
    nothing_left(t, s)


SASL = message("p", text("SCRAM-SHA-256") + struct.pack("!i", 32) + b"n,,n=,r=abcdefghijklmnopqrstuvwx")
PACKET = wire.startup({"user": "app", "database": "app"})

# What is sent before, and up to which message its answer goes.
LOGINS = {"at first": (), "after SSLRequest": ((wire.SSL_REQUEST, None),), "asked for a password": ((PACKET, "R"),),
          "in the middle of SCRAM": ((PACKET, "R"), (SASL, "R"))}


def test_lengths_before_login(t):
    s = start(t, auth_type="scram-sha-256", auth_delay=0, client_login_timeout=5)
    with undisturbed(t, s, *HEALTHY):
        for state, (letter, length) in some(LOGINS, [(letter, length) for letter in "pQXRS\0" for length in LENGTHS]):
            with s.client(login=False, timeout=20) as c:
                for packet, answer in LOGINS[state]:
                    c.send(packet)
                    _ = c.until(answer) if answer else c.read(1)
                early = not LOGINS[state] or LOGINS[state][-1][1] is None  # where messages have no kind yet
                c.send((b"" if early else letter.encode()) + struct.pack("!i", length) + letter.encode() * 8)
                got = heard(c)
                t.true(got in ([], ["FATAL 08P01"]), f"{letter!r} of {length} bytes {state}: {got}")
    nothing_left(t, s)


MESSAGES = {
    "CopyData": message("d", b"1\n"), "CopyDone": message("c"), "CopyFail": message("f", text("no")),
    "Execute without Bind": execute("none"), "Execute": execute(), "Bind without Parse": bind("", "none"), "Bind": bind(),
    "Describe of no statement": describe("S", "none"), "Describe of no portal": describe("P", "none"),
    "Close of no statement": close("S", "none"), "Close of no portal": close("P", "none"),
    "Flush": flush(), "Sync": sync(), "Syncs": sync() * 50, "Query": query("SELECT 1"), "empty Query": query(""),
    "Parse": parse("hs", "SELECT 1"), "FunctionCall of nothing": message("F", struct.pack("!IHHH", 0, 0, 0, 0)),
    "FunctionCall": message("F", struct.pack("!IHHHiiiiH", 177, 1, 1, 2, 4, 40, 4, 2, 1)),
    "two Queries": query("SELECT 1") + query("SELECT 2"), "Execute and Query": execute() + query("SELECT 1"),
}

# After these the connection ends, with or without the answers that are owed still.
ENDS = {
    "a password": message("p", text("secret")), "SASLResponse": message("p", b"c=biws,r=abc,p=YQ=="),
    "a startup packet": PACKET, "SSLRequest": wire.SSL_REQUEST, "an unknown kind": message("~", b"what"),
    "a kind of 0": message("\0"), "a server's": message("Z", b"I"), "Terminate": message("X"),
}


def test_wrong_places(t):
    """Each message in each state has the answers that PostgreSQL itself has for it."""
    s = start(t)
    with undisturbed(t, s, *HEALTHY):
        for state, name in some(STATES, MESSAGES):
            with t.cluster.primary.connect("app", user="app") as c:
                bring(t, c, state)
                c.send(MESSAGES[name], sync(), query("SELECT 7"))
                c.socket.shutdown(socket.SHUT_WR)
                expected = heard(c)
            with s.client(timeout=20) as c:
                bring(t, c, state)
                c.send(MESSAGES[name], sync(), query("SELECT 7"))
                t.equal(heard(c, len(expected)), expected, f"{name} {state}")
        for state, name in some(STATES, ENDS):
            with s.client(timeout=20) as c:
                bring(t, c, state)
                c.send(ENDS[name])
                got = heard(c)
                t.equal(got[-1:], [] if name == "Terminate" else ["FATAL 08P01"], f"{name} {state}, of {got}")


# A session with one of everything, that commits nothing.
SESSION = [query("SELECT 'simple'"), query("BEGIN"), query("INSERT INTO hs_never VALUES (1)"),
           parse("s", "SELECT $1::text"), describe("S", "s"), bind("p", "s", ["x"]), execute("p"), close("P", "p"), flush(), sync(),
           query("COPY hs_never FROM STDIN"), message("d", b"1\n2\n"), message("d", b"3\n"), message("c"),
           query("COPY hs_never TO STDOUT"), parse("", "SELECT 1/0"), bind(), execute(), sync(), query("ROLLBACK")]
ANSWERS = "TDCZ" "CZ" "CZ" "1tT2DC3Z" "GCZ" "HddddcCZ" "1EZ" "CZ"


def test_byte_by_byte(t):
    """A whole session, in the clear and in TLS."""
    s = start(t, **own(certificates(t), client_tls_sslmode="allow"))
    with undisturbed(t, s, *HEALTHY):
        for tls in (None, wire.trusting()):
            with s.client(login=False, tls=tls) as c:
                for byte in PACKET:
                    c.send(bytes([byte]))
                c.finish_login()
                for byte in own_table(t, b"".join(SESSION)):
                    c.send(bytes([byte]))
                    select.select([], [], [], 0.0002)  # else they would come together
                got = []
                while got.count("Z") < ANSWERS.count("Z"):
                    got += ["E" if len(one) > 1 else one for one in said([c.receive()])]
                t.equal("".join(got), ANSWERS, f"its answers, TLS {tls is not None}")
    nothing_left(t, s)


def test_cut_anywhere(t):
    """The same session, ended after each of its bytes, in peace or by a reset."""
    s = start(t, server_login_retry=0)
    whole = own_table(t, b"".join(SESSION[:-1]))
    with undisturbed(t, s, *HEALTHY):
        for at in range(0, len(whole), 3 if SHARE > 1 else 1):
            with s.client() as c:
                c.send(whole[:at])
                if at % 2:
                    c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                c.socket.close()
    nothing_left(t, s)
