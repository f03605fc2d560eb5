"""nameserver: a DNS server of a test's own."""
import collections
import os
import socket
import struct
import threading


class NameServer:
    """Knows the IPv4 addresses of names = {"db.example": ["127.0.0.2"]}, the names of addresses, hosts =
    {"127.0.0.2": "db.example"}, and the serials of zones, serials = {"example": 1}; nothing else exists. What is in
    `silent` is not answered. `asked` counts questions by what they were about; `file` is a resolv.conf."""
    A, SOA, PTR = 1, 6, 12

    def __init__(self, run):
        self.names, self.hosts, self.serials, self.silent = {}, {}, {}, set()
        self.asked = collections.Counter()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.file = run.write(os.path.join(run.mkdir("dns"), "resolv.conf"),
                              f"nameserver 127.0.0.1:{self.socket.getsockname()[1]}\n")
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, peer = self.socket.recvfrom(512)
            except OSError:
                return
            answer = self._answer(question)
            if answer is not None:
                self.socket.sendto(answer, peer)

    def _answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode().lower())
            at += question[at] + 1
        name, kind = ".".join(labels), struct.unpack_from(">H", question, at + 1)[0]
        if kind == self.PTR:
            name = ".".join(reversed(labels[:4]))
        self.asked[name] += kind in (self.A, self.SOA, self.PTR)
        if name in self.silent:
            return None
        answers = self._records(name, kind)
        head = struct.pack(">HHHHHH", struct.unpack_from(">H", question)[0],
                           0x8180 if name in self.names or answers else 0x8183, 1, len(answers), 0, 0)
        return head + question[12:at + 5] + b"".join(
            struct.pack(">HHHIH", 0xc00c, kind, 1, 3600, len(data)) + data for data in answers)

    def _records(self, name, kind):
        if kind == self.A:
            return [socket.inet_aton(a) for a in self.names.get(name, [])]
        if kind == self.SOA and name in self.serials:
            return [struct.pack(">HHIIIII", 0xc00c, 0xc00c, self.serials[name], 60, 60, 60, 60)]
        if kind == self.PTR and name in self.hosts:
            return [b"".join(bytes([len(label)]) + label.encode() for label in self.hosts[name].split(".")) + b"\0"]
        return []

    def close(self):
        self.socket.close()
