"""How reads are spread over standbys: shares, places, and a return that begins slowly."""
from wire import query

CLIENTS = 12
# Long enough that what else the machine does is no matter.
SLOW_PORT = "SELECT inet_server_port(), pg_sleep(0.1)"


def spread(s, database, rounds=6):
    """How many reads each port served, while all clients always have one under way."""
    seen = {}
    clients = [s.client(database=database) for _ in range(CLIENTS)]
    for c in clients:
        c.send(query(SLOW_PORT))
    for number in range(rounds * CLIENTS):
        c = clients[number % CLIENTS]
        port = int(c.result().rows[0][0])
        seen[port] = seen.get(port, 0) + 1
        if number < (rounds - 1) * CLIENTS:
            c.send(query(SLOW_PORT))
    for c in clients:
        c.close()
    return seen


def share(seen, node):
    return 100 * seen.get(node.port, 0) // sum(seen.values())


def one_each(nodes, of):
    return ",".join(str(of(node)) for node in nodes)


def test_shares_and_places(t):
    nodes = t.cluster.nodes
    first, second = t.cluster.standbys
    weights = one_each(nodes, lambda node: 9 if node is first else 1)
    zones = one_each(nodes, lambda node: "here" if node is second else "there")
    s = t.steer({"app": t.cluster.line("app"), "weighted": t.cluster.line("app", weight=weights),
                 "placed": t.cluster.line("app", zone=zones), "alone": t.cluster.line("app", zone="elsewhere")},
                zone="here")
    for database, low, high in (("weighted", 75, 99), ("placed", 0, 0), ("alone", 30, 70), ("app", 30, 70)):
        spread(s, database, 2)  # what it costs to connect is no matter
        seen = spread(s, database)
        t.equal(set(seen) <= {first.port, second.port}, True, f"{database}: only standbys serve")
        t.within(share(seen, first), low, high, f"{database}: percent of the reads on the first standby: {seen}")


def test_a_return_begins_slowly(t):
    first, second = t.cluster.standbys
    s = t.steer(max_standby_lag=0.5, health_check_successes=1, slow_start=600)

    def ejected():
        with t.cluster.primary.connect("app", user="app") as c:
            c.query("SELECT txid_current()")
        return s.node(first.port)["state"] == "ejected"

    def return_of_first():
        first.query("SELECT pg_wal_replay_pause()")
        try:
            t.wait(ejected, "the standby that does not replay to be ejected")
        finally:
            first.query("SELECT pg_wal_replay_resume()")
        t.wait(lambda: s.node(first.port)["state"] == "up", "it to be back")
    spread(s, "app", 2)
    return_of_first()
    spread(s, "app", 2)
    seen = spread(s, "app")
    t.within(share(seen, first), 1, 25, f"percent of the reads on the one that has just come back: {seen}")
    s.admin("SET slow_start = 0")
    seen = spread(s, "app")
    t.within(share(seen, first), 30, 70, f"percent of the reads on it without a slow start: {seen}")
