"""wire: a PostgreSQL client that shows every message, for tests of the protocol itself. Standard library only.

    c = Client(port, user="app", database="app")
    c.query("SELECT 1").rows            -> [["1"]]
    c.send(parse("s", "SELECT $1"), bind("", "s", ["7"]), execute(), sync())
    c.until("Z")                        -> [Message('1', b''), ...]
"""
import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
import time

PROTOCOL_3_0, PROTOCOL_3_2 = 3 << 16, 3 << 16 | 2
CANCEL_CODE, SSL_CODE, GSS_CODE = 80877102, 80877103, 80877104


class Message:
    """One message of the server: its letter and its body."""

    __slots__ = ("type", "body")

    def __init__(self, type_, body):
        self.type, self.body = type_, body

    def __repr__(self):
        if self.type in "EN":
            return f"{self.type}{self.fields()}"
        return f"{self.type}({self.body[:60]!r}{'...' if len(self.body) > 60 else ''})"

    def fields(self):
        """ErrorResponse and NoticeResponse: {letter: text}."""
        parts = self.body.rstrip(b"\0").split(b"\0")
        return {chr(part[0]): part[1:].decode("utf-8", "replace") for part in parts if part}

    def row(self):
        """DataRow: list of text or None."""
        values, at = [], 2
        for _ in range(struct.unpack_from("!H", self.body)[0]):
            size = struct.unpack_from("!i", self.body, at)[0]
            at += 4
            values.append(None if size < 0 else self.body[at:at + size].decode("utf-8", "replace"))
            at += max(size, 0)
        return values

    def columns(self):
        """RowDescription: [(name, type oid)]."""
        found, at = [], 2
        for _ in range(struct.unpack_from("!H", self.body)[0]):
            end = self.body.index(b"\0", at)
            found.append((self.body[at:end].decode(), struct.unpack_from("!I", self.body, end + 7)[0]))
            at = end + 19
        return found

    def text(self):
        return self.body.rstrip(b"\0").decode("utf-8", "replace")


class ServerError(RuntimeError):
    """An ErrorResponse."""

    def __init__(self, message):
        self.fields = message.fields()
        self.severity, self.sqlstate = self.fields.get("S", "?"), self.fields.get("C", "?????")
        self.message = self.fields.get("M", "")
        super().__init__(f"{self.severity} {self.sqlstate}: {self.message}")


class Result:
    """What one Query, or one segment, brought."""

    def __init__(self, messages):
        self.messages = messages
        self.rows = [m.row() for m in messages if m.type == "D"]
        described = [m for m in messages if m.type == "T"]
        self.columns = [name for name, _ in described[-1].columns()] if described else []
        self.tags = [m.text() for m in messages if m.type == "C"]
        self.errors = [ServerError(m) for m in messages if m.type == "E"]
        self.notices = [m.fields() for m in messages if m.type == "N"]
        self.status = messages[-1].body.decode() if messages and messages[-1].type == "Z" else None

    def dicts(self):
        return [dict(zip(self.columns, row)) for row in self.rows]


# ---- building messages -----------------------------------------------------------------------------------


def message(type_, body=b""):
    return type_.encode() + struct.pack("!I", len(body) + 4) + body


def text(value):
    return value.encode() + b"\0"


def query(sql):
    return message("Q", text(sql))


def parse(name, sql, types=()):
    return message("P", text(name) + text(sql) + struct.pack(f"!H{len(types)}I", len(types), *types))


def bind(portal="", statement="", values=(), result_format=0):
    body = text(portal) + text(statement) + struct.pack("!HH", 0, len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            raw = value if isinstance(value, bytes) else str(value).encode()
            body += struct.pack("!i", len(raw)) + raw
    return message("B", body + struct.pack("!HH", 1, result_format))


def describe(kind="S", name=""):
    return message("D", kind.encode() + text(name))


def execute(portal="", limit=0):
    return message("E", text(portal) + struct.pack("!I", limit))


def close(kind="S", name=""):
    return message("C", kind.encode() + text(name))


def sync():
    return message("S")


def flush():
    return message("H")


SSL_REQUEST = struct.pack("!II", 8, SSL_CODE)


def trusting(**attributes):
    """A context that takes any server's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in attributes.items():
        setattr(context, name, value)
    return context


def startup(parameters, version=PROTOCOL_3_0):
    body = struct.pack("!I", version)
    for name, value in parameters.items():
        body += text(name) + text(value)
    body += b"\0"
    return struct.pack("!I", len(body) + 4) + body


def cancel_request(pid, secret):
    return struct.pack("!III", 12 + len(secret), CANCEL_CODE, pid) + secret


# ---- the client ------------------------------------------------------------------------------------------


class Client:
    """A connection. `login=False` leaves it before the startup packet; `source`: the address it comes from;
    `first`: bytes in front of everything else; `tls`: an ssl.SSLContext to ask for TLS with."""

    def __init__(self, port, user="app", database="app", password=None, host="127.0.0.1", timeout=60,
                 login=True, version=PROTOCOL_3_0, source=None, first=b"", tls=None, **parameters):
        self.user, self.database, self.password = user, database, password
        self.buffer = bytearray()
        self.start = 0
        self.parameters, self.notices = {}, []
        self.pid = self.secret = self.login_messages = None
        if host[0] in "/@":  # the directory of a Unix socket, perhaps abstract
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(f"{host}/.s.PGSQL.{port}".replace("@", "\0", 1))
        else:
            self.socket = socket.create_connection((host, port), timeout, (source, 0) if source else None)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(first)
        if tls:
            self.start_tls(tls)
        if login:
            self.login(version, parameters)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def send(self, *messages):
        self.socket.sendall(b"".join(messages))

    def start_tls(self, context):
        self.send(SSL_REQUEST)
        if self.socket.recv(1) != b"S":
            raise ConnectionError("the server has no TLS")
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def read(self, size):
        """Exactly `size` bytes. EOFError when the connection ends before."""
        while len(self.buffer) - self.start < size:
            if self.start > 1 << 20 or self.start == len(self.buffer):
                del self.buffer[:self.start]
                self.start = 0
            more = self.socket.recv(max(65536, min(size, 1 << 20)))
            if not more:
                raise EOFError("connection closed by the server")
            self.buffer += more
        data = bytes(self.buffer[self.start:self.start + size])
        self.start += size
        return data

    def receive(self):
        head = self.read(5)
        got = Message(chr(head[0]), self.read(struct.unpack("!I", head[1:])[0] - 4))
        if got.type == "S":
            name, value = got.body.split(b"\0")[:2]
            self.parameters[name.decode()] = value.decode()
        return got

    def until(self, types="Z"):
        """Messages up to and with the first one whose letter is in `types`."""
        got = []
        while True:
            got.append(self.receive())
            if got[-1].type in types:
                return got

    def quiet(self, seconds=0.2):
        """True when the server sends nothing for so long."""
        if len(self.buffer) > self.start:
            return False
        old = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            more = self.socket.recv(65536)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(old)
        self.buffer += more
        return False

    def unread(self):
        """What has arrived and was not yet read."""
        return bytes(self.buffer[self.start:])

    def at_end(self, seconds=30):
        """Whether the server closes the connection in time; what it still sends is thrown away."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                self.socket.settimeout(max(0.01, deadline - time.monotonic()))
                if not self.socket.recv(65536):
                    return True
        except TimeoutError:
            return False
        except OSError:
            return True
        return False

    def login(self, version=PROTOCOL_3_0, parameters=None):
        named = {"user": self.user, "database": self.database, **(parameters or {})}
        self.send(startup({k: v for k, v in named.items() if v is not None}, version))
        self.finish_login()

    def finish_login(self):
        self.login_messages = []
        while True:
            got = self.receive()
            self.login_messages.append(got)
            if got.type == "R":
                self._authenticate(got.body)
            elif got.type == "E":
                raise ServerError(got)
            elif got.type == "K":
                self.pid, self.secret = struct.unpack_from("!I", got.body)[0], got.body[4:]
            elif got.type == "Z":
                return

    def _authenticate(self, body):
        kind = struct.unpack_from("!I", body)[0]
        if kind == 0 or kind == 12:
            return
        if self.password is None:
            raise RuntimeError(f"the server asks for a password (method {kind}) and there is none")
        if kind == 3:
            self.send(message("p", text(self.password)))
        elif kind == 5:
            inner = hashlib.md5((self.password + self.user).encode()).hexdigest()
            self.send(message("p", text("md5" + hashlib.md5(inner.encode() + body[4:8]).hexdigest())))
        elif kind == 10:
            self.nonce = base64.b64encode(os.urandom(18)).decode()
            first = f"n,,n=,r={self.nonce}".encode()
            self.send(message("p", text("SCRAM-SHA-256") + struct.pack("!I", len(first)) + first))
        elif kind == 11:
            self._scram_final(body[4:].decode())

    def _scram_final(self, server_first):
        fields = dict(part.split("=", 1) for part in server_first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(fields["s"]),
                                     int(fields["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = f"c=biws,r={fields['r']}"
        auth = f"n=,r={self.nonce},{server_first},{without_proof}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), auth, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature))
        self.send(message("p", f"{without_proof},p={base64.b64encode(proof).decode()}".encode()))

    def query(self, sql, check=True):
        """Runs a Query. With check, an error is an exception (after ReadyForQuery has been read)."""
        self.send(query(sql))
        return self.result(check)

    def segment(self, *messages, check=True):
        """Sends messages and a Sync, and reads up to ReadyForQuery."""
        self.send(*messages, sync())
        return self.result(check)

    def extended(self, sql, values=(), check=True):
        """Parse, Bind, Describe, Execute, Sync of the unnamed statement."""
        return self.segment(parse("", sql), bind("", "", values), describe("P"), execute(), check=check)

    def result(self, check=True):
        got = Result(self.until("Z"))
        if check and got.errors:
            raise got.errors[0]
        return got

    def value(self, sql):
        """First column of the first row."""
        return self.query(sql).rows[0][0]

    def cancel(self):
        """Sends a CancelRequest for this connection, and waits until it has been taken."""
        with socket.create_connection(self.socket.getpeername()[:2], 30) as other:
            other.sendall(cancel_request(self.pid, self.secret))
            try:
                while other.recv(1024):
                    pass
            except ConnectionResetError:
                pass

    def close(self):
        try:
            self.socket.sendall(message("X"))
        except OSError:
            pass
        self.socket.close()
