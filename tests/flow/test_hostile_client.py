"""Clients that break the protocol, or keep to it without mercy: each gets its error, and nobody else waits for it."""
import contextlib
import select
import socket
import struct
import threading
import time

import wire
from bystander import undisturbed
from flow import deadline
from run import SLOW
from wire import bind, close, execute, message, parse, query, sync, text

MEGABYTE = 1 << 20

HEALTHY = "md5_user", "healthy"  # who is not attacked: a pool of his own


def start(t, **settings):
    line = t.cluster.line("app", [t.cluster.primary])
    return t.steer({"app": line, "healthy": line, "*": line.replace("dbname=app", "")}, nodes=False, **settings)


def raw(s):
    return socket.create_connection(("127.0.0.1", s.port), timeout=60)


def drain(c):
    """All that comes up to the end of the connection."""
    data = b""
    with contextlib.suppress(OSError):
        while more := c.recv(65536):
            data += more
    return data


def test_names_of_every_byte_and_size(t):
    s = start(t, ignore_startup_parameters="extra", autodb_idle_timeout=1)
    with undisturbed(t, s, *HEALTHY):
        for name in [bytes([byte]) for byte in range(1, 256)] + [b"n" * n for n in (62, 63, 64, 127, 128, 129, 1000, 5000, 9900)] + \
                [b"%s%n%d", b"pgbouncer\n", b"'; DROP TABLE x; --", b"../../etc/passwd", b"\xff\xfe" * 30]:
            for pairs in ((b"user", name, b"database", b"nothing_here"), (b"user", b"app", b"database", name),
                          (b"user", b"app", b"database", b"app", b"application_name", name), (name, b"x", b"user", b"app")):
                body = struct.pack("!I", wire.PROTOCOL_3_0) + b"".join(p + b"\0" for p in pairs) + b"\0"
                with raw(s) as c:
                    c.sendall(struct.pack("!I", len(body) + 4) + body)
                    c.shutdown(socket.SHUT_WR)
                    got = drain(c)
                    t.true(got[:1] in (b"R", b"E", b""), f"an answer to {pairs!r:.80}, got {got[:60]!r}")
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "afterwards")


def scram_first(body, mechanism=b"SCRAM-SHA-256", size=None):
    return message("p", mechanism + b"\0" + struct.pack("!i", len(body) if size is None else size) + body)


def test_scram_messages(t):
    """PgBouncer's CVE-2026-6664 was a length in the first of these."""
    s = start(t, auth_type="scram-sha-256", auth_delay=0)
    good = b"n,,n=,r=abcdefghijklmnopqrstuvwx"
    firsts = [scram_first(good, size=n) for n in (-2, -(1 << 31), (1 << 31) - 1, 0, 1, len(good) - 1, len(good) + 1)]
    firsts += [scram_first(body) for body in (
        b"n,,", b"n,,n=", b"n,,n=,r=", b"p=tls-unique,,n=,r=abc", b"y,,n=,r=" + b"x" * 60_000, b"n,,n=" + b"u" * 60_000 + b",r=abc",
        b"n,,n=,r=ab\0cd", b"n,a=other,n=,r=abc", b"m=ext,n,,n=,r=abc", bytes(range(256)))]
    firsts += [scram_first(good, mechanism) for mechanism in (b"", b"SCRAM-SHA-1", b"SCRAM-SHA-256-PLUS", b"x" * 5000)]
    firsts += [message("p"), message("p", b"no end"), message("p", b"SCRAM-SHA-256\0"), message("p", b"SCRAM-SHA-256\0\0\0")]
    finals = [message("p"), message("p", b"c=biws"), message("p", b"c=biws,r=abc"), message("p", b"c=biws,r=abc,p=YQ=="),
              message("p", b"c=" + b"A" * 60_000), message("p", b"\0" * 1000), b"p" + struct.pack("!I", (1 << 31) - 1),
              b"p" + struct.pack("!i", -1), b"p" + struct.pack("!I", 3)]
    with undisturbed(t, s, *HEALTHY):
        for what in [[first] for first in firsts] + [[scram_first(good), final] for final in finals]:
            with s.client(login=False) as c:
                c.send(wire.startup({"user": "app", "database": "app"}))
                t.equal(c.receive().type, "R", "SASL is asked for")
                with contextlib.suppress(OSError):
                    for one in what:
                        c.send(one)
                    c.socket.shutdown(socket.SHUT_WR)
                got = drain(c.socket)
                t.true(b"Z\0\0\0\5I" not in got, f"nobody is let in by {what!r:.100}")
                t.true(got == b"" or got[:1] in b"ER", f"an error or an end after {what!r:.100}, got {got[:80]!r}")


def end_of(s, *steps, **startup):
    """What a login ends with whose packets are `steps`; each may be made from the answer to the one before."""
    with s.client(login=False, timeout=10) as c:
        c.send(wire.startup({"user": "app", "database": "app", **startup}))
        answer = c.receive() if steps else None
        with contextlib.suppress(OSError):
            for step in steps[:-1]:
                c.send(step(answer) if callable(step) else step)
                answer = c.receive()
            for step in steps[-1:]:
                c.send(step(answer) if callable(step) else step)
            c.socket.shutdown(socket.SHUT_WR)
        return drain(c.socket)


def test_logins_that_ended_others(t):
    """What stopped PgBouncer before 1.26.1, or let in whom it should not (CVE-2026-107350, -107349, -107348, -19888)."""
    s = start(t, auth_type="scram-sha-256", auth_delay=0, ignore_startup_parameters="extra_float_digits")
    first = scram_first(b"n,,n=,r=abcdefghijklmnopqrstuvwx")

    def final(form):
        return lambda challenge: message("p", form.replace(b"NONCE", challenge.body[6:].split(b",")[0]))
    with undisturbed(t, s, *HEALTHY):
        for again in (wire.startup({"user": "admin", "database": "pgbouncer"}), wire.startup({"user": "md5_user", "database": "app"})):
            for database in ("app", "nothing_here"):
                for steps in ((again,), (first, again)):
                    got = end_of(s, *steps, database=database)
                    t.true(got[:1] in (b"E", b"") and b"Z\0\0\0\5I" not in got, f"a second startup packet, got {got[:80]!r}")
        for form in (b"c=biws,r=NONCE", b"c=biws,p=YQ==", b"r=NONCE,p=YQ==", b"c=biws,r=NONCE,p=", b"c=,r=NONCE,p=YQ==", b"p=YQ=="):
            got = end_of(s, first, final(form))
            t.true(got[:1] == b"E" and b"Z\0\0\0\5I" not in got, f"a final message of {form!r}, got {got[:80]!r}")
        for options in ("-c=", "-c =", "--=", "-c=x", "--=x", "-c", "--", "-c a", "-", "\\", "-c=" * 1000):
            got = end_of(s, options=options)
            t.true(got[:1] in (b"E", b"R"), f"options of {options[:20]!r} have an answer, got {got[:80]!r}")
        for size in ((1 << 31) + 1, (1 << 32) - 1):
            got = end_of(s, b"p" + struct.pack("!I", size) + b"x" * 1000)
            t.true(got[:1] == b"E", f"a message of {size} bytes before the login, got {got[:80]!r}")


def test_requests_without_an_end(t):
    """SSLRequest and GSSENCRequest by turns, for ever (PostgreSQL's CVE-2026-6479 was a recursion)."""
    s = start(t, workers=1, client_login_timeout=2)
    gss = struct.pack("!II", 8, wire.GSS_CODE)
    with undisturbed(t, s, *HEALTHY), raw(s) as c:
        before, began, asked = s.memory(), time.monotonic(), 0
        with contextlib.suppress(OSError):
            while c.sendall(gss if asked % 2 else wire.SSL_REQUEST) is None and c.recv(1) == b"N":
                asked += 1
        t.within(time.monotonic() - began, 0, 10 * SLOW, "seconds until client_login_timeout has ended it")
        t.memory_within(s.memory() - before, 1024, f"memory grown by {asked} requests")
    s.wait_log("client_login_timeout")


def test_who_may_only_look(t):
    """Every order of the console, by a user of stats_users (PgBouncer's CVE-2026-6667 was KILL_CLIENT)."""
    s = start(t, stats_users="app")
    with wire.Client(s.port, user="app", database="pgbouncer", password="app-secret") as c:
        t.true(c.query("SHOW POOLS").rows, "what he may look at")
        for order in ("PAUSE", "RESUME", "DISABLE app", "ENABLE app", "RECONNECT", "KILL app", "KILL_CLIENT 1", "SUSPEND", "RELOAD",
                      "SHUTDOWN", "SHUTDOWN WAIT_FOR_SERVERS", "SET verbose = 2", "WAIT_CLOSE app", "FENCE 127.0.0.1:1", "UNFENCE 127.0.0.1:1",
                      "DRAIN 127.0.0.1:1", "SWITCHOVER app TO 127.0.0.1:1", "UNDRAIN 127.0.0.1:1", "FORGET app", "TAKEOVER", "SHOW FDS"):
            got = c.query(order, check=False)
            t.true(got.errors and "admin access needed" in got.errors[0].message, f"{order} is refused, got {got.messages}")


@deadline(240)
def test_half_open_logins(t):
    """Ten thousand that say a byte now and then: those who log in meanwhile do not wait for them."""
    count = 10_000 if SLOW == 1 else 1000
    s = start(t, client_login_timeout=10, max_client_conn=count + 100, workers=2,
              listen_backlog=4096)  # else the kernel lets some try again for longer than anybody waits
    slow = {}
    packet = wire.startup({"user": "app", "database": "app"})
    ended = select.poll()
    with undisturbed(t, s, *HEALTHY):
        for _ in range(count):
            c = raw(s)
            slow[c.fileno()] = c
            ended.register(c, select.POLLIN)
        began = time.monotonic()
        for at in range(len(packet) - 1):
            for c in slow.values():
                with contextlib.suppress(OSError):
                    c.sendall(packet[at:at + 1])
            for fd, _ in ended.poll(250):
                if not is_open(slow[fd]):
                    ended.unregister(fd)
                    slow.pop(fd).close()
            if not slow:
                break
        t.wait(lambda: all(not is_open(c) for c in slow.values()), "all of them to be closed")
    t.within(time.monotonic() - began, 3, 120 * SLOW, "seconds until client_login_timeout had closed them")


def is_open(c):
    """Whether the connection is open still; takes all that has come."""
    try:
        while c.recv(65536, socket.MSG_DONTWAIT):
            pass
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False


@deadline(120)
def test_storms(t):
    """Syncs, Closes, cancels, settings: each client alone pays for its own."""
    s = start(t, workers=1)
    with s.client(timeout=90) as c:
        c.query("SELECT 1")
        with undisturbed(t, s, *HEALTHY):
            def send(*messages):
                sender = threading.Thread(target=lambda: c.send(*messages))
                sender.start()
                return sender
            count = 100_000
            sender = send(*[sync()] * count)
            for _ in range(count):
                c.until("Z")
            sender.join()
            count = 20_000
            sender = send(*[close("S", f"none{n}") for n in range(count)], sync())
            t.equal(sum(m.type == "3" for m in c.until("Z")), count, "answers to Close")
            sender.join()
            sender = send(*[m for n in range(count) for m in (parse(f"s{n}", f"SELECT {n % 50}"), close("S", f"s{n}"))], sync())
            t.equal("".join(m.type for m in c.until("Z")), "13" * count + "Z", "answers to Parse and Close")
            sender.join()
            sender = send(*[query(f"SET application_name = 'n{n}'") for n in range(2000)])
            for _ in range(2000):
                c.until("Z")
            sender.join()
            for _ in range(500):
                with raw(s) as other:
                    other.sendall(wire.cancel_request(1, b"\1\2\3\4"))
        t.equal(c.value("SELECT 7"), "7", "afterwards")


@deadline(180)
def test_large_messages(t):
    s = start(t)
    with s.client(timeout=120) as c:
        with undisturbed(t, s, *HEALTHY):
            size = 64 * MEGABYTE
            for what, messages in ((f"a Query of {size} bytes", [query(f"SELECT length('{'x' * size}')")]),
                                   (f"a parameter of {size} bytes", [parse("", "SELECT length($1::text)"),
                                                                     bind("", "", [b"y" * size]), execute(), sync()])):
                sender = threading.Thread(target=lambda m=messages: c.send(*m))
                sender.start()
                t.equal(c.result().rows, [[str(size)]], what)
                sender.join()
            c.send(query(f"SELECT repeat('z', 3 * {size})"))
            got = 0
            while got < 3 * size:
                got += len(c.socket.recv(MEGABYTE))


def test_a_client_that_never_reads(t):
    s = start(t, workers=1)
    with undisturbed(t, s, *HEALTHY):
        before = s.memory()
        clients = [s.client(timeout=60) for _ in range(10)]
        for c in clients:
            c.send(query("SELECT repeat('x', 10000) FROM generate_series(1, 100000)"))
        t.wait(lambda: len([r for r in s.show("CLIENTS") if r["state"] == "active"]) >= 5, "results to flow")
        t.memory_within(s.memory() - before, 10 * 1024, "memory while ten clients do not read")
        for c in clients:
            c.socket.close()
        t.wait(lambda: not [r for r in s.show("CLIENTS") if r["database"] == "app"], "them to be gone")
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "afterwards")


def test_messages_cut_at_every_byte(t):
    """Each message, ended anywhere, and the same again as a whole in two pieces."""
    s = start(t, workers=1)
    whole = (parse("cut", "SELECT $1::int") + bind("", "cut", ["5"]) + wire.describe("P") + execute() + close("S", "cut") +
             sync() + query("SELECT 6"))
    with undisturbed(t, s, *HEALTHY):
        for at in range(len(whole)):
            with s.client(timeout=60) as c:
                c.send(whole[:at])
                c.socket.shutdown(socket.SHUT_WR)
                drain(c.socket)
            if at % 5 == 0:
                with s.client(timeout=60) as c:
                    c.send(whole[:at])
                    select.select([], [], [], 0.002)
                    c.send(whole[at:])
                    t.equal("".join(m.type for m in c.until("Z") + c.until("Z")), "12TDC3ZTDCZ", f"in two pieces, cut at {at}")


def test_text_ends(t):
    """Texts without their end, and with one too many."""
    s = start(t)
    with undisturbed(t, s, *HEALTHY):
        for what in (message("Q", b"SELECT 1\0SELECT 2\0"), message("P", text("a") + text("SELECT 1") + b"\0\1"),
                     message("B", text("") + text("a") + struct.pack("!HHh", 0, 0, -1)), message("E", text("") + b"\0\0"),
                     message("C", b"S"), message("D", b"S"), message("F", b"\0\0"), message("H", b"x"), message("S", b"x" * 100)):
            with s.client(timeout=60) as c, contextlib.suppress(OSError):
                c.send(what, sync())
                c.socket.shutdown(socket.SHUT_WR)
                drain(c.socket)
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "afterwards")
