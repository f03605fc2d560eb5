"""workloads: what is done to the peers. Each row is measured in rounds, all of its peers in turn in every round."""
import resource
from dataclasses import dataclass, field

ALL = ("pgbouncer", "pgsteer", "routed", "relay", "haproxy", "pgpool", "direct")
POOLERS = ("pgbouncer", "pgsteer", "relay")
COUNTS = (1, 16, 64, 256, 1000)
MODES = ("simple", "extended", "prepared")

BULK = "SELECT repeat('x', 92) FROM generate_series(1, 300000)"
HEAVY = "SELECT sum(abalance) FROM pgbench_accounts WHERE aid BETWEEN 10000 AND 20000"

FILES_RESERVED = 2500  # beside those of the idle: 1,000 clients and their servers, and some


def most_idle():
    """50,000, or what the limit of open files leaves."""
    return min(50000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - FILES_RESERVED) // 100 * 100)


@dataclass
class Workload:
    group: str
    name: str
    backend: str                # real or null: peers.House has both
    peers: tuple
    options: dict = field(default_factory=dict)  # of load.c
    pgbench: tuple = ()         # arguments; then pgbench is the client
    login: str = "trust"
    variant: str = ""           # of peers.VARIANTS
    unit: str = "query"         # what CPU time is counted for: query, GB
    seconds: float = 1.0        # of a slice, as a multiple of the ordinary
    rounds_max: int = 99
    fresh: bool = False         # each slice gets a peer just started, whose memory shows only what this load took
    wide: bool = False          # the clients may use all processors

    @property
    def clients(self):
        return self.options.get("clients", 1)


def load(group, name, backend, peers, clients, mode="simple", more=None, **how):
    return Workload(group, name, backend, peers, {"clients": clients, "mode": mode, **(more or {})}, **how)


def peers_for(mode, clients):
    """A relay without names of statements cannot share prepared ones; Pgpool-II has a process for each client."""
    return tuple(p for p in ALL if not (p == "relay" and mode == "prepared") and not (p == "pgpool" and clients > 64))


def workloads():
    rows = [load("select", f"select, {mode}, {n} client{'s' * (n > 1)}", "real", peers_for(mode, n), n, mode)
            for mode in MODES for n in COUNTS]
    rows += [load("null", f"null server, {mode}", "null", POOLERS + ("haproxy", "direct"), 64, mode) for mode in MODES]
    rows += [
        load("pipelines", "null server, pipelines of 20", "null", POOLERS + ("haproxy", "direct"), 64, "extended", {"pipeline": 20}),
        load("pipelines", "null server, prepared pipelines of 10", "null", POOLERS + ("haproxy", "direct"), 64, "prepared", {"pipeline": 10}),
        load("tls", "null server, TLS", "null", POOLERS, 64, more={"tls": 1}),
    ]
    rows += [Workload("tpcb", f"TPC-B, {n} clients", "real", peers_for("simple", n), pgbench=("-c", str(n), "-j", "2"),
                      options={"clients": n}, seconds=2) for n in (16, 64)]
    rows += [load("server", f"server at its limit, {n} clients", "real", ("direct", "pgbouncer", "pgsteer"), n,
                  more={"sql": HEAVY}, seconds=2) for n in (16, 64)]
    connect = ("-f", "{one}", "-C", "-c", "8", "-j", "2")
    rows += [
        Workload("connect", "connection per transaction, trust", "null", POOLERS + ("haproxy",), pgbench=connect, seconds=2),
        Workload("connect", "connection per transaction, SCRAM", "null", POOLERS[:2], pgbench=connect, login="scram",
                 variant="scram", seconds=2),
        Workload("connect", "connection per transaction, TLS", "null", POOLERS, pgbench=connect, login="tls", seconds=2),
    ]
    rows.append(load("fairness", "500 clients on a pool of 10", "real", POOLERS, 500, variant="pool of 10", seconds=2))
    rows += [
        load("bulk", "large results", "real", POOLERS + ("haproxy", "direct"), 4, more={"sql": BULK}, unit="GB", seconds=2),
        load("bulk", "large results, TLS", "real", POOLERS, 4, more={"sql": BULK, "tls": 1}, unit="GB", seconds=2),
        load("bulk", "COPY out", "real", POOLERS + ("haproxy", "direct"), 4, more={"sql": f"COPY ({BULK}) TO STDOUT"}, unit="GB", seconds=2),
        load("bulk", "COPY in", "real", POOLERS + ("haproxy", "direct"), 4, more={"sql": "COPY bulk FROM STDIN WHERE false"},
             unit="GB", seconds=2),
    ]
    rows += [load("idle", f"64 active clients{', TLS' * tls}, {n:,} idle", "null", POOLERS[:2] if n else POOLERS, 64,
                  more={"idle": n, "tls": tls}, fresh=n > 0, rounds_max=3 if n else 99) for tls in (0, 1) for n in (0, 10000)]
    rows += [load("idle", f"1,000 active clients, {n:,} idle", "null", ("pgsteer",), 1000, more={"idle": n}, fresh=n > 0,
                  seconds=2, rounds_max=3) for n in (0, most_idle())]
    rows += [load("flat", f"null server, {n:,} clients", "null", POOLERS, n, seconds=1, rounds_max=5) for n in (10, 100, 1000, 10000)]
    rows += [load("workers", f"null server, {mode}, {what}", "null", ("pgsteer",), 64, mode, variant=variant, wide=True)
             for mode in ("simple", "prepared") for variant, what in (("", "1 worker"), ("2 workers",) * 2, ("4 workers",) * 2)]
    return rows


GROUPS = tuple(dict.fromkeys(row.group for row in workloads()))


def chosen(groups, quick):
    """The rows of these groups. `quick`: without those that take long and say little more than others."""
    rows = [row for row in workloads() if row.group in groups]
    if not quick:
        return rows
    return [row for row in rows if not (row.group == "select" and row.clients not in (16, 64))
            and not (row.group == "idle" and row.clients == 1000) and not (row.group == "flat" and row.clients == 100)]
