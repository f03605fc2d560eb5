"""impostor: a server that speaks the protocol as a test tells it to. It logs everybody in with trust and answers
every query with one row; a test replaces the bytes of either, for all who come or ask from then on."""
import socket
import struct
import threading

from wire import CANCEL_CODE, GSS_CODE, SSL_CODE, message, text

PARAMETERS = {"server_version": "15.0", "client_encoding": "UTF8", "DateStyle": "ISO, MDY", "TimeZone": "UTC",
              "standard_conforming_strings": "on", "integer_datetimes": "on", "server_encoding": "UTF8"}

READY = message("Z", b"I")


def parameter(name, value):
    return message("S", text(name) + text(value))


def column(*names):
    """RowDescription of texts that are no table's."""
    names = names or ("a",)
    return message("T", struct.pack("!H", len(names)) +
                   b"".join(text(name) + struct.pack("!IHIhiH", 0, 0, 25, -1, -1, 0) for name in names))


def row(*values):
    raws = [value.encode() for value in values]
    return message("D", struct.pack("!H", len(raws)) + b"".join(struct.pack("!i", len(raw)) + raw for raw in raws))


def complete(tag="SELECT 1"):
    return message("C", text(tag))


def error(**fields):
    return message("E", b"".join(k.encode() + text(v) for k, v in fields.items()) + b"\0")


ANSWER = column() + row("fine") + complete() + READY
WELCOME = (message("R", struct.pack("!I", 0)) + b"".join(parameter(*p) for p in PARAMETERS.items()) +
           message("K", struct.pack("!II", 1, 2)) + READY)


class Impostor:
    """`welcome` and `answer`: bytes, or a function that is given this and the socket and sends them itself; what
    it returns is ignored. `asked` are the messages got since the last one that was answered."""

    def __init__(self, port):
        self.port, self.welcome, self.answer = port, WELCOME, ANSWER
        self.logins = self.gone = 0
        self.listener = socket.create_server(("127.0.0.1", port), backlog=256)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            server, _ = self.listener.accept()
            threading.Thread(target=self._serve, args=(server,), daemon=True).start()

    @staticmethod
    def read(server, size):
        data = b""
        while len(data) < size:
            more = server.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def message(self, server):
        """The next message: (type, body)."""
        head = self.read(server, 5)
        return chr(head[0]), self.read(server, struct.unpack("!I", head[1:])[0] - 4)

    def _say(self, server, what):
        if callable(what):
            what(self, server)
        else:
            server.sendall(what)

    def _serve(self, server):
        try:
            while True:
                size, code = struct.unpack("!II", self.read(server, 8))
                self.read(server, size - 8)
                if code == CANCEL_CODE:
                    return
                if code not in (SSL_CODE, GSS_CODE):
                    break
                server.sendall(b"N")
            self.logins += 1
            self._say(server, self.welcome)
            while True:
                kind, _ = self.message(server)
                if kind in "QS":
                    self._say(server, self.answer)
                elif kind == "X":
                    return
        except (OSError, EOFError):
            pass
        finally:
            self.gone += 1
            server.close()
