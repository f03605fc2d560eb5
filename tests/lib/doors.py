"""doors: addresses of their own for one and the same server, and clients that make pgsteer connect through
them."""
import select
import socket
import threading


class Door:
    """An address of its own for a server: a listener that passes everything through."""

    def __init__(self, address, port, to):
        self.address, self.port, self.to = address, port, to
        self.pairs, self.count, self.listener = [], 0, None
        self.open()

    def open(self):
        self.listener = socket.create_server((self.address, self.port), reuse_port=False)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            self.count += 1
            self.pairs.append((client, server))
            threading.Thread(target=self._pass, args=(client, server), daemon=True).start()

    @staticmethod
    def _pass(client, server):
        other = {client: server, server: client}
        try:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        raise OSError
                    other[ready].sendall(data)
        except (OSError, ValueError):
            for s in other:
                s.close()

    def close(self):
        """Nobody gets in any more, and who is in is thrown out."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for pair in self.pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def doors(t, *addresses):
    port = t.run.port()
    return port, [Door(address, port, t.cluster.primary.port) for address in addresses]


def holding(s, count, **more):
    """Clients that have begun a transaction, so that each has a server of its own."""
    clients = [s.client(**more) for _ in range(count)]
    for c in clients:
        c.query("BEGIN")
    return clients


def leave(clients):
    for c in clients:
        c.close()


def quietly(s, database, seconds=1):
    try:
        s.client(database=database, timeout=seconds)
    except Exception:
        pass
