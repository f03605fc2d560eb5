"""web: a caller over HTTP: one request on a connection of its own, or bytes as they are."""
import http.client
import json
import re
import socket


class Reply:
    """An answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


def get(port, path, method="GET", host="127.0.0.1", seconds=20, **headers):
    """Keywords are headers, with _ for -."""
    c = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        c.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        r = c.getresponse()
        return Reply(r.status, r.headers, r.read())
    finally:
        c.close()


def raw(port, data, seconds=20, close=False):
    """Sends bytes, and returns all that comes until the other side hangs up. `close`: says that no more will come."""
    with socket.create_connection(("127.0.0.1", port), seconds) as s:
        s.sendall(data)
        if close:
            s.shutdown(socket.SHUT_WR)
        got = b""
        while True:
            try:
                part = s.recv(65536)
            except ConnectionResetError:
                return got
            if not part:
                return got
            got += part


SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def metrics(text):
    """{(name, ((label, value), ...)): number} of Prometheus' text format; raises ValueError where it is none."""
    found, kinds = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name in kinds:
                raise ValueError(f"{name} has two types")
            kinds[name] = kind
        if line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        name = re.sub("_(bucket|sum|count)$", "", match[1]) if match else ""
        if not match or (match[1] not in kinds and kinds.get(name) != "histogram"):
            raise ValueError(f"no sample: {line!r}")
        labels = tuple(LABEL.findall(match[2] or ""))
        if LABEL.sub("", match[2] or ""):
            raise ValueError(f"no labels: {line!r}")
        if (match[1], labels) in found:
            raise ValueError(f"twice: {line!r}")
        found[match[1], labels] = float(match[3])
    return found
