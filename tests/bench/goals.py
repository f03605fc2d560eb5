"""goals: what the figures are to be, and whether they are. Each goal is a ratio or a figure, and the most it may be."""
import re
from dataclasses import dataclass

from measure import middle, ratio
from workloads import MODES, most_idle

NULL = "null server, "
FLAT = 1.15
CONNECT = "connection per transaction, "


@dataclass
class Goal:
    text: str
    limit: float
    of: tuple                  # (workload, peer, figure)
    to: tuple = None           # what it is divided by
    floor: str = "relay"       # the peer that shows what is possible
    least: bool = False        # the limit is a lower one


def to_pgbouncer(text, limit, workload, figure="cpu_us", floor="relay"):
    return Goal(text, limit, (workload, "pgsteer", figure), (workload, "pgbouncer", figure), floor)


def within(text, limit, workload, other, figure="cpu_us", of="pgsteer"):
    return Goal(text, limit, (workload, of, figure), (other, of, figure), floor=None)


def goals():
    idle = f"{most_idle():,} idle"
    rows = [to_pgbouncer(f"select, {mode}, {n} clients: CPU per transaction", limit, f"select, {mode}, {n} clients")
            for mode, limit in (("simple", .92), ("extended", .92), ("prepared", .85)) for n in (64, 256, 1000)]
    rows += [to_pgbouncer(f"{NULL}{what}: CPU per query", limit, NULL + what) for what, limit in (
        ("simple", .80), ("extended", .80), ("prepared", .60), ("pipelines of 20", .85), ("prepared pipelines of 10", .45),
        ("TLS", .88))]
    rows += [to_pgbouncer(f"{CONNECT}{what}: CPU", limit, CONNECT + what) for what, limit in
             (("trust", .92), ("SCRAM", 1.0), ("TLS", .88))]
    rows += [to_pgbouncer(f"{what}: CPU per GB", limit, what, "cpu_s_per_gb") for what, limit in
             (("large results", .70), ("large results, TLS", .80), ("COPY out", .78), ("COPY in", .45))]
    rows += [
        within("10,000 clients beside 10: CPU per query", FLAT, NULL + "10,000 clients", NULL + "10 clients"),
        within("64 clients beside 10,000 idle ones: CPU per query", FLAT, "64 active clients, 10,000 idle", "64 active clients, 0 idle"),
        within("64 clients beside 10,000 idle ones, TLS: CPU per query", FLAT, "64 active clients, TLS, 10,000 idle",
               "64 active clients, TLS, 0 idle"),
        within("2 workers beside 1: CPU per query", 1.10, NULL + "simple, 2 workers", NULL + "simple, 1 worker"),
    ]
    rows += [Goal(f"server at its limit, {n} clients: throughput to direct", .95, (row, "pgsteer", "per_second"),
                  (row, "direct", "per_second"), floor=None, least=True)
             for n, row in ((n, f"server at its limit, {n} clients") for n in (16, 64))]
    rows += [
        Goal("an idle client: bytes of memory", 1024, ("64 active clients, 10,000 idle", "pgsteer", "idle_bytes"), floor=None),
        within(f"1,000 clients beside {idle} ones: CPU per query", FLAT, f"1,000 active clients, {idle}", "1,000 active clients, 0 idle"),
        within(f"1,000 clients beside {idle} ones: p99", FLAT, f"1,000 active clients, {idle}",
               "1,000 active clients, 0 idle", "p99_us"),
        Goal("500 clients on a pool of 10: longest wait to the median", 2.0, ("500 clients on a pool of 10", "pgsteer", "max_us"),
             ("500 clients on a pool of 10", "pgsteer", "p50_us"), floor="relay"),
        Goal("500 clients on a pool of 10: answers of others during one's wait, most to the median", 2.0,
             ("500 clients on a pool of 10", "pgsteer", "max_turns"), ("500 clients on a pool of 10", "pgsteer", "p50_turns")),
    ]
    rows += [Goal(f"scanner, {text}: ns of thread CPU time", limit, ("scanner", text, "ns"), floor=None)
             for text, limit in (("point select", 100), ("ORM select", 600), ("report", 15000))]
    rows += [Goal(f"routed pgbench -S, {mode}: classification, % of the CPU", 3, (f"shares, {mode}", "routed", "classification"), floor=None)
             for mode in MODES]
    return rows


def slices(results, which):
    workload, peer, _ = which
    return results.get(workload, {}).get(peer, [])


def value(results, goal, peer="pgsteer"):
    """What was measured, of pgsteer or of another peer in its place; None: it was not."""
    def put(which):
        return (which[0], peer, which[2]) if which[1] == "pgsteer" else which
    of, to = put(goal.of), put(goal.to) if goal.to else None
    if to is None:
        return middle(slices(results, of), of[2])
    return ratio(slices(results, of), slices(results, to), of[2], to[2])


def verdicts(results):
    """[{goal, limit, measured, met, floor}] of those goals whose workloads were measured."""
    found = []
    for goal in goals():
        measured = value(results, goal)
        if measured is not None:
            found.append({"goal": goal.text, "limit": goal.limit, "least": goal.least, "measured": measured,
                          "met": measured >= goal.limit if goal.least else measured <= goal.limit,
                          "floor": value(results, goal, goal.floor) if goal.floor else None})
    return found


def scanner_figures(text):
    """{name: [{"ns": nanoseconds a text}]} of what build/bench/classify prints."""
    return {m[1].strip(): [{"ns": float(m[2])}] for m in re.finditer(r"^(\S.*?) +\d+ bytes +(\d+) ns", text, re.M)}
