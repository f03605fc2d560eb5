"""A server that breaks the protocol costs its client an error, and nobody else anything."""
import base64
import struct
import threading
import time
import zlib

import wire
from bystander import undisturbed
from flow import deadline
from impostor import ANSWER, PARAMETERS, READY, WELCOME, Impostor, column, complete, error, parameter, row
from wire import bind, execute, message, parse, query, sync, text

MEGABYTE = 1 << 20

OK = message("R", struct.pack("!I", 0))


def start(t, **settings):
    """(impostor, pgsteer with the database `bad` behind it and `app` behind a real server)"""
    impostor = Impostor(t.run.port())
    line = f"host=127.0.0.1 port={impostor.port} dbname=app user=app password=app-secret"
    s = t.steer({"bad": line, "app": t.cluster.line("app", [t.cluster.primary])}, nodes=False, default_pool_size=1,
                **{"workers": 1, "server_login_retry": 0, "query_wait_timeout": 10, "server_connect_timeout": 5, **settings})
    return impostor, s


# What a server may say in place of AuthenticationOk and all behind it.
LOGINS = {
    "nothing, and closes": lambda i, server: server.close(),
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "random bytes": bytes(range(255, 0, -1)),
    "a length of 0": b"R" + struct.pack("!I", 0),
    "a length of 3": b"R" + struct.pack("!I", 3),
    "a negative length": b"R" + struct.pack("!i", -5),
    "a length of 2^31-1": b"R" + struct.pack("!I", (1 << 31) - 1) + b"\0" * 1000,
    "an authentication message without a kind": message("R"),
    "an unknown kind of authentication": message("R", struct.pack("!I", 99)),
    "Kerberos": message("R", struct.pack("!I", 2)),
    "md5 without its salt": message("R", struct.pack("!I", 5) + b"ab"),
    "SASL with no mechanism": message("R", struct.pack("!I", 10) + b"\0"),
    "SASL with an unknown mechanism": message("R", struct.pack("!I", 10) + text("OAUTHBEARER") + b"\0"),
    "SASL without an end": message("R", struct.pack("!I", 10) + b"SCRAM-SHA-256"),
    "SASLContinue unasked": message("R", struct.pack("!I", 11) + b"r=a,s=YQ==,i=4096"),
    "SASLFinal unasked": message("R", struct.pack("!I", 12) + b"v=YQ=="),
    "ReadyForQuery first": READY,
    "a DataRow": row("x"),
    "CommandComplete": OK + complete(),
    "ready in a transaction": OK + message("Z", b"T"),
    "ready without a state": OK + message("Z"),
    "a parameter without an end": OK + message("S", b"server_version"),
    "a parameter of 300 KB": OK + parameter("server_version", "x" * 300_000),
    "a flood of parameters": OK + b"".join(parameter(f"p{i}", "x" * 1000) for i in range(100_000)),
    "Ok twice": OK + WELCOME,
    "a parameter first": parameter("a", "b") + WELCOME,
    "a key of no bytes": OK + message("K"),
    "a key of two bytes": OK + message("K", b"ab"),
    "a key of 1000 bytes": OK + message("K", b"k" * 1000),
    "an error without fields": message("E", b"\0"),
    "an error without an end": message("E", b"SFATAL"),
    "an error without SQLSTATE": error(S="FATAL", M="no"),
    "an error of 60 KB": error(S="FATAL", C="28P01", M="n" * 60_000),
    "a protocol to negotiate that is cut": message("v", b"\0\0") + row("x"),
    "a protocol to negotiate with 2^31 options": message("v", struct.pack("!II", 3 << 16, 1 << 31)) + row("x"),
}


def scram(first=None, final=None):
    """A server's side of SCRAM that knows no password. `first` is made from the client's nonce."""
    def say(impostor, server):
        server.sendall(message("R", struct.pack("!I", 10) + text("SCRAM-SHA-256") + b"\0"))
        _, body = impostor.message(server)
        nonce = body[body.rindex(b"r=") + 2:]
        server.sendall(message("R", struct.pack("!I", 11) + first(nonce)))
        if final is not None:
            impostor.message(server)
            server.sendall(final)
        while server.recv(1000):
            pass
    return say


SALT = base64.b64encode(b"0123456789abcdef")

SCRAM = {
    "an empty server-first-message": scram(lambda nonce: b""),
    "another nonce": scram(lambda nonce: b"r=other,s=" + SALT + b",i=4096"),
    "the client's nonce alone": scram(lambda nonce: b"r=" + nonce + b",s=" + SALT + b",i=4096"),
    "a nonce of 100 KB": scram(lambda nonce: b"r=" + nonce + b"x" * 100_000 + b",s=" + SALT + b",i=4096"),
    "a nonce of 50 KB": scram(lambda nonce: b"r=" + nonce + b"x" * 50_000 + b",s=" + SALT + b",i=4096"),
    "a salt that is no base64": scram(lambda nonce: b"r=" + nonce + b"x,s=$$$,i=4096"),
    "no salt": scram(lambda nonce: b"r=" + nonce + b"x,s=,i=4096"),
    "a salt of 30 KB": scram(lambda nonce: b"r=" + nonce + b"x,s=" + base64.b64encode(b"s" * 30_000) + b",i=4096"),
    "no iterations": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT),
    "0 iterations": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=0"),
    "2^31 iterations": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=2147483648"),
    "2^20 iterations and a wrong end": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=1048576",
                                             message("R", struct.pack("!I", 12) + b"v=" + SALT)),
    "a wrong signature": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=4096",
                               message("R", struct.pack("!I", 12) + b"v=" + base64.b64encode(b"s" * 32))),
    "an error instead of a signature": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=4096",
                                             message("R", struct.pack("!I", 12) + b"e=other-error")),
    "ready without a signature": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=4096", READY),
    "parameters without a signature": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=4096",
                                            parameter("a", "b") + message("K", b"12345678") + READY),
    "Ok without a signature": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=4096", OK + READY),
    "a clear text password after all": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=4096",
                                             message("R", struct.pack("!I", 3))),
    "a second challenge": scram(lambda nonce: b"r=" + nonce + b"x,s=" + SALT + b",i=4096",
                                message("R", struct.pack("!I", 11) + b"r=a,s=" + SALT + b",i=4096")),
}


@deadline(240)
def test_logins(t):
    impostor, s = start(t, query_wait_timeout=1)
    with undisturbed(t, s):
        for what, welcome in {**LOGINS, **SCRAM}.items():
            t.wait(lambda: impostor.gone == impostor.logins, "the last attempt to be given up")
            impostor.welcome, before = welcome, impostor.logins
            try:
                s.client(database="bad", timeout=20).close()
                t.true(False, f"a login at a server that says: {what}")
            except (wire.ServerError, EOFError, OSError) as e:
                t.true(isinstance(e, wire.ServerError) and e.severity == "FATAL",
                       f"a login at a server that says {what} ends with a FATAL error, got {e!r}")
            t.true(impostor.logins > before, f"the server was asked: {what}")
    impostor.welcome = WELCOME
    with s.client(database="bad", timeout=20) as c:
        t.equal(c.value("SELECT 1"), "fine", "when the server is well again")


# What a server may say to a query in place of its answer.
ANSWERS = {
    "an unknown type": message("?", b"what"),
    "a type of 0": b"\0" + struct.pack("!I", 4),
    "a length of 0": b"T" + struct.pack("!I", 0),
    "a length of 3": b"T" + struct.pack("!I", 3),
    "a negative length": b"D" + struct.pack("!i", -1),
    "a RowDescription of 2^31-1 bytes": b"T" + struct.pack("!I", (1 << 31) - 1),
    "ready without a state": message("Z"),
    "ready in an unknown state": message("Z", b"X"),
    "ready with more than a state": message("Z", b"II"),
    "CommandComplete and ready twice": (complete() + READY) * 2,
    "ParseComplete unasked": message("1") + READY,
    "BindComplete unasked": message("2") + READY,
    "CloseComplete unasked": message("3") + READY,
    "authentication": OK + READY,
    "a cancel key": message("K", b"12345678") + READY,
    "a parameter without an end": message("S", b"TimeZone") + READY,
    "a parameter of 300 KB in a result": column() + row("a") + parameter("TimeZone", "x" * 300_000) + complete() + READY,
    "random bytes": bytes(range(255, 0, -1)) * 4,
    "nothing, and closes": lambda i, server: server.close(),
    "half a message, and closes": lambda i, server: (server.sendall(column()[:9]), server.close()),
    "half a row, and closes": lambda i, server: (server.sendall(column() + row("x" * 60_000)[:50_000]), server.close()),
}


@deadline(240)
def test_answers(t):
    impostor, s = start(t)
    with undisturbed(t, s):
        for what, answer in ANSWERS.items():
            for messages in ([query("SELECT 1")], [parse("", "SELECT 1"), bind(), execute(), sync()]):
                impostor.answer = ANSWER
                with s.client(database="bad", timeout=20) as c:
                    t.equal(c.value("SELECT 1"), "fine", "before")
                    gone = impostor.gone
                    impostor.answer = answer
                    c.send(*messages)
                    got = []
                    try:
                        while True:
                            got.append(c.receive())
                    except (EOFError, OSError):
                        pass
                    codes = [m.fields().get("C") for m in got if m.type == "E"]
                    t.true(codes == ["08P01"] or (codes == [] and "half a row" in what),
                           f"the client of a server that says {what} gets 08P01, got {got}")
                    t.wait(lambda: impostor.gone > gone, f"the server that says {what} to be dropped")


def test_unasked(t):
    """What comes behind ReadyForQuery, or from a server nobody uses, ends that server; no client gets it."""
    impostor, s = start(t)
    with undisturbed(t, s):
        for what in (row("stray"), complete(), READY, column() + row("stray") + complete() + READY, b"\0" * 100, message("1"),
                     message("N", b"SNOTICE\0Mhello\0\0") + row("stray")):
            for late in (False, True):
                def say(i, server):
                    server.sendall(ANSWER if late else ANSWER + what)
                    if late:
                        answered.wait(20)
                        server.sendall(what)
                answered = threading.Event()
                impostor.answer, gone = say, impostor.gone
                with s.client(database="bad", timeout=20) as c, s.client(database="bad", timeout=20) as other:
                    t.equal(c.query("SELECT 1").rows, [["fine"]], "the answer")
                    answered.set()
                    t.wait(lambda: impostor.gone > gone, f"the server to be dropped that says {what[:20]!r} unasked")
                    impostor.answer = ANSWER
                    t.equal(other.query("SELECT 2").rows, [["fine"]], "another client's answer")
                    if late or c.quiet(0):
                        t.equal(c.query("SELECT 2").rows, [["fine"]], "the next answer, of another server")
                    else:
                        t.equal(c.until("E")[-1].fields()["C"], "08P01", "what came with the answer")


def test_what_is_only_odd_passes(t):
    impostor, s = start(t)
    with undisturbed(t, s):
        with s.client(database="bad", timeout=20) as c:
            impostor.answer = error(S="ERROR", M="no code") + READY
            got = c.query("SELECT 1", check=False)
            t.equal((got.errors[0].fields, got.status), ({"S": "ERROR", "M": "no code"}, "I"), "an error without SQLSTATE")
            impostor.answer = message("E", b"\0") + READY
            t.equal(c.query("SELECT 1", check=False).errors[0].fields, {}, "an error without fields")
            impostor.answer = message("A", struct.pack("!I", 7) + text("channel") + text("payload")) + ANSWER
            t.equal("".join(m.type for m in c.query("SELECT 1").messages), "ATDCZ", "a notification")
            impostor.answer = b"".join(parameter("TimeZone", f"zone{i}") for i in range(20_000)) + ANSWER
            t.equal(c.query("SELECT 1").rows, [["fine"]], "a flood of parameters")
            impostor.answer = ANSWER
            t.equal(c.query("SELECT 1").rows, [["fine"]], "afterwards")


@deadline(120)
def test_an_answer_without_an_end(t):
    impostor, s = start(t)
    sent = [0]

    def forever(i, server):
        server.sendall(column())
        rows = row("x" * 900) * 1000
        while True:
            server.sendall(rows)
            sent[0] += len(rows)
    with undisturbed(t, s):
        for what, answer in (("rows", forever), ("one row", lambda i, server: (
                server.sendall(column() + b"D" + struct.pack("!I", (1 << 30) - 100)), forever(i, server)))):
            impostor.answer = answer
            before, sent[0] = s.memory(), 0
            c = s.client(database="bad", timeout=20)
            c.send(query("SELECT 1"))
            count = 0
            while count < 100 * MEGABYTE:
                count += len(c.socket.recv(MEGABYTE))
            t.memory_within(s.memory() - before, 16 * 1024, f"memory grown while {what} without an end are read")
            t.equal(t.wait(lambda: (n := sent[0], time.sleep(0.3)) and n == sent[0] and "it waits", "nobody to read any more"),
                    "it waits", "the server")
            t.memory_within(s.memory() - before, 16 * 1024, f"memory grown while {what} without an end are not read")
            gone = impostor.gone
            c.socket.close()
            t.wait(lambda: impostor.gone > gone, "the server to be dropped when its client leaves")


@deadline(240)
def test_a_row_of_a_gigabyte(t):
    """It passes whole, in little memory, and others are served beside it."""
    impostor, s = start(t)
    size = (1 << 30) - 16
    head, end = column() + b"D" + struct.pack("!IHI", 4 + 2 + 4 + size, 1, size), complete() + READY
    portion = bytes(range(256)) * (MEGABYTE // 256)

    def portions():
        yield head
        for at in range(0, size, MEGABYTE):
            yield portion[:min(MEGABYTE, size - at)]
        yield end

    def large(i, server):
        for part in portions():
            server.sendall(part)
    expected = 0
    for part in portions():
        expected = zlib.crc32(part, expected)
    with undisturbed(t, s):
        impostor.answer, before, most = large, s.memory(), 0
        with s.client(database="bad", timeout=60) as c:
            c.send(query("SELECT 1"))
            left, got, turn = len(head) + size + len(end), 0, 0
            while left > 0 and (more := c.socket.recv(min(left, MEGABYTE))):
                left, got, turn = left - len(more), zlib.crc32(more, got), turn + 1
                if turn % 500 == 0:
                    most = max(most, s.memory())
            t.equal((left, got), (0, expected), "what is missing of the row, and its checksum")
            t.memory_within(most - before, 16 * 1024, "memory grown by a large row")
            impostor.answer = ANSWER
            t.equal(c.query("SELECT 2").rows, [["fine"]], "afterwards")


def test_unsolicited_parameters_are_bounded(t):
    """A rogue server that sends parameters all the time to an idle connection."""
    impostor, s = start(t)

    def flood(i, server):
        server.sendall(ANSWER)
        n = 0
        while True:
            server.sendall(b"".join(parameter(f"name{n + k}", "v" * 500) for k in range(200)))
            n += 200
            if n > 400_000:
                return
    with undisturbed(t, s):
        impostor.answer, before = flood, s.memory()
        with s.client(database="bad", timeout=20) as c:
            t.equal(c.value("SELECT 1"), "fine", "its answer")
            t.wait(lambda: impostor.gone, "the server to be dropped")
            t.memory_within(s.memory() - before, 16 * 1024, "memory grown by parameters")
