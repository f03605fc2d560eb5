"""Peers that do TLS badly on purpose, beside a client that must not notice."""
import random
import socket
import ssl
import struct
import subprocess
import threading
import time

import wire
from bystander import undisturbed
from certs import certificates, openssl, own
from run import SLOW, wait_for


def hello(context=None):
    """The first bytes of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = context or wire.trusting()
    context.set_alpn_protocols(["postgresql"])
    handshake = context.wrap_bio(incoming, outgoing)
    try:
        handshake.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def asked(s):
    """A socket whose SSLRequest has been answered."""
    raw = socket.create_connection(("127.0.0.1", s.port), 20)
    raw.sendall(wire.SSL_REQUEST)
    assert raw.recv(1) == b"S"
    return raw


def direct(s):
    return socket.create_connection(("127.0.0.1", s.port), 20)


def drain(raw):
    """Reads to the end, which must come."""
    raw.settimeout(20)
    try:
        while raw.recv(65536):
            pass
    except ConnectionResetError:
        pass


def start(t, **settings):
    d = certificates(t)
    return t.steer(nodes=False, **own(d, client_tls_sslmode="allow", **settings))


def test_versions(t):
    """openssl's own client, with every version there is."""
    s = start(t)
    for version, good in (("tls1", False), ("tls1_1", False), ("tls1_2", True), ("tls1_3", True)):
        for how in (["-starttls", "postgres"], ["-alpn", "postgresql"]):
            done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", f"-{version}",
                                   "-cipher", "ALL:@SECLEVEL=0", *how], input=b"", capture_output=True, timeout=30)
            t.equal(b"-----BEGIN CERTIFICATE" in done.stdout, good, f"{version} {how[0]}")
    for curve in ("X25519", "P-256", "P-384"):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", "-starttls", "postgres",
                               "-curves", curve], input=b"", capture_output=True, timeout=30)
        t.contains(done.stdout, b"-----BEGIN CERTIFICATE", f"a handshake with {curve}")


def test_sessions(t):
    """A client goes on with its session: the same one twice, and another process's not at all."""
    s = start(t)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = wire.trusting(maximum_version=version)
        resumed, session = [], None
        for _ in range(3):
            raw = asked(s)
            with context.wrap_socket(raw, session=session) as c:
                c.sendall(wire.startup({"user": "app", "database": "single"}))
                c.recv(1)
                resumed.append(c.session_reused)
                session = c.session
        t.equal(resumed, [False, True, True], f"sessions gone on with, {version.name}")
    s.admin("RELOAD")
    with context.wrap_socket(asked(s), session=session) as c:
        t.equal(c.session_reused, True, "the session survives it")


GARBAGE = {
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "SSL 2": bytes.fromhex("802e010002001500000010") + bytes(40),
    "SSL 3": bytes.fromhex("16030000310100002d0300") + bytes(44),
    "a record that is too long": b"\x16\x03\x01\xff\xff" + b"x" * 70000,
    "an empty record": b"\x16\x03\x01\0\0" * 200,
    "a handshake of 16 MB": b"\x16\x03\x01\x40\0\x01\xff\xff\xff" + b"x" * 70000,
    "application data": b"\x17\x03\x03\0\x10" + b"x" * 16,
    "an alert": b"\x15\x03\x01\0\x02\x02\x28",
    "warnings": b"\x15\x03\x01\0\x02\x01\x5a" * 1000,
    "cipher changes": b"\x14\x03\x03\0\x01\x01" * 1000,
    "zeroes": bytes(5000),
    "one byte of a record": b"\x16",
}


def test_garbage(t):
    s = start(t, client_login_timeout=3)
    with undisturbed(t, s, database="single"):
        for name, first in GARBAGE.items():
            for connect in (asked, direct):
                if connect is direct and first[:1] != b"\x16":
                    continue  # not taken for TLS at all: the protocol's own tests
                with connect(s) as raw:
                    try:
                        raw.sendall(first)
                    except ConnectionError:
                        pass
                    drain(raw)  # at the latest after client_login_timeout
        whole = hello()
        rng = random.Random(17)
        for _ in range(100 // SLOW):
            broken = bytearray(whole)
            for _ in range(rng.randrange(1, 8)):
                broken[rng.randrange(len(broken))] = rng.randrange(256)
            with asked(s) as raw:
                raw.sendall(broken)
                raw.shutdown(socket.SHUT_WR)
                drain(raw)


GSSENC_REQUEST = struct.pack("!II", 8, 80877104)


def test_requests(t):
    """What may stand in front of a handshake, what may not, and a name that is nobody's."""
    s = start(t)
    packet = wire.startup({"user": "app", "database": "single"})
    for request, behind in ((wire.SSL_REQUEST, packet), (wire.SSL_REQUEST, hello()), (GSSENC_REQUEST, packet),
                            (GSSENC_REQUEST, wire.SSL_REQUEST)):
        with direct(s) as raw:
            raw.sendall(request + behind)
            t.true(raw.recv(4096)[:1] in (b"E", b""), f"{behind[:8]!r} behind {request!r} is not taken for the next")
    with direct(s) as raw:  # GSS first, as libpq with gssencmode=prefer
        raw.sendall(GSSENC_REQUEST)
        t.equal(raw.recv(10), b"N", "the answer to GSSENCRequest")
        raw.sendall(wire.SSL_REQUEST)
        t.equal(raw.recv(10), b"S", "the answer to SSLRequest after it")
        context = wire.trusting()
        with context.wrap_socket(raw, server_hostname="nobody.example") as c:
            c.sendall(packet)
            t.equal(c.recv(1), b"R", "a client that calls us by a name we have no certificate for, and minds not")
    for connect in (asked, direct):
        for request, answers in ((wire.SSL_REQUEST, (b"E", b"")), (GSSENC_REQUEST, (b"N", b"E", b""))):
            context = wire.trusting()
            context.set_alpn_protocols(["postgresql"])
            with connect(s) as raw, context.wrap_socket(raw) as c:
                c.sendall(request)
                t.true(c.recv(4096)[:1] in answers, f"nothing is begun by {request!r} within TLS")
    with s.client(database="single") as healthy:
        t.equal(healthy.query("SELECT 1").rows, [["1"]], "a healthy client after all that")


def test_server_that_speaks_too_soon(t):
    """Bytes in clear text behind a server's S are part of the handshake, which they break, and never of a session."""
    heard, answer = [], [b"S" + b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"]
    listener = socket.create_server(("127.0.0.1", 0))

    def play():
        while True:
            try:
                raw = listener.accept()[0]
            except OSError:
                return
            with raw:
                heard.append(raw.recv(4096))
                raw.sendall(answer[0])
                drain(raw)
    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    for mode in ("prefer", "require"):
        s = t.steer({"single": f"host=127.0.0.1 port={port} dbname=app sslmode={mode}"}, nodes=False, query_wait_timeout=1, server_login_retry=0)
        t.error(None, lambda s=s: s.client(database="single"), f"a login through it, {mode}")
        s.wait_log("TLS handshake failed")
        answer[0] = wire.message("E", b"SFATAL\0C28000\0Mplanted\0\0")  # by whom is not known yet
        e = t.error(None, lambda s=s: s.client(database="single"), f"a login at one that answers with an error, {mode}")
        s.wait_log("bad sslreq answer")
        t.true("planted" not in e.message + s.log_text(), f"nobody is told what it said: {e}")
        answer[0] = b"S" + b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"
    t.equal(set(heard), {wire.SSL_REQUEST}, "what it ever heard in clear text")
    listener.close()


def test_renegotiation(t):
    """A client of TLS 1.2 asks for another handshake, which costs a server more than a client: it is refused."""
    s = start(t)
    with undisturbed(t, s, database="single"):
        for how in (["-starttls", "postgres"], ["-alpn", "postgresql"]):
            client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", "-tls1_2", *how],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            said = b""
            while b"Verify return code" not in said:  # the end of the first handshake
                more = client.stdout.readline()
                t.true(more, f"a handshake of openssl's, which says {said!r}")
                said += more
            said = client.communicate(b"R\n", 30)[0]
            t.contains(said, b"RENEGOTIATING", "what openssl's client does")
            t.contains(said, b"no renegotiation", "the answer it has")


def test_ends(t):
    """A connection that ends, in one way or the other, after every part of its handshake and of its login."""
    s = start(t)
    whole = hello()
    with undisturbed(t, s, database="single"):
        for connect in (asked, direct):
            for cut in (0, 1, 4, 5, 6, 9, 50, len(whole) - 1, len(whole)):
                for rude in (False, True):
                    raw = connect(s)
                    raw.sendall(whole[:cut])
                    if rude:
                        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    raw.close()
        packet = wire.startup({"user": "app", "database": "single"})
        for cut in (0, 1, 8, len(packet)):
            for polite in (False, True):
                c = wire.trusting().wrap_socket(asked(s))
                c.sendall(packet[:cut])
                if polite:
                    c.settimeout(20)
                    try:
                        c.unwrap()
                    except (OSError, ssl.SSLError):
                        pass
                c.close()
    wait_for(lambda: s.show("CLIENTS")[1:] == [], "all of them to be gone")


def test_half_handshakes(t):
    """Who does not finish is sent away by client_login_timeout, and meanwhile costs a connection only."""
    s = start(t, client_login_timeout=2)
    whole = hello()
    with undisturbed(t, s, database="single"):
        waiting = []
        for connect in (asked, direct):
            for cut in (5, 100, len(whole)):
                raw = connect(s)
                raw.sendall(whole[:cut])
                waiting.append(raw)
        began = time.monotonic()
        for raw in waiting:
            drain(raw)
            raw.close()
        t.within(time.monotonic() - began, 1, 10 * SLOW, "seconds until they were sent away")
    s.wait_log("client_login_timeout")


def test_many_handshakes_at_once(t):
    """200 handshakes arrive in one moment: they take long together, and a client that works notices little."""
    d = certificates(t)
    openssl("req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout",
            f"{d}/host.key", "-out", f"{d}/host.crt")
    for name in ("key", "crt"):
        t.run.give(f"{d}/host.{name}")
    s = t.steer(nodes=False, workers=1, **own(d, client_tls_sslmode="allow"))
    whole = hello()
    for connect in (asked, direct):
        waiting = [connect(s) for _ in range(200 // SLOW)]
        with s.client(database="single") as healthy:
            healthy.query("SELECT 1")
            for raw in waiting:
                raw.setblocking(False)
                raw.sendall(whole)
            began, longest, left = time.monotonic(), 0, list(waiting)
            while left:
                before = time.monotonic()
                healthy.query("SELECT 1")
                longest = max(longest, time.monotonic() - before)
                left = [raw for raw in left if not answered(raw)]
                t.true(time.monotonic() - began < 60, f"all are answered, {len(left)} are not")
            total = time.monotonic() - began
        for raw in waiting:
            raw.close()
        t.within(longest, 0, max(total / 4, 0.1 * SLOW), f"seconds of the longest query, of {total:.2f}")


def answered(raw):
    try:
        return raw.recv(65536, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return False
