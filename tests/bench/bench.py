"""What a transaction costs the pooler, beside others in the same run: tests/bench/bench [--quick] [--rounds N] [--seconds S]
[GROUP...]. Slices of load, the peers in turn within every round, so that the machine's mood hits all of them; medians.

    peers      PgBouncer (1.24 or newer), pgsteer (one worker, PgBouncer's own settings), `routed` (pgsteer with statements
               scanned and routed), HAProxy in TCP mode, Pgpool-II (4.6 or newer), no pooler, and a minimal relay (relay.c):
               the floor, since it does nothing that a transaction pooler could do without
    CPU        user and system time of all of the pooler's threads for each transaction, in the same seconds whose
               transactions are counted
    null       a server that answers at once (null.c), so that the pooler is what limits; it has a processor of its own,
               and the clients share the null server's
    shares     of routed pgsteer's CPU, what goes into classification (shares.py); where perf cannot sample, it is left out

What was left out, and why, is said. Prints a table and the goals; writes build/bench/bench.json and build/bench/bench.svg.
"""
import argparse
import datetime
import json
import os
import resource
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import shares  # noqa: E402
from goals import scanner_figures, verdicts  # noqa: E402
from measure import Instructions, by_load, by_pgbench, can_count_instructions  # noqa: E402
from peers import CLIENTS_MAX, House  # noqa: E402
from report import picture, table, verdict_lines  # noqa: E402
from run import BUILD, Run, end_on_signals  # noqa: E402
from workloads import GROUPS, MODES, chosen, most_idle  # noqa: E402

FILES = 2 * CLIENTS_MAX + 5000
APART = ("scanner", "shares")  # groups that have no peers


def tell(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, run, rounds, seconds):
        self.house, self.rounds, self.seconds = House(run), rounds, seconds
        self.counts, self.left_out, self.problems = can_count_instructions(), {}, []

    def slice(self, row, peer):
        pinned = row.backend == "null" and not row.wide
        if row.pgbench:
            return by_pgbench(self.house, peer, self.seconds * row.seconds, row.pgbench, row.login, pinned)
        return by_load(self.house, peer, self.seconds * row.seconds, row.options, pinned)

    def instructions(self, row, peer):
        """For each query, counted apart: counting is not for nothing."""
        with Instructions(peer.pids) as counted:
            done = self.slice(row, peer)
        return counted.count and counted.count / (done["per_second"] * self.seconds * row.seconds)

    def measure(self, row):
        """{peer: [figures of a slice, ...]} of one workload."""
        slices = {}
        for round_ in range(min(self.rounds, row.rounds_max)):
            turn = round_ % len(row.peers)
            for name in row.peers[turn:] + row.peers[:turn]:
                key = (name, row.backend, row.variant, row.clients)
                if (row.name, name) in self.left_out or name in self.house.missing:
                    continue
                try:
                    if row.fresh:
                        self.problems += self.house.drop(*key)
                    peer = self.house.peer(*key)
                    if peer is not None:
                        slices.setdefault(name, []).append(self.slice(row, peer))
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
                    # What it has of this load's clients must not be in the way of the next.
                    self.left_out[row.name, name] = str(e).strip().splitlines()[-1]
                    self.problems += self.house.drop(*key)
        found = {name: of for name, of in slices.items() if (row.name, name) not in self.left_out}
        for name in found if self.counts else ():
            peer = self.house.peer(name, row.backend, row.variant, row.clients)
            if peer.pids:
                found[name][0]["instructions"] = self.instructions(row, peer)
        return found


def scanner(results):
    text = subprocess.run([os.path.join(BUILD, "bench", "classify")], stdout=subprocess.PIPE, text=True, check=True).stdout
    print(text)
    results["scanner"] = scanner_figures(text)


def measure_shares(bench, results):
    """Of routed `pgbench -S`, in each protocol; one long slice, since a share needs samples and no turns."""
    why = shares.missing()
    if why:
        bench.house.missing["shares"] = why
        return
    print(f"{'shares of routed pgbench -S, per cent of pgsteer:':53}" + "".join(f"{name:>16}" for name in shares.SHOWN))
    for mode in MODES:
        tell(f"[shares] {mode}")
        found = shares.measure(bench.house, mode, bench.rounds * bench.seconds * 4)
        results[f"shares, {mode}"] = {"routed": [found]}
        print(f"{mode:53}" + "".join(f"{found[name]:16.2f}" for name in shares.SHOWN))
    print()


def raise_limits():
    """So that 50,000 clients find files; where that is forbidden, there are fewer."""
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    except (ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        tell(f"bench: no more than {hard} files may be open here: {most_idle():,} idle clients in place of 50,000")


def arguments():
    parser = argparse.ArgumentParser(prog="bench", description=f"groups of workloads: {' '.join(APART + GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, fewer numbers of clients")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of an ordinary slice")
    parser.add_argument("groups", nargs="*", metavar="GROUP")
    args = parser.parse_args()
    wrong = sorted(set(args.groups) - {*GROUPS, *APART})
    if wrong:
        parser.error(f"there is no group {wrong[0]}; there are: {' '.join(APART + GROUPS)}")
    args.groups = args.groups or [*APART, *GROUPS]
    args.rounds = args.rounds or (3 if args.quick else 5)
    args.seconds = args.seconds or (0.5 if args.quick else 1.0)
    return args


def write(out, rows, results, found):
    d = os.path.join(BUILD, "bench")
    os.makedirs(d, exist_ok=True)
    with open(os.path.join(d, "bench.json"), "w", encoding="utf-8") as f:
        json.dump(out, f, indent=1)
    with open(os.path.join(d, "bench.svg"), "w", encoding="utf-8") as f:
        f.write(picture(rows, results, found))
    print(f"\n{d}/bench.json and bench.svg are written")


def main():
    args = arguments()
    end_on_signals()
    raise_limits()
    results, rows = {}, chosen(args.groups, args.quick)
    if "scanner" in args.groups:
        scanner(results)
    with Run("pgsteer-bench-") as run:
        bench = Bench(run, args.rounds, args.seconds)
        if "shares" in args.groups:
            measure_shares(bench, results)
        for number, row in enumerate(rows):
            tell(f"[{number + 1}/{len(rows)}] {row.name}")
            results[row.name] = bench.measure(row)
        problems = bench.problems + bench.house.close()
    versions = {name: found.says() for name, found in bench.house.found.items() if found.path}
    missing = bench.house.missing
    out = {"when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "rounds": args.rounds,
           "seconds": args.seconds, "versions": versions, "results": results, "goals": verdicts(results), "left_out":
           [f"{name}: {why}" for name, why in missing.items()] + [f"{w}, {p}: {why}" for (w, p), why in bench.left_out.items()]}
    print(f"medians of {args.rounds} rounds; ratios to PgBouncer; " + "; ".join(f"{n} {v}" for n, v in versions.items()) + "\n")
    table(rows, results, print)
    if rows and not bench.counts:
        print("instructions cannot be counted on this machine (perf stat -e instructions); make gates counts those of user space")
    print()
    verdict_lines(out["goals"], print)
    for why in out["left_out"]:
        print(f"left out: {why}")
    write(out, rows, results, out["goals"])
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
